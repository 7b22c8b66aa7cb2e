//! The spans of what the sagas do: that a policy reacts to an event, and that a task is done.

use super::RunError;
use crate::storage::StoredTask;
use domain::{Recorded, policy::Reaction};
use std::borrow::Cow;
use traces::{Kind, Span};

/// `policy` reacts to an event, if anything follows from that. It is over when all of that is put and
/// written down.
pub(super) fn reacting(policy: &'static str, event: &Recorded, reactions: &[Reaction]) -> Span {
    if reactions.is_empty() {
        return Span::NONE;
    }
    let envelope = &event.envelope;
    let parent = traces::recorded(envelope.traceparent.as_deref());
    let mut span = Span::begin_remote(parent, Kind::Consumer, || format!("react {policy}"));
    if span.is_recorded() {
        span.set("messaging.message.id", envelope.event_id.to_string());
        span.set("orders.policy", policy);
        span.set("orders.event_type", event.event.event_type());
        span.set("orders.stream", envelope.stream.to_string());
        span.set("orders.position", envelope.position.get());
    }
    span
}

/// What a policy reacted to is done, or has to be done again.
pub(super) fn reacted<T>(spans: Vec<Span>, result: &Result<T, RunError>) {
    for mut span in spans {
        if let Err(error) = result {
            span.fail(error.in_short());
        }
    }
}

/// A task is done, which follows from what scheduled it, perhaps long ago. With the task as it is to be
/// done: what comes of it follows from the span.
pub(super) fn performing(task: &StoredTask) -> (Span, Cow<'_, StoredTask>) {
    let parent = traces::recorded(task.context.traceparent.as_deref());
    let name = || format!("perform {}", task.what());
    let mut span = Span::begin_remote(parent, Kind::Internal, name);
    let mut task = Cow::Borrowed(task);
    if let Some(context) = span.context() {
        span.set("orders.task_id", task.id.to_string());
        span.set("orders.order_id", task.order_id.to_string());
        span.set("orders.attempt", i64::from(task.attempts) + 1);
        task.to_mut().context.traceparent = Some(context.to_string());
    }
    (span, task)
}
