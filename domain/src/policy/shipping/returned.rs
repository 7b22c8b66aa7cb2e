//! What customers send back is waited for, and not for ever.

use crate::{
    Command, OrderId, Recorded, ReturnId,
    order::Awaited,
    policy::{Limits, Reaction, Task, Timer, TimerName, after, deadline},
    returns::{GiveUpReturn, ReturnCommand, ReturnEvent},
};

/// What follows from what happened to a return: it is waited for, until it comes or time is up.
pub(super) fn reactions(
    limits: &Limits,
    order_id: OrderId,
    event: &Recorded,
    happened: &ReturnEvent,
) -> Vec<Reaction> {
    // Whether it is still waited for when the time has come, the return knows, whatever was heard of it
    // here.
    let wait = |of: ReturnId, sent| {
        let command = ReturnCommand::GiveUp(GiveUpReturn {
            order_id,
            sent,
            reason: "it did not arrive in time".into(),
        });
        let due = after(event, limits.returns);
        let timer = Reaction::Schedule(Timer {
            name: TimerName::Return(of),
            due,
            task: Task::Execute(Command::Return(of, command)),
        });
        vec![timer, deadline(order_id, Awaited::Arrival, of, due)]
    };
    let call_off = |of| vec![Reaction::Unschedule(TimerName::Return(of))];
    match happened {
        ReturnEvent::ReturnApproved(event) => wait(event.return_id, false),
        ReturnEvent::ReturnInTransit(event) => wait(event.return_id, true),
        ReturnEvent::ReturnReceived(event) => call_off(event.return_id),
        ReturnEvent::ReturnCancelled(event) => call_off(event.return_id),
        _ => vec![],
    }
}
