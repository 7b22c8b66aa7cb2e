//! How notifications do in this process, for operators: in metrics, in the log, and at
//! `/notifications`.

use crate::{email::EmailSender, error::NotifyError, storage::Backlog, telemetry};
use axum::{Json, Router, extract, routing::get};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// How long a failure counts that did not come again. Who read here may have lost the lead since, so
/// that nothing tells whether it would work here.
const COUNTS_FOR: Duration = Duration::from_secs(60);

struct Failure {
    /// What is said of it.
    short: String,
    /// What tells it from another failure.
    cause: String,
    last: Instant,
}

/// How a part does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartStatus {
    /// `reader`, `webhooks`, `emails` or `upkeep`.
    pub name: &'static str,
    /// Whether it fails in this process.
    pub failing: bool,
    /// Why, in one line; the log has the causes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How notifications do. Clones are the same.
#[derive(Clone, Default)]
pub struct Status(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    parts: BTreeMap<&'static str, Option<Failure>>,
    backlog: Option<Backlog>,
    /// Who hands e-mail over, if any is sent.
    email: Option<EmailSender>,
}

impl Status {
    /// How each part does, by name.
    pub fn parts(&self) -> Vec<PartStatus> {
        self.forget_old();
        let known = self.lock();
        let status = |(name, failure): (&&'static str, &Option<Failure>)| PartStatus {
            name,
            failing: failure.is_some(),
            reason: failure.as_ref().map(|failure| failure.short.clone()),
        };
        known.parts.iter().map(status).collect()
    }

    /// Begins to tell of a part.
    pub(crate) fn watch(&self, part: &'static str) {
        self.lock().parts.entry(part).or_default();
        telemetry::failing(part, false);
    }

    /// Notes that a part failed; it is said in the log if that is news.
    pub(crate) fn failed(&self, part: &'static str, error: NotifyError) {
        telemetry::failing(part, true);
        let short = error.in_short();
        let passes = error.is_transient();
        let error = anyhow::Error::from(error);
        let cause = error.root_cause().to_string();
        let mut known = self.lock();
        let before = known.parts.entry(part).or_default();
        let news = before.as_ref().is_none_or(|known| known.cause != cause);
        let last = Instant::now();
        *before = Some(Failure { short, cause, last });
        drop(known);
        match (news, passes) {
            (false, _) => {}
            (true, true) => tracing::warn!(
                part,
                "the notifications' part {part} failed, and is tried again: {error:#}"
            ),
            (true, false) => tracing::error!(
                part,
                "the notifications' part {part} failed, and is tried again: {error:#}"
            ),
        }
    }

    /// Notes that a part got on.
    pub(crate) fn works(&self, part: &'static str) {
        if self.lock().parts.entry(part).or_default().take().is_some() {
            telemetry::failing(part, false);
            tracing::info!(part, "the notifications' part {part} works again");
        }
    }

    /// Forgets the failures that do not count any more.
    pub(crate) fn forget_old(&self) {
        for (part, failure) in &mut self.lock().parts {
            let old = |failure: &mut Failure| failure.last.elapsed() >= COUNTS_FOR;
            if failure.take_if(old).is_some() {
                telemetry::failing(part, false);
            }
        }
    }

    /// Notes how much is left undone.
    pub(crate) fn is_left(&self, backlog: Backlog) {
        telemetry::backlog(&backlog);
        self.lock().backlog = Some(backlog);
    }

    /// Begins to tell of who hands e-mail over.
    pub(crate) fn sends_by(&self, sender: EmailSender) {
        self.lock().email = Some(sender);
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        // Nothing in here panics half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `/notifications`: how the parts do, and what is left undone. That is no matter of readiness, as the
/// process can take traffic all the same.
pub(crate) fn router(status: Status) -> Router {
    Router::new()
        .route("/notifications", get(now))
        .with_state(status)
}

async fn now(extract::State(status): extract::State<Status>) -> Json<serde_json::Value> {
    let (backlog, email) = {
        let known = status.lock();
        let email = known.email.as_ref().map(EmailSender::circuit);
        (known.backlog.unwrap_or_default(), email)
    };
    let participants: Vec<_> = email
        .map(|circuit| serde_json::json!({"name": "email", "circuit": circuit}))
        .into_iter()
        .collect();
    Json(serde_json::json!({
        "parts": status.parts(),
        "participants": participants,
        "due": {"webhook": backlog.due_webhooks, "email": backlog.due_emails},
        "failed": {"webhook": backlog.failed_webhooks, "email": backlog.failed_emails},
        "endpoints_disabled": {
            "failing": backlog.failing_endpoints,
            "gone": backlog.gone_endpoints,
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    #[tokio::test(start_paused = true)]
    async fn a_failure_counts_until_the_part_works_or_was_not_heard_of_for_long() {
        let status = Status::default();
        status.watch("reader");
        assert!(!status.parts()[0].failing);
        status.failed("reader", NotifyError::Fenced);
        let parts = status.parts();
        assert!(parts[0].failing);
        assert_eq!(parts[0].reason, Some(NotifyError::Fenced.to_string()));
        status.works("reader");
        assert!(!status.parts()[0].failing);

        status.failed("reader", NotifyError::Fenced);
        advance(COUNTS_FOR / 2).await;
        status.failed("reader", NotifyError::Fenced);
        advance(COUNTS_FOR * 3 / 4).await;
        assert!(status.parts()[0].failing);
        advance(COUNTS_FOR / 2).await;
        assert!(!status.parts()[0].failing);
        assert_eq!(status.parts().len(), 1, "it is still told of");
    }
}
