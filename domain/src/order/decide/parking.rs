//! What of an order waits for an operator, and until when something is waited for: the sagas say so,
//! whatever the order is.

use super::{
    super::{
        Awaited, CONTRADICTION, DeadlineSet, Line, NoteAdded, OrderError, OrderEvent, ParkTask,
        Placed, ResumeTask, SetDeadline, SettleContradiction, Status, TaskParked, TaskResumed,
    },
    Decision,
};
use crate::text;
use uuid::Uuid;

/// The most of an order that the sagas may have wait for an operator at once.
const MAX_PARKED: usize = 256;
/// The most that a participant may have wait so, beside that: one that tells untruths for long keeps nobody from
/// seeing what the sagas have given up.
const MAX_CONTRADICTIONS: usize = 32;
/// The longest that a participant's sentences may be, in characters, and the words of a task.
const MAX_PROBLEM: usize = 500;
const MAX_WORD: usize = 64;
/// The longest that the name may be of what a task or a limit is about, in characters: others give some
/// of them, and they tell one from another only as a whole.
const MAX_OF: usize = 255;

pub(super) fn park(order: &Placed, command: &ParkTask) -> Decision {
    if order.parked.contains(&command.task_id) {
        return Ok(vec![]);
    }
    let contradictions = order.contradictions();
    let (waits, max) = match command.task == CONTRADICTION {
        true => (contradictions, MAX_CONTRADICTIONS),
        false => (
            order.parked.len().saturating_sub(contradictions),
            MAX_PARKED,
        ),
    };
    if waits >= max {
        return Err(OrderError::TooManyParked { max });
    }
    let of = command.of.as_deref();
    Ok(vec![
        TaskParked {
            order_id: order.placed.order_id,
            task_id: command.task_id,
            task: text::cleaned(&command.task, MAX_WORD),
            of: of.map(|of| text::cleaned(of, MAX_OF)),
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
    vec![resumed(order, command.task_id)]
}

/// Only what no task of the sagas stands behind: of those the sagas say themselves when they are done. How it was
/// set right is a note of the order.
pub(super) fn settle(order: &Placed, command: &SettleContradiction) -> Decision {
    let task_id = command.task_id;
    if order.is_contradiction(task_id) {
        let note = NoteAdded {
            order_id: order.placed.order_id,
            note_id: command.note_id,
            text: command.reason.clone(),
        };
        return Ok(vec![resumed(order, task_id), note.into()]);
    }
    match order.parked.contains(&task_id) {
        true => Err(OrderError::NotAContradiction),
        false if order.was_contradiction(task_id) => Ok(vec![]),
        false => Err(OrderError::NoSuchContradiction),
    }
}

fn resumed(order: &Placed, task_id: Uuid) -> OrderEvent {
    TaskResumed {
        order_id: order.placed.order_id,
        task_id,
    }
    .into()
}

/// A time limit only moves on: what was settled earlier, and is said again, is no news. Nor is that of a
/// return that has ended meanwhile.
pub(super) fn set_deadline(order: &Placed, command: &SetDeadline) -> Vec<OrderEvent> {
    let of = text::cleaned(&command.of, MAX_OF);
    if command.what == Awaited::Arrival && !order.is_returning(&of) {
        return vec![];
    }
    // Nor is that of stock, for an order that waits for none.
    if command.what == Awaited::Stock && !waits_for_stock(order) {
        return vec![];
    }
    let known = order.deadlines.get(&(command.what, of.clone()));
    if known.is_some_and(|known| *known >= command.until) {
        return vec![];
    }
    vec![
        DeadlineSet {
            order_id: order.placed.order_id,
            what: command.what,
            of,
            until: command.until,
        }
        .into(),
    ]
}

/// Whether something of the order is to leave that has not.
fn waits_for_stock(order: &Placed) -> bool {
    let is_open = |line: &Line| order.open(line.line) > 0;
    order.status == Status::Confirmed && order.lines().iter().any(is_open)
}
