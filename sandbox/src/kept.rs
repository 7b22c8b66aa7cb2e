//! The newest entries of a ledger: as many as memory may hold.

use std::{collections::VecDeque, sync::Arc};

/// What has a place in a ledger, from 1 without gaps.
pub(crate) trait Numbered {
    /// The place.
    fn sequence(&self) -> u64;
}

/// The entries that are kept, in order.
#[derive(Debug)]
pub(crate) struct Kept<T> {
    entries: VecDeque<Arc<T>>,
    last_sequence: u64,
    limit: usize,
}

impl<T: Numbered> Kept<T> {
    /// Nothing yet; keeps the newest `limit`, at least one.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            last_sequence: 0,
            limit: limit.max(1),
        }
    }

    /// The place of the next entry.
    pub(crate) fn next_sequence(&self) -> u64 {
        self.last_sequence + 1
    }

    /// Adds the next entry.
    pub(crate) fn push(&mut self, entry: Arc<T>) {
        self.last_sequence = entry.sequence();
        self.entries.push_back(entry);
    }

    /// The oldest entry, if there is no room for it any more.
    pub(crate) fn pop_superfluous(&mut self) -> Option<Arc<T>> {
        match self.entries.len() > self.limit {
            true => self.entries.pop_front(),
            false => None,
        }
    }

    pub(crate) fn get(&self, sequence: u64) -> Option<&Arc<T>> {
        let index = sequence.checked_sub(self.dropped() + 1)?;
        self.entries.get(usize::try_from(index).ok()?)
    }

    /// Up to `limit` entries after a place, in order.
    pub(crate) fn after(&self, sequence: u64, limit: usize) -> Vec<Arc<T>> {
        let known = usize::try_from(sequence.saturating_sub(self.dropped())).unwrap_or(usize::MAX);
        let start = known.min(self.entries.len());
        let end = start.saturating_add(limit).min(self.entries.len());
        self.entries.range(start..end).cloned().collect()
    }

    /// How many are not kept any more: as places have no gaps, that of the last one that was
    /// dropped.
    pub(crate) fn dropped(&self) -> u64 {
        self.last_sequence - self.entries.len() as u64
    }
}
