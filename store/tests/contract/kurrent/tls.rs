//! Servers that are spoken to over TLS.

use crate::{build::*, world::connect_kurrentdb};
use kurrent_double::Fake;
use std::sync::Arc;
use store::{KurrentOptions, KurrentStore, StoreError};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

/// A server with a certificate of its own, and that certificate in a file.
async fn server() -> (Fake, tempfile::NamedTempFile) {
    let signed = rcgen::generate_simple_self_signed(vec!["127.0.0.1".into()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(signed.signing_key.serialize_der());
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![signed.cert.der().clone()], PrivateKeyDer::Pkcs8(key))
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let fake = Fake::with_tls(TlsAcceptor::from(Arc::new(config))).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), signed.cert.pem()).unwrap();
    (fake, file)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_trusted_by_the_authority_that_is_named_alone() {
    let (fake, authority) = server().await;
    let url = fake.url().replace("tls=false", "tls=true");
    let trusting = format!("{url}&tlsCaFile={}", authority.path().display());
    let store = connect_kurrentdb(&trusting, "orders").await;
    done(&store, &append(&[(&new_stream(), 0, 1)])).await;
    // The system's authorities do not know it.
    let stranger = KurrentStore::connect(KurrentOptions::parse(&url).unwrap()).await;
    assert!(matches!(stranger, Err(StoreError::Unavailable(_))));
    let missing = KurrentOptions::parse(&format!("{url}&tlsCaFile=/there/is/none")).unwrap();
    let Err(error) = KurrentStore::connect(missing).await else {
        panic!("there is no such file");
    };
    assert!(error.to_string().contains("/there/is/none"), "{error}");
}
