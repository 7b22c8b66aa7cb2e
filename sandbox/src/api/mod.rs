//! The HTTP API: one endpoint a file.

mod act;
mod answer;
mod authorize;
mod by_key;
mod by_reference;
mod capture;
mod carrier;
mod dispute;
mod end_dispute;
mod faults;
mod get;
mod index;
mod ledger;
mod page;
mod problem;
mod refund;
mod release;
mod reverse_refund;
mod text;
mod void;

use axum::{
    Router,
    routing::{get, post},
};
use chassis::problem::{method_not_allowed, route_not_found};

use crate::sandbox::Sandbox;
use text::text;

pub(crate) fn router(sandbox: Sandbox) -> Router {
    Router::new()
        .route("/", get(index::index))
        .route(
            "/authorizations",
            post(authorize::authorize).get(by_reference::by_reference),
        )
        .route("/authorizations/by-key/{key}", get(by_key::by_key))
        .route("/authorizations/{id}", get(get::get))
        .route("/authorizations/{id}/captures", post(capture::capture))
        .route("/authorizations/{id}/refunds", post(refund::refund))
        .route("/authorizations/{id}/void", post(void::void))
        .route("/authorizations/{id}/release", post(release::release))
        .route("/authorizations/{id}/complete", post(act::complete))
        .route("/authorizations/{id}/refuse", post(act::refuse))
        .route(
            "/refunds/{key}/reverse",
            post(reverse_refund::reverse_refund),
        )
        .route("/authorizations/{id}/disputes", post(dispute::dispute))
        .route("/disputes/{id}/{end}", post(end_dispute::end_dispute))
        .merge(carrier::router())
        .route("/ledger", get(ledger::operations))
        .route("/ledger/summary", get(ledger::summary))
        .route("/faults", get(faults::get).put(faults::put))
        .fallback(route_not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(sandbox)
}
