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
use sqlx::{
    ConnectOptions, Executor, PgConnection,
    postgres::{PgArguments, PgConnectOptions, PgRow},
};
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

/// How much longer than the server we wait before we give it up.
const GRACE: Duration = Duration::from_secs(3);

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

/// A connection on loan; closed unless it is given back.
pub(super) struct Lent<'a> {
    connection: PgConnection,
    owner: &'a Connections,
    _permit: SemaphorePermit<'a>,
}

impl Connections {
    pub(super) fn for_readers(options: &PostgresOptions) -> Result<Self, StoreError> {
        Self::new(options, options.readers(), false)
    }

    /// One: it is the lane that makes batches, not the number of connections.
    pub(super) fn for_writer(options: &PostgresOptions) -> Result<Self, StoreError> {
        Self::new(options, 1, options.requires_durable())
    }

    fn new(
        options: &PostgresOptions,
        count: usize,
        require_durable: bool,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            options: options.parse()?,
            require_durable,
            idle: Mutex::default(),
            permits: Semaphore::new(count),
            count,
            connect_timeout: options.connecting(),
            statement_timeout: options.executing(),
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
            connection,
            owner: self,
            _permit: permit,
        })
    }

    async fn connect(&self) -> Result<PgConnection, StoreError> {
        let connecting = async {
            let mut connection = self.options.connect().await.map_err(of_connecting)?;
            if self.require_durable {
                check_durable(&mut connection).await?;
            }
            Ok(connection)
        };
        let connected = timeout(self.connect_timeout, connecting).await;
        connected.unwrap_or_else(|elapsed| Err(StoreError::Unavailable(elapsed.into())))
    }

    /// A connection of one's own, without the limits that are meant for statements.
    pub(super) async fn connect_for_migration(&self) -> Result<PgConnection, StoreError> {
        let mut connection = self.connect().await?;
        connection
            .execute("SET statement_timeout = '10min'")
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
        let mut tries = self.count;
        loop {
            let mut lent = self.take().await?;
            let query = sqlx::query_with(sql, arguments.clone());
            match timeout(self.patience(), query.fetch_all(lent.connection())).await {
                Ok(Ok(rows)) => {
                    lent.give_back();
                    return Ok(rows);
                }
                Ok(Err(error)) if is_lost(&error) && tries > 0 => {
                    tracing::debug!(%error, "a connection was lost; taking another");
                    self.idle().clear();
                    tries -= 1;
                }
                Ok(Err(error)) => return Err(of_reading("reading", error)),
                Err(elapsed) => return Err(StoreError::Unavailable(elapsed.into())),
            }
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<PgConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lent<'_> {
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        &mut self.connection
    }

    pub(super) fn give_back(self) {
        self.owner.idle().push(self.connection);
    }
}

/// Refuses a server that acknowledges what is not on disk.
async fn check_durable(connection: &mut PgConnection) -> Result<(), StoreError> {
    let settings: (String, String, String) = sqlx::query_as(include_str!("durability.sql"))
        .fetch_one(connection)
        .await
        .map_err(of_connecting)?;
    let (fsync, full_page_writes, synchronous_commit) = settings;
    let off = [
        ("fsync", fsync),
        ("full_page_writes", full_page_writes),
        ("synchronous_commit", synchronous_commit),
    ];
    match off.into_iter().find(|(_, value)| value == "off") {
        None => Ok(()),
        Some((name, _)) => Err(StoreError::Failed {
            what: format!("the database may lose what it has acknowledged: `{name}` is off"),
            source: "turn it on, or say that data loss is acceptable".into(),
        }),
    }
}
