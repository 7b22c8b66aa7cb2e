//! What a provider's own word leads to.
//!
//! It says what the answer to our call says, and is decided as that is: whichever comes first has
//! effect, and the other leads to nothing. What the provider holds and nobody waits for is given back.

use super::{
    super::{
        CallKey, Capture, DisputeProgress, FormerAuthorizationVoided, HearProvider,
        LatePaymentReversed, Notice, RecordActionRequired, RecordCaptureFailed, RecordCaptured,
        RecordRefundFailed, RecordRefunded, Stray, StrayAuthorizationFound,
    },
    Decision, MAX_NAME, Payment, PaymentError, RecordAuthorized, RecordDeclined, RecordVoided, S,
    action, capture, dispute, owed, reauthorize, record_authorized, record_declined, record_voided,
    refund, state,
};
use crate::{Money, payment::CaptureKey, text};
use chrono::{DateTime, Utc};

/// The most authorizations that nobody waits for, of one payment.
const MAX_STRAYS: usize = 100;

pub(super) fn hear(payment: &Payment, command: &HearProvider) -> Decision {
    let key = command.idempotency_key.as_str();
    match &command.notice {
        Notice::Authorized {
            authorization_id,
            amount,
            expires_at,
        } => authorized(payment, key, authorization_id, *amount, *expires_at),
        Notice::Declined { code } if is_anew(payment, key) => reauthorize::declined(payment, code),
        Notice::Declined { code } => {
            let (attempt, code) = (attempt(payment, key)?, code.clone());
            record_declined(payment, &RecordDeclined { attempt, code })
        }
        Notice::ActionRequired {
            authorization_id,
            url,
            until,
        } => {
            let command = RecordActionRequired {
                attempt: attempt(payment, key)?,
                authorization_id: authorization_id.clone(),
                url: url.clone(),
                until: *until,
            };
            action::record(payment, &command)
        }
        Notice::Expired { authorization_id } if action::is_of(payment, authorization_id) => {
            let (attempt, code) = (attempt(payment, key)?, "expired".into());
            record_declined(payment, &RecordDeclined { attempt, code })
        }
        Notice::Voided { authorization_id } => {
            let authorization_id = authorization_id.clone();
            record_voided(payment, &RecordVoided { authorization_id })
        }
        Notice::Expired { authorization_id } => {
            reauthorize::record_expired(payment, authorization_id)
        }
        Notice::Captured {
            authorization_id,
            amount,
        } => {
            let (shipment_id, known) = taking(payment, key)?;
            let command = RecordCaptured {
                authorization_id: authorization_id.clone(),
                shipment_id,
                attempt: known.attempt,
                amount: *amount,
            };
            // As our own call has it: all of an order leaves in one shipment.
            capture::record(payment, &command, true)
        }
        Notice::CaptureFailed {
            authorization_id,
            code,
        } => {
            if is_of_earlier_capture(payment, key) {
                return Ok(vec![]);
            }
            let (shipment_id, known) = taking(payment, key)?;
            let command = RecordCaptureFailed {
                authorization_id: authorization_id.clone(),
                shipment_id,
                attempt: known.attempt,
                code: code.clone(),
            };
            capture::record_failed(payment, &command)
        }
        Notice::Refunded {
            authorization_id,
            amount,
        } => {
            let command = RecordRefunded {
                authorization_id: authorization_id.clone(),
                refund: refunding(payment, key)?,
                amount: *amount,
            };
            refund::record(payment, &command)
        }
        Notice::RefundFailed {
            authorization_id,
            code,
        } => {
            let command = RecordRefundFailed {
                authorization_id: authorization_id.clone(),
                refund: refunding(payment, key)?,
                code: code.clone(),
            };
            owed::record_failed(payment, &command)
        }
        Notice::RefundReversed {
            authorization_id,
            amount,
            code,
        } => {
            let refund = refunding(payment, key)?;
            owed::reversed(payment, refund, authorization_id, *amount, code)
        }
        Notice::DisputeOpened(notice) => dispute::opened(payment, notice),
        Notice::DisputeWon(notice) => dispute::closed(payment, notice, DisputeProgress::Won),
        Notice::DisputeLost(notice) => dispute::closed(payment, notice, DisputeProgress::Lost),
    }
}

/// Whether the call under `key` was to set the amount aside anew.
fn is_anew(payment: &Payment, key: &str) -> bool {
    let asked = payment.reauthorization.as_ref();
    asked.is_some_and(|asked| asked.idempotency_key == key)
}

fn authorized(
    payment: &Payment,
    key: &str,
    authorization_id: &str,
    amount: Money,
    expires_at: Option<DateTime<Utc>>,
) -> Decision {
    if is_anew(payment, key) {
        return reauthorize::authorized(payment, authorization_id, amount, expires_at);
    }
    let attempt = attempt(payment, key)?;
    if let Some(known) = &payment.authorization
        && known.authorization_id == authorization_id
    {
        return match payment.was_set_aside(known) == amount {
            true => Ok(vec![]),
            false => Err(PaymentError::OtherAmount),
        };
    }
    let request = payment.request.as_ref();
    let request = request.ok_or_else(|| state(payment, "record an authorization"))?;
    if payment.has_given_up(authorization_id) {
        return Ok(vec![]);
    }
    let awaits = matches!(
        payment.status,
        S::Authorizing | S::ActionRequired | S::OutcomeUnknown
    );
    if awaits && request.attempt == attempt && !payment.strays.contains_key(authorization_id) {
        let authorization_id = authorization_id.into();
        let command = RecordAuthorized {
            attempt,
            authorization_id,
            amount,
            expires_at,
        };
        return record_authorized(payment, &command);
    }
    stray(payment, key, attempt, authorization_id, amount)
}

/// Something is set aside that nobody waits for: it is given back.
pub(super) fn stray(
    payment: &Payment,
    key: &str,
    attempt: u32,
    authorization_id: &str,
    amount: Money,
) -> Decision {
    let request = payment.request.as_ref();
    let request = request.ok_or_else(|| state(payment, "record an authorization"))?;
    if let Some(known) = payment.strays.get(authorization_id) {
        return match known.amount == amount {
            true => Ok(vec![]),
            false => Err(PaymentError::OtherAmount),
        };
    }
    if text::line("authorization_id", authorization_id, MAX_NAME).is_err() {
        return Err(PaymentError::OtherAuthorization);
    }
    if !(1..=request.attempt).contains(&attempt) {
        return Err(PaymentError::Attempt { attempt });
    }
    if payment.strays.len() >= MAX_STRAYS {
        return Err(PaymentError::TooManyNotices {
            what: "authorizations that nobody waits for",
            max: MAX_STRAYS,
        });
    }
    let reason = match payment.authorization {
        Some(_) => "the provider has authorized twice",
        None => "the provider has authorized what had been given up",
    };
    let found = StrayAuthorizationFound {
        order_id: request.order_id,
        attempt,
        authorization_id: authorization_id.into(),
        amount,
        // Of its own for each: a key is answered once.
        idempotency_key: format!("{key}/void:{}", payment.strays.len().saturating_add(1)),
        reason: reason.into(),
    };
    Ok(vec![found.into()])
}

/// What nobody waited for was given back.
pub(super) fn stray_voided(payment: &Payment, authorization_id: &str, stray: &Stray) -> Decision {
    let request = payment.request.as_ref();
    let request = request.ok_or_else(|| state(payment, "record a void"))?;
    if stray.done {
        return Ok(vec![]);
    }
    if stray.former {
        let voided = FormerAuthorizationVoided {
            order_id: request.order_id,
            authorization_id: authorization_id.into(),
        };
        return Ok(vec![voided.into()]);
    }
    let reversed = LatePaymentReversed {
        order_id: request.order_id,
        authorization_id: authorization_id.into(),
        amount: stray.amount,
    };
    Ok(vec![reversed.into()])
}

/// The attempt whose call was made under `key`.
fn attempt(payment: &Payment, key: &str) -> Result<u32, PaymentError> {
    let request = payment.request.as_ref();
    let request = request.ok_or_else(|| unknown(key))?;
    if request.idempotency_key == key {
        return Ok(request.attempt);
    }
    let earlier = CallKey::parse(key).and_then(|key| key.authorization());
    let earlier = earlier.filter(|attempt| (1..request.attempt).contains(attempt));
    earlier.ok_or_else(|| unknown(key))
}

/// The capture whose call was made under `key`.
fn taking<'a>(payment: &'a Payment, key: &str) -> Result<(CaptureKey, &'a Capture), PaymentError> {
    let mut captures = payment.captures.iter();
    let found = captures.find(|(_, capture)| capture.idempotency_key == key);
    let (shipment_id, capture) = found.ok_or_else(|| unknown(key))?;
    Ok((*shipment_id, capture))
}

/// The number of the refund whose call was made under `key`.
fn refunding(payment: &Payment, key: &str) -> Result<u32, PaymentError> {
    let mut refunds = payment.refunds.iter();
    let found = refunds.find(|(_, refund)| refund.is_under(key));
    let (number, _) = found.ok_or_else(|| unknown(key))?;
    Ok(*number)
}

/// Whether the call under `key` was an earlier attempt of a capture: the next is asked for only when
/// it is known that the one before has failed.
fn is_of_earlier_capture(payment: &Payment, key: &str) -> bool {
    let Some((call, attempt)) = numbered(key) else {
        return false;
    };
    let mut captures = payment.captures.values();
    captures.any(|known| {
        numbered(&known.idempotency_key)
            .is_some_and(|(known, last)| known == call && (1..last).contains(&attempt))
    })
}

/// What a key asks for, and its number.
fn numbered(key: &str) -> Option<(&str, u32)> {
    let (call, number) = key.rsplit_once(':')?;
    Some((call, number.parse().ok()?))
}

fn unknown(key: &str) -> PaymentError {
    PaymentError::UnknownCall {
        idempotency_key: text::cleaned(key, MAX_NAME),
    }
}
