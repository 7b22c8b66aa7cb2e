//! One row per day (UTC) and currency on which money came in or went back: what the books, and the
//! provider's payouts, are compared with.

use crate::{
    projection::{FoldError, Projection, add, add_wide},
    row::row,
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{Currency, Event, Money, Recorded, TenantId, payment::PaymentEvent};

row! {
    /// What came in and went back on a day.
    PaymentsDailyRow in "payments_daily" by
    /// Which day, in which currency.
    PaymentsDailyKey
    key {
        /// The shop.
        tenant: TenantId,
        /// The day on which it was recorded, in UTC.
        day: NaiveDate,
        /// The currency of all amounts.
        currency: Currency,
    }
    state {
        /// How often something was taken.
        captures: i64,
        /// The sum of that, in minor units.
        captured_amount: i128,
        /// How often something was given back.
        refunds: i64,
        /// The sum of that.
        refunded_amount: i128,
        /// How many disputes were lost.
        lost_disputes: i64,
        /// What is gone with them.
        lost_amount: i128,
        /// The position of the last event that was counted.
        position: i64,
        /// When it was recorded.
        updated_at: DateTime<Utc>,
    }
    once {}
}

/// What came in and went back.
pub struct PaymentsDaily;

impl Projection for PaymentsDaily {
    const NAME: &'static str = "payments_daily";
    const VERSION: i32 = 1;
    type Row = PaymentsDailyRow;

    fn types() -> Vec<&'static str> {
        vec!["PaymentCaptured", "PaymentRefunded", "DisputeLost"]
    }

    fn key(event: &Recorded) -> Option<PaymentsDailyKey> {
        let (_, amount) = moved(event)?;
        Some(PaymentsDailyKey {
            tenant: event.envelope.tenant.clone(),
            day: event.envelope.recorded_at.date_naive(),
            currency: amount.currency,
        })
    }

    fn apply(
        row: Option<PaymentsDailyRow>,
        event: &Recorded,
    ) -> Result<Option<PaymentsDailyRow>, FoldError> {
        let (Some(key), Some((movement, amount))) = (Self::key(event), moved(event)) else {
            return Ok(row);
        };
        let mut row = row.unwrap_or_else(|| empty(key, event));
        let (count, sum) = match movement {
            Movement::In => (&mut row.captures, &mut row.captured_amount),
            Movement::Back => (&mut row.refunds, &mut row.refunded_amount),
            Movement::Lost => (&mut row.lost_disputes, &mut row.lost_amount),
        };
        add(count, 1)?;
        add_wide(sum, amount.amount);
        row.position = event.envelope.position.get();
        row.updated_at = event.envelope.recorded_at;
        Ok(Some(row))
    }
}

/// Which way money went.
enum Movement {
    /// It was taken.
    In,
    /// It was given back.
    Back,
    /// It was taken back, as a dispute was lost.
    Lost,
}

/// Which way how much money went, if any did.
fn moved(event: &Recorded) -> Option<(Movement, Money)> {
    match &event.event {
        Event::Payment(PaymentEvent::PaymentCaptured(event)) => Some((Movement::In, event.amount)),
        Event::Payment(PaymentEvent::PaymentRefunded(event)) => {
            Some((Movement::Back, event.amount))
        }
        Event::Payment(PaymentEvent::DisputeLost(event)) => Some((Movement::Lost, event.amount)),
        _ => None,
    }
}

fn empty(key: PaymentsDailyKey, event: &Recorded) -> PaymentsDailyRow {
    PaymentsDailyRow {
        tenant: key.tenant,
        day: key.day,
        currency: key.currency,
        captures: 0,
        captured_amount: 0,
        refunds: 0,
        refunded_amount: 0,
        lost_disputes: 0,
        lost_amount: 0,
        position: 0,
        updated_at: event.envelope.recorded_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, History, fold_all};
    use domain::payment::{DisputeLost, PaymentCaptured, PaymentRefunded};

    #[test]
    fn money_counts_on_the_day_it_moved() {
        let mut history = History::default();
        let order_id = history.place("c", &[("A", 1, 700)]);
        let euros = |amount| Money::new(amount, Currency::parse("EUR").unwrap());
        let captured = |amount| PaymentCaptured {
            order_id,
            shipment_id: None,
            authorization_id: "auth_1".into(),
            amount: euros(amount),
        };
        history.payment(order_id, captured(500));
        history.payment(order_id, captured(200));
        let refunded = PaymentRefunded {
            order_id,
            shipment_id: None,
            return_id: None,
            authorization_id: "auth_1".into(),
            refund: 1,
            amount: euros(50),
        };
        history.payment(order_id, refunded);
        let lost = DisputeLost {
            order_id,
            dispute_id: "dp_1".into(),
            amount: euros(200),
            still_open: 0,
        };
        history.payment(order_id, lost);
        let mut events = history.events().to_vec();
        // The refund is of the next day, however early the order was placed.
        let next = testing::time("2026-01-02T00:00:00Z");
        for event in &mut events[3..] {
            event.envelope.recorded_at = next;
        }
        let rows = fold_all::<PaymentsDaily>(&events).unwrap();
        let rows: Vec<_> = rows.into_values().collect();
        let [first, second] = rows.as_slice() else {
            panic!("{rows:?}");
        };
        assert_eq!(first.day.to_string(), "2026-01-01");
        assert_eq!((first.captures, first.captured_amount), (2, 700));
        assert_eq!((first.refunds, first.lost_disputes), (0, 0));
        assert_eq!(second.day.to_string(), "2026-01-02");
        assert_eq!((second.captures, second.captured_amount), (0, 0));
        assert_eq!((second.refunds, second.refunded_amount), (1, 50));
        assert_eq!((second.lost_disputes, second.lost_amount), (1, 200));
        assert_eq!(second.position, 5);
    }

    #[test]
    fn types_are_those_that_have_a_key() {
        testing::types_are_those_that_have_a_key::<PaymentsDaily>();
    }
}
