//! The parameters of a path.

use std::fmt;

use axum::{
    extract::{FromRequestParts, Path, path::ErrorKind, rejection::PathRejection},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// The parameters of a path as a `T`: one text, or several in their order.
///
/// What is no text is 400 and named. Whether a text is what it should be, its endpoint knows, and
/// says it by [`invalid_path`].
#[derive(Debug, Clone, Copy)]
pub struct StrictPath<T>(pub T);

impl<S, T> FromRequestParts<S> for StrictPath<T>
where
    S: Send + Sync,
    T: DeserializeOwned + Send,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(parameters)) => Ok(Self(parameters)),
            Err(rejection) => Err(refusal(&rejection)),
        }
    }
}

fn refusal(rejection: &PathRejection) -> Problem {
    if let PathRejection::FailedToDeserializePathParams(error) = rejection
        && let ErrorKind::InvalidUtf8InPathParam { key } = error.kind()
    {
        return invalid_path(key, &format_args!("{key} must be UTF-8"), "must be UTF-8");
    }
    Problem::bad_request("INVALID_PATH", rejection.body_text())
}

/// 400: the parameter `name` of a path does not keep to its `rule`; `error` says so in words.
#[must_use]
pub fn invalid_path(name: &str, error: &dyn fmt::Display, rule: &str) -> Problem {
    Problem::bad_request("INVALID_PATH", format!("The path is wrong: {error}.")).with_error(
        format!("path:{name}"),
        "INVALID",
        rule,
    )
}
