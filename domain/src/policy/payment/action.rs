//! What follows from that who pays is to do something before the provider sets the amount aside.
//!
//! The provider says when it is done; as its word may get lost, it is asked, too. For how long an order
//! waits is up to its reservation, as for any payment.

use super::key;
use crate::{
    Recorded,
    payment::PaymentActionRequired,
    policy::{Call, Limits, Reaction, Task, Timer, TimerName, after},
};

/// Has the provider asked after a while whether it is done; not at all, where nothing is ever asked for.
pub(super) fn look_later(
    limits: &Limits,
    event: &Recorded,
    asked: &PaymentActionRequired,
) -> Reaction {
    let Some(wait) = limits.inquiries.first() else {
        // It is known now what became of the call.
        return Reaction::Unschedule(TimerName::Inquiry);
    };
    Reaction::Schedule(Timer {
        name: TimerName::Inquiry,
        due: after(event, *wait),
        task: Task::Call(Call::Inquire {
            order_id: asked.order_id,
            attempt: asked.attempt,
            idempotency_key: key(event, asked.order_id, "authorize", asked.attempt),
            inquiries: 0,
            last: false,
        }),
    })
}
