//! Events as they are put in: with what a server would say of them itself, as when they were recorded.

use super::super::{event::record, names::Namespace, wire::AppendRecord};
use crate::StoredEvent;
use chrono::SecondsFormat;

/// How many command records are put in at once.
pub(super) const COMMANDS_AT_ONCE: usize = 250;

/// How many events are put in at once, at most.
const EVENTS_AT_ONCE: usize = 500;

/// About what a record takes beside its payload.
const BESIDE: usize = 1 << 10;

/// Consecutive parts of `events` of at most `bytes`, or of one event that alone is larger.
pub(super) fn parts(events: &[StoredEvent], bytes: usize) -> impl Iterator<Item = &[StoredEvent]> {
    let mut rest = events;
    std::iter::from_fn(move || {
        let mut taken = 0;
        let fits = |event: &&StoredEvent| {
            taken += event.payload.len() + BESIDE;
            taken <= bytes
        };
        let count = rest.iter().take(EVENTS_AT_ONCE).take_while(fits).count();
        let (part, after) = rest.split_at(count.max(1).min(rest.len()));
        rest = after;
        (!part.is_empty()).then_some(part)
    })
}

/// The record for `event`.
pub(super) fn event(names: &Namespace, event: &StoredEvent) -> AppendRecord {
    let time =
        |time: chrono::DateTime<chrono::Utc>| time.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    let envelope = &event.envelope;
    let (stream, tenant, actor) = event.stored_names();
    let mut said = vec![
        ("tenant", tenant.to_owned()),
        ("actor", actor.to_owned()),
        ("command", envelope.command_id.uuid().to_string()),
        ("correlation", envelope.correlation_id.to_string()),
        ("occurred_at", time(envelope.occurred_at)),
        // The server's own time is that of the restore.
        ("recorded_at", time(envelope.recorded_at)),
        ("schema_version", event.schema_version.to_string()),
    ];
    let causation = envelope.causation_id.map(|id| id.uuid().to_string());
    said.extend(causation.map(|causation| ("causation", causation)));
    let traceparent = envelope.traceparent.clone();
    said.extend(traceparent.map(|traceparent| ("traceparent", traceparent)));
    record(
        names.of_events(stream),
        envelope.event_id.uuid(),
        &event.event_type,
        event.payload.to_vec(),
        said,
    )
}
