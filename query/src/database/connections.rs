//! A few connections to the read models, lent one at a time.
//!
//! sqlx's pool asks the server for a sign of life whenever a connection is given back. Here one that
//! is not explicitly given back is closed (after an error, or when the client left half-way), so
//! that none in an unknown state is ever lent again, and nothing needs to be asked.

use super::ReadError;
use crate::sql::Sql;
use anyhow::Context;
use sqlx::{
    ConnectOptions, PgConnection,
    postgres::{PgConnectOptions, PgRow},
};
use std::{
    str::FromStr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use store::postgres::is_lost;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

/// How long a connection may take to be made.
const CONNECTING: Duration = Duration::from_secs(2);
/// How long a statement may wait for a connection.
const WAITING: Duration = Duration::from_secs(2);
/// How much longer than the server we wait before we give it up.
const GRACE: Duration = Duration::from_secs(1);
/// Statements kept prepared by each connection: lists have one for each choice of filters.
const PREPARED: usize = 256;

/// How to reach the database, and the bounds of doing so.
#[derive(Clone)]
pub(crate) struct DatabaseOptions {
    connect: PgConnectOptions,
    statement_timeout: Duration,
}

impl DatabaseOptions {
    /// The database at `url`, which gives up statements after `statement_timeout`.
    pub(crate) fn parse(url: &str, statement_timeout: Duration) -> anyhow::Result<Self> {
        let millis = statement_timeout.as_millis().to_string();
        let connect = PgConnectOptions::from_str(url)
            // The URL holds a password, so it is not shown.
            .context("the URL of the read models' database is not a Postgres URL")?
            .application_name("query")
            .disable_statement_logging()
            .statement_cache_capacity(PREPARED)
            .options([
                ("statement_timeout", millis.as_str()),
                ("default_transaction_read_only", "on"),
                ("timezone", "UTC"),
                // Compiling takes longer than any of these statements.
                ("jit", "off"),
            ]);
        Ok(Self {
            connect,
            statement_timeout,
        })
    }
}

/// The read models.
pub(crate) struct Database {
    options: DatabaseOptions,
    idle: Mutex<Vec<PgConnection>>,
    permits: Semaphore,
    count: usize,
}

/// A connection on loan; closed unless it is given back.
struct Lent<'a> {
    connection: PgConnection,
    owner: &'a Database,
    _permit: SemaphorePermit<'a>,
}

impl Database {
    /// At most `count` connections, each made when it is first needed.
    pub(crate) fn new(options: DatabaseOptions, count: u32) -> Self {
        let count = usize::try_from(count).unwrap_or(usize::MAX).max(1);
        Self {
            options,
            idle: Mutex::default(),
            permits: Semaphore::new(count.min(Semaphore::MAX_PERMITS)),
            count,
        }
    }

    /// All rows of one statement. Connections that broke while they were idle, as all do when the
    /// server restarts, are replaced.
    pub(crate) async fn fetch(&self, sql: Sql) -> Result<Vec<PgRow>, ReadError> {
        let statement = sql.finish().map_err(ReadError::encoding)?;
        let patience = self.options.statement_timeout + GRACE;
        let mut tries = self.count;
        loop {
            let mut lent = self.take().await?;
            let query = sqlx::query_with(statement.text.clone(), statement.arguments.clone())
                .persistent(statement.is_planned_once);
            match timeout(patience, query.fetch_all(&mut lent.connection)).await {
                Ok(Ok(rows)) => {
                    lent.give_back();
                    return Ok(rows);
                }
                Ok(Err(error)) if is_lost(&error) && tries > 0 => {
                    tracing::debug!(%error, "a connection was lost; taking another");
                    self.idle().clear();
                    tries -= 1;
                }
                Ok(Err(error)) => return Err(ReadError::of(error)),
                Err(_) => return Err(ReadError::TooSlow),
            }
        }
    }

    async fn take(&self) -> Result<Lent<'_>, ReadError> {
        let Ok(Ok(permit)) = timeout(WAITING, self.permits.acquire()).await else {
            return Err(ReadError::Busy);
        };
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => match timeout(CONNECTING, self.options.connect.connect()).await {
                Ok(connected) => connected.map_err(ReadError::of_connecting)?,
                Err(elapsed) => return Err(ReadError::Unavailable(elapsed.into())),
            },
        };
        Ok(Lent {
            connection,
            owner: self,
            _permit: permit,
        })
    }

    fn idle(&self) -> MutexGuard<'_, Vec<PgConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lent<'_> {
    fn give_back(self) {
        self.owner.idle().push(self.connection);
    }
}
