//! What is taken for an order, and what is given back of it.

use crate::projection::{FoldError, add, subtract};
use domain::payment::{PaymentEvent, PaymentStatus};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What was taken and given back so far, and what is under way.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    /// How much was taken, in minor units.
    pub captured: i64,
    /// How much of that was given back.
    pub refunded: i64,
    /// How often something was taken, be it nothing because nothing was to pay.
    pub captures: u32,
    /// How many captures the provider was asked for and has not answered.
    pub capturing: u32,
    /// How often something was given back.
    pub refunds: u32,
    /// How many refunds the provider was asked for and has not answered.
    pub refunding: u32,
    /// How much the provider has let go of beyond what was taken, since no more will be.
    #[serde(default)]
    pub released: i64,
    /// How many refunds wait for the end of a dispute.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub deferred: u32,
    /// How many of them are asked for at once, as the last dispute has just ended: they count as asked
    /// for already.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub resuming: u32,
    /// How much of what was taken was lost by disputes, in minor units.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub lost: i64,
    /// The numbers of the refunds that have failed or come back, until they are given back after all; of
    /// those that were asked for again, too, which are other ones then.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub owed: BTreeSet<u32>,
    /// Whether the time of what was set aside has passed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub expired: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands out references"
)]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands out references"
)]
const fn is_nothing(amount: &i64) -> bool {
    *amount == 0
}

/// Whether the event is about what is taken or given back.
pub(super) const fn is_about(event: &PaymentEvent) -> bool {
    matches!(
        event,
        PaymentEvent::PaymentCaptureRequested(_)
            | PaymentEvent::PaymentCaptured(_)
            | PaymentEvent::PaymentCaptureFailed(_)
            | PaymentEvent::PaymentRefundRequested(_)
            | PaymentEvent::PaymentRefunded(_)
            | PaymentEvent::PaymentRefundFailed(_)
            | PaymentEvent::PaymentRefundReversed(_)
            | PaymentEvent::PaymentRestReleased(_)
            | PaymentEvent::PaymentAuthorizationExpired(_)
            | PaymentEvent::PaymentReauthorized(_)
            | PaymentEvent::PaymentRefundDeferred(_)
            | PaymentEvent::DisputeWon(_)
            | PaymentEvent::DisputeLost(_)
    )
}

impl Settlement {
    /// What the event makes of it.
    pub(super) fn apply(&mut self, event: &PaymentEvent) -> Result<(), FoldError> {
        match event {
            PaymentEvent::PaymentCaptureRequested(_) => more(&mut self.capturing),
            PaymentEvent::PaymentCaptureFailed(_) => less(&mut self.capturing),
            PaymentEvent::PaymentCaptured(event) => {
                less(&mut self.capturing);
                more(&mut self.captures);
                add(&mut self.captured, event.amount.amount)?;
            }
            PaymentEvent::PaymentRefundRequested(_) if self.resuming > 0 => {
                less(&mut self.resuming)
            }
            PaymentEvent::PaymentRefundRequested(_) => more(&mut self.refunding),
            PaymentEvent::PaymentRefunded(event) => {
                // What was owed is not waited for.
                if !self.owed.remove(&event.refund) {
                    less(&mut self.refunding);
                }
                more(&mut self.refunds);
                add(&mut self.refunded, event.amount.amount)?;
            }
            PaymentEvent::PaymentRefundFailed(event) => {
                less(&mut self.refunding);
                self.owed.insert(event.refund);
            }
            PaymentEvent::PaymentRefundReversed(event) => {
                less(&mut self.refunds);
                subtract(&mut self.refunded, event.amount.amount)?;
                self.owed.insert(event.refund);
            }
            PaymentEvent::PaymentRestReleased(event) => {
                add(&mut self.released, event.amount.amount)?;
            }
            PaymentEvent::PaymentAuthorizationExpired(_) => self.expired = true,
            PaymentEvent::PaymentReauthorized(_) => self.expired = false,
            PaymentEvent::PaymentRefundDeferred(_) => more(&mut self.deferred),
            PaymentEvent::DisputeWon(event) => self.closed(event.still_open),
            PaymentEvent::DisputeLost(event) => {
                self.closed(event.still_open);
                add(&mut self.lost, event.amount.amount)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// With the last open dispute ends what waited for it: it is asked for now.
    const fn closed(&mut self, still_open: u32) {
        if still_open == 0 {
            self.refunding = self.refunding.saturating_add(self.deferred);
            self.resuming = self.resuming.saturating_add(self.deferred);
            self.deferred = 0;
        }
    }

    /// Whether anything was taken.
    pub(super) const fn has_begun(&self) -> bool {
        self.captures > 0
    }

    /// Where that leaves the payment of an order of that total: what the provider is asked for comes
    /// before what it has done, as the domain has it.
    pub(super) const fn status(&self, total: i64) -> PaymentStatus {
        if self.capturing > 0 {
            PaymentStatus::Capturing
        } else if self.refunding > 0 || self.deferred > 0 {
            PaymentStatus::Refunding
        } else if self.refunds > 0 && self.refunded >= self.captured.saturating_sub(self.lost) {
            PaymentStatus::Refunded
        } else if self.refunds > 0 {
            PaymentStatus::PartiallyRefunded
        } else if self.captures == 0 && self.expired {
            PaymentStatus::AuthorizationExpired
        } else if self.captures == 0 {
            PaymentStatus::Authorized
        } else if self.captured.saturating_add(self.released) >= total {
            PaymentStatus::Captured
        } else {
            PaymentStatus::PartiallyCaptured
        }
    }
}

const fn more(count: &mut u32) {
    *count = count.saturating_add(1);
}

const fn less(count: &mut u32) {
    *count = count.saturating_sub(1);
}
