//! What decisions about an order stand on.

use super::{OrderBrief, OrderPlaced};
use crate::recent::Recent;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// Where an order is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Placed; stock and payment are being arranged.
    Placed,
    /// The shop will deliver.
    Confirmed,
    /// It could not be had.
    Rejected,
    /// Payment did not come in time.
    Expired,
    /// A cancellation is being carried out.
    Cancelling,
    /// Cancelled.
    Cancelled,
}

impl Status {
    /// The status as it is written in JSON and read models.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Placed => "placed",
            Self::Confirmed => "confirmed",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Cancelling => "cancelling",
            Self::Cancelled => "cancelled",
        }
    }
}

/// An order, or none yet.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Order {
    /// Nothing was placed.
    #[default]
    Absent,
    /// It exists.
    Placed(Placed),
}

/// An order that was placed.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// What was placed; shared, since it never changes.
    pub placed: Arc<OrderPlaced>,
    /// Where it is in its life.
    pub status: Status,
    /// Whether it had been confirmed when its cancellation was asked for.
    pub(super) was_confirmed: bool,
    /// Whether the cancellation that was asked for last was refused.
    pub(super) cancellation_rejected: bool,
    /// Why it is being cancelled.
    pub(super) cancellation_reason: String,
    /// The holds on it, with their reasons.
    pub holds: BTreeMap<String, String>,
    /// How many notes were written.
    pub notes: u64,
    pub(super) recent_notes: Recent,
}

impl Order {
    /// The order, if it was placed.
    pub const fn placed(&self) -> Option<&Placed> {
        match self {
            Self::Absent => None,
            Self::Placed(placed) => Some(placed),
        }
    }
}

impl Placed {
    /// About how many bytes that takes of which there may be many.
    pub(crate) fn size_of_many(&self) -> usize {
        /// A line or a hold, with its texts.
        const PART: usize = 128;
        (self.placed.lines.len() + self.holds.len()) * PART + self.recent_notes.size()
    }

    /// What later events repeat of the placement.
    pub fn brief(&self) -> OrderBrief {
        OrderBrief {
            order_id: self.placed.order_id,
            customer_id: self.placed.customer_id.clone(),
            currency: self.placed.currency,
            total: self.placed.total,
            placed_at: self.placed.placed_at,
        }
    }

    /// The commands of people that are allowed now.
    pub fn allowed_commands(&self) -> Vec<&'static str> {
        let mut allowed = vec!["add_note"];
        match self.status {
            Status::Placed | Status::Confirmed => allowed.extend(["cancel", "place_hold"]),
            Status::Cancelling => allowed.push("place_hold"),
            Status::Rejected | Status::Expired | Status::Cancelled => {}
        }
        if !self.holds.is_empty() {
            allowed.push("release_hold");
        }
        allowed
    }
}
