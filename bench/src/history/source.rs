//! Which orders are placed, and when.

use crate::{
    invoices::Invoice,
    orders::{Placement, reference},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{OrderId, order::PlaceOrder};
use rand::{RngExt, rngs::StdRng};
use std::sync::Arc;

/// Where orders come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A month of real invoices in the order of their times, again and again: each time with ids and
    /// references of its own. See [`Source::real`].
    Real(Arc<[Invoice]>),
    /// Small orders of many articles, drawn.
    Drawn,
}

/// The month of the file has so many days.
const MONTH: TimeDelta = TimeDelta::days(31);

/// When the first of the drawn orders is placed.
const BEGAN: DateTime<Utc> = match DateTime::from_timestamp_secs(1_291_191_960) {
    Some(time) => time,
    None => DateTime::UNIX_EPOCH,
};

/// The longest time between two drawn orders: at half of it on average, they come like real ones.
const APART: std::ops::Range<i64> = 1..3_600;

impl Source {
    /// The real invoices that an order may be made of.
    ///
    /// # Errors
    /// There are none.
    pub fn real(invoices: Vec<Invoice>) -> anyhow::Result<Self> {
        let mut invoices = invoices;
        let id = OrderId::new(uuid::Uuid::nil());
        invoices.retain(|invoice| invoice.command(id, String::new(), BEGAN).is_ok());
        anyhow::ensure!(!invoices.is_empty(), "no invoice could be an order");
        invoices.sort_by_key(Invoice::placed_at);
        Ok(Self::Real(invoices.into()))
    }
}

/// Orders, one after another, without an end. They have no addresses: what is personal is sealed, and no
/// history has the keys.
pub(super) struct Orders {
    source: Source,
    placed: u64,
    time: DateTime<Utc>,
}

impl Orders {
    pub(super) const fn of(source: Source) -> Self {
        Self {
            source,
            placed: 0,
            time: BEGAN,
        }
    }

    /// The next one.
    pub(super) fn next(&mut self, rng: &mut StdRng) -> PlaceOrder {
        let number = self.placed;
        self.placed += 1;
        match &self.source {
            Source::Real(invoices) => {
                let count = invoices.len() as u64;
                let (month, which) = (number / count, number % count);
                let invoice = &invoices[usize::try_from(which).unwrap_or_default()];
                let months = i32::try_from(month).unwrap_or(i32::MAX);
                self.time = invoice.placed_at() + MONTH * months;
                // Each month's orders have numbers of their own.
                let reference = format!("{}-{month}", invoice.number());
                let command = invoice.command(id(self.time, rng), reference, self.time);
                command.expect("only those that an order may be made of are taken")
            }
            Source::Drawn => {
                self.time += TimeDelta::seconds(rng.random_range(APART));
                let order = Placement::drawn(rng);
                order.command(id(self.time, rng), reference(number), self.time)
            }
        }
    }
}

/// As the service makes it of a request's key.
fn id(time: DateTime<Utc>, rng: &mut StdRng) -> OrderId {
    let millis = time.timestamp_millis().unsigned_abs();
    let id = uuid::Builder::from_unix_timestamp_millis(millis, &rng.random());
    OrderId::new(id.into_uuid())
}
