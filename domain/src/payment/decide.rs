//! What commands to a payment lead to.

mod action;
mod capture;
mod dispute;
mod notice;
mod owed;
mod reauthorize;
mod refund;

use super::{
    Authorization, LatePaymentReversed, Payment, PaymentAuthorizationRequested, PaymentAuthorized,
    PaymentCommand, PaymentDeclined, PaymentError, PaymentEvent, PaymentIntegrityMismatch,
    PaymentOutcomeUnknown, PaymentParked, PaymentStatus as S, PaymentVoidDeferred,
    PaymentVoidRequested, PaymentVoided, RecordAuthorized, RecordDeclined, RecordOutcomeUnknown,
    RecordVoided, Request, RequestAuthorization, RequestVoid,
};
use crate::text;

/// The longest that a participant's codes, names and sentences may be, in characters.
const MAX_CODE: usize = 200;
const MAX_NAME: usize = 255;
const MAX_DETAIL: usize = 500;

type Decision = Result<Vec<PaymentEvent>, PaymentError>;

pub(super) fn decide(payment: &Payment, command: &PaymentCommand) -> Decision {
    match command {
        PaymentCommand::RequestAuthorization(command) => request_authorization(payment, command),
        PaymentCommand::RecordAuthorized(command) => record_authorized(payment, command),
        PaymentCommand::RecordDeclined(command) => record_declined(payment, command),
        PaymentCommand::RecordActionRequired(command) => action::record(payment, command),
        PaymentCommand::RecordOutcomeUnknown(command) => record_unknown(payment, command),
        PaymentCommand::RequestVoid(command) => request_void(payment, command),
        PaymentCommand::RecordVoided(command) => record_voided(payment, command),
        PaymentCommand::RequestCapture(command) => capture::request(payment, command),
        PaymentCommand::RecordCaptured(command) => capture::record(payment, command, false),
        PaymentCommand::RecordLastCaptured(command) => capture::record(payment, command, true),
        PaymentCommand::ReleaseRest(command) => capture::release_rest(payment, command),
        PaymentCommand::RecordCaptureFailed(command) => capture::record_failed(payment, command),
        PaymentCommand::RequestRefund(command) => refund::request(payment, command),
        PaymentCommand::RefundReturn(command) => refund::of_return(payment, command),
        PaymentCommand::RecordRefunded(command) => refund::record(payment, command),
        PaymentCommand::RecordRefundFailed(command) => owed::record_failed(payment, command),
        PaymentCommand::RetryRefund(command) => owed::retry(payment, command),
        PaymentCommand::SettleRefund(command) => owed::settle(payment, command),
        PaymentCommand::RequestReauthorization(command) => reauthorize::request(payment, command),
        PaymentCommand::RecordReauthorized(command) => reauthorize::record(payment, command),
        PaymentCommand::RecordReauthorizationFailed(command) => {
            reauthorize::record_failed(payment, command)
        }
        PaymentCommand::RecordAuthorizationExpired(command) => {
            reauthorize::record_expired(payment, &command.authorization_id)
        }
        PaymentCommand::Hear(command) => notice::hear(payment, command),
    }
}

fn request_authorization(payment: &Payment, command: &RequestAuthorization) -> Decision {
    if command.amount.amount < 0 {
        return Err(PaymentError::Amount);
    }
    let asked = payment
        .request
        .as_ref()
        .map_or(0, |request| request.attempt);
    if command.attempt <= asked {
        return Ok(vec![]);
    }
    if !matches!(payment.status, S::Pending | S::Declined) {
        return Err(state(payment, "authorize it"));
    }
    if command.attempt != asked + 1 || command.attempt > command.max_attempts {
        return Err(PaymentError::Attempt {
            attempt: command.attempt,
        });
    }
    Ok(vec![
        PaymentAuthorizationRequested {
            order_id: command.order_id,
            amount: command.amount,
            payment_method: command.payment_method.clone(),
            attempt: command.attempt,
            max_attempts: command.max_attempts,
            idempotency_key: command.idempotency_key.clone(),
        }
        .into(),
    ])
}

fn record_authorized(payment: &Payment, command: &RecordAuthorized) -> Decision {
    if let Some(known) = &payment.authorization {
        if known.authorization_id == command.authorization_id {
            return Ok(vec![]);
        }
        let key = payment.request.as_ref();
        let key = key.map_or("", |request| &request.idempotency_key);
        return notice::stray(
            payment,
            key,
            command.attempt,
            &command.authorization_id,
            command.amount,
        );
    }
    // The void that was asked for then covers it.
    if payment.has_given_up(&command.authorization_id) {
        return Ok(vec![]);
    }
    let named = text::line("authorization_id", &command.authorization_id, MAX_NAME).is_ok();
    if !named && payment.parked {
        return Ok(vec![]);
    }
    let request = awaited(payment, command.attempt, "record an authorization")?;
    if !named {
        // Something may be set aside, but under a name by which it cannot be given back.
        let parked = PaymentParked {
            order_id: request.order_id,
            attempt: request.attempt,
            detail: "the provider named its authorization by what is not a name".into(),
        };
        return Ok(vec![parked.into()]);
    }
    let mut events = Vec::with_capacity(2);
    let mismatch = command.amount != request.amount;
    events.push(match mismatch {
        true => PaymentIntegrityMismatch {
            order_id: request.order_id,
            attempt: request.attempt,
            authorization_id: command.authorization_id.clone(),
            expected: request.amount,
            actual: command.amount,
        }
        .into(),
        false => PaymentAuthorized {
            order_id: request.order_id,
            attempt: request.attempt,
            authorization_id: command.authorization_id.clone(),
            amount: command.amount,
            expires_at: command.expires_at,
        }
        .into(),
    });
    let void = match &payment.deferred_void {
        Some((key, reason)) => Some((key.clone(), reason.clone())),
        // Nobody keeps money that was not asked for.
        None if mismatch => Some((
            format!("{}/void", request.idempotency_key),
            "the provider authorized another amount than was asked for".into(),
        )),
        None => None,
    };
    if let Some((idempotency_key, reason)) = void {
        let event = PaymentVoidRequested {
            order_id: request.order_id,
            authorization_id: command.authorization_id.clone(),
            idempotency_key,
            reason,
        };
        events.push(event.into());
    }
    Ok(events)
}

fn record_declined(payment: &Payment, command: &RecordDeclined) -> Decision {
    let asked = payment.request.as_ref().map_or(0, |asked| asked.attempt);
    // A further attempt is asked for only after a decline.
    let repeated = command.attempt < asked
        || command.attempt == asked && matches!(payment.status, S::Declined | S::Voided);
    if asked > 0 && repeated {
        return Ok(vec![]);
    }
    let voiding = payment.status == S::Voiding && payment.authorization.is_none();
    let request = match &payment.request {
        // It was declined while it was being given up: nothing will be set aside.
        Some(request) if voiding && request.attempt == command.attempt => request,
        _ => awaited(payment, command.attempt, "record a decline")?,
    };
    let given_up = voiding || payment.deferred_void.is_some();
    let left = if given_up {
        0
    } else {
        request.max_attempts.saturating_sub(request.attempt)
    };
    let declined = PaymentDeclined {
        order_id: request.order_id,
        attempt: request.attempt,
        attempts_left: left,
        code: text::cleaned(&command.code, MAX_CODE),
    };
    let mut events = vec![declined.into()];
    if given_up {
        let voided = PaymentVoided {
            order_id: request.order_id,
            authorization_id: None,
        };
        events.push(voided.into());
    }
    Ok(events)
}

fn record_unknown(payment: &Payment, command: &RecordOutcomeUnknown) -> Decision {
    let known = payment
        .request
        .as_ref()
        .is_some_and(|asked| command.attempt < asked.attempt)
        || matches!(payment.status, S::OutcomeUnknown)
            && (payment.parked || (command.inquiries <= payment.inquiries && !command.last));
    if known {
        return Ok(vec![]);
    }
    if payment.status == S::ActionRequired {
        return Err(state(payment, "record an unknown outcome"));
    }
    let request = awaited(payment, command.attempt, "record an unknown outcome")?;
    Ok(vec![if command.last {
        PaymentParked {
            order_id: request.order_id,
            attempt: request.attempt,
            detail: text::cleaned(&command.detail, MAX_DETAIL),
        }
        .into()
    } else {
        PaymentOutcomeUnknown {
            order_id: request.order_id,
            attempt: request.attempt,
            idempotency_key: request.idempotency_key.clone(),
            inquiries: command.inquiries,
            detail: text::cleaned(&command.detail, MAX_DETAIL),
        }
        .into()
    }])
}

fn request_void(payment: &Payment, command: &RequestVoid) -> Decision {
    let order_id = command.order_id;
    match payment.status {
        S::Voiding | S::Voided => Ok(vec![]),
        S::Authorizing | S::OutcomeUnknown | S::Capturing if payment.deferred_void.is_some() => {
            Ok(vec![])
        }
        S::Authorizing | S::OutcomeUnknown | S::Capturing => Ok(vec![
            PaymentVoidDeferred {
                order_id,
                idempotency_key: command.idempotency_key.clone(),
                reason: command.reason.clone(),
            }
            .into(),
        ]),
        S::ActionRequired => action::give_up(payment, command),
        S::Pending | S::Declined => Ok(vec![
            PaymentVoided {
                order_id,
                authorization_id: None,
            }
            .into(),
        ]),
        // It may have ended by our clock alone: the provider says that nothing is left.
        S::Authorized | S::AuthorizationExpired => {
            let authorization = authorization(payment, "void it")?;
            Ok(vec![
                PaymentVoidRequested {
                    order_id,
                    authorization_id: authorization.authorization_id.clone(),
                    idempotency_key: command.idempotency_key.clone(),
                    reason: command.reason.clone(),
                }
                .into(),
            ])
        }
        // Of several parcels not all were taken for: the provider lets go of the rest first.
        _ if payment.lets_go || capture::rest(payment, payment.captured()) > 0 => {
            if payment.deferred_void.is_some() || refund::is_of_all(payment) {
                return Ok(vec![]);
            }
            let deferred = PaymentVoidDeferred {
                order_id,
                idempotency_key: command.idempotency_key.clone(),
                reason: command.reason.clone(),
            };
            let mut events = vec![deferred.into()];
            if !payment.lets_go {
                let (key, reason) = (&command.idempotency_key, &command.reason);
                let taken = payment.captured();
                events.push(capture::give_back(payment, order_id, taken, key, reason)?);
            }
            Ok(events)
        }
        // What was taken cannot be let go any more: it is given back.
        S::Captured | S::PartiallyCaptured | S::Refunding | S::Refunded | S::PartiallyRefunded => {
            refund::all(payment, order_id, &command.idempotency_key, &command.reason)
        }
    }
}

fn record_voided(payment: &Payment, command: &RecordVoided) -> Decision {
    if let Some(stray) = payment.strays.get(&command.authorization_id) {
        return notice::stray_voided(payment, &command.authorization_id, stray);
    }
    if payment.has_given_up(&command.authorization_id) {
        return action::voided(payment, &command.authorization_id);
    }
    let authorization = authorization(payment, "record a void")?;
    same(authorization, &command.authorization_id)?;
    let request = payment
        .request
        .as_ref()
        .ok_or_else(|| state(payment, "record a void"))?;
    match payment.status {
        _ if payment.lets_go => capture::released(payment, request.order_id),
        S::Voided => Ok(vec![]),
        _ if payment.has_let_go() => Ok(vec![]),
        S::Voiding => {
            let order_id = request.order_id;
            let authorization_id = authorization.authorization_id.clone();
            let mut events = vec![
                PaymentVoided {
                    order_id,
                    authorization_id: Some(authorization_id.clone()),
                }
                .into(),
            ];
            if payment.late {
                let amount = authorization.amount;
                events.push(
                    LatePaymentReversed {
                        order_id,
                        authorization_id,
                        amount,
                    }
                    .into(),
                );
            }
            Ok(events)
        }
        _ => Err(state(payment, "record a void")),
    }
}

/// The request whose outcome is awaited, if it is `attempt`'s.
fn awaited<'a>(
    payment: &'a Payment,
    attempt: u32,
    command: &'static str,
) -> Result<&'a Request, PaymentError> {
    let waits = matches!(
        payment.status,
        S::Authorizing | S::ActionRequired | S::OutcomeUnknown
    );
    match payment.request.as_ref().filter(|_| waits) {
        Some(request) if request.attempt == attempt => Ok(request),
        Some(_) => Err(PaymentError::Attempt { attempt }),
        None => Err(state(payment, command)),
    }
}

fn authorization<'a>(
    payment: &'a Payment,
    command: &'static str,
) -> Result<&'a Authorization, PaymentError> {
    payment
        .authorization
        .as_ref()
        .ok_or_else(|| state(payment, command))
}

fn same(authorization: &Authorization, authorization_id: &str) -> Result<(), PaymentError> {
    match authorization.authorization_id == authorization_id {
        true => Ok(()),
        false => Err(PaymentError::OtherAuthorization),
    }
}

const fn state(payment: &Payment, command: &'static str) -> PaymentError {
    PaymentError::State {
        status: payment.status,
        command,
    }
}

#[cfg(test)]
mod tests;
