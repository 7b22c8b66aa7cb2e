//! What of an order waits for an operator: the sagas say so, whatever the order is.

use super::{
    super::{OrderError, OrderEvent, ParkTask, Placed, ResumeTask, TaskParked, TaskResumed},
    Decision,
};
use crate::text;

/// The most of an order that may wait for an operator at once.
const MAX_PARKED: usize = 256;
/// The longest that a participant's sentences may be, in characters, and the words of a task.
const MAX_PROBLEM: usize = 500;
const MAX_WORD: usize = 64;

pub(super) fn park(order: &Placed, command: &ParkTask) -> Decision {
    if order.parked.contains(&command.task_id) {
        return Ok(vec![]);
    }
    if order.parked.len() == MAX_PARKED {
        return Err(OrderError::TooManyParked { max: MAX_PARKED });
    }
    let of = command.of.as_deref();
    Ok(vec![
        TaskParked {
            order_id: order.placed.order_id,
            task_id: command.task_id,
            task: text::cleaned(&command.task, MAX_WORD),
            of: of.map(|of| text::cleaned(of, MAX_WORD)),
            done: command.done,
            problem: text::cleaned(&command.problem, MAX_PROBLEM),
        }
        .into(),
    ])
}

pub(super) fn resume(order: &Placed, command: &ResumeTask) -> Vec<OrderEvent> {
    if !order.parked.contains(&command.task_id) {
        return vec![];
    }
    vec![
        TaskResumed {
            order_id: order.placed.order_id,
            task_id: command.task_id,
        }
        .into(),
    ]
}
