//! What is sent: requests rendered beforehand, each made unique by stamping time and a number into
//! it.

use crate::{
    http::{get, post},
    orders::Placement,
};
use chrono::Utc;
use std::{
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering},
};

/// Where the number goes; as long as it is.
const STAMP: &str = "################";

/// Where the time goes, in milliseconds; as long as it is.
const TIME: &str = "$$$$$$$$$$$$";

/// A UUIDv7, as clients are advised to make their keys. The number begins with the variant.
fn key() -> String {
    format!("{TIME}7000{STAMP}")
}

/// How many different orders are placed in turn.
const DIFFERENT: usize = 512;

/// A rendered request with the places of time and number.
#[derive(Debug, Clone)]
pub struct Template {
    bytes: Vec<u8>,
    times: Vec<usize>,
    stamps: Vec<usize>,
}

impl Template {
    fn new(bytes: Vec<u8>) -> Self {
        let places = |of: &str| {
            let places = 0..bytes.len();
            places
                .filter(|at| bytes[*at..].starts_with(of.as_bytes()))
                .collect()
        };
        Self {
            times: places(TIME),
            stamps: places(STAMP),
            bytes,
        }
    }

    fn render(&self, millis: u64, number: u64, into: &mut Vec<u8>) {
        into.clear();
        into.extend_from_slice(&self.bytes);
        let mut stamp = |places: &[usize], digits: &[u8]| {
            for at in places {
                into[*at..*at + digits.len()].copy_from_slice(digits);
            }
        };
        stamp(&self.times, &hex::<{ TIME.len() }>(millis));
        stamp(&self.stamps, &hex::<{ STAMP.len() }>(number));
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
            post(address, "/v1/orders", &key(), &body)
        });
        Self::of(requests)
    }

    /// Placements of these orders in turn, each with its own idempotency key.
    pub fn bodies(address: SocketAddr, bodies: impl IntoIterator<Item = String>) -> Self {
        let bodies = bodies.into_iter();
        Self::of(bodies.map(|body| post(address, "/v1/orders", &key(), &body)))
    }

    /// Notes on `orders` in turn; on a single one, each changes the same stream.
    pub fn notes(address: SocketAddr, orders: &[String]) -> Self {
        let body = r#"{"text":"The customer called and asks to be told before delivery."}"#;
        let requests = orders.iter().map(|order| {
            let target = format!("/v1/orders/{order}/notes");
            post(address, &target, &key(), body)
        });
        Self::of(requests)
    }

    /// The same reads in turn.
    pub fn reads<'a>(address: SocketAddr, targets: impl IntoIterator<Item = &'a str>) -> Self {
        Self::of(targets.into_iter().map(|target| get(address, target)))
    }

    fn of(requests: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self {
            templates: requests.into_iter().map(Template::new).collect(),
            // Another beginning each time, so that no key was ever used before; with the variant
            // of a UUID, and room to count.
            next: AtomicU64::new((rand::random::<u64>() >> 3) | 1 << 63),
        }
    }

    /// Writes the next request over what is in `into`.
    pub fn render(&self, into: &mut Vec<u8>) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let turn = number % self.templates.len() as u64;
        let millis = Utc::now().timestamp_millis().unsigned_abs();
        self.templates[turn as usize].render(millis, number, into);
    }
}

fn hex<const DIGITS: usize>(number: u64) -> [u8; DIGITS] {
    std::array::from_fn(|at| {
        let shift = 4 * (DIGITS - 1 - at);
        b"0123456789abcdef"[(number >> shift) as usize & 15]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_so_many_digits() {
        assert_eq!(&hex(0), b"0000000000000000");
        assert_eq!(&hex(0x0123_4567_89ab_cdef), b"0123456789abcdef");
        assert_eq!(&hex(0x0123_4567_89ab_cdef), b"456789abcdef");
    }

    #[test]
    fn every_placement_has_its_own_key_and_reference() {
        let traffic = Traffic::placements("127.0.0.1:8080".parse().unwrap());
        let mut seen = std::collections::HashSet::new();
        let mut request = Vec::new();
        for _ in 0..2 * DIFFERENT {
            traffic.render(&mut request);
            let text = std::str::from_utf8(&request).unwrap();
            assert!(!text.contains(['#', '$']));
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(
                head.contains(&format!("content-length: {}\r\n", body.len()))
                    || head.ends_with(&format!("content-length: {}", body.len()))
            );
            let body: serde_json::Value = serde_json::from_str(body).unwrap();
            let reference = body["reference"].as_str().unwrap().to_owned();
            let digits = reference.strip_prefix("B-").unwrap().to_owned();
            let (_, key) = head.split_once("idempotency-key: ").unwrap();
            let key: uuid::Uuid = key.lines().next().unwrap().parse().unwrap();
            assert_eq!(key.get_version_num(), 7);
            assert_eq!(key.get_variant(), uuid::Variant::RFC4122);
            assert!(key.simple().to_string().ends_with(&digits));
            assert!(seen.insert(reference));
        }
    }
}
