//! Answers as JSON.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use chassis::Problem;
use serde::Serialize;

/// Says that the answer was folded from events, and not read from a read model.
const SERVED_FROM: HeaderName = HeaderName::from_static("served-from");

/// 200 with `body`.
pub(crate) fn json(body: &impl Serialize) -> Result<Response, Problem> {
    with_headers(HeaderMap::with_capacity(4), body)
}

/// 200 with `body`, which may have been folded from events.
pub(crate) fn json_from(from_stream: bool, body: &impl Serialize) -> Result<Response, Problem> {
    let mut headers = HeaderMap::with_capacity(4);
    if from_stream {
        headers.insert(SERVED_FROM, HeaderValue::from_static("stream"));
    }
    with_headers(headers, body)
}

/// 200 with an order: its version is its ETag.
pub(crate) fn versioned(
    version: i64,
    from_stream: bool,
    body: &impl Serialize,
) -> Result<Response, Problem> {
    let mut headers = HeaderMap::with_capacity(6);
    if let Ok(etag) = HeaderValue::from_str(&format!("\"{version}\"")) {
        headers.insert(header::ETAG, etag);
    }
    if from_stream {
        headers.insert(SERVED_FROM, HeaderValue::from_static("stream"));
    }
    with_headers(headers, body)
}

fn with_headers(mut headers: HeaderMap, body: &impl Serialize) -> Result<Response, Problem> {
    // A page of the usual size.
    let mut bytes = Vec::with_capacity(16 * 1_024);
    serde_json::to_writer(&mut bytes, body).map_err(|error| {
        tracing::error!(%error, "an answer cannot be written");
        Problem::internal()
    })?;
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    Ok((headers, Body::from(bytes)).into_response())
}
