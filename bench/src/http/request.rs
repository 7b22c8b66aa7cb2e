//! Rendering requests.

use std::net::SocketAddr;

/// A `GET`.
pub fn get(address: SocketAddr, target: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nhost: {address}\r\naccept: application/json\r\n\r\n")
        .into_bytes()
}

/// A `POST` of a JSON body with its `Idempotency-Key`.
pub fn post(address: SocketAddr, target: &str, key: &str, body: &str) -> Vec<u8> {
    post_as("application/json", address, target, key, body.as_bytes())
}

/// A `POST` of any body with its `Idempotency-Key`.
pub fn post_as(
    media_type: &str,
    address: SocketAddr,
    target: &str,
    key: &str,
    body: &[u8],
) -> Vec<u8> {
    let head = format!(
        "POST {target} HTTP/1.1\r\nhost: {address}\r\ncontent-type: {media_type}\r\n\
         idempotency-key: {key}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}
