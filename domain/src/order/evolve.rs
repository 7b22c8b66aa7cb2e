//! What events change in an order.

use super::{AmendmentEnd, CONTRADICTION, Order, OrderEvent, Placed, ShipmentProgress, Status};
use crate::recent::Recent;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

pub(super) fn evolve(state: Order, event: &OrderEvent) -> Order {
    let mut order = match (state, event) {
        (_, OrderEvent::OrderPlaced(event)) => {
            return Order::Placed(Placed {
                placed: Arc::new(event.clone()),
                status: Status::Placed,
                was_confirmed: false,
                cancellation_rejected: false,
                cancellations: 0,
                cancellation_reason: String::new(),
                holds: BTreeMap::new(),
                notes: 0,
                recent_notes: Recent::default(),
                recent_cancellations: Recent::default(),
                fulfilment: None,
                parked: BTreeSet::new(),
                deadlines: BTreeMap::new(),
                details: None,
            });
        }
        // Nothing can have happened to an order before it was placed.
        (Order::Absent, _) => return Order::Absent,
        (Order::Placed(order), _) => order,
    };
    match event {
        OrderEvent::OrderPlaced(_) => {}
        OrderEvent::OrderConfirmed(_) => order.status = Status::Confirmed,
        OrderEvent::OrderRejected(_) => order.status = Status::Rejected,
        OrderEvent::OrderExpired(_) => order.status = Status::Expired,
        OrderEvent::CancellationRequested(event) => {
            // One that is being cancelled may be once more, when nothing of it can leave any more.
            order.was_confirmed = match order.status {
                Status::Cancelling => order.was_confirmed,
                status => status == Status::Confirmed,
            };
            order.cancellation_rejected = false;
            order.cancellations = order.cancellations.saturating_add(1);
            order.cancellation_reason.clone_from(&event.reason);
            order.status = Status::Cancelling;
        }
        OrderEvent::CancellationRejected(event) => {
            order.cancellation_rejected = true;
            order.status = if event.confirmed {
                Status::Confirmed
            } else {
                Status::Placed
            };
        }
        OrderEvent::OrderCancelled(_) => order.status = Status::Cancelled,
        OrderEvent::NoteAdded(event) => {
            order.notes += 1;
            order.recent_notes.insert(event.note_id);
        }
        OrderEvent::HoldPlaced(event) => {
            order.holds.insert(event.hold.clone(), event.reason.clone());
        }
        OrderEvent::HoldReleased(event) => {
            order.holds.remove(&event.hold);
        }
        OrderEvent::LinesShipped(event) => {
            let known = order.fulfilment.get_or_insert_default();
            known.enter(event.shipment_id, &event.lines, ShipmentProgress::Shipped);
        }
        OrderEvent::LinesDelivered(event) => {
            let known = order.fulfilment.get_or_insert_default();
            known.enter(event.shipment_id, &event.lines, ShipmentProgress::Delivered);
        }
        OrderEvent::LinesLost(event) => {
            let known = order.fulfilment.get_or_insert_default();
            known.enter(event.shipment_id, &event.lines, ShipmentProgress::Lost);
        }
        OrderEvent::OrderCompleted(_) => order.status = Status::Completed,
        OrderEvent::TaskParked(event) => {
            order.parked.insert(event.task_id);
            if event.task == CONTRADICTION {
                let known = order.details.get_or_insert_default();
                known.contradictions.insert(event.task_id);
            }
        }
        OrderEvent::TaskResumed(event) => {
            order.parked.remove(&event.task_id);
            if let Some(known) = &mut order.details
                && known.contradictions.remove(&event.task_id)
            {
                known.settled.insert(event.task_id);
            }
        }
        OrderEvent::ReturnOpened(event) => {
            let known = order.fulfilment.get_or_insert_default();
            known
                .returns
                .insert(event.return_id, event.lines.as_slice().into());
            known.returns_opened = known.returns_opened.saturating_add(1);
        }
        OrderEvent::ReturnDropped(event) => {
            let known = order.fulfilment.get_or_insert_default();
            known.enter_returned(event.return_id, &[]);
        }
        OrderEvent::LinesReturned(event) => {
            let known = order.fulfilment.get_or_insert_default();
            known.enter_returned(event.return_id, &event.lines);
        }
        OrderEvent::DeadlineSet(event) => order.enter_deadline(event),
        OrderEvent::LinesCancelled(event) => {
            let known = order.fulfilment.get_or_insert_default();
            known.enter_cancelled(&event.lines);
            order.recent_cancellations.insert(event.cancellation_id);
        }
        OrderEvent::TagsSet(event) => {
            let known = order.details.get_or_insert_default();
            known.tags = event.tags.iter().cloned().collect();
        }
        OrderEvent::ShippingAddressChanged(event) => {
            let known = order.details.get_or_insert_default();
            known.moved_to = Some(event.shipping_address.clone());
        }
        OrderEvent::AmendmentProposed(event) => order.enter_proposed(event),
        OrderEvent::AmendmentApplied(event) => {
            order.amend(&event.lines);
            order.enter_end(event.amendment_id, AmendmentEnd::Applied);
        }
        OrderEvent::AmendmentWithdrawn(event) => {
            order.enter_end(event.amendment_id, AmendmentEnd::Withdrawn);
        }
        OrderEvent::AmendmentRejected(event) => {
            order.enter_end(event.amendment_id, AmendmentEnd::Rejected);
        }
        OrderEvent::AmendmentExpired(event) => {
            order.enter_end(event.amendment_id, AmendmentEnd::Expired);
        }
    }
    Order::Placed(order)
}
