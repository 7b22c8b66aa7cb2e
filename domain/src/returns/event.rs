//! What may happen to a return. These shapes are frozen: a new shape is a new version.

use super::upcast;
use crate::{Location, Money, OrderId, ReturnId, Sku, event::events, order::LineQuantity};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

events! {
    /// Anything that may happen to a return.
    ReturnEvent {
        /// A customer wants to send something back.
        ReturnRequested = 2 [1 => upcast::requested_v1],
        /// The customer may.
        ReturnApproved = 1,
        /// The customer may not.
        ReturnDeclined = 1,
        /// The customer has sent it.
        ReturnInTransit = 1,
        /// It has come, or some of it.
        ReturnReceived = 1,
        /// What has come was looked at.
        ReturnInspected = 1,
        /// What was accepted is in the stock.
        ReturnBookedIn = 1,
        /// What was accepted is worth was given back.
        ReturnRefunded = 1,
        /// Nothing of it is to come any more.
        ReturnClosed = 1,
        /// It was given up before anything came.
        ReturnCancelled = 1,
    }
}

/// What is to come back of a line of the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnLine {
    /// The order's line.
    pub line: u32,
    /// What.
    pub sku: Sku,
    /// How many.
    pub quantity: i64,
    /// Price of one, in minor units, before discounts.
    pub unit_price: i64,
    /// What they are worth, in minor units: of what was paid for the line, with its discounts and tax,
    /// their share as it was when they were asked to come back.
    pub amount: i64,
}

/// What that is like which has come of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InspectedLine {
    /// The order's line.
    pub line: u32,
    /// How many can be sold again.
    pub restocked: i64,
    /// How many are accepted, but cannot be sold as they are.
    pub quarantined: i64,
    /// How many are not accepted: they stay the customer's, and are not paid back.
    pub refused: i64,
    /// Why some are not restocked, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl InspectedLine {
    /// How many were looked at.
    pub const fn quantity(&self) -> i64 {
        self.accepted().saturating_add(self.refused)
    }

    /// How many are paid back.
    pub const fn accepted(&self) -> i64 {
        self.restocked.saturating_add(self.quarantined)
    }
}

/// A customer wants to send something back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReturnRequested {
    /// The order.
    pub order_id: OrderId,
    /// The return.
    pub return_id: ReturnId,
    /// What, sorted by line.
    pub lines: Vec<ReturnLine>,
    /// What all of it is worth, as it was asked for: what is accepted of it is looked at again.
    pub amount: Money,
    /// Why, for people.
    pub reason: String,
}

/// The customer may send it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReturnApproved {
    /// The order.
    pub order_id: OrderId,
    /// The return.
    pub return_id: ReturnId,
    /// Where to.
    pub location: Location,
}

/// The customer may not send it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReturnDeclined {
    /// The order.
    pub order_id: OrderId,
    /// The return.
    pub return_id: ReturnId,
    /// Why, for people.
    pub reason: String,
}

/// The customer has sent it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReturnInTransit {
    /// The order.
    pub order_id: OrderId,
    /// The return.
    pub return_id: ReturnId,
    /// What the carrier calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking_number: Option<String>,
}

/// Some of it has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReturnReceived {
    /// The order.
    pub order_id: OrderId,
    /// The return.
    pub return_id: ReturnId,
    /// The receipt.
    pub receipt_id: Uuid,
    /// What has come, sorted by line.
    pub lines: Vec<LineQuantity>,
    /// Whether nothing is left to come.
    pub all: bool,
}

/// What has come was looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReturnInspected {
    /// The order.
    pub order_id: OrderId,
    /// The return.
    pub return_id: ReturnId,
    /// Where it is.
    pub location: Location,
    /// What it is like, sorted by line.
    pub lines: Vec<InspectedLine>,
    /// What of it was accepted, sorted: that is to go into the stock.
    pub skus: Vec<Sku>,
    /// What is to be given back for it.
    pub refund: Money,
}

/// What was accepted is in the stock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReturnBookedIn {
    /// The order.
    pub order_id: OrderId,
    /// The return.
    pub return_id: ReturnId,
    /// Where.
    pub location: Location,
}

/// What was accepted is worth was given back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReturnRefunded {
    /// The order.
    pub order_id: OrderId,
    /// The return.
    pub return_id: ReturnId,
    /// How much.
    pub amount: Money,
}

/// Nothing of it is to come any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReturnClosed {
    /// The order.
    pub order_id: OrderId,
    /// The return.
    pub return_id: ReturnId,
}

/// It was given up before anything came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReturnCancelled {
    /// The order.
    pub order_id: OrderId,
    /// The return.
    pub return_id: ReturnId,
    /// Why, for people.
    pub reason: String,
}
