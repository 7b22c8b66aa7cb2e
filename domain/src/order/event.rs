//! What may happen to an order. These shapes are frozen: a new shape is a new version.

use super::{
    AmendmentApplied, AmendmentExpired, AmendmentProposed, AmendmentRejected, AmendmentWithdrawn,
    OrderReturnStatus, upcast,
};
use crate::{
    Currency, CustomerId, OrderId, ReturnId, Sealed, ShipmentId, Sku, TaxRate,
    event::{events, is_default},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

events! {
    /// Anything that may happen to an order.
    OrderEvent {
        /// It was placed.
        OrderPlaced = 3 [1 => upcast::placed_v1, 2 => upcast::placed_v2],
        /// Stock is reserved and payment authorized: the shop will deliver.
        OrderConfirmed = 1,
        /// It cannot be had.
        OrderRejected = 1,
        /// Payment did not come in time.
        OrderExpired = 1,
        /// Somebody wants it cancelled.
        CancellationRequested = 1,
        /// It is too late to cancel.
        CancellationRejected = 1,
        /// It was cancelled: stock is released and payment settled.
        OrderCancelled = 1,
        /// A note was written.
        NoteAdded = 1,
        /// A hold was put on it.
        HoldPlaced = 1,
        /// A hold was taken off.
        HoldReleased = 1,
        /// Some of it has left.
        LinesShipped = 1,
        /// Some of it has arrived.
        LinesDelivered = 1,
        /// Some of it will not arrive.
        LinesLost = 1,
        /// All of it has arrived, or will not.
        OrderCompleted = 1,
        /// Something to be done about it was given up, and waits for an operator.
        TaskParked = 1,
        /// An operator has had that done.
        TaskResumed = 1,
        /// A customer wants to send some of it back.
        ReturnOpened = 1,
        /// Nothing of that comes back.
        ReturnDropped = 1,
        /// Some of it has come back, and is paid back.
        LinesReturned = 1,
        /// It was settled until when something is waited for.
        DeadlineSet = 1,
        /// Some of it is not wanted any more.
        LinesCancelled = 1,
        /// It was said what it is tagged with.
        TagsSet = 1,
        /// It goes somewhere else.
        ShippingAddressChanged = 1,
        /// Somebody would have it be otherwise.
        AmendmentProposed = 1,
        /// It is as an amendment proposed it.
        AmendmentApplied = 1,
        /// An amendment is not wanted any more.
        AmendmentWithdrawn = 1,
        /// An amendment cannot be any more.
        AmendmentRejected = 1,
        /// Nobody has applied an amendment in time.
        AmendmentExpired = 1,
    }
}

/// One line of an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Its number in the order, from 1.
    pub line: u32,
    /// What.
    pub sku: Sku,
    /// How many.
    pub quantity: i64,
    /// Price of one, in minor units, before discounts.
    pub unit_price: i64,
    /// What its own discount takes off the price of all, in minor units.
    #[serde(default, skip_serializing_if = "is_default")]
    pub discount: i64,
    /// Its share of the order's discount, in minor units.
    #[serde(default, skip_serializing_if = "is_default")]
    pub order_discount: i64,
    /// The rate that its tax was computed by, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_rate: Option<TaxRate>,
    /// Its tax, in minor units: contained in the price, or added to it, as the order says.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tax: i64,
    /// What is paid for all, in minor units: the price, less the discounts, with the tax.
    pub total: i64,
}

/// What readers of a later event need of the placement, so that a read model can be folded from
/// each event alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderBrief {
    /// The order.
    pub order_id: OrderId,
    /// Who ordered.
    pub customer_id: CustomerId,
    /// The order's currency.
    pub currency: Currency,
    /// The order's total, in minor units.
    pub total: i64,
    /// When it was placed.
    pub placed_at: DateTime<Utc>,
}

/// An order was placed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderPlaced {
    /// The order.
    pub order_id: OrderId,
    /// Who ordered.
    pub customer_id: CustomerId,
    /// The currency of all amounts.
    pub currency: Currency,
    /// What was ordered.
    pub lines: Vec<Line>,
    /// The sum of the lines, in minor units.
    pub total: i64,
    /// Whether prices include tax; else it was added.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tax_included: bool,
    /// Where to: an [`Address`](super::Address), sealed with its customer's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipping_address: Option<Sealed>,
    /// How it is paid: a token of the payment provider.
    pub payment_method: String,
    /// The shop's own order number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// When the customer ordered.
    pub placed_at: DateTime<Utc>,
}

/// An order was confirmed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderConfirmed {
    /// What was placed.
    pub order: OrderBrief,
}

/// Why an order was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectionReason {
    /// Not enough stock for all lines.
    OutOfStock,
    /// The payment was declined as often as may be tried.
    PaymentDeclined,
    /// The provider authorized something else than was asked for.
    PaymentIntegrity,
}

/// An order was rejected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderRejected {
    /// What was placed.
    pub order: OrderBrief,
    /// Why.
    pub reason: RejectionReason,
    /// One sentence for people.
    pub detail: String,
}

/// An order expired.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderExpired {
    /// What was placed.
    pub order: OrderBrief,
}

/// A cancellation was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CancellationRequested {
    /// What was placed.
    pub order: OrderBrief,
    /// Whether it was confirmed: then its shipments say whether it is too late. Else nothing can have
    /// been packed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub confirmed: bool,
    /// How many were asked for before.
    #[serde(default, skip_serializing_if = "is_default")]
    pub request: u32,
    /// Why, for people.
    pub reason: String,
}

/// A cancellation was refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CancellationRejected {
    /// What was placed.
    pub order: OrderBrief,
    /// Whether the order goes on as confirmed; else as placed.
    pub confirmed: bool,
    /// Why, for people.
    pub reason: String,
}

/// An order was cancelled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderCancelled {
    /// What was placed.
    pub order: OrderBrief,
    /// Whether it had been confirmed.
    pub confirmed: bool,
    /// Why, as the request said.
    pub reason: String,
}

/// A note was written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteAdded {
    /// The order.
    pub order_id: OrderId,
    /// The note.
    pub note_id: Uuid,
    /// The text.
    pub text: String,
}

/// A hold was put on an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HoldPlaced {
    /// The order.
    pub order_id: OrderId,
    /// Which hold.
    pub hold: String,
    /// Why, for people.
    pub reason: String,
}

/// A hold was taken off an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HoldReleased {
    /// The order.
    pub order_id: OrderId,
    /// Which hold.
    pub hold: String,
}

/// So many of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineQuantity {
    /// The line.
    pub line: u32,
    /// How many.
    pub quantity: i64,
}

/// Some of an order has left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinesShipped {
    /// What was placed.
    pub order: OrderBrief,
    /// The shipment.
    pub shipment_id: ShipmentId,
    /// What is in it.
    pub lines: Vec<LineQuantity>,
    /// Whether nothing is left to leave.
    pub all: bool,
}

/// Some of an order has arrived.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinesDelivered {
    /// What was placed.
    pub order: OrderBrief,
    /// The shipment.
    pub shipment_id: ShipmentId,
    /// What was in it.
    pub lines: Vec<LineQuantity>,
    /// Whether nothing is left to arrive.
    pub all: bool,
}

/// Some of an order will not arrive: what was paid for it is given back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinesLost {
    /// What was placed.
    pub order: OrderBrief,
    /// The shipment.
    pub shipment_id: ShipmentId,
    /// What was in it.
    pub lines: Vec<LineQuantity>,
    /// Whether the carrier has brought it back.
    pub returned: bool,
}

/// All of an order has arrived, or will not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderCompleted {
    /// What was placed.
    pub order: OrderBrief,
}

/// Something to be done about an order was given up: it waits for an operator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskParked {
    /// The order.
    pub order_id: OrderId,
    /// Which: operators see it under this id.
    pub task_id: Uuid,
    /// What it does, in a word: `refund`, `dispatch`.
    pub task: String,
    /// Of which one, where there may be several: the shipment, or the number of the refund.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// Whether it was done out there, and is refused here: then nothing that is still to happen
    /// settles it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub done: bool,
    /// Why, for people.
    pub problem: String,
}

/// An operator has had done, or settled, what was given up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskResumed {
    /// The order.
    pub order_id: OrderId,
    /// Which.
    pub task_id: Uuid,
}

/// A customer wants to send some of an order back: so much less of it may be asked for by others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReturnOpened {
    /// What was placed.
    pub order: OrderBrief,
    /// The return.
    pub return_id: ReturnId,
    /// What is to come back.
    pub lines: Vec<LineQuantity>,
    /// How much of the order has come back, and is on its way.
    pub return_status: OrderReturnStatus,
}

/// Nothing of a return comes back, or nothing of it was accepted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReturnDropped {
    /// What was placed.
    pub order: OrderBrief,
    /// The return.
    pub return_id: ReturnId,
    /// How much of the order has come back, and is on its way.
    pub return_status: OrderReturnStatus,
}

/// Some of an order has come back and was accepted: what was paid for it is given back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinesReturned {
    /// What was placed.
    pub order: OrderBrief,
    /// The return.
    pub return_id: ReturnId,
    /// What was accepted.
    pub lines: Vec<LineQuantity>,
    /// How much of the order has come back, and is on its way.
    pub return_status: OrderReturnStatus,
}

/// What an order waits for with a time limit that somebody settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Awaited {
    /// That a return arrives.
    Arrival,
    /// That somebody sees to what the carrier refused.
    Dispatch,
    /// That what a shipment is worth is taken.
    Capture,
    /// That stock comes in that is still to come.
    Stock,
}

/// It was settled until when something is waited for: whoever acts when that time has come says so when it
/// begins, and no later change of the settings makes it another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeadlineSet {
    /// The order.
    pub order_id: OrderId,
    /// What.
    pub what: Awaited,
    /// Of which one: the return, the shipment, or the location that it comes to.
    pub of: String,
    /// Until when.
    pub until: DateTime<Utc>,
}

/// Some of an order is not wanted any more: it is not packed, and not paid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinesCancelled {
    /// What was placed.
    pub order: OrderBrief,
    /// Which cancellation.
    pub cancellation_id: Uuid,
    /// What, each line once.
    pub lines: Vec<LineQuantity>,
    /// What that is worth, in minor units.
    pub amount: i64,
    /// Whether nothing is left of the order: then all of it is being cancelled.
    pub all: bool,
    /// Why, for people.
    pub reason: String,
}

/// It was said what an order is tagged with: these, and nothing else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TagsSet {
    /// The order.
    pub order_id: OrderId,
    /// All of its tags, sorted, each once.
    pub tags: Vec<String>,
}

/// An order goes somewhere else than it was to go: nothing of it has left, or was to be taken by the carrier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShippingAddressChanged {
    /// The order.
    pub order_id: OrderId,
    /// Who ordered: whose key opens the address.
    pub customer_id: CustomerId,
    /// Where to: an [`Address`](super::Address), sealed with its customer's key.
    pub shipping_address: Sealed,
}
