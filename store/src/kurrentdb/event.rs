//! Events as KurrentDB keeps them: the payload as it is, and the envelope in what is said of it.

use super::{
    names::Namespace,
    wire::{AppendRecord, Property, RecordedEvent, Schema, SchemaFormat},
};
use crate::{Append, Names, NewEvent, StoreError, StoredEvent, StreamAppend};
use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use domain::{CommandId, Envelope, EventId, Position, Version};
use serde::Deserialize;
use std::collections::HashMap;
use uuid::Uuid;

/// The table that errors name.
const TABLE: &str = "KurrentDB";

/// What is said of an event: all as text.
#[derive(Deserialize)]
struct Said {
    tenant: String,
    actor: String,
    command: Uuid,
    correlation: Uuid,
    causation: Option<Uuid>,
    traceparent: Option<String>,
    occurred_at: DateTime<Utc>,
    /// Of events that were restored: the server's own time is that of the restore.
    recorded_at: Option<DateTime<Utc>>,
    schema_version: String,
}

/// The record for `event`, which `append` adds to `stream`.
pub(super) fn encode(
    names: &Namespace,
    append: &Append,
    stream: &StreamAppend,
    event: &NewEvent,
) -> AppendRecord {
    let occurred_at = append
        .occurred_at
        .to_rfc3339_opts(SecondsFormat::Micros, true);
    let mut said = vec![
        ("tenant", append.tenant.to_string()),
        ("actor", append.actor.to_string()),
        ("command", append.command_id.uuid().to_string()),
        ("correlation", append.correlation_id.to_string()),
        ("occurred_at", occurred_at),
        ("schema_version", event.schema_version.to_string()),
    ];
    let causation = append.causation_id.map(|id| id.uuid().to_string());
    said.extend(causation.map(|causation| ("causation", causation)));
    let traceparent = append.traceparent.clone();
    said.extend(traceparent.map(|traceparent| ("traceparent", traceparent)));
    record(
        names.of_events(stream.stream.as_str()),
        event.id.uuid(),
        event.event_type,
        event.payload.clone(),
        said,
    )
}

/// A record whose payload is JSON.
pub(super) fn record(
    stream: String,
    id: Uuid,
    event_type: &str,
    payload: Vec<u8>,
    said: Vec<(&str, String)>,
) -> AppendRecord {
    let said = said.into_iter();
    let properties: HashMap<_, _> = said
        .map(|(name, value)| (name.to_owned(), Property::text(value)))
        .collect();
    AppendRecord {
        record_id: Some(id.to_string()),
        properties,
        schema: Some(Schema {
            format: SchemaFormat::Json.into(),
            name: event_type.to_owned(),
        }),
        data: payload.into(),
        stream,
    }
}

/// An event as it is read, before it is looked into.
pub(super) struct Read(pub(super) RecordedEvent);

impl Read {
    pub(super) fn position(&self) -> Result<Position, StoreError> {
        let position = self.0.commit_position;
        match i64::try_from(position) {
            Ok(position) => Ok(Position::new(position)),
            // What servers say that do not know it where a stream is read.
            Err(_) => Err(self.corrupt("position", "it has none; the server is too old")),
        }
    }

    /// Its version; revisions begin at 0.
    pub(super) fn version(&self) -> Version {
        Version::ZERO
            .plus(usize::try_from(self.0.revision).unwrap_or(usize::MAX))
            .plus(1)
    }

    pub(super) fn id(&self) -> Result<EventId, StoreError> {
        let id = self.0.id.as_ref().map_or("", |id| &id.string);
        let id = Uuid::try_parse(id).map_err(|error| self.corrupt("id", error))?;
        Ok(EventId::new(id))
    }

    /// When the server recorded it: it counts in units of 100 ns since 1970.
    pub(super) fn recorded_at(&self) -> Result<DateTime<Utc>, StoreError> {
        let created = self.0.metadata.get("created").map_or("", String::as_str);
        let ticks: i64 = created
            .parse()
            .map_err(|error| self.corrupt("created", error))?;
        let time = DateTime::from_timestamp_micros(ticks / 10);
        time.ok_or_else(|| self.corrupt("created", "it is beyond all times"))
    }

    /// Whether it is an event of this store.
    pub(super) fn is_event(&self, names: &Namespace) -> bool {
        self.stream().starts_with(names.events().as_bytes())
    }

    pub(super) fn stream(&self) -> &[u8] {
        self.0
            .stream
            .as_ref()
            .map_or(&[], |stream| &stream.stream_name)
    }

    pub(super) fn corrupt(&self, column: &'static str, detail: impl ToString) -> StoreError {
        StoreError::Corrupt {
            table: TABLE,
            column,
            row: format!(
                "revision {} of {}",
                self.0.revision,
                String::from_utf8_lossy(self.stream())
            ),
            detail: detail.to_string(),
        }
    }

    /// The event, if it has all that events have.
    pub(super) fn decode(self, names: &Namespace) -> Result<StoredEvent, StoreError> {
        let name = std::str::from_utf8(self.stream());
        let name = name.map_err(|error| self.corrupt("stream", error))?;
        let stream = names
            .events_of(name)
            .ok_or_else(|| self.corrupt("stream", "it is not one of events"))?;
        let said: Said = serde_json::from_slice(&self.0.custom_metadata)
            .map_err(|error| self.corrupt("metadata", error))?;
        let schema_version = said.schema_version.parse();
        let schema_version =
            schema_version.map_err(|error| self.corrupt("metadata.schema_version", error))?;
        let names = Names::read(&stream, &said.tenant, &said.actor);
        let envelope = Envelope {
            event_id: self.id()?,
            stream: names.stream,
            version: self.version(),
            position: self.position()?,
            occurred_at: said.occurred_at,
            recorded_at: match said.recorded_at {
                Some(time) => time,
                None => self.recorded_at()?,
            },
            tenant: names.tenant,
            actor: names.actor,
            command_id: CommandId::new(said.command),
            correlation_id: said.correlation,
            causation_id: said.causation.map(EventId::new),
            traceparent: said.traceparent,
        };
        let event_type = self.0.metadata.get("type").cloned();
        let event_type = event_type.ok_or_else(|| self.corrupt("type", "it has none"))?;
        Ok(StoredEvent {
            envelope,
            event_type,
            schema_version,
            payload: Bytes::clone(&self.0.data),
            raw_names: names.raw,
        })
    }
}
