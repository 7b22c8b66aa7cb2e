//! What follows from that the provider does not give back what was taken, or that it has come back: people
//! see to it. Asked for again, it is another refund; or they have given it back in another way.

use super::{PaymentPolicyState, key};
use crate::{
    Command, Recorded, ReturnId, ShipmentId,
    payment::{
        PaymentCommand, PaymentRefundDeferred, PaymentRefundFailed, PaymentRefundRequested,
        PaymentRefundReversed, PaymentRefunded, RetryRefund,
    },
    policy::{Reaction, Task, Timer, TimerName},
};
use serde::{Deserialize, Serialize};

/// What is owed, and waits for an operator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Owed {
    /// Which refund of the payment.
    pub refund: u32,
    /// The shipment that it is for, if it is for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipment_id: Option<ShipmentId>,
    /// The return that it is for, if it is for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_id: Option<ReturnId>,
    /// Why it is given back: there is one for each reason.
    pub reason: String,
}

pub(super) fn failed(
    state: &mut PaymentPolicyState,
    event: &Recorded,
    failed: &PaymentRefundFailed,
) -> Reaction {
    let problem = format!(
        "the provider does not give back {}: {}",
        failed.amount, failed.code
    );
    let owed = Owed {
        refund: failed.refund,
        shipment_id: failed.shipment_id,
        return_id: failed.return_id,
        reason: failed.reason.clone(),
    };
    park(state, event, owed, failed.order_id, problem)
}

pub(super) fn reversed(
    state: &mut PaymentPolicyState,
    event: &Recorded,
    reversed: &PaymentRefundReversed,
) -> Reaction {
    let problem = format!(
        "{} that were given back have come back: {}",
        reversed.amount, reversed.code
    );
    let owed = Owed {
        refund: reversed.refund,
        shipment_id: reversed.shipment_id,
        return_id: reversed.return_id,
        reason: reversed.reason.clone(),
    };
    park(state, event, owed, reversed.order_id, problem)
}

/// Leaves it to an operator to have it asked for once more.
fn park(
    state: &mut PaymentPolicyState,
    event: &Recorded,
    owed: Owed,
    order_id: crate::OrderId,
    problem: String,
) -> Reaction {
    let refund = owed.refund;
    state.owed.retain(|known| known.refund != refund);
    state.owed.push(owed);
    let again = PaymentCommand::RetryRefund(RetryRefund {
        order_id,
        refund,
        // It is another one, so it has a key of its own.
        idempotency_key: key(event, order_id, "refund_again", refund),
    });
    let timer = Timer {
        name: TimerName::Refund(refund),
        due: event.envelope.recorded_at,
        task: Task::Execute(Command::Payment(order_id, again)),
    };
    Reaction::Park(timer, problem)
}

/// It was given back after all, or in another way.
pub(super) fn given_back(
    state: &mut PaymentPolicyState,
    refunded: &PaymentRefunded,
) -> Vec<Reaction> {
    seen_to(state, |owed| owed.refund == refunded.refund)
}

/// It is asked for again.
pub(super) fn asked_again(
    state: &mut PaymentPolicyState,
    asked: &PaymentRefundRequested,
) -> Vec<Reaction> {
    seen_to(state, |owed| {
        owed.shipment_id == asked.shipment_id
            && owed.return_id == asked.return_id
            && owed.reason == asked.reason
    })
}

/// It is asked for again when a dispute has ended.
pub(super) fn asked_again_later(
    state: &mut PaymentPolicyState,
    deferred: &PaymentRefundDeferred,
) -> Vec<Reaction> {
    seen_to(state, |owed| {
        owed.shipment_id == deferred.shipment_id
            && owed.return_id == deferred.return_id
            && owed.reason == deferred.reason
    })
}

fn seen_to(state: &mut PaymentPolicyState, is_it: impl Fn(&Owed) -> bool) -> Vec<Reaction> {
    let (gone, left) = std::mem::take(&mut state.owed)
        .into_iter()
        .partition::<Vec<_>, _>(|owed| is_it(owed));
    state.owed = left;
    gone.iter()
        .map(|owed| Reaction::Unschedule(TimerName::Refund(owed.refund)))
        .collect()
}
