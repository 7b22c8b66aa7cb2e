//! Statements with a bound on how long they are waited for, over a few connections.
//!
//! A connection on which something was not waited for to its end is closed, so nothing else can be held
//! up by it.

use crate::error::VaultError;
use sqlx::{
    ConnectOptions, Executor, Postgres,
    migrate::Migrator,
    postgres::{PgArguments, PgConnectOptions, PgConnection, PgRow},
    query::Query,
};
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::Semaphore, time::timeout};

/// Statements are short, and who waits for a key shares one with all others who do.
const CONNECTIONS: usize = 2;

/// How long a statement may take the server, as it is told, and how long it is waited for.
const STATEMENT_TIMEOUT: &str = "5s";
const PATIENCE: Duration = Duration::from_secs(8);

/// How long a connection is waited for: until one is free, and until it is made.
const CONNECTING: Duration = Duration::from_secs(5);

/// How long the table may take to be created, while others create it.
const MIGRATING: Duration = Duration::from_secs(60);

pub(super) struct Database {
    options: PgConnectOptions,
    free: Semaphore,
    idle: Mutex<Vec<PgConnection>>,
}

impl Database {
    pub(super) fn new(options: PgConnectOptions) -> Self {
        Self {
            // A key that is answered is on disk, whatever the server is set to.
            options: options.options([
                ("statement_timeout", STATEMENT_TIMEOUT),
                ("synchronous_commit", "on"),
            ]),
            free: Semaphore::new(CONNECTIONS),
            idle: Mutex::default(),
        }
    }

    /// The rows that the query gives that `query` makes: it may be executed twice, on a new connection
    /// where the first one was lost while it was idle.
    pub(super) async fn rows<'q>(
        &self,
        query: impl Fn() -> Query<'q, Postgres, PgArguments>,
    ) -> Result<Vec<PgRow>, VaultError> {
        let free = timeout(CONNECTING, self.free.acquire()).await;
        let Ok(Ok(_busy)) = free else {
            return Err(unavailable("all connections are busy"));
        };
        let mut lost = 0;
        loop {
            let idle = self.idle().pop();
            let mut connection = match idle {
                Some(connection) => connection,
                None => self.connect().await?,
            };
            match timeout(PATIENCE, query().fetch_all(&mut connection)).await {
                Ok(Ok(rows)) => {
                    self.idle().push(connection);
                    return Ok(rows);
                }
                Ok(Err(error)) if store::postgres::is_lost(&error) && lost < 1 => {
                    lost += 1;
                    self.idle().clear();
                }
                Ok(Err(error)) => return Err(unavailable(error)),
                Err(elapsed) => {
                    self.idle().clear();
                    return Err(unavailable(elapsed));
                }
            }
        }
    }

    /// Creates what is missing. Of several processes one does it, which the others wait for.
    pub(super) async fn migrate(&self, migrations: &Migrator) -> Result<(), VaultError> {
        let mut connection = self.connect().await?;
        // While others create it, it is waited for.
        let set = connection.execute("SET statement_timeout = '60s'");
        match timeout(CONNECTING, set).await {
            Ok(set) => set.map_err(unavailable)?,
            Err(elapsed) => return Err(unavailable(elapsed)),
        };
        // The table of what was migrated is shared with the other schemas of the database.
        let mut migrations = Migrator::with_migrations(migrations.iter().cloned().collect());
        migrations.set_ignore_missing(true);
        match timeout(MIGRATING, migrations.run(&mut connection)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(sqlx::migrate::MigrateError::VersionMismatch(version))) => {
                Err(VaultError::Corrupt(format!(
                    "migration {version} was applied otherwise: the database is another build's"
                )))
            }
            Ok(Err(error)) => Err(unavailable(error)),
            Err(elapsed) => Err(unavailable(elapsed)),
        }
    }

    async fn connect(&self) -> Result<PgConnection, VaultError> {
        match timeout(CONNECTING, self.options.connect()).await {
            Ok(connected) => connected.map_err(unavailable),
            Err(elapsed) => Err(unavailable(elapsed)),
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<PgConnection>> {
        // Nothing in here panics half-way through a change.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unavailable(error: impl ToString) -> VaultError {
    VaultError::Unavailable(error.to_string())
}
