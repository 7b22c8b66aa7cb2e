//! One step: what a run of events makes of the rows, written with the checkpoint.

use super::{RunError, cache::Cache, spans};
use crate::{
    batch::{Batch, Unfoldable},
    parking::{Lot, ParkingChange, Poison, Sorted, sort},
    projection::Projection,
    storage::{Change, Commit, KeyOf, ReadModels},
};
use domain::{EventId, Position, Recorded};
use store::{Bookmark, Delivered};
use uuid::Uuid;

/// What a leader needs to take steps.
pub(crate) struct Step<P: Projection, R> {
    models: R,
    leader_epoch: i64,
    store_epoch: Uuid,
    /// The checkpoint as it is stored.
    stored: Bookmark,
    cache: Cache<P>,
    /// What is parked, as it is stored.
    lot: Lot<P>,
    /// Whether folds show in traces.
    traced: bool,
}

/// What a step has done.
pub(crate) struct Taken<P: Projection> {
    /// How many events were folded.
    pub(crate) events: usize,
    /// How many rows changed.
    pub(crate) rows: usize,
    /// Whether anything was written.
    pub(crate) is_written: bool,
    /// Up to where all events are dealt with.
    pub(crate) to: Bookmark,
    /// What stops it there.
    pub(crate) poison: Option<Poison<P>>,
    /// What stops it there is that more rows would wait behind parked streams than may.
    pub(crate) is_full: bool,
}

impl<P: Projection, R: ReadModels> Step<P, R> {
    pub(crate) fn new(
        models: R,
        leader_epoch: i64,
        store_epoch: Uuid,
        stored: Bookmark,
        cached_rows: usize,
        lot: Lot<P>,
    ) -> Self {
        Self {
            models,
            leader_epoch,
            store_epoch,
            stored,
            cache: Cache::new(cached_rows),
            lot,
            traced: false,
        }
    }

    /// The same, and folds show in traces.
    pub(crate) fn traced(mut self) -> Self {
        self.traced = true;
        self
    }

    /// The checkpoint as it is stored.
    pub(crate) const fn stored(&self) -> Position {
        self.stored.position
    }

    /// The same with the event that is there.
    pub(crate) const fn bookmark(&self) -> Bookmark {
        self.stored
    }

    /// What is parked.
    pub(crate) const fn lot(&self) -> &Lot<P> {
        &self.lot
    }

    /// Reads again what is parked: operators have their word in it. What is skipped is only read where any of
    /// it is new.
    pub(crate) async fn read_lot(&mut self) -> Result<(), RunError> {
        let sequences = self.models.parked_sequences::<P>().await?;
        if self.lot.knows(&sequences) {
            self.lot.with_sequences(sequences);
            return Ok(());
        }
        let parking = self.models.parking::<P>().await?;
        self.lot = Lot::new(parking, self.lot.room());
        Ok(())
    }

    /// Folds what can be folded of `events`, which follow on `from`, and has those wait that are of parked
    /// sequences. What stops it, if anything does, is where `to` ends. Nothing is written where nothing is
    /// the projection's, unless `due`.
    pub(crate) async fn take<'a>(
        &mut self,
        events: impl Iterator<Item = &'a Delivered> + Clone,
        from: Bookmark,
        due: bool,
    ) -> Result<Taken<P>, RunError> {
        let sorted = sort(events.clone(), from, &self.lot);
        let spans = match self.traced {
            true => spans::folding(P::NAME, &sorted.mine),
            false => vec![],
        };
        let folded = self.fold(sorted, due).await;
        spans::folded(spans, &folded);
        let error = match folded {
            Err(Stopped::At(error)) => error,
            other => return other.map_err(Stopped::into_error),
        };
        // What can be folded before it; then that one is to be seen to.
        let position = error.envelope.position;
        let before = events
            .clone()
            .take_while(|event| position_of(event) < position);
        let sorted = sort(before, from, &self.lot);
        let after = sorted.to.position;
        let taken = self.fold(sorted, true).await;
        let taken = taken.map_err(Stopped::into_error)?;
        let mut readable = events.filter_map(|event| event.as_ref().ok());
        let event = readable.find(|event| event.envelope.position == position);
        let Some((event, key)) = event.and_then(|event| Some((event, P::key(event)?))) else {
            return Err(error.into());
        };
        let poison = Some(Poison::unfoldable(event, key, error, after));
        Ok(Taken {
            poison,
            is_full: false,
            ..taken
        })
    }

    /// Folds what was sorted, and writes what becomes of the rows.
    async fn fold(&mut self, sorted: Sorted<'_, P>, due: bool) -> Result<Taken<P>, Stopped> {
        let Sorted {
            mine,
            to,
            changes,
            poison,
            is_full,
        } = sorted;
        let is_late = to.position > self.stored.position && (due || poison.is_some() || is_full);
        let is_written = !mine.is_empty() || !changes.is_empty() || is_late;
        let events = mine.len();
        let mut count = 0;
        if is_written {
            let mut batch = Batch::<P>::new(self.rows(&mine).await?);
            for event in mine {
                if let Some(key) = P::key(event) {
                    batch.fold(key, event).map_err(Stopped::At)?;
                }
            }
            let rows: Vec<Change<P::Row>> = batch.into_changes().collect();
            count = rows.len();
            self.write(rows, changes.to_write(), to).await?;
            changes.apply(&mut self.lot);
        }
        Ok(Taken {
            events,
            rows: count,
            is_written,
            to,
            poison,
            is_full,
        })
    }

    /// Writes the checkpoint `to`: up to there nothing is left to do.
    pub(crate) async fn pass_to(&mut self, to: Bookmark) -> Result<(), RunError> {
        match to.position > self.stored.position {
            true => self.write(vec![], vec![], to).await,
            false => Ok(()),
        }
    }

    /// Parks what stops the projection, after `attempts`, and passes it: nothing before it is left to do.
    pub(crate) async fn park(&mut self, poison: &Poison<P>, attempts: i32) -> Result<(), RunError> {
        if !self.lot.has_room() {
            return Err(RunError::TooManyParked {
                name: P::NAME,
                limit: self.lot.room().parked,
                error: Box::new(poison.error.clone().into()),
            });
        }
        let change = ParkingChange::Park {
            sequence: poison.sequence.clone(),
            stop: poison.stop.clone(),
            queued: 0,
            attempts,
            replaces: None,
            wanted: false,
        };
        let to = Bookmark {
            position: poison.position(),
            event_id: Some(EventId::new(poison.stop.event_id)),
        };
        self.write(vec![], vec![change], to).await?;
        self.lot.park(poison, attempts);
        Ok(())
    }

    /// Writes what became of parked sequences, where the checkpoint is, and reads what is parked again.
    pub(crate) async fn settle(
        &mut self,
        rows: Vec<Change<P::Row>>,
        parking: Vec<ParkingChange>,
    ) -> Result<(), RunError> {
        self.write(rows, parking, self.stored).await?;
        self.read_lot().await
    }

    /// The row of that key, if there is one.
    pub(crate) async fn row(&mut self, key: &KeyOf<P>) -> Result<Option<P::Row>, RunError> {
        match self.cache.take(key) {
            Some(row) => Ok(Some(row)),
            None => Ok(self
                .models
                .load::<P>(std::slice::from_ref(key))
                .await?
                .pop()),
        }
    }

    async fn write(
        &mut self,
        changes: Vec<Change<P::Row>>,
        parking: Vec<ParkingChange>,
        to: Bookmark,
    ) -> Result<(), RunError> {
        let kept = match P::APPEND_ONLY {
            true => vec![],
            false => changes.clone(),
        };
        let commit = Commit {
            leader_epoch: self.leader_epoch,
            from: self.stored.position,
            to,
            store_epoch: self.store_epoch,
            changes,
            parking,
        };
        self.models.commit::<P>(commit).await?;
        self.stored = to;
        self.cache.keep(kept);
        Ok(())
    }

    /// The rows of the events, as far as they are there.
    async fn rows(&mut self, events: &[&Recorded]) -> Result<Vec<P::Row>, RunError> {
        let mut rows = vec![];
        let mut missing: Vec<KeyOf<P>> = vec![];
        for (key, may_exist) in Batch::<P>::keys(events) {
            if !may_exist {
                continue;
            }
            match self.cache.take(&key) {
                Some(row) => rows.push(row),
                None => missing.push(key),
            }
        }
        if !missing.is_empty() {
            rows.extend(self.models.load::<P>(&missing).await?);
        }
        Ok(rows)
    }
}

/// Why events could not be folded.
#[derive(Debug, thiserror::Error)]
enum Stopped {
    /// One of them could not be.
    #[error(transparent)]
    At(Unfoldable),
    /// Another reason.
    #[error(transparent)]
    Error(#[from] RunError),
}

impl Stopped {
    fn into_error(self) -> RunError {
        match self {
            Self::At(error) => error.into(),
            Self::Error(error) => error,
        }
    }
}

fn position_of(event: &Delivered) -> Position {
    match event {
        Ok(event) => event.envelope.position,
        Err(error) => error.envelope.position,
    }
}
