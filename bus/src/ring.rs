//! The ring of a tail: a bounded run of events without a gap.

use domain::Position;
use std::{collections::VecDeque, sync::Arc};
use store::{Bookmark, Delivered};

/// What an event takes besides its payload, about: envelope, ids, texts.
const OVERHEAD: usize = 600;

/// All events after `floor` up to `end`.
#[derive(Debug)]
pub(crate) struct Ring {
    entries: VecDeque<Entry>,
    floor: Bookmark,
    end: Bookmark,
    bytes: usize,
    max_events: usize,
    max_bytes: usize,
}

#[derive(Debug)]
struct Entry {
    at: Bookmark,
    bytes: usize,
    event: Arc<Delivered>,
}

impl Ring {
    /// An empty ring that begins after `floor`.
    pub(crate) fn new(floor: Bookmark, max_events: usize, max_bytes: usize) -> Self {
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
        self.floor.position
    }

    /// Up to where it is complete.
    pub(crate) const fn end(&self) -> Bookmark {
        self.end
    }

    /// Adds the event that follows on the end, unless it is here; `bytes` is its payload's size.
    /// The oldest make room, but the newest always stays.
    pub(crate) fn push(&mut self, event: Arc<Delivered>, bytes: usize) {
        let at = bookmark(&event);
        if at.position <= self.end.position {
            return;
        }
        let bytes = bytes + OVERHEAD;
        self.end = at;
        self.bytes += bytes;
        self.entries.push_back(Entry { at, bytes, event });
        while self.entries.len() > self.max_events
            || (self.bytes > self.max_bytes && self.entries.len() > 1)
        {
            let Some(oldest) = self.entries.pop_front() else {
                return;
            };
            self.floor = oldest.at;
            self.bytes -= oldest.bytes;
        }
    }

    /// The first events that follow on `after`, at most `limit`; none at all if it is of another
    /// history.
    pub(crate) fn after(&self, after: Bookmark, limit: usize) -> Option<Vec<Arc<Delivered>>> {
        let from = self
            .entries
            .partition_point(|entry| entry.at.position <= after.position);
        let before = match from.checked_sub(1) {
            Some(before) => self.entries[before].at,
            None => self.floor,
        };
        before.agrees_with(&after).then(|| {
            let events = self.entries.range(from..).take(limit);
            events.map(|entry| Arc::clone(&entry.event)).collect()
        })
    }
}

/// Where an event is.
pub(crate) fn bookmark(event: &Delivered) -> Bookmark {
    Bookmark::at(match event {
        Ok(recorded) => &recorded.envelope,
        Err(undecodable) => &undecodable.envelope,
    })
}
