//! The lane's loop: drain, attempt, try again within bounds.

use super::{
    Job, LaneError, LaneOptions, LaneWork,
    batch::{Pending, attempt},
    cache::StateCache,
};
use crate::EventStore;
use std::{collections::HashSet, time::Duration};
use tokio::{
    sync::mpsc::Receiver,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

/// The first wait after the store could not be reached; it doubles up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(10);
const LONGEST_WAIT: Duration = Duration::from_millis(500);

pub(super) async fn run(work: LaneWork, stop: CancellationToken) {
    let LaneWork {
        mut jobs,
        store,
        options,
        mut cache,
    } = work;
    let mut waiting = Vec::with_capacity(options.max_batch);
    loop {
        if waiting.is_empty() {
            tokio::select! {
                biased;
                received = jobs.recv_many(&mut waiting, options.max_batch) => {
                    if received == 0 {
                        return;
                    }
                }
                () = stop.cancelled(), if !jobs.is_closed() => {
                    // Nobody may queue any more; what is queued is still done.
                    jobs.close();
                    continue;
                }
            }
        } else {
            top_up(&mut jobs, &mut waiting, options.max_batch);
        }
        let batch = next_batch(&mut waiting, &options);
        metrics::histogram!("lane_batch_commands").record(batch.len() as f64);
        metrics::gauge!("lane_queue_depth").set((waiting.len() + jobs.len()) as f64);
        settle(store.as_ref(), &mut cache, &options, batch).await;
    }
}

/// Adds what has been queued meanwhile, without waiting for any.
fn top_up(jobs: &mut Receiver<Job>, waiting: &mut Vec<Job>, max: usize) {
    while waiting.len() < max
        && let Ok(job) = jobs.try_recv()
    {
        waiting.push(job);
    }
}

/// Takes the longest run of `waiting`, from its front, that makes one batch: within the bounds, and
/// no command id twice, so that a repetition finds the record of the first.
fn next_batch(waiting: &mut Vec<Job>, options: &LaneOptions) -> Vec<Pending> {
    let mut ids = HashSet::with_capacity(waiting.len());
    let mut streams = 0;
    let mut batch = Vec::with_capacity(waiting.len());
    let mut rest = Vec::new();
    for job in waiting.drain(..) {
        if !rest.is_empty() || !ids.insert(job.command.id) {
            rest.push(job);
            continue;
        }
        let Some(pending) = Pending::new(job) else {
            continue;
        };
        streams += pending.streams.len();
        if streams > options.max_batch_streams && !batch.is_empty() {
            rest.push(pending.job);
        } else {
            batch.push(pending);
        }
    }
    *waiting = rest;
    batch
}

/// Attempts a batch until every command of it is answered.
async fn settle(
    store: &dyn EventStore,
    cache: &mut StateCache,
    options: &LaneOptions,
    batch: Vec<Pending>,
) {
    let mut left = batch;
    let deadline = Instant::now() + options.patience;
    let mut wait = FIRST_WAIT;
    while !left.is_empty() {
        let (again, error) = attempt(store, cache, left).await;
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
