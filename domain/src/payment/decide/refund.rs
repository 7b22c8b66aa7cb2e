//! What commands about the giving back of what was taken lead to.

use super::{
    super::{
        CaptureProgress, DeferredRefund, PaymentRefundDeferred, PaymentRefundRequested,
        PaymentRefunded, RecordRefunded, Refund, RefundProgress, RefundReturn, RequestRefund,
    },
    Decision, Payment, PaymentError, PaymentEvent, authorization,
    capture::MAX_CAPTURES,
    same, state,
};
use crate::{Money, OrderId, order::MAX_RETURNS};

const COMMAND: &str = "refund it";

/// Gives back what was taken for a shipment: once for each reason.
pub(super) fn request(payment: &Payment, command: &RequestRefund) -> Decision {
    if command.amount.amount < 0 {
        return Err(PaymentError::Amount);
    }
    let shipment_id = Some(command.shipment_id);
    let is_asked_for = payment
        .refunds
        .values()
        .any(|refund| refund.shipment_id == shipment_id && refund.reason == command.reason);
    let mut deferred = payment.deferred_refunds.iter();
    let is_deferred =
        deferred.any(|refund| refund.shipment_id == shipment_id && refund.reason == command.reason);
    if is_asked_for || is_deferred {
        return Ok(vec![]);
    }
    let known = payment.captures.get(&shipment_id);
    if known.is_none_or(|known| known.progress != CaptureProgress::Captured)
        && payment.captures.values().any(|known| known.more)
    {
        // Of a parcel that cannot leave, as it is not paid, there is nothing to give back.
        return Ok(vec![]);
    }
    check_fits(payment, command.amount)?;
    let wanted = DeferredRefund {
        shipment_id,
        return_id: None,
        amount: command.amount,
        idempotency_key: command.idempotency_key.clone(),
        reason: command.reason.clone(),
    };
    Ok(vec![now_or_later(payment, command.order_id, wanted)?])
}

/// Gives back what was accepted of a return: once for each.
pub(super) fn of_return(payment: &Payment, command: &RefundReturn) -> Decision {
    if command.amount.amount < 0 {
        return Err(PaymentError::Amount);
    }
    let mut refunds = payment.refunds.values();
    let return_id = Some(command.return_id);
    let mut deferred = payment.deferred_refunds.iter();
    if refunds.any(|refund| refund.return_id == return_id)
        || deferred.any(|refund| refund.return_id == return_id)
    {
        return Ok(vec![]);
    }
    check_fits(payment, command.amount)?;
    let wanted = DeferredRefund {
        shipment_id: None,
        return_id,
        amount: command.amount,
        idempotency_key: command.idempotency_key.clone(),
        reason: "it was returned".into(),
    };
    Ok(vec![now_or_later(payment, command.order_id, wanted)?])
}

/// Gives back what is wanted, as far as lost disputes have left it; while one is open that it must wait
/// for, nothing yet: whoever gets it by the dispute is not paid back as well.
fn now_or_later(
    payment: &Payment,
    order_id: OrderId,
    wanted: DeferredRefund,
) -> Result<PaymentEvent, PaymentError> {
    let left = left(payment, payment.captured());
    if wanted.amount.amount > left && payment.disputed() > 0 {
        return later(payment, order_id, wanted);
    }
    requested(payment, order_id, next(payment)?, left, wanted)
}

pub(super) fn later(
    payment: &Payment,
    order_id: OrderId,
    wanted: DeferredRefund,
) -> Result<PaymentEvent, PaymentError> {
    // It is counted as what it will become.
    next(payment)?;
    Ok(PaymentRefundDeferred {
        order_id,
        shipment_id: wanted.shipment_id,
        return_id: wanted.return_id,
        amount: wanted.amount,
        idempotency_key: wanted.idempotency_key,
        reason: wanted.reason,
    }
    .into())
}

/// The refund of what is wanted, of which at most `left` is there.
pub(super) fn requested(
    payment: &Payment,
    order_id: OrderId,
    refund: u32,
    left: i64,
    wanted: DeferredRefund,
) -> Result<PaymentEvent, PaymentError> {
    let authorization = authorization(payment, COMMAND)?;
    let amount = wanted.amount.amount.min(left.max(0));
    Ok(PaymentRefundRequested {
        order_id,
        shipment_id: wanted.shipment_id,
        return_id: wanted.return_id,
        authorization_id: authorization.authorization_id.clone(),
        refund,
        amount: Money::new(amount, authorization.amount.currency),
        idempotency_key: wanted.idempotency_key,
        reason: wanted.reason,
    }
    .into())
}

/// What of `taken` nobody has got back, is getting back, is owed, or disputes; in minor units.
pub(super) fn left(payment: &Payment, taken: i64) -> i64 {
    let gone = payment.lost().saturating_add(payment.disputed());
    taken
        .saturating_sub(payment.reclaimed())
        .saturating_sub(gone)
}

/// The refunds that waited for the last open dispute of `payment`, which has just been closed.
pub(super) fn resumed(payment: &Payment, order_id: OrderId) -> Decision {
    let Some(mut number) = first_of(payment) else {
        return Ok(vec![]);
    };
    let refunds = payment.refunds.values().filter(|refund| !refund.again);
    let refunded = refunds.fold(0, |sum: i64, refund| {
        sum.saturating_add(refund.amount.amount)
    });
    let taken = payment.captured().saturating_sub(payment.lost());
    let mut left = taken.saturating_sub(refunded);
    let mut events = Vec::with_capacity(payment.deferred_refunds.len());
    for wanted in &payment.deferred_refunds {
        let event = requested(payment, order_id, number, left, wanted.clone())?;
        left = left.saturating_sub(wanted.amount.amount.min(left.max(0)));
        number = number.saturating_add(1);
        events.push(event);
    }
    Ok(events)
}

/// The number of the first refund that waited; none where none did.
fn first_of(payment: &Payment) -> Option<u32> {
    let last = payment.refunds.last_key_value();
    let first = last.map_or(1, |(last, _)| last.saturating_add(1));
    (!payment.deferred_refunds.is_empty()).then_some(first)
}

/// What is given back, or is being given back, is never more than was taken.
fn check_fits(payment: &Payment, amount: Money) -> Result<(), PaymentError> {
    if !payment.has_captured() {
        return Err(state(payment, COMMAND));
    }
    let authorization = authorization(payment, COMMAND)?;
    let currency = authorization.amount.currency;
    let captured = Money::new(payment.captured(), currency);
    let refunded = Money::new(payment.reclaimed(), currency);
    let fits = refunded
        .checked_add(amount)
        .is_ok_and(|sum| sum.amount <= captured.amount);
    match fits {
        true => Ok(()),
        false => Err(PaymentError::MoreThanCaptured {
            captured,
            refunded,
            amount,
        }),
    }
}

/// Gives back all that was taken, unless that was asked for.
pub(super) fn all(
    payment: &Payment,
    order_id: OrderId,
    idempotency_key: &str,
    reason: &str,
) -> Decision {
    if is_of_all(payment) {
        return Ok(vec![]);
    }
    let taken = payment.captured();
    let event = of_all(payment, order_id, taken, idempotency_key, reason)?;
    Ok(vec![event])
}

/// The refund of all that is left of `taken`.
pub(super) fn of_all(
    payment: &Payment,
    order_id: OrderId,
    taken: i64,
    idempotency_key: &str,
    reason: &str,
) -> Result<PaymentEvent, PaymentError> {
    let currency = authorization(payment, COMMAND)?.amount.currency;
    let unclaimed = taken.saturating_sub(payment.reclaimed());
    let wanted = DeferredRefund {
        shipment_id: None,
        return_id: None,
        amount: Money::new(unclaimed, currency),
        idempotency_key: idempotency_key.into(),
        reason: reason.into(),
    };
    // All of it is given back at once, so that the order is not cancelled before.
    match payment.disputed() {
        0 => requested(
            payment,
            order_id,
            next(payment)?,
            left(payment, taken),
            wanted,
        ),
        _ => later(payment, order_id, wanted),
    }
}

/// Whether all that was taken is given back already.
pub(super) fn is_of_all(payment: &Payment) -> bool {
    let mut refunds = payment.refunds.values();
    let mut deferred = payment.deferred_refunds.iter();
    refunds.any(Refund::is_of_all) || deferred.any(DeferredRefund::is_of_all)
}

/// The number of the next refund.
pub(super) fn next(payment: &Payment) -> Result<u32, PaymentError> {
    // One for each capture and for each return, with one of all at last.
    if payment.refunds.len() + payment.deferred_refunds.len() > MAX_CAPTURES + MAX_RETURNS {
        return Err(PaymentError::TooMany { max: MAX_CAPTURES });
    }
    let last = payment.refunds.last_key_value();
    Ok(last.map_or(1, |(last, _)| last.saturating_add(1)))
}

pub(super) fn record(payment: &Payment, command: &RecordRefunded) -> Decision {
    const COMMAND: &str = "record a refund";
    let authorization = authorization(payment, COMMAND)?;
    same(authorization, &command.authorization_id)?;
    let request = payment.request.as_ref();
    let request = request.ok_or_else(|| state(payment, COMMAND))?;
    let Some(refund) = payment.refunds.get(&command.refund) else {
        return Err(PaymentError::NoRefund {
            refund: command.refund,
        });
    };
    match refund.progress {
        RefundProgress::Requested => {}
        RefundProgress::Refunded | RefundProgress::Reversed => return Ok(vec![]),
        RefundProgress::Failed if refund.again => {
            return Err(PaymentError::RefundAskedAgain {
                refund: command.refund,
            });
        }
        RefundProgress::Failed => {}
    }
    // Of what a lost dispute took while the provider was asked, the rest can be given back yet.
    let may_be_less = payment.lost() > 0
        && command.amount.currency == refund.amount.currency
        && (0..=refund.amount.amount).contains(&command.amount.amount);
    if refund.amount != command.amount && !may_be_less {
        return Err(PaymentError::OtherAmount);
    }
    // No provider gives back more than is left; people may say so of what they settle.
    let kept = payment.captured().saturating_sub(payment.lost());
    let left = kept.saturating_sub(payment.refunded()).max(0);
    let amount = Money::new(command.amount.amount.min(left), command.amount.currency);
    Ok(vec![
        PaymentRefunded {
            order_id: request.order_id,
            shipment_id: refund.shipment_id,
            return_id: refund.return_id,
            authorization_id: command.authorization_id.clone(),
            refund: command.refund,
            amount,
        }
        .into(),
    ])
}
