//! How to reach the servers, and the bounds of doing so.

mod address;

use super::names::Namespace;
use crate::StoreError;
pub use address::Address;
use address::Parsed;
use std::{fmt, path::PathBuf, time::Duration};

/// How to reach the servers, and the bounds of doing so.
#[derive(Clone)]
pub struct KurrentOptions {
    parsed: Parsed,
    namespace: Namespace,
    follow: bool,
    keep_commands: Duration,
    connect_timeout: Duration,
    read_timeout: Duration,
    append_timeout: Duration,
    append_bytes: usize,
}

impl KurrentOptions {
    /// Whether `url` is a connection string of KurrentDB.
    pub fn are_of(url: &str) -> bool {
        address::names_kurrentdb(url)
    }

    /// The servers that a connection string names:
    /// `kurrentdb://user:password@host:port,…?tls=true`, also with `+discover`, `esdb://` and
    /// `kdb://`. Several hosts, or one with `+discover`, are asked which of their cluster leads.
    ///
    /// Understood are `tls`, `tlsCaFile`, `userCertFile`, `userKeyFile`, `keepAliveInterval`,
    /// `keepAliveTimeout`, `defaultDeadline`, `gossipTimeout`, `maxDiscoverAttempts`,
    /// `discoveryInterval`, `nodePreference=leader` and `connectionName`. Anything else is refused.
    pub fn parse(url: &str) -> Result<Self, StoreError> {
        let parsed = address::parse(url).map_err(|problem| StoreError::Failed {
            what: "reading the connection string of KurrentDB".into(),
            source: problem.into(),
        })?;
        let deadline = parsed.default_deadline;
        Ok(Self {
            namespace: Namespace::new("orders"),
            follow: false,
            keep_commands: Duration::from_secs(30 * 24 * 60 * 60),
            connect_timeout: Duration::from_secs(5),
            read_timeout: deadline.unwrap_or(Duration::from_secs(15)),
            append_timeout: deadline.unwrap_or(Duration::from_secs(5)),
            append_bytes: 900 << 10,
            parsed,
        })
    }

    /// What the names of all streams begin with; `orders` unless told otherwise. Lower-case letters
    /// and digits, so that no other store's begin so too.
    pub fn namespace(mut self, name: &str) -> Result<Self, StoreError> {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        if !(1..=40).contains(&name.len()) || !name.bytes().all(is_plain) {
            return Err(StoreError::Failed {
                what: "naming the streams of KurrentDB".into(),
                source: "a namespace is 1 to 40 characters of a-z and 0-9".into(),
            });
        }
        self.namespace = Namespace::new(name);
        Ok(self)
    }

    /// Also listens to what other processes append, to hint at a moved head. Not needed where one
    /// process does everything.
    #[must_use]
    pub fn follow_others(mut self, follow: bool) -> Self {
        self.follow = follow;
        self
    }

    /// After how long the server may drop records of commands (`$maxAge` of their streams), 30 days
    /// unless told otherwise. Not sooner than they are forgotten.
    #[must_use]
    pub fn keep_commands(mut self, keep: Duration) -> Self {
        self.keep_commands = keep.max(Duration::from_secs(1));
        self
    }

    /// How long a connection may take to be made; 5 s unless told otherwise.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long a read may take; 15 s unless told otherwise here or by `defaultDeadline`.
    #[must_use]
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.read_timeout = timeout;
        self
    }

    /// How long an append may take before it is given up as unknown; 5 s unless told otherwise here
    /// or by `defaultDeadline`.
    #[must_use]
    pub fn append_timeout(mut self, timeout: Duration) -> Self {
        self.append_timeout = timeout;
        self
    }

    /// About how many bytes are appended at once, unless one command alone has more: less than the
    /// server's `MaxAppendSize`, which is 1 MiB unless told otherwise. 900 KiB unless told otherwise.
    #[must_use]
    pub fn append_bytes(mut self, bytes: usize) -> Self {
        self.append_bytes = bytes;
        self
    }

    pub(super) const fn names(&self) -> &Namespace {
        &self.namespace
    }

    pub(super) fn seeds(&self) -> &[Address] {
        &self.parsed.seeds
    }

    /// Whether the servers are asked which of them leads.
    pub(super) fn is_cluster(&self) -> bool {
        self.parsed.discover || self.parsed.seeds.len() > 1
    }

    pub(super) const fn uses_tls(&self) -> bool {
        self.parsed.tls
    }

    pub(super) fn ca_file(&self) -> Option<&PathBuf> {
        self.parsed.ca_file.as_ref()
    }

    /// The client's certificate and its key.
    pub(super) fn client_files(&self) -> Option<(&PathBuf, &PathBuf)> {
        self.parsed
            .cert_file
            .as_ref()
            .zip(self.parsed.key_file.as_ref())
    }

    /// The value of the header `authorization`.
    pub(super) fn authorization(&self) -> Option<&str> {
        self.parsed.authorization.as_deref()
    }

    pub(super) fn connection_name(&self) -> Option<&str> {
        self.parsed.connection_name.as_deref()
    }

    /// Between signs of life, and how long one may take; none if they are off.
    pub(super) const fn keep_alive(&self) -> Option<(Duration, Duration)> {
        match self.parsed.keep_alive_interval {
            Some(interval) => Some((interval, self.parsed.keep_alive_timeout)),
            None => None,
        }
    }

    pub(super) const fn gossip_timeout(&self) -> Duration {
        self.parsed.gossip_timeout
    }

    pub(super) const fn discover_attempts(&self) -> u32 {
        self.parsed.discover_attempts
    }

    pub(super) const fn discovery_interval(&self) -> Duration {
        self.parsed.discovery_interval
    }

    pub(super) const fn follows_others(&self) -> bool {
        self.follow
    }

    pub(super) const fn keeping_commands(&self) -> Duration {
        self.keep_commands
    }

    pub(super) const fn connecting(&self) -> Duration {
        self.connect_timeout
    }

    pub(super) const fn reading(&self) -> Duration {
        self.read_timeout
    }

    pub(super) const fn appending(&self) -> Duration {
        self.append_timeout
    }

    pub(super) const fn bytes_at_once(&self) -> usize {
        self.append_bytes
    }
}

impl fmt::Debug for KurrentOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The connection string holds a password.
        f.debug_struct("KurrentOptions")
            .field("seeds", &self.parsed.seeds)
            .field("discover", &self.parsed.discover)
            .field("tls", &self.parsed.tls)
            .field("namespace", &self.namespace)
            .field("follow", &self.follow)
            .field("keep_commands", &self.keep_commands)
            .field("connect_timeout", &self.connect_timeout)
            .field("read_timeout", &self.read_timeout)
            .field("append_timeout", &self.append_timeout)
            .field("append_bytes", &self.append_bytes)
            .finish_non_exhaustive()
    }
}
