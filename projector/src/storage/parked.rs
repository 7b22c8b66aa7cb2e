//! What is parked, in memory.

use crate::parking::{ParkedCount, ParkedSequence, Parking, ParkingChange};
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// What is parked of all projections, and what is left out of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Parked {
    sequences: BTreeMap<&'static str, BTreeMap<String, ParkedSequence>>,
    skipped: BTreeMap<&'static str, HashMap<i64, Uuid>>,
}

impl Parked {
    /// As it is after the changes; none if one of them does not fit what is there.
    pub(super) fn changed(
        &self,
        projection: &'static str,
        changes: Vec<ParkingChange>,
        now: DateTime<Utc>,
    ) -> Option<Self> {
        let mut after = self.clone();
        let sequences = after.sequences.entry(projection).or_default();
        for change in changes {
            match change {
                ParkingChange::Park {
                    sequence,
                    stop,
                    queued,
                    attempts,
                    replaces,
                    wanted,
                } => {
                    let before = sequences.get(&sequence);
                    if before.map(|before| before.revision) != replaces {
                        return None;
                    }
                    let parked = ParkedSequence {
                        sequence: sequence.clone(),
                        stop,
                        queued,
                        attempts,
                        since: before.map_or(now, |before| before.since),
                        tried_at: now,
                        wanted,
                        revision: replaces.map_or(0, |revision| revision + 1),
                    };
                    sequences.insert(sequence, parked);
                }
                ParkingChange::Queue { sequence, more } => {
                    sequences.get_mut(&sequence)?.queued += more;
                }
                ParkingChange::Release { sequence, revision } => {
                    let parked = sequences.remove(&sequence)?;
                    if parked.revision != revision {
                        return None;
                    }
                }
            }
        }
        Some(after)
    }

    pub(super) fn of(&self, projection: &str) -> Parking {
        let sequences = self.sequences.get(projection).into_iter();
        Parking {
            sequences: sequences.flat_map(BTreeMap::values).cloned().collect(),
            skipped: self.skipped.get(projection).cloned().unwrap_or_default(),
        }
    }

    pub(super) fn counts(&self) -> Vec<ParkedCount> {
        let counted = self.sequences.iter().filter_map(|(projection, parked)| {
            Some(ParkedCount {
                projection: (*projection).to_owned(),
                sequences: i64::try_from(parked.len()).unwrap_or(i64::MAX),
                events: parked.values().map(|parked| parked.queued + 1).sum(),
                oldest: parked.values().map(|parked| parked.since).min()?,
            })
        });
        counted.collect()
    }

    /// An operator's wish; false if no sequence stops there.
    pub(super) fn ask(&mut self, projection: &'static str, position: i64, skip: bool) -> bool {
        let sequences = self.sequences.get_mut(projection).into_iter();
        let mut sequences = sequences.flat_map(BTreeMap::values_mut);
        let Some(parked) = sequences.find(|parked| parked.stop.place.position == position) else {
            return false;
        };
        let is_new = match skip {
            true => {
                let skipped = self.skipped.entry(projection).or_default();
                let event_id = parked.stop.event_id;
                skipped.insert(position, event_id) != Some(event_id)
            }
            false => !parked.wanted,
        };
        if is_new {
            parked.wanted = true;
            parked.revision += 1;
        }
        true
    }
}
