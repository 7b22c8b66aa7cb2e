//! HTTP clients, as everything that calls another server makes them.

use std::net::IpAddr;

use reqwest::{Client, ClientBuilder, Url};
use rustls::crypto::{CryptoProvider, ring};

/// A client for the server at `url`.
///
/// `https` is spoken with the system's certificates, or those that `SSL_CERT_FILE` and
/// `SSL_CERT_DIR` name. A proxy that the environment names (`HTTP_PROXY` and the like) is used, but
/// never to reach this machine: a proxy would look for the server on its own.
pub fn builder(url: &str) -> ClientBuilder {
    let client = if is_on_this_machine(url) {
        bare().no_proxy()
    } else {
        bare()
    };
    // Certificates are read when a client is made, and where there are none it cannot be made.
    match Url::parse(url) {
        Ok(url) if url.scheme() == "https" => client,
        _ => client.tls_certs_only([]),
    }
}

/// A client for servers on this machine, over HTTP.
pub fn loopback() -> ClientBuilder {
    bare().no_proxy().tls_certs_only([])
}

#[expect(clippy::disallowed_methods, reason = "this is what is used instead")]
fn bare() -> ClientBuilder {
    provide_cryptography();
    Client::builder()
}

/// No client can be built without, whether it will speak TLS or not.
fn provide_cryptography() {
    if CryptoProvider::get_default().is_none() {
        // It fails only where another thread was faster, which installs the same.
        let _ = ring::default_provider().install_default();
    }
}

fn is_on_this_machine(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else {
        return false;
    };
    let host = url.host_str().unwrap_or_default();
    // An IPv6 address stands in brackets.
    let address = host.trim_start_matches('[').trim_end_matches(']');
    match address.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback() || address.is_unspecified(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_by_its_names() {
        for here in [
            "http://127.0.0.1:8080",
            "http://127.9.9.9/path",
            "https://localhost:1/",
            "http://api.localhost",
            "http://[::1]:8080",
            "http://[::ffff:127.0.0.1]",
            "http://0.0.0.0:8080",
        ] {
            assert!(is_on_this_machine(here), "{here}");
        }
        for elsewhere in [
            "https://payments.example",
            "http://localhost.example",
            "http://192.0.2.1:8080",
            "http://[2001:db8::1]",
            "127.0.0.1",
        ] {
            assert!(!is_on_this_machine(elsewhere), "{elsewhere}");
        }
    }
}
