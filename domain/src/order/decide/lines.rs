//! What becomes of lines that are not wanted any more.

use super::{
    super::{
        CancelLines, CancellationRequested, LinesCancelled, Order, OrderError, Placed, Status,
    },
    MAX_LINES, MAX_QUANTITY, OrderEvent,
    amendments::overtaken,
};
use crate::{
    order::LineQuantity,
    shipment::{Shipment, ShipmentEvent, refit_all},
    text,
};
use std::collections::BTreeSet;

/// What happens to the order, and to each of its shipments.
type Decision = Result<(Vec<OrderEvent>, Vec<Option<ShipmentEvent>>), OrderError>;

/// Rules of meaning for what is not wanted any more.
pub(super) fn check(command: &CancelLines) -> Result<(), OrderError> {
    let lines = &command.lines;
    let wrong = |at| OrderError::CancelledLines {
        max: MAX_LINES,
        quantity: MAX_QUANTITY,
        at,
    };
    if !(1..=MAX_LINES).contains(&lines.len()) {
        return Err(wrong(None));
    }
    let mut seen = BTreeSet::new();
    for (index, line) in lines.iter().enumerate() {
        if !(1..=MAX_QUANTITY).contains(&line.quantity) {
            return Err(wrong(Some((index, "quantity"))));
        }
        if !seen.insert(line.line) {
            return Err(wrong(Some((index, "line"))));
        }
    }
    text::prose("reason", &command.reason, 500)?;
    Ok(())
}

/// Decides the cancellation of lines over the order and all its `shipments`, and all of these are told at
/// once: what is to be packed is what is still wanted, and what is packed already is not cancelled any more.
/// If nothing is left, the whole order is being cancelled.
///
/// # Errors
/// The order is not confirmed, something of it is packed, or more is named than is open.
pub fn cancel_lines(order: &Order, command: &CancelLines, shipments: &[&Shipment]) -> Decision {
    check(command)?;
    let order = order.placed().ok_or(OrderError::NotFound)?;
    let nothing = || vec![None; shipments.len()];
    if order.recent_cancellations.contains(command.cancellation_id) {
        return Ok((vec![], nothing()));
    }
    if order.status != Status::Confirmed {
        return Err(OrderError::State {
            status: order.status,
            command: "cancel lines of it",
        });
    }
    for (index, line) in command.lines.iter().enumerate() {
        let open = order.open(line.line);
        if line.quantity > open {
            return Err(OrderError::MoreThanOpen {
                line: line.line,
                open,
                quantity: line.quantity,
                index,
            });
        }
    }
    let left = left(order, &command.lines);
    let (worth, before) = (order.worth(&left), order.worth(&order.all_open()));
    if worth == 0 && before > 0 && !left.is_empty() {
        return Err(OrderError::RestIsFree);
    }
    let all = left.is_empty();
    let cancelled = LinesCancelled {
        order: order.brief(),
        cancellation_id: command.cancellation_id,
        lines: command.lines.clone(),
        amount: before.saturating_sub(worth),
        all,
        reason: command.reason.clone(),
    };
    let refitted = refit_all(shipments, order, &left).map_err(|_| OrderError::AlreadyPacked)?;
    let mut events = vec![cancelled.into()];
    events.extend(overtaken(order, "lines of the order were cancelled"));
    if !all {
        return Ok((events, refitted));
    }
    events.push(
        CancellationRequested {
            order: order.brief(),
            confirmed: true,
            request: order.cancellations,
            reason: command.reason.clone(),
        }
        .into(),
    );
    Ok((events, nothing()))
}

/// What is still to be packed then, by line; lines of which nothing is are left out.
fn left(order: &Placed, cancelled: &[LineQuantity]) -> Vec<LineQuantity> {
    let taken = |line: u32| {
        let known = cancelled.iter().find(|known| known.line == line);
        known.map_or(0, |known| known.quantity)
    };
    let rest = order.all_open().into_iter().map(|open| LineQuantity {
        line: open.line,
        quantity: open.quantity.saturating_sub(taken(open.line)),
    });
    rest.filter(|line| line.quantity > 0).collect()
}
