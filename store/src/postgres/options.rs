//! How to reach the database, and the bounds of doing so.

use crate::StoreError;
use sqlx::{ConnectOptions, postgres::PgConnectOptions};
use std::{fmt, str::FromStr, time::Duration};

/// The options of a session whose statements find rows by their keys, whatever the server last knew
/// of the size of a table: others would have it read through all of one that it takes for small.
pub const PLAN_BY_KEYS: [(&str, &str); 5] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("jit", "off"),
];

/// How to reach the database, and the bounds of doing so.
#[derive(Clone)]
pub struct PostgresOptions {
    url: String,
    require_durable: bool,
    signals_processes: bool,
    read_connections: u32,
    connect_timeout: Duration,
    statement_timeout: Duration,
    append_timeout: Duration,
}

impl PostgresOptions {
    /// The database at `url` (`postgres://user:password@host:port/database`).
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            require_durable: true,
            signals_processes: false,
            read_connections: 4,
            connect_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(15),
            append_timeout: Duration::from_secs(5),
        }
    }

    /// Also takes a server that may lose acknowledged events in a crash: for tests alone.
    #[must_use]
    pub fn accept_data_loss(mut self) -> Self {
        self.require_durable = false;
        self
    }

    /// Hints other processes at a moved head, and listens to theirs. Not needed where one process
    /// does everything.
    #[must_use]
    pub fn signal_processes(mut self, signal: bool) -> Self {
        self.signals_processes = signal;
        self
    }

    /// The most connections for reading; 4 unless told otherwise.
    #[must_use]
    pub fn read_connections(mut self, count: u32) -> Self {
        self.read_connections = count.max(1);
        self
    }

    /// How long a connection may take to be made; 5 s unless told otherwise.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long the server may work on a statement that reads; 15 s unless told otherwise.
    #[must_use]
    pub fn statement_timeout(mut self, timeout: Duration) -> Self {
        self.statement_timeout = timeout;
        self
    }

    /// How long an append may take, waiting for other writers included, before it is given up as
    /// unknown; 5 s unless told otherwise. Half of the lane's patience, so that it can try once more
    /// over another connection.
    #[must_use]
    pub fn append_timeout(mut self, timeout: Duration) -> Self {
        self.append_timeout = timeout;
        self
    }

    pub(super) const fn requires_durable(&self) -> bool {
        self.require_durable
    }

    pub(super) const fn signals_processes(&self) -> bool {
        self.signals_processes
    }

    pub(super) const fn readers(&self) -> usize {
        self.read_connections as usize
    }

    pub(super) const fn connecting(&self) -> Duration {
        self.connect_timeout
    }

    pub(super) const fn executing(&self) -> Duration {
        self.statement_timeout
    }

    pub(super) const fn appending(&self) -> Duration {
        self.append_timeout
    }

    /// What a connection is made with whose statements may take so long.
    pub(super) fn parse(
        &self,
        statement_timeout: Duration,
    ) -> Result<PgConnectOptions, StoreError> {
        let options =
            PgConnectOptions::from_str(&self.url).map_err(|source| StoreError::Failed {
                what: "reading the database's URL".into(),
                source: source.into(),
            })?;
        Ok(options
            .application_name("store")
            // Statements are logged here, where it is known what they are for.
            .disable_statement_logging()
            .options([
                (
                    "statement_timeout",
                    statement_timeout.as_millis().to_string().as_str(),
                ),
                // Sooner, so that it is told from a statement that is slow by itself.
                (
                    "lock_timeout",
                    (statement_timeout * 9 / 10)
                        .as_millis()
                        .to_string()
                        .as_str(),
                ),
                // What the statements rely on; the server's defaults may be others.
                ("default_transaction_isolation", "read committed"),
                ("default_transaction_read_only", "off"),
                ("timezone", "UTC"),
                ("enable_bitmapscan", "off"),
            ])
            // All statements are prepared, and all go by an index, however few rows there are when
            // they are planned: a plan made for an empty table must not be the one that meets a
            // million rows.
            .options(PLAN_BY_KEYS))
    }
}

impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL holds a password.
        f.debug_struct("PostgresOptions")
            .field("require_durable", &self.require_durable)
            .field("signals_processes", &self.signals_processes)
            .field("read_connections", &self.read_connections)
            .field("connect_timeout", &self.connect_timeout)
            .field("statement_timeout", &self.statement_timeout)
            .field("append_timeout", &self.append_timeout)
            .finish_non_exhaustive()
    }
}
