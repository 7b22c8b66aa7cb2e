//! What decisions about a shipment stand on.

use super::{FoundLine, ShipmentLine};
use crate::{Location, Money, OrderId, ShipmentId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Where a shipment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShipmentStatus {
    /// It is to be packed.
    Pending,
    /// It is packed, and waits to be paid.
    Packed,
    /// It is paid, and may leave.
    Ready,
    /// The carrier was asked to take it.
    Dispatching,
    /// The carrier has it.
    Dispatched,
    /// It has arrived.
    Delivered,
    /// It is kept.
    Cancelled,
    /// The carrier did not take it: it may be asked again.
    Refused,
    /// The carrier tried to deliver it in vain; it is still under way.
    Failed,
    /// The carrier has lost it.
    Lost,
    /// The carrier has brought it back.
    ReturnedToSender,
    /// It did not arrive, and what came back of it is in the stock.
    BookedIn,
}

impl ShipmentStatus {
    /// The status as it is written in JSON and read models.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Packed => "packed",
            Self::Ready => "ready",
            Self::Dispatching => "dispatching",
            Self::Dispatched => "dispatched",
            Self::Delivered => "delivered",
            Self::Cancelled => "cancelled",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Lost => "lost",
            Self::ReturnedToSender => "returned_to_sender",
            Self::BookedIn => "booked_in",
        }
    }

    /// The commands of people that are allowed to a shipment that is there: read models know no more
    /// of it than that.
    pub fn allowed_commands(self) -> Vec<&'static str> {
        match self {
            Self::Pending => vec!["pack"],
            Self::Ready | Self::Refused => vec!["dispatch"],
            Self::Dispatched | Self::Failed => vec!["deliver", "fail", "lose", "return_to_sender"],
            Self::Packed
            | Self::Dispatching
            | Self::Delivered
            | Self::Cancelled
            | Self::BookedIn => vec![],
            Self::Lost | Self::ReturnedToSender => vec!["book_in"],
        }
    }

    /// Whether the carrier has it, as far as anybody knows.
    pub const fn is_under_way(self) -> bool {
        matches!(self, Self::Dispatched | Self::Failed)
    }
}

/// A shipment, or none yet.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Shipment {
    /// Nothing is to be packed.
    #[default]
    Absent,
    /// It was cancelled before it was created: nothing will be packed.
    Forestalled,
    /// It exists.
    Created(Parcel),
}

/// A shipment that was created.
#[derive(Debug, Clone, PartialEq)]
pub struct Parcel {
    /// The order.
    pub order_id: OrderId,
    /// The shipment.
    pub shipment_id: ShipmentId,
    /// From where it leaves.
    pub location: Location,
    /// What is in it; shared, since it seldom changes.
    pub lines: Arc<[ShipmentLine]>,
    /// What the customer pays for it.
    pub amount: Money,
    /// In how many parcels its order leaves, this one included.
    pub parcels: u32,
    /// Where it is.
    pub status: ShipmentStatus,
    /// How often the carrier was asked to take it.
    pub attempt: u32,
    /// Whether it will not leave, as the carrier refused it for too long.
    pub given_up: bool,
    /// What the carrier calls it, once the carrier has it.
    pub tracking_number: Option<String>,
    /// Why it was tried in vain the last time.
    pub failure: Option<String>,
    /// How often the carrier was asked where it is.
    pub inquiries: u32,
    /// How many failed deliveries were recorded since, of which the carrier was not asked.
    pub(super) unasked: u32,
    /// What came back of it, once that is in the stock.
    pub found: Arc<[FoundLine]>,
    /// The latest cancellation of the order that was refused: how many were asked for before it.
    pub(super) refused_cancellation: Option<u32>,
}

impl Shipment {
    /// The shipment, if it was created.
    pub const fn created(&self) -> Option<&Parcel> {
        match self {
            Self::Absent | Self::Forestalled => None,
            Self::Created(parcel) => Some(parcel),
        }
    }

    /// Where it is, unless nothing has happened yet.
    pub const fn status(&self) -> Option<ShipmentStatus> {
        match self {
            Self::Absent => None,
            Self::Forestalled => Some(ShipmentStatus::Cancelled),
            Self::Created(parcel) => Some(parcel.status),
        }
    }

    /// The commands of people that are allowed now.
    pub fn allowed_commands(&self) -> Vec<&'static str> {
        match self {
            Self::Created(parcel) if parcel.given_up => vec![],
            _ => self
                .status()
                .map_or(vec![], ShipmentStatus::allowed_commands),
        }
    }
}

impl Parcel {
    /// About how many bytes that takes of which there may be many.
    pub(crate) fn size_of_many(&self) -> usize {
        /// A line, with its SKU.
        const LINE: usize = 96;
        self.lines.len() * LINE + self.found.len() * size_of::<FoundLine>()
    }
}
