//! Trying a parked sequence again: its events are folded in their order, from where it stops.
//!
//! The leader does it, beside the events that come live: a page of history at a time, into a row in memory.
//! Meanwhile the sequence stays parked, and what comes of it goes on to wait; readers see the row as it was.
//! Once the leader's checkpoint is reached, or an event is met that cannot be folded, row and parking are
//! written at once, fenced as every other write of the leader is. A crash before that leaves all as it was.
//!
//! A parked stream is tried by its event that could not be read. If that can be read now and is about a row,
//! then the row has perhaps gone on without it, and so is folded anew from the first event on. A later event of
//! the stream that could not be read either may be about another row, which has gone on without that: there the
//! stream stops next, and is tried at once.

use super::{RunError, Step, folding::Folding};
use crate::{
    parking::{
        Lot, ParkedSequence, ParkingChange, Poison, Stop, key_of_unreadable, passed_over,
        sequence_of_key, sequence_of_stream, waiting_behind,
    },
    projection::{Projection, stops_at},
    storage::{KeyOf, ReadModels},
};
use bus::Feed;
use domain::{Position, Recorded};
use std::time::Duration;
use store::Delivered;

/// A parked sequence that is tried again.
pub(super) struct Replay<P: Projection> {
    parked: ParkedSequence,
    /// Up to where it has read.
    at: Position,
    /// Whether the event that stops it was found.
    began: bool,
    /// The row, once it is known which.
    row: Option<Folding<P>>,
    /// Of a parked stream: where it stops next.
    next: Option<Stop>,
    /// Whether that event can be read: then it is tried next.
    passes: bool,
    /// How many of the events that wait were taken in.
    taken_in: i64,
}

/// What became of a sequence that was tried again.
pub(super) enum Outcome {
    /// There is more to read.
    GoesOn,
    /// It is not parked any more.
    Released,
    /// It stops, there or further on.
    Stops(Stop),
    /// It stops further on, and goes on from there next.
    StopsFurther,
}

impl<P: Projection> Replay<P> {
    pub(super) fn new(parked: ParkedSequence) -> Self {
        Self {
            at: Position::new(parked.stop.after),
            parked,
            began: false,
            row: None,
            next: None,
            passes: false,
            taken_in: 0,
        }
    }

    /// The sequence, as it was when this began.
    pub(super) const fn parked(&self) -> &ParkedSequence {
        &self.parked
    }

    /// Reads on by a page, and writes what became of the sequence when that is through.
    pub(super) async fn advance<R: ReadModels>(
        &mut self,
        feed: &dyn Feed,
        step: &mut Step<P, R>,
        limit: usize,
    ) -> Result<Outcome, RunError> {
        let until = step.stored();
        let page = feed.next(self.at.into(), limit, Duration::ZERO).await?;
        let mut is_through = self.at >= until;
        for event in page.iter().map(AsRef::as_ref) {
            let position = envelope(event).position;
            if is_through || position > until {
                is_through = true;
                break;
            }
            let was_anew = self.row.is_some();
            let after = self.at;
            self.take_in(event, after, step).await?;
            if self.is_of_stream() && self.row.is_some() && !was_anew {
                // That row is folded from the beginning on, and past this event once more.
                self.at = Position::ZERO;
                return Ok(Outcome::GoesOn);
            }
            self.at = position;
            is_through = self.at >= until || self.is_over();
        }
        match is_through {
            true => self.settle(step).await,
            false => Ok(Outcome::GoesOn),
        }
    }

    /// Whether nothing that comes later can change what becomes of it.
    fn is_over(&self) -> bool {
        if !self.began {
            return false;
        }
        let row_stops = self.row.as_ref().is_some_and(|row| row.stop.is_some());
        match self.is_of_stream() {
            true => self.next.is_some() && self.row.is_none(),
            // Each event is its own sequence.
            false => P::APPEND_ONLY || self.next.is_some() || row_stops,
        }
    }

    fn is_of_stream(&self) -> bool {
        self.parked.sequence.starts_with(&sequence_of_stream(""))
    }

    fn position(&self) -> Position {
        Position::new(self.parked.stop.place.position)
    }

    async fn take_in<R: ReadModels>(
        &mut self,
        event: &Delivered,
        after: Position,
        step: &mut Step<P, R>,
    ) -> Result<(), RunError> {
        let position = envelope(event).position;
        let is_first = position == self.position() && !self.began;
        self.began |= is_first;
        let is_skipped = step
            .lot()
            .is_skipped(position, envelope(event).event_id.uuid());
        match event {
            _ if is_skipped => self.leave_out(event, is_first, step).await,
            Err(error) => {
                if stops_at::<P>(error.source.event_type()) {
                    self.stop_at(Poison::unreadable(error, after), is_first, step.lot());
                }
                Ok(())
            }
            Ok(event) if is_first => self.begin(event, after, step).await,
            Ok(event) => {
                self.pass(event, after, step.lot());
                self.fold(event, after, step).await
            }
        }
    }

    /// An event cannot be read: it stops the row that is being folded, or else the sequence, if it is of one of
    /// them.
    fn stop_at(&mut self, poison: Poison<P>, is_first: bool, lot: &Lot<P>) {
        if let Some(row) = &mut self.row
            && row.sequence == poison.sequence
        {
            self.taken_in += i64::from(row.stop.is_none() && row.sequence == self.parked.sequence);
            return row.stops(poison.stop);
        }
        let position = poison.position();
        let of_stream = sequence_of_stream(&poison.stop.place.stream) == self.parked.sequence;
        if !(is_first || of_stream || poison.sequence == self.parked.sequence)
            || self.next.is_some()
            || position < self.position()
        {
            return;
        }
        self.taken_in += i64::from(!is_first);
        // Its row may wait at it, or before.
        let waits =
            poison.sequence != self.parked.sequence && lot.stops(&poison.sequence, position);
        if is_first || !waits {
            self.next = Some(poison.stop);
        }
    }

    /// A later event of a parked stream can be read. If its row does not wait at it or before, it could not be
    /// read when it came, and the row went on without it.
    fn pass(&mut self, event: &Recorded, after: Position, lot: &Lot<P>) {
        let position = event.envelope.position;
        let is_later = self.began && position > self.position() && self.next.is_none();
        if !is_later
            || !self.is_of_stream()
            || sequence_of_stream(event.envelope.stream.as_str()) != self.parked.sequence
        {
            return;
        }
        let Some(key) = P::key(event) else { return };
        if lot.stops(&sequence_of_key::<P>(&key), position) {
            return;
        }
        self.taken_in += 1;
        // The row that is folded anew takes it in itself.
        if self.row.as_ref().is_none_or(|row| row.key != key) {
            self.next = Some(passed_over(event, after));
            self.passes = true;
        }
    }

    /// The event that stops the sequence can be read.
    async fn begin<R: ReadModels>(
        &mut self,
        event: &Recorded,
        after: Position,
        step: &mut Step<P, R>,
    ) -> Result<(), RunError> {
        let Some(key) = P::key(event) else {
            return Ok(());
        };
        if !self.is_of_stream() {
            return self.fold(event, after, step).await;
        }
        let sequence = sequence_of_key::<P>(&key);
        let position = event.envelope.position.get();
        let waits = step.lot().get(&sequence);
        if waits.is_some_and(|parked| parked.stop.place.position <= position) {
            // It is folded when that is.
            return Ok(());
        }
        self.row = Some(Folding {
            key,
            sequence,
            row: None,
            existed: false,
            stop: None,
            queued: 0,
        });
        Ok(())
    }

    /// An event was skipped: if it is of the row, the row counts it as there.
    async fn leave_out<R: ReadModels>(
        &mut self,
        event: &Delivered,
        is_first: bool,
        step: &mut Step<P, R>,
    ) -> Result<(), RunError> {
        let key = match event {
            Ok(event) => P::key(event),
            Err(error) => key_of_unreadable::<P>(error),
        };
        let Some(key) = key else {
            return Ok(());
        };
        if !self.is_of_stream() && envelope(event).position < self.position() {
            return Ok(());
        }
        let is_mine = is_first || sequence_of_key::<P>(&key) == self.parked.sequence;
        if is_mine && !self.is_of_stream() {
            // If it waited, it does so no more.
            self.taken_in += i64::from(!is_first);
            self.load(&key, step).await?;
        }
        let row = self.row.as_mut().filter(|row| row.key == key);
        if let Some(row) = row.filter(|row| row.stop.is_none()) {
            row.row = P::leave_out(row.row.take(), key, envelope(event));
        }
        Ok(())
    }

    /// Begins with the row of that key, as it is, unless it has begun.
    async fn load<R: ReadModels>(
        &mut self,
        key: &KeyOf<P>,
        step: &mut Step<P, R>,
    ) -> Result<(), RunError> {
        if self.row.is_some() {
            return Ok(());
        }
        let row = match P::APPEND_ONLY {
            true => None,
            false => step.row(key).await?,
        };
        self.row = Some(Folding {
            key: key.clone(),
            sequence: self.parked.sequence.clone(),
            existed: row.is_some(),
            row,
            stop: None,
            queued: 0,
        });
        Ok(())
    }

    /// Folds an event, if it is of the row.
    async fn fold<R: ReadModels>(
        &mut self,
        event: &Recorded,
        after: Position,
        step: &mut Step<P, R>,
    ) -> Result<(), RunError> {
        let position = event.envelope.position;
        let Some(key) = P::key(event) else {
            return Ok(());
        };
        if self.row.is_none() {
            let is_stop = position == self.position();
            if self.is_of_stream()
                || !(is_stop || sequence_of_key::<P>(&key) == self.parked.sequence)
                || position < self.position()
            {
                return Ok(());
            }
            self.load(&key, step).await?;
        }
        let first = self.position();
        let (of_stream, next) = (self.is_of_stream(), self.next.as_ref());
        let Some(row) = self.row.as_mut().filter(|row| row.key == key) else {
            return Ok(());
        };
        if row.stop.is_some() {
            row.queued += 1;
            return Ok(());
        }
        if !of_stream && position != first {
            self.taken_in += 1;
        }
        let stream = sequence_of_stream(event.envelope.stream.as_str());
        let stands = match stream == self.parked.sequence {
            // Its own stream is free up to where it stops next.
            true => next.map(|stop| stop.place.position),
            false => step
                .lot()
                .get(&stream)
                .map(|parked| parked.stop.place.position),
        };
        if stands.is_some_and(|stands| stands <= position.get()) {
            row.stop = Some(waiting_behind(stream, event, after));
            return Ok(());
        }
        match P::apply(row.row.clone(), event) {
            Ok(folded) => row.row = folded,
            Err(error) => {
                let error = crate::batch::Unfoldable::new(event, error);
                row.stop = Some(Poison::<P>::unfoldable(event, key, error, after).stop);
            }
        }
        Ok(())
    }

    /// Records that the database refused what becomes of the sequence, which stays as it is.
    pub(super) async fn give_up<R: ReadModels>(
        &self,
        step: &mut Step<P, R>,
        error: &RunError,
    ) -> Result<Stop, RunError> {
        let known = step.lot().get(&self.parked.sequence);
        let stop = Stop {
            error: format!("it was tried again, and {}", error.in_short()),
            ..self.parked.stop.clone()
        };
        let parking = ParkingChange::Park {
            sequence: self.parked.sequence.clone(),
            stop: stop.clone(),
            queued: known.map_or(self.parked.queued, |known| known.queued),
            attempts: self.parked.attempts.saturating_add(1),
            replaces: Some(self.parked.revision),
            wanted: false,
        };
        step.settle(vec![], vec![parking]).await?;
        Ok(stop)
    }

    /// Writes what became of the sequence.
    async fn settle<R: ReadModels>(&mut self, step: &mut Step<P, R>) -> Result<Outcome, RunError> {
        let mut changes = vec![];
        let mut parking = vec![];
        let mut stop = self.next.take();
        if let Some(mut row) = self.row.take() {
            if self.is_of_stream() {
                // It went on live meanwhile.
                row.existed = step.row(&row.key).await?.is_some();
            }
            changes.extend(row.change());
            match self.is_of_stream() {
                true => {
                    let revision = step.lot().get(&row.sequence).map(|parked| parked.revision);
                    parking.extend(row.parking(revision));
                }
                false => stop = row.stop.or(stop),
            }
        }
        let queued = step.lot().get(&self.parked.sequence);
        let queued = queued.map_or(0, |parked| parked.queued);
        let (sequence, revision) = (self.parked.sequence.clone(), self.parked.revision);
        let outcome = match stop {
            None => {
                parking.push(ParkingChange::Release { sequence, revision });
                Outcome::Released
            }
            Some(stop) => {
                let is_same = stop.place.position == self.parked.stop.place.position;
                parking.push(ParkingChange::Park {
                    sequence,
                    stop: stop.clone(),
                    queued: (queued - self.taken_in).max(0),
                    attempts: match is_same {
                        true => self.parked.attempts.saturating_add(1),
                        false => 1,
                    },
                    replaces: Some(revision),
                    wanted: self.passes,
                });
                match self.passes {
                    true => Outcome::StopsFurther,
                    false => Outcome::Stops(stop),
                }
            }
        };
        step.settle(changes, parking).await?;
        Ok(outcome)
    }
}

fn envelope(event: &Delivered) -> &domain::Envelope {
    match event {
        Ok(event) => &event.envelope,
        Err(error) => &error.envelope,
    }
}
