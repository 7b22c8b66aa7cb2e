//! One row per day on which orders were placed (UTC) and currency: what sales reports add up.

use super::tally::{self, counted, tally};
use crate::{
    projection::{FoldError, Projection, add, add_wide, known},
    row::row,
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    Currency, Event, Recorded, TenantId,
    order::{OrderBrief, OrderEvent},
};

row! {
    /// What was ordered on a day. An order counts in `orders`, and where it is now.
    SalesDailyRow in "sales_daily" by
    /// Which day, in which currency.
    SalesDailyKey
    key {
        /// The shop.
        tenant: TenantId,
        /// The day on which the orders were placed, in UTC.
        day: NaiveDate,
        /// The currency of all amounts.
        currency: Currency,
    }
    state {
        /// How many orders were placed.
        orders: i64,
        /// Their lines.
        lines: i128,
        /// Their pieces.
        units: i128,
        /// Their sum, in minor units.
        amount: i128,
        /// Their prices times quantities.
        gross: i128,
        /// What was taken off those, by all discounts.
        discount: i128,
        /// The tax in their sum.
        tax: i128,
        /// How many are confirmed now, or completed.
        confirmed_orders: i64,
        /// Their sum.
        confirmed_amount: i128,
        /// How many were cancelled.
        cancelled_orders: i64,
        /// Their sum.
        cancelled_amount: i128,
        /// How many were rejected.
        rejected_orders: i64,
        /// Their sum.
        rejected_amount: i128,
        /// How many expired.
        expired_orders: i64,
        /// Their sum.
        expired_amount: i128,
        /// How many of the confirmed ones are completed.
        completed_orders: i64,
        /// Their sum.
        completed_amount: i128,
        /// The position of the last event that was counted.
        position: i64,
        /// When it was recorded.
        updated_at: DateTime<Utc>,
    }
    once {}
}

/// Sales.
pub struct SalesDaily;

impl Projection for SalesDaily {
    const NAME: &'static str = "sales_daily";
    const VERSION: i32 = 3;
    type Row = SalesDailyRow;

    fn types() -> Vec<&'static str> {
        tally::TYPES.to_vec()
    }

    fn key(event: &Recorded) -> Option<SalesDailyKey> {
        let Event::Order(order) = &event.event else {
            return None;
        };
        counted(order).map(|brief| key(event, &brief))
    }

    fn apply(
        row: Option<SalesDailyRow>,
        event: &Recorded,
    ) -> Result<Option<SalesDailyRow>, FoldError> {
        let Event::Order(order) = &event.event else {
            return Ok(row);
        };
        let Some(brief) = counted(order) else {
            return Ok(row);
        };
        let mut row = match order {
            OrderEvent::OrderPlaced(placed) => {
                let mut row = row.unwrap_or_else(|| empty(key(event, &brief), event));
                add(&mut row.orders, 1)?;
                let lines = i64::try_from(placed.lines.len()).unwrap_or(i64::MAX);
                add_wide(&mut row.lines, lines);
                add_wide(&mut row.units, super::units(&placed.lines)?);
                add_wide(&mut row.amount, placed.total);
                let totals = placed.totals();
                add_wide(&mut row.gross, totals.subtotal);
                add_wide(&mut row.discount, totals.discount_total);
                add_wide(&mut row.tax, totals.tax);
                row
            }
            _ => known(row)?,
        };
        tally!(row).count(order)?;
        row.position = event.envelope.position.get();
        row.updated_at = event.envelope.recorded_at;
        Ok(Some(row))
    }
}

fn key(event: &Recorded, brief: &OrderBrief) -> SalesDailyKey {
    SalesDailyKey {
        tenant: event.envelope.tenant.clone(),
        day: brief.placed_at.date_naive(),
        currency: brief.currency,
    }
}

fn empty(key: SalesDailyKey, event: &Recorded) -> SalesDailyRow {
    SalesDailyRow {
        tenant: key.tenant,
        day: key.day,
        currency: key.currency,
        orders: 0,
        lines: 0,
        units: 0,
        amount: 0,
        gross: 0,
        discount: 0,
        tax: 0,
        confirmed_orders: 0,
        confirmed_amount: 0,
        cancelled_orders: 0,
        cancelled_amount: 0,
        rejected_orders: 0,
        rejected_amount: 0,
        expired_orders: 0,
        expired_amount: 0,
        completed_orders: 0,
        completed_amount: 0,
        position: 0,
        updated_at: event.envelope.recorded_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, History, fold_all};

    #[test]
    fn orders_count_on_the_day_they_were_placed() {
        let mut history = History::default();
        let late = "2010-12-01T23:59:59.999999Z";
        let order = history.place_at("1", late, "GBP", &[("A", 2, 100), ("A", 3, 10)]);
        history.place_at("2", "2010-12-02T00:00:00Z", "GBP", &[("A", 1, 5)]);
        history.confirm(order);
        let rows = fold_all::<SalesDaily>(history.events()).unwrap();
        let rows: Vec<_> = rows.into_values().collect();
        assert_eq!(rows.len(), 2);
        let first = &rows[0];
        assert_eq!(first.day.to_string(), "2010-12-01");
        assert_eq!(
            (first.orders, first.lines, first.units, first.amount),
            (1, 2, 5, 230)
        );
        assert_eq!((first.confirmed_orders, first.confirmed_amount), (1, 230));
        assert_eq!(rows[1].confirmed_orders, 0);
    }

    #[test]
    fn discounts_and_taxes_are_added_up() {
        let mut history = History::default();
        history.place("1", &[("A", 2, 100)]);
        history.place("2", &[("A", 3, 100)]);
        let mut events = history.events().to_vec();
        let Event::Order(OrderEvent::OrderPlaced(placed)) = &mut events[1].event else {
            panic!("{:?}", events[1]);
        };
        let line = &mut placed.lines[0];
        (line.discount, line.order_discount, line.tax) = (10, 20, 27);
        (line.total, placed.total) = (297, 297);
        let rows = fold_all::<SalesDaily>(&events).unwrap();
        let row = rows.values().next().unwrap();
        assert_eq!(
            (row.gross, row.discount, row.tax, row.amount),
            (500, 30, 27, 497)
        );
    }

    #[test]
    fn every_order_is_in_one_place() {
        let mut history = History::default();
        for nr in 0..60 {
            history.random_step(nr);
        }
        let rows = fold_all::<SalesDaily>(history.events()).unwrap();
        for row in rows.values() {
            let counts = [
                row.confirmed_orders,
                row.cancelled_orders,
                row.rejected_orders,
                row.expired_orders,
            ];
            assert!(counts.iter().all(|count| *count >= 0));
            assert!(counts.iter().sum::<i64>() <= row.orders);
            assert!((0..=row.confirmed_orders).contains(&row.completed_orders));
            assert!((0..=row.confirmed_amount).contains(&row.completed_amount));
        }
        let total: i128 = rows.values().map(|row| row.amount).sum();
        assert_eq!(total, i128::from(history.placed_total()));
    }

    #[test]
    fn types_are_those_that_have_a_key() {
        testing::types_are_those_that_have_a_key::<SalesDaily>();
    }
}
