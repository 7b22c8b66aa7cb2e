//! The sender's references: which labels each has, and which have more than one.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

/// What is known about one reference.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Sequences of its labels, in order.
    pub labels: Vec<u64>,
    /// How often it was refused.
    pub refusals: u32,
}

/// Every reference of the kept entries, with counts kept up to date at each change.
#[derive(Debug, Default)]
pub(super) struct References {
    by_name: HashMap<Arc<str>, Known>,
    by_labels: BTreeMap<usize, u64>,
    repeated: BTreeSet<Arc<str>>,
}

impl References {
    pub(super) fn get(&self, name: &str) -> Option<&Known> {
        self.by_name.get(name)
    }

    pub(super) fn len(&self) -> usize {
        self.by_name.len()
    }

    /// How many references have how many labels.
    pub(super) fn by_labels(&self) -> &BTreeMap<usize, u64> {
        &self.by_labels
    }

    /// References with more than one label, in order of their names, and how many each has.
    pub(super) fn repeated(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, usize)> {
        let labels = |name: &Arc<str>| self.by_name[name].labels.len();
        self.repeated.iter().map(move |name| (name, labels(name)))
    }

    /// Changes what is known about a reference, and forgets it once there is nothing.
    pub(super) fn change(&mut self, name: &Arc<str>, change: impl FnOnce(&mut Known)) {
        let is_known = self.by_name.contains_key(name);
        let known = self.by_name.entry(Arc::clone(name)).or_default();
        if is_known && let Some(count) = self.by_labels.get_mut(&known.labels.len()) {
            *count -= 1;
            if *count == 0 {
                self.by_labels.remove(&known.labels.len());
            }
        }
        change(known);
        match known.labels.len() > 1 {
            true => self.repeated.insert(Arc::clone(name)),
            false => self.repeated.remove(name),
        };
        if known.labels.is_empty() && known.refusals == 0 {
            self.by_name.remove(name);
        } else {
            *self.by_labels.entry(known.labels.len()).or_default() += 1;
        }
    }
}
