//! What commands about the giving back of what was taken lead to.

use super::{
    super::{
        PaymentRefundRequested, PaymentRefunded, RecordRefunded, Refund, RefundReturn,
        RequestRefund,
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
    let is_asked_for = payment.refunds.values().any(|refund| {
        refund.shipment_id == Some(command.shipment_id) && refund.reason == command.reason
    });
    if is_asked_for {
        return Ok(vec![]);
    }
    let authorization_id = check_fits(payment, command.amount)?;
    Ok(vec![
        PaymentRefundRequested {
            order_id: command.order_id,
            shipment_id: Some(command.shipment_id),
            return_id: None,
            authorization_id,
            refund: next(payment)?,
            amount: command.amount,
            idempotency_key: command.idempotency_key.clone(),
            reason: command.reason.clone(),
        }
        .into(),
    ])
}

/// Gives back what was accepted of a return: once for each.
pub(super) fn of_return(payment: &Payment, command: &RefundReturn) -> Decision {
    if command.amount.amount < 0 {
        return Err(PaymentError::Amount);
    }
    let mut refunds = payment.refunds.values();
    if refunds.any(|refund| refund.return_id == Some(command.return_id)) {
        return Ok(vec![]);
    }
    let authorization_id = check_fits(payment, command.amount)?;
    Ok(vec![
        PaymentRefundRequested {
            order_id: command.order_id,
            shipment_id: None,
            return_id: Some(command.return_id),
            authorization_id,
            refund: next(payment)?,
            amount: command.amount,
            idempotency_key: command.idempotency_key.clone(),
            reason: "it was returned".into(),
        }
        .into(),
    ])
}

/// What is given back, or is being given back, is never more than was taken; says of which
/// authorization.
fn check_fits(payment: &Payment, amount: Money) -> Result<String, PaymentError> {
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
        true => Ok(authorization.authorization_id.clone()),
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
    let authorization = authorization(payment, COMMAND)?;
    let left = taken.saturating_sub(payment.reclaimed());
    Ok(PaymentRefundRequested {
        order_id,
        shipment_id: None,
        return_id: None,
        authorization_id: authorization.authorization_id.clone(),
        refund: next(payment)?,
        amount: Money::new(left, authorization.amount.currency),
        idempotency_key: idempotency_key.into(),
        reason: reason.into(),
    }
    .into())
}

/// Whether all that was taken is given back already.
pub(super) fn is_of_all(payment: &Payment) -> bool {
    let mut refunds = payment.refunds.values();
    refunds.any(Refund::is_of_all)
}

/// The number of the next refund.
fn next(payment: &Payment) -> Result<u32, PaymentError> {
    // One for each capture and for each return, with one of all at last.
    if payment.refunds.len() > MAX_CAPTURES + MAX_RETURNS {
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
    if refund.done {
        return Ok(vec![]);
    }
    if refund.amount != command.amount {
        return Err(PaymentError::OtherAmount);
    }
    Ok(vec![
        PaymentRefunded {
            order_id: request.order_id,
            shipment_id: refund.shipment_id,
            return_id: refund.return_id,
            authorization_id: command.authorization_id.clone(),
            refund: command.refund,
            amount: command.amount,
        }
        .into(),
    ])
}
