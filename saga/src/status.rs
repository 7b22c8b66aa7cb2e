//! How the parts of the sagas do, and whether participants are called, for operators: in metrics, in
//! the log, and at `/sagas`.

use crate::{participant::CircuitState, runtime::Participants, telemetry};
use axum::{Json, Router, extract, routing::get};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// How long a failure counts that did not come again. A part that failed here may be led by another
/// process since, so that nothing tells whether it would work here.
const COUNTS_FOR: Duration = Duration::from_secs(60);

struct Failure {
    /// What is said of it.
    short: String,
    /// What tells it from another failure.
    cause: String,
    last: Instant,
}

/// How a part of the sagas does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartStatus {
    /// A policy's name, or `tasks`.
    pub name: &'static str,
    /// Whether it fails in this process.
    pub failing: bool,
    /// Why, in one line; the log has the causes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Whether a participant is called by this process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ParticipantStatus {
    /// `payment` or `carrier`.
    pub name: &'static str,
    /// `closed` while it is called, `open` while it is left alone, `half_open` while one call tells.
    pub circuit: CircuitState,
}

/// How the parts of the sagas do in this process. Clones are the same.
#[derive(Clone, Default)]
pub struct Status(Arc<Known>);

#[derive(Default)]
struct Known {
    parts: Mutex<BTreeMap<&'static str, Option<Failure>>>,
    participants: OnceLock<Participants>,
}

impl Status {
    /// The same, which also tells of whom these are.
    pub(crate) fn of(participants: Participants) -> Self {
        let participants = participants.into();
        Self(Arc::new(Known {
            participants,
            ..Known::default()
        }))
    }

    /// Whether each participant is called.
    pub fn participants(&self) -> Vec<ParticipantStatus> {
        let Some(known) = self.0.participants.get() else {
            return vec![];
        };
        let status = |name, circuit| ParticipantStatus { name, circuit };
        vec![
            status("payment", known.provider.circuit()),
            status("carrier", known.carrier.circuit()),
        ]
    }

    /// How each part does, by name.
    pub fn parts(&self) -> Vec<PartStatus> {
        self.forget_old();
        let parts = self.lock();
        let status = |(name, failure): (&&'static str, &Option<Failure>)| PartStatus {
            name,
            failing: failure.is_some(),
            reason: failure.as_ref().map(|failure| failure.short.clone()),
        };
        parts.iter().map(status).collect()
    }

    /// Begins to tell of a part.
    pub(crate) fn watch(&self, part: &'static str) {
        self.lock().entry(part).or_default();
        telemetry::failing(part, false);
    }

    /// Notes that a part failed; says whether that is news.
    pub(crate) fn failed(&self, part: &'static str, short: String, cause: String) -> bool {
        let mut parts = self.lock();
        let known = parts.entry(part).or_default();
        let news = known.as_ref().is_none_or(|known| known.cause != cause);
        let last = Instant::now();
        *known = Some(Failure { short, cause, last });
        telemetry::failing(part, true);
        news
    }

    /// Notes that a part got on.
    pub(crate) fn works(&self, part: &'static str) {
        if self.lock().entry(part).or_default().take().is_some() {
            telemetry::failing(part, false);
            tracing::info!(part, "the sagas' part {part} works again");
        }
    }

    /// Forgets the failures that do not count any more.
    pub(crate) fn forget_old(&self) {
        for (part, failure) in self.lock().iter_mut() {
            if failure
                .take_if(|failure| failure.last.elapsed() >= COUNTS_FOR)
                .is_some()
            {
                telemetry::failing(part, false);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Option<Failure>>> {
        // Nothing in here panics half-way through a change.
        self.0.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `GET /sagas`: how each part does, and whether each participant is called.
pub fn router(status: Status) -> Router {
    Router::new()
        .route("/sagas", get(sagas_now))
        .with_state(status)
}

async fn sagas_now(extract::State(status): extract::State<Status>) -> Json<serde_json::Value> {
    Json(serde_json::json!({
        "sagas": status.parts(),
        "participants": status.participants(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    fn reason(status: &Status) -> Option<String> {
        status.parts().into_iter().find_map(|part| part.reason)
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_counts_until_the_part_works_or_was_not_heard_of_for_long() {
        let status = Status::default();
        let fails = |cause: &str| status.failed("order", "down".into(), cause.into());
        status.watch("order");
        assert_eq!(reason(&status), None);
        assert!(fails("SELECT 1: no connection"));
        assert!(!fails("SELECT 1: no connection"), "no news");
        assert!(fails("SELECT 2: no connection"));
        assert_eq!(reason(&status).as_deref(), Some("down"));
        status.works("payment");
        assert!(reason(&status).is_some());
        status.works("order");
        assert_eq!(reason(&status), None);

        fails("a");
        advance(COUNTS_FOR / 2).await;
        fails("a");
        advance(COUNTS_FOR * 3 / 4).await;
        assert_eq!(reason(&status).as_deref(), Some("down"));
        advance(COUNTS_FOR / 2).await;
        assert_eq!(reason(&status), None);
        assert_eq!(status.parts().len(), 2, "it is still told of");
    }
}
