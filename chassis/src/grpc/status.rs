//! Problems as the status of a call, with the details of Google's richer error model.

use std::collections::HashMap;

use axum::response::Response;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

use crate::problem::{Problem, ProblemDetails};

/// How the status of a message begins that is none.
const UNDECODABLE: &str = "failed to decode Protobuf message";

/// Whose reasons they are.
const DOMAIN: &str = "orders";

/// The problem as the status of a call: its code is the reason of a `google.rpc.ErrorInfo`; fields that
/// are wrong, the time to come again and the request's id come as details of their own.
///
/// `renamed` are the names of fields where the API over HTTP calls them otherwise.
#[must_use]
pub fn status(problem: &Problem, renamed: &[(&str, &str)]) -> Status {
    let ProblemDetails {
        status,
        code,
        request_id,
        retryable,
        needs_new_key,
        errors,
        current_version,
        allowed_commands,
        ..
    } = problem.details();
    let mut metadata = HashMap::from([("retryable".to_owned(), retryable.to_string())]);
    if *needs_new_key {
        metadata.insert("needs_new_key".to_owned(), needs_new_key.to_string());
    }
    if let Some(version) = current_version {
        metadata.insert("current_version".to_owned(), version.to_string());
        metadata.insert("current_etag".to_owned(), format!("\"{version}\""));
    }
    if let Some(allowed) = allowed_commands {
        metadata.insert("allowed_commands".to_owned(), allowed.join(","));
    }
    let mut details = ErrorDetails::with_error_info(code.as_ref(), DOMAIN, metadata);
    if !errors.is_empty() {
        let violations: Vec<_> = errors
            .iter()
            .map(|error| FieldViolation::new(field(&error.pointer, renamed), &error.detail))
            .collect();
        details.set_bad_request(violations);
    }
    if let Some(after) = problem.retry_after() {
        details.set_retry_info(Some(after));
    }
    if let Some(request_id) = request_id {
        details.set_request_info(request_id, "");
    }
    let message = message(problem.details(), renamed);
    Status::with_error_details(code_of(*status, code), message, details)
}

/// What is wrong, in the words of messages: where the API over HTTP speaks of headers and parameters,
/// there are fields.
fn message(problem: &ProblemDetails, renamed: &[(&str, &str)]) -> String {
    match problem.errors.first() {
        Some(error) if error.pointer.contains(':') => {
            let field = field(&error.pointer, renamed);
            format!("The field {field} is wrong: {}.", error.detail)
        }
        None if problem.code == "VERSION_MISMATCH" => {
            let current = problem.current_version.unwrap_or_default();
            format!("The etag does not match; the current version is {current}.")
        }
        _ => problem.detail.clone(),
    }
}

/// The answer to a call that ends with `problem` before it began.
pub(crate) fn answer(problem: &Problem) -> Response {
    status(problem, &[]).into_http()
}

/// The status that an HTTP answer in the place of `answer` would have had, for metrics and logs. That
/// of a call that has yet to end is that of success.
pub(crate) fn as_http_status(answer: &Response) -> u16 {
    let Some(status) = Status::from_header_map(answer.headers()) else {
        return answer.status().as_u16();
    };
    match status.code() {
        Code::Ok => 200,
        Code::Cancelled => 499,
        Code::InvalidArgument | Code::OutOfRange => 400,
        Code::Unauthenticated => 401,
        Code::PermissionDenied => 403,
        Code::NotFound => 404,
        Code::AlreadyExists | Code::FailedPrecondition => 409,
        Code::Aborted => 412,
        Code::ResourceExhausted => 429,
        Code::Unimplemented => 501,
        Code::Unavailable => 503,
        Code::DeadlineExceeded => 504,
        // What cannot be decoded is the caller's, whatever it is called.
        Code::Internal if status.message().starts_with(UNDECODABLE) => 400,
        Code::Unknown | Code::Internal | Code::DataLoss => 500,
    }
}

fn code_of(status: u16, code: &str) -> Code {
    match (status, code) {
        (_, "COMMAND_IN_PROGRESS" | "REQUEST_IN_PROGRESS") => Code::Aborted,
        (_, "REQUEST_TIMED_OUT") | (408 | 504, _) => Code::DeadlineExceeded,
        (404, "ROUTE_NOT_FOUND") | (405, _) => Code::Unimplemented,
        (400 | 415 | 422, _) => Code::InvalidArgument,
        (401, _) => Code::Unauthenticated,
        (403, _) => Code::PermissionDenied,
        (404, _) => Code::NotFound,
        (409 | 428, _) => Code::FailedPrecondition,
        (412, _) => Code::Aborted,
        (413 | 429, _) => Code::ResourceExhausted,
        (503, _) => Code::Unavailable,
        _ => Code::Internal,
    }
}

/// The field that a pointer means: `/lines/0/sku` is `lines[0].sku`.
fn field(pointer: &str, renamed: &[(&str, &str)]) -> String {
    let known = [
        ("header:Idempotency-Key", "request_id"),
        ("header:If-Match", "etag"),
        (
            "header:Consistency-Token",
            "read_your_writes.consistency_token",
        ),
        ("header:Prefer", "read_your_writes.wait_seconds"),
    ];
    let mut names = renamed.iter().chain(&known);
    if let Some((_, name)) = names.find(|(there, _)| *there == pointer) {
        return (*name).to_owned();
    }
    let (kind, path) = pointer.split_once(':').unwrap_or(("", pointer));
    if !kind.is_empty() {
        return path.to_owned();
    }
    let mut field = String::with_capacity(pointer.len() + 2);
    for part in path.split('/').filter(|part| !part.is_empty()) {
        if part.bytes().all(|byte| byte.is_ascii_digit()) {
            field.extend(["[", part, "]"]);
        } else {
            field.extend([if field.is_empty() { "" } else { "." }, part]);
        }
    }
    field
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_problem_is_a_status_with_its_details() {
        let problem = Problem::conflict("ORDER_SHIPPED", "The order has left.")
            .with_current_version(7)
            .with_allowed_commands(["add_note", "return"])
            .with_error("/lines/12/sku", "UNKNOWN", "no such article")
            .with_request("r-1", "/orders.v1.OrderCommands/CancelOrder")
            .with_retry_after(Duration::from_secs(2));
        let status = status(&problem, &[]);
        assert_eq!(status.code(), Code::FailedPrecondition);
        assert_eq!(status.message(), "The order has left.");
        let details = status.get_error_details();
        let info = details.error_info().unwrap();
        assert_eq!((&*info.reason, &*info.domain), ("ORDER_SHIPPED", "orders"));
        assert_eq!(info.metadata["current_version"], "7");
        assert_eq!(info.metadata["current_etag"], "\"7\"");
        assert_eq!(info.metadata["allowed_commands"], "add_note,return");
        assert_eq!(info.metadata["retryable"], "true");
        let violations = &details.bad_request().unwrap().field_violations;
        assert_eq!(violations[0].field, "lines[12].sku");
        assert_eq!(violations[0].description, "no such article");
        let delay = details.retry_info().unwrap().retry_delay;
        assert_eq!(delay, Some(Duration::from_secs(2)));
        assert_eq!(details.request_info().unwrap().request_id, "r-1");
    }

    #[test]
    fn fields_are_named_as_messages_name_them() {
        for (pointer, expected) in [
            ("/total", "total"),
            ("/lines/0/unit_price", "lines[0].unit_price"),
            ("/shipping_address/lines/3", "shipping_address.lines[3]"),
            ("header:Idempotency-Key", "request_id"),
            ("header:If-Match", "etag"),
            ("path:order_id", "order_id"),
            ("query:limit", "page_size"),
            ("query:status", "status"),
        ] {
            assert_eq!(field(pointer, &[("query:limit", "page_size")]), expected);
        }
    }

    #[test]
    fn every_status_of_the_platform_has_a_code() {
        let second = Duration::from_secs(1);
        for (problem, code) in [
            (Problem::bad_request("A", "b"), Code::InvalidArgument),
            (Problem::not_found("A", "b"), Code::NotFound),
            (
                Problem::not_found("ROUTE_NOT_FOUND", "b"),
                Code::Unimplemented,
            ),
            (Problem::conflict("A", "b"), Code::FailedPrecondition),
            (Problem::conflict("COMMAND_IN_PROGRESS", "b"), Code::Aborted),
            (Problem::precondition_failed(3), Code::Aborted),
            (Problem::payload_too_large(10), Code::ResourceExhausted),
            (Problem::unprocessable("A", "b"), Code::InvalidArgument),
            (
                Problem::too_many_requests("A", "b", second),
                Code::ResourceExhausted,
            ),
            (Problem::internal(), Code::Internal),
            (
                Problem::service_unavailable("A", "b", second),
                Code::Unavailable,
            ),
            (Problem::gateway_timeout("b"), Code::DeadlineExceeded),
        ] {
            assert_eq!(status(&problem, &[]).code(), code, "{problem}");
        }
    }

    #[test]
    fn what_a_call_ended_with_is_told_from_its_headers() {
        let ended = answer(&Problem::precondition_failed(3));
        assert_eq!(
            (ended.status().as_u16(), as_http_status(&ended)),
            (200, 412)
        );
        assert_eq!(as_http_status(&Response::default()), 200);
    }
}
