//! What cardholders want back of what was taken, whatever we are about to give back of it ourselves.

use super::{Entry, Ledger};
use crate::simulation::dice::Dice;
use domain::payment::DisputeProgress;

/// What a cardholder wants back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Disputed {
    pub amount: i64,
    pub progress: DisputeProgress,
}

impl Ledger {
    /// A cardholder wants back some of what is left of what was taken, or all of it; of nothing, if nothing
    /// is.
    pub(in super::super) fn dispute(&self, dice: &Dice) {
        let mut entries = self.entries();
        let mut open: Vec<_> = entries
            .iter_mut()
            .filter(|(_, entry)| !entry.is_silent() && entry.undisputed() > 0)
            .collect();
        if open.is_empty() {
            return;
        }
        let (key, entry) = open.swap_remove(dice.below(open.len()));
        let left = entry.undisputed();
        let disputed = Disputed {
            amount: dice.of(&[left, 1, (left / 2).max(1)]),
            progress: DisputeProgress::Open,
        };
        let id = format!("{key}/dispute/{}", entry.disputes.len() + 1);
        entry.disputes.insert(id, disputed);
    }

    /// A dispute is settled, if one is open; says whether one was.
    pub(in super::super) fn settle(&self, dice: &Dice) -> bool {
        let mut entries = self.entries();
        let disputes = entries
            .values_mut()
            .flat_map(|entry| entry.disputes.values_mut());
        let mut open = disputes.filter(|dispute| dispute.progress == DisputeProgress::Open);
        match open.next() {
            Some(dispute) => {
                dispute.progress = dice.of(&[DisputeProgress::Lost, DisputeProgress::Won]);
                true
            }
            None => false,
        }
    }

    /// Whether something of an authorization is or was disputed.
    pub(super) fn is_disputed(&self, authorization_id: &str) -> bool {
        let entries = self.entries();
        let entry = entries.get(authorization_id);
        entry.is_some_and(|entry| !entry.disputes.is_empty())
    }
}

impl Entry {
    /// What of what was taken was neither given back nor is disputed, or was got by a dispute.
    pub(super) fn left(&self) -> i64 {
        self.captured() - self.refunded() - self.of(DisputeProgress::Open) - self.lost()
    }

    /// What of it nobody has ever wanted back: what was wanted in vain is not wanted again, since nobody could
    /// say of two disputes which of them was first.
    fn undisputed(&self) -> i64 {
        self.left() - self.of(DisputeProgress::Won)
    }

    /// What cardholders have got by disputes.
    pub(super) fn lost(&self) -> i64 {
        self.of(DisputeProgress::Lost)
    }

    fn of(&self, progress: DisputeProgress) -> i64 {
        let disputes = self.disputes.values();
        let of = disputes.filter(|dispute| dispute.progress == progress);
        of.map(|dispute| dispute.amount).sum()
    }
}
