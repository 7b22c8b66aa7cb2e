//! `event_store.client.streams.Streams/Read`: streams, all events, and subscriptions.

use super::{Empty, StreamIdentifier, UuidMessage};
use bytes::Bytes;
use std::collections::HashMap;

/// What to read.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ReadRequest {
    /// Always there.
    #[prost(message, optional, tag = "1")]
    pub options: Option<ReadOptions>,
}

/// What to read, and how.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ReadOptions {
    /// A stream, or all.
    #[prost(oneof = "StreamOption", tags = "1, 2")]
    pub stream: Option<StreamOption>,
    /// Forwards or backwards.
    #[prost(enumeration = "Direction", tag = "3")]
    pub direction: i32,
    /// Whether links are followed. Never.
    #[prost(bool, tag = "4")]
    pub resolve_links: bool,
    /// How many, or for ever.
    #[prost(oneof = "CountOption", tags = "5, 6")]
    pub count: Option<CountOption>,
    /// Which events.
    #[prost(oneof = "FilterOption", tags = "7, 8")]
    pub filter: Option<FilterOption>,
    /// How UUIDs are written.
    #[prost(message, optional, tag = "9")]
    pub uuid: Option<UuidOption>,
    /// What the client understands.
    #[prost(message, optional, tag = "10")]
    pub control: Option<ControlOption>,
}

/// A stream, or all.
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum StreamOption {
    /// One stream.
    #[prost(message, tag = "1")]
    Stream(StreamOptions),
    /// All events.
    #[prost(message, tag = "2")]
    All(AllOptions),
}

/// From where a stream is read.
#[derive(Clone, PartialEq, prost::Message)]
pub struct StreamOptions {
    /// The stream.
    #[prost(message, optional, tag = "1")]
    pub stream: Option<StreamIdentifier>,
    /// The first revision that is read.
    #[prost(oneof = "RevisionOption", tags = "2, 3, 4")]
    pub revision: Option<RevisionOption>,
}

/// The first revision that is read.
#[derive(Clone, Copy, PartialEq, Eq, prost::Oneof)]
pub enum RevisionOption {
    /// This one.
    #[prost(uint64, tag = "2")]
    Revision(u64),
    /// The first there is.
    #[prost(message, tag = "3")]
    Start(Empty),
    /// The last there is; of a subscription, the next.
    #[prost(message, tag = "4")]
    End(Empty),
}

/// From where all events are read.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct AllOptions {
    /// The first position.
    #[prost(oneof = "AllOption", tags = "1, 2, 3")]
    pub from: Option<AllOption>,
}

/// The first position that is read; backwards it is not read itself.
#[derive(Clone, Copy, PartialEq, Eq, prost::Oneof)]
pub enum AllOption {
    /// This one.
    #[prost(message, tag = "1")]
    Position(LogPosition),
    /// The first there is.
    #[prost(message, tag = "2")]
    Start(Empty),
    /// The end.
    #[prost(message, tag = "3")]
    End(Empty),
}

/// A position in the log.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct LogPosition {
    /// Where it was committed.
    #[prost(uint64, tag = "1")]
    pub commit: u64,
    /// Where it was prepared.
    #[prost(uint64, tag = "2")]
    pub prepare: u64,
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
#[repr(i32)]
pub enum Direction {
    /// From old to new.
    Forwards = 0,
    /// From new to old.
    Backwards = 1,
}

/// How many events, or for ever.
#[derive(Clone, Copy, PartialEq, Eq, prost::Oneof)]
pub enum CountOption {
    /// At most so many.
    #[prost(uint64, tag = "5")]
    Count(u64),
    /// Those to come as well.
    #[prost(message, tag = "6")]
    Subscription(Subscription),
}

/// Asks for what is to come as well.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct Subscription {}

/// Which events.
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum FilterOption {
    /// Those that match.
    #[prost(message, tag = "7")]
    Filter(FilterOptions),
    /// All.
    #[prost(message, tag = "8")]
    None(Empty),
}

/// Which events of all.
#[derive(Clone, PartialEq, prost::Message)]
pub struct FilterOptions {
    /// By stream or by type.
    #[prost(oneof = "Filter", tags = "1, 2")]
    pub filter: Option<Filter>,
    /// How many events are searched before a sign of life.
    #[prost(oneof = "Window", tags = "3, 4")]
    pub window: Option<Window>,
    /// How many windows a checkpoint is away from the next.
    #[prost(uint32, tag = "5")]
    pub checkpoint_interval: u32,
}

/// By what events are chosen.
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum Filter {
    /// The name of the stream.
    #[prost(message, tag = "1")]
    Stream(Expression),
    /// The type.
    #[prost(message, tag = "2")]
    EventType(Expression),
}

/// What a text must be like.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Expression {
    /// A regular expression; none is empty.
    #[prost(string, tag = "1")]
    pub regex: String,
    /// How it may begin.
    #[prost(string, repeated, tag = "2")]
    pub prefix: Vec<String>,
}

/// How many events are searched before a sign of life.
#[derive(Clone, Copy, PartialEq, Eq, prost::Oneof)]
pub enum Window {
    /// At most so many.
    #[prost(uint32, tag = "3")]
    Max(u32),
    /// Without one.
    #[prost(message, tag = "4")]
    Count(Empty),
}

/// How UUIDs are written.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct UuidOption {
    /// As text, or not at all.
    #[prost(oneof = "UuidText", tags = "2")]
    pub content: Option<UuidText>,
}

/// As text.
#[derive(Clone, Copy, PartialEq, Eq, prost::Oneof)]
pub enum UuidText {
    /// As text.
    #[prost(message, tag = "2")]
    Text(Empty),
}

/// What the client understands.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct ControlOption {
    /// 1: it is told where streams begin and end.
    #[prost(uint32, tag = "1")]
    pub compatibility: u32,
}

/// One of many answers.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ReadResponse {
    /// What it says; none if this client does not know it.
    #[prost(oneof = "Content", tags = "1, 2, 4, 8")]
    pub content: Option<Content>,
}

/// What an answer says.
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum Content {
    /// An event.
    #[prost(message, tag = "1")]
    Event(ReadEvent),
    /// The subscription has begun.
    #[prost(message, tag = "2")]
    Subscribed(Subscribed),
    /// There is no such stream.
    #[prost(message, tag = "4")]
    StreamNotFound(StreamNotFound),
    /// The subscription has given all there was.
    #[prost(message, tag = "8")]
    CaughtUp(CaughtUp),
}

/// The subscription has begun.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Subscribed {
    /// Its id.
    #[prost(string, tag = "1")]
    pub id: String,
}

/// There is no such stream.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct StreamNotFound {
    /// Its name.
    #[prost(message, optional, tag = "1")]
    pub stream: Option<StreamIdentifier>,
}

/// The subscription has given all there was.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct CaughtUp {
    /// The server's time then.
    #[prost(message, optional, tag = "1")]
    pub timestamp: Option<Timestamp>,
}

/// A time.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct Timestamp {
    /// Since 1970.
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    /// And so much more.
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

/// An event as it is read.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ReadEvent {
    /// The event.
    #[prost(message, optional, tag = "1")]
    pub event: Option<RecordedEvent>,
}

/// An event as it is stored.
#[derive(Clone, PartialEq, prost::Message)]
pub struct RecordedEvent {
    /// Its id.
    #[prost(message, optional, tag = "1")]
    pub id: Option<UuidMessage>,
    /// Its stream.
    #[prost(message, optional, tag = "2")]
    pub stream: Option<StreamIdentifier>,
    /// Its number in the stream, from 0.
    #[prost(uint64, tag = "3")]
    pub revision: u64,
    /// Where it was prepared.
    #[prost(uint64, tag = "4")]
    pub prepare_position: u64,
    /// Where it was committed.
    #[prost(uint64, tag = "5")]
    pub commit_position: u64,
    /// What the server says of it: `type`, `content-type`, `created`.
    #[prost(map = "string, string", tag = "6")]
    pub metadata: HashMap<String, String>,
    /// What the client says of it, as JSON.
    #[prost(bytes = "bytes", tag = "7")]
    pub custom_metadata: Bytes,
    /// Its payload.
    #[prost(bytes = "bytes", tag = "8")]
    pub data: Bytes,
}
