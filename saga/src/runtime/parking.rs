//! What waits for an operator stands with its order, too: whoever looks at that sees that it hangs, and
//! on what.

use super::envelope;
use crate::storage::StoredTask;
use chrono::{DateTime, Utc};
use domain::{
    Actor, Command, CommandEnvelope, CommandId, EventId, OrderId,
    order::{OrderCommand, ParkTask, ResumeTask},
    payment::PaymentCommand,
    policy::Task,
};
use uuid::Uuid;

/// Says that `task` is given up; and whether it was `done` out there, and is refused here.
pub(super) fn parked(
    task: &StoredTask,
    done: bool,
    problem: String,
    actor: Actor,
    now: DateTime<Utc>,
) -> CommandEnvelope {
    let of = match &task.task {
        Task::Execute(Command::Return(id, _)) => Some(id.to_string()),
        Task::Execute(Command::Shipment(id, _)) => Some(id.to_string()),
        Task::Execute(Command::Payment(_, PaymentCommand::RetryRefund(asked))) => {
            Some(asked.refund.to_string())
        }
        Task::Execute(_) => None,
        Task::Call(call) => call.of(),
    };
    let command = OrderCommand::ParkTask(ParkTask {
        task_id: task.id,
        task: task.what().into(),
        of,
        done,
        problem,
    });
    put(task, "parked", actor, now, command)
}

/// Says that an operator has `task` done, which was given up as `parked`.
pub(super) fn resumed(
    task: &StoredTask,
    parked: Uuid,
    actor: Actor,
    now: DateTime<Utc>,
) -> CommandEnvelope {
    let command = OrderCommand::ResumeTask(ResumeTask { task_id: parked });
    put(task, "resumed", actor, now, command)
}

fn put(
    task: &StoredTask,
    kind: &str,
    actor: Actor,
    now: DateTime<Utc>,
    command: OrderCommand,
) -> CommandEnvelope {
    let id = CommandId::of(EventId::new(task.id), kind, 0);
    let command = Command::Order(task.order_id, command);
    envelope(id, actor, &task.context, now, command)
}

/// What an operator is to be told of, once it is stored.
pub(super) fn alarms(schedule: &[StoredTask]) -> Vec<(OrderId, String)> {
    let parked = schedule.iter();
    parked
        .filter_map(|task| Some((task.order_id, task.parked.clone()?)))
        .collect()
}
