//! What every read takes and may be answered: documented once for all of them.

use chassis::problem;
use std::collections::BTreeMap;
use utoipa::{
    IntoParams, IntoResponses,
    openapi::{RefOr, Response},
};

/// The headers of a read.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it only describes what is taken from the request")]
pub(crate) struct ReadHeaders {
    /// Of a write that must be seen.
    #[param(rename = "Consistency-Token", required = false)]
    consistency_token: Option<String>,
    /// `wait=N`: wait so many seconds for it; 2, unless told otherwise.
    #[param(rename = "Prefer", required = false, example = "wait=2")]
    prefer: Option<String>,
}

/// The problems that any read may be answered.
pub(crate) struct ReadProblems;

impl IntoResponses for ReadProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        [
            ("400", "A parameter is wrong."),
            ("409", "The token is of a former event store."),
            ("429", "Too many requests of this client."),
            ("500", "Our fault."),
            ("503", "Not now, or the write is not seen yet."),
        ]
        .map(|(status, description)| (status.to_owned(), problem::response(description)))
        .into()
    }
}
