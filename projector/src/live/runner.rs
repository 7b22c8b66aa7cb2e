//! Runs one projection over all events, from its checkpoint.

use super::{RunError, Step, spans};
use crate::{
    projection::{Projection, stops_at},
    storage::{Checkpoint, ReadModels},
};
use bus::Feed;
use domain::{Position, Recorded};
use std::{marker::PhantomData, sync::Arc, time::Duration};
use store::{Bookmark, Delivered, StoreError};
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
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            batch: 1_024,
            patience: Duration::from_millis(250),
            idle_checkpoint: Duration::from_millis(250),
            cached_rows: 8_192,
        }
    }
}

/// Runs one projection.
pub struct Runner<P, R> {
    feed: Arc<dyn Feed>,
    models: R,
    options: RunOptions,
    projection: PhantomData<fn() -> P>,
}

impl<P: Projection, R: ReadModels> Runner<P, R> {
    /// A runner of `P`.
    pub fn new(feed: Arc<dyn Feed>, models: R, options: RunOptions) -> Self {
        Self {
            feed,
            models,
            options,
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
        let mut at = checkpoint.at;
        let cached = self.options.cached_rows;
        let models = self.models.clone();
        let mut step = Step::<P, R>::new(models, leader_epoch, store_epoch, at.position, cached);
        let mut written = Instant::now();
        loop {
            let began = Instant::now();
            let patience = self.patience(at.position, &step);
            let events = tokio::select! {
                biased;
                () = stops[0].cancelled() => return Ok(()),
                () = stops[1].cancelled() => return Ok(()),
                events = self.feed.next(at, self.options.batch, patience) => {
                    events.map_err(|error| rewound::<P>(error, store_epoch))?
                }
            };
            let (mine, readable, broken) = sort::<P>(&events);
            at = readable.unwrap_or(at);
            let due = written.elapsed() >= self.options.idle_checkpoint;
            if !mine.is_empty() || (at.position > step.stored() && (due || broken.is_some())) {
                self.fold(&mut step, &mine, at).await?;
                written = Instant::now();
                metrics::histogram!("projection_batch_seconds", "projection" => P::NAME)
                    .record(began.elapsed().as_secs_f64());
            }
            if let Some(error) = broken {
                return Err(error);
            }
            well();
            if !mine.is_empty() && events.len() < self.options.batch {
                // What comes until then is folded together.
                sleep_until(began + P::PACE).await;
            }
        }
    }

    /// How long to wait for events: not long while the stored checkpoint is behind.
    fn patience(&self, position: Position, step: &Step<P, R>) -> Duration {
        match position > step.stored() {
            true => self.options.patience.min(self.options.idle_checkpoint),
            false => self.options.patience,
        }
    }

    /// Folds what can be folded: if an event cannot, then those before it.
    async fn fold(
        &self,
        step: &mut Step<P, R>,
        events: &[&Recorded],
        to: Bookmark,
    ) -> Result<(), RunError> {
        let folding = spans::folding(P::NAME, events);
        let taken = step.take(events, to).await;
        spans::folded(folding, &taken);
        let rows = match taken {
            Err(RunError::Unfoldable(error)) => {
                let broken = error.envelope.position;
                let before = events.partition_point(|event| event.envelope.position < broken);
                if let Some(last) = events[..before].last() {
                    let to = Bookmark::at(&last.envelope);
                    step.take(&events[..before], to).await?;
                }
                return Err(error.into());
            }
            other => other?,
        };
        metrics::counter!("projection_events_total", "projection" => P::NAME)
            .increment(events.len() as u64);
        metrics::counter!("projection_rows_total", "projection" => P::NAME).increment(rows as u64);
        Ok(())
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

/// The projection's events before the first that stops it, up to where that is, and what is wrong
/// with the one that stops it.
fn sort<P: Projection>(
    events: &[Arc<Delivered>],
) -> (Vec<&Recorded>, Option<Bookmark>, Option<RunError>) {
    let mut mine = Vec::with_capacity(events.len());
    let mut readable = None;
    for event in events {
        match event.as_ref() {
            Ok(event) => {
                readable = Some(Bookmark::at(&event.envelope));
                if P::key(event).is_some() {
                    mine.push(event);
                }
            }
            Err(error) if stops_at::<P>(error.source.event_type()) => {
                return (mine, readable, Some(error.clone().into()));
            }
            Err(error) => readable = Some(Bookmark::at(&error.envelope)),
        }
    }
    (mine, readable, None)
}
