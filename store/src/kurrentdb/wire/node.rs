//! What a node says of itself and of its cluster.

use super::Empty;

/// `event_store.client.gossip.Gossip/Read` asks for nothing.
pub type GossipReadRequest = Empty;

/// The nodes of the cluster, as one of them knows them.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Members {
    /// Each.
    #[prost(message, repeated, tag = "1")]
    pub members: Vec<Member>,
}

/// A node of the cluster.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Member {
    /// What it does.
    #[prost(enumeration = "VNodeState", tag = "3")]
    pub state: i32,
    /// Whether it is alive.
    #[prost(bool, tag = "4")]
    pub is_alive: bool,
    /// Where it is.
    #[prost(message, optional, tag = "5")]
    pub end_point: Option<EndPoint>,
}

/// What a node does, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
#[repr(i32)]
pub enum VNodeState {
    /// It has just started.
    Initializing = 0,
    /// It follows.
    Follower = 6,
    /// It leads.
    Leader = 8,
}

/// Where a node is.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct EndPoint {
    /// Its name or address.
    #[prost(string, tag = "1")]
    pub address: String,
    /// Its port.
    #[prost(uint32, tag = "2")]
    pub port: u32,
}

/// `event_store.client.server_features.ServerFeatures/GetSupportedMethods`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct SupportedMethods {
    /// Each.
    #[prost(message, repeated, tag = "1")]
    pub methods: Vec<SupportedMethod>,
    /// The server's version.
    #[prost(string, tag = "2")]
    pub version: String,
}

/// A method that the server has.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct SupportedMethod {
    /// Its name, in lower case.
    #[prost(string, tag = "1")]
    pub method: String,
    /// Its service's full name, in lower case.
    #[prost(string, tag = "2")]
    pub service: String,
}
