//! What commands to a shipment lead to.

mod booking;
mod hearing;
mod parcels;

pub use booking::book_in_over_stock;
pub use parcels::over_parcels;
pub(crate) use parcels::{drop_out, is_split, refit_all};

use super::{
    DispatchKey, DispatchRefused, DispatchRequested, GiveUpShipment, Parcel, RecordDelivered,
    RecordDispatched, RecordFailed, RecordRefused, RecordTracked, RequestDispatch, Shipment,
    ShipmentCommand, ShipmentDelivered, ShipmentDeliveryFailed, ShipmentDispatched, ShipmentError,
    ShipmentEvent, ShipmentGivenUp, ShipmentLost, ShipmentPacked, ShipmentReady,
    ShipmentReturnedToSender, ShipmentStatus as S, ShipmentTracked,
};
use crate::{
    TextError,
    order::{FIRST_PLACED, Order, Placed, Status},
    text,
};

/// The longest that a carrier's names, codes and sentences may be, in characters.
const MAX_NAME: usize = 255;
const MAX_CODE: usize = 200;
const MAX_REASON: usize = 500;

type Decision = Result<Vec<ShipmentEvent>, ShipmentError>;

/// Decides `command` over a shipment and, where it looks at that, its order: nothing is created but
/// for an order that is confirmed, and nothing leaves under a hold.
pub fn over_order(state: &Shipment, command: &ShipmentCommand, order: &Order) -> Decision {
    check(command)?;
    match command {
        ShipmentCommand::Create(_) | ShipmentCommand::Cancel(_) => {
            let happened = parcels::over_parcels(&[state], command, order)?;
            return Ok(happened.into_iter().flatten().collect());
        }
        _ => {}
    }
    let parcel = match state {
        Shipment::Absent => return Err(ShipmentError::NotFound),
        Shipment::Forestalled => return Err(refused(S::Cancelled, doing(command))),
        Shipment::Created(parcel) => parcel,
    };
    match command {
        ShipmentCommand::Create(_) | ShipmentCommand::Cancel(_) => Ok(vec![]),
        ShipmentCommand::BookIn(command) => booking::book_in(parcel, command),
        ShipmentCommand::Pack(_) => pack(parcel),
        ShipmentCommand::MarkReady(_) => mark_ready(parcel),
        ShipmentCommand::RequestDispatch(command) => request_dispatch(parcel, command, order),
        ShipmentCommand::RecordDispatched(command) => record_dispatched(parcel, command),
        ShipmentCommand::RecordRefused(command) => record_refused(parcel, command),
        ShipmentCommand::RecordTracked(command) => record_tracked(parcel, command),
        ShipmentCommand::RecordDelivered(command) => record_delivered(parcel, command),
        ShipmentCommand::RecordFailed(command) => record_failed(parcel, command),
        ShipmentCommand::RecordLost(_) => record_lost(parcel),
        ShipmentCommand::RecordReturnedToSender(_) => record_returned(parcel),
        ShipmentCommand::Hear(command) => hearing::hear(parcel, command),
        ShipmentCommand::GiveUp(command) => give_up(parcel, command),
    }
}

/// What the command wants, as refusals say it.
const fn doing(command: &ShipmentCommand) -> &'static str {
    match command {
        ShipmentCommand::Create(_) => "create it",
        ShipmentCommand::Pack(_) => "pack it",
        ShipmentCommand::MarkReady(_) => "let it leave",
        ShipmentCommand::RequestDispatch(_) => "dispatch it",
        ShipmentCommand::RecordDispatched(_) => "record its dispatch",
        ShipmentCommand::RecordRefused(_) => "record a refusal",
        ShipmentCommand::RecordTracked(_) => "track it",
        ShipmentCommand::RecordDelivered(_) => "record its delivery",
        ShipmentCommand::RecordFailed(_) => "record a failed delivery",
        ShipmentCommand::RecordLost(_) => "record its loss",
        ShipmentCommand::RecordReturnedToSender(_) => "record its return",
        ShipmentCommand::Hear(_) => "hear of it",
        ShipmentCommand::GiveUp(_) => "give it up",
        ShipmentCommand::Cancel(_) => "cancel it",
        ShipmentCommand::BookIn(_) => "book it in",
    }
}

/// Checks a reason that people give; those of carriers are cleaned instead, since they are not asked
/// twice.
pub fn check_reason(reason: &str) -> Result<(), TextError> {
    text::prose("reason", reason, MAX_REASON)
}

/// Rules of meaning come before all that depends on the state: what breaks one does so for good.
fn check(command: &ShipmentCommand) -> Result<(), ShipmentError> {
    match command {
        ShipmentCommand::Cancel(command) => {
            check_reason(&command.reason)?;
        }
        ShipmentCommand::BookIn(command) => booking::check_found(command)?,
        ShipmentCommand::RecordDelivered(command)
            if command.delivered_at.timestamp() < FIRST_PLACED =>
        {
            return Err(ShipmentError::DeliveredTooEarly);
        }
        ShipmentCommand::Hear(command) => hearing::check(command)?,
        _ => {}
    }
    Ok(())
}

fn confirmed(order: &Order) -> Result<&Placed, ShipmentError> {
    let order = order.placed().ok_or(ShipmentError::NoOrder)?;
    match order.status {
        Status::Confirmed => Ok(order),
        status => Err(ShipmentError::NotConfirmed { status }),
    }
}

fn pack(parcel: &Parcel) -> Decision {
    match parcel.status {
        S::Pending => Ok(vec![
            ShipmentPacked {
                order_id: parcel.order_id,
                shipment_id: parcel.shipment_id,
                amount: parcel.amount,
            }
            .into(),
        ]),
        S::Cancelled => Err(refused(S::Cancelled, "pack it")),
        _ => Ok(vec![]),
    }
}

fn mark_ready(parcel: &Parcel) -> Decision {
    match parcel.status {
        S::Packed => Ok(vec![
            ShipmentReady {
                order_id: parcel.order_id,
                shipment_id: parcel.shipment_id,
            }
            .into(),
        ]),
        status @ (S::Pending | S::Cancelled) => Err(refused(status, "let it leave")),
        _ => Ok(vec![]),
    }
}

fn request_dispatch(parcel: &Parcel, command: &RequestDispatch, order: &Order) -> Decision {
    if parcel.order_id != command.order_id {
        return Err(ShipmentError::NotFound);
    }
    match parcel.status {
        S::Refused if parcel.given_up => return Err(ShipmentError::GivenUp),
        S::Ready | S::Refused => {}
        status @ (S::Pending | S::Packed | S::Cancelled) => {
            return Err(refused(status, "dispatch it"));
        }
        _ => return Ok(vec![]),
    }
    if let Some(hold) = confirmed(order)?.holds.keys().next() {
        return Err(ShipmentError::Held { hold: hold.clone() });
    }
    let attempt = parcel.attempt.saturating_add(1);
    Ok(vec![
        DispatchRequested {
            order_id: parcel.order_id,
            shipment_id: parcel.shipment_id,
            attempt,
            idempotency_key: DispatchKey {
                shipment_id: parcel.shipment_id,
                attempt,
            }
            .to_string(),
        }
        .into(),
    ])
}

fn record_dispatched(parcel: &Parcel, command: &RecordDispatched) -> Decision {
    if command.attempt != parcel.attempt || parcel.attempt == 0 {
        return Err(ShipmentError::Attempt {
            attempt: command.attempt,
        });
    }
    match parcel.status {
        S::Dispatching => Ok(vec![
            ShipmentDispatched {
                order_id: parcel.order_id,
                shipment_id: parcel.shipment_id,
                location: parcel.location.clone(),
                lines: parcel.lines.to_vec(),
                // What the carrier has taken it has taken, whatever it calls itself.
                carrier: text::cleaned(&command.carrier, MAX_NAME),
                tracking_number: text::cleaned(&command.tracking_number, MAX_NAME),
                amount: parcel.amount,
            }
            .into(),
        ]),
        // The carrier had refused this very attempt.
        status @ (S::Refused | S::Cancelled) => Err(refused(status, "record its dispatch")),
        _ => Ok(vec![]),
    }
}

fn record_refused(parcel: &Parcel, command: &RecordRefused) -> Decision {
    // A further attempt is asked for, and what was asked for is cancelled, only after a refusal.
    let last = match parcel.status {
        S::Refused | S::Cancelled => parcel.attempt,
        _ => parcel.attempt.saturating_sub(1),
    };
    if (1..=last).contains(&command.attempt) {
        return Ok(vec![]);
    }
    match parcel.status {
        S::Dispatching if command.attempt == parcel.attempt => Ok(vec![
            DispatchRefused {
                order_id: parcel.order_id,
                shipment_id: parcel.shipment_id,
                attempt: parcel.attempt,
                code: text::cleaned(&command.code, MAX_CODE),
            }
            .into(),
        ]),
        S::Dispatching => Err(ShipmentError::Attempt {
            attempt: command.attempt,
        }),
        status => Err(refused(status, "record a refusal")),
    }
}

/// Whatever was tried since has its time anew, and what has left is not given up.
fn give_up(parcel: &Parcel, command: &GiveUpShipment) -> Decision {
    let is_it = parcel.status == S::Refused && parcel.attempt == command.attempt;
    if !is_it || parcel.given_up {
        return Ok(vec![]);
    }
    Ok(vec![
        ShipmentGivenUp {
            order_id: parcel.order_id,
            shipment_id: parcel.shipment_id,
            attempt: parcel.attempt,
            reason: text::cleaned(&command.reason, MAX_REASON),
        }
        .into(),
    ])
}

fn record_tracked(parcel: &Parcel, command: &RecordTracked) -> Decision {
    under_way(parcel, "track it")?;
    match command.inquiries > parcel.inquiries {
        true => Ok(vec![tracked(parcel, command.inquiries)]),
        false => Ok(vec![]),
    }
}

fn tracked(parcel: &Parcel, inquiries: u32) -> ShipmentEvent {
    ShipmentTracked {
        order_id: parcel.order_id,
        shipment_id: parcel.shipment_id,
        tracking_number: parcel.tracking_number.clone().unwrap_or_default(),
        inquiries,
    }
    .into()
}

fn record_failed(parcel: &Parcel, command: &RecordFailed) -> Decision {
    under_way(parcel, "record a failed delivery")?;
    let reason = text::cleaned(&command.reason, MAX_REASON);
    if parcel.status == S::Failed {
        let is_known = parcel.failure.as_ref() == Some(&reason);
        match command.inquiries > parcel.inquiries {
            // That is known: but the carrier was asked once more.
            true if is_known => return Ok(vec![tracked(parcel, command.inquiries)]),
            true => {}
            // People do not count how often the carrier was asked. An answer of the carrier that comes
            // again is no news, also where people have said something else since.
            false if is_known || command.inquiries > 0 => return Ok(vec![]),
            false => {}
        }
    }
    Ok(vec![
        ShipmentDeliveryFailed {
            order_id: parcel.order_id,
            shipment_id: parcel.shipment_id,
            tracking_number: parcel.tracking_number.clone().unwrap_or_default(),
            inquiries: command.inquiries.max(parcel.inquiries),
            reason,
        }
        .into(),
    ])
}

fn record_delivered(parcel: &Parcel, command: &RecordDelivered) -> Decision {
    if parcel.status == S::Delivered {
        return Ok(vec![]);
    }
    under_way(parcel, "record its delivery")?;
    Ok(vec![
        ShipmentDelivered {
            order_id: parcel.order_id,
            shipment_id: parcel.shipment_id,
            lines: parcel.lines.to_vec(),
            delivered_at: command.delivered_at,
        }
        .into(),
    ])
}

fn record_lost(parcel: &Parcel) -> Decision {
    if parcel.status == S::Lost {
        return Ok(vec![]);
    }
    under_way(parcel, "record its loss")?;
    Ok(vec![
        ShipmentLost {
            order_id: parcel.order_id,
            shipment_id: parcel.shipment_id,
            lines: parcel.lines.to_vec(),
            amount: parcel.amount,
        }
        .into(),
    ])
}

fn record_returned(parcel: &Parcel) -> Decision {
    if parcel.status == S::ReturnedToSender {
        return Ok(vec![]);
    }
    under_way(parcel, "record its return")?;
    Ok(vec![
        ShipmentReturnedToSender {
            order_id: parcel.order_id,
            shipment_id: parcel.shipment_id,
            lines: parcel.lines.to_vec(),
            amount: parcel.amount,
        }
        .into(),
    ])
}

fn under_way(parcel: &Parcel, command: &'static str) -> Result<(), ShipmentError> {
    match parcel.status.is_under_way() {
        true => Ok(()),
        false => Err(refused(parcel.status, command)),
    }
}

const fn refused(status: S, command: &'static str) -> ShipmentError {
    ShipmentError::State { status, command }
}

#[cfg(test)]
mod tests;
