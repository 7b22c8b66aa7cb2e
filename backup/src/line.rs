//! An event, or the record of a command, as a line of JSON.

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use domain::{CommandId, Envelope, EventId, Position, Version};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use store::{EventPlace, Names, StoredCommand, StoredEvent};
use uuid::Uuid;

/// JSON as it is stored, byte for byte: as a part of the line where that keeps its bytes, else, as where
/// it has line breaks, in Base64.
struct Json {
    plain: Option<Box<RawValue>>,
    base64: Option<String>,
}

impl Json {
    fn of(bytes: &[u8]) -> Self {
        let plain = serde_json::from_slice::<Box<RawValue>>(bytes).ok();
        let plain = plain.filter(|plain| {
            let kept = plain.get().as_bytes() == bytes && !bytes.contains(&b'\n');
            // That is nothing at all where it is read.
            kept && bytes != b"null"
        });
        let base64 = plain.is_none().then(|| BASE64.encode(bytes));
        Self { plain, base64 }
    }

    /// None where there was none.
    fn into_bytes(self) -> Result<Option<Vec<u8>>, String> {
        match (self.plain, self.base64) {
            (Some(plain), None) => Ok(Some(plain.get().as_bytes().to_vec())),
            (None, Some(base64)) => match BASE64.decode(base64) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(error) => Err(error.to_string()),
            },
            (None, None) => Ok(None),
            (Some(_), Some(_)) => Err("it has its content twice".into()),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventLine {
    position: i64,
    stream: String,
    version: i64,
    #[serde(rename = "type")]
    event_type: String,
    schema_version: i16,
    event_id: Uuid,
    occurred_at: DateTime<Utc>,
    recorded_at: DateTime<Utc>,
    tenant: String,
    actor: String,
    command_id: Uuid,
    correlation_id: Uuid,
    causation_id: Option<Uuid>,
    traceparent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload_base64: Option<String>,
}

/// The line of `event`, without its end.
pub(crate) fn of_event(event: &StoredEvent) -> Result<Vec<u8>, serde_json::Error> {
    let (stream, tenant, actor) = event.stored_names();
    let envelope = &event.envelope;
    let payload = Json::of(&event.payload);
    serde_json::to_vec(&EventLine {
        position: envelope.position.get(),
        stream: stream.to_owned(),
        version: envelope.version.get(),
        event_type: event.event_type.clone(),
        schema_version: event.schema_version,
        event_id: envelope.event_id.uuid(),
        occurred_at: envelope.occurred_at,
        recorded_at: envelope.recorded_at,
        tenant: tenant.to_owned(),
        actor: actor.to_owned(),
        command_id: envelope.command_id.uuid(),
        correlation_id: envelope.correlation_id,
        causation_id: envelope.causation_id.map(|id| id.uuid()),
        traceparent: envelope.traceparent.clone(),
        payload: payload.plain,
        payload_base64: payload.base64,
    })
}

/// The event of a line.
pub(crate) fn to_event(line: &[u8]) -> Result<StoredEvent, String> {
    let line: EventLine = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let names = Names::read(&line.stream, &line.tenant, &line.actor);
    let payload = Json {
        plain: line.payload,
        base64: line.payload_base64,
    };
    let payload = payload.into_bytes()?.ok_or("it has no payload")?;
    Ok(StoredEvent {
        envelope: Envelope {
            event_id: EventId::new(line.event_id),
            stream: names.stream,
            version: Version::new(line.version),
            position: Position::new(line.position),
            occurred_at: line.occurred_at,
            recorded_at: line.recorded_at,
            tenant: names.tenant,
            actor: names.actor,
            command_id: CommandId::new(line.command_id),
            correlation_id: line.correlation_id,
            causation_id: line.causation_id.map(EventId::new),
            traceparent: line.traceparent,
        },
        event_type: line.event_type,
        schema_version: line.schema_version,
        payload: Bytes::from(payload),
        raw_names: names.raw,
    })
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CommandLine {
    command_id: Uuid,
    stream: String,
    version: i64,
    last_event: Option<PlaceLine>,
    recorded_at: DateTime<Utc>,
    fingerprint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refusal: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refusal_base64: Option<String>,
}

/// An event by its stream and its number there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlaceLine {
    stream: String,
    version: i64,
}

impl From<&EventPlace> for PlaceLine {
    fn from(place: &EventPlace) -> Self {
        Self {
            stream: place.stream.clone(),
            version: place.version.get(),
        }
    }
}

impl From<PlaceLine> for EventPlace {
    fn from(line: PlaceLine) -> Self {
        Self {
            stream: line.stream,
            version: Version::new(line.version),
        }
    }
}

/// The line of the record of a command, without its end.
pub(crate) fn of_command(record: &StoredCommand) -> Result<Vec<u8>, serde_json::Error> {
    let refusal = record
        .refusal
        .as_ref()
        .map(|json| Json::of(json.as_bytes()));
    let (refusal, refusal_base64) = refusal.map_or((None, None), |it| (it.plain, it.base64));
    serde_json::to_vec(&CommandLine {
        command_id: record.id.uuid(),
        stream: record.stream.clone(),
        version: record.version.get(),
        last_event: record.last_event.as_ref().map(PlaceLine::from),
        recorded_at: record.recorded_at,
        fingerprint: record
            .fingerprint
            .as_ref()
            .map(|digest| BASE64.encode(digest)),
        refusal,
        refusal_base64,
    })
}

/// The record of a line.
pub(crate) fn to_command(line: &[u8]) -> Result<StoredCommand, String> {
    let line: CommandLine = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let refusal = Json {
        plain: line.refusal,
        base64: line.refusal_base64,
    };
    let refusal = refusal.into_bytes()?.map(String::from_utf8).transpose();
    let fingerprint = line.fingerprint.map(|digest| BASE64.decode(digest));
    Ok(StoredCommand {
        id: CommandId::new(line.command_id),
        stream: line.stream,
        version: Version::new(line.version),
        last_event: line.last_event.map(EventPlace::from),
        recorded_at: line.recorded_at,
        fingerprint: fingerprint.transpose().map_err(|error| error.to_string())?,
        refusal: refusal.map_err(|error| error.to_string())?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_kept_byte_for_byte() {
        for json in [
            &br#"{"a":1.50,"b":"\u00e4"}"#[..],
            b"{\n  \"a\": 1\n}",
            b" {\"a\": 1} ",
            b"[1, 2]",
            b"not JSON",
            b"null",
            b"",
            &[0xff, 0x00],
        ] {
            let written = Json::of(json);
            if let Some(plain) = &written.plain {
                assert!(!plain.get().contains('\n'), "it breaks its line");
            }
            assert_eq!(written.into_bytes(), Ok(Some(json.to_vec())));
        }
    }
}
