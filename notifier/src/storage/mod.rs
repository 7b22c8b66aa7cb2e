//! What is remembered of endpoints and deliveries, in Postgres.

mod backlog;
mod checkpoint;
mod deliveries;
pub(crate) mod endpoints;
pub(crate) mod log;
pub(crate) mod requests;
mod secrets;

pub(crate) use backlog::Backlog;
pub(crate) use checkpoint::{Checkpoint, Planned};
pub(crate) use deliveries::{Attempted, Channel, Claim, Claimed, Recorded, Settled};
pub(crate) use endpoints::{Change, Endpoint, NewEndpoint, Target};
pub(crate) use log::{Delivery, LogFilter, Range};

use crate::error::NotifyError;
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{str::FromStr, time::Duration};

/// How long a statement may take the server, and wait for somebody's lock.
const STATEMENT_TIMEOUT: &str = "30s";
const LOCK_TIMEOUT: &str = "2s";

/// How long a connection is waited for.
const CONNECTING: Duration = Duration::from_secs(10);

/// What is remembered. Clones are the same.
#[derive(Clone)]
pub struct NotifyStore {
    pool: PgPool,
}

impl NotifyStore {
    /// Connects to `url` with at most `connections`, and creates what is missing.
    ///
    /// # Errors
    /// The database cannot be used.
    pub async fn connect(url: &str, connections: u32) -> Result<Self, NotifyError> {
        let options = PgConnectOptions::from_str(url)?
            .application_name("orders-notifier")
            .options([
                // What was recorded as sent is not sent again after a crash of the server.
                ("synchronous_commit", "on"),
                ("statement_timeout", STATEMENT_TIMEOUT),
                ("lock_timeout", LOCK_TIMEOUT),
            ]);
        let pool = PgPoolOptions::new()
            .max_connections(connections.max(1))
            .acquire_timeout(CONNECTING)
            // A statement that fails tells as well as a question before it.
            .test_before_acquire(false)
            .connect_with(options)
            .await?;
        let mut migrator = sqlx::migrate!("../migrations/notify");
        // The table of what was migrated is shared with the other schemas of the database.
        migrator.set_ignore_missing(true);
        let mut connection = pool.acquire().await?;
        // Of several processes one does it, which the others wait for.
        sqlx::query("SET lock_timeout = 0")
            .execute(&mut *connection)
            .await?;
        migrator
            .run(&mut *connection)
            .await
            .map_err(sqlx::Error::from)?;
        sqlx::query("RESET lock_timeout")
            .execute(&mut *connection)
            .await?;
        drop(connection);
        Ok(Self { pool })
    }

    /// A transaction.
    pub(crate) async fn begin(&self) -> Result<sqlx::PgTransaction<'static>, NotifyError> {
        Ok(self.pool.begin().await?)
    }
}
