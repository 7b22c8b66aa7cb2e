//! The spans of folding: one for each event of a recorded trace, as long as its batch took.

use domain::Recorded;
use std::fmt::Display;
use traces::{Kind, Span};

/// `events` are about to be folded into `projection`, all together.
pub(super) fn folding(projection: &'static str, events: &[&Recorded]) -> Vec<Span> {
    let begin = |event: &&Recorded| {
        let envelope = &event.envelope;
        let parent = traces::recorded(envelope.traceparent.as_deref())?;
        let name = || format!("fold {projection}");
        let mut span = Span::begin_remote(Some(parent), Kind::Consumer, name);
        span.set("messaging.message.id", envelope.event_id.to_string());
        span.set("messaging.batch.message_count", events.len());
        span.set("orders.projection", projection);
        span.set("orders.event_type", event.event.event_type());
        span.set("orders.stream", envelope.stream.to_string());
        span.set("orders.position", envelope.position.get());
        Some(span)
    };
    events.iter().filter_map(begin).collect()
}

/// They are folded, and rows and checkpoint are written; or not.
pub(super) fn folded<T>(spans: Vec<Span>, result: &Result<T, impl Display>) {
    for mut span in spans {
        if let Err(error) = result {
            span.fail(error.to_string());
        }
    }
}
