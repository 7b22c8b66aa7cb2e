//! `GET /`: what this is, for whoever finds it.

use std::collections::BTreeMap;

use axum::Json;
use serde::Serialize;

use crate::card::CARDS;

const ENDPOINTS: [(&str, &str); 11] = [
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
    (
        "GET /authorizations?reference=",
        "what is known about a reference, perhaps nothing",
    ),
    ("GET /authorizations/{id}", "one authorization as it stands"),
    (
        "GET /authorizations/by-key/{key}",
        "the one that this Idempotency-Key made or acted on",
    ),
    ("GET /ledger?after=&limit=", "every operation in order"),
    (
        "GET /ledger/summary",
        "totals by currency, counts, authorizations and refunds by reference",
    ),
    ("GET /faults", "the fault switches"),
    ("PUT /faults", "sets all of them; what is left out is off"),
];

#[derive(Debug, Serialize)]
pub(super) struct Index {
    name: &'static str,
    test_cards: BTreeMap<&'static str, &'static str>,
    other_cards: &'static str,
    endpoints: BTreeMap<&'static str, &'static str>,
}

pub(super) async fn index() -> Json<Index> {
    Json(Index {
        name: env!("CARGO_PKG_DESCRIPTION"),
        test_cards: CARDS.into(),
        other_cards: "authorized",
        endpoints: ENDPOINTS.into(),
    })
}
