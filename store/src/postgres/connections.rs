//! A few connections, lent one at a time.
//!
//! sqlx's pool asks the server for a sign of life whenever a connection is given back, which costs
//! as much as a small read. Here a connection that is not explicitly given back is closed, so that
//! none that is in an unknown state is ever lent again, and nothing needs to be asked.

use super::{
    PostgresOptions,
    error::{is_lost, of_connecting, of_reading},
};
use crate::StoreError;
use futures::{Stream, TryStreamExt};
use sqlx::{
    ConnectOptions, Executor, PgConnection, Row,
    postgres::{PgArguments, PgConnectOptions, PgRow},
};
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, timeout},
};

/// How much longer than the server we wait before we give it up.
const GRACE: Duration = Duration::from_secs(3);

/// Leases are few, and their statements are short.
const LEASE_CONNECTIONS: usize = 2;
const LEASE_STATEMENTS: Duration = Duration::from_secs(2);

/// A statement that was called off after so long may have had nobody at the other end.
const SUSPICIOUS: Duration = Duration::from_secs(1);

/// So many unwanted rows are taken off a connection rather than that another is made.
const UNWANTED: usize = 1_024;

pub(crate) struct Connections {
    options: PgConnectOptions,
    /// Checked at each connecting: a server may come back with other settings.
    require_durable: bool,
    idle: Mutex<Vec<PgConnection>>,
    permits: Semaphore,
    count: usize,
    connect_timeout: Duration,
    statement_timeout: Duration,
}

/// A connection on loan; closed unless it is given back. One that was waited for in vain takes the
/// idle ones with it: when the other end is gone without a word, it is gone for all of them.
pub(super) struct Lent<'a> {
    /// None once it was given back, or was seen to be of no use.
    connection: Option<PgConnection>,
    owner: &'a Connections,
    since: Instant,
    _permit: SemaphorePermit<'a>,
}

/// How much of an answer is kept: no more rows once a column of them holds so many bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Most {
    pub(super) column: usize,
    pub(super) bytes: usize,
}

/// The rows of an answer, as far as they were wanted.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) rows: Vec<PgRow>,
    /// How many bytes the column holds that is counted.
    pub(super) bytes: usize,
    /// Whether there were more rows than are wanted.
    pub(super) is_cut: bool,
    /// Whether some of those are still to come.
    is_left: bool,
}

impl Taken {
    /// What is wanted of `rows`. A few that are not are taken off the connection, so that it can be used
    /// again.
    async fn of(
        mut rows: impl Stream<Item = Result<PgRow, sqlx::Error>> + Unpin,
        most: Option<Most>,
    ) -> Result<Self, sqlx::Error> {
        let mut taken = Self::default();
        let mut unwanted = 0;
        while let Some(row) = rows.try_next().await? {
            if most.is_some_and(|most| taken.bytes >= most.bytes) {
                taken.is_cut = true;
                unwanted += 1;
                if unwanted > UNWANTED {
                    taken.is_left = true;
                    break;
                }
                continue;
            }
            if let Some(most) = most {
                let value = row.try_get_raw(most.column)?;
                taken.bytes += value.as_bytes().map_or(0, <[u8]>::len);
            }
            taken.rows.push(row);
        }
        Ok(taken)
    }
}

impl Connections {
    pub(super) fn for_readers(options: &PostgresOptions) -> Result<Self, StoreError> {
        Self::new(options, options.readers(), false, options.executing())
    }

    /// One: it is the lane that makes batches, not the number of connections.
    pub(super) fn for_writer(options: &PostgresOptions) -> Result<Self, StoreError> {
        let require_durable = options.requires_durable();
        Self::new(options, 1, require_durable, options.appending() * 4 / 5)
    }

    /// Of their own, so that a lease never waits behind reads for longer than it lasts.
    pub(super) fn for_leases(options: &PostgresOptions) -> Result<Self, StoreError> {
        Self::new(
            options,
            LEASE_CONNECTIONS,
            false,
            LEASE_STATEMENTS.min(options.executing()),
        )
    }

    fn new(
        options: &PostgresOptions,
        count: usize,
        require_durable: bool,
        statement_timeout: Duration,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            options: options.parse(statement_timeout)?,
            require_durable,
            idle: Mutex::default(),
            permits: Semaphore::new(count),
            count,
            connect_timeout: options.connecting(),
            statement_timeout,
        })
    }

    /// How long to wait for a statement's end. The server gives up first, unless it is out of reach.
    pub(super) fn patience(&self) -> Duration {
        self.statement_timeout + GRACE
    }

    /// Lends a connection; makes one if none is idle.
    pub(super) async fn take(&self) -> Result<Lent<'_>, StoreError> {
        let permit = timeout(self.patience(), self.permits.acquire());
        let permit = match permit.await {
            Ok(Ok(permit)) => permit,
            _ => return Err(StoreError::Unavailable("all connections are busy".into())),
        };
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        Ok(Lent {
            connection: Some(connection),
            owner: self,
            since: Instant::now(),
            _permit: permit,
        })
    }

    async fn connect(&self) -> Result<PgConnection, StoreError> {
        let connecting = async {
            let mut connection = self.options.connect().await.map_err(of_connecting)?;
            check_server(&mut connection, self.require_durable).await?;
            Ok(connection)
        };
        let connected = timeout(self.connect_timeout, connecting).await;
        connected.unwrap_or_else(|elapsed| Err(StoreError::Unavailable(elapsed.into())))
    }

    /// A connection of one's own, without the limits that are meant for statements.
    pub(super) async fn connect_for_migration(&self) -> Result<PgConnection, StoreError> {
        let mut connection = self.connect().await?;
        connection
            .execute("SET statement_timeout = '10min'; SET lock_timeout = 0")
            .await
            .map_err(|error| of_reading("preparing to migrate", error))?;
        Ok(connection)
    }

    /// Executes a statement that may as well be executed twice. Connections that broke while they
    /// were idle, as all do when the server restarts, are replaced.
    pub(crate) async fn fetch(
        &self,
        sql: &'static str,
        arguments: PgArguments,
    ) -> Result<Vec<PgRow>, StoreError> {
        let taken = self.fetch_some(sql, arguments, None).await?;
        Ok(taken.rows)
    }

    /// The same, but no more rows are kept than `most` allows.
    pub(super) async fn fetch_some(
        &self,
        sql: &'static str,
        arguments: PgArguments,
        most: Option<Most>,
    ) -> Result<Taken, StoreError> {
        let mut tries = self.count;
        loop {
            let mut lent = self.take().await?;
            let query = sqlx::query_with(sql, arguments.clone());
            let rows = query.fetch(lent.connection());
            match timeout(self.patience(), Taken::of(rows, most)).await {
                Ok(Ok(taken)) if taken.is_left => {
                    // More is on its way, which nobody wants.
                    lent.discard();
                    return Ok(taken);
                }
                Ok(Ok(taken)) => {
                    lent.give_back();
                    return Ok(taken);
                }
                Ok(Err(error)) if is_lost(&error) && tries > 0 => {
                    tracing::debug!(%error, "a connection was lost; taking another");
                    lent.discard_all();
                    tries -= 1;
                }
                Ok(Err(error)) => {
                    lent.discard();
                    return Err(of_reading("reading", error));
                }
                Err(elapsed) => {
                    lent.discard_all();
                    return Err(StoreError::Unavailable(elapsed.into()));
                }
            }
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<PgConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lent<'_> {
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        let connection = self.connection.as_mut();
        connection.expect("only what ends the loan takes it out")
    }

    pub(super) fn give_back(mut self) {
        let connection = self.connection.take();
        self.owner.idle().extend(connection);
    }

    /// Closes it: it may be in the middle of something. The server has answered.
    pub(super) fn discard(mut self) {
        self.connection = None;
    }

    /// Closes it and the idle ones: the server does not answer, or is another one by now.
    pub(super) fn discard_all(mut self) {
        self.connection = None;
        self.owner.idle().clear();
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        // Whoever waited has been called off.
        if self.connection.is_some() && self.since.elapsed() >= SUSPICIOUS {
            self.owner.idle().clear();
        }
    }
}

/// Refuses a standby, which may lack what was acknowledged, and which nobody can append to; and, for
/// those who append, a server that acknowledges what is not on disk.
async fn check_server(
    connection: &mut PgConnection,
    require_durable: bool,
) -> Result<(), StoreError> {
    let settings: (bool, String, String, String) = sqlx::query_as(include_str!("server.sql"))
        .fetch_one(connection)
        .await
        .map_err(of_connecting)?;
    let (in_recovery, fsync, full_page_writes, synchronous_commit) = settings;
    if in_recovery {
        // Another server may be the primary by the next attempt, or this one.
        return Err(StoreError::Unavailable(
            "the database server is a standby, which may be behind: connect to the primary".into(),
        ));
    }
    let off = [
        ("fsync", fsync),
        ("full_page_writes", full_page_writes),
        ("synchronous_commit", synchronous_commit),
    ];
    match off.into_iter().find(|(_, value)| value == "off") {
        Some((name, _)) if require_durable => Err(StoreError::Failed {
            what: format!("the database may lose what it has acknowledged: `{name}` is off"),
            source: "turn it on, or say that data loss is acceptable".into(),
        }),
        _ => Ok(()),
    }
}
