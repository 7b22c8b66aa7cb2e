//! The lane's loop: drain, attempt, try again within bounds.

use super::{
    LaneError, LaneOptions, LaneWork,
    batch::{Pending, attempt},
    cache::StateCache,
    draft::Draft,
    intake::Intake,
};
use crate::EventStore;
use std::{mem, time::Duration};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// The first wait after the store could not be reached; it doubles up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(10);
const LONGEST_WAIT: Duration = Duration::from_millis(500);

pub(super) async fn run(work: LaneWork, stop: CancellationToken) {
    let LaneWork {
        jobs,
        store,
        options,
        mut cache,
    } = work;
    let mut intake = Intake::new(jobs, &options);
    loop {
        if intake.is_empty() {
            tokio::select! {
                biased;
                some = intake.first() => {
                    if !some {
                        return;
                    }
                }
                () = stop.cancelled(), if !intake.is_closed() => {
                    // Nobody may queue any more; what is queued is still done.
                    intake.close();
                    continue;
                }
            }
        }
        let (draft, batch) = intake.next_batch();
        metrics::histogram!("lane_batch_commands").record((draft.len() + batch.len()) as f64);
        metrics::gauge!("lane_queue_depth").set(intake.depth() as f64);
        settle(
            store.as_ref(),
            &mut cache,
            &options,
            draft,
            batch,
            &mut intake,
        )
        .await;
    }
}

/// Attempts a batch until every command of it is answered.
async fn settle(
    store: &dyn EventStore,
    cache: &mut StateCache,
    options: &LaneOptions,
    mut draft: Draft,
    batch: Vec<Pending>,
    intake: &mut Intake,
) {
    let mut left = batch;
    let deadline = Instant::now() + options.patience;
    let mut wait = FIRST_WAIT;
    while !left.is_empty() || draft.len() > 0 {
        let (again, error) = attempt(store, cache, &mut draft, left, intake).await;
        left = again;
        match error {
            None => {
                if !left.is_empty() {
                    metrics::counter!("lane_conflicts_total").increment(left.len() as u64);
                }
                left = give_up(left, options.max_attempts);
            }
            Some(error) if error.is_transient() && Instant::now() + wait < deadline => {
                tracing::warn!(%error, source = ?std::error::Error::source(&error), commands = left.len(), "appending again");
                sleep(wait).await;
                wait = LONGEST_WAIT.min(wait * 2);
            }
            Some(error) => {
                tracing::error!(%error, source = ?std::error::Error::source(&error), commands = left.len(), "commands failed");
                let error: LaneError = LaneError::from(error);
                left.extend(mem::take(&mut draft).undone());
                for pending in left.drain(..) {
                    pending.answer(Err(error.clone()));
                }
            }
        }
    }
}

/// Answers the commands that lost every race so far, and keeps the others.
fn give_up(left: Vec<Pending>, max_attempts: u32) -> Vec<Pending> {
    let (spent, left): (Vec<_>, Vec<_>) = left
        .into_iter()
        .partition(|pending| pending.attempts >= max_attempts);
    for pending in spent {
        pending.answer(Err(LaneError::Contended));
    }
    left
}
