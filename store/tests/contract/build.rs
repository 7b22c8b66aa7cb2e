//! Short ways to say what is appended.

use chrono::{DateTime, Utc};
use domain::{Actor, CommandId, EventId, OrderId, Position, StreamId, TenantId, Version};
use store::{
    Answer, Append, AppendOutcome, Clock, EventStore, NewEvent, StreamAppend, SystemClock,
};
use uuid::Uuid;

pub fn new_stream() -> StreamId {
    StreamId::order(&TenantId::default(), OrderId::new(Uuid::new_v4()))
}

pub fn new_id() -> CommandId {
    CommandId::new(Uuid::new_v4())
}

pub fn now() -> DateTime<Utc> {
    SystemClock.now()
}

/// A new command that finds each stream at a version and adds some events to it.
pub fn append(streams: &[(&StreamId, i64, usize)]) -> Append {
    append_as(new_id(), streams)
}

pub fn append_as(command_id: CommandId, streams: &[(&StreamId, i64, usize)]) -> Append {
    let mut index = 0;
    let streams = streams.iter().map(|(stream, expected, events)| {
        let events = (0..*events).map(|_| {
            index += 1;
            event(command_id, index - 1)
        });
        StreamAppend {
            stream: (*stream).clone(),
            expected: Version::new(*expected),
            events: events.collect(),
        }
    });
    Append {
        command_id,
        fingerprint: None,
        tenant: TenantId::default(),
        actor: Actor::parse("contract").unwrap(),
        correlation_id: command_id.uuid(),
        causation_id: None,
        traceparent: None,
        occurred_at: now(),
        streams: streams.collect(),
        answer: Answer::Accepted,
    }
}

pub fn event(command_id: CommandId, index: usize) -> NewEvent {
    NewEvent {
        id: EventId::of(command_id, index),
        event_type: "Tested",
        schema_version: 1,
        payload: format!(r#"{{"index":{index}}}"#).into_bytes(),
    }
}

/// Appends one alone.
pub async fn put(store: &dyn EventStore, append: &Append) -> AppendOutcome {
    let outcomes = store.append(std::slice::from_ref(append)).await.unwrap();
    let [outcome] = outcomes.try_into().unwrap();
    outcome
}

/// Appends one alone, which must succeed; says where its last event is.
pub async fn done(store: &dyn EventStore, append: &Append) -> Position {
    match put(store, append).await {
        AppendOutcome::Done { position } => position,
        other => panic!("not done: {other:?}"),
    }
}

/// The outcomes of a batch, without what varies.
pub async fn kinds(store: &dyn EventStore, batch: &[Append]) -> Vec<&'static str> {
    let outcomes = store.append(batch).await.unwrap();
    assert_eq!(outcomes.len(), batch.len(), "an outcome for each append");
    outcomes.iter().map(kind).collect()
}

pub fn kind(outcome: &AppendOutcome) -> &'static str {
    match outcome {
        AppendOutcome::Done { .. } => "done",
        AppendOutcome::Conflict { .. } => "conflict",
        AppendOutcome::Duplicate(_) => "duplicate",
    }
}

/// How many events a stream has.
pub async fn length(store: &dyn EventStore, stream: &StreamId) -> usize {
    let from = [(stream.clone(), Version::ZERO)];
    store.read_streams(&from, usize::MAX).await.unwrap().len()
}
