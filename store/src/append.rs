//! What is appended, and what becomes of it.

use chrono::{DateTime, Utc};
use domain::{Actor, CommandId, Event, EventId, Position, Refusal, StreamId, TenantId, Version};
use uuid::Uuid;

/// An event to be appended.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// Its id.
    pub id: EventId,
    /// Its stored type name.
    pub event_type: &'static str,
    /// The version of its payload's shape.
    pub schema_version: i16,
    /// Its payload, as JSON.
    pub payload: Vec<u8>,
}

impl NewEvent {
    /// The `index`-th event of `command`.
    pub fn of(command: CommandId, index: usize, event: &Event) -> Self {
        Self {
            id: EventId::of(command, index),
            event_type: event.event_type(),
            schema_version: event.schema_version(),
            payload: event.encode(),
        }
    }
}

/// What one stream gets.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamAppend {
    /// The stream.
    pub stream: StreamId,
    /// The version it must be at. Versions that earlier appends of the same batch lead to count.
    pub expected: Version,
    /// The events, in order. With none, the stream is only required to be at `expected`.
    pub events: Vec<NewEvent>,
}

/// How a command was answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// It was done, or there was nothing left to do.
    Accepted,
    /// It was refused, which is remembered too.
    Refused(Refusal),
}

/// One atomic append: all its events and its command record, or nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Append {
    /// What makes it happen once.
    pub command_id: CommandId,
    /// A digest of what was asked.
    pub fingerprint: Option<[u8; 32]>,
    /// The shop.
    pub tenant: TenantId,
    /// Who asked.
    pub actor: Actor,
    /// What started it all.
    pub correlation_id: Uuid,
    /// The event that caused the command.
    pub causation_id: Option<EventId>,
    /// The W3C trace context of the request.
    pub traceparent: Option<String>,
    /// When it was asked.
    pub occurred_at: DateTime<Utc>,
    /// The streams, the one that the command is about first; at least one, each once.
    pub streams: Vec<StreamAppend>,
    /// How the command is answered.
    pub answer: Answer,
}

impl Append {
    /// How many events it has.
    pub fn event_count(&self) -> usize {
        self.streams.iter().map(|stream| stream.events.len()).sum()
    }

    /// The version of the stream that the command is about, after the append.
    pub(crate) fn version_after(&self) -> Version {
        self.streams.first().map_or(Version::ZERO, |stream| {
            stream.expected.plus(stream.events.len())
        })
    }

    /// The record of the command, once it is done.
    pub(crate) fn record(&self, position: Position, recorded_at: DateTime<Utc>) -> CommandRecord {
        CommandRecord {
            id: self.command_id,
            fingerprint: self.fingerprint,
            stream: self.streams[0].stream.clone(),
            version: self.version_after(),
            position,
            refusal: match &self.answer {
                Answer::Accepted => None,
                Answer::Refused(refusal) => Some(refusal.clone()),
            },
            recorded_at,
        }
    }
}

/// What is remembered of a command.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandRecord {
    /// The command.
    pub id: CommandId,
    /// The digest of what was asked.
    pub fingerprint: Option<[u8; 32]>,
    /// The stream it was about.
    pub stream: StreamId,
    /// That stream's version after it.
    pub version: Version,
    /// The position of its last event; the head's of that time, if it had none.
    pub position: Position,
    /// Why it was refused, if it was.
    pub refusal: Option<Refusal>,
    /// When it was recorded, by the store's clock.
    pub recorded_at: DateTime<Utc>,
}

/// What became of one append of a batch.
#[derive(Debug, Clone, PartialEq)]
pub enum AppendOutcome {
    /// It is durable.
    Done {
        /// The position of its last event; the head's, if it had none.
        position: Position,
    },
    /// Nothing was done: a stream is not at the expected version.
    Conflict {
        /// One of those streams.
        stream: StreamId,
    },
    /// Nothing was done: the command was recorded before.
    Duplicate(CommandRecord),
}
