//! What becomes of an order when one of its parcels cannot leave.

use super::{
    super::{
        CancellationRequested, DropShipment, LinesCancelled, Order, OrderError, Placed, Status,
    },
    OrderEvent,
    amendments::overtaken,
    fulfilment,
};
use crate::{
    Decider,
    order::{LineQuantity, Orders},
    shipment::{Parcel, Shipment, ShipmentEvent, ShipmentStatus as S, drop_out},
    text,
};

/// What happens to the order, and to the shipment.
type Decision = Result<(Vec<OrderEvent>, Option<ShipmentEvent>), OrderError>;

/// Decides over an order and one of its shipments that this cannot leave. What is in it is cancelled, as lines
/// are, and the rest of the order goes its way; it is completed, if there is nothing to wait for. Where nothing
/// else leaves or has left, all of the order is being cancelled, and the shipment with it; so it is where what is
/// left is free, and nothing that was paid has left.
///
/// # Errors
/// There is no such order or shipment, the order has ended, or the shipment has left.
pub fn drop_shipment(order: &Order, command: &DropShipment, shipment: &Shipment) -> Decision {
    let order = order.placed().ok_or(OrderError::NotFound)?;
    let parcel = shipment.created();
    let parcel = parcel.filter(|parcel| parcel.shipment_id == command.shipment_id);
    let parcel = parcel.ok_or(OrderError::NoSuchShipment)?;
    match parcel.status {
        S::Cancelled => return Ok((vec![], None)),
        // What it costs is being taken: it is known soon whether that is to be given back.
        S::Packed if !command.even_packed => return Ok((vec![], None)),
        S::Pending | S::Packed | S::Ready | S::Refused => {}
        _ => return Err(OrderError::AlreadyLabelled),
    }
    let lines = held(order, parcel);
    if lines.is_empty() {
        // It was said before, and is about to be cancelled with the order.
        return Ok((vec![], None));
    }
    let is_sent = match order.status {
        Status::Confirmed => true,
        Status::Cancelling => order.was_confirmed,
        _ => false,
    };
    if !is_sent {
        return Err(OrderError::State {
            status: order.status,
            command: "drop a shipment of it",
        });
    }
    let reason = text::cleaned(&command.reason, 500);
    let all = order.all_open().len() == lines.len() && !has_left(order);
    let for_nothing = is_sent_for_nothing(order, &lines);
    let cancelled = LinesCancelled {
        order: order.brief(),
        cancellation_id: command.shipment_id.uuid(),
        amount: order.worth(&lines),
        lines,
        all,
        reason: reason.clone(),
    };
    let mut events = vec![cancelled.into()];
    events.extend(overtaken(order, "a shipment of the order cannot leave"));
    if all {
        // Also where that is under way: what would refuse it was of a time when more of the order might leave.
        events.push(
            CancellationRequested {
                order: order.brief(),
                confirmed: true,
                request: order.cancellations,
                reason,
            }
            .into(),
        );
        return Ok((events, None));
    }
    if for_nothing {
        // What is left is a gift to what is not sent.
        let asked = CancellationRequested {
            order: order.brief(),
            confirmed: true,
            request: order.cancellations,
            reason: reason.clone(),
        };
        events.extend((order.status == Status::Confirmed).then(|| asked.into()));
        return Ok((events, Some(drop_out(parcel, &reason))));
    }
    let before = Order::Placed(order.clone());
    if let Order::Placed(after) = events.iter().fold(before, Orders::evolve) {
        events.extend(fulfilment::complete(&after).unwrap_or_default());
    }
    Ok((events, Some(drop_out(parcel, &reason))))
}

/// What of the order the parcel holds that is still wanted.
fn held(order: &Placed, parcel: &Parcel) -> Vec<LineQuantity> {
    let open = parcel.lines.iter().map(|line| LineQuantity {
        line: line.line,
        quantity: line.quantity.min(order.open(line.line)),
    });
    open.filter(|line| line.quantity > 0).collect()
}

/// Whether what is left without these lines is free, and they are not, and nothing has left that was paid.
fn is_sent_for_nothing(order: &Placed, lines: &[LineQuantity]) -> bool {
    let of = |line: &LineQuantity| !lines.iter().any(|known| known.line == line.line);
    let left: Vec<LineQuantity> = order.all_open().into_iter().filter(of).collect();
    let mut all = order.lines().iter();
    let was_paid = all.any(|line| {
        let shipped = order.progress(line.line).shipped;
        order.worth_of(line.line, shipped) > 0
    });
    let is_free = !left.is_empty() && order.worth(&left) == 0;
    is_free && order.worth(lines) > 0 && !was_paid
}

/// Whether anything of the order has left, as far as the order knows.
fn has_left(order: &Placed) -> bool {
    let mut lines = order.lines().iter();
    lines.any(|line| order.progress(line.line).shipped > 0)
}
