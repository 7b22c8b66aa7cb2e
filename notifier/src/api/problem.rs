//! How failures become problem answers: mapped once, here.

use crate::error::NotifyError;
use chassis::Problem;
use std::time::Duration;
use uuid::Uuid;

const SOON: Duration = Duration::from_secs(1);
const LATER: Duration = Duration::from_secs(5);

/// What is remembered could not be read or changed.
pub(crate) fn failed(error: NotifyError) -> Problem {
    let passes = error.is_transient();
    let error = anyhow::Error::from(error);
    if passes {
        tracing::warn!("a request about notifications failed: {error:#}");
        return Problem::service_unavailable(
            "NOTIFICATIONS_UNAVAILABLE",
            "The database of notifications cannot be reached.",
            LATER,
        );
    }
    tracing::error!("a request about notifications failed: {error:#}");
    Problem::internal()
}

pub(crate) fn no_such_webhook(id: Uuid) -> Problem {
    Problem::not_found("WEBHOOK_NOT_FOUND", format!("There is no webhook {id}."))
}

pub(crate) fn no_such_delivery(id: Uuid) -> Problem {
    Problem::not_found("DELIVERY_NOT_FOUND", format!("There is no delivery {id}."))
}

/// Nothing is sent to it now.
pub(crate) fn disabled(id: Uuid) -> Problem {
    Problem::conflict(
        "WEBHOOK_DISABLED",
        format!("Webhook {id} is disabled: nothing is sent to it before it is enabled."),
    )
    .with_allowed_commands(["enable", "delete"])
}

/// There are as many as there may be.
pub(crate) fn too_many(most: u32) -> Problem {
    Problem::conflict(
        "TOO_MANY_WEBHOOKS",
        format!("There are {most} webhooks, as many as there may be: delete one first."),
    )
}

/// The same request is executed just now.
pub(crate) fn under_way() -> Problem {
    Problem::conflict(
        "REQUEST_IN_PROGRESS",
        "The same request is being executed; ask again for its answer.",
    )
    .with_retry_after(SOON)
}

/// The key was used for something else.
pub(crate) fn key_reused() -> Problem {
    let detail = "the key was used for another request";
    Problem::unprocessable(
        "IDEMPOTENCY_KEY_REUSED",
        "The Idempotency-Key was used for another request; use a new one.",
    )
    .with_error("header:Idempotency-Key", "REUSED", detail)
}
