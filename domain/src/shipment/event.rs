//! What may happen to a shipment. These shapes are frozen: a new shape is a new version.
//!
//! *DispatchRequested* is written before the carrier is called, with the key that makes the call
//! happen once: there is one label for each attempt, and a further attempt only after a refusal.

use super::upcast;
use crate::{
    Location, Money, OrderId, ShipmentId, Sku,
    event::{events, is_default, is_one, one},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

events! {
    /// Anything that may happen to a shipment.
    ShipmentEvent {
        /// An order's goods are to be packed.
        ShipmentCreated = 2 [1 => upcast::created_v1],
        /// They are packed.
        ShipmentPacked = 1,
        /// They are paid, and may leave.
        ShipmentReady = 1,
        /// The carrier is to be asked to take them.
        DispatchRequested = 1,
        /// The carrier has taken them.
        ShipmentDispatched = 1,
        /// The carrier did not take them.
        DispatchRefused = 1,
        /// The carrier was asked, and they are still under way.
        ShipmentTracked = 1,
        /// They have arrived.
        ShipmentDelivered = 1,
        /// The carrier tried to deliver them in vain.
        ShipmentDeliveryFailed = 1,
        /// The carrier has lost them.
        ShipmentLost = 1,
        /// The carrier has brought them back.
        ShipmentReturnedToSender = 1,
        /// The carrier refuses them still, and they will not leave.
        ShipmentGivenUp = 1,
        /// They are kept.
        ShipmentCancelled = 2 [1 => upcast::cancelled_v1],
        /// It is too late to keep them.
        ShipmentCancellationRefused = 1,
        /// Less of the order is wanted: so much less is to be packed.
        ShipmentRefitted = 1,
        /// What came back of them is in the stock.
        ShipmentBookedIn = 1,
    }
}

/// What a shipment holds of a line of its order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShipmentLine {
    /// The order's line.
    pub line: u32,
    /// What.
    pub sku: Sku,
    /// How many.
    pub quantity: i64,
}

/// An order's goods are to be packed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShipmentCreated {
    /// The order.
    pub order_id: OrderId,
    /// The shipment.
    pub shipment_id: ShipmentId,
    /// From where they leave.
    pub location: Location,
    /// What is to be packed.
    pub lines: Vec<ShipmentLine>,
    /// What the customer pays for it.
    pub amount: Money,
    /// In how many parcels the order leaves, this one included: each is a shipment, from a place of its own.
    /// Since version 2.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub parcels: u32,
}

/// All of it is packed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShipmentPacked {
    /// The order.
    pub order_id: OrderId,
    /// The shipment.
    pub shipment_id: ShipmentId,
    /// What the customer pays for it.
    pub amount: Money,
}

/// It is paid, and may leave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShipmentReady {
    /// The order.
    pub order_id: OrderId,
    /// The shipment.
    pub shipment_id: ShipmentId,
}

/// The carrier is to be asked to take it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DispatchRequested {
    /// The order.
    pub order_id: OrderId,
    /// The shipment.
    pub shipment_id: ShipmentId,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// What makes the carrier do it once.
    pub idempotency_key: String,
}

/// The carrier has taken it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShipmentDispatched {
    /// The order.
    pub order_id: OrderId,
    /// The shipment.
    pub shipment_id: ShipmentId,
    /// From where it left.
    pub location: Location,
    /// What left.
    pub lines: Vec<ShipmentLine>,
    /// Who the carrier is.
    pub carrier: String,
    /// What the carrier calls it.
    pub tracking_number: String,
    /// What the customer pays for it.
    pub amount: Money,
}

/// The carrier did not take it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DispatchRefused {
    /// The order.
    pub order_id: OrderId,
    /// The shipment.
    pub shipment_id: ShipmentId,
    /// Which attempt.
    pub attempt: u32,
    /// The carrier's reason.
    pub code: String,
}

/// The carrier was asked, and had nothing new to tell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShipmentTracked {
    /// The order.
    pub order_id: OrderId,
    /// The shipment.
    pub shipment_id: ShipmentId,
    /// What the carrier calls it.
    pub tracking_number: String,
    /// How often the carrier was asked.
    pub inquiries: u32,
}

/// It has arrived.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShipmentDelivered {
    /// The order.
    pub order_id: OrderId,
    /// The shipment.
    pub shipment_id: ShipmentId,
    /// What arrived.
    pub lines: Vec<ShipmentLine>,
    /// When.
    pub delivered_at: DateTime<Utc>,
}

/// The carrier tried to deliver it in vain, and will try again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShipmentDeliveryFailed {
    /// The order.
    pub order_id: OrderId,
    /// The shipment.
    pub shipment_id: ShipmentId,
    /// What the carrier calls it.
    pub tracking_number: String,
    /// How often the carrier was asked.
    pub inquiries: u32,
    /// The carrier's reason.
    pub reason: String,
}

/// The carrier has lost it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShipmentLost {
    /// The order.
    pub order_id: OrderId,
    /// The shipment.
    pub shipment_id: ShipmentId,
    /// What is lost.
    pub lines: Vec<ShipmentLine>,
    /// What the customer paid for it.
    pub amount: Money,
}

/// The carrier has brought it back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShipmentReturnedToSender {
    /// The order.
    pub order_id: OrderId,
    /// The shipment.
    pub shipment_id: ShipmentId,
    /// What came back.
    pub lines: Vec<ShipmentLine>,
    /// What the customer paid for it.
    pub amount: Money,
}

/// It is kept, or never will be packed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShipmentCancelled {
    /// The order.
    pub order_id: OrderId,
    /// The shipment.
    pub shipment_id: ShipmentId,
    /// Where it is kept.
    pub location: Location,
    /// Why, for people.
    pub reason: String,
    /// What the customer would have paid for it, where the rest of the order goes its way without it; none
    /// where all of the order is kept. Since version 2.
    #[serde(default, skip_serializing_if = "is_default")]
    pub amount: Option<Money>,
}

/// It is too late to keep it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShipmentCancellationRefused {
    /// The order.
    pub order_id: OrderId,
    /// The shipment.
    pub shipment_id: ShipmentId,
    /// Which cancellation of the order is refused: how many were asked for before.
    pub request: u32,
    /// Why, for people.
    pub reason: String,
}

/// The carrier did not take a shipment, and nobody saw to that in time: it will not leave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShipmentGivenUp {
    /// The order.
    pub order_id: OrderId,
    /// The shipment.
    pub shipment_id: ShipmentId,
    /// Which attempt was refused.
    pub attempt: u32,
    /// Why, for people.
    pub reason: String,
}

/// Less of the order is wanted: what is to be packed is what is left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShipmentRefitted {
    /// The order.
    pub order_id: OrderId,
    /// The shipment.
    pub shipment_id: ShipmentId,
    /// What is in it now.
    pub lines: Vec<ShipmentLine>,
    /// What the customer pays for it now.
    pub amount: Money,
}

/// What came back of a line of a shipment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveredLine {
    /// The order's line.
    pub line: u32,
    /// What.
    pub sku: Sku,
    /// How many can be sold again.
    pub restocked: i64,
    /// How many cannot be sold as they are.
    pub quarantined: i64,
}

/// What came back of a shipment that did not arrive is in the stock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShipmentBookedIn {
    /// The order.
    pub order_id: OrderId,
    /// The shipment.
    pub shipment_id: ShipmentId,
    /// Where.
    pub location: Location,
    /// What came back.
    pub lines: Vec<RecoveredLine>,
    /// What is to be said of it, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
