//! What commands about the taking of money lead to.
//!
//! Several shipments may be taken money for at the same time: what is taken or being taken for all of
//! them never exceeds what is set aside.

use super::{
    super::{
        Capture, CaptureProgress, PaymentCaptureFailed, PaymentCaptureRequested, PaymentCaptured,
        PaymentRestReleaseRequested, PaymentRestReleased, RecordCaptureFailed, RecordCaptured,
        ReleaseRest, RequestCapture,
    },
    Decision, MAX_CODE, Payment, PaymentError, PaymentEvent, PaymentVoidRequested, S,
    authorization, refund, same, state,
};
use crate::{Money, OrderId, text};

/// The most captures that a payment may have: one for each shipment.
pub(super) const MAX_CAPTURES: usize = 1_000;

pub(super) fn request(payment: &Payment, command: &RequestCapture) -> Decision {
    if command.amount.amount < 0 {
        return Err(PaymentError::Amount);
    }
    let known = payment.captures.get(&Some(command.shipment_id));
    let asked = known.map_or(0, |known| known.attempt);
    let is_taken = known.is_some_and(|known| known.progress == CaptureProgress::Captured);
    if is_taken || command.attempt <= asked {
        return Ok(vec![]);
    }
    if !may_capture(payment) || known.is_some_and(is_awaited) {
        return Err(state(payment, "capture it"));
    }
    let authorization = authorization(payment, "capture it")?;
    if command.attempt != asked + 1 || command.attempt > command.max_attempts {
        return Err(PaymentError::Attempt {
            attempt: command.attempt,
        });
    }
    if known.is_none() && payment.captures.len() >= MAX_CAPTURES {
        return Err(PaymentError::TooMany { max: MAX_CAPTURES });
    }
    let taken = Money::new(payment.claimed(), authorization.amount.currency);
    let fits = taken
        .checked_add(command.amount)
        .is_ok_and(|sum| sum.amount <= authorization.amount.amount);
    if !fits {
        return Err(PaymentError::MoreThanAuthorized {
            authorized: authorization.amount,
            taken,
            amount: command.amount,
        });
    }
    Ok(vec![
        PaymentCaptureRequested {
            order_id: command.order_id,
            shipment_id: Some(command.shipment_id),
            authorization_id: authorization.authorization_id.clone(),
            amount: command.amount,
            attempt: command.attempt,
            max_attempts: command.max_attempts,
            idempotency_key: command.idempotency_key.clone(),
            more: command.more,
        }
        .into(),
    ])
}

/// Whether money is set aside that nobody wants back.
fn may_capture(payment: &Payment) -> bool {
    let is_set_aside = !matches!(
        payment.status,
        S::Pending
            | S::Authorizing
            | S::ActionRequired
            | S::Declined
            | S::OutcomeUnknown
            | S::Voiding
            | S::Voided
    );
    let is_set_aside = is_set_aside && !payment.lets_go;
    is_set_aside && payment.deferred_void.is_none() && !refund::is_of_all(payment)
}

/// Records a capture; of the last one, that the provider lets go of the rest.
pub(super) fn record(payment: &Payment, command: &RecordCaptured, last: bool) -> Decision {
    const COMMAND: &str = "record a capture";
    let authorization = authorization(payment, COMMAND)?;
    same(authorization, &command.authorization_id)?;
    let order_id = order_id(payment, COMMAND)?;
    let known = payment.captures.get(&command.shipment_id);
    let known = known.ok_or_else(|| state(payment, COMMAND))?;
    if known.progress == CaptureProgress::Captured {
        return Ok(vec![]);
    }
    check_awaited(payment, known, command.attempt, COMMAND)?;
    if command.amount != known.amount {
        return Err(PaymentError::OtherAmount);
    }
    let captured = PaymentCaptured {
        order_id,
        shipment_id: command.shipment_id,
        authorization_id: command.authorization_id.clone(),
        amount: command.amount,
    };
    let mut events = vec![captured.into()];
    let taken = payment.captured().saturating_add(command.amount.amount);
    let rest = authorization.amount.amount.saturating_sub(taken);
    let lets_go = last && !known.more && rest > 0;
    if lets_go {
        let released = PaymentRestReleased {
            order_id,
            authorization_id: command.authorization_id.clone(),
            amount: Money::new(rest, authorization.amount.currency),
        };
        events.push(released.into());
    }
    if let (Some((key, reason)), true) = (&payment.deferred_void, is_last(payment)) {
        events.push(match lets_go {
            // Nothing is left that the provider could be asked to let go of.
            true => refund::of_all(payment, order_id, taken, key, reason)?,
            false => give_back(payment, order_id, taken, key, reason)?,
        });
    }
    Ok(events)
}

pub(super) fn record_failed(payment: &Payment, command: &RecordCaptureFailed) -> Decision {
    const COMMAND: &str = "record a failed capture";
    let authorization = authorization(payment, COMMAND)?;
    same(authorization, &command.authorization_id)?;
    let order_id = order_id(payment, COMMAND)?;
    let known = payment.captures.get(&command.shipment_id);
    let known = known.ok_or_else(|| state(payment, COMMAND))?;
    // A further attempt is asked for only after a failure.
    let repeated = command.attempt < known.attempt
        || command.attempt == known.attempt && known.progress == CaptureProgress::Failed;
    if repeated {
        return Ok(vec![]);
    }
    check_awaited(payment, known, command.attempt, COMMAND)?;
    let left = match payment.deferred_void {
        Some(_) => 0,
        None => known.max_attempts.saturating_sub(known.attempt),
    };
    let failed = PaymentCaptureFailed {
        order_id,
        shipment_id: command.shipment_id,
        authorization_id: command.authorization_id.clone(),
        amount: Some(known.amount),
        attempt: known.attempt,
        attempts_left: left,
        code: text::cleaned(&command.code, MAX_CODE),
    };
    let mut events = vec![failed.into()];
    if let (Some((key, reason)), true) = (&payment.deferred_void, is_last(payment)) {
        events.push(match payment.has_captured() {
            true => give_back(payment, order_id, payment.captured(), key, reason)?,
            false => PaymentVoidRequested {
                order_id,
                authorization_id: command.authorization_id.clone(),
                idempotency_key: key.clone(),
                reason: reason.clone(),
            }
            .into(),
        });
    }
    Ok(events)
}

/// Has the provider let go of what is left, once of nothing more can be said that it will be taken.
///
/// While something is being taken, or is given back anyway, nothing: that sees to the rest, too.
pub(super) fn release_rest(payment: &Payment, command: &ReleaseRest) -> Decision {
    let taken = payment.captured();
    let sees_to_it = payment.lets_go || payment.deferred_void.is_some() || payment.is_capturing();
    if rest(payment, taken) == 0 || sees_to_it || !payment.has_captured() {
        return Ok(vec![]);
    }
    let event = let_go(payment, command.order_id, taken, &command.idempotency_key)?;
    Ok(vec![event])
}

/// What is left of what is set aside when so much is taken, of an order of which more was to be taken; else
/// the provider has let go of it with the capture.
pub(super) fn rest(payment: &Payment, taken: i64) -> i64 {
    let mut captures = payment.captures.values();
    let authorized = payment.authorization.as_ref();
    let authorized = authorized.filter(|_| captures.any(|known| known.more));
    authorized.map_or(0, |known| known.amount.amount.saturating_sub(taken).max(0))
}

fn let_go(
    payment: &Payment,
    order_id: OrderId,
    taken: i64,
    idempotency_key: &str,
) -> Result<PaymentEvent, PaymentError> {
    let authorization = authorization(payment, "release its rest")?;
    Ok(PaymentRestReleaseRequested {
        order_id,
        authorization_id: authorization.authorization_id.clone(),
        amount: Money::new(rest(payment, taken), authorization.amount.currency),
        idempotency_key: idempotency_key.into(),
    }
    .into())
}

/// Gives back all that was taken; before that, the provider lets go of what is left.
pub(super) fn give_back(
    payment: &Payment,
    order_id: OrderId,
    taken: i64,
    key: &str,
    reason: &str,
) -> Result<PaymentEvent, PaymentError> {
    match rest(payment, taken) {
        0 => refund::of_all(payment, order_id, taken, key, reason),
        _ => let_go(payment, order_id, taken, &format!("{key}/rest")),
    }
}

/// The provider has let go of the rest; what was taken is given back, where that waits for it.
pub(super) fn released(payment: &Payment, order_id: OrderId) -> Decision {
    let authorization = authorization(payment, "record a void")?;
    let taken = payment.captured();
    let amount = Money::new(rest(payment, taken), authorization.amount.currency);
    let released = PaymentRestReleased {
        order_id,
        authorization_id: authorization.authorization_id.clone(),
        amount,
    };
    let mut events = vec![released.into()];
    if let Some((key, reason)) = &payment.deferred_void {
        events.push(refund::of_all(payment, order_id, taken, key, reason)?);
    }
    Ok(events)
}

fn is_awaited(capture: &Capture) -> bool {
    capture.progress == CaptureProgress::Requested
}

/// Whether nothing else is being taken.
fn is_last(payment: &Payment) -> bool {
    payment
        .captures
        .values()
        .filter(|known| is_awaited(known))
        .count()
        == 1
}

fn check_awaited(
    payment: &Payment,
    known: &Capture,
    attempt: u32,
    command: &'static str,
) -> Result<(), PaymentError> {
    match is_awaited(known) {
        true if known.attempt == attempt => Ok(()),
        true => Err(PaymentError::Attempt { attempt }),
        false => Err(state(payment, command)),
    }
}

fn order_id(payment: &Payment, command: &'static str) -> Result<OrderId, PaymentError> {
    let request = payment.request.as_ref();
    let request = request.ok_or_else(|| state(payment, command))?;
    Ok(request.order_id)
}
