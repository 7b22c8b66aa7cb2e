//! The carrier's ledger in a few numbers.

use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;

use super::way::ShipmentStatus;

/// Everything the carrier booked, summed up: what a test compares the platform's books with.
///
/// `counts` and `statuses` include what memory has dropped, as it was then; `references` are those
/// of the kept entries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CarrierSummary {
    /// How many entries there were.
    pub counts: CarrierCounts,
    /// Shipments by where they are.
    pub statuses: StatusCounts,
    /// Labels by the sender's reference.
    pub references: LabelSummary,
    /// Entries that memory has dropped, oldest first, to stay within its bound.
    pub dropped_entries: u64,
}

/// Numbers of entries. Replays are no entries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct CarrierCounts {
    /// All of them.
    pub entries: u64,
    /// Labels.
    pub labels: u64,
    /// Shipments that were refused.
    pub refused: u64,
    /// Ends that came by themselves.
    pub ended: u64,
    /// How often somebody has set where a shipment is.
    pub set: u64,
}

/// Numbers of shipments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct StatusCounts {
    /// With a label only.
    pub accepted: u64,
    /// On their way.
    pub in_transit: u64,
    /// Tried to deliver in vain.
    pub delivery_failed: u64,
    /// Handed over.
    pub delivered: u64,
    /// Lost.
    pub lost: u64,
    /// Back at their senders'.
    pub returned: u64,
}

/// How many labels references have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LabelSummary {
    /// Distinct references.
    pub count: u64,
    /// Number of labels -> number of references that have so many.
    pub by_labels: BTreeMap<usize, u64>,
    /// References with more than one label: shipped twice.
    pub labelled_repeatedly: u64,
    /// The first hundred of them, by name.
    pub repeated: Vec<RepeatedLabels>,
}

/// A reference with more than one label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RepeatedLabels {
    /// The sender's reference.
    pub reference: Arc<str>,
    /// How many labels it has.
    pub labels: usize,
}

impl StatusCounts {
    /// The number of those that are there.
    pub(super) fn of(&mut self, status: ShipmentStatus) -> &mut u64 {
        match status {
            ShipmentStatus::Accepted => &mut self.accepted,
            ShipmentStatus::InTransit => &mut self.in_transit,
            ShipmentStatus::DeliveryFailed => &mut self.delivery_failed,
            ShipmentStatus::Delivered => &mut self.delivered,
            ShipmentStatus::Lost => &mut self.lost,
            ShipmentStatus::Returned => &mut self.returned,
        }
    }
}
