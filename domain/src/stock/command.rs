//! What may be asked of the stock of a SKU. Commands about an order are put to all its SKUs at
//! once, and are decided over all of them together: see [`super::across`].

use crate::{Location, OrderId, Sku, event::is_default};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Anything that may be asked of the stock of one SKU at one location.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum StockCommand {
    /// Book in what was delivered.
    Receive(ReceiveStock),
    /// Correct the count.
    Adjust(AdjustStock),
    /// Say what becomes of what is in quarantine.
    Clear(ClearQuarantine),
    /// Say how many more than there are may be promised.
    SetBackorderLimit(SetBackorderLimit),
    /// Give on what is there to those that wait for it.
    Cover(CoverBackorders),
}

impl StockCommand {
    /// Where it is about.
    pub const fn location(&self) -> &Location {
        match self {
            Self::Receive(command) => &command.location,
            Self::Adjust(command) => &command.location,
            Self::Clear(command) => &command.location,
            Self::SetBackorderLimit(command) => &command.location,
            Self::Cover(command) => &command.location,
        }
    }

    /// What it is about.
    pub const fn sku(&self) -> &Sku {
        match self {
            Self::Receive(command) => &command.sku,
            Self::Adjust(command) => &command.sku,
            Self::Clear(command) => &command.sku,
            Self::SetBackorderLimit(command) => &command.sku,
            Self::Cover(command) => &command.sku,
        }
    }
}

/// Books in a delivery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReceiveStock {
    /// The receipt's id, minted at the edge.
    pub receipt_id: Uuid,
    /// Where.
    pub location: Location,
    /// What.
    pub sku: Sku,
    /// How many; at least 1.
    pub quantity: i64,
    /// The shop's own number for the delivery.
    pub reference: Option<String>,
}

/// Corrects the count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AdjustStock {
    /// The adjustment's id, minted at the edge.
    pub adjustment_id: Uuid,
    /// Where.
    pub location: Location,
    /// What.
    pub sku: Sku,
    /// By how many, up or down; not 0.
    pub delta: i64,
    /// Why, for people.
    pub reason: String,
}

/// Says what becomes of some of what is in quarantine: it can be sold again, or is written off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClearQuarantine {
    /// The clearance's id, minted at the edge.
    pub clearance_id: Uuid,
    /// Where.
    pub location: Location,
    /// What.
    pub sku: Sku,
    /// How many can be sold again.
    pub restocked: i64,
    /// How many are written off; at least 1 of both.
    pub written_off: i64,
    /// Why, for people.
    pub reason: String,
}

/// Says how many more than there are may be promised to orders.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SetBackorderLimit {
    /// Where.
    pub location: Location,
    /// What.
    pub sku: Sku,
    /// How many, 0 to 1,000,000. Who waits already goes on waiting, also where it is fewer than that.
    pub limit: i64,
}

/// Gives on what is there to those that wait for it, where more of them could be served than one append
/// is to hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CoverBackorders {
    /// Where.
    pub location: Location,
    /// What.
    pub sku: Sku,
}

/// What a line of an order takes of a SKU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReservationLine {
    /// The order's line.
    pub line: u32,
    /// How many.
    pub quantity: i64,
}

/// What an order takes of a SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReservationItem {
    /// What.
    pub sku: Sku,
    /// For which lines.
    pub lines: Vec<ReservationLine>,
}

impl ReservationItem {
    /// How many in all.
    pub fn quantity(&self) -> i64 {
        self.lines
            .iter()
            .fold(0, |sum, line| sum.saturating_add(line.quantity))
    }
}

/// A command about one order's reservation over all its SKUs: all of them, or none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReservationCommand {
    /// The order.
    pub order_id: OrderId,
    /// Which attempt of the order it is, from 1.
    pub epoch: u32,
    /// Where; or the first of the places where it may be.
    pub location: Location,
    /// Where else it may be, in the order in which stock is looked for; each place once. All of it is at one
    /// place, unless it was split: then each SKU is at one.
    #[serde(default, skip_serializing_if = "is_default")]
    pub further: Vec<Location>,
    /// What; sorted by SKU, each SKU once.
    pub items: Vec<ReservationItem>,
    /// What is to be done.
    pub step: ReservationStep,
}

impl ReservationCommand {
    /// The places where it may be, in the order in which stock is looked for.
    pub fn places(&self) -> impl Iterator<Item = &Location> {
        std::iter::once(&self.location).chain(&self.further)
    }

    /// What it is decided over: each of its SKUs at each of the places, one place after the other.
    pub fn each(&self) -> impl Iterator<Item = (&Location, &ReservationItem)> {
        let at = |place| self.items.iter().map(move |item| (place, item));
        self.places().flat_map(at)
    }

    /// Whether it is decided over the order as well: stock is reserved only while that waits for it, and
    /// no more is given back than it does not want.
    pub const fn is_for_the_order(&self) -> bool {
        matches!(
            self.step,
            ReservationStep::Reserve { .. } | ReservationStep::Reduce
        )
    }
}

/// A step in the life of a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReservationStep {
    /// Reserve.
    Reserve {
        /// Until when payment may come.
        until: DateTime<Utc>,
        /// Whether it may be reserved at several places, where none has all of it.
        #[serde(default, skip_serializing_if = "is_default")]
        split: bool,
    },
    /// Keep it for good: the order is confirmed.
    Commit,
    /// It has left for the customer.
    Ship,
    /// Give back what is more than the items say: so much less is wanted.
    Reduce,
    /// Give it back.
    Release(ReleaseReason),
    /// What it waits for has not come in time.
    GiveUp,
}

/// Why a reservation is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseReason {
    /// The order was rejected.
    Rejected,
    /// The order is being cancelled.
    Cancelled,
    /// Payment did not come in time.
    Expired,
}
