//! What is sent: requests rendered beforehand, each made unique by stamping a number into it.

use crate::{
    http::{get, post},
    orders::Placement,
};
use std::{
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering},
};

/// Where the number goes; as long as it is.
const STAMP: &str = "################";

/// How many different orders are placed in turn.
const DIFFERENT: usize = 512;

/// A rendered request with the places of its number.
#[derive(Debug, Clone)]
pub struct Template {
    bytes: Vec<u8>,
    stamps: Vec<usize>,
}

impl Template {
    fn new(bytes: Vec<u8>) -> Self {
        let stamp = STAMP.as_bytes();
        let stamps = (0..bytes.len())
            .filter(|at| bytes[*at..].starts_with(stamp))
            .collect();
        Self { bytes, stamps }
    }

    fn render(&self, number: u64, into: &mut Vec<u8>) {
        into.clear();
        into.extend_from_slice(&self.bytes);
        let digits = hex(number);
        for at in &self.stamps {
            into[*at..*at + digits.len()].copy_from_slice(&digits);
        }
    }
}

/// An endless supply of requests.
#[derive(Debug)]
pub struct Traffic {
    templates: Vec<Template>,
    next: AtomicU64,
}

impl Traffic {
    /// Placements of orders, each with its own idempotency key and reference.
    pub fn placements(address: SocketAddr) -> Self {
        let orders = Placement::several(DIFFERENT, 20_101_201);
        let requests = orders.iter().map(|order| {
            let body = order.body(&format!("B-{STAMP}"));
            post(address, "/v1/orders", &format!("bench-{STAMP}"), &body)
        });
        Self::of(requests)
    }

    /// Notes, all on one order: each changes the same stream.
    pub fn notes(address: SocketAddr, order: &str) -> Self {
        let target = format!("/v1/orders/{order}/notes");
        let body = r#"{"text":"The customer called and asks to be told before delivery."}"#;
        Self::of([post(address, &target, &format!("bench-{STAMP}"), body)])
    }

    /// The same reads in turn.
    pub fn reads<'a>(address: SocketAddr, targets: impl IntoIterator<Item = &'a str>) -> Self {
        Self::of(targets.into_iter().map(|target| get(address, target)))
    }

    fn of(requests: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self {
            templates: requests.into_iter().map(Template::new).collect(),
            // Another beginning each time, so that no key was ever used before.
            next: AtomicU64::new(rand::random::<u64>() >> 1),
        }
    }

    /// Writes the next request over what is in `into`.
    pub fn render(&self, into: &mut Vec<u8>) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let turn = number % self.templates.len() as u64;
        self.templates[turn as usize].render(number, into);
    }
}

fn hex(number: u64) -> [u8; STAMP.len()] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    std::array::from_fn(|at| DIGITS[(number >> (60 - 4 * at)) as usize & 15])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_sixteen_digits() {
        assert_eq!(&hex(0), b"0000000000000000");
        assert_eq!(&hex(0x0123_4567_89ab_cdef), b"0123456789abcdef");
    }

    #[test]
    fn every_placement_has_its_own_key_and_reference() {
        let traffic = Traffic::placements("127.0.0.1:8080".parse().unwrap());
        let mut seen = std::collections::HashSet::new();
        let mut request = Vec::new();
        for _ in 0..2 * DIFFERENT {
            traffic.render(&mut request);
            let text = std::str::from_utf8(&request).unwrap();
            assert!(!text.contains('#'));
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(
                head.contains(&format!("content-length: {}\r\n", body.len()))
                    || head.ends_with(&format!("content-length: {}", body.len()))
            );
            let body: serde_json::Value = serde_json::from_str(body).unwrap();
            let reference = body["reference"].as_str().unwrap().to_owned();
            let digits = reference.strip_prefix("B-").unwrap().to_owned();
            assert!(head.contains(&format!("idempotency-key: bench-{digits}")));
            assert!(seen.insert(reference));
        }
    }
}
