//! What a leader does about what is parked, beside its other work.

use super::{
    RunError, Step,
    replay::{Outcome, Replay},
};
use crate::{
    parking::{Lot, ParkedSequence},
    projection::Projection,
    storage::{ReadModelError, ReadModels},
};
use bus::Feed;
use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How often the leader looks what operators ask for, while anything is parked.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How many events are read at once where nothing else is to be done.
const PAGE: usize = 1_024;

/// For how long a projection that halts begins to try again what is due, before it says that it halts.
const BEFORE_HALT: Duration = Duration::from_secs(5);

/// What this process has tried: by sequence, the event that stopped it then. Each is tried once by itself, as
/// the process may be of another build than the one that parked it.
#[derive(Debug, Default)]
pub(super) struct Tried(Mutex<HashSet<(String, Uuid)>>);

impl Tried {
    /// It was tried.
    pub(super) fn add(&self, sequence: &str, event_id: Uuid) {
        self.tried().insert((sequence.to_owned(), event_id));
    }

    fn has(&self, parked: &ParkedSequence) -> bool {
        let tried = self.tried();
        !tried.is_empty() && tried.contains(&(parked.sequence.clone(), parked.stop.event_id))
    }

    /// Forgets what is not parked any more.
    fn retain<P: Projection>(&self, lot: &Lot<P>) {
        self.tried().retain(|(sequence, event_id)| {
            let parked = lot.get(sequence);
            parked.is_some_and(|parked| parked.stop.event_id == *event_id)
        });
    }

    fn tried(&self) -> MutexGuard<'_, HashSet<(String, Uuid)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is tried again, and what is to be.
pub(super) struct Upkeep<'a, P: Projection> {
    /// The one that is tried again.
    replay: Option<Replay<P>>,
    tried: &'a Tried,
    /// Those whose rows the database refused, at which revision: until somebody asks, they are not due.
    refused: HashMap<String, i32>,
    looked: Instant,
}

impl<'a, P: Projection> Upkeep<'a, P> {
    pub(super) fn new(lot: &Lot<P>, tried: &'a Tried) -> Self {
        tried.retain(lot);
        Self {
            replay: None,
            tried,
            refused: HashMap::new(),
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
        let outcome = match replay.advance(feed, step, page).await {
            // What it makes of one row must not halt the others.
            Err(error) if is_refused(&error) => {
                refused::<P>(&replay.parked().sequence, &error);
                let stop = replay.give_up(step, &error).await?;
                let sequence = &replay.parked().sequence;
                if let Some(parked) = step.lot().get(sequence) {
                    self.refused.insert(sequence.clone(), parked.revision);
                }
                Outcome::Stops(stop)
            }
            outcome => outcome?,
        };
        let sequence = &replay.parked().sequence;
        match &outcome {
            Outcome::Stops(stop) => self.tried.add(sequence, stop.event_id),
            Outcome::GoesOn | Outcome::StopsFurther | Outcome::Released => {}
        }
        match outcome {
            Outcome::GoesOn => return Ok(()),
            Outcome::StopsFurther => {}
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

    /// Where the projection halts otherwise: tries again what is due, until there is `room`, nothing is due, or
    /// one of `stops`. After a while it begins with no further one.
    pub(super) async fn make_room<R: ReadModels>(
        &mut self,
        feed: &dyn Feed,
        step: &mut Step<P, R>,
        stops: [&CancellationToken; 2],
        has_room: impl Fn(&Lot<P>) -> bool,
    ) -> Result<(), RunError> {
        let began = Instant::now();
        while !has_room(step.lot()) && !stops.iter().any(|stop| stop.is_cancelled()) {
            if !self.is_busy() && began.elapsed() >= BEFORE_HALT {
                break;
            }
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
            let is_refused = self.refused.get(&parked.sequence) == Some(&parked.revision);
            let is_first = parked.stop.behind.is_none() && !self.tried.has(parked);
            !is_refused && (is_first || lot.is_due(parked))
        });
        if let Some(parked) = due {
            self.replay = Some(Replay::new(parked.clone()));
        }
    }
}

fn refused<P: Projection>(sequence: &str, error: &RunError) {
    let error = error as &dyn std::error::Error;
    tracing::error!(
        projection = P::NAME,
        sequence,
        error,
        "the database refuses what {sequence} of {} becomes",
        P::NAME
    );
}

/// Whether the database refuses what a replay reads or writes, and would again.
const fn is_refused(error: &RunError) -> bool {
    matches!(
        error,
        RunError::ReadModels(ReadModelError::Failed { .. } | ReadModelError::Corrupt { .. })
    )
}
