//! What the span of a request says, in OpenTelemetry's words for servers of HTTP and of gRPC.

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
    fail_with(span, status);
}

/// The same of a call. `status` is that of an answer over HTTP in its place.
pub(super) fn describe_call(span: &mut Span, route: Option<&str>, status: u16) {
    // What nobody routes is made up by strangers.
    let method = route.map_or("_OTHER", |route| route.trim_start_matches('/'));
    span.name(method.to_owned());
    span.set("rpc.system.name", "grpc");
    span.set("rpc.method", method.to_owned());
    if status == CLIENT_GONE {
        span.set("error.type", "client_gone");
        return;
    }
    fail_with(span, status);
}

fn fail_with(span: &mut Span, status: u16) {
    if status >= 500 {
        span.set("error.type", status.to_string());
        span.fail("");
    }
}
