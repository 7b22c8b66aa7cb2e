//! One row per customer and currency.

use super::tally::{self, counted, tally};
use crate::{
    projection::{FoldError, Projection, add, add_wide, known},
    row::row,
};
use chrono::{DateTime, Utc};
use domain::{
    Currency, CustomerId, Event, Recorded, TenantId,
    order::{OrderBrief, OrderEvent},
};

row! {
    /// What a customer has ordered in a currency. An order counts in `orders`, and where it is now.
    CustomerSummaryRow in "customer_summary" by
    /// Which customer, in which currency.
    CustomerSummaryKey
    key {
        /// The shop.
        tenant: TenantId,
        /// The customer.
        customer_id: CustomerId,
        /// The currency of all amounts.
        currency: Currency,
    }
    state {
        /// How many orders were placed.
        orders: i64,
        /// Their sum, in minor units.
        amount: i128,
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
        /// When the first of them was placed.
        first_order_at: DateTime<Utc>,
        /// When the last of them was placed.
        last_order_at: DateTime<Utc>,
        /// The position of the last event that was counted.
        position: i64,
        /// When it was recorded.
        updated_at: DateTime<Utc>,
    }
    once {}
}

/// Customers.
pub struct CustomerSummary;

impl Projection for CustomerSummary {
    const NAME: &'static str = "customer_summary";
    const VERSION: i32 = 2;
    type Row = CustomerSummaryRow;

    fn types() -> Vec<&'static str> {
        tally::TYPES.to_vec()
    }

    fn key(event: &Recorded) -> Option<CustomerSummaryKey> {
        let Event::Order(order) = &event.event else {
            return None;
        };
        counted(order).map(|brief| key(event, brief))
    }

    fn apply(
        row: Option<CustomerSummaryRow>,
        event: &Recorded,
    ) -> Result<Option<CustomerSummaryRow>, FoldError> {
        let Event::Order(order) = &event.event else {
            return Ok(row);
        };
        let Some(brief) = counted(order) else {
            return Ok(row);
        };
        let mut row = match order {
            OrderEvent::OrderPlaced(_) => {
                let (placed_at, total) = (brief.placed_at, brief.total);
                let mut row = row.unwrap_or_else(|| empty(key(event, brief), placed_at));
                add(&mut row.orders, 1)?;
                add_wide(&mut row.amount, total);
                row.first_order_at = row.first_order_at.min(placed_at);
                row.last_order_at = row.last_order_at.max(placed_at);
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

fn key(event: &Recorded, brief: OrderBrief) -> CustomerSummaryKey {
    CustomerSummaryKey {
        tenant: event.envelope.tenant.clone(),
        customer_id: brief.customer_id,
        currency: brief.currency,
    }
}

fn empty(key: CustomerSummaryKey, placed_at: DateTime<Utc>) -> CustomerSummaryRow {
    CustomerSummaryRow {
        tenant: key.tenant,
        customer_id: key.customer_id,
        currency: key.currency,
        orders: 0,
        amount: 0,
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
        first_order_at: placed_at,
        last_order_at: placed_at,
        position: 0,
        updated_at: placed_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, History, fold_all};

    fn row(history: &History, customer: &str) -> CustomerSummaryRow {
        let rows = fold_all::<CustomerSummary>(history.events()).unwrap();
        let mut rows = rows.into_values();
        rows.find(|row| row.customer_id.as_str() == customer)
            .unwrap()
    }

    #[test]
    fn an_order_counts_where_it_is() {
        let mut history = History::default();
        let first = history.confirmed_order("17850", &[("A", 2, 500)]);
        history.place("17850", &[("A", 1, 250)]);
        history.confirmed_order("12345", &[("A", 1, 7)]);
        let summary = row(&history, "17850");
        assert_eq!((summary.orders, summary.amount), (2, 1_250));
        assert_eq!(
            (summary.confirmed_orders, summary.confirmed_amount),
            (1, 1_000)
        );
        history.cancel(first, true);
        let summary = row(&history, "17850");
        assert_eq!((summary.orders, summary.amount), (2, 1_250));
        assert_eq!((summary.confirmed_orders, summary.confirmed_amount), (0, 0));
        assert_eq!(
            (summary.cancelled_orders, summary.cancelled_amount),
            (1, 1_000)
        );
    }

    #[test]
    fn first_and_last_are_by_the_time_of_ordering() {
        let mut history = History::default();
        history.place_at("17850", "2010-12-02T08:00:00Z", "EUR", &[("A", 1, 1)]);
        history.place_at("17850", "2010-12-01T08:00:00Z", "EUR", &[("A", 1, 1)]);
        history.place_at("17850", "2010-12-03T08:00:00Z", "EUR", &[("A", 1, 1)]);
        let summary = row(&history, "17850");
        assert_eq!(
            summary.first_order_at.to_rfc3339(),
            "2010-12-01T08:00:00+00:00"
        );
        assert_eq!(
            summary.last_order_at.to_rfc3339(),
            "2010-12-03T08:00:00+00:00"
        );
    }

    #[test]
    fn currencies_are_not_added_up() {
        let mut history = History::default();
        history.place_at("17850", "2010-12-02T08:00:00Z", "EUR", &[("A", 1, 5)]);
        history.place_at("17850", "2010-12-02T08:00:00Z", "GBP", &[("A", 1, 7)]);
        let rows = fold_all::<CustomerSummary>(history.events()).unwrap();
        let mut amounts: Vec<_> = rows.values().map(|row| row.amount).collect();
        amounts.sort_unstable();
        assert_eq!(amounts, [5, 7]);
    }

    #[test]
    fn sums_go_on_where_64_bits_end() {
        let mut history = History::default();
        for _ in 0..3 {
            let order = history.place("17850", &[("A", 1, i64::MAX)]);
            history.confirm(order);
        }
        let sum = 3 * i128::from(i64::MAX);
        let summary = row(&history, "17850");
        assert_eq!((summary.orders, summary.amount), (3, sum));
        assert_eq!(summary.confirmed_amount, sum);
    }

    #[test]
    fn types_are_those_that_have_a_key() {
        testing::types_are_those_that_have_a_key::<CustomerSummary>();
    }
}
