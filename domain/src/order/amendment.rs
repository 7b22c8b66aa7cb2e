//! Amendments: what an order would be, what it then is, and how they end.

use super::{Line, OrderBrief};
use crate::{OrderId, Sku};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What an amendment makes of a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AmendedLine {
    /// The order's line.
    pub line: u32,
    /// What.
    pub sku: Sku,
    /// How many of it were wanted.
    pub before: i64,
    /// How many of it are wanted then.
    pub after: i64,
    /// How many of it were ordered, with what was cancelled of it since.
    pub ordered_before: i64,
    /// How many of it are ordered then: what of these is not wanted is cancelled.
    pub ordered: i64,
    /// Price of one, in minor units: as it was placed.
    pub unit_price: i64,
    /// What discounts take off those that are wanted then, in minor units.
    pub discount: i64,
    /// Their tax, in minor units.
    pub tax: i64,
    /// What is paid for them, in minor units.
    pub total: i64,
    /// What was to be paid for those that were wanted before, in minor units.
    pub total_before: i64,
    /// The line as it is ordered then, where more of it is wanted than was placed; else it is as it was
    /// placed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anew: Option<Line>,
}

/// What an amendment makes of what is kept of a SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AmendedStock {
    /// What.
    pub sku: Sku,
    /// How many more are kept then; less, if it is negative.
    pub difference: i64,
    /// How many of it all lines together want then.
    pub wanted: i64,
}

/// Somebody would have an order be otherwise: this is what it would be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AmendmentProposed {
    /// What was placed.
    pub order: OrderBrief,
    /// The amendment.
    pub amendment_id: Uuid,
    /// The lines of which another quantity would be wanted.
    pub lines: Vec<AmendedLine>,
    /// The SKUs of which more, or less, would be kept; sorted.
    pub stock: Vec<AmendedStock>,
    /// What all that is wanted comes to, in minor units.
    pub total_before: i64,
    /// What it would come to, in minor units: no more than is set aside. That much would be taken, and the
    /// rest let go.
    pub total: i64,
    /// What is set aside for the order, in minor units.
    pub authorized: i64,
    /// Until when it may be applied: then it expires.
    pub until: DateTime<Utc>,
    /// Why, for people.
    pub reason: String,
}

/// An order is as an amendment proposed it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AmendmentApplied {
    /// What was placed.
    pub order: OrderBrief,
    /// The amendment.
    pub amendment_id: Uuid,
    /// The lines of which another quantity is wanted.
    pub lines: Vec<AmendedLine>,
    /// What all that is wanted comes to, in minor units.
    pub total: i64,
}

/// An amendment is not wanted any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AmendmentWithdrawn {
    /// The order.
    pub order_id: OrderId,
    /// The amendment.
    pub amendment_id: Uuid,
}

/// An amendment cannot be any more: the order has gone on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AmendmentRejected {
    /// The order.
    pub order_id: OrderId,
    /// The amendment.
    pub amendment_id: Uuid,
    /// Why, for people.
    pub reason: String,
}

/// Nobody has applied an amendment in time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AmendmentExpired {
    /// The order.
    pub order_id: OrderId,
    /// The amendment.
    pub amendment_id: Uuid,
}

/// How an amendment has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AmendmentEnd {
    /// The order is as it proposed.
    Applied,
    /// It is not wanted any more.
    Withdrawn,
    /// It cannot be any more.
    Rejected,
    /// Nobody has applied it in time.
    Expired,
}

impl AmendmentEnd {
    /// The word for it in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Withdrawn => "withdrawn",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
        }
    }
}
