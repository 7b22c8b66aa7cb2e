//! How an event is written as a NATS message: the payload is the event's JSON as it is stored, the
//! envelope is in headers, so that other subscribers can read both without this crate.

use super::headers::{escape, unescape};
use crate::broker::{BrokerError, Last, Message};
use async_nats::{HeaderMap, HeaderName};
use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use domain::{Envelope, Position, Version};
use std::{fmt::Display, str::FromStr};
use store::{Bookmark, Names, StoredEvent};

const EVENT_ID: HeaderName = HeaderName::from_static("Orders-Event-Id");
const POSITION: HeaderName = HeaderName::from_static("Orders-Position");
const PREVIOUS: HeaderName = HeaderName::from_static("Orders-Previous-Position");
const PREVIOUS_ID: HeaderName = HeaderName::from_static("Orders-Previous-Event-Id");
const EPOCH: HeaderName = HeaderName::from_static("Orders-Epoch");
const STREAM: HeaderName = HeaderName::from_static("Orders-Stream");
const VERSION: HeaderName = HeaderName::from_static("Orders-Version");
const TYPE: HeaderName = HeaderName::from_static("Orders-Type");
const SCHEMA: HeaderName = HeaderName::from_static("Orders-Schema-Version");
const TENANT: HeaderName = HeaderName::from_static("Orders-Tenant");
const ACTOR: HeaderName = HeaderName::from_static("Orders-Actor");
const COMMAND: HeaderName = HeaderName::from_static("Orders-Command-Id");
const CORRELATION: HeaderName = HeaderName::from_static("Orders-Correlation-Id");
const CAUSATION: HeaderName = HeaderName::from_static("Orders-Causation-Id");
const OCCURRED_AT: HeaderName = HeaderName::from_static("Orders-Occurred-At");
const RECORDED_AT: HeaderName = HeaderName::from_static("Orders-Recorded-At");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// `{prefix}.{tenant}.{category}`; `{prefix}.unreadable` if the names cannot be read, which may hold
/// anything.
pub(super) fn subject(prefix: &str, event: &StoredEvent) -> String {
    if event.raw_names.is_some() {
        return format!("{prefix}.unreadable");
    }
    let envelope = &event.envelope;
    let tenant = &envelope.tenant;
    format!("{prefix}.{tenant}.{}", envelope.stream.category().as_str())
}

/// All that is known of the event besides what happened.
pub(super) fn headers(message: &Message) -> HeaderMap {
    let event = &message.event;
    let envelope = &event.envelope;
    let mut headers = HeaderMap::new();
    headers.insert(EVENT_ID, envelope.event_id.to_string());
    headers.insert(POSITION, envelope.position.to_string());
    headers.insert(PREVIOUS, message.previous.position.to_string());
    if let Some(previous) = message.previous.event_id {
        headers.insert(PREVIOUS_ID, previous.to_string());
    }
    headers.insert(EPOCH, message.epoch.to_string());
    let (stream, tenant, actor) = event.stored_names();
    headers.insert(STREAM, escape(stream).as_ref());
    headers.insert(VERSION, envelope.version.to_string());
    headers.insert(TYPE, escape(&event.event_type).as_ref());
    headers.insert(SCHEMA, event.schema_version.to_string());
    headers.insert(TENANT, escape(tenant).as_ref());
    headers.insert(ACTOR, escape(actor).as_ref());
    headers.insert(COMMAND, envelope.command_id.to_string());
    headers.insert(CORRELATION, envelope.correlation_id.to_string());
    if let Some(causation_id) = envelope.causation_id {
        headers.insert(CAUSATION, causation_id.to_string());
    }
    headers.insert(OCCURRED_AT, time(envelope.occurred_at));
    headers.insert(RECORDED_AT, time(envelope.recorded_at));
    if let Some(traceparent) = &envelope.traceparent {
        headers.insert(TRACEPARENT, escape(traceparent).as_ref());
    }
    headers
}

/// Reads a message.
pub(super) fn parse(headers: Option<&HeaderMap>, payload: Bytes) -> Result<Message, BrokerError> {
    let headers = headers.ok_or_else(|| malformed(&POSITION, "is missing"))?;
    let names = Names::read(
        &required::<String>(headers, STREAM)?,
        &required::<String>(headers, TENANT)?,
        &required::<String>(headers, ACTOR)?,
    );
    let envelope = Envelope {
        event_id: required(headers, EVENT_ID)?,
        stream: names.stream,
        version: Version::new(required(headers, VERSION)?),
        position: position(headers, POSITION)?,
        occurred_at: moment(headers, OCCURRED_AT)?,
        recorded_at: moment(headers, RECORDED_AT)?,
        tenant: names.tenant,
        actor: names.actor,
        command_id: required(headers, COMMAND)?,
        correlation_id: required(headers, CORRELATION)?,
        causation_id: optional(headers, CAUSATION)?,
        traceparent: optional(headers, TRACEPARENT)?,
    };
    let previous = Bookmark {
        position: position(headers, PREVIOUS)?,
        event_id: optional(headers, PREVIOUS_ID)?,
    };
    if previous.position >= envelope.position {
        return Err(malformed(
            &PREVIOUS,
            "is not before the event's own position",
        ));
    }
    Ok(Message {
        previous,
        epoch: required(headers, EPOCH)?,
        event: StoredEvent {
            envelope,
            event_type: required(headers, TYPE)?,
            schema_version: required(headers, SCHEMA)?,
            payload,
            raw_names: names.raw,
        },
    })
}

/// What the message is, for somebody who only wants to know how far the stream is.
pub(super) fn last(headers: &HeaderMap) -> Last {
    let last = || {
        let at = Bookmark {
            position: position(headers, POSITION)?,
            event_id: Some(required(headers, EVENT_ID)?),
        };
        let epoch = required(headers, EPOCH)?;
        Ok::<_, BrokerError>(Last::Event { at, epoch })
    };
    last().unwrap_or(Last::Foreign)
}

fn required<T: FromStr<Err: Display>>(
    headers: &HeaderMap,
    name: HeaderName,
) -> Result<T, BrokerError> {
    let missing = malformed(&name, "is missing");
    optional(headers, name)?.ok_or(missing)
}

fn optional<T: FromStr<Err: Display>>(
    headers: &HeaderMap,
    name: HeaderName,
) -> Result<Option<T>, BrokerError> {
    let Some(value) = headers.get(name.clone()) else {
        return Ok(None);
    };
    let text = unescape(value.as_str()).ok_or_else(|| malformed(&name, "is wrongly escaped"))?;
    match text.parse() {
        Ok(value) => Ok(Some(value)),
        Err(error) => Err(malformed(&name, &error.to_string())),
    }
}

fn position(headers: &HeaderMap, name: HeaderName) -> Result<Position, BrokerError> {
    let number: i64 = required(headers, name.clone())?;
    if number < 0 {
        return Err(malformed(&name, "is negative"));
    }
    Ok(Position::new(number))
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

fn moment(headers: &HeaderMap, name: HeaderName) -> Result<DateTime<Utc>, BrokerError> {
    required::<DateTime<Utc>>(headers, name)
}

fn malformed(name: &HeaderName, problem: &str) -> BrokerError {
    BrokerError::Malformed(format!("header {name} {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Actor, CommandId, EventId, TenantId};
    use uuid::Uuid;

    fn message(causation_id: Option<EventId>, traceparent: Option<&str>) -> Message {
        let command_id = CommandId::new(Uuid::from_u128(7));
        Message {
            previous: Bookmark {
                position: Position::new(40),
                event_id: Some(EventId::of(command_id, 9)),
            },
            epoch: Uuid::from_u128(1),
            event: StoredEvent {
                envelope: Envelope {
                    event_id: EventId::of(command_id, 0),
                    stream: "stock-acme.main.50% OFF".parse().unwrap(),
                    version: Version::new(3),
                    position: Position::new(42),
                    occurred_at: DateTime::from_timestamp_micros(1_700_000_000_123_456).unwrap(),
                    recorded_at: DateTime::from_timestamp_micros(1_700_000_000_223_456).unwrap(),
                    tenant: TenantId::parse("acme").unwrap(),
                    actor: Actor::parse(" odd one ").unwrap(),
                    command_id,
                    correlation_id: Uuid::from_u128(9),
                    causation_id,
                    traceparent: traceparent.map(Into::into),
                },
                event_type: "StockReceived".into(),
                schema_version: 1,
                payload: Bytes::from_static(br#"{"quantity":1}"#),
                raw_names: None,
            },
        }
    }

    #[test]
    fn a_message_comes_back_as_it_was() {
        let cause = EventId::new(Uuid::from_u128(5));
        for message in [
            message(None, None),
            message(Some(cause), Some("00-ab-cd-01")),
        ] {
            let headers = headers(&message);
            let parsed = parse(Some(&headers), message.event.payload.clone()).unwrap();
            assert_eq!(parsed, message);
            let end = Last::Event {
                at: Bookmark::at(&message.event.envelope),
                epoch: message.epoch,
            };
            assert_eq!(last(&headers), end);
        }
    }

    #[test]
    fn the_subject_tells_tenant_and_category() {
        let message = message(None, None);
        assert_eq!(
            subject("orders.events", &message.event),
            "orders.events.acme.stock"
        );
    }

    #[test]
    fn names_that_cannot_be_read_come_through_as_they_are() {
        let names = ("parcel-acme.1 > 0", "Acme & Söhne", "\u{7}");
        let mut message = message(None, None);
        let read = Names::read(names.0, names.1, names.2);
        message.event.envelope.stream = read.stream;
        message.event.envelope.tenant = read.tenant;
        message.event.envelope.actor = read.actor;
        message.event.raw_names = read.raw;
        let subject = subject("orders.events", &message.event);
        assert_eq!(subject, "orders.events.unreadable");
        let parsed = parse(Some(&headers(&message)), message.event.payload.clone()).unwrap();
        assert_eq!(parsed, message);
        assert_eq!(parsed.event.stored_names(), names);
        let error = parsed.event.decode().unwrap_err();
        assert!(error.to_string().contains(names.0), "{error}");
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let good = headers(&message(None, None));
        let error =
            |headers: &HeaderMap| parse(Some(headers), Bytes::new()).unwrap_err().to_string();
        for name in [POSITION, PREVIOUS, EPOCH, STREAM, TYPE, OCCURRED_AT] {
            let others = good.iter().filter(|(other, _)| **other != name);
            let others = others
                .map(|(name, values)| (name.clone(), values[0].clone()))
                .collect();
            assert!(error(&others).contains(&format!("header {name} is missing")));
        }
        let mut wrong = good.clone();
        wrong.insert(PREVIOUS, "42");
        assert!(error(&wrong).contains("is not before the event's own position"));
        assert!(parse(None, Bytes::new()).is_err());
        assert_eq!(last(&HeaderMap::new()), Last::Foreign);
    }
}
