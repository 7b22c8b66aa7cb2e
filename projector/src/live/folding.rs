//! A row that is folded anew, or further, while its sequence stays parked.

use crate::{
    parking::{ParkingChange, Stop},
    projection::Projection,
    storage::{Change, KeyOf},
};

/// A row that is being folded.
pub(super) struct Folding<P: Projection> {
    pub(super) key: KeyOf<P>,
    /// Its sequence.
    pub(super) sequence: String,
    pub(super) row: Option<P::Row>,
    pub(super) existed: bool,
    /// Where it stops.
    pub(super) stop: Option<Stop>,
    /// How many of its events come after that.
    pub(super) queued: i64,
}

impl<P: Projection> Folding<P> {
    pub(super) fn change(&self) -> Option<Change<P::Row>> {
        match (self.existed, self.row.clone()) {
            (true, Some(row)) => Some(Change::Update(row)),
            (false, Some(row)) => Some(Change::Insert(row)),
            (true, None) => Some(Change::Delete(self.key.clone())),
            (false, None) => None,
        }
    }

    /// It stops there, or waits behind where it stops.
    pub(super) fn stops(&mut self, stop: Stop) {
        match self.stop {
            Some(_) => self.queued += 1,
            None => self.stop = Some(stop),
        }
    }

    /// What becomes of the row's sequence, which is parked at `revision`, if it is.
    pub(super) fn parking(self, revision: Option<i32>) -> Option<ParkingChange> {
        let sequence = self.sequence;
        match (self.stop, revision) {
            (Some(stop), replaces) => Some(ParkingChange::Park {
                sequence,
                stop,
                queued: self.queued,
                attempts: 0,
                replaces,
                wanted: false,
            }),
            (None, Some(revision)) => Some(ParkingChange::Release { sequence, revision }),
            (None, None) => None,
        }
    }
}
