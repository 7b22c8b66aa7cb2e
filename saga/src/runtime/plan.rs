//! What a batch of events leads to: commands for now, tasks for the rest.

use super::envelope;
use crate::storage::{Context, StoredTask};
use chrono::{DateTime, Utc};
use domain::{
    Actor, CommandEnvelope, CommandId, EventId, OrderId, Recorded,
    policy::{Reaction, Task, TimerName},
};
use std::collections::BTreeMap;
use traces::Span;

/// What a batch of events leads to, in the order of the events.
#[derive(Default)]
pub(super) struct Plan {
    pub commands: Vec<(OrderId, CommandEnvelope)>,
    calls: Vec<StoredTask>,
    /// What became of each timer in the batch: set anew, or called off.
    timers: BTreeMap<(OrderId, TimerName), Option<StoredTask>>,
}

/// Who plans, and when.
pub(super) struct Planner<'a> {
    pub policy: &'static str,
    pub actor: &'a Actor,
    pub now: DateTime<Utc>,
}

impl Plan {
    /// Adds what `event` leads to, which `span` is about. Ids follow from the event, so that planning
    /// it again plans the same.
    pub(super) fn add(
        &mut self,
        planner: &Planner<'_>,
        order_id: OrderId,
        event: &Recorded,
        span: &Span,
        reactions: Vec<Reaction>,
    ) {
        let context = Context {
            tenant: event.envelope.tenant.clone(),
            correlation_id: event.envelope.correlation_id,
            causation_id: event.envelope.event_id,
            traceparent: span.traceparent_or(event.envelope.traceparent.as_deref()),
        };
        for (index, reaction) in reactions.into_iter().enumerate() {
            let id = CommandId::of(event.envelope.event_id, planner.policy, index);
            let stored = |name, due_at, task, parked| StoredTask {
                id: id.uuid(),
                order_id,
                name,
                due_at,
                attempts: 0,
                parked,
                resumes: None,
                task,
                context: context.clone(),
            };
            match reaction {
                Reaction::Execute(command) => {
                    let actor = planner.actor.clone();
                    let command = envelope(id, actor, &context, planner.now, command);
                    self.commands.push((order_id, command));
                }
                Reaction::Call(call) => {
                    // Due at once, also where the store's clock is ahead of ours.
                    let due_at = event.envelope.recorded_at.min(planner.now);
                    self.calls
                        .push(stored(None, due_at, Task::Call(call), None));
                }
                Reaction::Schedule(timer) => {
                    let task = stored(Some(timer.name), timer.due, timer.task, None);
                    self.timers.insert((order_id, timer.name), Some(task));
                }
                Reaction::Park(timer, problem) => {
                    let task = stored(Some(timer.name), timer.due, timer.task, Some(problem));
                    self.timers.insert((order_id, timer.name), Some(task));
                }
                Reaction::Unschedule(name) => {
                    self.timers.insert((order_id, name), None);
                }
            }
        }
    }

    /// Leaves a command to an operator that makes no sense, so that it is not lost with the event
    /// that it follows from.
    pub(super) fn park(&mut self, order_id: OrderId, command: CommandEnvelope, problem: String) {
        let cause = command.causation_id;
        self.calls.push(StoredTask {
            id: command.id.uuid(),
            order_id,
            name: None,
            due_at: command.occurred_at,
            attempts: 0,
            parked: Some(problem),
            resumes: None,
            task: Task::Execute(command.command),
            context: Context {
                tenant: command.tenant,
                correlation_id: command.correlation_id,
                causation_id: cause.unwrap_or_else(|| EventId::new(command.id.uuid())),
                traceparent: command.traceparent,
            },
        });
    }

    /// What is to be scheduled, and which timers are called off.
    pub(super) fn into_tasks(self) -> (Vec<StoredTask>, Vec<(OrderId, TimerName)>) {
        let mut schedule = self.calls;
        let mut unschedule = vec![];
        for (timer, task) in self.timers {
            match task {
                Some(task) => schedule.push(task),
                None => unschedule.push(timer),
            }
        }
        (schedule, unschedule)
    }
}
