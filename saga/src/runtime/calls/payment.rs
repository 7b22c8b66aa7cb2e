//! What the payment provider's answers become.

use super::{CallOutcome, again};
use crate::{participant::CallError, provider::Authorization};
use domain::{
    Command, OrderId,
    payment::{
        PaymentCommand, RecordAuthorized, RecordCaptureFailed, RecordCaptured, RecordDeclined,
        RecordOutcomeUnknown, RecordReauthorizationFailed, RecordReauthorized,
    },
};

/// Which question the provider was asked about an authorization.
pub(super) struct Question {
    pub attempt: u32,
    pub inquiries: u32,
    pub last: bool,
    pub of_an_operator: bool,
}

/// What becomes of an authorization; of one that was not taken, while somebody is `patient`, nothing
/// yet.
pub(super) fn authorized(
    order_id: OrderId,
    attempt: u32,
    patient: bool,
    answer: Result<Authorization, CallError>,
) -> CallOutcome {
    match answer {
        Ok(authorization) => outcome(order_id, attempt, authorization),
        Err(CallError::Refused(code)) => record(order_id, declined(attempt, code)),
        Err(error @ (CallError::Deferred { .. } | CallError::Unreached(_))) => again(error),
        Err(error @ CallError::Later(_)) if patient => again(error),
        Err(error) => record(order_id, unknown(attempt, 0, false, &error)),
    }
}

/// What becomes of an authorization that is not wanted any more, and was perhaps never asked for: the
/// provider tells. What it does not know of, after some `patient` waiting for a call that a crash may
/// have left on its way, was not set aside; were it to be after all, our books would refuse it, and
/// people would see to it.
pub(super) fn looked_up(
    order_id: OrderId,
    attempt: u32,
    patient: bool,
    answer: Result<Authorization, CallError>,
) -> CallOutcome {
    match answer {
        Err(error @ CallError::NotFound) if patient => again(error),
        Err(error @ CallError::NotFound) => record(order_id, declined(attempt, error.to_string())),
        answer => authorized(order_id, attempt, patient, answer),
    }
}

/// What becomes of what is set aside anew under a former name; nothing is lost while nobody knows, as
/// the former ends by itself.
pub(super) fn reauthorized(
    order_id: OrderId,
    former: &str,
    answer: Result<Authorization, CallError>,
) -> CallOutcome {
    let former_authorization_id = former.into();
    let command = match answer {
        Ok(Authorization::Authorized {
            authorization_id,
            amount,
            expires_at,
        }) => PaymentCommand::RecordReauthorized(RecordReauthorized {
            former_authorization_id,
            authorization_id,
            amount,
            expires_at,
        }),
        Ok(Authorization::Declined { code }) | Err(CallError::Refused(code)) => {
            PaymentCommand::RecordReauthorizationFailed(RecordReauthorizationFailed {
                former_authorization_id,
                code,
            })
        }
        Err(error) => return again(error),
    };
    record(order_id, command)
}

/// The same of what is not wanted any more, and was perhaps never asked for: the provider tells.
pub(super) fn looked_up_anew(
    order_id: OrderId,
    former: &str,
    patient: bool,
    answer: Result<Authorization, CallError>,
) -> CallOutcome {
    match answer {
        Err(CallError::NotFound) if !patient => {
            let code = CallError::NotFound.to_string();
            reauthorized(order_id, former, Ok(Authorization::Declined { code }))
        }
        answer => reauthorized(order_id, former, answer),
    }
}

/// What becomes of the question what became of an authorization.
pub(super) fn inquired(
    order_id: OrderId,
    asked: Question,
    patient: bool,
    answer: Result<Authorization, CallError>,
) -> CallOutcome {
    match answer {
        Ok(authorization) => outcome(order_id, asked.attempt, authorization),
        Err(error @ (CallError::Deferred { .. } | CallError::Unreached(_))) => again(error),
        Err(error @ CallError::Later(_)) if patient => again(error),
        Err(error) if asked.of_an_operator => CallOutcome::GiveUp(error.to_string()),
        // What is not known of an authorization that nobody wants any more may still get there.
        Err(error) => {
            let unknown = unknown(asked.attempt, asked.inquiries, asked.last, &error);
            record(order_id, unknown)
        }
    }
}

/// What becomes of an authorization that the provider knew nothing of when it was asked, and that was put
/// once more, under the same key: should the first get there after all, there is still one.
pub(super) fn put_again(
    order_id: OrderId,
    asked: Question,
    patient: bool,
    answer: Result<Authorization, CallError>,
) -> CallOutcome {
    match answer {
        Err(CallError::Refused(code)) => record(order_id, declined(asked.attempt, code)),
        answer => inquired(order_id, asked, patient, answer),
    }
}

/// What becomes of a capture.
pub(super) fn captured(
    order_id: OrderId,
    command: RecordCaptured,
    answer: Result<(), CallError>,
) -> CallOutcome {
    let command = match answer {
        Ok(()) => PaymentCommand::RecordLastCaptured(command),
        Err(CallError::Refused(code)) => PaymentCommand::RecordCaptureFailed(RecordCaptureFailed {
            authorization_id: command.authorization_id,
            shipment_id: command.shipment_id,
            attempt: command.attempt,
            code,
        }),
        Err(error) => return again(error),
    };
    record(order_id, command)
}

/// What becomes of money that is given back, as `command` says; if the provider will not, people must.
pub(super) fn given_back(
    order_id: OrderId,
    command: PaymentCommand,
    answer: Result<(), CallError>,
) -> CallOutcome {
    match answer {
        Ok(()) => record(order_id, command),
        Err(error @ CallError::Refused(_)) => CallOutcome::GiveUp(error.to_string()),
        Err(error) => again(error),
    }
}

fn record(order_id: OrderId, command: PaymentCommand) -> CallOutcome {
    CallOutcome::Record(Box::new(Command::Payment(order_id, command)))
}

fn outcome(order_id: OrderId, attempt: u32, authorization: Authorization) -> CallOutcome {
    let command = match authorization {
        Authorization::Authorized {
            authorization_id,
            amount,
            expires_at,
        } => PaymentCommand::RecordAuthorized(RecordAuthorized {
            attempt,
            authorization_id,
            amount,
            expires_at,
        }),
        Authorization::Declined { code } => declined(attempt, code),
    };
    record(order_id, command)
}

fn declined(attempt: u32, code: String) -> PaymentCommand {
    PaymentCommand::RecordDeclined(RecordDeclined { attempt, code })
}

fn unknown(attempt: u32, inquiries: u32, last: bool, error: &CallError) -> PaymentCommand {
    let detail = error.to_string();
    PaymentCommand::RecordOutcomeUnknown(RecordOutcomeUnknown {
        attempt,
        inquiries,
        last,
        detail,
    })
}
