//! How refusals and failures of the lane become problem answers: mapped once, here.

use chassis::Problem;
use domain::{Refusal, RefusalKind};
use std::time::Duration;
use store::lane::LaneError;

/// A refusal as a problem.
pub(crate) fn refused(refusal: Refusal) -> Problem {
    let Refusal {
        kind,
        code,
        detail,
        pointer,
    } = refusal;
    let problem = match kind {
        RefusalKind::NotFound => Problem::not_found(code.clone(), sentence(&detail)),
        RefusalKind::State => Problem::conflict(code.clone(), sentence(&detail)),
        RefusalKind::Meaning => Problem::unprocessable(code.clone(), sentence(&detail)),
    };
    match pointer {
        Some(pointer) => problem.with_error(pointer, code, sentence(&detail)),
        None => problem,
    }
}

/// A failure of the lane as a problem.
pub(crate) fn failed(error: LaneError) -> Problem {
    let second = Duration::from_secs(1);
    match error {
        LaneError::Overloaded => Problem::service_unavailable(
            "OVERLOADED",
            "Too many commands are waiting; nothing was done.",
            second,
        ),
        LaneError::Stopped => Problem::service_unavailable(
            "STOPPING",
            "This process is stopping; send the request again with the same Idempotency-Key.",
            second,
        ),
        LaneError::Unavailable(_) => Problem::service_unavailable(
            "STORE_UNAVAILABLE",
            "The event store cannot be reached; send the request again with the same \
             Idempotency-Key.",
            Duration::from_secs(5),
        ),
        LaneError::Contended => Problem::service_unavailable(
            "CONTENDED",
            "Others write to the same streams too fast; nothing was done.",
            second,
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
            Problem::precondition_failed(current.get().unsigned_abs())
        }
        LaneError::Broken(_) => Problem::internal(),
    }
}

/// The same command is being executed for another request.
pub(crate) fn still_running() -> Problem {
    Problem::conflict(
        "COMMAND_IN_PROGRESS",
        "A request with this Idempotency-Key is being executed; send it again for its answer.",
    )
    .with_retryable(true)
    .with_retry_after(Duration::from_secs(1))
}

/// Error texts are lower-case phrases; an answer has sentences.
fn sentence(phrase: &str) -> String {
    let mut letters = phrase.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    let end = if phrase.ends_with('.') { "" } else { "." };
    format!("{}{}{end}", first.unwrap_or_default(), letters.as_str())
}
