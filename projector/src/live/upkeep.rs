//! What a leader does about what is parked, beside its other work.

use super::{
    RunError, Step,
    replay::{Outcome, Replay},
};
use crate::{parking::Lot, projection::Projection, storage::ReadModels};
use bus::Feed;
use std::{collections::BTreeSet, time::Duration};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How often the leader looks what operators ask for, while anything is parked.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How many events are read at once where nothing else is to be done.
const PAGE: usize = 1_024;

/// What is tried again, and what is to be.
pub(super) struct Upkeep<P: Projection> {
    /// The one that is tried again.
    replay: Option<Replay<P>>,
    /// Those that this process has not tried yet.
    untried: BTreeSet<String>,
    looked: Instant,
}

impl<P: Projection> Upkeep<P> {
    pub(super) fn new(lot: &Lot<P>, tries_all: bool) -> Self {
        let untried = lot.sequences().filter(|_| tries_all);
        Self {
            replay: None,
            untried: untried.map(|parked| parked.sequence.clone()).collect(),
            looked: Instant::now(),
        }
    }

    pub(super) fn is_busy(&self) -> bool {
        self.replay.is_some()
    }

    /// Tries again by a page what is due.
    pub(super) async fn go_on<R: ReadModels>(
        &mut self,
        feed: &dyn Feed,
        step: &mut Step<P, R>,
        page: usize,
    ) -> Result<(), RunError> {
        if step.lot().is_empty() {
            self.replay = None;
            return Ok(());
        }
        if self.looked.elapsed() >= LOOK_EVERY {
            self.looked = Instant::now();
            step.read_lot().await?;
        }
        self.choose(step.lot());
        let Some(replay) = &mut self.replay else {
            return Ok(());
        };
        let outcome = replay.advance(feed, step, page).await?;
        let sequence = &replay.parked().sequence;
        match outcome {
            Outcome::GoesOn => return Ok(()),
            Outcome::Released => tracing::info!(
                projection = P::NAME,
                sequence,
                "{sequence} is parked in {} no more",
                P::NAME
            ),
            Outcome::Stops(stop) => tracing::warn!(
                projection = P::NAME,
                sequence,
                position = stop.place.position,
                error = stop.error,
                "{sequence} was tried again in {}, and stays parked",
                P::NAME
            ),
        }
        self.replay = None;
        Ok(())
    }

    /// Tries again what is due, until nothing is, or until one of `stops`.
    pub(super) async fn go_on_while_due<R: ReadModels>(
        &mut self,
        feed: &dyn Feed,
        step: &mut Step<P, R>,
        stops: [&CancellationToken; 2],
    ) -> Result<(), RunError> {
        while !step.lot().is_empty() && !stops.iter().any(|stop| stop.is_cancelled()) {
            self.go_on(feed, step, PAGE).await?;
            self.choose(step.lot());
            if !self.is_busy() {
                break;
            }
        }
        Ok(())
    }

    /// The one that is tried goes on, unless somebody has said something of it since; else the first that
    /// is due.
    fn choose(&mut self, lot: &Lot<P>) {
        let is_still = |replay: &mut Replay<P>| {
            let known = lot.get(&replay.parked().sequence);
            known.is_none_or(|known| known.revision != replay.parked().revision)
        };
        drop(self.replay.take_if(is_still));
        if self.replay.is_some() {
            return;
        }
        let mut sequences = lot.sequences();
        let due = sequences.find(|parked| {
            let first = self.untried.contains(&parked.sequence) && parked.stop.behind.is_none();
            first || lot.is_due(parked)
        });
        if let Some(parked) = due {
            self.untried.remove(&parked.sequence);
            self.replay = Some(Replay::new(parked.clone()));
        }
    }
}
