//! Runs one projection over all events, from its checkpoint.

use super::{
    RunError, Step,
    step::Taken,
    upkeep::{Tried, Upkeep},
};
use crate::{
    parking::{Lot, MOST_BEHIND, Poison, Room},
    projection::Projection,
    storage::{Checkpoint, ReadModelError, ReadModels},
};
use bus::Feed;
use domain::Position;
use std::{
    marker::PhantomData,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use store::StoreError;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The bounds of a projection's runtime.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// The most events folded at once.
    pub batch: usize,
    /// How long to wait for events before looking again.
    pub patience: Duration,
    /// The least time between two writes of the checkpoint alone, while events come that are not the
    /// projection's.
    pub idle_checkpoint: Duration,
    /// The most rows kept, so that they need not be read again.
    pub cached_rows: usize,
    /// How often an event that cannot be read or folded is tried again before its sequence is parked.
    pub max_retries: u32,
    /// The most sequences that may be parked; with more the projection halts.
    pub max_parked: usize,
    /// The most rows that may wait behind streams of which an event cannot be read; with more the projection
    /// halts.
    pub max_behind: usize,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            batch: 1_024,
            patience: Duration::from_millis(250),
            idle_checkpoint: Duration::from_millis(250),
            cached_rows: 8_192,
            max_retries: 5,
            max_parked: 100,
            max_behind: MOST_BEHIND,
        }
    }
}

/// How often a leader that has nothing to write looks whether it still leads: who builds anew or rolls back does
/// not wait for the next event.
const STILL_LEADS: Duration = Duration::from_secs(1);

/// How long it waits for new events while it tries a parked sequence again.
const BESIDE_REPLAY: Duration = Duration::from_millis(5);

/// Runs one projection.
pub struct Runner<P, R> {
    feed: Arc<dyn Feed>,
    models: R,
    options: RunOptions,
    /// The event that stopped it last, and how often it did in a row.
    stopped_by: Mutex<(Position, u32)>,
    /// What of that which is parked this process has tried.
    tried: Tried,
    projection: PhantomData<fn() -> P>,
}

impl<P: Projection, R: ReadModels> Runner<P, R> {
    /// A runner of `P`.
    pub fn new(feed: Arc<dyn Feed>, models: R, options: RunOptions) -> Self {
        Self {
            feed,
            models,
            options,
            stopped_by: Mutex::default(),
            tried: Tried::default(),
            projection: PhantomData,
        }
    }

    /// Runs until one of `stops`, as the leader of `leader_epoch`. What it has in hand then is
    /// finished. `well` is called whenever there is nothing wrong.
    pub async fn run(
        &self,
        leader_epoch: i64,
        stops: [&CancellationToken; 2],
        well: impl Fn(),
    ) -> Result<(), RunError> {
        let checkpoint = self.models.take_over::<P>(leader_epoch).await?;
        let store_epoch = self.check_epoch(checkpoint).await?;
        let lot = Lot::new(
            self.models.parking::<P>().await?,
            Room {
                parked: self.options.max_parked,
                behind: self.options.max_behind,
            },
        );
        let mut parked = Upkeep::new(&lot, &self.tried);
        let mut at = checkpoint.at;
        let cached = self.options.cached_rows;
        let models = self.models.clone();
        let mut step =
            Step::<P, R>::new(models, leader_epoch, store_epoch, at, cached, lot).traced();
        let mut written = Instant::now();
        let mut led = Instant::now();
        loop {
            let began = Instant::now();
            let patience = match parked.is_busy() {
                true => BESIDE_REPLAY,
                false => self.patience(at.position, &step),
            };
            let events = tokio::select! {
                biased;
                () = stops[0].cancelled() => return Ok(()),
                () = stops[1].cancelled() => return Ok(()),
                events = self.feed.next(at, self.options.batch, patience) => {
                    events.map_err(|error| rewound::<P>(error, store_epoch))?
                }
            };
            if events.is_empty() && led.elapsed() >= STILL_LEADS {
                led = Instant::now();
                self.check_lead(leader_epoch).await?;
            }
            let due = written.elapsed() >= self.options.idle_checkpoint;
            let taken = step.take(events.iter().map(AsRef::as_ref), at, due).await?;
            at = taken.to;
            if taken.is_written {
                written = Instant::now();
                counted::<P>(&taken, began);
            }
            let feed = self.feed.as_ref();
            // Where it would halt, what is parked goes on all the same: that may be what helps.
            if let Some(poison) = taken.poison {
                let attempts = self.stopped(&poison)?;
                parked
                    .make_room(feed, &mut step, stops, Lot::has_room)
                    .await?;
                self.park(&mut step, &poison, attempts).await?;
                at = step.bookmark();
            }
            if taken.is_full {
                let has_room = |lot: &Lot<P>| lot.room_behind() > 0;
                parked.make_room(feed, &mut step, stops, has_room).await?;
                if !has_room(step.lot()) {
                    return Err(RunError::TooMuchWaits { name: P::NAME });
                }
            }
            parked.go_on(feed, &mut step, self.options.batch).await?;
            well();
            if taken.events > 0 && events.len() < self.options.batch {
                // What comes until then is folded together.
                sleep_until(began + P::PACE).await;
            }
        }
    }

    /// An event stops the projection: it is an error, until it was tried often enough. How often it was.
    fn stopped(&self, poison: &Poison<P>) -> Result<u32, RunError> {
        let attempts = {
            let mut stopped_by = self
                .stopped_by
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let (position, attempts) = &mut *stopped_by;
            if *position != poison.position() {
                (*position, *attempts) = (poison.position(), 0);
            }
            *attempts = attempts.saturating_add(1);
            *attempts
        };
        match attempts > self.options.max_retries {
            true => Ok(attempts),
            false => Err(poison.error.clone().into()),
        }
    }

    /// The sequence of an event that was tried `attempts` times is parked, and the others go on.
    async fn park(
        &self,
        step: &mut Step<P, R>,
        poison: &Poison<P>,
        attempts: u32,
    ) -> Result<(), RunError> {
        step.park(poison, i32::try_from(attempts).unwrap_or(i32::MAX))
            .await?;
        self.tried.add(&poison.sequence, poison.stop.event_id);
        metrics::counter!("projection_parked_total", "projection" => P::NAME).increment(1);
        tracing::error!(
            projection = P::NAME,
            sequence = poison.sequence,
            stream = poison.stop.place.stream,
            version = poison.stop.place.version,
            position = poison.stop.place.position,
            error = poison.stop.error,
            "{} is parked in {}: the others go on",
            poison.sequence,
            P::NAME,
        );
        Ok(())
    }

    /// An error if somebody else leads. That this cannot be found out is none.
    async fn check_lead(&self, leader_epoch: i64) -> Result<(), RunError> {
        match self.models.leads::<P>(leader_epoch).await {
            Ok(false) => Err(ReadModelError::Fenced(P::NAME).into()),
            Ok(true) | Err(_) => Ok(()),
        }
    }

    /// How long to wait for events: not long while the stored checkpoint is behind.
    fn patience(&self, position: Position, step: &Step<P, R>) -> Duration {
        match position > step.stored() {
            true => self.options.patience.min(self.options.idle_checkpoint),
            false => self.options.patience,
        }
    }

    /// The store's epoch, if the checkpoint is of this store.
    async fn check_epoch(&self, checkpoint: Checkpoint) -> Result<Uuid, RunError> {
        let head = self.feed.head().await?;
        let other = checkpoint
            .store_epoch
            .is_some_and(|epoch| epoch != head.epoch);
        if other || head.position < checkpoint.at.position {
            return Err(RunError::Rewound {
                name: P::NAME,
                position: checkpoint.at.position,
                checkpoint: checkpoint.store_epoch,
                store: head.epoch,
                head: head.position,
            });
        }
        Ok(head.epoch)
    }
}

/// Says which projection it was that had read what the store does not have any more.
fn rewound<P: Projection>(error: StoreError, store: Uuid) -> RunError {
    match error {
        StoreError::Rewound { checkpoint, head } => RunError::Rewound {
            name: P::NAME,
            position: checkpoint,
            checkpoint: Some(store),
            store,
            head,
        },
        error => error.into(),
    }
}

fn counted<P: Projection>(taken: &Taken<P>, began: Instant) {
    metrics::counter!("projection_events_total", "projection" => P::NAME)
        .increment(taken.events as u64);
    metrics::counter!("projection_rows_total", "projection" => P::NAME)
        .increment(taken.rows as u64);
    metrics::histogram!("projection_batch_seconds", "projection" => P::NAME)
        .record(began.elapsed().as_secs_f64());
}
