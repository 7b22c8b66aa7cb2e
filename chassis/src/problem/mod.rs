//! Error answers for programs and people: RFC 9457 `application/problem+json`.

mod constructors;
mod document;
mod fallback;

use std::{borrow::Cow, fmt, time::Duration};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use document::response;
pub use fallback::{method_not_allowed, route_not_found};

/// The media type of a problem.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// What went wrong, where, and what the caller may do.
///
/// Construct one with a function named after its status ([`Problem::not_found`], …), add to it
/// with `with_…`, and return it from a handler as the error. [`crate::layers::wrap`] fills in the
/// request id and the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    // Boxed, so that a `Result<_, Problem>` stays small.
    details: Box<ProblemDetails>,
    retry_after: Option<Duration>,
    // Few problems have any, and an empty map has no memory of its own.
    headers: Option<Box<HeaderMap>>,
}

/// The body of a problem answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDetails {
    /// Identifies the kind of problem; one for each code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What went wrong this time, for people.
    pub detail: String,
    /// The path that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// What went wrong, for programs; stable.
    #[schema(value_type = String, example = "ORDER_NOT_FOUND")]
    pub code: Cow<'static, str>,
    /// Names the request in our logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Whether the same request may succeed when it is sent again.
    pub retryable: bool,
    /// Whether that is so under a new `Idempotency-Key` alone: under the same, this answer is given again.
    /// Absent where it is not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub needs_new_key: bool,
    /// Which parts of the request are wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// The version that the resource has now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_version: Option<u64>,
    /// The commands that the resource accepts in its state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_commands: Option<Vec<String>>,
}

/// One wrong part of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// Where: a JSON pointer into the body (`/lines/0/sku`), or `query:`, `header:` or `path:NAME`.
    #[schema(example = "/lines/0/quantity")]
    pub pointer: String,
    /// What is wrong, for programs.
    #[schema(value_type = String, example = "OUT_OF_RANGE")]
    pub code: Cow<'static, str>,
    /// What is wrong, for people.
    pub detail: String,
}

impl Problem {
    /// A problem with any status. The constructors named after a status are to be preferred.
    ///
    /// `code` is UPPER_SNAKE_CASE and never changes its meaning; `detail` is one sentence without
    /// internals.
    #[must_use]
    pub fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<String>,
    ) -> Self {
        let code = code.into();
        let details = ProblemDetails {
            kind: format!(
                "urn:orders:problem:{}",
                code.to_lowercase().replace('_', "-")
            ),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            instance: None,
            code,
            request_id: None,
            retryable: false,
            needs_new_key: false,
            errors: Vec::new(),
            current_version: None,
            allowed_commands: None,
        };
        Self {
            details: Box::new(details),
            retry_after: None,
            headers: None,
        }
    }

    /// The status it is answered with.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.details.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// What went wrong, for programs.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.details.code
    }

    /// Everything in the body.
    #[must_use]
    pub fn details(&self) -> &ProblemDetails {
        &self.details
    }

    /// Names a wrong part of the request; may be called for several.
    #[must_use]
    pub fn with_error(
        mut self,
        pointer: impl Into<String>,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<String>,
    ) -> Self {
        let error = FieldError {
            pointer: pointer.into(),
            code: code.into(),
            detail: detail.into(),
        };
        self.details.errors.push(error);
        self
    }

    /// Says which version the resource has now.
    #[must_use]
    pub fn with_current_version(mut self, version: u64) -> Self {
        self.details.current_version = Some(version);
        self
    }

    /// Says which commands the resource accepts now.
    #[must_use]
    pub fn with_allowed_commands<I, C>(mut self, commands: I) -> Self
    where
        I: IntoIterator<Item = C>,
        C: Into<String>,
    {
        self.details.allowed_commands = Some(commands.into_iter().map(Into::into).collect());
        self
    }

    /// Says that retrying helps, and when; sets `Retry-After` in whole seconds, rounded up.
    #[must_use]
    pub fn with_retry_after(mut self, after: Duration) -> Self {
        self.details.retryable = true;
        self.retry_after = Some(after);
        self
    }

    /// Says whether retrying the same request helps.
    #[must_use]
    pub fn with_retryable(mut self, retryable: bool) -> Self {
        self.details.retryable = retryable;
        self
    }

    /// Says that retrying helps under a new `Idempotency-Key` alone: this answer is remembered.
    #[must_use]
    pub fn with_new_key(mut self) -> Self {
        self.details.retryable = true;
        self.details.needs_new_key = true;
        self
    }

    /// Headers that its answer has besides those of every problem.
    pub fn headers_mut(&mut self) -> &mut HeaderMap {
        self.headers.get_or_insert_default()
    }

    /// When to try again, where that helps.
    pub(crate) const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Names the request, where the constructor could not know it.
    #[must_use]
    pub(crate) fn with_request(self, request_id: &str, path: &str) -> Self {
        let mut named = self.with_request_id(request_id);
        named
            .details
            .instance
            .get_or_insert_with(|| path.to_owned());
        named
    }

    /// The same, where it has no path.
    #[must_use]
    pub(crate) fn with_request_id(mut self, request_id: &str) -> Self {
        self.details.request_id = Some(request_id.to_owned());
        self
    }

    /// The body's bytes.
    pub(crate) fn to_body(&self) -> Vec<u8> {
        serde_json::to_vec(&self.details).expect("strings and numbers are always JSON")
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ProblemDetails {
            status,
            code,
            detail,
            ..
        } = &*self.details;
        write!(f, "{status} {code}: {detail}")
    }
}

impl std::error::Error for Problem {}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.to_body()));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        if let Some(more) = &self.headers {
            headers.extend(more.as_ref().clone());
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if let Some(after) = self.retry_after {
            let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        // The outermost layer knows the request's id and writes the body again with it.
        response.extensions_mut().insert(self);
        response
    }
}

impl utoipa::PartialSchema for Problem {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        ProblemDetails::schema()
    }
}

impl ToSchema for Problem {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Problem")
    }

    fn schemas(
        schemas: &mut Vec<(
            String,
            utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>,
        )>,
    ) {
        ProblemDetails::schemas(schemas);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    async fn body(response: Response) -> Value {
        let bytes = axum::body::to_bytes(response.into_body(), 10_000)
            .await
            .unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[tokio::test]
    async fn a_problem_is_the_documented_json() {
        let response = Problem::conflict("ORDER_SHIPPED", "The order has left.")
            .with_current_version(7)
            .with_allowed_commands(["add_note"])
            .with_error("/reason", "TOO_LONG", "at most 500 characters")
            .with_request("r-1", "/v1/orders/1/cancel")
            .into_response();
        assert_eq!(response.status(), StatusCode::CONFLICT);
        assert_eq!(response.headers()["content-type"], PROBLEM_JSON);
        assert!(!response.headers().contains_key("retry-after"));
        assert_eq!(
            body(response).await,
            json!({
                "type": "urn:orders:problem:order-shipped",
                "title": "Conflict",
                "status": 409,
                "detail": "The order has left.",
                "instance": "/v1/orders/1/cancel",
                "code": "ORDER_SHIPPED",
                "request_id": "r-1",
                "retryable": false,
                "errors": [
                    {"pointer": "/reason", "code": "TOO_LONG", "detail": "at most 500 characters"}
                ],
                "current_version": 7,
                "allowed_commands": ["add_note"],
            })
        );
    }

    #[tokio::test]
    async fn retry_after_is_whole_seconds_rounded_up() {
        for (after, header) in [(1, "1"), (1_001, "2"), (2_000, "2"), (0, "1")] {
            let problem =
                Problem::too_many_requests("SLOW_DOWN", "Slower.", Duration::from_millis(after));
            let response = problem.into_response();
            assert_eq!(response.headers()["retry-after"], header);
            assert_eq!(body(response).await["retryable"], json!(true));
        }
    }

    #[tokio::test]
    async fn headers_of_its_own_come_with_those_of_every_problem() {
        let mut problem = Problem::conflict("ORDER_SHIPPED", "The order has left.");
        problem
            .headers_mut()
            .insert(header::ETAG, HeaderValue::from_static("\"7\""));
        let response = problem.into_response();
        assert_eq!(response.headers()["etag"], "\"7\"");
        assert_eq!(response.headers()["content-type"], PROBLEM_JSON);
    }

    #[test]
    fn a_client_reads_what_the_server_wrote() {
        let problem = Problem::not_found("ORDER_NOT_FOUND", "No such order.");
        let read: ProblemDetails = serde_json::from_slice(&problem.to_body()).unwrap();
        assert_eq!(&read, problem.details());
    }

    #[test]
    fn the_schema_is_called_problem_and_brings_its_parts() {
        let mut schemas = Vec::new();
        Problem::schemas(&mut schemas);
        assert_eq!(Problem::name(), "Problem");
        assert!(schemas.iter().any(|(name, _)| name == "FieldError"));
    }
}
