//! What commands to an order lead to.

mod amendments;
mod details;
mod dropped;
mod fulfilment;
mod lines;
mod parking;
mod pricing;
mod returns;

use super::{
    AddNote, CancellationRejected, CancellationRequested, HoldPlaced, HoldReleased, NoteAdded,
    Order, OrderCancelled, OrderCommand, OrderConfirmed, OrderError, OrderEvent, OrderExpired,
    OrderPlaced, OrderRejected, PlaceHold, PlaceOrder, Placed, RejectCancellation, RejectOrder,
    ReleaseHold, RequestCancellation, Status,
};
use crate::{TextError, shipment::Shipment, text};

pub use amendments::{apply_amendment, propose_amendment};
pub use details::{change_address, check_tag};
pub use dropped::drop_shipment;
pub use lines::cancel_lines;
pub(crate) use returns::{
    MAX_OPEN_RETURNS, MAX_RETURNS, drop_return, open_return, record_returned,
};

/// The most lines an order may have.
pub(crate) const MAX_LINES: usize = 1_000;
/// The most that may be ordered in one line.
pub(crate) const MAX_QUANTITY: i64 = 10_000_000;
/// The most holds that may be on an order at once.
pub(super) const MAX_HOLDS: usize = 32;
/// The most that an order may come to, in minor units: more than anybody sells at once, also in a
/// currency of which thousands make a euro. Sums of orders may exceed 64 bits: who adds them up
/// counts in 128.
pub(crate) const MAX_TOTAL: i64 = 10_000_000_000_000;
/// When the first order may have been placed: 1900-01-01, in seconds from 1970. Older than any shop's
/// books, and far within what every calendar and database can hold.
pub(crate) const FIRST_PLACED: i64 = -2_208_988_800;

type Decision = Result<Vec<OrderEvent>, OrderError>;

pub(super) fn decide(state: &Order, command: &OrderCommand) -> Decision {
    if let OrderCommand::Place(command) = command {
        return place(state, command);
    }
    check_texts(command)?;
    let order = state.placed().ok_or(OrderError::NotFound)?;
    match command {
        OrderCommand::Place(_) => Ok(vec![]),
        OrderCommand::Confirm(_) => confirm(order),
        OrderCommand::Reject(command) => reject(order, command),
        OrderCommand::Expire(_) => expire(order),
        OrderCommand::RequestCancellation(command) => request_cancellation(order, command),
        OrderCommand::RejectCancellation(command) => reject_cancellation(order, command),
        OrderCommand::Cancel(_) => cancel(order),
        OrderCommand::AddNote(command) => add_note(order, command),
        OrderCommand::PlaceHold(command) => place_hold(order, command),
        OrderCommand::ReleaseHold(command) => release_hold(order, command),
        OrderCommand::RecordShipped(command) => fulfilment::record_shipped(order, command),
        OrderCommand::RecordDelivered(command) => fulfilment::record_delivered(order, command),
        OrderCommand::RecordLost(command) => fulfilment::record_lost(order, command),
        OrderCommand::Complete(_) => fulfilment::complete(order),
        OrderCommand::ParkTask(command) => parking::park(order, command),
        OrderCommand::ResumeTask(command) => Ok(parking::resume(order, command)),
        OrderCommand::SetDeadline(command) => Ok(parking::set_deadline(order, command)),
        // Nothing is to be packed, as far as anybody knows here.
        OrderCommand::CancelLines(command) => Ok(lines::cancel_lines(state, command, &[])?.0),
        OrderCommand::SetTags(command) => Ok(details::set_tags(order, command)),
        OrderCommand::ChangeShippingAddress(command) => {
            details::change_address(state, command, &[])
        }
        OrderCommand::ProposeAmendment(command) => {
            amendments::propose_amendment(state, command, &[])
        }
        OrderCommand::ApplyAmendment(command) => {
            Ok(amendments::apply_amendment(state, command, &[], &[])?.0)
        }
        OrderCommand::WithdrawAmendment(command) => {
            amendments::withdraw(order, command.amendment_id)
        }
        OrderCommand::RejectAmendment(command) => Ok(amendments::reject(
            order,
            command.amendment_id,
            &command.reason,
        )),
        OrderCommand::ExpireAmendment(command) => {
            Ok(amendments::expire(order, command.amendment_id))
        }
        OrderCommand::SettleContradiction(command) => parking::settle(order, command),
        // Nothing is known of a shipment here.
        OrderCommand::DropShipment(command) => {
            Ok(dropped::drop_shipment(state, command, &Shipment::Absent)?.0)
        }
    }
}

/// Checks what a hold is called: names stand in paths and labels.
///
/// # Errors
/// It is no short name of small letters, digits, `-` and `_`.
pub fn check_hold_name(hold: &str) -> Result<(), TextError> {
    text::slug("hold", hold, 64)
}

/// Rules of meaning come before all that depends on the state: what breaks one does so for good.
fn check_texts(command: &OrderCommand) -> Result<(), OrderError> {
    match command {
        OrderCommand::RequestCancellation(command) => {
            text::prose("reason", &command.reason, 500)?;
        }
        OrderCommand::RejectCancellation(command) => {
            text::prose("reason", &command.reason, 500)?;
        }
        OrderCommand::AddNote(command) => text::prose("text", &command.text, 2_000)?,
        OrderCommand::PlaceHold(command) => {
            check_hold_name(&command.hold)?;
            text::prose("reason", &command.reason, 500)?;
        }
        OrderCommand::ReleaseHold(command) => check_hold_name(&command.hold)?,
        OrderCommand::SettleContradiction(command) => {
            text::prose("reason", &command.reason, 500)?;
        }
        OrderCommand::CancelLines(command) => lines::check(command)?,
        OrderCommand::SetTags(command) => details::check_tags(&command.tags)?,
        OrderCommand::ProposeAmendment(command) => amendments::check(command)?,
        OrderCommand::RecordShipped(command) => fulfilment::check_lines(&command.lines)?,
        OrderCommand::RecordDelivered(command) => fulfilment::check_lines(&command.lines)?,
        OrderCommand::RecordLost(command) => fulfilment::check_lines(&command.lines)?,
        OrderCommand::Place(_)
        | OrderCommand::Confirm(_)
        | OrderCommand::Reject(_)
        | OrderCommand::Expire(_)
        | OrderCommand::Cancel(_)
        | OrderCommand::Complete(_)
        | OrderCommand::ParkTask(_)
        | OrderCommand::ResumeTask(_)
        | OrderCommand::SetDeadline(_)
        | OrderCommand::ChangeShippingAddress(_)
        | OrderCommand::ApplyAmendment(_)
        | OrderCommand::WithdrawAmendment(_)
        | OrderCommand::RejectAmendment(_)
        | OrderCommand::ExpireAmendment(_)
        | OrderCommand::DropShipment(_) => {}
    }
    Ok(())
}

fn place(state: &Order, command: &PlaceOrder) -> Decision {
    let placed = parse(command)?;
    match state {
        Order::Absent => Ok(vec![placed.into()]),
        Order::Placed(order) if *order.placed == placed => Ok(vec![]),
        Order::Placed(_) => Err(OrderError::AlreadyPlaced),
    }
}

/// The placement that `command` asks for, checked as a whole.
fn parse(command: &PlaceOrder) -> Result<OrderPlaced, OrderError> {
    if command.placed_at.timestamp() < FIRST_PLACED {
        return Err(OrderError::PlacedTooEarly);
    }
    if command.lines.is_empty() {
        return Err(OrderError::NoLines);
    }
    if command.lines.len() > MAX_LINES {
        return Err(OrderError::TooManyLines {
            count: command.lines.len(),
            max: MAX_LINES,
        });
    }
    text::line("payment_method", &command.payment_method, 128)?;
    if let Some(reference) = &command.reference {
        text::line("reference", reference, 128)?;
    }
    let (lines, total) = pricing::lines(command)?;
    if let Some(said) = command.total.filter(|said| *said != total) {
        return Err(OrderError::TotalMismatch { said, sum: total });
    }
    Ok(OrderPlaced {
        order_id: command.order_id,
        customer_id: command.customer_id.clone(),
        currency: command.currency,
        lines,
        total,
        tax_included: command.terms.tax_included,
        shipping_address: command.shipping_address.clone(),
        payment_method: command.payment_method.clone(),
        reference: command.reference.clone(),
        placed_at: command.placed_at,
    })
}

fn confirm(order: &Placed) -> Decision {
    match order.status {
        Status::Confirmed => Ok(vec![]),
        Status::Placed => match order.holds.keys().next() {
            Some(hold) => Err(OrderError::Held { hold: hold.clone() }),
            None => Ok(vec![
                OrderConfirmed {
                    order: order.brief(),
                }
                .into(),
            ]),
        },
        status => Err(OrderError::State {
            status,
            command: "confirm it",
        }),
    }
}

fn reject(order: &Placed, command: &RejectOrder) -> Decision {
    match order.status {
        Status::Rejected => Ok(vec![]),
        Status::Placed => Ok(vec![
            OrderRejected {
                order: order.brief(),
                reason: command.reason,
                // It repeats what a participant said.
                detail: text::cleaned(&command.detail, 500),
            }
            .into(),
        ]),
        status => Err(OrderError::State {
            status,
            command: "reject it",
        }),
    }
}

fn expire(order: &Placed) -> Decision {
    match order.status {
        Status::Expired => Ok(vec![]),
        Status::Placed => Ok(vec![
            OrderExpired {
                order: order.brief(),
            }
            .into(),
        ]),
        status => Err(OrderError::State {
            status,
            command: "let it expire",
        }),
    }
}

fn request_cancellation(order: &Placed, command: &RequestCancellation) -> Decision {
    match order.status {
        Status::Cancelling | Status::Cancelled => Ok(vec![]),
        Status::Placed | Status::Confirmed => {
            let requested = CancellationRequested {
                order: order.brief(),
                confirmed: order.status == Status::Confirmed,
                request: order.cancellations,
                reason: command.reason.clone(),
            };
            let overtaken = amendments::overtaken(order, "the order is being cancelled");
            Ok(std::iter::once(requested.into()).chain(overtaken).collect())
        }
        status => Err(OrderError::State {
            status,
            command: "cancel it",
        }),
    }
}

fn reject_cancellation(order: &Placed, command: &RejectCancellation) -> Decision {
    let asked = order.cancellations;
    match order.status {
        // An earlier one was rejected, or there were none now.
        Status::Cancelling if command.request.saturating_add(1) < asked => Ok(vec![]),
        Status::Cancelling if command.request.saturating_add(1) == asked => Ok(vec![
            CancellationRejected {
                order: order.brief(),
                confirmed: order.was_confirmed,
                reason: command.reason.clone(),
            }
            .into(),
        ]),
        _ if order.cancellation_rejected && command.request < asked => Ok(vec![]),
        status => Err(OrderError::State {
            status,
            command: "reject its cancellation",
        }),
    }
}

fn cancel(order: &Placed) -> Decision {
    match order.status {
        Status::Cancelled => Ok(vec![]),
        Status::Cancelling => Ok(vec![
            OrderCancelled {
                order: order.brief(),
                confirmed: order.was_confirmed,
                reason: order.cancellation_reason.clone(),
            }
            .into(),
        ]),
        status => Err(OrderError::State {
            status,
            command: "finish its cancellation",
        }),
    }
}

fn add_note(order: &Placed, command: &AddNote) -> Decision {
    if order.recent_notes.contains(command.note_id) {
        return Ok(vec![]);
    }
    Ok(vec![
        NoteAdded {
            order_id: order.placed.order_id,
            note_id: command.note_id,
            text: command.text.clone(),
        }
        .into(),
    ])
}

fn place_hold(order: &Placed, command: &PlaceHold) -> Decision {
    if order.holds.contains_key(&command.hold) {
        return Ok(vec![]);
    }
    if order.holds.len() == MAX_HOLDS {
        return Err(OrderError::TooManyHolds { max: MAX_HOLDS });
    }
    match order.status {
        Status::Placed | Status::Confirmed | Status::Cancelling => Ok(vec![
            HoldPlaced {
                order_id: order.placed.order_id,
                hold: command.hold.clone(),
                reason: command.reason.clone(),
            }
            .into(),
        ]),
        status => Err(OrderError::State {
            status,
            command: "put a hold on it",
        }),
    }
}

fn release_hold(order: &Placed, command: &ReleaseHold) -> Decision {
    if !order.holds.contains_key(&command.hold) {
        return Ok(vec![]);
    }
    Ok(vec![
        HoldReleased {
            order_id: order.placed.order_id,
            hold: command.hold.clone(),
        }
        .into(),
    ])
}

#[cfg(test)]
mod tests;
