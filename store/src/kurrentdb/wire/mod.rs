//! The messages of the calls that are made, as far as they are used; fields are numbered as
//! KurrentDB's published protocol numbers them, and those that are not named here are passed over.

mod error;
mod node;
mod read;
mod write;

pub use error::{
    Any, ConsistencyViolation, ConsistencyViolations, NodeInfo, NotLeader, RichStatus,
    StreamStateViolation, TransactionTooLarge,
};
pub use node::{
    EndPoint, GossipReadRequest, Member, Members, SupportedMethod, SupportedMethods, VNodeState,
};
pub use read::{
    AllOption, AllOptions, CaughtUp, Content, ControlOption, CountOption, Direction, Expression,
    Filter, FilterOption, FilterOptions, LogPosition, ReadEvent, ReadOptions, ReadRequest,
    ReadResponse, RecordedEvent, RevisionOption, StreamNotFound, StreamOption, StreamOptions,
    Subscribed, Subscription, Timestamp, UuidOption, UuidText, Window,
};
pub use write::{
    AppendRecord, AppendRecords, Appended, Check, CheckKind, NO_STREAM, Property, PropertyKind,
    Schema, SchemaFormat, StreamRevision, StreamState,
};

/// A message without fields.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct Empty {}

/// The name of a stream.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct StreamIdentifier {
    /// In UTF-8.
    #[prost(bytes = "vec", tag = "3")]
    pub stream_name: Vec<u8>,
}

impl StreamIdentifier {
    /// Of the stream `name`.
    pub fn of(name: &str) -> Self {
        Self {
            stream_name: name.as_bytes().to_vec(),
        }
    }
}

/// A UUID, as this client asks for them: as text.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct UuidMessage {
    /// With hyphens.
    #[prost(string, tag = "2")]
    pub string: String,
}
