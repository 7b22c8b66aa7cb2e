//! Calls to participants, and the commands that their outcomes become.

use crate::{
    provider::{Authorization, AuthorizeRequest, CallError, PaymentProvider},
    telemetry,
};
use domain::{
    Command, OrderId,
    payment::{
        Payment, PaymentCommand, PaymentStatus, RecordAuthorized, RecordCaptureFailed,
        RecordCaptured, RecordDeclined, RecordOutcomeUnknown, RecordVoided,
    },
    policy::Call,
};
use tokio::time::Instant;

/// How often a call that was not taken is put again before its outcome counts as unknown: over
/// some minutes, with the waits of the task runner. A provider that is down for as long as it takes
/// to start again so costs no order its place.
const TAKEN_IN_VAIN: u32 = 4;

/// What a call came to.
pub(super) enum CallOutcome {
    /// Something to be recorded.
    Record(Box<Command>),
    /// Nothing yet: call again later, under the same key.
    Again(String),
    /// Nothing, and calling again will not help.
    GiveUp(String),
}

/// Calls the provider. `attempts` is how often the same was called in vain before, `parked` whether
/// it is known already that nobody knows what became of the payment.
pub(super) async fn call(
    provider: &dyn PaymentProvider,
    call: &Call,
    attempts: u32,
    parked: bool,
) -> CallOutcome {
    let patient = attempts < TAKEN_IN_VAIN;
    match call {
        Call::Authorize {
            order_id,
            attempt,
            amount,
            payment_method,
            idempotency_key,
        } => {
            let request = AuthorizeRequest {
                order_id: *order_id,
                amount: *amount,
                payment_method: payment_method.clone(),
                idempotency_key: idempotency_key.clone(),
            };
            match timed("authorize", provider.authorize(&request)).await {
                Ok(authorization) => outcome(*order_id, *attempt, authorization),
                Err(CallError::Refused(code)) => payment(*order_id, declined(*attempt, code)),
                Err(CallError::Later(problem)) if patient => CallOutcome::Again(problem),
                Err(CallError::Deferred { problem, .. }) => CallOutcome::Again(problem),
                Err(error) => payment(*order_id, unknown(*attempt, 0, false, &error)),
            }
        }
        Call::Inquire {
            order_id,
            attempt,
            idempotency_key,
            inquiries,
            last,
        } => match timed("inquire", provider.inquire(idempotency_key)).await {
            Ok(authorization) => outcome(*order_id, *attempt, authorization),
            Err(CallError::Later(problem)) if patient => CallOutcome::Again(problem),
            Err(CallError::Deferred { problem, .. }) => CallOutcome::Again(problem),
            // An operator had it asked once more, and still has to look.
            Err(error) if parked => CallOutcome::GiveUp(error.to_string()),
            // Nor is it known that what the provider does not know of will never get there: to charge
            // again is for people to decide.
            Err(error) => payment(*order_id, unknown(*attempt, *inquiries, *last, &error)),
        },
        Call::Void {
            order_id,
            authorization_id,
            idempotency_key,
        } => match timed("void", provider.void(authorization_id, idempotency_key)).await {
            Ok(()) => {
                let authorization_id = authorization_id.clone();
                let command = PaymentCommand::RecordVoided(RecordVoided { authorization_id });
                payment(*order_id, command)
            }
            Err(error @ CallError::Refused(_)) => CallOutcome::GiveUp(error.to_string()),
            Err(error) => CallOutcome::Again(error.to_string()),
        },
        Call::Capture {
            order_id,
            authorization_id,
            amount,
            idempotency_key,
        } => {
            let capture = provider.capture(authorization_id, *amount, idempotency_key);
            let authorization_id = authorization_id.clone();
            match timed("capture", capture).await {
                Ok(()) => {
                    let amount = *amount;
                    let command = RecordCaptured {
                        authorization_id,
                        amount,
                    };
                    payment(*order_id, PaymentCommand::RecordCaptured(command))
                }
                Err(CallError::Refused(code)) => {
                    let command = RecordCaptureFailed {
                        authorization_id,
                        code,
                    };
                    payment(*order_id, PaymentCommand::RecordCaptureFailed(command))
                }
                Err(error) => CallOutcome::Again(error.to_string()),
            }
        }
    }
}

/// Whether `command` says that the provider holds, took or gave back money: a payment that cannot
/// take that in is a matter for people.
pub(super) fn moves_money(command: &Command) -> bool {
    matches!(
        command,
        Command::Payment(
            _,
            PaymentCommand::RecordAuthorized(_)
                | PaymentCommand::RecordVoided(_)
                | PaymentCommand::RecordCaptured(_)
        )
    )
}

/// Whether `payment` has in its books that the provider holds, took or gave back money, as `command`
/// says.
pub(super) fn is_in_the_books(payment: &Payment, command: &Command) -> bool {
    let Command::Payment(_, command) = command else {
        return false;
    };
    let known = |authorization_id: &str| {
        let ours = payment.authorization.as_ref();
        ours.is_some_and(|ours| ours.authorization_id == authorization_id)
    };
    match command {
        PaymentCommand::RecordAuthorized(command) => known(&command.authorization_id),
        PaymentCommand::RecordVoided(command) => {
            payment.status == PaymentStatus::Voided && known(&command.authorization_id)
        }
        PaymentCommand::RecordCaptured(command) => {
            payment.status == PaymentStatus::Captured && known(&command.authorization_id)
        }
        _ => false,
    }
}

/// What tells the outcomes of one call apart: what it came to the first time is another command than
/// what it comes to the next time, and must not be answered as if it were the same.
pub(super) const fn kind(command: &Command) -> &'static str {
    match command {
        Command::Payment(_, command) => match command {
            PaymentCommand::RecordAuthorized(_) => "authorized",
            PaymentCommand::RecordDeclined(_) => "declined",
            PaymentCommand::RecordOutcomeUnknown(_) => "unknown",
            PaymentCommand::RecordVoided(_) => "voided",
            PaymentCommand::RecordCaptured(_) => "captured",
            PaymentCommand::RecordCaptureFailed(_) => "capture_failed",
            PaymentCommand::RequestAuthorization(_)
            | PaymentCommand::RequestVoid(_)
            | PaymentCommand::RequestCapture(_) => "requested",
        },
        Command::Order(..) | Command::Stock(_) | Command::Reservation(_) => command.name(),
    }
}

/// Calls, and tells the metrics how that went.
async fn timed<T>(
    name: &'static str,
    call: impl Future<Output = Result<T, CallError>>,
) -> Result<T, CallError> {
    let began = Instant::now();
    let result = call.await;
    let outcome = match &result {
        Ok(_) => "answered",
        Err(CallError::Unknown(_)) => "unknown",
        Err(CallError::Later(_)) => "later",
        Err(CallError::Deferred { .. }) => "deferred",
        Err(CallError::NotFound) => "not_found",
        Err(CallError::Refused(_)) => "refused",
    };
    telemetry::called(name, outcome, began.elapsed());
    result
}

fn payment(order_id: OrderId, command: PaymentCommand) -> CallOutcome {
    CallOutcome::Record(Box::new(Command::Payment(order_id, command)))
}

fn outcome(order_id: OrderId, attempt: u32, authorization: Authorization) -> CallOutcome {
    let command = match authorization {
        Authorization::Authorized {
            authorization_id,
            amount,
        } => PaymentCommand::RecordAuthorized(RecordAuthorized {
            attempt,
            authorization_id,
            amount,
        }),
        Authorization::Declined { code } => declined(attempt, code),
    };
    payment(order_id, command)
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
