//! Folding a batch: many events on a row become one change of it.

use crate::{
    projection::{FoldError, Projection},
    row::Row,
    storage::{Change, KeyOf},
};
use domain::{Envelope, Recorded};
use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

/// Why a batch could not be folded: which event, and why.
#[derive(Debug, Clone, thiserror::Error)]
#[error("event {version} of {stream} at position {position} cannot be folded", stream = envelope.stream, version = envelope.version, position = envelope.position)]
pub struct Unfoldable {
    /// Where the event is, and where it came from.
    pub envelope: Arc<Envelope>,
    /// Why it cannot be folded.
    #[source]
    pub source: FoldError,
}

impl Unfoldable {
    pub(crate) fn new(event: &Recorded, source: FoldError) -> Self {
        Self {
            envelope: Arc::new(event.envelope.clone()),
            source,
        }
    }
}

/// The rows of a batch: as they were, and as they become.
pub(crate) struct Batch<P: Projection> {
    /// In the order of their first events, after those that were there.
    slots: Vec<Slot<P>>,
    by_key: HashMap<KeyOf<P>, usize>,
}

struct Slot<P: Projection> {
    key: KeyOf<P>,
    row: Option<P::Row>,
    existed: bool,
    touched: bool,
}

impl<P: Projection> Batch<P> {
    /// The keys of the events, and whether each row must be looked for: in the order of their first
    /// events, each once.
    pub(crate) fn keys(events: &[&Recorded]) -> Vec<(KeyOf<P>, bool)> {
        let mut seen = HashMap::with_capacity(events.len());
        let mut keys = Vec::with_capacity(events.len());
        for event in events {
            if let Some(key) = P::key(event)
                && let Entry::Vacant(vacant) = seen.entry(key)
            {
                keys.push((vacant.key().clone(), !P::begins(event)));
                vacant.insert(());
            }
        }
        keys
    }

    /// A batch that begins with the rows that are there.
    pub(crate) fn new(rows: impl IntoIterator<Item = P::Row>) -> Self {
        let mut batch = Self {
            slots: vec![],
            by_key: HashMap::new(),
        };
        for row in rows {
            batch.add(row.key(), Some(row));
        }
        batch
    }

    fn add(&mut self, key: KeyOf<P>, row: Option<P::Row>) -> usize {
        let at = self.slots.len();
        self.by_key.insert(key.clone(), at);
        self.slots.push(Slot {
            key,
            existed: row.is_some(),
            row,
            touched: false,
        });
        at
    }

    /// How many rows there are, or were.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Folds an event, whose key is `key`, into its row.
    pub(crate) fn fold(&mut self, key: KeyOf<P>, event: &Recorded) -> Result<(), Unfoldable> {
        let at = match self.by_key.get(&key) {
            Some(at) => *at,
            None => self.add(key, None),
        };
        let slot = &mut self.slots[at];
        let row = P::apply(slot.row.take(), event);
        slot.touched = true;
        slot.row = row.map_err(|source| Unfoldable::new(event, source))?;
        Ok(())
    }

    /// The event of `envelope` is left out of the row.
    pub(crate) fn leave_out(&mut self, key: KeyOf<P>, envelope: &Envelope) {
        let at = match self.by_key.get(&key) {
            Some(at) => *at,
            None => self.add(key.clone(), None),
        };
        let slot = &mut self.slots[at];
        slot.touched = true;
        slot.row = P::leave_out(slot.row.take(), key, envelope);
    }

    /// Forgets all rows but those whose key is wanted.
    pub(crate) fn retain(&mut self, wanted: impl Fn(&KeyOf<P>) -> bool) {
        self.slots.retain(|slot| wanted(&slot.key));
        let slots = self.slots.iter().enumerate();
        self.by_key = slots.map(|(at, slot)| (slot.key.clone(), at)).collect();
    }

    /// What became of the rows.
    pub(crate) fn into_changes(self) -> impl Iterator<Item = Change<P::Row>> {
        let touched = self.slots.into_iter().filter(|slot| slot.touched);
        touched.filter_map(|slot| match (slot.existed, slot.row) {
            (true, Some(row)) => Some(Change::Update(row)),
            (false, Some(row)) => Some(Change::Insert(row)),
            (true, None) => Some(Change::Delete(slot.key)),
            (false, None) => None,
        })
    }
}
