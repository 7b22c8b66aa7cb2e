//! What a refusal says in its details: `google.rpc.Status` and what KurrentDB puts into it.

use bytes::Bytes;

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct RichStatus {
    /// The code.
    #[prost(int32, tag = "1")]
    pub code: i32,
    /// For people.
    #[prost(string, tag = "2")]
    pub message: String,
    /// For programs.
    #[prost(message, repeated, tag = "3")]
    pub details: Vec<Any>,
}

/// A message of some type.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Any {
    /// Ends with the type's full name.
    #[prost(string, tag = "1")]
    pub type_url: String,
    /// The message.
    #[prost(bytes = "bytes", tag = "2")]
    pub value: Bytes,
}

/// Nothing was appended: this was not so.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ConsistencyViolations {
    /// All that was not so.
    #[prost(message, repeated, tag = "1")]
    pub violations: Vec<ConsistencyViolation>,
}

/// What was not so.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ConsistencyViolation {
    /// Which check.
    #[prost(int32, tag = "1")]
    pub check_index: i32,
    /// Where the stream is.
    #[prost(message, optional, tag = "2")]
    pub stream_state: Option<StreamStateViolation>,
}

/// A stream is not in the state that was expected.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct StreamStateViolation {
    /// The stream.
    #[prost(string, tag = "1")]
    pub stream: String,
    /// What was expected.
    #[prost(sint64, tag = "2")]
    pub expected: i64,
    /// Its last revision; below zero if there is none, for one reason or another.
    #[prost(sint64, tag = "3")]
    pub actual: i64,
}

/// Nothing was appended: it was too much at once.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct TransactionTooLarge {
    /// So many bytes were to be appended.
    #[prost(int32, tag = "1")]
    pub size: i32,
    /// So many may be.
    #[prost(int32, tag = "2")]
    pub max_size: i32,
}

/// Nothing was done: another node leads.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct NotLeader {
    /// The one that does.
    #[prost(message, optional, tag = "1")]
    pub leader: Option<NodeInfo>,
}

/// A node.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct NodeInfo {
    /// Its name or address.
    #[prost(string, tag = "1")]
    pub host: String,
    /// Its port.
    #[prost(int32, tag = "2")]
    pub port: i32,
}
