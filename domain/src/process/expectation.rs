//! What is expected, and of whom.

use super::Stage;
use crate::order::Awaited;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What is expected to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Stock is reserved, or it is said that there is none.
    Reservation,
    /// The amount is set aside, or declined.
    Authorization,
    /// The order is confirmed.
    Confirmation,
    /// The order is rejected.
    Rejection,
    /// Shipments are created.
    Allocation,
    /// A shipment is packed.
    Packing,
    /// What a shipment is worth is taken.
    Capture,
    /// A shipment leaves.
    Dispatch,
    /// A shipment arrives.
    Delivery,
    /// The order is completed.
    Completion,
    /// A hold is released.
    Release,
    /// The order is cancelled, or it is said that it is too late for that.
    Cancellation,
    /// What is reserved is given back.
    StockRelease,
    /// What was set aside is given back.
    Void,
    /// What was taken is given back.
    Refund,
    /// What is set aside is set aside anew, before it ends.
    Reauthorization,
    /// It is settled whether a cardholder gets back what was taken.
    Dispute,
    /// Somebody says whether a return may be sent.
    Approval,
    /// A return arrives.
    Arrival,
    /// What has come back is looked at.
    Inspection,
    /// What was accepted goes into the stock.
    Restocking,
    /// Stock comes in that is still to come.
    Stock,
    /// An amendment is applied, or withdrawn.
    Amendment,
}

impl What {
    /// The word for it in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reservation => "reservation",
            Self::Authorization => "authorization",
            Self::Confirmation => "confirmation",
            Self::Rejection => "rejection",
            Self::Allocation => "allocation",
            Self::Packing => "packing",
            Self::Capture => "capture",
            Self::Dispatch => "dispatch",
            Self::Delivery => "delivery",
            Self::Completion => "completion",
            Self::Release => "release",
            Self::Cancellation => "cancellation",
            Self::StockRelease => "stock_release",
            Self::Void => "void",
            Self::Refund => "refund",
            Self::Reauthorization => "reauthorization",
            Self::Dispute => "dispute",
            Self::Approval => "approval",
            Self::Arrival => "arrival",
            Self::Inspection => "inspection",
            Self::Restocking => "restocking",
            Self::Stock => "stock",
            Self::Amendment => "amendment",
        }
    }

    /// What is waited for that a task brings about, named by its word; none of what nothing that is
    /// expected settles.
    pub(super) fn of_task(task: &str) -> Option<Self> {
        Some(match task {
            "authorize" | "inquire" => Self::Authorization,
            "void" => Self::Void,
            "capture" => Self::Capture,
            "refund" | "retry_refund" => Self::Refund,
            "reauthorize" => Self::Reauthorization,
            "dispatch" => Self::Dispatch,
            "track" => Self::Delivery,
            "give_up_return" => Self::Arrival,
            _ => return None,
        })
    }

    /// What it is that has a time limit which somebody settled.
    pub(super) const fn awaited(what: Awaited) -> Self {
        match what {
            Awaited::Arrival => Self::Arrival,
            Awaited::Dispatch => Self::Dispatch,
            Awaited::Capture => Self::Capture,
            Awaited::Stock => Self::Stock,
        }
    }

    /// Where an order is that waits for it; none of what is beside its way.
    pub(super) const fn stage(self) -> Option<Stage> {
        Some(match self {
            Self::Reservation => Stage::Reserving,
            Self::Authorization => Stage::Paying,
            Self::Confirmation | Self::Rejection => Stage::Deciding,
            Self::Stock => Stage::Backordered,
            Self::Allocation => Stage::Allocating,
            Self::Packing => Stage::Packing,
            Self::Capture => Stage::Charging,
            Self::Dispatch => Stage::Dispatching,
            Self::Delivery => Stage::Delivering,
            Self::Completion => Stage::Completing,
            Self::Release
            | Self::Cancellation
            | Self::StockRelease
            | Self::Void
            | Self::Refund
            | Self::Reauthorization
            | Self::Dispute
            | Self::Approval
            | Self::Arrival
            | Self::Inspection
            | Self::Restocking
            | Self::Amendment => return None,
        })
    }

    /// Whether it is still to come after the order has ended.
    pub(super) const fn outlives_the_order(self) -> bool {
        matches!(
            self,
            Self::StockRelease
                | Self::Void
                | Self::Refund
                | Self::Dispute
                | Self::Approval
                | Self::Arrival
                | Self::Inspection
                | Self::Restocking
        )
    }
}

/// Of whom something is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// The payment provider.
    Provider,
    /// The carrier.
    Carrier,
    /// Those who pack, and look at what comes back.
    Warehouse,
    /// Who ordered.
    Customer,
    /// Those who run the shop.
    Operator,
    /// The platform itself.
    Platform,
}

impl Who {
    /// The word for it in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Carrier => "carrier",
            Self::Warehouse => "warehouse",
            Self::Customer => "customer",
            Self::Operator => "operator",
            Self::Platform => "platform",
        }
    }
}

/// Something that is expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expectation {
    /// What.
    pub what: What,
    /// Of which one, where there may be several: the shipment, the return, the hold, the dispute, the
    /// location that stock is to come to, or the number of the refund.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// Of whom.
    pub who: Who,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when; none where there is no limit, or where a hold keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
}

/// Something that was given up, and waits for an operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// Which task; none where only the payment says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_id: Option<Uuid>,
    /// What settles it when it happens, if anything does but an operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub what: Option<What>,
    /// Of which one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// What was given up and why, for people.
    pub problem: String,
}
