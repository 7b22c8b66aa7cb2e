//! How failures become problem answers: mapped once, here.

use crate::{
    projections::names,
    rebuild::{RebuildError, RollbackError},
    storage::ReadModelError,
};
use chassis::{Problem, problem};
use std::{collections::BTreeMap, time::Duration};
use utoipa::{
    IntoResponses,
    openapi::{RefOr, Response},
};

const LATER: Duration = Duration::from_secs(5);

/// The problems that any request may be answered.
pub(crate) struct CommonProblems;

const COMMON: [(&str, &str); 5] = [
    ("400", "Malformed."),
    (
        "404",
        "There is no such projection, or nothing is parked there.",
    ),
    ("429", "Too many requests of this client."),
    ("500", "Our fault."),
    ("503", "Not now."),
];

impl IntoResponses for CommonProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        COMMON
            .iter()
            .map(|(status, description)| ((*status).to_owned(), problem::response(description)))
            .collect()
    }
}

/// The problems that a request with a body may be answered, besides.
pub(crate) struct WriteProblems;

const WRITE: [(&str, &str); 3] = [
    ("408", "The body did not arrive in time."),
    ("413", "The body is larger than may be."),
    ("415", "The body is not JSON."),
];

impl IntoResponses for WriteProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        WRITE
            .iter()
            .map(|(status, description)| ((*status).to_owned(), problem::response(description)))
            .collect()
    }
}

/// What is parked could not be read or changed.
pub(crate) fn failed(error: ReadModelError) -> Problem {
    let passes = error.is_transient();
    let error = anyhow::Error::from(error);
    unavailable_or_our_fault(&error, passes)
}

fn unavailable_or_our_fault(error: &anyhow::Error, passes: bool) -> Problem {
    if passes {
        tracing::warn!("a request about read models failed: {error:#}");
        return Problem::service_unavailable(
            "READ_MODELS_UNAVAILABLE",
            "The database of the read models cannot be reached.",
            LATER,
        );
    }
    tracing::error!("a request about read models failed: {error:#}");
    Problem::internal()
}

/// A rebuild could not be started.
pub(crate) fn not_rebuilt(error: RebuildError) -> Problem {
    match error {
        // What is wanted is under way: who would try again until it is done would have it done twice.
        RebuildError::UnderWay(_) => Problem::conflict("REBUILD_UNDER_WAY", sentence(&error)),
        RebuildError::Unknown { name, .. } => no_such_projection(&name),
        RebuildError::ReadModels(error) => failed(error),
        error => {
            let passes = error.is_transient();
            unavailable_or_our_fault(&error.into(), passes)
        }
    }
}

/// There was no rollback, or what is kept could not be forgotten.
pub(crate) fn not_rolled_back(error: RollbackError) -> Problem {
    let code = match error {
        RollbackError::Nothing(_) => "NOTHING_TO_ROLL_BACK_TO",
        RollbackError::OtherVersion { .. } => "REPLACED_VERSION_DIFFERS",
        RollbackError::OfAnotherStore(_) => "REPLACED_OF_ANOTHER_STORE",
        RollbackError::OtherShape(_) => "REPLACED_SHAPE_DIFFERS",
        RollbackError::SkippedSince(_) => "EVENT_SKIPPED_SINCE",
        RollbackError::UnderWay(_) => {
            return Problem::conflict("REBUILD_UNDER_WAY", sentence(&error)).with_retryable(true);
        }
        RollbackError::Held(_) => {
            return Problem::service_unavailable("READ_MODEL_HELD", sentence(&error), LATER);
        }
        RollbackError::Unknown { name, .. } => return no_such_projection(&name),
        RollbackError::ReadModels(error) => return failed(error),
        RollbackError::Store(error) => {
            let passes = error.is_transient();
            return unavailable_or_our_fault(&error.into(), passes);
        }
    };
    Problem::conflict(code, sentence(&error))
}

/// The error as a sentence.
fn sentence(error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    match letters.next() {
        Some(first) if !text.starts_with("read.") => {
            format!("{}{}.", first.to_uppercase(), letters.as_str())
        }
        _ => format!("{text}."),
    }
}

pub(crate) fn no_such_projection(name: &str) -> Problem {
    let name: String = name.chars().take(64).collect();
    Problem::not_found(
        "PROJECTION_NOT_FOUND",
        format!(
            "There is no projection {name}; there are {}.",
            names().join(", ")
        ),
    )
}

pub(crate) fn not_parked(projection: &str, position: i64) -> Problem {
    Problem::not_found(
        "PARKED_SEQUENCE_NOT_FOUND",
        format!("No sequence of {projection} stops at position {position}."),
    )
}

/// It is another one that is to be seen to.
pub(crate) fn behind(stream: &str, position: i64) -> Problem {
    Problem::conflict(
        "PARKED_BEHIND_STREAM",
        format!(
            "The event at position {position} could be folded: it only waits behind {stream}. Retry \
             that, or skip the event that stops it."
        ),
    )
    .with_allowed_commands(["retry"])
}

/// `field` of the body breaks a rule.
pub(crate) fn wrong_text(field: &str, rule: &str) -> Problem {
    Problem::unprocessable(
        "VALIDATION_FAILED",
        format!("The request is wrong: {field} {rule}."),
    )
    .with_error(format!("/{field}"), "INVALID", rule.to_owned())
}
