//! What comes back: who is to see to it, and what is to be given back for it.

use super::super::{Process, TimeLimits, What, Who};
use crate::returns::ReturnEvent;
use chrono::{DateTime, Utc};

impl Process {
    pub(super) fn returned(&mut self, limits: &TimeLimits, at: DateTime<Utc>, event: &ReturnEvent) {
        use Who::{Customer, Operator, Platform, Warehouse};
        match event {
            ReturnEvent::ReturnRequested(event) => {
                let id = event.return_id;
                self.expect_of(What::Approval, id, Operator, at, limits.inspection);
            }
            ReturnEvent::ReturnApproved(event) => {
                let id = event.return_id;
                self.met_of(What::Approval, Some(&id.to_string()));
                self.expect_of(What::Arrival, id, Customer, at, limits.returns);
            }
            ReturnEvent::ReturnInTransit(event) => {
                let id = event.return_id;
                self.expect_of(What::Arrival, id, Who::Carrier, at, limits.returns);
            }
            ReturnEvent::ReturnReceived(event) => {
                let id = event.return_id;
                self.met_of(What::Arrival, Some(&id.to_string()));
                self.expect_of(What::Inspection, id, Warehouse, at, limits.inspection);
            }
            ReturnEvent::ReturnInspected(event) => {
                let id = event.return_id;
                self.met_of(What::Inspection, Some(&id.to_string()));
                if !event.skus.is_empty() {
                    self.expect_of(What::Restocking, id, Platform, at, limits.platform);
                }
                if event.refund.amount > 0 {
                    self.expect_of(What::Refund, id, Platform, at, limits.platform);
                }
            }
            ReturnEvent::ReturnBookedIn(event) => {
                self.met_of(What::Restocking, Some(&event.return_id.to_string()));
            }
            // The payment tells of the refund.
            ReturnEvent::ReturnRefunded(_) => {}
            ReturnEvent::ReturnDeclined(event) => self.forget(&event.return_id.to_string()),
            ReturnEvent::ReturnClosed(event) => self.forget(&event.return_id.to_string()),
            ReturnEvent::ReturnCancelled(event) => self.forget(&event.return_id.to_string()),
        }
    }
}
