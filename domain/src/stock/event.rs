//! What may happen to the stock of a SKU. These shapes are frozen: a new shape is a new version.
//!
//! What happens to several SKUs of an order at once carries `part` and `parts`: the last part says
//! that the whole is done, since all parts are appended together and in this order.

use super::{ReleaseReason, ReservationLine, upcast};
use crate::{
    Location, OrderId, ReturnId, ShipmentId, Sku,
    event::{events, is_default, is_one, one},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

events! {
    /// Anything that may happen to the stock of a SKU.
    StockEvent {
        /// A delivery was booked in.
        StockReceived = 1,
        /// The count was corrected.
        StockAdjusted = 1,
        /// Some of it is reserved for an order.
        StockReserved = 2 [1 => upcast::reserved_v1],
        /// An order could not have it.
        StockReservationRejected = 1,
        /// A reservation is kept for good.
        ReservationCommitted = 1,
        /// A reservation was given back.
        ReservationReleased = 1,
        /// A reservation was given back since payment did not come in time.
        ReservationExpired = 1,
        /// What was reserved for an order has left.
        StockShipped = 2 [1 => upcast::shipped_v1],
        /// What a customer sent back can be sold again.
        StockRestocked = 1,
        /// What a customer sent back cannot be sold as it is.
        StockQuarantined = 1,
        /// Less is kept for an order.
        ReservationReduced = 1,
        /// It was said what becomes of what is in quarantine.
        QuarantineCleared = 1,
        /// What did not arrive and came back is there again.
        StockRecovered = 1,
        /// So many more than there are may be promised.
        BackorderLimitSet = 1,
        /// Some of what is reserved for an order is still to come.
        Backordered = 1,
        /// Something has come that an order waited for.
        BackorderCovered = 1,
        /// An order does not wait any more for something that was still to come.
        BackorderDropped = 1,
        /// What an order waits for has not come in time.
        BackorderExpired = 1,
        /// More is kept for an order.
        ReservationRaised = 1,
    }
}

impl StockEvent {
    /// Where it happened, and to what.
    pub const fn of(&self) -> (&Location, &Sku) {
        match self {
            Self::StockReceived(event) => (&event.location, &event.sku),
            Self::StockAdjusted(event) => (&event.location, &event.sku),
            Self::StockReserved(event) => (&event.location, &event.sku),
            Self::StockReservationRejected(event) => (&event.location, &event.sku),
            Self::ReservationCommitted(event) => (&event.location, &event.sku),
            Self::ReservationReleased(event) => (&event.location, &event.sku),
            Self::ReservationExpired(event) => (&event.location, &event.sku),
            Self::StockShipped(event) => (&event.location, &event.sku),
            Self::StockRestocked(event) => (&event.location, &event.sku),
            Self::StockQuarantined(event) => (&event.location, &event.sku),
            Self::ReservationReduced(event) => (&event.location, &event.sku),
            Self::QuarantineCleared(event) => (&event.location, &event.sku),
            Self::StockRecovered(event) => (&event.location, &event.sku),
            Self::BackorderLimitSet(event) => (&event.location, &event.sku),
            Self::Backordered(event) => (&event.location, &event.sku),
            Self::BackorderCovered(event) => (&event.location, &event.sku),
            Self::BackorderDropped(event) => (&event.location, &event.sku),
            Self::BackorderExpired(event) => (&event.location, &event.sku),
            Self::ReservationRaised(event) => (&event.location, &event.sku),
        }
    }
}

/// A delivery was booked in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StockReceived {
    /// The receipt.
    pub receipt_id: Uuid,
    /// Where.
    pub location: Location,
    /// What.
    pub sku: Sku,
    /// How many.
    pub quantity: i64,
    /// The shop's own number for the delivery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// The count was corrected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StockAdjusted {
    /// The adjustment.
    pub adjustment_id: Uuid,
    /// Where.
    pub location: Location,
    /// What.
    pub sku: Sku,
    /// By how many, up or down.
    pub delta: i64,
    /// Why, for people.
    pub reason: String,
}

/// Stock is reserved for an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StockReserved {
    /// The order.
    pub order_id: OrderId,
    /// Which attempt of the order it is.
    pub epoch: u32,
    /// Where.
    pub location: Location,
    /// What.
    pub sku: Sku,
    /// How many in all.
    pub quantity: i64,
    /// For which lines.
    pub lines: Vec<ReservationLine>,
    /// Until when payment may come.
    pub until: DateTime<Utc>,
    /// At how many places all SKUs of the order are reserved together: from each leaves a parcel. Since
    /// version 2.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub parcels: u32,
    /// Which SKU of the order this is, from 1.
    pub part: u32,
    /// Of how many.
    pub parts: u32,
}

/// An order could not have what it asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StockReservationRejected {
    /// The order.
    pub order_id: OrderId,
    /// Which attempt of the order it is.
    pub epoch: u32,
    /// Where.
    pub location: Location,
    /// What.
    pub sku: Sku,
    /// How many were asked for.
    pub requested: i64,
    /// How many there were.
    pub available: i64,
    /// Which rejecting SKU of the order this is, from 1.
    pub part: u32,
    /// Of how many.
    pub parts: u32,
}

/// A reservation is kept for good.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReservationCommitted {
    /// The order.
    pub order_id: OrderId,
    /// Which attempt of the order it is.
    pub epoch: u32,
    /// Where.
    pub location: Location,
    /// What.
    pub sku: Sku,
    /// How many.
    pub quantity: i64,
    /// Which SKU of the order this is, from 1.
    pub part: u32,
    /// Of how many.
    pub parts: u32,
}

/// A reservation was given back. With a quantity of 0 it is a tombstone: the release came before
/// its reservation, which will be refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReservationReleased {
    /// The order.
    pub order_id: OrderId,
    /// Which attempt of the order it is.
    pub epoch: u32,
    /// Where.
    pub location: Location,
    /// What.
    pub sku: Sku,
    /// How many.
    pub quantity: i64,
    /// Whether it had been committed.
    pub committed: bool,
    /// Why.
    pub reason: ReleaseReason,
    /// Which SKU of the order this is, from 1.
    pub part: u32,
    /// Of how many.
    pub parts: u32,
}

/// A reservation was given back since payment did not come in time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReservationExpired {
    /// The order.
    pub order_id: OrderId,
    /// Which attempt of the order it is.
    pub epoch: u32,
    /// Where.
    pub location: Location,
    /// What.
    pub sku: Sku,
    /// How many.
    pub quantity: i64,
    /// Which SKU of the order this is, from 1.
    pub part: u32,
    /// Of how many.
    pub parts: u32,
}

/// What was reserved for an order has left, and its reservation with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StockShipped {
    /// The order.
    pub order_id: OrderId,
    /// Which attempt of the order it is.
    pub epoch: u32,
    /// From where.
    pub location: Location,
    /// What.
    pub sku: Sku,
    /// How many.
    pub quantity: i64,
    /// How many more had been kept, and are not any more: they stay. Since version 2.
    #[serde(default, skip_serializing_if = "is_default")]
    pub given_back: i64,
    /// Which SKU of the order this is, from 1.
    pub part: u32,
    /// Of how many.
    pub parts: u32,
}

/// What a customer sent back is on hand again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StockRestocked {
    /// The order.
    pub order_id: OrderId,
    /// The return.
    pub return_id: ReturnId,
    /// Where.
    pub location: Location,
    /// What.
    pub sku: Sku,
    /// How many.
    pub quantity: i64,
}

/// What a customer sent back is there, but not to be sold as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StockQuarantined {
    /// The order.
    pub order_id: OrderId,
    /// The return.
    pub return_id: ReturnId,
    /// Where.
    pub location: Location,
    /// What.
    pub sku: Sku,
    /// How many.
    pub quantity: i64,
}

/// Less is kept for an order: the rest was given back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReservationReduced {
    /// The order.
    pub order_id: OrderId,
    /// Which attempt of the order it is.
    pub epoch: u32,
    /// Where.
    pub location: Location,
    /// What.
    pub sku: Sku,
    /// How many were given back.
    pub quantity: i64,
    /// How many are kept; with none, there is no reservation any more.
    pub left: i64,
    /// Whether they had been committed.
    pub committed: bool,
    /// Which SKU of the order this is, from 1.
    pub part: u32,
    /// Of how many.
    pub parts: u32,
}

/// Some of what is in quarantine is on hand again, or is gone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuarantineCleared {
    /// The clearance.
    pub clearance_id: Uuid,
    /// Where.
    pub location: Location,
    /// What.
    pub sku: Sku,
    /// How many can be sold again.
    pub restocked: i64,
    /// How many are written off.
    pub written_off: i64,
    /// Why, for people.
    pub reason: String,
}

/// What came back of a shipment that did not arrive is there again: on hand, or in quarantine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StockRecovered {
    /// The order.
    pub order_id: OrderId,
    /// The shipment.
    pub shipment_id: ShipmentId,
    /// Where.
    pub location: Location,
    /// What.
    pub sku: Sku,
    /// How many can be sold again.
    pub restocked: i64,
    /// How many cannot be sold as they are.
    pub quarantined: i64,
}

/// So many more than there are may be promised to orders from now on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackorderLimitSet {
    /// Where.
    pub location: Location,
    /// What.
    pub sku: Sku,
    /// How many; with 0, only what is there.
    pub limit: i64,
}

/// Some of what was just reserved for an order is still to come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Backordered {
    /// The order.
    pub order_id: OrderId,
    /// Which attempt of the order it is.
    pub epoch: u32,
    /// Where.
    pub location: Location,
    /// What.
    pub sku: Sku,
    /// How many it waits for.
    pub quantity: i64,
}

/// Something is there that an order waited for, and is kept for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackorderCovered {
    /// The order.
    pub order_id: OrderId,
    /// Which attempt of the order it is.
    pub epoch: u32,
    /// Where.
    pub location: Location,
    /// What.
    pub sku: Sku,
    /// How many are there.
    pub quantity: i64,
    /// How many it still waits for.
    pub left: i64,
    /// Whether there are more for those that wait behind it: too many of them for one append, so that it goes
    /// on by a command of its own.
    #[serde(default, skip_serializing_if = "is_default")]
    pub more: bool,
}

/// An order does not want any more what it waited for: what holds it is given back, or so much less is
/// kept, as the next event of the stream tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackorderDropped {
    /// The order.
    pub order_id: OrderId,
    /// Which attempt of the order it is.
    pub epoch: u32,
    /// Where.
    pub location: Location,
    /// What.
    pub sku: Sku,
    /// How many it does not wait for any more.
    pub quantity: i64,
    /// How many it still waits for.
    pub left: i64,
}

/// What an order waits for has not come in time. It is kept for the order as before, until that is
/// cancelled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackorderExpired {
    /// The order.
    pub order_id: OrderId,
    /// Which attempt of the order it is.
    pub epoch: u32,
    /// Where.
    pub location: Location,
    /// What.
    pub sku: Sku,
    /// How many it waits for.
    pub quantity: i64,
    /// Which SKU of the order this is, from 1.
    pub part: u32,
    /// Of how many.
    pub parts: u32,
}

/// More is kept for an order, which was amended: of what is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReservationRaised {
    /// The order.
    pub order_id: OrderId,
    /// Which attempt of the order it is.
    pub epoch: u32,
    /// Where.
    pub location: Location,
    /// What.
    pub sku: Sku,
    /// How many more.
    pub quantity: i64,
    /// How many are kept in all.
    pub kept: i64,
    /// Whether they are committed.
    pub committed: bool,
    /// Which SKU of the order this is, from 1.
    pub part: u32,
    /// Of how many.
    pub parts: u32,
}
