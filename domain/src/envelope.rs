//! What is known of every event besides what happened.

use crate::{Actor, CommandId, Event, EventId, Position, StreamId, TenantId, Version};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Where, when, by whom and why an event was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// The event's own id.
    pub event_id: EventId,
    /// The stream it is in.
    pub stream: StreamId,
    /// Its number in the stream.
    pub version: Version,
    /// Its place among all events.
    pub position: Position,
    /// When the command was decided, by the deciding process's clock.
    pub occurred_at: DateTime<Utc>,
    /// When the store recorded it, by the store's clock.
    pub recorded_at: DateTime<Utc>,
    /// The shop it belongs to.
    pub tenant: TenantId,
    /// Who asked.
    pub actor: Actor,
    /// The command that led to it.
    pub command_id: CommandId,
    /// What started it all: shared by everything that follows from one request.
    pub correlation_id: Uuid,
    /// The event that caused the command, if a policy sent it.
    pub causation_id: Option<EventId>,
    /// The W3C trace context of the request.
    pub traceparent: Option<String>,
}

/// An event with its envelope, as readers get it.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Where, when, by whom and why.
    pub envelope: Envelope,
    /// What happened.
    pub event: Event,
}
