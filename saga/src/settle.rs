//! What is recorded when an operator has found out what the provider does not tell us.

use crate::storage::ParkedTask;
use domain::{
    Command,
    payment::{PaymentCommand, RecordDeclined, RecordVoided},
    policy::{Call, Task},
};

/// What is to be done in place of a call that was given up, when the provider holds no money for it:
/// an authorization is declined, one that was to be given back is. None where that says nothing.
pub fn settled(parked: &ParkedTask) -> Option<Task> {
    let Some(Task::Call(call)) = &parked.task else {
        return None;
    };
    let command = match call {
        Call::Authorize { attempt, .. } | Call::Inquire { attempt, .. } => {
            PaymentCommand::RecordDeclined(RecordDeclined {
                attempt: *attempt,
                code: "an operator found nothing set aside".into(),
            })
        }
        Call::Void {
            authorization_id, ..
        } => PaymentCommand::RecordVoided(RecordVoided {
            authorization_id: authorization_id.clone(),
        }),
        Call::Capture { .. } => return None,
    };
    Some(Task::Execute(Command::Payment(call.order_id(), command)))
}
