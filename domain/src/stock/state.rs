//! What decisions about stock stand on.

use crate::{OrderId, recent::Recent};
use std::collections::BTreeMap;

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
    /// The reservations that hold stock now.
    pub reservations: BTreeMap<ReservationKey, Reservation>,
    /// How reservations ended that hold nothing any more: kept, so that a second release is nothing
    /// and a late reservation is refused.
    pub ended: BTreeMap<ReservationKey, Ended>,
    pub(super) recent: Recent,
}

/// A reservation that holds stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reservation {
    /// How many.
    pub quantity: i64,
    /// Whether its order is confirmed.
    pub committed: bool,
}

impl Stock {
    /// How many may still be reserved.
    pub const fn available(&self) -> i64 {
        self.on_hand - self.reserved - self.committed
    }
}

/// How a reservation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// There was not enough.
    Rejected,
    /// It was given back, perhaps before it came.
    Released,
}
