//! A few connections to the read models, lent one at a time.
//!
//! sqlx's pool asks the server for a sign of life whenever a connection is given back. Here one that
//! is not explicitly given back is closed (after an error, or when the client left half-way), so
//! that none in an unknown state is ever lent again, and nothing needs to be asked.
//!
//! What a client who hangs up has asked for is waited for, for a moment. A connection that is closed
//! half-way through a statement does not end the statement: the server is asked to look for that now
//! and then, and the place of the connection stays taken until it must have noticed. So clients who
//! hang up never have more statements run than there are connections.

use super::ReadError;
use crate::sql::Sql;
use anyhow::Context;
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection,
    postgres::{PgConnectOptions, PgRow},
};
use std::{
    str::FromStr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use store::postgres::is_lost;
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};

/// How long a connection may take to be made.
const CONNECTING: Duration = Duration::from_secs(2);
/// How long a statement may wait for a connection.
const WAITING: Duration = Duration::from_secs(2);
/// How much longer than the server we wait before we give it up.
const GRACE: Duration = Duration::from_secs(1);
/// How often the server looks whether we are still there, while it executes a statement.
const LOOKING: Duration = Duration::from_millis(500);
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

    async fn connect(&self) -> Result<Connected, sqlx::Error> {
        let mut connection = self.connect.connect().await?;
        let look = format!(
            "SET client_connection_check_interval = {}",
            LOOKING.as_millis()
        );
        let outlived_by = match connection.execute(AssertSqlSafe(look)).await {
            Ok(_) => self.statement_timeout.min(LOOKING * 4),
            // Not every system can tell it, and no server before PostgreSQL 14.
            Err(sqlx::Error::Database(_)) => self.statement_timeout,
            Err(error) => return Err(error),
        };
        Ok(Connected {
            connection,
            outlived_by,
        })
    }
}

/// The read models.
pub(crate) struct Database {
    options: DatabaseOptions,
    idle: Arc<Mutex<Vec<Connected>>>,
    permits: Arc<Semaphore>,
    count: usize,
}

struct Connected {
    connection: PgConnection,
    /// How long a statement may run on after the connection is closed.
    outlived_by: Duration,
}

/// A connection on loan; closed unless it is given back.
struct Lent {
    connected: Option<Connected>,
    idle: Arc<Mutex<Vec<Connected>>>,
    permit: Option<OwnedSemaphorePermit>,
    /// Whether a statement may be running.
    is_running: bool,
}

impl Drop for Lent {
    /// What nobody waits for any more keeps its place until it has ended: for a moment it is waited
    /// for, then the connection is closed, which the server notices.
    fn drop(&mut self) {
        let (true, Some(mut connected), Some(permit)) =
            (self.is_running, self.connected.take(), self.permit.take())
        else {
            return;
        };
        // Without a runtime the process is ending.
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let idle = Arc::clone(&self.idle);
        runtime.spawn(async move {
            match timeout(LOOKING, connected.connection.ping()).await {
                Ok(Ok(())) => lock(&idle).push(connected),
                Ok(Err(_)) => {}
                Err(_) => {
                    let outlived_by = connected.outlived_by;
                    drop(connected);
                    sleep(outlived_by).await;
                }
            }
            drop(permit);
        });
    }
}

impl Database {
    /// At most `count` connections, each made when it is first needed.
    pub(crate) fn new(options: DatabaseOptions, count: u32) -> Self {
        let count = usize::try_from(count).unwrap_or(usize::MAX).max(1);
        Self {
            options,
            idle: Arc::default(),
            permits: Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS))),
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
            lent.is_running = true;
            let fetched = timeout(patience, query.fetch_all(lent.connection())).await;
            lent.is_running = fetched.is_err();
            match fetched {
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

    async fn take(&self) -> Result<Lent, ReadError> {
        let permits = Arc::clone(&self.permits);
        let Ok(Ok(permit)) = timeout(WAITING, permits.acquire_owned()).await else {
            return Err(ReadError::Busy);
        };
        let idle = self.idle().pop();
        let connected = match idle {
            Some(connected) => connected,
            None => match timeout(CONNECTING, self.options.connect()).await {
                Ok(connected) => connected.map_err(ReadError::of_connecting)?,
                Err(elapsed) => return Err(ReadError::Unavailable(elapsed.into())),
            },
        };
        Ok(Lent {
            connected: Some(connected),
            idle: Arc::clone(&self.idle),
            permit: Some(permit),
            is_running: false,
        })
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connected>> {
        lock(&self.idle)
    }
}

fn lock(idle: &Mutex<Vec<Connected>>) -> MutexGuard<'_, Vec<Connected>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Lent {
    fn connection(&mut self) -> &mut PgConnection {
        let connected = self.connected.as_mut();
        &mut connected
            .expect("only what ends the loan takes it out")
            .connection
    }

    fn give_back(mut self) {
        lock(&self.idle).extend(self.connected.take());
    }
}
