//! What is recorded when an operator has found out what the provider does not tell us.

use crate::storage::ParkedTask;
use domain::{
    Command,
    payment::{
        PaymentCommand, RecordCaptureFailed, RecordDeclined, RecordReauthorizationFailed,
        RecordRefunded, RecordVoided, SettleRefund,
    },
    policy::{Call, Task},
    shipment::{RecordRefused, ShipmentCommand},
};

/// What is recorded in place of a participant's own reason.
const FOUND_NOTHING: &str = "an operator found nothing there";

/// What is to be done in place of a call that was given up, when the provider holds no money for it,
/// or the carrier no shipment: an authorization is declined, a capture has failed, what was to be
/// given back is, a shipment is refused; and what a provider would not give back, people have given
/// back. None where that says nothing.
pub fn settled(parked: &ParkedTask) -> Option<Task> {
    let call = match &parked.task {
        Some(Task::Call(call)) => call,
        // What the provider would not give back, or what has come back, was given back in another way.
        Some(Task::Execute(Command::Payment(order_id, PaymentCommand::RetryRefund(asked)))) => {
            let refund = asked.refund;
            let settled = PaymentCommand::SettleRefund(SettleRefund { refund });
            return Some(Task::Execute(Command::Payment(*order_id, settled)));
        }
        _ => return None,
    };
    let command = match call {
        Call::Authorize { attempt, .. } | Call::Inquire { attempt, .. } => {
            PaymentCommand::RecordDeclined(RecordDeclined {
                attempt: *attempt,
                code: FOUND_NOTHING.into(),
            })
        }
        Call::Reauthorize {
            authorization_id, ..
        } => PaymentCommand::RecordReauthorizationFailed(RecordReauthorizationFailed {
            former_authorization_id: authorization_id.clone(),
            code: FOUND_NOTHING.into(),
        }),
        Call::Void {
            authorization_id, ..
        } => PaymentCommand::RecordVoided(RecordVoided {
            authorization_id: authorization_id.clone(),
        }),
        Call::Capture {
            shipment_id,
            authorization_id,
            attempt,
            ..
        } => PaymentCommand::RecordCaptureFailed(RecordCaptureFailed {
            authorization_id: authorization_id.clone(),
            shipment_id: *shipment_id,
            attempt: *attempt,
            code: FOUND_NOTHING.into(),
        }),
        Call::Refund {
            authorization_id,
            refund,
            amount,
            ..
        } => PaymentCommand::RecordRefunded(RecordRefunded {
            authorization_id: authorization_id.clone(),
            refund: *refund,
            amount: *amount,
        }),
        Call::Dispatch {
            shipment_id,
            attempt,
            ..
        } => {
            let command = ShipmentCommand::RecordRefused(RecordRefused {
                attempt: *attempt,
                code: FOUND_NOTHING.into(),
            });
            return Some(Task::Execute(Command::Shipment(*shipment_id, command)));
        }
        Call::Track { .. } => return None,
    };
    Some(Task::Execute(Command::Payment(call.order_id(), command)))
}
