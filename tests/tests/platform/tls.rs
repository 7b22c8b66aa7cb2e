//! Who is called over TLS: the payment provider by the platform, and the platform by the command line.

use super::hosts::{Apart, orders};
use std::{fs, path::PathBuf, sync::Arc};
use tests::platform::Placement;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::ring, pki_types::PrivatePkcs8KeyDer},
};

/// A certificate for `localhost` that no system trusts by itself.
struct Certificate {
    file: PathBuf,
    acceptor: TlsAcceptor,
}

impl Certificate {
    fn in_file(file: PathBuf) -> Self {
        let names = vec!["localhost".to_owned()];
        let certified = rcgen::generate_simple_self_signed(names).expect("it can be made");
        fs::write(&file, certified.cert.pem()).expect("it can be written");
        let key = PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der());
        let server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|server| {
                server
                    .with_no_client_auth()
                    .with_single_cert(vec![certified.cert.der().clone()], key.into())
            })
            .expect("the certificate serves");
        Self {
            file,
            acceptor: TlsAcceptor::from(Arc::new(server)),
        }
    }

    /// The address under which `upstream`, an address without TLS, speaks TLS.
    async fn before(&self, upstream: &str) -> String {
        let upstream = upstream.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("there is a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let acceptor = self.acceptor.clone();
        tokio::spawn(async move {
            while let Ok((outside, _)) = listener.accept().await {
                let (acceptor, upstream) = (acceptor.clone(), upstream.clone());
                tokio::spawn(async move {
                    // Who does not trust the certificate hangs up.
                    let mut outside = acceptor.accept(outside).await?;
                    let mut inside = TcpStream::connect(upstream).await?;
                    copy_bidirectional(&mut outside, &mut inside).await
                });
            }
        });
        format!("https://localhost:{port}")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_and_the_command_line_go_over_tls_to_whom_they_trust() {
    let mut apart = Apart::new().await;
    let certificate = Certificate::in_file(apart.directory.path().join("certificate.pem"));
    let provider = certificate.before(&apart.sandbox).await;
    let trusted = certificate.file.display().to_string();
    apart.set("ORDERS__SAGA__PAYMENT_URL", &provider);
    apart.set("ORDERS__SAGA__CARRIER_URL", &provider);
    apart.set("SSL_CERT_FILE", &trusted);

    let _sandbox = apart.sandbox_apart();
    let serve = apart.serve(&[]).await;
    apart.api.receive("A", 10).await;
    let placed = apart.api.place(&Placement::of("A", 1, 100)).await;
    apart
        .api
        .order_that_is("confirmed", &placed.order_id())
        .await;

    let url = certificate.before(apart.api.commands()).await;
    let mut list = orders(&["list", "--json", "--url", &url], apart.directory.path());
    let listed = list.env("SSL_CERT_FILE", &trusted).output();
    let listed = listed.expect("it starts");
    let said = String::from_utf8_lossy(&listed.stdout);
    assert!(listed.status.success(), "{listed:?}");
    assert!(said.contains(&placed.order_id()), "{said}");

    let mut list = orders(&["list", "--url", &url], apart.directory.path());
    let refused = list.env_remove("SSL_CERT_FILE").output();
    let refused = refused.expect("it starts");
    let why = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success(), "it trusts anybody: {refused:?}");
    assert!(why.contains("certificate"), "it does not say why: {why}");

    // Who speaks no TLS needs no certificates.
    let here = apart.api.commands().to_owned();
    let mut list = orders(&["list", "--url", &here], apart.directory.path());
    let listed = list.env("SSL_CERT_FILE", "/nowhere").output();
    let listed = listed.expect("it starts");
    assert!(listed.status.success(), "{listed:?}");
    drop(serve);
}
