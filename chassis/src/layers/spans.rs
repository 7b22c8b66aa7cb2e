//! What the span of a request says, in OpenTelemetry's words for HTTP servers.

use axum::http::{Method, Uri};
use traces::Span;

use super::route_metrics::{CLIENT_GONE, label};

/// Names the span of a request that was answered with `status`, and says what is known of it.
pub(super) fn describe(
    span: &mut Span,
    method: &Method,
    uri: &Uri,
    route: Option<&str>,
    status: u16,
) {
    let method = match label(method) {
        "OTHER" => {
            span.set("http.request.method_original", method.to_string());
            "_OTHER"
        }
        known => known,
    };
    span.set("http.request.method", method);
    span.set("url.scheme", "http");
    span.set("url.path", uri.path().to_owned());
    match route {
        Some(route) => {
            span.name(format!("{method} {route}"));
            span.set("http.route", route.to_owned());
        }
        None => span.name(method),
    }
    if status == CLIENT_GONE {
        // It is no status that anybody got.
        span.set("error.type", "client_gone");
        return;
    }
    span.set("http.response.status_code", i64::from(status));
    if status >= 500 {
        span.set("error.type", status.to_string());
        span.fail("");
    }
}
