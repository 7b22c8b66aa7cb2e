//! What is given back for what customers sent back.

use super::{key, record};
use crate::{
    Command, Recorded,
    payment::{PaymentCommand, PaymentRefunded, RefundReturn},
    policy::Reaction,
    returns::{self, ReturnCommand, ReturnInspected},
};

/// Gives back what was accepted is worth.
pub(super) fn refund(event: &Recorded, inspected: &ReturnInspected) -> Vec<Reaction> {
    if inspected.refund.amount == 0 {
        return vec![];
    }
    let (order_id, return_id) = (inspected.order_id, inspected.return_id);
    let command = PaymentCommand::RefundReturn(RefundReturn {
        order_id,
        return_id,
        amount: inspected.refund,
        idempotency_key: key(event, order_id, &format!("return:{return_id}"), 1),
    });
    vec![record(order_id, command)]
}

/// Tells a return that what was accepted of it is paid back.
pub(super) fn tell(refunded: &PaymentRefunded) -> Vec<Reaction> {
    let tell = |return_id| {
        let amount = refunded.amount;
        let command = ReturnCommand::RecordRefunded(returns::RecordRefunded { amount });
        Reaction::Execute(Command::Return(return_id, command))
    };
    refunded.return_id.map(tell).into_iter().collect()
}
