//! What is given back of what was taken.

use crate::{Money, ReturnId, ShipmentId};

/// What is given back of what was taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Refund {
    /// What it had been taken for; none if it is for a return, or if all is given back.
    pub shipment_id: Option<ShipmentId>,
    /// The return that it is given back for.
    pub return_id: Option<ReturnId>,
    /// How much.
    pub amount: Money,
    /// What makes the provider do it once.
    pub idempotency_key: String,
    /// Why.
    pub reason: String,
    /// How far that is.
    pub progress: RefundProgress,
    /// Why the provider would not, or why it has come back; none where neither is so.
    pub problem: Option<String>,
    /// Whether it has failed, or come back, and was asked for again.
    pub again: bool,
}

/// How far a refund is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundProgress {
    /// The provider was asked.
    Requested,
    /// It was given back.
    Refunded,
    /// The provider would not give it back.
    Failed,
    /// It was given back, and has come back.
    Reversed,
}

impl RefundProgress {
    /// The word for it in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Refunded => "refunded",
            Self::Failed => "failed",
            Self::Reversed => "reversed",
        }
    }
}

impl Refund {
    /// What makes the provider give back once what a lost dispute has left of it: its own key has been
    /// answered, by a refusal.
    pub fn key_of_rest(&self) -> String {
        format!("{}/rest", self.idempotency_key)
    }

    /// Whether it was given back.
    pub fn is_done(&self) -> bool {
        self.progress == RefundProgress::Refunded
    }

    /// Whether the provider is being asked for it.
    pub fn is_awaited(&self) -> bool {
        self.progress == RefundProgress::Requested
    }

    /// Whether it has failed or has come back, and nobody has seen to it.
    pub fn is_owed(&self) -> bool {
        let unpaid = matches!(
            self.progress,
            RefundProgress::Failed | RefundProgress::Reversed
        );
        unpaid && !self.again
    }

    /// Whether a call for it was made under `key`.
    pub(in super::super) fn is_under(&self, key: &str) -> bool {
        self.idempotency_key == key || self.key_of_rest() == key
    }

    /// Whether it is of the same as `other`, and for the same reason.
    pub(in super::super) fn is_as(&self, other: &Self) -> bool {
        self.shipment_id == other.shipment_id
            && self.return_id == other.return_id
            && self.reason == other.reason
    }

    /// Whether all is given back that was taken: not only what a shipment or a return is worth.
    pub const fn is_of_all(&self) -> bool {
        self.shipment_id.is_none() && self.return_id.is_none()
    }
}

/// What is to be given back once no dispute is open any more.
#[derive(Debug, Clone, PartialEq)]
pub struct DeferredRefund {
    /// What it had been taken for; none if it is for a return, or if all is given back.
    pub shipment_id: Option<ShipmentId>,
    /// The return that it is given back for.
    pub return_id: Option<ReturnId>,
    /// How much, at most.
    pub amount: Money,
    /// What makes the provider do it once.
    pub idempotency_key: String,
    /// Why.
    pub reason: String,
}

impl DeferredRefund {
    /// Whether `refund` is what it has become: there is one for each reason of a shipment, for each
    /// return, and of all.
    pub(in super::super) fn becomes(&self, refund: &Refund) -> bool {
        self.shipment_id == refund.shipment_id
            && self.return_id == refund.return_id
            && self.reason == refund.reason
    }

    /// Whether all is given back that was taken: not only what a shipment or a return is worth.
    pub const fn is_of_all(&self) -> bool {
        self.shipment_id.is_none() && self.return_id.is_none()
    }
}
