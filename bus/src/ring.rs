//! The ring of a tail: a bounded run of events without a gap.

use domain::Position;
use std::{collections::VecDeque, sync::Arc};
use store::Delivered;

/// What an event takes besides its payload, about: envelope, ids, texts.
const OVERHEAD: usize = 600;

/// All events after `floor` up to `end`.
#[derive(Debug)]
pub(crate) struct Ring {
    entries: VecDeque<Entry>,
    floor: Position,
    end: Position,
    bytes: usize,
    max_events: usize,
    max_bytes: usize,
}

#[derive(Debug)]
struct Entry {
    position: Position,
    bytes: usize,
    event: Arc<Delivered>,
}

impl Ring {
    /// An empty ring that begins after `floor`.
    pub(crate) fn new(floor: Position, max_events: usize, max_bytes: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            floor,
            end: floor,
            bytes: 0,
            max_events: max_events.max(1),
            max_bytes,
        }
    }

    /// Whoever is before this position misses something here.
    pub(crate) const fn floor(&self) -> Position {
        self.floor
    }

    /// Up to where it is complete.
    pub(crate) const fn end(&self) -> Position {
        self.end
    }

    /// Adds the event that follows on the end, unless it is here; `bytes` is its payload's size.
    /// The oldest make room, but the newest always stays.
    pub(crate) fn push(&mut self, event: Arc<Delivered>, bytes: usize) {
        let position = position(&event);
        if position <= self.end {
            return;
        }
        let bytes = bytes + OVERHEAD;
        self.end = position;
        self.bytes += bytes;
        self.entries.push_back(Entry {
            position,
            bytes,
            event,
        });
        while self.entries.len() > self.max_events
            || (self.bytes > self.max_bytes && self.entries.len() > 1)
        {
            let Some(oldest) = self.entries.pop_front() else {
                return;
            };
            self.floor = oldest.position;
            self.bytes -= oldest.bytes;
        }
    }

    /// The first events after `after`, at most `limit`.
    pub(crate) fn after(&self, after: Position, limit: usize) -> Vec<Arc<Delivered>> {
        let from = self
            .entries
            .partition_point(|entry| entry.position <= after);
        let events = self.entries.range(from..).take(limit);
        events.map(|entry| Arc::clone(&entry.event)).collect()
    }
}

/// Where an event is.
pub(crate) fn position(event: &Delivered) -> Position {
    match event {
        Ok(recorded) => recorded.envelope.position,
        Err(undecodable) => undecodable.envelope.position,
    }
}
