//! What is parked of a projection, as whoever folds knows it.

use super::{
    MOST_BEHIND, ParkedSequence, Parking, ParkingChange, Poison, Stop,
    name::{key_of_unreadable, sequence_of_stream, sequence_of_unreadable},
    sequence_of_key,
};
use crate::{
    projection::{Projection, stops_at},
    storage::KeyOf,
};
use chrono::{DateTime, Utc};
use domain::{Position, Recorded};
use std::collections::{BTreeMap, HashMap};
use store::{Delivered, Undecodable};
use uuid::Uuid;

/// How much may be parked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Room {
    /// How many sequences, each for an event of its own that cannot be read or folded.
    pub(crate) parked: usize,
    /// How many rows may wait behind streams.
    pub(crate) behind: usize,
}

impl Room {
    /// Room for so many sequences, and for as many behind streams as may ever wait.
    pub(crate) const fn of(parked: usize) -> Self {
        Self {
            parked,
            behind: MOST_BEHIND,
        }
    }
}

/// What is parked of a projection.
pub(crate) struct Lot<P: Projection> {
    held: BTreeMap<String, Held<P>>,
    skipped: HashMap<i64, Uuid>,
    room: Room,
}

/// A parked sequence, and the row that it is, if that is known.
#[derive(Debug, Clone)]
pub(crate) struct Held<P: Projection> {
    pub(crate) parked: ParkedSequence,
    pub(crate) key: Option<KeyOf<P>>,
}

/// What is to be done with an event.
pub(crate) enum Verdict<P: Projection> {
    /// It changes nothing of the projection's.
    Pass,
    /// It was skipped: it is left out of that row.
    LeaveOut(KeyOf<P>),
    /// It is folded into that row.
    Fold(KeyOf<P>),
    /// It waits in that sequence.
    Queue(String),
    /// It could be folded, but waits behind a stream: with it, its row is parked.
    Behind {
        /// The row.
        key: KeyOf<P>,
        /// Its sequence.
        sequence: String,
        /// That of the stream.
        stream: String,
    },
    /// It cannot be read, and its sequence is not parked.
    Poison(Undecodable),
}

impl<P: Projection> Lot<P> {
    /// Nothing is parked, and these events are left out: their ids by position.
    pub(crate) fn leaving_out(skipped: HashMap<i64, Uuid>, room: Room) -> Self {
        Self {
            held: BTreeMap::new(),
            skipped,
            room,
        }
    }

    /// What was read of it.
    pub(crate) fn new(parking: Parking, room: Room) -> Self {
        let mut lot = Self::leaving_out(parking.skipped, room);
        lot.with_sequences(parking.sequences);
        lot
    }

    /// Whether nothing is parked.
    pub(crate) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    pub(crate) const fn room(&self) -> Room {
        self.room
    }

    pub(crate) fn get(&self, sequence: &str) -> Option<&ParkedSequence> {
        self.held.get(sequence).map(|held| &held.parked)
    }

    /// Whether these, read later, are no news: an operator who has an event skipped raises the revision of its sequence, so
    /// that where none is new, nothing more is skipped.
    pub(crate) fn knows(&self, sequences: &[ParkedSequence]) -> bool {
        sequences.iter().all(|parked| {
            let known = self.get(&parked.sequence);
            known.is_some_and(|known| {
                known.revision == parked.revision && known.stop.event_id == parked.stop.event_id
            })
        })
    }

    /// The same, with the sequences as they are now.
    pub(crate) fn with_sequences(&mut self, sequences: Vec<ParkedSequence>) {
        let held = sequences.into_iter().map(|parked| {
            let sequence = parked.sequence.clone();
            (sequence, Held { parked, key: None })
        });
        self.held = held.collect();
    }

    /// All of them.
    pub(crate) fn sequences(&self) -> impl Iterator<Item = &ParkedSequence> {
        self.held.values().map(|held| &held.parked)
    }

    /// Whether an operator has had the event left out.
    pub(crate) fn is_skipped(&self, position: Position, id: Uuid) -> bool {
        !self.skipped.is_empty() && self.skipped.get(&position.get()) == Some(&id)
    }

    /// Whether one more may be parked for its own event.
    pub(crate) fn has_room(&self) -> bool {
        self.held.len() - self.waiting() < self.room.parked
    }

    /// How many more rows may wait behind streams.
    pub(crate) fn room_behind(&self) -> usize {
        self.room.behind.saturating_sub(self.waiting())
    }

    /// How many rows wait behind streams.
    fn waiting(&self) -> usize {
        let sequences = self.sequences();
        sequences
            .filter(|parked| parked.stop.behind.is_some())
            .count()
    }

    /// What is to be done with an event.
    pub(crate) fn judge(&self, event: &Delivered) -> Verdict<P> {
        match event {
            Ok(event) => self.judge_readable(event),
            Err(error) => self.judge_unreadable(error),
        }
    }

    fn judge_readable(&self, event: &Recorded) -> Verdict<P> {
        let Some(key) = P::key(event) else {
            return Verdict::Pass;
        };
        let position = event.envelope.position;
        let is_skipped = self.is_skipped(position, event.envelope.event_id.uuid());
        if self.held.is_empty() {
            // As nearly always: no name has to be made.
            return match is_skipped {
                true => Verdict::LeaveOut(key),
                false => Verdict::Fold(key),
            };
        }
        let sequence = match P::APPEND_ONLY {
            // It may have been called by its place when it could not be read.
            true if self.stops(&format!("event {position}"), position) => {
                format!("event {position}")
            }
            _ => sequence_of_key::<P>(&key),
        };
        if is_skipped {
            return self.leave_out(key, &sequence, position);
        }
        if self.stops(&sequence, position) {
            return Verdict::Queue(sequence);
        }
        let stream = sequence_of_stream(event.envelope.stream.as_str());
        match self.stops(&stream, position) {
            true => Verdict::Behind {
                key,
                sequence,
                stream,
            },
            false => Verdict::Fold(key),
        }
    }

    fn judge_unreadable(&self, error: &Undecodable) -> Verdict<P> {
        let envelope = &error.envelope;
        let position = envelope.position;
        if !stops_at::<P>(error.source.event_type()) {
            return Verdict::Pass;
        }
        if self.is_skipped(position, envelope.event_id.uuid()) {
            let sequence = sequence_of_unreadable::<P>(error);
            let key = key_of_unreadable::<P>(error);
            return key.map_or(Verdict::Pass, |key| {
                self.leave_out(key, &sequence, position)
            });
        }
        // The stream may have been parked by a build that knew no key of it.
        for sequence in [
            sequence_of_stream(error.stream_name()),
            sequence_of_unreadable::<P>(error),
        ] {
            if self.stops(&sequence, position) {
                return Verdict::Queue(sequence);
            }
        }
        Verdict::Poison(error.clone())
    }

    /// An event was skipped: a row that stops before it stays as it is.
    fn leave_out(&self, key: KeyOf<P>, sequence: &str, position: Position) -> Verdict<P> {
        match self.stops(sequence, position) {
            true => Verdict::Pass,
            false => Verdict::LeaveOut(key),
        }
    }

    /// Whether the sequence is parked at `position` or before.
    pub(crate) fn stops(&self, sequence: &str, position: Position) -> bool {
        self.get(sequence)
            .is_some_and(|parked| parked.stop.place.position <= position.get())
    }

    /// Takes a sequence in for the first time.
    pub(crate) fn park(&mut self, poison: &Poison<P>, attempts: i32) {
        self.hold(
            poison.sequence.clone(),
            poison.key.clone(),
            poison.stop.clone(),
            attempts,
        );
    }

    pub(crate) fn hold(
        &mut self,
        sequence: String,
        key: Option<KeyOf<P>>,
        stop: Stop,
        attempts: i32,
    ) {
        // The database has its own times, which are those that are shown.
        let unknown = DateTime::<Utc>::UNIX_EPOCH;
        let parked = ParkedSequence {
            sequence: sequence.clone(),
            stop,
            queued: 0,
            attempts,
            since: unknown,
            tried_at: unknown,
            wanted: false,
            revision: 0,
        };
        self.held.insert(sequence, Held { parked, key });
    }

    /// `more` events of a sequence wait.
    pub(crate) fn queue(&mut self, sequence: &str, more: i64) {
        if let Some(held) = self.held.get_mut(sequence) {
            held.parked.queued = held.parked.queued.saturating_add(more);
        }
    }

    /// Forgets the sequences of rows that are not wanted; those whose row is not known stay.
    pub(crate) fn retain(&mut self, wanted: impl Fn(&KeyOf<P>) -> bool) {
        self.held
            .retain(|_, held| held.key.as_ref().is_none_or(&wanted));
    }

    /// The changes that make all of it out of nothing.
    pub(crate) fn into_changes(self) -> Vec<ParkingChange> {
        let changes = self
            .held
            .into_iter()
            .map(|(sequence, held)| ParkingChange::Park {
                sequence,
                stop: held.parked.stop,
                queued: held.parked.queued,
                attempts: held.parked.attempts,
                replaces: None,
                wanted: false,
            });
        changes.collect()
    }

    /// Whether it is time to try the sequence again: somebody asks for it, what stops it was skipped, or
    /// what it waits behind does not stop before it any more.
    pub(crate) fn is_due(&self, parked: &ParkedSequence) -> bool {
        let stop = &parked.stop;
        let is_free = |stream: &String| !self.stops(stream, Position::new(stop.place.position));
        parked.wanted
            || self.is_skipped(Position::new(stop.place.position), stop.event_id)
            || stop.behind.as_ref().is_some_and(is_free)
    }
}
