//! Calls to participants, and the commands that their outcomes become.

use crate::provider::{Authorization, AuthorizeRequest, CallError, PaymentProvider};
use domain::{
    Command,
    payment::{
        PaymentCommand, RecordAuthorized, RecordCaptureFailed, RecordCaptured, RecordDeclined,
        RecordOutcomeUnknown, RecordVoided,
    },
    policy::Call,
};

/// What a call came to.
pub(super) enum CallOutcome {
    /// Something to be recorded.
    Record(Command),
    /// Nothing yet: call again later, under the same key.
    Again(String),
}

/// Calls the provider.
pub(super) async fn call(provider: &dyn PaymentProvider, call: &Call) -> CallOutcome {
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
            let command = match provider.authorize(&request).await {
                Ok(authorization) => record(*attempt, authorization),
                Err(CallError::Refused(detail)) => declined(*attempt, detail),
                Err(error) => unknown(*attempt, 0, false, &error),
            };
            CallOutcome::Record(Command::Payment(*order_id, command))
        }
        Call::Inquire {
            order_id,
            attempt,
            idempotency_key,
            inquiries,
            last,
        } => {
            let command = match provider.inquire(idempotency_key).await {
                Ok(authorization) => record(*attempt, authorization),
                // After so long, what never arrived will not arrive any more.
                Err(CallError::NotFound) if *last => {
                    declined(*attempt, "the provider never received it".into())
                }
                Err(error) => unknown(*attempt, *inquiries, *last, &error),
            };
            CallOutcome::Record(Command::Payment(*order_id, command))
        }
        Call::Void {
            order_id,
            authorization_id,
            idempotency_key,
        } => match provider.void(authorization_id, idempotency_key).await {
            Ok(()) => {
                let authorization_id = authorization_id.clone();
                let command = PaymentCommand::RecordVoided(RecordVoided { authorization_id });
                CallOutcome::Record(Command::Payment(*order_id, command))
            }
            Err(error) => CallOutcome::Again(error.to_string()),
        },
        Call::Capture {
            order_id,
            authorization_id,
            amount,
            idempotency_key,
        } => {
            let authorization_id = authorization_id.clone();
            let command = match provider
                .capture(&authorization_id, *amount, idempotency_key)
                .await
            {
                Ok(()) => {
                    let amount = *amount;
                    PaymentCommand::RecordCaptured(RecordCaptured {
                        authorization_id,
                        amount,
                    })
                }
                Err(CallError::Refused(code)) => {
                    PaymentCommand::RecordCaptureFailed(RecordCaptureFailed {
                        authorization_id,
                        code,
                    })
                }
                Err(error) => return CallOutcome::Again(error.to_string()),
            };
            CallOutcome::Record(Command::Payment(*order_id, command))
        }
    }
}

fn record(attempt: u32, authorization: Authorization) -> PaymentCommand {
    match authorization {
        Authorization::Authorized {
            authorization_id,
            amount,
        } => PaymentCommand::RecordAuthorized(RecordAuthorized {
            attempt,
            authorization_id,
            amount,
        }),
        Authorization::Declined { code } => declined(attempt, code),
    }
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
