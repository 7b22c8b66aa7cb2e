//! What follows from that a provider waits for who pays to do something.
//!
//! Nothing is set aside until then, and the provider says so when it is done. Where nobody wants it any
//! more, the provider is asked to give it up: it does so, or gives back what came of it meanwhile.

use super::{
    super::{
        PaymentActionRequired, PaymentParked, PaymentVoidRequested, PaymentVoided,
        RecordActionRequired, RequestVoid,
    },
    Decision, MAX_NAME, Payment, PaymentError, S, state,
};
use crate::text;

/// The longest address, in characters.
const MAX_URL: usize = 2_000;

const COMMAND: &str = "record that something is to be done";

pub(super) fn record(payment: &Payment, command: &RecordActionRequired) -> Decision {
    let request = payment.request.as_ref();
    let request = request.ok_or_else(|| state(payment, COMMAND))?;
    if command.attempt > request.attempt || command.attempt == 0 {
        return Err(PaymentError::Attempt {
            attempt: command.attempt,
        });
    }
    let awaited = matches!(payment.status, S::Authorizing | S::OutcomeUnknown);
    // It was so, and what came of it is known already; or it was of an attempt that was declined since.
    if !awaited || command.attempt < request.attempt {
        return Ok(vec![]);
    }
    let order_id = request.order_id;
    let named = text::line("authorization_id", &command.authorization_id, MAX_NAME).is_ok();
    if !named || !is_address(&command.url) {
        let parked = PaymentParked {
            order_id,
            attempt: request.attempt,
            detail: "the provider wants something done by who pays, and does not say where".into(),
        };
        return Ok(match payment.parked {
            true => vec![],
            false => vec![parked.into()],
        });
    }
    let mut events = vec![
        PaymentActionRequired {
            order_id,
            attempt: request.attempt,
            authorization_id: command.authorization_id.clone(),
            url: command.url.clone(),
            until: command.until,
        }
        .into(),
    ];
    // Nobody need do it any more.
    if let Some((idempotency_key, reason)) = payment.deferred_void.clone() {
        let void = PaymentVoidRequested {
            order_id,
            authorization_id: command.authorization_id.clone(),
            idempotency_key,
            reason,
        };
        events.push(void.into());
    }
    Ok(events)
}

/// Whether who pays can be sent there.
fn is_address(url: &str) -> bool {
    let known = url.starts_with("https://") || url.starts_with("http://");
    known && text::line("url", url, MAX_URL).is_ok() && !url.contains(char::is_whitespace)
}

/// Gives it up: nothing need be done any more, and what may come of it yet is given back.
pub(super) fn give_up(payment: &Payment, command: &RequestVoid) -> Decision {
    let action = payment.action();
    let action = action.ok_or_else(|| state(payment, "void it"))?;
    let void = PaymentVoidRequested {
        order_id: command.order_id,
        authorization_id: action.authorization_id.clone(),
        idempotency_key: command.idempotency_key.clone(),
        reason: command.reason.clone(),
    };
    Ok(vec![void.into()])
}

/// The provider has given it up, or has given back what came of it.
pub(super) fn voided(payment: &Payment, authorization_id: &str) -> Decision {
    if payment.status == S::Voided {
        return Ok(vec![]);
    }
    let request = payment.request.as_ref();
    let request = request.ok_or_else(|| state(payment, "record a void"))?;
    let voided = PaymentVoided {
        order_id: request.order_id,
        authorization_id: Some(authorization_id.into()),
    };
    Ok(vec![voided.into()])
}

/// Whether what is to be done, or was until it was declined or given up, may come to that authorization.
pub(super) fn is_of(payment: &Payment, authorization_id: &str) -> bool {
    let action = payment.action.as_ref();
    let action = action.filter(|_| payment.authorization.is_none());
    action.is_some_and(|action| action.authorization_id == authorization_id)
}
