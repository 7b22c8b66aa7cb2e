//! Which commands of people an order allows.

use super::{AmendmentProposed, Placed, Status, decide::MAX_HOLDS};
use crate::shipment::{Shipment, ShipmentStatus as S};
use chrono::{DateTime, Utc};

/// What allows or forbids commands to an order, beside its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circumstances {
    /// How many holds are on it.
    pub holds: usize,
    /// Whether its customer has something of it that may be sent back.
    pub returnable: bool,
    /// Whether somebody would have it be otherwise.
    pub amending: Amending,
    /// How far what leaves for it is.
    pub packing: Packing,
}

/// Whether an amendment of an order is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amending {
    /// None is.
    No,
    /// One is; of some SKU more would be kept, or of none.
    Open {
        /// Whether more would.
        more: bool,
    },
    /// One is whose time is up: nobody can apply it, and the next that is proposed takes its place.
    Overdue,
}

/// How far what leaves for an order is: as far as whatever of it is furthest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Packing {
    /// Nobody has looked: what depends on it may be refused.
    Unknown,
    /// Something of it is still being allocated, or is still to come.
    Allocating,
    /// It waits to be packed.
    Waiting,
    /// It waits to be packed in several parcels, as far as anything of these is wanted: then it is not amended.
    Parcels,
    /// Something of it is packed, or will not leave.
    Packed,
    /// The carrier was asked to take something of it.
    Labelled,
}

impl Amending {
    /// How it is at a time with what is open; where the time is not known, nothing is overdue.
    pub fn of(open: Option<&AmendmentProposed>, at: Option<DateTime<Utc>>) -> Self {
        match open {
            None => Self::No,
            Some(open) => Self::of_open(
                open.until,
                open.stock.iter().map(|stock| stock.difference),
                at,
            ),
        }
    }

    /// How it is at a time, where one is open until then that would have so many more kept of each SKU.
    pub fn of_open(
        until: DateTime<Utc>,
        mut differences: impl Iterator<Item = i64>,
        at: Option<DateTime<Utc>>,
    ) -> Self {
        match at {
            Some(at) if at >= until => Self::Overdue,
            _ => Self::Open {
                more: differences.any(|difference| difference > 0),
            },
        }
    }
}

impl Packing {
    /// That of the shipments of an order: where each of them is, and in how many parcels the order leaves by what
    /// it says. They are created at once: so where there are any, nothing is still being allocated.
    pub fn of(shipments: impl IntoIterator<Item = (S, u32)>) -> Self {
        let shipments: Vec<(S, u32)> = shipments.into_iter().collect();
        let is_split = shipments.iter().any(|(_, parcels)| *parcels > 1);
        let all = shipments.iter().map(|(status, _)| match status {
            // Of one that is kept nothing is wanted, whatever becomes of the others.
            S::Pending | S::Cancelled if is_split => Self::Parcels,
            S::Pending => Self::Waiting,
            // Another label is made when the carrier is asked again.
            S::Packed | S::Ready | S::Refused | S::Cancelled => Self::Packed,
            S::Dispatching
            | S::Dispatched
            | S::Delivered
            | S::Failed
            | S::Lost
            | S::ReturnedToSender
            | S::BookedIn => Self::Labelled,
        });
        all.max().unwrap_or(Self::Allocating)
    }

    /// That of these, which are all that may leave for an order.
    pub fn of_all(shipments: &[&Shipment]) -> Self {
        Self::of(shipments.iter().filter_map(|shipment| {
            let parcels = shipment.created().map_or(1, |parcel| parcel.parcels);
            Some((shipment.status()?, parcels))
        }))
    }

    /// Whether nothing of it is packed, for certain.
    const fn is_yet_to_be(self) -> bool {
        matches!(self, Self::Allocating | Self::Waiting | Self::Parcels)
    }

    /// Whether nothing of it is packed, and it leaves as a whole, as far as is known.
    const fn may_be_amended(self) -> bool {
        matches!(self, Self::Allocating | Self::Waiting)
    }

    /// Whether the carrier was not asked to take anything of it, for certain.
    const fn is_without_label(self) -> bool {
        !matches!(self, Self::Unknown | Self::Labelled)
    }
}

impl Status {
    /// The commands of people that are allowed to an order that is there. None is named that would be refused,
    /// for any reason but what it asks for: where it is not known, it is left out.
    pub fn allowed_commands(self, known: Circumstances) -> Vec<&'static str> {
        let mut allowed = vec!["add_note", "set_tags"];
        let is_confirmed = self == Self::Confirmed;
        let may_change = is_confirmed && known.packing.is_yet_to_be();
        let may_amend = is_confirmed && known.packing.may_be_amended();
        let mut allow = |name, when: bool| {
            if when {
                allowed.push(name);
            }
        };
        let is_wanted = matches!(self, Self::Placed | Self::Confirmed);
        allow("cancel", is_wanted);
        allow("cancel_lines", may_change);
        // Nothing leaves before the order is confirmed.
        allow(
            "change_shipping_address",
            self == Self::Placed || is_confirmed && known.packing.is_without_label(),
        );
        allow(
            "place_hold",
            (is_wanted || self == Self::Cancelling) && known.holds < MAX_HOLDS,
        );
        match known.amending {
            Amending::No => allow("propose_amendment", may_amend),
            Amending::Open { more } => {
                let is_there = !more || known.packing == Packing::Waiting;
                allow("apply_amendment", may_amend && is_there);
                allow("withdraw_amendment", true);
            }
            Amending::Overdue => {
                allow("propose_amendment", may_amend);
                allow("withdraw_amendment", true);
            }
        }
        allow("release_hold", known.holds > 0);
        allow("request_return", known.returnable);
        allowed
    }
}

impl Placed {
    /// The commands of people that are allowed at a time, if it is known, where what leaves for it is as far
    /// as that.
    pub fn allowed_commands(
        &self,
        packing: Packing,
        at: Option<DateTime<Utc>>,
    ) -> Vec<&'static str> {
        let has_left = self.fulfilment.as_deref();
        let has_left = has_left.is_some_and(|known| !known.shipments.is_empty());
        self.status.allowed_commands(Circumstances {
            holds: self.holds.len(),
            returnable: self.is_returnable(),
            amending: Amending::of(self.open_amendment(), at),
            packing: if has_left { Packing::Labelled } else { packing },
        })
    }
}

#[cfg(test)]
mod tests;
