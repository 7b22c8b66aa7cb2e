//! The metrics of a route, looked up once instead of at every request.

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use axum::http::Method;
use metrics::{Counter, Histogram};

/// The statuses that this platform answers; the rest take the slow way.
const STATUSES: [u16; 24] = [
    200,
    201,
    202,
    204,
    207,
    304,
    400,
    401,
    403,
    404,
    405,
    408,
    409,
    412,
    413,
    415,
    422,
    428,
    429,
    CLIENT_GONE,
    500,
    501,
    503,
    504,
];

/// What is recorded where the client left before the answer (nginx's convention).
pub(super) const CLIENT_GONE: u16 = 499;

/// What routes without a path are counted under.
const UNMATCHED: &str = "unmatched";

/// Handles for the method and route that one service of a router answers.
#[derive(Default)]
pub(super) struct RouteMetrics {
    // Known from the first request on; a service that answers several keeps its first.
    known: OnceLock<Known>,
}

struct Known {
    method: &'static str,
    route: String,
    duration: Histogram,
    counts: [OnceLock<Counter>; STATUSES.len()],
}

impl RouteMetrics {
    /// Records an answer: `http_requests_total` and `http_request_duration_seconds`.
    pub(super) fn record(&self, method: &Method, route: Option<&str>, status: u16, since: Instant) {
        let (method, route) = (label(method), route.unwrap_or(UNMATCHED));
        let took = since.elapsed();
        let known = self.known.get_or_init(|| Known::new(method, route));
        if known.method != method || known.route != route {
            record_slowly(method, route, status, took);
            return;
        }
        known.duration.record(took);
        match STATUSES.iter().position(|known| *known == status) {
            Some(at) => known.counts[at]
                .get_or_init(|| counter(method, route, status))
                .increment(1),
            None => counter(method, route, status).increment(1),
        }
    }
}

impl Known {
    fn new(method: &'static str, route: &str) -> Self {
        Self {
            method,
            route: route.to_owned(),
            duration: histogram(method, route),
            counts: [const { OnceLock::new() }; STATUSES.len()],
        }
    }
}

fn record_slowly(method: &'static str, route: &str, status: u16, took: Duration) {
    histogram(method, route).record(took);
    counter(method, route, status).increment(1);
}

fn counter(method: &'static str, route: &str, status: u16) -> Counter {
    let (route, status) = (route.to_owned(), status.to_string());
    metrics::counter!("http_requests_total", "method" => method, "route" => route, "status" => status)
}

fn histogram(method: &'static str, route: &str) -> Histogram {
    let route = route.to_owned();
    metrics::histogram!("http_request_duration_seconds", "method" => method, "route" => route)
}

/// Methods are free text: without a bound a stranger could fill the memory with labels.
pub(super) fn label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}
