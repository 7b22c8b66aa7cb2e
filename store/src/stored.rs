//! Events as they are stored.

use crate::Undecodable;
use bytes::Bytes;
use domain::{Actor, DecodeError, Envelope, Event, Recorded, StreamId, TenantId};
use std::{fmt::Display, str::FromStr, sync::Arc};

/// An event as it is stored: its payload is not looked into.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEvent {
    /// Where, when, by whom and why.
    pub envelope: Envelope,
    /// Its stored type name.
    pub event_type: String,
    /// The version of its payload's shape.
    pub schema_version: i16,
    /// Its payload, as JSON.
    pub payload: Bytes,
    /// The names in the envelope as they are stored, if this build cannot read one of them: that one
    /// is a stand-in in the envelope then.
    pub raw_names: Option<Arc<RawNames>>,
}

/// Names as they are stored, of which this build cannot read at least one: another may have written
/// them, as one that knows more kinds of streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawNames {
    /// Of the stream.
    pub stream: String,
    /// Of the tenant.
    pub tenant: String,
    /// Of the actor.
    pub actor: String,
    /// Which one cannot be read, and why.
    pub problem: String,
}

/// The names of an envelope, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Names {
    /// Of the stream.
    pub stream: StreamId,
    /// Of the tenant.
    pub tenant: TenantId,
    /// Of the actor.
    pub actor: Actor,
    /// As they are stored, if one of them cannot be read.
    pub raw: Option<Arc<RawNames>>,
}

impl Names {
    /// Reads names as they are stored. What cannot be read gets a stand-in, so that the event keeps
    /// its place.
    pub fn read(stream: &str, tenant: &str, actor: &str) -> Self {
        Self::from_parsed(
            (stream, stream.parse()),
            (tenant, tenant.parse()),
            (actor, actor.parse()),
        )
    }

    /// The same for what was parsed by somebody else.
    pub(crate) fn from_parsed(
        stream: (&str, Result<StreamId, <StreamId as FromStr>::Err>),
        tenant: (&str, Result<TenantId, <TenantId as FromStr>::Err>),
        actor: (&str, Result<Actor, <Actor as FromStr>::Err>),
    ) -> Self {
        let mut problem = None;
        let names = (
            or_stand_in(
                "stream",
                stream.1,
                "stock-unreadable.unreadable.unreadable",
                &mut problem,
            ),
            or_stand_in("tenant", tenant.1, "unreadable", &mut problem),
            or_stand_in("actor", actor.1, "unreadable", &mut problem),
        );
        let raw = problem.map(|problem| {
            Arc::new(RawNames {
                stream: stream.0.to_owned(),
                tenant: tenant.0.to_owned(),
                actor: actor.0.to_owned(),
                problem,
            })
        });
        Self {
            stream: names.0,
            tenant: names.1,
            actor: names.2,
            raw,
        }
    }
}

fn or_stand_in<T: FromStr<Err: Display>>(
    what: &str,
    parsed: Result<T, T::Err>,
    stand_in: &str,
    problem: &mut Option<String>,
) -> T {
    parsed.unwrap_or_else(|error| {
        problem.get_or_insert_with(|| format!("its {what} is not one: {error}"));
        let stand_in = stand_in.parse().map_err(|error: T::Err| error.to_string());
        stand_in.expect("the stand-ins are names")
    })
}

/// An event as a reader gets it: what this build cannot read keeps its place in the order.
pub type Delivered = Result<Recorded, Undecodable>;

impl StoredEvent {
    /// The event, if this build can read it.
    pub fn decode(self) -> Delivered {
        if let Some(raw) = self.raw_names {
            let source = DecodeError::Name {
                event_type: self.event_type,
                problem: raw.problem.clone(),
            };
            return Err(Undecodable {
                envelope: Arc::new(self.envelope),
                raw_names: Some(raw),
                source: Arc::new(source),
            });
        }
        match Event::decode(&self.event_type, self.schema_version, &self.payload) {
            Ok(event) => Ok(Recorded {
                envelope: self.envelope,
                event,
            }),
            Err(source) => Err(Undecodable {
                envelope: Arc::new(self.envelope),
                raw_names: None,
                source: Arc::new(source),
            }),
        }
    }

    /// The names of stream, tenant and actor, as they are stored.
    pub fn stored_names(&self) -> (&str, &str, &str) {
        match &self.raw_names {
            Some(raw) => (&raw.stream, &raw.tenant, &raw.actor),
            None => (
                self.envelope.stream.as_str(),
                self.envelope.tenant.as_str(),
                self.envelope.actor.as_str(),
            ),
        }
    }
}
