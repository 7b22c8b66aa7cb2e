//! What a write may be answered, besides what it was sent for: documented once for all of them.

use chassis::problem;
use std::collections::BTreeMap;
use utoipa::{
    IntoResponses, Modify,
    openapi::{
        Object, OpenApi, RefOr, Response, Type,
        header::{Header, HeaderBuilder},
    },
};

/// The problems that any write may be answered.
pub(crate) struct WriteProblems;

/// The problems that a request of many orders may be answered as a whole.
pub(crate) struct BulkProblems;

/// The problems that an erasure may be answered.
pub(crate) struct EraseProblems;

/// The problems that a provider's own word may be answered.
pub(crate) struct WebhookProblems;

impl IntoResponses for WebhookProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        [
            ("400", "There are query parameters."),
            ("401", "Not signed by a secret that is known, or not now."),
            ("408", "The body did not arrive in time."),
            ("413", "The body is too large."),
            ("415", "The body is not JSON."),
            ("429", "Too many requests of this client."),
            ("500", "Our fault."),
            ("503", "Not now: it is to be sent again."),
        ]
        .map(|(status, description)| (status.to_owned(), problem::response(description)))
        .into()
    }
}

impl IntoResponses for EraseProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        [
            ("400", "Malformed."),
            ("409", "The same request is being executed."),
            ("429", "Too many requests of this client."),
            ("500", "Our fault."),
            ("503", "Not now."),
        ]
        .map(|(status, description)| (status.to_owned(), problem::response(description)))
        .into()
    }
}

impl IntoResponses for BulkProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        [
            (
                "400",
                "Without an Idempotency-Key, of more than 10,000 orders, or broken off.",
            ),
            ("408", "The next order did not arrive in time."),
            ("415", "The body is not NDJSON."),
            ("429", "Too many requests of this client."),
            ("500", "Our fault."),
            ("503", "Not now."),
        ]
        .map(|(status, description)| (status.to_owned(), problem::response(description)))
        .into()
    }
}

impl IntoResponses for WriteProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        [
            ("400", "Malformed, or without an Idempotency-Key."),
            ("408", "The body did not arrive in time."),
            (
                "409",
                "Not allowed in its state, or the same request is being executed.",
            ),
            ("412", "It is at another version."),
            ("413", "The body is too large."),
            ("415", "The body is not JSON."),
            (
                "422",
                "Breaks a rule of meaning, or the key was used for something else.",
            ),
            ("429", "Too many requests of this client."),
            ("500", "Our fault."),
            ("503", "Not now."),
        ]
        .map(|(status, description)| (status.to_owned(), problem::response(description)))
        .into()
    }
}

/// Describes the headers of every write's answers.
pub(crate) struct AnswerHeaders;

impl Modify for AnswerHeaders {
    fn modify(&self, document: &mut OpenApi) {
        let paths = document.paths.paths.values_mut();
        let operations = paths.flat_map(|path| path.post.iter_mut().chain(&mut path.delete));
        for operation in operations {
            for (status, response) in &mut operation.responses.responses {
                if let RefOr::T(response) = response {
                    for (name, description) in headers(status) {
                        let header = RefOr::T(header(description));
                        response.headers.insert(name.to_owned(), header);
                    }
                }
            }
        }
    }
}

fn headers(status: &str) -> Vec<(&'static str, &'static str)> {
    let of_many = status == "207";
    let executed = status.starts_with('2') && !of_many || matches!(status, "404" | "409");
    let mut headers = vec![
        ("Request-Id", "Names the request in our logs."),
        ("traceparent", "Our step in the request's W3C trace."),
    ];
    if executed || status == "412" {
        headers.push(("ETag", "Its version, where it has one."));
    }
    if executed || of_many {
        headers.push((
            "Consistency-Token",
            "Send it with a read to see this write.",
        ));
    }
    if executed {
        headers.push((
            "Idempotent-Replayed",
            "`true` if this is the first answer again.",
        ));
    }
    if matches!(status, "409" | "429" | "503") {
        headers.push(("Retry-After", "Seconds to wait, where trying again helps."));
    }
    headers
}

fn header(description: &str) -> Header {
    HeaderBuilder::new()
        .schema(Some(Object::with_type(Type::String)))
        .description(Some(description))
        .build()
}
