//! Rendering requests.

use std::net::SocketAddr;

/// A `GET`.
pub fn get(address: SocketAddr, target: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nhost: {address}\r\naccept: application/json\r\n\r\n")
        .into_bytes()
}

/// A `POST` of a JSON body with its `Idempotency-Key`.
pub fn post(address: SocketAddr, target: &str, key: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {target} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         idempotency-key: {key}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
