//! What commands about the time of what is set aside lead to: it is set aside anew, once, before it ends.
//!
//! What is taken in part is not: what the provider then refuses to take is a capture that fails.

use super::{
    super::{
        PaymentAuthorizationExpired, PaymentReauthorizationFailed, PaymentReauthorizationRequested,
        PaymentReauthorized, Reauthorization, ReauthorizationProgress as Progress,
        RecordReauthorizationFailed, RecordReauthorized, RequestReauthorization,
    },
    Authorization, Decision, MAX_CODE, MAX_NAME, Payment, PaymentError, PaymentEvent, Request, S,
    authorization, notice, state,
};
use crate::{Money, text};
use chrono::{DateTime, Utc};

/// Why it is not done a second time.
const ONCE: &str = "reauthorized_once";

/// Why it is of no use.
const OTHER_AMOUNT: &str = "other_amount";

const COMMAND: &str = "record a re-authorization";

pub(super) fn request(payment: &Payment, command: &RequestReauthorization) -> Decision {
    let known = payment.authorization.as_ref();
    let known = known.filter(|known| known.authorization_id == command.authorization_id);
    let (Some(known), Some(asked), S::Authorized) = (known, &payment.request, payment.status)
    else {
        // It is taken, given back or set aside anew already.
        return Ok(vec![]);
    };
    let before = payment.reauthorization.as_ref();
    match before.map(|before| before.progress) {
        None => Ok(vec![
            PaymentReauthorizationRequested {
                order_id: asked.order_id,
                former_authorization_id: known.authorization_id.clone(),
                amount: known.amount,
                payment_method: command.payment_method.clone(),
                idempotency_key: command.idempotency_key.clone(),
            }
            .into(),
        ]),
        Some(Progress::Done) => Ok(vec![failed(payment, asked, known, ONCE)]),
        Some(Progress::Requested | Progress::Failed) => Ok(vec![]),
    }
}

pub(super) fn record(payment: &Payment, command: &RecordReauthorized) -> Decision {
    let asked = asked(payment)?;
    if asked.former_authorization_id != command.former_authorization_id {
        return Err(PaymentError::OtherAuthorization);
    }
    authorized(
        payment,
        &command.authorization_id,
        command.amount,
        command.expires_at,
    )
}

/// The provider has set an amount aside anew.
pub(super) fn authorized(
    payment: &Payment,
    authorization_id: &str,
    amount: Money,
    expires_at: Option<DateTime<Utc>>,
) -> Decision {
    let asked = asked(payment)?;
    let known = authorization(payment, COMMAND)?;
    let request = payment.request.as_ref();
    let request = request.ok_or_else(|| state(payment, COMMAND))?;
    if known.authorization_id == authorization_id {
        return match payment.was_set_aside(known) == amount {
            true => Ok(vec![]),
            false => Err(PaymentError::OtherAmount),
        };
    }
    let waits = asked.progress == Progress::Requested && is_needed(payment);
    if waits && amount == known.amount && is_name(authorization_id) {
        return Ok(vec![
            PaymentReauthorized {
                order_id: request.order_id,
                former_authorization_id: known.authorization_id.clone(),
                authorization_id: authorization_id.into(),
                amount,
                expires_at,
                void_key: format!("{}/former", asked.idempotency_key),
            }
            .into(),
        ]);
    }
    let key = &asked.idempotency_key;
    let mut events = notice::stray(payment, key, request.attempt, authorization_id, amount)?;
    if asked.progress == Progress::Requested && !events.is_empty() {
        events.push(failed(payment, request, known, OTHER_AMOUNT));
    }
    Ok(events)
}

pub(super) fn record_failed(payment: &Payment, command: &RecordReauthorizationFailed) -> Decision {
    let asked = asked(payment)?;
    if asked.former_authorization_id != command.former_authorization_id {
        return Err(PaymentError::OtherAuthorization);
    }
    declined(payment, &command.code)
}

/// The provider has not set anything aside anew.
pub(super) fn declined(payment: &Payment, code: &str) -> Decision {
    let asked = asked(payment)?;
    let known = authorization(payment, COMMAND)?;
    let request = payment.request.as_ref();
    let request = request.ok_or_else(|| state(payment, COMMAND))?;
    match asked.progress {
        Progress::Requested => Ok(vec![failed(payment, request, known, code)]),
        Progress::Failed => Ok(vec![]),
        Progress::Done => Err(state(payment, "record that it is not authorized anew")),
    }
}

/// The time of an authorization has passed.
pub(super) fn record_expired(payment: &Payment, authorization_id: &str) -> Decision {
    const COMMAND: &str = "record that its authorization expired";
    if payment.strays.contains_key(authorization_id) {
        return Ok(vec![]);
    }
    let known = authorization(payment, COMMAND)?;
    super::same(known, authorization_id)?;
    let request = payment.request.as_ref();
    let request = request.ok_or_else(|| state(payment, COMMAND))?;
    match payment.status {
        S::Authorized => Ok(vec![
            PaymentAuthorizationExpired {
                order_id: request.order_id,
                authorization_id: authorization_id.into(),
            }
            .into(),
        ]),
        // What is being taken or given back tells by itself.
        _ => Ok(vec![]),
    }
}

fn failed(payment: &Payment, request: &Request, known: &Authorization, code: &str) -> PaymentEvent {
    PaymentReauthorizationFailed {
        order_id: request.order_id,
        authorization_id: known.authorization_id.clone(),
        expires_at: known.expires_at,
        needed: is_needed(payment),
        code: text::cleaned(code, MAX_CODE),
    }
    .into()
}

/// Whether something is set aside, or was, that is neither taken nor wanted back.
const fn is_needed(payment: &Payment) -> bool {
    matches!(payment.status, S::Authorized | S::AuthorizationExpired)
}

fn asked(payment: &Payment) -> Result<&Reauthorization, PaymentError> {
    let asked = payment.reauthorization.as_ref();
    asked.ok_or_else(|| state(payment, COMMAND))
}

fn is_name(authorization_id: &str) -> bool {
    text::line("authorization_id", authorization_id, MAX_NAME).is_ok()
}
