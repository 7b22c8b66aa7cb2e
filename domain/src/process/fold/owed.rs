//! What could not be given back, or has come back.

use super::super::{Process, What, Who};
use crate::{ReturnId, ShipmentId, policy::Owed};
use chrono::{DateTime, Utc};

impl Process {
    /// What could not be given back, or has come back, is an operator's.
    pub(super) fn owes(&mut self, at: DateTime<Utc>, owed: Owed) {
        let of = Some(owed.refund.to_string());
        self.put(What::Refund, of, Who::Operator, at, None);
        self.owed.retain(|known| known.refund != owed.refund);
        self.owed.push(owed);
    }

    /// What was owed is asked for again, as another refund.
    pub(super) fn asked_again(
        &mut self,
        shipment_id: Option<ShipmentId>,
        return_id: Option<ReturnId>,
        reason: &str,
    ) {
        let is_it = |owed: &Owed| {
            owed.shipment_id == shipment_id && owed.return_id == return_id && owed.reason == reason
        };
        let (gone, left) = std::mem::take(&mut self.owed)
            .into_iter()
            .partition::<Vec<_>, _>(is_it);
        self.owed = left;
        for owed in gone {
            self.met_of(What::Refund, Some(&owed.refund.to_string()));
        }
    }
}
