//! Where orders are now, counted: what the sums per customer and per day share.

use crate::projection::add;
use domain::order::{OrderBrief, OrderEvent};

/// The counters of a row.
pub(super) struct Tally<'a> {
    pub(super) confirmed: (&'a mut i64, &'a mut i64),
    pub(super) cancelled: (&'a mut i64, &'a mut i64),
    pub(super) rejected: (&'a mut i64, &'a mut i64),
    pub(super) expired: (&'a mut i64, &'a mut i64),
}

/// Borrows the counters of `row`.
macro_rules! tally {
    ($row:expr) => {
        $crate::projections::tally::Tally {
            confirmed: (&mut $row.confirmed_orders, &mut $row.confirmed_amount),
            cancelled: (&mut $row.cancelled_orders, &mut $row.cancelled_amount),
            rejected: (&mut $row.rejected_orders, &mut $row.rejected_amount),
            expired: (&mut $row.expired_orders, &mut $row.expired_amount),
        }
    };
}
pub(super) use tally;

impl Tally<'_> {
    /// Counts an order in where the event brings it. A cancellation that is asked for or refused
    /// changes nothing: only a cancelled order has left where it was.
    pub(super) fn count(self, event: &OrderEvent) {
        match event {
            OrderEvent::OrderConfirmed(event) => enter(self.confirmed, &event.order),
            OrderEvent::OrderRejected(event) => enter(self.rejected, &event.order),
            OrderEvent::OrderExpired(event) => enter(self.expired, &event.order),
            OrderEvent::OrderCancelled(event) => {
                enter(self.cancelled, &event.order);
                if event.confirmed {
                    leave(self.confirmed, &event.order);
                }
            }
            OrderEvent::OrderPlaced(_)
            | OrderEvent::CancellationRequested(_)
            | OrderEvent::CancellationRejected(_)
            | OrderEvent::NoteAdded(_)
            | OrderEvent::HoldPlaced(_)
            | OrderEvent::HoldReleased(_) => {}
        }
    }
}

fn enter((orders, amount): (&mut i64, &mut i64), order: &OrderBrief) {
    add(orders, 1);
    add(amount, order.total);
}

fn leave((orders, amount): (&mut i64, &mut i64), order: &OrderBrief) {
    add(orders, -1);
    add(amount, -order.total);
}

/// What was placed, of the events that are counted.
pub(super) fn counted(event: &OrderEvent) -> Option<OrderBrief> {
    match event {
        OrderEvent::OrderPlaced(placed) => Some(OrderBrief {
            order_id: placed.order_id,
            customer_id: placed.customer_id.clone(),
            currency: placed.currency,
            total: placed.total,
            placed_at: placed.placed_at,
        }),
        OrderEvent::OrderConfirmed(event) => Some(event.order.clone()),
        OrderEvent::OrderRejected(event) => Some(event.order.clone()),
        OrderEvent::OrderExpired(event) => Some(event.order.clone()),
        OrderEvent::OrderCancelled(event) => Some(event.order.clone()),
        OrderEvent::CancellationRequested(_)
        | OrderEvent::CancellationRejected(_)
        | OrderEvent::NoteAdded(_)
        | OrderEvent::HoldPlaced(_)
        | OrderEvent::HoldReleased(_) => None,
    }
}

/// The types of the events that are counted.
pub(super) const TYPES: [&str; 5] = [
    "OrderPlaced",
    "OrderConfirmed",
    "OrderRejected",
    "OrderExpired",
    "OrderCancelled",
];
