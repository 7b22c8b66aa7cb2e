//! Where orders are now, counted: what the sums per customer and per day share.

use crate::projection::{FoldError, add, add_wide, subtract, subtract_wide};
use domain::order::{OrderBrief, OrderEvent};

/// How many orders, and what they come to.
type Counter<'a> = (&'a mut i64, &'a mut i128);

/// The counters of a row.
pub(super) struct Tally<'a> {
    pub(super) confirmed: Counter<'a>,
    pub(super) cancelled: Counter<'a>,
    pub(super) rejected: Counter<'a>,
    pub(super) expired: Counter<'a>,
    pub(super) completed: Counter<'a>,
}

/// Borrows the counters of `row`.
macro_rules! tally {
    ($row:expr) => {
        $crate::projections::tally::Tally {
            confirmed: (&mut $row.confirmed_orders, &mut $row.confirmed_amount),
            cancelled: (&mut $row.cancelled_orders, &mut $row.cancelled_amount),
            rejected: (&mut $row.rejected_orders, &mut $row.rejected_amount),
            expired: (&mut $row.expired_orders, &mut $row.expired_amount),
            completed: (&mut $row.completed_orders, &mut $row.completed_amount),
        }
    };
}
pub(super) use tally;

impl Tally<'_> {
    /// Counts an order in where the event brings it. A cancellation that is asked for or refused
    /// changes nothing: only a cancelled order has left where it was. An order that is completed is a
    /// confirmed one still, and counts as both.
    pub(super) fn count(self, event: &OrderEvent) -> Result<(), FoldError> {
        match event {
            OrderEvent::OrderConfirmed(event) => enter(self.confirmed, &event.order),
            OrderEvent::OrderRejected(event) => enter(self.rejected, &event.order),
            OrderEvent::OrderExpired(event) => enter(self.expired, &event.order),
            OrderEvent::OrderCancelled(event) => {
                enter(self.cancelled, &event.order)?;
                match event.confirmed {
                    true => leave(self.confirmed, &event.order),
                    false => Ok(()),
                }
            }
            OrderEvent::OrderCompleted(event) => enter(self.completed, &event.order),
            OrderEvent::OrderPlaced(_)
            | OrderEvent::CancellationRequested(_)
            | OrderEvent::CancellationRejected(_)
            | OrderEvent::NoteAdded(_)
            | OrderEvent::HoldPlaced(_)
            | OrderEvent::HoldReleased(_)
            | OrderEvent::LinesShipped(_)
            | OrderEvent::LinesDelivered(_)
            | OrderEvent::LinesLost(_)
            | OrderEvent::TaskParked(_)
            | OrderEvent::TaskResumed(_)
            | OrderEvent::ReturnOpened(_)
            | OrderEvent::ReturnDropped(_)
            | OrderEvent::LinesReturned(_)
            | OrderEvent::DeadlineSet(_)
            | OrderEvent::LinesCancelled(_)
            | OrderEvent::TagsSet(_)
            | OrderEvent::ShippingAddressChanged(_)
            | OrderEvent::AmendmentProposed(_)
            | OrderEvent::AmendmentApplied(_)
            | OrderEvent::AmendmentWithdrawn(_)
            | OrderEvent::AmendmentRejected(_)
            | OrderEvent::AmendmentExpired(_) => Ok(()),
        }
    }
}

fn enter((orders, amount): Counter<'_>, order: &OrderBrief) -> Result<(), FoldError> {
    add(orders, 1)?;
    add_wide(amount, order.total);
    Ok(())
}

fn leave((orders, amount): Counter<'_>, order: &OrderBrief) -> Result<(), FoldError> {
    subtract(orders, 1)?;
    subtract_wide(amount, order.total);
    Ok(())
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
        OrderEvent::OrderCompleted(event) => Some(event.order.clone()),
        OrderEvent::CancellationRequested(_)
        | OrderEvent::CancellationRejected(_)
        | OrderEvent::NoteAdded(_)
        | OrderEvent::HoldPlaced(_)
        | OrderEvent::HoldReleased(_)
        | OrderEvent::LinesShipped(_)
        | OrderEvent::LinesDelivered(_)
        | OrderEvent::LinesLost(_)
        | OrderEvent::TaskParked(_)
        | OrderEvent::TaskResumed(_)
        | OrderEvent::ReturnOpened(_)
        | OrderEvent::ReturnDropped(_)
        | OrderEvent::LinesReturned(_)
        | OrderEvent::DeadlineSet(_)
        | OrderEvent::LinesCancelled(_)
        | OrderEvent::TagsSet(_)
        | OrderEvent::ShippingAddressChanged(_)
        | OrderEvent::AmendmentProposed(_)
        | OrderEvent::AmendmentApplied(_)
        | OrderEvent::AmendmentWithdrawn(_)
        | OrderEvent::AmendmentRejected(_)
        | OrderEvent::AmendmentExpired(_) => None,
    }
}

/// The types of the events that are counted.
pub(super) const TYPES: [&str; 6] = [
    "OrderPlaced",
    "OrderConfirmed",
    "OrderRejected",
    "OrderExpired",
    "OrderCancelled",
    "OrderCompleted",
];
