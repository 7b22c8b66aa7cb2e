//! What happens around every request, in one layer: ids, limits, panics, metrics.
//!
//! One hand-written layer instead of a tower of seven: each layer of a router costs every request
//! a clone and an allocation, and here the steps share what they know.

mod bodies;
mod client_rate;
mod context;
mod route_metrics;
mod service;
mod spans;

use axum::Router;

pub(crate) use bodies::BodyShare;
pub use context::{BodyLimits, RequestContext};
pub(crate) use service::RETRY_AFTER;
pub use service::{RequestLayer, RequestService};

use crate::{
    config::HttpSettings,
    problem::{method_not_allowed, route_not_found},
};

/// Paths that are answered even when the process is overloaded: probes and metrics say why.
pub const PROBE_PATHS: [&str; 5] = [
    "/livez",
    "/readyz",
    "/startupz",
    "/metrics",
    "/grpc.health.v1.Health/Check",
];

/// Requests that last as long as the client goes on sending: what has come is worked off bit by bit,
/// and no time limit ends them but their own.
pub const LASTING_PATHS: [&str; 1] = ["/v1/orders/bulk"];

/// Gives a complete router its fallbacks (404, 405) and the [`RequestLayer`].
///
/// Call it once, last: routes that are added afterwards are not covered, and a fallback of the
/// router's own is replaced.
pub fn wrap(router: Router, http: &HttpSettings) -> Router {
    router
        .fallback(route_not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(RequestLayer::new(http))
}

#[cfg(test)]
mod tests;
