//! The spans of a command: that it is decided, and that it is appended.
//!
//! What a command leads to follows from its append: that is the step which its events carry.

use super::{
    batch::Pending,
    decide::{Decided, Decision},
};
use crate::{Append, AppendOutcome, EventStore, StoreError};
use traces::{Kind, Span};

/// A command begins to be decided.
pub(super) fn deciding(pending: &Pending) -> Span {
    let command = &pending.job.command;
    let name = || format!("decide {}", command.command.name());
    let mut span = Span::begin(pending.trace, Kind::Internal, name);
    if span.is_recorded() {
        span.set("orders.stream", pending.primary().to_string());
        span.set("orders.command_id", command.id.to_string());
        span.set("orders.attempt", i64::from(pending.attempts));
    }
    span
}

/// It is decided.
pub(super) fn decided(mut span: Span, decision: &Decision) {
    if !span.is_recorded() {
        return;
    }
    match decision {
        Decision::Append(append, Decided { outcome, .. }) => {
            span.set("orders.events", append.event_count());
            span.set("orders.outcome", outcome.name());
        }
        Decision::Unrecorded(_, executed) => span.set("orders.outcome", executed.outcome.name()),
        // What makes no sense is refused on the spot.
        Decision::Answered => span.set("orders.outcome", "refused"),
    }
}

/// What was decided is about to be appended to `store`, as what follows from `pending`.
pub(super) fn appending(store: &dyn EventStore, pending: &Pending, append: &mut Append) -> Span {
    let system = store.system();
    let kind = match system {
        Some(_) => Kind::Client,
        None => Kind::Internal,
    };
    let name = || format!("append {}", pending.job.command.command.name());
    let mut span = Span::begin(pending.trace, kind, name);
    if let Some(context) = span.context() {
        append.traceparent = Some(context.to_string());
        if let Some(system) = system {
            span.set("db.system.name", system);
            span.set("db.operation.name", "append");
        }
        span.set("orders.stream", pending.primary().to_string());
        span.set("orders.events", append.event_count());
    }
    span
}

/// The store says what became of it, together with `batch` appends.
pub(super) fn appended(mut span: Span, batch: usize, outcome: &AppendOutcome) {
    if !span.is_recorded() {
        return;
    }
    // As OpenTelemetry has it, one operation is no batch.
    if batch > 1 {
        span.set("db.operation.batch.size", batch);
    }
    match outcome {
        AppendOutcome::Done { position } => {
            span.set("orders.position", position.get());
            span.set("orders.outcome", "done");
        }
        AppendOutcome::Conflict { .. } => span.set("orders.outcome", "conflict"),
        AppendOutcome::Duplicate(_) => span.set("orders.outcome", "duplicate"),
    }
}

/// It was not appended, because of `error`.
pub(super) fn failed(mut span: Span, error: &StoreError) {
    span.fail(error.in_short());
}
