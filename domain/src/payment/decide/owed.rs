//! What becomes of what could not be given back, or has come back: it is owed until people see to it.
//!
//! It counts as claimed as long as it is owed, so that nobody is given it as well. Whoever has it asked for
//! again asks for what is there of it yet, under a number and a key of its own.

use super::{
    super::{
        DeferredRefund, PaymentRefundFailed, PaymentRefundReversed, PaymentRefunded,
        RecordRefundFailed, RecordRefunded, Refund, RefundProgress, RetryRefund, SettleRefund,
    },
    Decision, MAX_CODE, Payment, PaymentError, authorization, refund, same, state,
};
use crate::{Money, OrderId, text};

/// The provider will not give it back.
pub(super) fn record_failed(payment: &Payment, command: &RecordRefundFailed) -> Decision {
    const COMMAND: &str = "record a failed refund";
    let (order_id, known) = find(payment, &command.authorization_id, command.refund, COMMAND)?;
    match known.progress {
        RefundProgress::Requested => {}
        RefundProgress::Failed => return Ok(vec![]),
        RefundProgress::Refunded | RefundProgress::Reversed => {
            return Err(state(payment, COMMAND));
        }
    }
    let failed = PaymentRefundFailed {
        order_id,
        shipment_id: known.shipment_id,
        return_id: known.return_id,
        refund: command.refund,
        amount: known.amount,
        reason: known.reason.clone(),
        code: text::cleaned(&command.code, MAX_CODE),
    };
    Ok(vec![failed.into()])
}

/// What the provider had given back has come back; perhaps we hear that before that it was given back.
pub(super) fn reversed(
    payment: &Payment,
    refund: u32,
    authorization_id: &str,
    amount: Money,
    code: &str,
) -> Decision {
    const COMMAND: &str = "record that a refund has come back";
    let (order_id, known) = find(payment, authorization_id, refund, COMMAND)?;
    let mut events = match known.progress {
        RefundProgress::Reversed => return Ok(vec![]),
        RefundProgress::Failed => return Err(state(payment, COMMAND)),
        RefundProgress::Refunded if known.amount != amount => {
            return Err(PaymentError::OtherAmount);
        }
        RefundProgress::Refunded => vec![],
        RefundProgress::Requested => {
            let command = RecordRefunded {
                authorization_id: authorization_id.into(),
                refund,
                amount,
            };
            refund::record(payment, &command)?
        }
    };
    let reversed = PaymentRefundReversed {
        order_id,
        shipment_id: known.shipment_id,
        return_id: known.return_id,
        refund,
        amount,
        reason: known.reason.clone(),
        code: text::cleaned(code, MAX_CODE),
    };
    events.push(reversed.into());
    Ok(events)
}

/// Asks the provider once more, for what is there of it yet; while a dispute is open that it must wait for,
/// once that has ended.
pub(super) fn retry(payment: &Payment, command: &RetryRefund) -> Decision {
    let Some(known) = payment.refunds.get(&command.refund) else {
        return Err(PaymentError::NoRefund {
            refund: command.refund,
        });
    };
    if !known.is_owed() {
        return Ok(vec![]);
    }
    let wanted = DeferredRefund {
        shipment_id: known.shipment_id,
        return_id: known.return_id,
        amount: known.amount,
        idempotency_key: command.idempotency_key.clone(),
        reason: known.reason.clone(),
    };
    // It has been counted as claimed itself.
    let left = refund::left(payment, payment.captured()).saturating_add(known.amount.amount);
    let waits = payment.disputed() > 0 && (known.is_of_all() || known.amount.amount > left);
    let event = match waits {
        true => refund::later(payment, command.order_id, wanted)?,
        false => {
            let next = refund::next(payment)?;
            refund::requested(payment, command.order_id, next, left, wanted)?
        }
    };
    Ok(vec![event])
}

/// People have given it back in another way.
pub(super) fn settle(payment: &Payment, command: &SettleRefund) -> Decision {
    const COMMAND: &str = "settle a refund";
    let Some(known) = payment.refunds.get(&command.refund) else {
        return Err(PaymentError::NoRefund {
            refund: command.refund,
        });
    };
    if known.again {
        return Err(PaymentError::RefundAskedAgain {
            refund: command.refund,
        });
    }
    if known.is_done() {
        return Ok(vec![]);
    }
    if known.is_awaited() {
        return Err(state(payment, COMMAND));
    }
    let authorization = authorization(payment, COMMAND)?;
    let request = payment.request.as_ref();
    let request = request.ok_or_else(|| state(payment, COMMAND))?;
    let refunded = PaymentRefunded {
        order_id: request.order_id,
        shipment_id: known.shipment_id,
        return_id: known.return_id,
        authorization_id: authorization.authorization_id.clone(),
        refund: command.refund,
        amount: known.amount,
    };
    Ok(vec![refunded.into()])
}

/// A refund of that authorization, with its order.
fn find<'a>(
    payment: &'a Payment,
    authorization_id: &str,
    refund: u32,
    command: &'static str,
) -> Result<(OrderId, &'a Refund), PaymentError> {
    let authorization = authorization(payment, command)?;
    same(authorization, authorization_id)?;
    let request = payment.request.as_ref();
    let request = request.ok_or_else(|| state(payment, command))?;
    let known = payment.refunds.get(&refund);
    let known = known.ok_or(PaymentError::NoRefund { refund })?;
    Ok((request.order_id, known))
}
