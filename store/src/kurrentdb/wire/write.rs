//! `kurrentdb.protocol.v2.streams.StreamsService/AppendRecords`: records for several streams, in
//! one order and on conditions, all of it or nothing. Servers have it from 26.1.

use bytes::Bytes;
use std::collections::HashMap;

/// The state of a stream that is not there.
pub const NO_STREAM: i64 = -1;

/// What is to be appended, and on which conditions.
#[derive(Clone, PartialEq, prost::Message)]
pub struct AppendRecords {
    /// In the order of the log; at least one.
    #[prost(message, repeated, tag = "1")]
    pub records: Vec<AppendRecord>,
    /// What must be so; each stream at most once, and names are compared without regard to case.
    #[prost(message, repeated, tag = "2")]
    pub checks: Vec<Check>,
}

/// An event to be appended.
#[derive(Clone, PartialEq, prost::Message)]
pub struct AppendRecord {
    /// Its id.
    #[prost(string, optional, tag = "1")]
    pub record_id: Option<String>,
    /// What is said of it.
    #[prost(map = "string, message", tag = "2")]
    pub properties: HashMap<String, Property>,
    /// Its type.
    #[prost(message, optional, tag = "3")]
    pub schema: Option<Schema>,
    /// Its payload.
    #[prost(bytes = "bytes", tag = "4")]
    pub data: Bytes,
    /// Its stream.
    #[prost(string, tag = "5")]
    pub stream: String,
}

/// A value of `google.protobuf`, as far as this client writes them.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Property {
    /// The value.
    #[prost(oneof = "PropertyKind", tags = "3")]
    pub kind: Option<PropertyKind>,
}

/// The value.
#[derive(Clone, PartialEq, Eq, prost::Oneof)]
pub enum PropertyKind {
    /// A text.
    #[prost(string, tag = "3")]
    Text(String),
}

impl Property {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            kind: Some(PropertyKind::Text(text.into())),
        }
    }
}

/// The type of an event.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Schema {
    /// How the payload is written.
    #[prost(enumeration = "SchemaFormat", tag = "1")]
    pub format: i32,
    /// The type's name.
    #[prost(string, tag = "2")]
    pub name: String,
}

/// How a payload is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
#[repr(i32)]
pub enum SchemaFormat {
    /// Not said.
    Unspecified = 0,
    /// As JSON.
    Json = 1,
}

/// A condition.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Check {
    /// What must be so.
    #[prost(oneof = "CheckKind", tags = "1")]
    pub kind: Option<CheckKind>,
}

/// What must be so.
#[derive(Clone, PartialEq, Eq, prost::Oneof)]
pub enum CheckKind {
    /// A stream is in a state.
    #[prost(message, tag = "1")]
    StreamState(StreamState),
}

/// A stream must be in a state.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct StreamState {
    /// The stream.
    #[prost(string, tag = "1")]
    pub stream: String,
    /// Its last revision, or [`NO_STREAM`].
    #[prost(sint64, tag = "2")]
    pub expected: i64,
}

impl Check {
    /// `stream` must be at `expected`.
    pub fn state(stream: String, expected: i64) -> Self {
        Self {
            kind: Some(CheckKind::StreamState(StreamState { stream, expected })),
        }
    }
}

/// It is appended.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Appended {
    /// Where the streams are now.
    #[prost(message, repeated, tag = "1")]
    pub revisions: Vec<StreamRevision>,
    /// The position of the last record.
    #[prost(sint64, tag = "2")]
    pub position: i64,
}

/// Where a stream is.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct StreamRevision {
    /// The stream.
    #[prost(string, tag = "1")]
    pub stream: String,
    /// Its last revision.
    #[prost(sint64, tag = "2")]
    pub revision: i64,
}
