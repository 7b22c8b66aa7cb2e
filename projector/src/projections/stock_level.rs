//! One row per SKU and location: how many there are, how many are promised, and how many are still to come.

use crate::{
    projection::{FoldError, Projection, add, subtract},
    row::row,
};
use chrono::{DateTime, Utc};
use domain::{Event, Location, Recorded, Sku, TenantId, stock::StockEvent};

row! {
    /// The stock of a SKU at a location.
    StockLevelRow in "stock_level" by
    /// Which SKU, where.
    StockLevelKey
    key {
        /// The shop.
        tenant: TenantId,
        /// Where.
        location: Location,
        /// What.
        sku: Sku,
    }
    state {
        /// How many are there.
        on_hand: i64,
        /// How many of them wait for an order's payment.
        reserved: i64,
        /// How many of them are promised to confirmed orders.
        committed: i64,
        /// How many there are beyond what is promised; below zero, so many are still to come.
        available: i64,
        /// How many more have come back and cannot be sold as they are.
        quarantined: i64,
        /// How many of what is promised are still to come.
        backordered: i64,
        /// How many more than there are may be promised.
        backorder_limit: i64,
        /// The version of the stock's stream.
        version: i64,
        /// The position of the last event.
        position: i64,
        /// When it was recorded.
        updated_at: DateTime<Utc>,
    }
    once {}
}

/// Stock.
pub struct StockLevel;

impl Projection for StockLevel {
    const NAME: &'static str = "stock_level";
    const VERSION: i32 = 5;
    type Row = StockLevelRow;

    fn types() -> Vec<&'static str> {
        StockEvent::TYPES.to_vec()
    }

    fn key(event: &Recorded) -> Option<StockLevelKey> {
        let Event::Stock(stock) = &event.event else {
            return None;
        };
        let (location, sku) = stock.of();
        Some(StockLevelKey {
            tenant: event.envelope.tenant.clone(),
            location: location.clone(),
            sku: sku.clone(),
        })
    }

    fn apply(
        row: Option<StockLevelRow>,
        event: &Recorded,
    ) -> Result<Option<StockLevelRow>, FoldError> {
        let Event::Stock(stock) = &event.event else {
            return Ok(row);
        };
        let Some(key) = Self::key(event) else {
            return Ok(row);
        };
        let mut row = row.unwrap_or_else(|| empty(key, event));
        if row.version + 1 != event.envelope.version.get() {
            return Err(FoldError::new(format!(
                "it follows on version {} of the stream, and the row is of version {}",
                event.envelope.version.get() - 1,
                row.version
            )));
        }
        match stock {
            StockEvent::StockReceived(event) => add(&mut row.on_hand, event.quantity)?,
            StockEvent::StockAdjusted(event) => add(&mut row.on_hand, event.delta)?,
            StockEvent::StockReserved(event) => add(&mut row.reserved, event.quantity)?,
            StockEvent::StockReservationRejected(_) => {}
            StockEvent::ReservationCommitted(event) => {
                subtract(&mut row.reserved, event.quantity)?;
                add(&mut row.committed, event.quantity)?;
            }
            StockEvent::ReservationReleased(event) => {
                let held = match event.committed {
                    true => &mut row.committed,
                    false => &mut row.reserved,
                };
                subtract(held, event.quantity)?;
            }
            StockEvent::ReservationReduced(event) => {
                let held = match event.committed {
                    true => &mut row.committed,
                    false => &mut row.reserved,
                };
                subtract(held, event.quantity)?;
            }
            StockEvent::ReservationRaised(event) => {
                let held = match event.committed {
                    true => &mut row.committed,
                    false => &mut row.reserved,
                };
                add(held, event.quantity)?;
            }
            StockEvent::ReservationExpired(event) => {
                subtract(&mut row.reserved, event.quantity)?;
            }
            StockEvent::StockShipped(event) => {
                subtract(&mut row.on_hand, event.quantity)?;
                subtract(&mut row.committed, event.quantity)?;
                subtract(&mut row.committed, event.given_back)?;
            }
            StockEvent::StockRestocked(event) => add(&mut row.on_hand, event.quantity)?,
            StockEvent::StockQuarantined(event) => add(&mut row.quarantined, event.quantity)?,
            StockEvent::StockRecovered(event) => {
                add(&mut row.on_hand, event.restocked)?;
                add(&mut row.quarantined, event.quarantined)?;
            }
            StockEvent::QuarantineCleared(event) => {
                subtract(&mut row.quarantined, event.restocked)?;
                subtract(&mut row.quarantined, event.written_off)?;
                add(&mut row.on_hand, event.restocked)?;
            }
            StockEvent::BackorderLimitSet(event) => row.backorder_limit = event.limit,
            StockEvent::Backordered(event) => add(&mut row.backordered, event.quantity)?,
            StockEvent::BackorderCovered(event) => subtract(&mut row.backordered, event.quantity)?,
            StockEvent::BackorderDropped(event) => subtract(&mut row.backordered, event.quantity)?,
            StockEvent::BackorderExpired(_) => {}
        }
        row.available = row.on_hand;
        subtract(&mut row.available, row.reserved)?;
        subtract(&mut row.available, row.committed)?;
        row.version = event.envelope.version.get();
        row.position = event.envelope.position.get();
        row.updated_at = event.envelope.recorded_at;
        Ok(Some(row))
    }
}

fn empty(key: StockLevelKey, event: &Recorded) -> StockLevelRow {
    StockLevelRow {
        tenant: key.tenant,
        location: key.location,
        sku: key.sku,
        on_hand: 0,
        reserved: 0,
        committed: 0,
        available: 0,
        quarantined: 0,
        backordered: 0,
        backorder_limit: 0,
        version: 0,
        position: 0,
        updated_at: event.envelope.recorded_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, History, fold_all};

    fn level(history: &History, sku: &str) -> (i64, i64, i64, i64, i64) {
        let rows = fold_all::<StockLevel>(history.events()).unwrap();
        let row = rows.values().find(|row| row.sku.as_str() == sku).unwrap();
        (
            row.on_hand,
            row.reserved,
            row.committed,
            row.available,
            row.version,
        )
    }

    #[test]
    fn stock_is_received_reserved_committed_and_given_back() {
        let mut history = History::default();
        history.receive("A", 10);
        history.adjust("A", -1);
        assert_eq!(level(&history, "A"), (9, 0, 0, 9, 2));
        let order = history.place("17850", &[("A", 4, 500)]);
        history.reserve(order, "A", 4);
        assert_eq!(level(&history, "A"), (9, 4, 0, 5, 3));
        history.commit(order, "A", 4);
        assert_eq!(level(&history, "A"), (9, 0, 4, 5, 4));
        history.release(order, "A", 4, true);
        assert_eq!(level(&history, "A"), (9, 0, 0, 9, 5));
        history.reserve(order, "A", 2);
        history.release(order, "A", 2, false);
        assert_eq!(level(&history, "A"), (9, 0, 0, 9, 7));
        history.expire_reservation(order, "A", 0);
        assert_eq!(level(&history, "A"), (9, 0, 0, 9, 8));
        history.reserve(order, "A", 3);
        history.commit(order, "A", 3);
        history.ship_stock(order, "A", 3);
        assert_eq!(level(&history, "A"), (6, 0, 0, 6, 11));
        history.reserve(order, "A", 3);
        history.commit(order, "A", 3);
        history.ship_stock_of(order, "A", 2, 1);
        assert_eq!(level(&history, "A"), (4, 0, 0, 4, 14));
        history.come_back(order, "A", 2, 1);
        assert_eq!(level(&history, "A"), (6, 0, 0, 6, 16));
        let rows = fold_all::<StockLevel>(history.events()).unwrap();
        let row = rows.into_values().next().unwrap();
        assert_eq!(row.quarantined, 1);
    }

    #[test]
    fn what_is_still_to_come_is_counted() {
        let mut history = History::default();
        history.receive("A", 2);
        history.limit("A", 4);
        let order = history.place("17850", &[("A", 5, 500)]);
        history.reserve(order, "A", 5);
        history.backorder(order, "A", 3);
        let late = |history: &History| {
            let rows = fold_all::<StockLevel>(history.events()).unwrap();
            let row = rows.into_values().next().unwrap();
            (row.available, row.backordered, row.backorder_limit)
        };
        assert_eq!(level(&history, "A"), (2, 5, 0, -3, 4));
        assert_eq!(late(&history), (-3, 3, 4));
        history.receive("A", 2);
        history.cover(order, "A", 2, 1);
        assert_eq!(late(&history), (-1, 1, 4));
        history.drop_backorder(order, "A", 1);
        history.release(order, "A", 5, false);
        assert_eq!(late(&history), (4, 0, 4));
    }

    #[test]
    fn rows_are_what_the_domain_makes_of_the_stream() {
        let mut history = History::default();
        for nr in 0..40 {
            history.random_step(nr);
        }
        testing::all_of_backorders(&mut history);
        let rows = fold_all::<StockLevel>(history.events()).unwrap();
        assert!(rows.len() > 1);
        for row in rows.values() {
            let stock = history.stock(&row.sku);
            assert_eq!(
                (
                    row.on_hand,
                    row.quarantined,
                    row.reserved,
                    row.committed,
                    row.available,
                    row.backordered,
                    row.backorder_limit
                ),
                (
                    stock.on_hand,
                    stock.quarantined,
                    stock.reserved,
                    stock.committed,
                    stock.available(),
                    stock.backordered,
                    stock.backorder_limit
                ),
                "{}",
                row.sku
            );
        }
    }

    #[test]
    fn a_missing_event_is_noticed() {
        let mut history = History::default();
        history.receive("A", 10);
        history.receive("A", 1);
        history.receive("A", 1);
        let mut events = history.events().to_vec();
        events.remove(1);
        let error = fold_all::<StockLevel>(&events).unwrap_err();
        assert_eq!(
            error.to_string(),
            "it follows on version 2 of the stream, and the row is of version 1"
        );
    }

    #[test]
    fn types_are_those_that_have_a_key() {
        testing::types_are_those_that_have_a_key::<StockLevel>();
    }
}
