//! The task that looks how far store and read models are.

use super::{
    Freshness, Projection,
    completeness::{Age, Heads},
    observation::{Checkpoint, Observation},
};
use crate::{
    database::{Column, Database, ReadError},
    sql::Sql,
};
use chrono::{DateTime, Utc};
use domain::Position;
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use store::{Clock, EventReader, StoreError};
use tokio::{
    sync::Notify,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// The pauses between looks at the checkpoints while somebody waits: from, doubling, to.
const WAITED_FOR: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(20));
/// The pause while somebody reads.
const READ: Duration = Duration::from_millis(50);
/// The pause while nobody does.
const IDLE: Duration = Duration::from_millis(500);
/// How long after the last read somebody still reads.
const STILL_READ: Duration = Duration::from_secs(2);
/// How long to wait for the head; and for how long to leave a store alone that did not answer.
const HEAD_PATIENCE: Duration = Duration::from_secs(1);
const HEAD_PAUSE: Duration = Duration::from_secs(3);
/// How often the store is asked when an old event was recorded.
const ASK_AGE: Duration = Duration::from_secs(1);

/// What is looked at.
pub(crate) struct FreshnessParts {
    /// The read models; a connection that nobody else takes.
    pub database: Database,
    /// The event store.
    pub reader: Arc<dyn EventReader>,
    /// Notified whenever a projection in this process has moved, where there is one.
    pub moved: Option<Arc<Notify>>,
}

impl FreshnessParts {
    /// Looks, and tells `freshness`, until `stop`.
    pub(crate) async fn watch(self, freshness: Freshness, stop: CancellationToken) {
        let mut watcher = Watcher {
            parts: self,
            freshness,
            heads: Heads::default(),
            next_head: Instant::now(),
            asked_age: [None; Projection::ALL.len()],
            failing: [false; 2],
        };
        let _ = stop.run_until_cancelled(watcher.run()).await;
    }
}

struct Watcher {
    parts: FreshnessParts,
    freshness: Freshness,
    heads: Heads,
    next_head: Instant,
    asked_age: [Option<Instant>; Projection::ALL.len()],
    /// Whether store and read models could not be looked at last time.
    failing: [bool; 2],
}

impl Watcher {
    async fn run(&mut self) {
        let mut patience = WAITED_FOR.0;
        loop {
            let moved = self.look().await;
            let shared = self.freshness.0.clone();
            if shared.waiting.load(Ordering::SeqCst) > 0 {
                patience = match moved {
                    true => WAITED_FOR.0,
                    false => WAITED_FOR.1.min(patience * 2),
                };
                tokio::select! {
                    biased;
                    () = shared.wanted.notified() => patience = WAITED_FOR.0,
                    () = signalled(self.parts.moved.as_deref()) => {}
                    () = sleep(patience) => {}
                }
            } else {
                patience = WAITED_FOR.0;
                tokio::select! {
                    biased;
                    () = shared.wanted.notified() => {}
                    () = sleep(self.leisure()) => {}
                }
            }
        }
    }

    /// How long to pause when nobody waits.
    fn leisure(&self) -> Duration {
        let asked_at = *self.freshness.asked_at();
        match asked_at {
            Some(asked_at) if asked_at.elapsed() < STILL_READ => READ,
            _ => IDLE,
        }
    }

    /// Looks at everything that is due; says whether a projection has moved.
    async fn look(&mut self) -> bool {
        let mut seen = self.freshness.0.seen.borrow().clone();
        // The head first: what the checkpoints have reached of it afterwards is certain.
        if Instant::now() >= self.next_head {
            self.look_at_head(&mut seen).await;
        }
        let before = seen.checkpoints;
        match self.checkpoints().await {
            Ok(checkpoints) => {
                self.recovered(1, "the read models' checkpoints can be read again");
                for projection in Projection::ALL {
                    let at = projection as usize;
                    if checkpoints[at] != before[at] && !has_advanced(before[at], checkpoints[at]) {
                        // Made anew, or rolled back: nothing that was known of it holds.
                        seen.complete_until[at] = None;
                        self.asked_age[at] = None;
                    }
                }
                seen.checkpoints = checkpoints;
            }
            Err(error) => self.failed(1, "the read models' checkpoints cannot be read", &error),
        }
        for projection in Projection::ALL {
            self.judge(projection, &mut seen).await;
        }
        let moved = seen.checkpoints != before;
        self.freshness.0.seen.send_replace(seen);
        moved
    }

    async fn look_at_head(&mut self, seen: &mut Observation) {
        let (began, asked_at) = (Instant::now(), self.now());
        let head = timeout(HEAD_PATIENCE, self.parts.reader.head()).await;
        let head = head.unwrap_or_else(|elapsed| Err(StoreError::Unavailable(elapsed.into())));
        match head {
            Ok(head) => {
                self.recovered(0, "the event store's head can be read again");
                self.heads.saw(head, asked_at);
                seen.head = Some((head, began));
                self.next_head = began + READ;
            }
            Err(error) => {
                self.failed(0, "the event store's head cannot be read", &error);
                self.next_head = Instant::now() + HEAD_PAUSE;
            }
        }
    }

    async fn checkpoints(&self) -> Result<[Option<Checkpoint>; Projection::ALL.len()], ReadError> {
        const TABLE: &str = "checkpoint";
        let sql = Sql::new(include_str!("checkpoints.sql"));
        let rows = self.parts.database.fetch(sql).await?;
        let mut checkpoints = [None; Projection::ALL.len()];
        for row in &rows {
            let Some(projection) = Projection::named(row.column(TABLE, 0)?) else {
                // One that is not read here, or that is being built anew.
                continue;
            };
            checkpoints[projection as usize] = Some(Checkpoint {
                position: Position::new(row.column(TABLE, 1)?),
                epoch: row.column(TABLE, 2)?,
            });
        }
        Ok(checkpoints)
    }

    /// Finds out up to when `projection` is complete.
    async fn judge(&mut self, projection: Projection, seen: &mut Observation) {
        let at = projection as usize;
        let checkpoint = seen.checkpoint(projection).unwrap_or_default();
        seen.complete_until[at] = match self.heads.age(checkpoint) {
            Age::CompleteUntil(until) => Some(until),
            Age::Unknown => None,
            Age::BehindSince(position, oldest) => {
                let asked = self.asked_age[at];
                if asked.is_some_and(|asked| asked.elapsed() < ASK_AGE) {
                    // It can only have come nearer since.
                    seen.complete_until[at]
                } else {
                    self.asked_age[at] = Some(Instant::now());
                    let recorded = self.recorded_after(position).await;
                    recorded
                        .map(|recorded| recorded.min(oldest))
                        .or(seen.complete_until[at])
                }
            }
        };
        if let Some(until) = seen.complete_until[at] {
            let lag = (self.now() - until).as_seconds_f64().max(0.0);
            metrics::gauge!("query_read_model_lag_seconds", "projection" => projection.name())
                .set(lag);
        }
    }

    /// When the first event after `position` was recorded.
    async fn recorded_after(&self, position: Position) -> Option<DateTime<Utc>> {
        let next = self.parts.reader.read_all(position, 1);
        match timeout(HEAD_PATIENCE, next).await {
            Ok(Ok(events)) => events.first().map(|event| event.envelope.recorded_at),
            // What was known before is older, and true.
            Ok(Err(_)) | Err(_) => None,
        }
    }

    fn now(&self) -> DateTime<Utc> {
        let clock: &dyn Clock = self.freshness.0.clock.as_ref();
        clock.now()
    }

    fn failed(&mut self, what: usize, said: &'static str, error: &dyn std::error::Error) {
        if !std::mem::replace(&mut self.failing[what], true) {
            let cause = error.source().map(ToString::to_string);
            tracing::warn!(%error, cause, "{said}");
        }
    }

    fn recovered(&mut self, what: usize, said: &'static str) {
        if std::mem::replace(&mut self.failing[what], false) {
            tracing::info!("{said}");
        }
    }
}

fn has_advanced(before: Option<Checkpoint>, after: Option<Checkpoint>) -> bool {
    match (before, after) {
        (Some(before), Some(after)) => {
            before.position <= after.position
                && (before.epoch.is_none() || before.epoch == after.epoch)
        }
        (None, Some(_)) => true,
        (_, None) => false,
    }
}

/// Waits for a projection of this process to move; for ever, if there is none.
async fn signalled(moved: Option<&Notify>) {
    match moved {
        Some(moved) => moved.notified().await,
        None => std::future::pending().await,
    }
}
