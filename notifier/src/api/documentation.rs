//! What requests may be answered besides what they were sent for: documented once for all of them.

use chassis::problem;
use std::collections::BTreeMap;
use utoipa::{
    IntoResponses,
    openapi::{RefOr, Response},
};

/// The problems that a read, or a deletion, may be answered.
pub(crate) struct ReadProblems;

/// The problems that a write may be answered.
pub(crate) struct WriteProblems;

const READ: [(&str, &str); 4] = [
    ("400", "Malformed."),
    ("429", "Too many requests of this client."),
    ("500", "Our fault."),
    ("503", "Not now."),
];

const WRITE: [(&str, &str); 10] = [
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
];

fn described(problems: &[(&str, &str)]) -> BTreeMap<String, RefOr<Response>> {
    problems
        .iter()
        .map(|(status, description)| ((*status).to_owned(), problem::response(description)))
        .collect()
}

impl IntoResponses for ReadProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        described(&READ)
    }
}

impl IntoResponses for WriteProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        described(&WRITE)
    }
}
