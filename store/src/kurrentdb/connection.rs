//! The node that is asked: the one that leads, found again whenever it is lost.

use super::{
    discover,
    head::Seen,
    methods,
    names::Namespace,
    options::{Address, KurrentOptions},
    status::Meaning,
};
use crate::StoreError;
use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tonic::{
    Request, Status,
    client::Grpc,
    metadata::{Ascii, MetadataValue},
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity},
};

/// The largest answer that is taken. An event may have 16 MiB, and what is said of it is to fit too.
const LARGEST_ANSWER: usize = 32 << 20;

/// How often something that surely was not done is tried, each time with another connection.
pub(super) const ATTEMPTS: usize = 3;

/// A node, and the connection to it.
#[derive(Clone)]
pub(super) struct Node {
    channel: Channel,
    address: Address,
    generation: u64,
}

/// The way to the node that leads.
pub(super) struct Connections {
    options: KurrentOptions,
    tls: Option<ClientTlsConfig>,
    authorization: Option<MetadataValue<Ascii>>,
    connection_name: Option<MetadataValue<Ascii>>,
    current: Mutex<Current>,
    /// Held by whoever connects.
    connecting: tokio::sync::Mutex<()>,
    /// How far the log was looked through for its last event.
    seen: Mutex<Option<Seen>>,
}

#[derive(Default)]
struct Current {
    node: Option<Node>,
    /// Who is said to lead.
    leader: Option<Address>,
    generation: u64,
}

impl Current {
    const fn next_generation(&mut self) -> u64 {
        self.generation += 1;
        self.generation
    }

    /// Whether the connection is still the one to `node`.
    fn is(&self, node: &Node) -> bool {
        let current = self.node.as_ref();
        current.is_some_and(|it| it.generation == node.generation)
    }
}

impl Connections {
    /// Reads the files that the options name; connects with the first use.
    pub(super) fn new(options: KurrentOptions) -> Result<Self, StoreError> {
        let header = |text: Option<&str>, what: &str| {
            let value = text.map(MetadataValue::try_from);
            value.transpose().map_err(|source| StoreError::Failed {
                what: format!("the {what} of KurrentDB's connection string is not plain text"),
                source: source.into(),
            })
        };
        Ok(Self {
            tls: options.uses_tls().then(|| tls(&options)).transpose()?,
            authorization: header(options.authorization(), "user")?,
            connection_name: header(options.connection_name(), "connectionName")?,
            options,
            current: Mutex::default(),
            connecting: tokio::sync::Mutex::default(),
            seen: Mutex::default(),
        })
    }

    /// What streams are called.
    pub(super) const fn names(&self) -> &Namespace {
        self.options.names()
    }

    pub(super) const fn options(&self) -> &KurrentOptions {
        &self.options
    }

    /// The node that leads, as far as that is known.
    pub(super) async fn node(&self) -> Result<Node, StoreError> {
        if let Some(node) = self.current().node.clone() {
            return Ok(node);
        }
        // One connects, for all who wait here.
        let _connecting = self.connecting.lock().await;
        let leader = {
            let mut current = self.current();
            if let Some(node) = &current.node {
                return Ok(node.clone());
            }
            current.leader.take()
        };
        let address = match leader {
            Some(leader) => leader,
            None if self.options.is_cluster() => discover::leader(self).await?,
            None => self.options.seeds()[0].clone(),
        };
        let channel = self.connect(&address).await?;
        let node = Node {
            channel,
            address,
            generation: self.current().next_generation(),
        };
        methods::check(self, &node).await?;
        tracing::info!(node = %node, "connected to KurrentDB at {node}");
        self.current().node = Some(node.clone());
        Ok(node)
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        // Nothing in here panics half-way through a change.
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn seen(&self) -> Option<Seen> {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn remember(&self, seen: Option<Seen>) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = seen;
    }

    /// Learns from a refusal by `node`; says whether another node, or another connection, may do.
    pub(super) fn refused(&self, node: &Node, status: &Status) -> bool {
        let leader = match Meaning::of(status) {
            Meaning::NotLeader(leader) => leader,
            Meaning::Lost => None,
            _ => return false,
        };
        let mut current = self.current();
        if current.is(node) {
            tracing::warn!(node = %node, %status, "{node} is of no use any more");
            current.node = None;
            current.leader = leader;
        }
        true
    }

    /// `asked`, if anybody was, has not answered in time: the next asks over another connection,
    /// unless there is one by now, which others rely on.
    pub(super) fn doubt(&self, asked: Option<&Node>) {
        let Some(asked) = asked else {
            return;
        };
        let mut current = self.current();
        if current.is(asked) {
            tracing::warn!(node = %asked, "{asked} does not answer in time");
            current.node = None;
        }
    }

    /// A connection to one node.
    pub(super) async fn connect(&self, address: &Address) -> Result<Channel, StoreError> {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let configured = |error: tonic::transport::Error| StoreError::Failed {
            what: format!("connecting to KurrentDB at {address}"),
            source: error.into(),
        };
        let mut endpoint = Endpoint::from_shared(format!("{scheme}://{address}"))
            .map_err(configured)?
            .connect_timeout(self.options.connecting())
            .tcp_nodelay(true);
        if let Some((interval, timeout)) = self.options.keep_alive() {
            endpoint = endpoint
                .http2_keep_alive_interval(interval)
                .keep_alive_timeout(timeout)
                .keep_alive_while_idle(true);
        }
        if let Some(tls) = &self.tls {
            endpoint = endpoint.tls_config(tls.clone()).map_err(configured)?;
        }
        let connecting = tokio::time::timeout(self.options.connecting(), endpoint.connect());
        match connecting.await {
            Ok(Ok(channel)) => Ok(channel),
            Ok(Err(error)) => Err(StoreError::Unavailable(error.into())),
            Err(elapsed) => Err(StoreError::Unavailable(elapsed.into())),
        }
    }

    /// A request that only the node that leads may answer.
    pub(super) fn request<M>(&self, message: M, timeout: Option<Duration>) -> Request<M> {
        let mut request = Request::new(message);
        let headers = request.metadata_mut();
        headers.insert("requires-leader", MetadataValue::from_static("true"));
        self.identify(headers);
        if let Some(timeout) = timeout {
            request.set_timeout(timeout);
        }
        request
    }

    /// A request that any node may answer.
    pub(super) fn request_any<M>(&self, message: M, timeout: Duration) -> Request<M> {
        let mut request = Request::new(message);
        self.identify(request.metadata_mut());
        request.set_timeout(timeout);
        request
    }

    fn identify(&self, headers: &mut tonic::metadata::MetadataMap) {
        if let Some(authorization) = &self.authorization {
            headers.insert("authorization", authorization.clone());
        }
        if let Some(name) = &self.connection_name {
            headers.insert("connection-name", name.clone());
        }
    }
}

/// How calls are made over `channel`.
pub(super) fn calls(channel: Channel) -> Grpc<Channel> {
    Grpc::new(channel)
        .max_decoding_message_size(LARGEST_ANSWER)
        .max_encoding_message_size(LARGEST_ANSWER)
}

impl Node {
    /// How calls are made to it.
    pub(super) fn calls(&self) -> Grpc<Channel> {
        calls(self.channel.clone())
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)
    }
}

fn tls(options: &KurrentOptions) -> Result<ClientTlsConfig, StoreError> {
    let read = |path: &std::path::PathBuf| {
        std::fs::read(path).map_err(|error| StoreError::Failed {
            what: format!("reading {} for TLS to KurrentDB", path.display()),
            source: error.into(),
        })
    };
    let mut tls = match options.ca_file() {
        Some(path) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(read(path)?)),
        None => ClientTlsConfig::new().with_native_roots(),
    };
    if let Some((certificate, key)) = options.client_files() {
        tls = tls.identity(Identity::from_pem(read(certificate)?, read(key)?));
    }
    Ok(tls)
}
