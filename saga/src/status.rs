//! Which parts of the sagas fail, for health, metrics and the log.

use crate::telemetry;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// How long a failure counts that did not come again. A part that failed here may be led by another
/// process since, so that nothing tells whether it would work here.
const COUNTS_FOR: Duration = Duration::from_secs(60);

struct Failure {
    reason: String,
    last: Instant,
}

/// Which parts of the sagas fail, and why. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Failing(Arc<Mutex<BTreeMap<&'static str, Failure>>>);

impl Failing {
    /// Begins to tell of a part.
    pub(crate) fn watch(&self, part: &'static str) {
        telemetry::failing(part, false);
    }

    /// Notes that a part failed; says whether that is news.
    pub(crate) fn failed(&self, part: &'static str, reason: String) -> bool {
        let last = Instant::now();
        let known = self.failures().insert(
            part,
            Failure {
                reason: reason.clone(),
                last,
            },
        );
        telemetry::failing(part, true);
        known.is_none_or(|known| known.reason != reason)
    }

    /// Notes that a part got on.
    pub(crate) fn works(&self, part: &'static str) {
        if self.failures().remove(part).is_some() {
            telemetry::failing(part, false);
            tracing::info!(part, "the sagas' part {part} works again");
        }
    }

    /// Says what fails now, if something does.
    pub(crate) fn verdict(&self) -> Result<(), String> {
        let mut failures = self.failures();
        failures.retain(|part, failure| {
            let counts = failure.last.elapsed() < COUNTS_FOR;
            if !counts {
                telemetry::failing(part, false);
            }
            counts
        });
        match failures.iter().next() {
            None => Ok(()),
            Some((part, failure)) => Err(format!("{part}: {}", failure.reason)),
        }
    }

    fn failures(&self) -> MutexGuard<'_, BTreeMap<&'static str, Failure>> {
        // Nothing in here panics half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    #[tokio::test(start_paused = true)]
    async fn a_failure_counts_until_the_part_works_or_was_not_heard_of_for_long() {
        let failing = Failing::default();
        assert_eq!(failing.verdict(), Ok(()));
        assert!(failing.failed("order", "down".into()));
        assert!(!failing.failed("order", "down".into()), "no news");
        assert!(failing.failed("order", "fenced".into()));
        assert_eq!(failing.verdict(), Err("order: fenced".into()));
        failing.works("payment");
        assert!(failing.verdict().is_err());
        failing.works("order");
        assert_eq!(failing.verdict(), Ok(()));

        failing.failed("order", "down".into());
        advance(COUNTS_FOR / 2).await;
        failing.failed("order", "down".into());
        advance(COUNTS_FOR * 3 / 4).await;
        assert_eq!(failing.verdict(), Err("order: down".into()));
        advance(COUNTS_FOR / 2).await;
        assert_eq!(failing.verdict(), Ok(()));
    }
}
