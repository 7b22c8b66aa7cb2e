//! A constructor for each status that the platform answers.

use std::{borrow::Cow, time::Duration};

use axum::http::StatusCode;

use super::Problem;

/// A code: UPPER_SNAKE_CASE, stable.
type Code = Cow<'static, str>;

impl Problem {
    /// 400: the request cannot be understood.
    #[must_use]
    pub fn bad_request(code: impl Into<Code>, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// 401: nobody knows that the caller is who it says it is.
    #[must_use]
    pub fn unauthorized(code: impl Into<Code>, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, detail)
    }

    /// 404: there is no such thing, or it is not the caller's.
    #[must_use]
    pub fn not_found(code: impl Into<Code>, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, detail)
    }

    /// 405: the path is right, the method is not.
    #[must_use]
    pub fn method_not_allowed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", detail)
    }

    /// 408: the client did not send its request in time.
    #[must_use]
    pub fn request_timeout(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "REQUEST_TIMEOUT", detail).with_retryable(true)
    }

    /// 409: not allowed in the state the resource is in.
    #[must_use]
    pub fn conflict(code: impl Into<Code>, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// 412: `If-Match` named a version that is no longer current.
    #[must_use]
    pub fn precondition_failed(current_version: u64) -> Self {
        let detail = format!("If-Match does not match; the current version is {current_version}.");
        Self::new(StatusCode::PRECONDITION_FAILED, "VERSION_MISMATCH", detail)
            .with_current_version(current_version)
    }

    /// 413: the body is larger than `limit` bytes.
    #[must_use]
    pub fn payload_too_large(limit: usize) -> Self {
        let detail = format!("The request body is larger than {limit} bytes.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", detail)
    }

    /// 415: the body is not of the `expected` media type.
    #[must_use]
    pub fn unsupported_media_type(expected: &str) -> Self {
        let detail = format!("The request's Content-Type must be {expected}.");
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UNSUPPORTED_MEDIA_TYPE",
            detail,
        )
    }

    /// 422: understood, but it breaks a rule of meaning.
    #[must_use]
    pub fn unprocessable(code: impl Into<Code>, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    /// 428: the request must say which version it means.
    #[must_use]
    pub fn precondition_required() -> Self {
        let detail = "The header If-Match is required, with the version that was read.";
        Self::new(
            StatusCode::PRECONDITION_REQUIRED,
            "IF_MATCH_REQUIRED",
            detail,
        )
    }

    /// 429: this caller asks for too much.
    #[must_use]
    pub fn too_many_requests(
        code: impl Into<Code>,
        detail: impl Into<String>,
        retry_after: Duration,
    ) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, code, detail).with_retry_after(retry_after)
    }

    /// 500: our fault. The reason belongs into the log, not into the answer.
    #[must_use]
    pub fn internal() -> Self {
        let detail = "Something went wrong on our side; the request id names it in our logs.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", detail).with_retryable(true)
    }

    /// 500: what is personal of this cannot be opened, as its key is lost; nobody erased it.
    #[must_use]
    pub fn key_lost() -> Self {
        let detail = "What is personal of this cannot be read: its key is lost. It was not erased; an \
                      operator must bring the keys back.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "KEY_LOST", detail).with_retryable(true)
    }

    /// 503: not now.
    #[must_use]
    pub fn service_unavailable(
        code: impl Into<Code>,
        detail: impl Into<String>,
        retry_after: Duration,
    ) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail).with_retry_after(retry_after)
    }

    /// 504: something that we depend on did not answer in time.
    #[must_use]
    pub fn gateway_timeout(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::GATEWAY_TIMEOUT, "GATEWAY_TIMEOUT", detail).with_retryable(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_constructor_has_the_status_of_its_name() {
        let second = Duration::from_secs(1);
        for (problem, status, retryable) in [
            (Problem::bad_request("A", "b"), 400, false),
            (Problem::not_found("A", "b"), 404, false),
            (Problem::method_not_allowed("b"), 405, false),
            (Problem::request_timeout("b"), 408, true),
            (Problem::conflict("A", "b"), 409, false),
            (Problem::precondition_failed(3), 412, false),
            (Problem::payload_too_large(10), 413, false),
            (Problem::unsupported_media_type("text/csv"), 415, false),
            (Problem::unprocessable("A", "b"), 422, false),
            (Problem::precondition_required(), 428, false),
            (Problem::too_many_requests("A", "b", second), 429, true),
            (Problem::internal(), 500, true),
            (Problem::key_lost(), 500, true),
            (Problem::service_unavailable("A", "b", second), 503, true),
            (Problem::gateway_timeout("b"), 504, true),
        ] {
            assert_eq!(problem.status().as_u16(), status);
            assert_eq!(problem.details().retryable, retryable, "{problem}");
        }
    }
}
