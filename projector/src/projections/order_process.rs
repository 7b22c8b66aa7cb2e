//! One row per order: where it is on its way, what is expected next, and until when.

use crate::{
    projection::{FoldError, Projection, known},
    row::{Json, row},
};
use chrono::{DateTime, Utc};
use domain::{
    Category, Event, OrderId, Recorded, StreamId, TenantId,
    order::OrderEvent,
    process::{self, Process, Stage, TimeLimits},
};
use std::time::Duration;

row! {
    /// Where an order is on its way.
    OrderProcessRow in "order_process" by
    /// Which order.
    OrderProcessKey
    key {
        /// The shop.
        tenant: TenantId,
        /// The order.
        order_id: OrderId,
    }
    state {
        /// Where it is.
        stage: Stage,
        /// When its placement was recorded.
        started_at: DateTime<Utc>,
        /// When the first of what is expected should have happened.
        due_at: Option<DateTime<Utc>>,
        /// Why an operator must look.
        parked: Option<String>,
        /// The position of the last event that moved it.
        position: i64,
        /// When that was recorded.
        updated_at: DateTime<Utc>,
        /// All of it.
        process: Json<Process>,
    }
    once {}
}

/// Processes.
pub struct OrderProcess;

impl Projection for OrderProcess {
    const NAME: &'static str = "order_process";
    const VERSION: i32 = 3;
    // People look at it, and nobody waits for it: what follows at once from a placement is one write.
    const PACE: Duration = Duration::from_millis(250);
    type Row = OrderProcessRow;

    fn types() -> Vec<&'static str> {
        process::TYPES.to_vec()
    }

    fn key(event: &Recorded) -> Option<OrderProcessKey> {
        if !process::moves(&event.event) {
            return None;
        }
        let order_id = match &event.event {
            Event::Order(event) => super::order_of(event),
            Event::Payment(event) => super::order_of_payment(event),
            Event::Shipment(event) => super::order_and_shipment(event).0,
            Event::Return(event) => super::order_and_return(event).0,
            Event::Stock(event) => super::order_of_stock(event)?,
            Event::Customer(_) | Event::Product(_) => return None,
        };
        Some(OrderProcessKey {
            tenant: event.envelope.tenant.clone(),
            order_id,
        })
    }

    fn key_of_stream(tenant: &TenantId, stream: &StreamId) -> Option<OrderProcessKey> {
        let order_id = match stream.category() {
            Category::Order | Category::Payment => stream.key().parse().ok()?,
            _ => return None,
        };
        Some(OrderProcessKey {
            tenant: tenant.clone(),
            order_id,
        })
    }

    fn begins(event: &Recorded) -> bool {
        matches!(event.event, Event::Order(OrderEvent::OrderPlaced(_)))
    }

    fn apply(
        row: Option<OrderProcessRow>,
        event: &Recorded,
    ) -> Result<Option<OrderProcessRow>, FoldError> {
        let Some(key) = Self::key(event) else {
            return Ok(row);
        };
        let limits = TimeLimits::default();
        let process = match (Process::begin(&limits, event), row) {
            (Some(process), None) => process,
            (Some(_), Some(_)) => return Err(FoldError::new("the order was placed before")),
            // Stock refuses, and shipments are kept, for orders that there are not, as for others.
            (None, None) if matches!(event.event, Event::Stock(_) | Event::Shipment(_)) => {
                return Ok(None);
            }
            (None, row) => known(row)?.process.0.after(&limits, event),
        };
        Ok(Some(OrderProcessRow {
            tenant: key.tenant,
            order_id: key.order_id,
            stage: process.stage(),
            started_at: process.started_at,
            due_at: process.due_at(),
            parked: process.parked().map(str::to_owned),
            position: event.envelope.position.get(),
            updated_at: event.envelope.recorded_at,
            process: Json(process),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, History, fold_all};
    use domain::order::Status;

    #[test]
    fn an_order_on_its_way_says_what_is_expected_until_when() {
        let mut history = History::default();
        let order = history.confirmed_order("17850", &[("A", 2, 500)]);
        let row = |history: &History| {
            let rows = fold_all::<OrderProcess>(history.events()).unwrap();
            rows.into_values().next().unwrap()
        };
        assert_eq!(row(&history).stage, Stage::Allocating);
        assert!(row(&history).due_at.is_some());
        history.pack(order);
        assert_eq!(row(&history).stage, Stage::Dispatching);
        history.dispatch(order, 1);
        assert_eq!(row(&history).stage, Stage::Delivering);
        history.deliver(order);
        let ended = row(&history);
        assert_eq!((ended.stage, ended.due_at), (Stage::Ended, None));
        assert_eq!(ended.process.0.status, Status::Completed);
    }

    #[test]
    fn an_order_that_has_not_ended_is_in_no_last_stage() {
        let history = History::of(0..600);
        let rows = fold_all::<OrderProcess>(history.events()).unwrap();
        let orders = fold_all::<super::super::OrderSummary>(history.events()).unwrap();
        assert_eq!(rows.len(), orders.len());
        for (row, order) in rows.values().zip(orders.values()) {
            assert_eq!(row.process.0.status, order.status, "{}", order.order_id);
        }
        assert!(rows.values().any(|row| row.stage == Stage::Ended));
    }

    #[test]
    fn what_was_never_placed_is_refused() {
        let mut history = History::default();
        history.confirmed_order("17850", &[("A", 2, 500)]);
        let error = fold_all::<OrderProcess>(&history.events()[1..]).unwrap_err();
        assert!(error.to_string().contains("no row"));
    }

    #[test]
    fn what_happens_for_no_order_moves_nothing() {
        let mut history = History::default();
        history.confirmed_order("17850", &[("A", 2, 500)]);
        let stock = |event: &&Recorded| matches!(event.event, Event::Stock(_));
        let events: Vec<Recorded> = history.events().iter().filter(stock).cloned().collect();
        assert_eq!(events.len(), 2);
        assert!(fold_all::<OrderProcess>(&events).unwrap().is_empty());
    }

    #[test]
    fn types_are_those_that_have_a_key() {
        testing::types_are_those_that_have_a_key::<OrderProcess>();
    }
}
