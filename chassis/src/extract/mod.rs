//! Strict extractors: what is wrong with a request is named, as a [`crate::Problem`].

mod headers;
mod json;
mod path;
mod query;

pub use headers::{IdempotencyKey, IfMatch};
pub use json::{JsonLine, JsonLines, RawJson, StrictJson};
pub use path::{StrictPath, invalid_path};
pub use query::{NoQuery, StrictQuery};

use axum::http::{HeaderMap, header};

/// The type of a request's body, without parameters.
fn media_type(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or_default().trim())
}
