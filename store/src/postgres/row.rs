//! Rows as events and records.
//!
//! A rebuild reads all events there are, so values are taken from the row's bytes without looking
//! at types, and texts that neighbours share are not allocated anew.

use crate::{CommandRecord, EventPlace, Names, StoreError, StoredCommand, StoredEvent};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use domain::{Actor, CommandId, Envelope, EventId, Position, StreamId, TenantId, Version};
use sqlx::{Row as _, postgres::PgRow};
use std::{fmt::Display, str::FromStr};
use uuid::Uuid;

/// Microseconds from 1970 to 2000, where the server's times begin.
const YEAR_2000: i64 = 946_684_800_000_000;

/// Makes events of rows with the columns of `read_all.sql`.
#[derive(Default)]
pub(super) struct EventDecoder {
    stream: Option<StreamId>,
    tenant: Option<TenantId>,
    actor: Option<Actor>,
}

impl EventDecoder {
    pub(super) fn decode(&mut self, row: &PgRow) -> Result<StoredEvent, StoreError> {
        let mut row = Columns::new(row, "store.events");
        let position = row.int("position")?;
        row.key = Key::Position(position);
        let version = row.int("version")?;
        let occurred_at = row.time("occurred_at")?;
        let recorded_at = row.time("recorded_at")?;
        let event_id = row.uuid("event_id")?;
        let command_id = row.uuid("command_id")?;
        let correlation_id = row.uuid("correlation_id")?;
        let causation_id = row.optional("causation_id", Columns::as_uuid)?;
        let schema_version = row.short("schema_version")?;
        let stream = row.text("stream")?;
        let event_type = row.text("type")?.to_owned();
        let (tenant, actor) = (row.text("tenant")?, row.text("actor")?);
        let names = Names::from_parsed(
            (stream, shared(stream, &mut self.stream, StreamId::as_str)),
            (tenant, shared(tenant, &mut self.tenant, TenantId::as_str)),
            (actor, shared(actor, &mut self.actor, Actor::as_str)),
        );
        let traceparent = row.optional("traceparent", Columns::as_text)?;
        let payload = Bytes::copy_from_slice(row.bytes("payload")?);
        Ok(StoredEvent {
            envelope: Envelope {
                event_id: EventId::new(event_id),
                stream: names.stream,
                version: Version::new(version),
                position: Position::new(position),
                occurred_at,
                recorded_at,
                tenant: names.tenant,
                actor: names.actor,
                command_id: CommandId::new(command_id),
                correlation_id,
                causation_id: causation_id.map(EventId::new),
                traceparent: traceparent.map(str::to_owned),
            },
            event_type,
            schema_version,
            payload,
            raw_names: names.raw,
        })
    }
}

/// A parsed text; the one before it again if the text is the same.
fn shared<T: FromStr + Clone>(
    text: &str,
    before: &mut Option<T>,
    text_of: fn(&T) -> &str,
) -> Result<T, T::Err> {
    if let Some(before) = before
        && text_of(before) == text
    {
        return Ok(before.clone());
    }
    let parsed: T = text.parse()?;
    *before = Some(parsed.clone());
    Ok(parsed)
}

/// Makes a record of a row with the columns of `find_commands.sql`.
pub(super) fn decode_command(row: &PgRow) -> Result<CommandRecord, StoreError> {
    let mut row = Columns::new(row, "store.commands");
    let id = row.uuid("command_id")?;
    row.key = Key::Command(id);
    let version = row.int("version")?;
    let position = row.int("position")?;
    let recorded_at = row.time("recorded_at")?;
    let stream = row.text("stream")?.parse();
    let stream = stream.map_err(|error| row.corrupt("stream", error))?;
    let fingerprint = row.optional("fingerprint", Columns::as_fixed)?;
    let refusal = match row.optional("refusal", |_, _, bytes| Ok(bytes))? {
        None => None,
        Some(json) => {
            let refusal = serde_json::from_slice(json);
            Some(refusal.map_err(|error| row.corrupt("refusal", error))?)
        }
    };
    Ok(CommandRecord {
        id: CommandId::new(id),
        fingerprint,
        stream,
        version: Version::new(version),
        position: Position::new(position),
        refusal,
        recorded_at,
    })
}

/// Makes a record of a row with the columns of `read_commands.sql`, without looking into it.
pub(super) fn decode_stored_command(row: &PgRow) -> Result<StoredCommand, StoreError> {
    let mut row = Columns::new(row, "store.commands");
    let id = row.uuid("command_id")?;
    row.key = Key::Command(id);
    let version = row.int("version")?;
    let recorded_at = row.time("recorded_at")?;
    let stream = row.text("stream")?.to_owned();
    let fingerprint = row.optional("fingerprint", |_, _, bytes| Ok(bytes.to_vec()))?;
    let refusal = row.optional("refusal", Columns::as_text)?;
    let refusal = refusal.map(str::to_owned);
    let position = row.int("position")?;
    let last_stream = row.optional("stream", Columns::as_text)?;
    let last_version = row.optional("version", Columns::as_fixed)?;
    let last_event = match (last_stream, last_version) {
        (Some(stream), Some(version)) => Some(EventPlace {
            stream: stream.to_owned(),
            version: Version::new(i64::from_be_bytes(version)),
        }),
        _ if position == 0 => None,
        _ => return Err(row.corrupt("position", format!("{position}, where there is no event"))),
    };
    Ok(StoredCommand {
        id: CommandId::new(id),
        stream,
        version: Version::new(version),
        last_event,
        recorded_at,
        fingerprint,
        refusal,
    })
}

/// What an error calls a row.
enum Key {
    Unknown,
    Position(i64),
    Command(Uuid),
}

/// The columns of a row, taken in their order.
struct Columns<'a> {
    row: &'a PgRow,
    table: &'static str,
    key: Key,
    next: usize,
}

impl<'a> Columns<'a> {
    const fn new(row: &'a PgRow, table: &'static str) -> Self {
        Self {
            row,
            table,
            key: Key::Unknown,
            next: 0,
        }
    }

    fn corrupt(&self, column: &'static str, detail: impl Display) -> StoreError {
        StoreError::Corrupt {
            table: self.table,
            column,
            row: match &self.key {
                Key::Unknown => "a row".to_owned(),
                Key::Position(position) => format!("position {position}"),
                Key::Command(id) => format!("command {id}"),
            },
            detail: detail.to_string(),
        }
    }

    fn take(&mut self, column: &'static str) -> Result<Option<&'a [u8]>, StoreError> {
        let value = self.row.try_get_raw(self.next);
        let value = value.map_err(|error| self.corrupt(column, error))?;
        self.next += 1;
        // The only error there is: no value.
        Ok(value.as_bytes().ok())
    }

    fn bytes(&mut self, column: &'static str) -> Result<&'a [u8], StoreError> {
        self.take(column)?
            .ok_or_else(|| self.corrupt(column, "nothing"))
    }

    fn optional<T>(
        &mut self,
        column: &'static str,
        read: impl FnOnce(&Self, &'static str, &'a [u8]) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        match self.take(column)? {
            None => Ok(None),
            Some(bytes) => read(self, column, bytes).map(Some),
        }
    }

    fn as_fixed<const N: usize>(
        &self,
        column: &'static str,
        bytes: &[u8],
    ) -> Result<[u8; N], StoreError> {
        let fixed = bytes.try_into();
        fixed.map_err(|_| self.corrupt(column, format_args!("{} bytes", bytes.len())))
    }

    fn as_uuid(&self, column: &'static str, bytes: &[u8]) -> Result<Uuid, StoreError> {
        self.as_fixed(column, bytes).map(Uuid::from_bytes)
    }

    fn as_text<'b>(&self, column: &'static str, bytes: &'b [u8]) -> Result<&'b str, StoreError> {
        std::str::from_utf8(bytes).map_err(|error| self.corrupt(column, error))
    }

    fn fixed<const N: usize>(&mut self, column: &'static str) -> Result<[u8; N], StoreError> {
        let bytes = self.bytes(column)?;
        self.as_fixed(column, bytes)
    }

    fn int(&mut self, column: &'static str) -> Result<i64, StoreError> {
        self.fixed(column).map(i64::from_be_bytes)
    }

    fn short(&mut self, column: &'static str) -> Result<i16, StoreError> {
        self.fixed(column).map(i16::from_be_bytes)
    }

    fn uuid(&mut self, column: &'static str) -> Result<Uuid, StoreError> {
        self.fixed(column).map(Uuid::from_bytes)
    }

    fn time(&mut self, column: &'static str) -> Result<DateTime<Utc>, StoreError> {
        let micros = self.int(column)?;
        let time = micros.checked_add(YEAR_2000);
        time.and_then(DateTime::from_timestamp_micros)
            .ok_or_else(|| self.corrupt(column, "a time beyond all calendars"))
    }

    fn text(&mut self, column: &'static str) -> Result<&'a str, StoreError> {
        let bytes = self.bytes(column)?;
        self.as_text(column, bytes)
    }
}
