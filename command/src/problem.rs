//! How refusals and failures of the lane become problem answers: mapped once, here.

use axum::http::{HeaderValue, header::ETAG};
use chassis::Problem;
use domain::{Refusal, RefusalKind, StreamId, Version};
use std::{error::Error, time::Duration};
use store::{StoreError, lane::LaneError};
use vault::VaultError;

/// When to come again for what others are about to finish.
const SOON: Duration = Duration::from_secs(1);
/// When to come again while the store cannot be reached.
const LATER: Duration = Duration::from_secs(5);

/// A refusal as a problem: of what is at `version`.
pub(crate) fn refused(refusal: Refusal, version: Version) -> Problem {
    let Refusal {
        kind,
        code,
        detail,
        pointer,
        allowed,
        for_now,
    } = refusal;
    let detail = sentence(&detail);
    let said = match for_now {
        // It is remembered as any other.
        true => {
            format!("{detail} It takes a new Idempotency-Key: under this one, this is the answer.")
        }
        false => detail.clone(),
    };
    let problem = match kind {
        RefusalKind::NotFound => Problem::not_found(code.clone(), said),
        RefusalKind::State => {
            Problem::conflict(code.clone(), said).with_current_version(version.get().unsigned_abs())
        }
        RefusalKind::Meaning => Problem::unprocessable(code.clone(), said),
    };
    let problem = match allowed {
        Some(allowed) => problem.with_allowed_commands(allowed),
        None => problem,
    };
    let problem = match for_now {
        true => problem.with_retry_after(LATER).with_new_key(),
        false => problem,
    };
    match pointer {
        Some(pointer) => problem.with_error(pointer, code, detail),
        None => problem,
    }
}

/// A failure of the lane as a problem.
pub(crate) fn failed(error: LaneError) -> Problem {
    match error {
        LaneError::Overloaded => Problem::service_unavailable(
            "OVERLOADED",
            "Too many commands are waiting; nothing was done.",
            SOON,
        ),
        LaneError::Stopped => Problem::service_unavailable(
            "STOPPING",
            "This process is stopping; send the request again with the same Idempotency-Key.",
            SOON,
        ),
        LaneError::Unavailable(_) => store_unavailable(),
        LaneError::Contended => Problem::service_unavailable(
            "CONTENDED",
            "Others write to the same streams too fast; nothing was done.",
            SOON,
        ),
        LaneError::KeyReused => Problem::unprocessable(
            "IDEMPOTENCY_KEY_REUSED",
            "Another request was sent with this Idempotency-Key; a new request needs a new key.",
        )
        .with_error(
            "header:Idempotency-Key",
            "REUSED",
            "the first request had another payload",
        ),
        LaneError::VersionMismatch { current, .. } => {
            let mut problem = Problem::precondition_failed(current.get().unsigned_abs());
            if let Ok(etag) = HeaderValue::from_str(&format!("\"{current}\"")) {
                problem.headers_mut().insert(ETAG, etag);
            }
            problem
        }
        // No endpoint takes such a command.
        LaneError::NoStreams | LaneError::Broken(_) => Problem::internal(),
    }
}

/// What is personal could not be sealed, or opened.
pub(crate) fn unsealed(error: VaultError) -> Problem {
    match &error {
        VaultError::Erased(customer) => Problem::conflict(
            "CUSTOMER_ERASED",
            format!(
                "Customer {customer} was erased: nothing personal is taken for that number any more; a \
                 person who comes back needs a new one."
            ),
        ),
        VaultError::Unavailable(cause) => {
            tracing::warn!(cause, "the keys of personal data cannot be reached");
            Problem::service_unavailable(
                "KEYS_UNAVAILABLE",
                "The keys of personal data cannot be reached; send the request again with the same \
                 Idempotency-Key.",
                LATER,
            )
        }
        VaultError::KeyLost(customer) => {
            tracing::error!(%customer, "personal data cannot be opened: {error}");
            Problem::key_lost()
        }
        VaultError::UnknownMaster { .. } | VaultError::Corrupt(_) | VaultError::TooLarge => {
            tracing::error!(%error, "personal data cannot be sealed or opened");
            Problem::internal()
        }
    }
}

/// A request of many commands ends before its caller does.
pub(crate) fn stopping() -> Problem {
    let detail =
        "This process is stopping; send the request again: what was done is not done twice.";
    Problem::service_unavailable("STOPPING", detail, SOON)
}

/// There is no place for another request of many commands.
pub(crate) fn too_many_bulks() -> Problem {
    let detail = "Too many requests of many orders are in work; nothing was done.";
    Problem::service_unavailable("OVERLOADED", detail, SOON)
}

/// The same command is being executed for another request.
pub(crate) fn still_running() -> Problem {
    Problem::conflict(
        "COMMAND_IN_PROGRESS",
        "A request with this Idempotency-Key is being executed; send it again for its answer.",
    )
    .with_retryable(true)
    .with_retry_after(SOON)
}

/// The history that an answer is made of could not be read.
pub(crate) fn unfoldable(error: StoreError, stream: &StreamId) -> Problem {
    let cause = error.source().map(ToString::to_string);
    if error.is_transient() {
        tracing::warn!(%error, cause, %stream, "{stream} cannot be folded now");
        return store_unavailable();
    }
    tracing::error!(%error, cause, %stream, "{stream} cannot be folded");
    Problem::internal()
}

fn store_unavailable() -> Problem {
    Problem::service_unavailable(
        "STORE_UNAVAILABLE",
        "The event store cannot be reached; send the request again with the same Idempotency-Key.",
        LATER,
    )
}

/// Error texts are lower-case phrases; an answer has sentences.
fn sentence(phrase: &str) -> String {
    let mut letters = phrase.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    let end = if phrase.ends_with('.') { "" } else { "." };
    format!("{}{}{end}", first.unwrap_or_default(), letters.as_str())
}
