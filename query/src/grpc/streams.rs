//! What all streams have: a bound on how many there are, and an end when the process has one.

use crate::api::Api;
use chassis::Problem;
use std::{sync::Arc, time::Duration};
use tokio::sync::OwnedSemaphorePermit;

/// When to come again where there are too many.
const LATER: Duration = Duration::from_secs(5);

/// A place for a stream, for as long as it lives.
///
/// # Errors
/// 429: there are as many as may be.
pub(super) fn place(api: &Api) -> Result<OwnedSemaphorePermit, Problem> {
    let place = Arc::clone(&api.streams).try_acquire_owned();
    place.map_err(|_| {
        let detail = "As many streams are open as this process serves; try again later.";
        Problem::too_many_requests("TOO_MANY_STREAMS", detail, LATER)
    })
}

/// Why a stream ends that could go on elsewhere.
pub(super) fn stopping() -> Problem {
    let detail = "This process is stopping; call again, and go on from where you are.";
    Problem::service_unavailable("STOPPING", detail, Duration::from_secs(1))
}
