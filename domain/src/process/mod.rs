//! The process view: where an order is on its way, what is expected next, of whom, and until when.
//!
//! A pure fold over the events of an order, of its payment, of its shipments and returns, and of the
//! stock for it.
//! It decides nothing and nobody waits for it: policies have memories of their own. It is for people,
//! who want to know what hangs and on whom.

mod expectation;
mod fold;
mod limits;
mod reason;
#[cfg(test)]
mod tests;

pub use expectation::{Expectation, Parked, What, Who};
pub use limits::TimeLimits;
pub use reason::{SELF_EVIDENT, reason};

use crate::{
    Event, Location, OrderId, Recorded, Sku, event::is_default, order::Status, policy::Owed,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The types of the events that move a process.
pub const TYPES: &[&str] = &[
    "OrderPlaced",
    "OrderConfirmed",
    "OrderRejected",
    "OrderExpired",
    "CancellationRequested",
    "CancellationRejected",
    "OrderCancelled",
    "HoldPlaced",
    "HoldReleased",
    "OrderCompleted",
    "TaskParked",
    "TaskResumed",
    "DeadlineSet",
    "LinesCancelled",
    "AmendmentProposed",
    "AmendmentApplied",
    "AmendmentWithdrawn",
    "AmendmentRejected",
    "AmendmentExpired",
    "StockReserved",
    "StockReservationRejected",
    "ReservationReleased",
    "ReservationExpired",
    "Backordered",
    "BackorderCovered",
    "BackorderDropped",
    "PaymentAuthorizationRequested",
    "PaymentAuthorized",
    "PaymentDeclined",
    "PaymentActionRequired",
    "PaymentOutcomeUnknown",
    "PaymentParked",
    "PaymentIntegrityMismatch",
    "PaymentVoidDeferred",
    "PaymentVoidRequested",
    "PaymentVoided",
    "PaymentCaptureRequested",
    "PaymentCaptured",
    "PaymentCaptureFailed",
    "PaymentRestReleaseRequested",
    "PaymentRestReleased",
    "PaymentRefundRequested",
    "PaymentRefunded",
    "PaymentRefundFailed",
    "PaymentRefundReversed",
    "PaymentRefundDeferred",
    "PaymentReauthorizationRequested",
    "PaymentReauthorized",
    "PaymentReauthorizationFailed",
    "FormerAuthorizationVoided",
    "PaymentAuthorizationExpired",
    "StrayAuthorizationFound",
    "LatePaymentReversed",
    "DisputeOpened",
    "DisputeWon",
    "DisputeLost",
    "ShipmentCreated",
    "ShipmentPacked",
    "ShipmentReady",
    "DispatchRequested",
    "ShipmentDispatched",
    "DispatchRefused",
    "ShipmentDelivered",
    "ShipmentLost",
    "ShipmentReturnedToSender",
    "ShipmentCancelled",
    "ReturnRequested",
    "ReturnApproved",
    "ReturnDeclined",
    "ReturnInTransit",
    "ReturnReceived",
    "ReturnInspected",
    "ReturnBookedIn",
    "ReturnClosed",
    "ReturnCancelled",
];

/// The types of the events that people would tell of an order: the milestones on its way.
pub const MILESTONES: &[&str] = &[
    "OrderPlaced",
    "OrderConfirmed",
    "OrderRejected",
    "OrderExpired",
    "CancellationRequested",
    "CancellationRejected",
    "OrderCancelled",
    "HoldPlaced",
    "HoldReleased",
    "OrderCompleted",
    "TaskParked",
    "TaskResumed",
    "LinesCancelled",
    "ShippingAddressChanged",
    "Backordered",
    "BackorderCovered",
    "AmendmentProposed",
    "AmendmentApplied",
    "AmendmentWithdrawn",
    "AmendmentRejected",
    "AmendmentExpired",
    "PaymentAuthorized",
    "PaymentActionRequired",
    "PaymentDeclined",
    "PaymentOutcomeUnknown",
    "PaymentParked",
    "PaymentIntegrityMismatch",
    "PaymentVoidDeferred",
    "StrayAuthorizationFound",
    "PaymentVoided",
    "PaymentCaptured",
    "PaymentCaptureFailed",
    "PaymentRefunded",
    "PaymentRefundFailed",
    "PaymentRefundReversed",
    "LatePaymentReversed",
    "PaymentReauthorized",
    "PaymentReauthorizationFailed",
    "PaymentAuthorizationExpired",
    "DisputeOpened",
    "DisputeWon",
    "DisputeLost",
    "ShipmentCreated",
    "ShipmentPacked",
    "ShipmentDispatched",
    "DispatchRefused",
    "ShipmentDelivered",
    "ShipmentDeliveryFailed",
    "ShipmentLost",
    "ShipmentReturnedToSender",
    "ShipmentBookedIn",
    "ShipmentCancelled",
    "ReturnRequested",
    "ReturnApproved",
    "ReturnDeclined",
    "ReturnInTransit",
    "ReturnReceived",
    "ReturnInspected",
    "ReturnClosed",
    "ReturnCancelled",
];

/// Where an order is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Stock is being reserved.
    Reserving,
    /// The provider is to set the amount aside.
    Paying,
    /// It is about to be confirmed, or rejected.
    Deciding,
    /// It waits for stock that is still to come.
    Backordered,
    /// Its shipments are about to be created.
    Allocating,
    /// It is to be packed.
    Packing,
    /// What is packed is to be paid.
    Charging,
    /// The carrier is to take it.
    Dispatching,
    /// It is under way.
    Delivering,
    /// All of it has arrived.
    Completing,
    /// It is being cancelled.
    Cancelling,
    /// It has ended, but something is to come back or to be given back yet.
    Settling,
    /// It has ended, and nothing is expected any more.
    Ended,
}

impl Stage {
    /// The stage as it is written in JSON and read models.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reserving => "reserving",
            Self::Paying => "paying",
            Self::Deciding => "deciding",
            Self::Backordered => "backordered",
            Self::Allocating => "allocating",
            Self::Packing => "packing",
            Self::Charging => "charging",
            Self::Dispatching => "dispatching",
            Self::Delivering => "delivering",
            Self::Completing => "completing",
            Self::Cancelling => "cancelling",
            Self::Settling => "settling",
            Self::Ended => "ended",
        }
    }
}

/// Where an order is, and what is expected next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Process {
    /// The order.
    pub order_id: OrderId,
    /// Where the order is in its life.
    pub status: Status,
    /// When its placement was recorded.
    pub started_at: DateTime<Utc>,
    /// What is expected, in the order in which it came to be.
    pub expected: Vec<Expectation>,
    /// What waits for an operator, in the order in which it came to.
    pub parked: Vec<Parked>,
    /// Whether stock is reserved for it.
    reserved: bool,
    /// How many it waits for of what is still to come, by location and SKU.
    #[serde(default, skip_serializing_if = "is_default")]
    waiting: BTreeMap<Location, BTreeMap<Sku, i64>>,
    /// What could not be given back, or has come back, and waits for an operator.
    #[serde(default, skip_serializing_if = "is_default")]
    owed: Vec<Owed>,
}

impl Process {
    /// The process that the event begins, if it is the placement of an order.
    pub fn begin(limits: &TimeLimits, event: &Recorded) -> Option<Self> {
        fold::begin(limits, event)
    }

    /// What the event makes of it.
    #[must_use]
    pub fn after(mut self, limits: &TimeLimits, event: &Recorded) -> Self {
        fold::take(&mut self, limits, event);
        self
    }

    /// Where it is: where the least of what is expected belongs.
    pub fn stage(&self) -> Stage {
        let least = self.expected.iter().filter_map(|known| known.what.stage());
        match self.status {
            _ if self.is_ended() => Stage::Ended,
            Status::Cancelling => Stage::Cancelling,
            Status::Placed => least
                .min_by_key(|stage| *stage as u8)
                .unwrap_or(Stage::Deciding),
            Status::Confirmed => least
                .min_by_key(|stage| *stage as u8)
                .unwrap_or(Stage::Allocating),
            Status::Rejected | Status::Expired | Status::Cancelled | Status::Completed => {
                Stage::Settling
            }
        }
    }

    /// When the first of what is expected should have happened.
    pub fn due_at(&self) -> Option<DateTime<Utc>> {
        self.expected.iter().filter_map(|known| known.until).min()
    }

    /// Why an operator must look, if one must: at what came first.
    pub fn parked(&self) -> Option<&str> {
        self.parked.first().map(|parked| parked.problem.as_str())
    }

    /// Whether nothing is expected any more.
    pub const fn is_ended(&self) -> bool {
        let ended = match self.status {
            Status::Rejected | Status::Expired | Status::Cancelled | Status::Completed => true,
            Status::Placed | Status::Confirmed | Status::Cancelling => false,
        };
        ended && self.expected.is_empty() && self.parked.is_empty()
    }
}

/// Whether the event moves a process: of what happens to several SKUs at once, the last part does.
pub fn moves(event: &Event) -> bool {
    use crate::stock::StockEvent as S;
    let last = match event {
        Event::Stock(S::StockReserved(event)) => event.part == event.parts,
        Event::Stock(S::StockReservationRejected(event)) => event.part == event.parts,
        Event::Stock(S::ReservationReleased(event)) => event.part == event.parts,
        Event::Stock(S::ReservationExpired(event)) => event.part == event.parts,
        _ => true,
    };
    last && TYPES.contains(&event.event_type())
}
