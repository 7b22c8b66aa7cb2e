//! The carrier's part of the API: one endpoint a file.

mod by_key;
mod by_reference;
mod get;
mod ledger;
mod set;
mod ship;
mod view;

use axum::{
    Router,
    routing::{get, post},
};

use crate::sandbox::Sandbox;

pub(super) fn router() -> Router<Sandbox> {
    Router::new()
        .route(
            "/shipments",
            post(ship::ship).get(by_reference::by_reference),
        )
        .route("/shipments/by-key/{key}", get(by_key::by_key))
        .route("/shipments/{tracking_number}", get(get::get).put(set::set))
        .route("/carrier/ledger", get(ledger::entries))
        .route("/carrier/summary", get(ledger::summary))
}
