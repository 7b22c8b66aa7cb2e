//! Strict extractors: what is wrong with a request is named, as a [`crate::Problem`].

mod headers;
mod json;
mod path;
mod query;

pub use headers::{IdempotencyKey, IfMatch};
pub use json::StrictJson;
pub use path::{StrictPath, invalid_path};
pub use query::StrictQuery;
