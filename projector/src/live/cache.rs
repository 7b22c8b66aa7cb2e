//! Rows of the latest batches.
//!
//! The leader is the only one who writes, so what it has written is what is there, and need not be
//! read again. The cache lives no longer than one leadership and no longer than the first error.

use crate::{
    projection::Projection,
    row::Row,
    storage::{Change, KeyOf},
};
use std::collections::HashMap;

/// A bounded set of rows, in two generations: when the young one is full it becomes the old one, and
/// what nobody asked for in the old one is forgotten.
pub(super) struct Cache<P: Projection> {
    young: HashMap<KeyOf<P>, P::Row>,
    old: HashMap<KeyOf<P>, P::Row>,
    /// The most rows of a generation.
    limit: usize,
}

impl<P: Projection> Cache<P> {
    /// At most `rows` rows.
    pub(super) fn new(rows: usize) -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
            limit: rows / 2,
        }
    }

    /// Takes the row out.
    pub(super) fn take(&mut self, key: &KeyOf<P>) -> Option<P::Row> {
        self.young.remove(key).or_else(|| self.old.remove(key))
    }

    /// Keeps what was written.
    pub(super) fn keep(&mut self, changes: impl IntoIterator<Item = Change<P::Row>>) {
        if P::APPEND_ONLY {
            return;
        }
        for change in changes {
            if let Change::Insert(row) | Change::Update(row) = change {
                if self.young.len() >= self.limit {
                    self.old = std::mem::take(&mut self.young);
                }
                if self.young.len() < self.limit {
                    self.young.insert(row.key(), row.loaded());
                }
            }
        }
    }
}
