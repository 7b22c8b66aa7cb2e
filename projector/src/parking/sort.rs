//! Sorting events: which are folded, which wait, and which one stops that.

use super::{Lot, ParkingChange, Poison, Stop, lot::Verdict, name::waiting_behind};
use crate::{projection::Projection, storage::KeyOf};
use domain::Recorded;
use std::collections::BTreeMap;
use store::{Bookmark, Delivered};

/// What is to be done with a run of events.
pub(crate) struct Sorted<'a, P: Projection> {
    /// Those that are folded.
    pub(crate) mine: Vec<&'a Recorded>,
    /// Up to where all of them are dealt with.
    pub(crate) to: Bookmark,
    /// What that changes of what is parked.
    pub(crate) changes: Changes<P>,
    /// What stops it there.
    pub(crate) poison: Option<Poison<P>>,
    /// More rows wait behind parked streams than may.
    pub(crate) is_full: bool,
}

/// What changes of what is parked, while nothing is written of it.
pub(crate) struct Changes<P: Projection> {
    /// Rows that begin to wait behind a stream, and how many events are behind.
    behind: BTreeMap<String, (KeyOf<P>, Stop, i64)>,
    /// More events of what was parked already.
    more: BTreeMap<String, i64>,
}

impl<P: Projection> Changes<P> {
    pub(crate) const fn none() -> Self {
        Self {
            behind: BTreeMap::new(),
            more: BTreeMap::new(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.behind.is_empty() && self.more.is_empty()
    }

    pub(crate) fn to_write(&self) -> Vec<ParkingChange> {
        let begin = self.behind.iter().map(|(sequence, (_, stop, queued))| {
            let (sequence, stop) = (sequence.clone(), stop.clone());
            ParkingChange::Park {
                sequence,
                stop,
                queued: *queued,
                attempts: 0,
                replaces: None,
                wanted: false,
            }
        });
        let more = self
            .more
            .iter()
            .map(|(sequence, more)| ParkingChange::Queue {
                sequence: sequence.clone(),
                more: *more,
            });
        begin.chain(more).collect()
    }

    /// They are written.
    pub(crate) fn apply(self, lot: &mut Lot<P>) {
        for (sequence, (key, stop, queued)) in self.behind {
            lot.hold(sequence.clone(), Some(key), stop, 0);
            lot.queue(&sequence, queued);
        }
        for (sequence, more) in self.more {
            lot.queue(&sequence, more);
        }
    }

    /// One more event of the sequence waits, if that begins to in this run.
    fn queue_behind(&mut self, sequence: &str) -> bool {
        match self.behind.get_mut(sequence) {
            Some((_, _, queued)) => {
                *queued += 1;
                true
            }
            None => false,
        }
    }
}

/// Sorts `events`, which follow on `from`, up to the first that cannot be read and is not parked.
pub(crate) fn sort<'a, P: Projection>(
    events: impl Iterator<Item = &'a Delivered>,
    from: Bookmark,
    lot: &Lot<P>,
) -> Sorted<'a, P> {
    let mut sorted = Sorted {
        mine: vec![],
        to: from,
        changes: Changes::none(),
        poison: None,
        is_full: false,
    };
    let mut room_behind = None;
    for event in events {
        let after = sorted.to.position;
        match lot.judge(event) {
            // What is skipped was parked before, and so passed: it does not come live once more.
            Verdict::Pass | Verdict::LeaveOut(_) => {}
            Verdict::Queue(sequence) => *sorted.changes.more.entry(sequence).or_default() += 1,
            Verdict::Poison(error) => {
                let poison = Poison::unreadable(&error, after);
                if !sorted.changes.queue_behind(&poison.sequence) {
                    sorted.poison = Some(poison);
                    return sorted;
                }
            }
            Verdict::Fold(key) => {
                // Only where rows have begun to wait in this very run.
                let waits = !sorted.changes.behind.is_empty()
                    && sorted
                        .changes
                        .queue_behind(&super::sequence_of_key::<P>(&key));
                if let (false, Ok(event)) = (waits, event) {
                    sorted.mine.push(event);
                }
            }
            Verdict::Behind {
                key,
                sequence,
                stream,
            } => {
                if !sorted.changes.queue_behind(&sequence)
                    && let Ok(event) = event
                {
                    let room = *room_behind.get_or_insert_with(|| lot.room_behind());
                    if sorted.changes.behind.len() >= room {
                        sorted.is_full = true;
                        return sorted;
                    }
                    let stop = waiting_behind(stream, event, after);
                    sorted.changes.behind.insert(sequence, (key, stop, 0));
                }
            }
        }
        sorted.to = Bookmark::at(match event {
            Ok(event) => &event.envelope,
            Err(error) => &error.envelope,
        });
    }
    sorted
}
