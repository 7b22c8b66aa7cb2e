//! Rendering requests.

use std::{iter, net::SocketAddr};

/// A `GET`.
pub fn get(address: SocketAddr, target: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nhost: {address}\r\naccept: application/json\r\n\r\n")
        .into_bytes()
}

/// A `POST` of a JSON body with its `Idempotency-Key`.
pub fn post(address: SocketAddr, target: &str, key: &str, body: &str) -> Vec<u8> {
    let head = format!(
        "POST {target} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         idempotency-key: {key}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body.as_bytes()].concat()
}

/// The parts of a `POST` whose body is made while it is sent.
pub fn post_made<B: Iterator<Item = Vec<u8>>>(
    media_type: &str,
    address: SocketAddr,
    target: &str,
    key: &str,
    body: B,
) -> impl Iterator<Item = Vec<u8>> + use<B> {
    let head = format!(
        "POST {target} HTTP/1.1\r\nhost: {address}\r\ncontent-type: {media_type}\r\n\
         idempotency-key: {key}\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    // An empty chunk would be the end.
    let chunks = body.filter(|part| !part.is_empty()).map(|part| {
        let length = format!("{:x}\r\n", part.len());
        [length.as_bytes(), &part, b"\r\n"].concat()
    });
    iter::once(head.into_bytes())
        .chain(chunks)
        .chain(iter::once(b"0\r\n\r\n".to_vec()))
}
