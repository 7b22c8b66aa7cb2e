//! What a provider's word of a dispute leads to.

use super::{
    super::{
        Dispute, DisputeLost, DisputeNotice, DisputeOpened, DisputeProgress as Progress,
        DisputeWon, PaymentEvent,
    },
    Decision, MAX_CODE, MAX_NAME, Payment, PaymentError, refund, state,
};
use crate::{Decider, OrderId, payment::Payments, text};

/// The most disputes that a payment may have.
pub(super) const MAX_DISPUTES: usize = 100;

const COMMAND: &str = "record a dispute";

/// A dispute begins.
pub(super) fn opened(payment: &Payment, notice: &DisputeNotice) -> Decision {
    if let Some(known) = payment.disputes.get(&notice.dispute_id) {
        // It may have ended before anybody heard that it had begun.
        return same(known, notice).map(|()| vec![]);
    }
    Ok(vec![begin(payment, notice, order_of(payment)?)?])
}

/// A dispute ends with `progress`. That may be heard of before its beginning is.
pub(super) fn closed(payment: &Payment, notice: &DisputeNotice, progress: Progress) -> Decision {
    let order_id = order_of(payment)?;
    let mut events = vec![];
    match payment.disputes.get(&notice.dispute_id) {
        Some(known) => {
            same(known, notice)?;
            if known.progress == progress {
                return Ok(vec![]);
            }
            if known.progress != Progress::Open {
                return Err(contradicted(notice, "has ended otherwise"));
            }
        }
        None => events.push(begin(payment, notice, order_id)?),
    }
    let others = payment
        .disputes
        .iter()
        .filter(|(id, known)| **id != notice.dispute_id && known.progress == Progress::Open);
    let still_open = u32::try_from(others.count()).unwrap_or(u32::MAX);
    let (dispute_id, amount) = (notice.dispute_id.clone(), notice.amount);
    events.push(match progress {
        Progress::Lost => DisputeLost {
            order_id,
            dispute_id,
            amount,
            still_open,
        }
        .into(),
        Progress::Won | Progress::Open => DisputeWon {
            order_id,
            dispute_id,
            amount,
            still_open,
        }
        .into(),
    });
    if still_open == 0 {
        let after = events.iter().fold(payment.clone(), Payments::evolve);
        events.extend(refund::resumed(&after, order_id)?);
    }
    Ok(events)
}

fn begin(
    payment: &Payment,
    notice: &DisputeNotice,
    order_id: OrderId,
) -> Result<PaymentEvent, PaymentError> {
    let named = text::line("dispute_id", &notice.dispute_id, MAX_NAME).is_ok();
    if !named {
        return Err(contradicted(notice, "has what is not a name"));
    }
    if payment.disputes.len() >= MAX_DISPUTES {
        return Err(PaymentError::TooManyNotices {
            what: "disputes",
            max: MAX_DISPUTES,
        });
    }
    if let Some(known) = &payment.authorization
        && known.authorization_id != notice.authorization_id
    {
        return Err(PaymentError::OtherAuthorization);
    }
    let request = payment.request.as_ref();
    let request = request.ok_or_else(|| state(payment, COMMAND))?;
    // What was taken may not be known yet, as the word of that may come later.
    let held = payment.authorization.as_ref();
    let held = held.map_or(request.amount, |known| known.amount);
    let gone = payment.lost().saturating_add(payment.disputed());
    let fits = notice.amount.amount > 0
        && notice.amount.currency == held.currency
        && gone.saturating_add(notice.amount.amount) <= held.amount;
    if !fits {
        return Err(PaymentError::OtherAmount);
    }
    Ok(DisputeOpened {
        order_id,
        dispute_id: notice.dispute_id.clone(),
        authorization_id: notice.authorization_id.clone(),
        amount: notice.amount,
        reason: text::cleaned(&notice.reason, MAX_CODE),
    }
    .into())
}

fn same(known: &Dispute, notice: &DisputeNotice) -> Result<(), PaymentError> {
    match known.amount == notice.amount {
        true => Ok(()),
        false => Err(contradicted(notice, "is of another amount")),
    }
}

fn contradicted(notice: &DisputeNotice, problem: &'static str) -> PaymentError {
    PaymentError::Dispute {
        dispute_id: text::cleaned(&notice.dispute_id, MAX_NAME),
        problem,
    }
}

fn order_of(payment: &Payment) -> Result<OrderId, PaymentError> {
    let request = payment.request.as_ref();
    let request = request.ok_or_else(|| state(payment, COMMAND))?;
    Ok(request.order_id)
}
