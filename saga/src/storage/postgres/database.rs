//! Statements with a bound on how long they are waited for.
//!
//! The server ends what takes it too long. But where the other end of a connection is gone without a
//! word, nobody answers at all, and the operating system finds out after a quarter of an hour. A
//! connection on which something was not waited for to its end is closed, so nothing else can be held
//! up by it; sqlx's own pool would first ask such a connection whether it is well.

use super::SagaStoreError;
use sqlx::{
    ConnectOptions, Executor, Postgres,
    postgres::{PgArguments, PgConnectOptions, PgConnection, PgRow},
    query::Query,
};
use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::Semaphore, time::timeout};

/// How long a statement may take the server, as it is told.
pub(super) const STATEMENT_TIMEOUT: &str = "30s";

/// How long it may wait for somebody's lock: the others need the connection.
pub(super) const LOCK_TIMEOUT: &str = "2s";

/// How long a statement is waited for: longer than the server may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(45);

/// How long a connection is waited for: until one is free, and until it is made.
const CONNECTING: Duration = Duration::from_secs(10);

/// How long the tables may take to be created.
const MIGRATING: Duration = Duration::from_secs(300);

/// The connections to the database. Clones are the same.
#[derive(Clone)]
pub(super) struct Database(Arc<Connections>);

struct Connections {
    options: PgConnectOptions,
    patience: Duration,
    /// How many more may be at work.
    free: Semaphore,
    idle: Mutex<Vec<PgConnection>>,
}

impl Database {
    /// Connects with at most `connections` at once, and creates what is missing.
    pub(super) async fn connect(
        options: PgConnectOptions,
        connections: u32,
        patience: Duration,
    ) -> Result<Self, SagaStoreError> {
        let database = Self(Arc::new(Connections {
            options,
            patience,
            free: Semaphore::new(connections.max(1) as usize),
            idle: Mutex::default(),
        }));
        let mut connection = database.connection().await?;
        let mut migrator = sqlx::migrate!("../migrations/saga");
        // The table of what was migrated is shared with the other schemas of the database.
        migrator.set_ignore_missing(true);
        // Of several processes one does it, which the others wait for.
        within(CONNECTING, connection.execute("SET lock_timeout = 0")).await??;
        let migrated = within(MIGRATING, migrator.run(&mut connection)).await?;
        migrated.map_err(sqlx::Error::from)?;
        within(CONNECTING, connection.execute("RESET lock_timeout")).await??;
        database.idle().push(connection);
        Ok(database)
    }

    /// The rows that `query` gives.
    pub(super) async fn rows(
        &self,
        query: Query<'_, Postgres, PgArguments>,
    ) -> Result<Vec<PgRow>, SagaStoreError> {
        let free = within(CONNECTING, self.0.free.acquire()).await?;
        let _busy = free.map_err(|_| sqlx::Error::PoolClosed)?;
        let mut connection = self.connection().await?;
        let answered = within(self.0.patience, query.fetch_all(&mut connection)).await;
        match &answered {
            Ok(Err(error)) if store::postgres::is_lost(error) => self.idle().clear(),
            Ok(_) => self.idle().push(connection),
            // Where one leads nowhere, those that were made before do not, either.
            Err(_) => self.idle().clear(),
        }
        Ok(answered??)
    }

    /// The first of them.
    pub(super) async fn row(
        &self,
        query: Query<'_, Postgres, PgArguments>,
    ) -> Result<Option<PgRow>, SagaStoreError> {
        Ok(self.rows(query).await?.into_iter().next())
    }

    /// An idle connection, or a new one.
    async fn connection(&self) -> Result<PgConnection, SagaStoreError> {
        let idle = self.idle().pop();
        match idle {
            Some(connection) => Ok(connection),
            None => Ok(within(CONNECTING, self.0.options.connect()).await??),
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<PgConnection>> {
        // Nothing in here panics half-way through a change.
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn within<T>(patience: Duration, work: impl Future<Output = T>) -> Result<T, SagaStoreError> {
    timeout(patience, work).await.map_err(|_| {
        let error = io::Error::new(io::ErrorKind::TimedOut, "no answer came in time");
        SagaStoreError::Database(sqlx::Error::Io(error))
    })
}
