//! The merchant's references: which attempts each has, and which were authorized more than once.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use crate::value::Currency;

/// What is known about one reference.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    /// Sequences of its authorizations and declines, in order.
    pub sequences: Vec<u64>,
    /// How many of them were authorized.
    pub authorized: u32,
    /// How many of those are not voided.
    pub live: u32,
    /// How often money of them was given back.
    pub refunds: u32,
    /// How much in all, in minor units.
    pub refunded: BTreeMap<Currency, u128>,
}

/// Every reference of the kept operations, with counts kept up to date at each change: a summary
/// must not walk a million references while payments wait.
#[derive(Debug, Default)]
pub(super) struct References {
    by_name: HashMap<Arc<str>, Attempts>,
    by_count: BTreeMap<u32, u64>,
    repeated: BTreeSet<Arc<str>>,
    live_repeated: BTreeSet<Arc<str>>,
    refunded: BTreeSet<Arc<str>>,
}

impl References {
    pub(super) fn get(&self, name: &str) -> Option<&Attempts> {
        self.by_name.get(name)
    }

    pub(super) fn len(&self) -> usize {
        self.by_name.len()
    }

    /// How many references were authorized how often.
    pub(super) fn by_count(&self) -> &BTreeMap<u32, u64> {
        &self.by_count
    }

    /// References that were authorized more than once, in order of their names.
    pub(super) fn repeated(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &Attempts)> {
        self.repeated.iter().map(|name| (name, &self.by_name[name]))
    }

    /// How many references hold more than one authorization that is not voided: money that is set
    /// aside or taken twice for one payment.
    pub(super) fn live_repeated(&self) -> usize {
        self.live_repeated.len()
    }

    /// References of which money was given back, in order of their names.
    pub(super) fn refunded(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &Attempts)> {
        self.refunded.iter().map(|name| (name, &self.by_name[name]))
    }

    /// Changes what is known about a reference, and forgets it once it has no attempts.
    pub(super) fn change(&mut self, name: &Arc<str>, change: impl FnOnce(&mut Attempts)) {
        let known = self.by_name.contains_key(name);
        let attempts = self.by_name.entry(Arc::clone(name)).or_default();
        if known && let Some(count) = self.by_count.get_mut(&attempts.authorized) {
            *count -= 1;
            if *count == 0 {
                self.by_count.remove(&attempts.authorized);
            }
        }
        change(attempts);
        set_membership(&mut self.repeated, name, attempts.authorized > 1);
        set_membership(&mut self.live_repeated, name, attempts.live > 1);
        set_membership(&mut self.refunded, name, attempts.refunds > 0);
        if attempts.sequences.is_empty() {
            self.by_name.remove(name);
        } else {
            *self.by_count.entry(attempts.authorized).or_default() += 1;
        }
    }
}

fn set_membership(set: &mut BTreeSet<Arc<str>>, name: &Arc<str>, member: bool) {
    if !member {
        set.remove(name);
    } else if !set.contains(name) {
        set.insert(Arc::clone(name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_follow_every_change() {
        let mut references = References::default();
        let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "b".into());
        let authorize = |sequence| {
            move |attempts: &mut Attempts| {
                attempts.sequences.push(sequence);
                attempts.authorized += 1;
                attempts.live += 1;
            }
        };
        references.change(&a, authorize(1));
        references.change(&b, authorize(2));
        references.change(&a, authorize(3));
        assert_eq!(references.by_count(), &BTreeMap::from([(1, 1), (2, 1)]));
        assert_eq!(
            references
                .repeated()
                .map(|(name, _)| &**name)
                .collect::<Vec<_>>(),
            ["a"]
        );
        assert_eq!(references.live_repeated(), 1);

        references.change(&a, |attempts| attempts.live -= 1);
        assert_eq!(
            (references.repeated().len(), references.live_repeated()),
            (1, 0)
        );

        references.change(&a, |attempts| {
            attempts.sequences.clear();
            attempts.authorized = 0;
            attempts.live = 0;
        });
        assert_eq!(references.len(), 1);
        assert_eq!(references.by_count(), &BTreeMap::from([(1, 1)]));
        assert_eq!(references.repeated().len(), 0);
    }
}
