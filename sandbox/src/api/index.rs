//! `GET /`: what this is, for whoever finds it.

use std::collections::BTreeMap;

use axum::Json;
use serde::Serialize;

use crate::{card::CARDS, carrier::TEST_ADDRESSES};

const ENDPOINTS: [(&str, &str); 25] = [
    (
        "POST /authorizations",
        "{reference, amount, currency, payment_method}; Idempotency-Key",
    ),
    (
        "POST /authorizations/{id}/captures",
        "{amount, currency}; Idempotency-Key",
    ),
    (
        "POST /authorizations/{id}/refunds",
        "{amount, currency}; Idempotency-Key",
    ),
    ("POST /authorizations/{id}/void", "Idempotency-Key"),
    ("POST /authorizations/{id}/release", "Idempotency-Key"),
    (
        "POST /authorizations/{id}/complete",
        "who pays does what is asked of them; Idempotency-Key",
    ),
    (
        "POST /authorizations/{id}/refuse",
        "who pays will not; Idempotency-Key",
    ),
    (
        "POST /refunds/{idempotency_key}/reverse",
        "what was given back under that key comes back; Idempotency-Key",
    ),
    (
        "GET /authorizations?reference=",
        "what is known about a reference, perhaps nothing",
    ),
    ("GET /authorizations/{id}", "one authorization as it stands"),
    (
        "GET /authorizations/by-key/{key}",
        "the one that this Idempotency-Key made or acted on",
    ),
    (
        "POST /authorizations/{id}/disputes",
        "{amount, currency, reason}; Idempotency-Key: a cardholder wants it back",
    ),
    (
        "POST /disputes/{dispute_id}/won",
        "the merchant has what was disputed; Idempotency-Key",
    ),
    (
        "POST /disputes/{dispute_id}/lost",
        "the cardholder has what was disputed; Idempotency-Key",
    ),
    ("GET /ledger?after=&limit=", "every operation in order"),
    (
        "GET /ledger/summary",
        "totals by currency, counts, authorizations and refunds by reference",
    ),
    (
        "POST /shipments",
        "{reference, order_reference, address}; Idempotency-Key",
    ),
    (
        "GET /shipments?reference=",
        "every shipment of a reference, perhaps none",
    ),
    (
        "GET /shipments/{tracking_number}",
        "one shipment as it stands",
    ),
    (
        "GET /shipments/by-key/{key}",
        "the one whose label this Idempotency-Key made",
    ),
    (
        "PUT /shipments/{tracking_number}",
        "{status}: where it is from now on",
    ),
    (
        "GET /carrier/ledger?after=&limit=",
        "every label, refusal and end in order",
    ),
    (
        "GET /carrier/summary",
        "counts, shipments by status, labels by reference",
    ),
    ("GET /faults", "the fault switches"),
    ("PUT /faults", "sets all of them; what is left out is off"),
];

#[derive(Debug, Serialize)]
pub(super) struct Index {
    name: &'static str,
    test_cards: BTreeMap<&'static str, &'static str>,
    other_cards: &'static str,
    test_addresses: BTreeMap<&'static str, &'static str>,
    other_addresses: &'static str,
    endpoints: BTreeMap<&'static str, &'static str>,
}

pub(super) async fn index() -> Json<Index> {
    Json(Index {
        name: env!("CARGO_PKG_DESCRIPTION"),
        test_cards: CARDS.into(),
        other_cards: "authorized",
        test_addresses: TEST_ADDRESSES.into(),
        other_addresses: "accepted, and delivered after transit_ms",
        endpoints: ENDPOINTS.into(),
    })
}
