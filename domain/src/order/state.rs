//! What decisions about an order stand on.

use super::{Amendments, Awaited, DeadlineSet, Line, LineQuantity, OrderBrief, OrderPlaced};
use crate::{ReturnId, Sealed, ShipmentId, recent::Recent};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use uuid::Uuid;

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
    /// All of it has arrived, or will not.
    Completed,
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
            Self::Completed => "completed",
        }
    }

    /// Whether nothing of it is to leave any more, whatever of it is open.
    pub const fn is_over(self) -> bool {
        match self {
            Self::Rejected | Self::Expired | Self::Cancelled | Self::Completed => true,
            Self::Placed | Self::Confirmed | Self::Cancelling => false,
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
    /// How often a cancellation was asked for.
    pub(super) cancellations: u32,
    /// Why it is being cancelled.
    pub(super) cancellation_reason: String,
    /// The holds on it, with their reasons.
    pub holds: BTreeMap<String, String>,
    /// How many notes were written.
    pub notes: u64,
    pub(super) recent_notes: Recent,
    /// Which cancellations of lines it has seen.
    pub(super) recent_cancellations: Recent,
    /// What has left, and what became of it; none before something has.
    pub(super) fulfilment: Option<Box<Fulfilment>>,
    /// What to be done about it was given up, and waits for an operator.
    pub parked: BTreeSet<Uuid>,
    /// Until when something is waited for, of what was settled last.
    pub(super) deadlines: BTreeMap<(Awaited, String), DateTime<Utc>>,
    /// What most orders have nothing of: tags, another address, amendments, contradictions.
    pub(super) details: Option<Box<Details>>,
}

/// What most orders have nothing of.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Details {
    /// What it is tagged with.
    pub(super) tags: BTreeSet<String>,
    /// Where it goes since that was changed; none where it goes where it was placed to go.
    pub(super) moved_to: Option<Sealed>,
    /// Its amendments.
    pub(super) amendments: Amendments,
    /// What of that which is parked a participant said against the books.
    pub(super) contradictions: BTreeSet<Uuid>,
    /// What of that was settled lately.
    pub(super) settled: Recent,
}

/// What has left of an order, and what became of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fulfilment {
    /// How far each line is of which something has left.
    pub lines: BTreeMap<u32, LineProgress>,
    /// Where each shipment is that has left.
    pub shipments: BTreeMap<ShipmentId, ShipmentProgress>,
    /// What is to come back by each return that has not ended.
    pub returns: BTreeMap<ReturnId, Arc<[LineQuantity]>>,
    /// How many returns were asked for.
    pub returns_opened: u32,
}

/// How far a line is: what is neither delivered nor lost of what was shipped is under way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LineProgress {
    /// How many have left.
    pub shipped: i64,
    /// How many have arrived.
    pub delivered: i64,
    /// How many will not arrive.
    pub lost: i64,
    /// How many of those that arrived have come back, and were accepted.
    pub returned: i64,
    /// How many are not wanted any more: they never leave.
    pub cancelled: i64,
}

/// Where a shipment is that has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShipmentProgress {
    /// Under way.
    Shipped,
    /// It has arrived.
    Delivered,
    /// It will not arrive.
    Lost,
}

impl LineProgress {
    /// How many are under way.
    pub const fn under_way(self) -> i64 {
        let arrived = self.shipped.saturating_sub(self.delivered);
        arrived.saturating_sub(self.lost)
    }

    /// How many of so many that are ordered have neither left nor are cancelled.
    pub const fn open(self, ordered: i64) -> i64 {
        ordered.saturating_sub(self.shipped.saturating_add(self.cancelled))
    }

    /// How many the customer has.
    pub const fn kept(self) -> i64 {
        self.delivered.saturating_sub(self.returned)
    }
}

impl Fulfilment {
    /// Enters that a shipment, which holds `lines`, has come so far.
    pub(super) fn enter(
        &mut self,
        shipment: ShipmentId,
        lines: &[LineQuantity],
        progress: ShipmentProgress,
    ) {
        self.shipments.insert(shipment, progress);
        for line in lines {
            let known = self.lines.entry(line.line).or_default();
            let counted = match progress {
                ShipmentProgress::Shipped => &mut known.shipped,
                ShipmentProgress::Delivered => &mut known.delivered,
                ShipmentProgress::Lost => &mut known.lost,
            };
            *counted = counted.saturating_add(line.quantity);
        }
    }
}

impl Fulfilment {
    /// Enters what is not wanted any more.
    pub(super) fn enter_cancelled(&mut self, lines: &[LineQuantity]) {
        for line in lines {
            let known = self.lines.entry(line.line).or_default();
            known.cancelled = known.cancelled.saturating_add(line.quantity);
        }
    }

    /// Enters what has come back by a return, which has ended.
    pub(super) fn enter_returned(&mut self, of: ReturnId, lines: &[LineQuantity]) {
        self.returns.remove(&of);
        for line in lines {
            let known = self.lines.entry(line.line).or_default();
            known.returned = known.returned.saturating_add(line.quantity);
        }
    }

    /// How many of a line are to come back.
    pub(super) fn returning(&self, line: u32) -> i64 {
        let all = self.returns.values().flat_map(|lines| lines.iter());
        let of_line = all.filter(|known| known.line == line);
        of_line.fold(0, |sum, known| sum.saturating_add(known.quantity))
    }
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

/// So many time limits an order remembers: those that are longest over are forgotten first.
const MAX_DEADLINES: usize = 64;

impl Placed {
    /// Enters until when something is waited for.
    pub(super) fn enter_deadline(&mut self, event: &DeadlineSet) {
        let key = (event.what, event.of.clone());
        self.deadlines.insert(key.clone(), event.until);
        if self.deadlines.len() > MAX_DEADLINES {
            let others = self.deadlines.iter().filter(|(known, _)| **known != key);
            let first = others.min_by_key(|(_, until)| **until);
            if let Some(key) = first.map(|(key, _)| key.clone()) {
                self.deadlines.remove(&key);
            }
        }
    }

    /// About how many bytes that takes of which there may be many.
    pub(crate) fn size_of_many(&self) -> usize {
        /// A line or a hold, with its texts.
        const PART: usize = 128;
        let fulfilment = self.fulfilment.as_ref();
        let left = fulfilment.map_or(0, |known| {
            let returning = known.returns.values().map(|lines| 1 + lines.len());
            known.lines.len() + known.shipments.len() + returning.sum::<usize>()
        });
        let details = self.details.as_deref();
        let details = details.map_or(0, |known| {
            known.tags.len() + known.amendments.len() + known.contradictions.len()
        });
        let waits = self.holds.len() + self.parked.len() + self.deadlines.len();
        (self.placed.lines.len() + waits + left + details) * PART
            + self
                .details
                .as_deref()
                .map_or(0, |known| known.settled.size())
            + self.recent_notes.size()
            + self.recent_cancellations.size()
    }

    /// Where it goes, sealed: as it was placed, or as that was changed last.
    pub fn shipping_address(&self) -> Option<&Sealed> {
        let moved_to = self.details.as_deref();
        let moved_to = moved_to.and_then(|known| known.moved_to.as_ref());
        moved_to.or(self.placed.shipping_address.as_ref())
    }

    /// Whether it is parked since a participant has said what the books contradict.
    pub fn is_contradiction(&self, task_id: Uuid) -> bool {
        let known = self.details.as_deref();
        known.is_some_and(|known| known.contradictions.contains(&task_id))
    }

    /// Whether it was parked so, and people have settled that lately.
    pub(super) fn was_contradiction(&self, task_id: Uuid) -> bool {
        let known = self.details.as_deref();
        known.is_some_and(|known| known.settled.contains(task_id))
    }

    /// How much of it is parked so.
    pub(super) fn contradictions(&self) -> usize {
        let known = self.details.as_deref();
        known.map_or(0, |known| known.contradictions.len())
    }

    /// What it is tagged with.
    pub fn tags(&self) -> &BTreeSet<String> {
        static NONE: BTreeSet<String> = BTreeSet::new();
        self.details.as_deref().map_or(&NONE, |known| &known.tags)
    }

    /// A line of it.
    pub fn line(&self, line: u32) -> Option<&Line> {
        // Lines are numbered from 1, in their order.
        let index = (line as usize).wrapping_sub(1);
        let placed = self.lines().get(index);
        placed.filter(|placed| placed.line == line)
    }

    /// How far a line is.
    pub fn progress(&self, line: u32) -> LineProgress {
        let known = self
            .fulfilment
            .as_ref()
            .and_then(|known| known.lines.get(&line));
        known.copied().unwrap_or_default()
    }

    /// How many of a line have neither left nor are cancelled; none of a line that it does not have.
    pub fn open(&self, line: u32) -> i64 {
        let ordered = self.line(line).map_or(0, |placed| placed.quantity);
        self.progress(line).open(ordered)
    }

    /// What of each line has neither left nor is cancelled; lines of which nothing has are left out.
    pub fn all_open(&self) -> Vec<LineQuantity> {
        let open = self.lines().iter().map(|placed| LineQuantity {
            line: placed.line,
            quantity: self.open(placed.line),
        });
        open.filter(|line| line.quantity > 0).collect()
    }

    /// What the first so many of its lines are worth, in minor units.
    pub fn worth(&self, lines: &[LineQuantity]) -> i64 {
        lines.iter().fold(0, |sum, wanted| {
            sum.saturating_add(self.worth_of(wanted.line, wanted.quantity))
        })
    }

    /// How many pieces of it are wanted: ordered, and not cancelled.
    pub(super) fn pieces(&self) -> i64 {
        self.lines().iter().fold(0, |sum, placed| {
            let cancelled = self.progress(placed.line).cancelled;
            sum.saturating_add(placed.quantity.saturating_sub(cancelled))
        })
    }

    /// Where a shipment is that has left.
    pub fn shipment(&self, shipment: ShipmentId) -> Option<ShipmentProgress> {
        let known = self.fulfilment.as_ref()?;
        known.shipments.get(&shipment).copied()
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
}
