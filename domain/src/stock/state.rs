//! What decisions about stock stand on.

use crate::{OrderId, recent::Recent};
use std::collections::{BTreeMap, VecDeque};

/// How many ended reservations are remembered.
const ENDED_KEPT: usize = 1_024;

/// The most reservations that may wait for a SKU at a location: what comes in may cover all of them at
/// once, in one append.
pub(super) const MAX_WAITING: usize = 500;

/// Which reservation: an order, and the attempt of it.
pub type ReservationKey = (OrderId, u32);

/// The stock of one SKU at one location.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stock {
    /// How many are there.
    pub on_hand: i64,
    /// How many of them wait for an order's payment.
    pub reserved: i64,
    /// How many of them are promised to confirmed orders.
    pub committed: i64,
    /// How many more have come back and cannot be sold as they are.
    pub quarantined: i64,
    /// How many more than there are may be promised.
    pub backorder_limit: i64,
    /// How many of what is promised are still to come.
    pub backordered: i64,
    /// The reservations that hold stock now.
    pub reservations: BTreeMap<ReservationKey, Reservation>,
    /// The reservations that wait for stock: who came first is served first.
    pub waiting: VecDeque<ReservationKey>,
    pub(super) ended: EndedReservations,
    pub(super) recent: Recent,
}

/// A reservation that holds stock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reservation {
    /// How many.
    pub quantity: i64,
    /// How many of them are still to come.
    pub waits_for: i64,
    /// Whether its order is confirmed.
    pub committed: bool,
    /// Whether it was said that what it waits for has not come in time.
    pub overdue: bool,
}

impl Stock {
    /// How many there are beyond what is promised; below zero, so many of what is promised are still to
    /// come, and no more of them than the limit said when they were promised.
    pub const fn available(&self) -> i64 {
        self.on_hand
            .saturating_sub(self.reserved)
            .saturating_sub(self.committed)
    }

    /// How many of those that are there are nobody's yet.
    pub const fn free(&self) -> i64 {
        self.available().saturating_add(self.backordered)
    }

    /// How many of those that are there may be had at once: none that others wait for, who are about to have
    /// them.
    pub const fn at_hand(&self) -> i64 {
        match self.backordered {
            0 => self.free(),
            _ => 0,
        }
    }

    /// How many may still be reserved, with what may be promised before it is there; none, where orders
    /// wait for as many as the limit says now, or for more.
    pub fn reservable(&self) -> i64 {
        let may_be_promised = match self.waiting.len() < MAX_WAITING {
            true => self.available().saturating_add(self.backorder_limit),
            false => 0,
        };
        may_be_promised.max(0)
    }

    /// About how many bytes that takes of which there may be many.
    pub(crate) fn size_of_many(&self) -> usize {
        const RESERVATION: usize = size_of::<(ReservationKey, Reservation)>();
        // Once to be found, and once to be forgotten in turn.
        const ENDED: usize = size_of::<(ReservationKey, Ended)>() + size_of::<ReservationKey>();
        self.reservations.len() * RESERVATION
            + self.waiting.len() * size_of::<ReservationKey>()
            + self.ended.oldest_first.len() * ENDED
            + self.recent.size()
    }

    /// Forgets how reservations ended, as in the end it does of each.
    #[cfg(test)]
    pub(crate) fn forget_ended(&mut self) {
        self.ended = EndedReservations::default();
    }

    /// How a reservation ended, if it did lately.
    pub fn ended(&self, key: &ReservationKey) -> Option<Ended> {
        self.ended.by_key.get(key).copied()
    }
}

/// How the latest reservations ended that hold nothing any more, so that a second release is
/// nothing and a late reservation is refused. Bounded, so that the state of a SKU that sells for
/// years stays small: what comes late comes seconds late, not a thousand reservations late. Where all
/// events are reacted to once more, the orders tell that they wait no more: see [`super::for_order`].
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct EndedReservations {
    by_key: BTreeMap<ReservationKey, Ended>,
    oldest_first: VecDeque<ReservationKey>,
}

impl EndedReservations {
    pub(super) fn insert(&mut self, key: ReservationKey, how: Ended) {
        if self.by_key.insert(key, how).is_some() {
            return;
        }
        self.oldest_first.push_back(key);
        if self.oldest_first.len() > ENDED_KEPT
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.by_key.remove(&oldest);
        }
    }
}

impl EndedReservations {
    /// Forgets that it ended: something is kept again.
    pub(super) fn remove(&mut self, key: &ReservationKey) {
        if self.by_key.remove(key).is_some() {
            self.oldest_first.retain(|known| known != key);
        }
    }
}

/// How a reservation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// There was not enough.
    Rejected,
    /// It was given back, perhaps before it came.
    Released,
    /// What it held has left.
    Shipped,
}
