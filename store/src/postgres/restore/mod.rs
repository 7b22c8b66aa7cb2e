//! Putting a store's whole content into an empty database.
//!
//! It goes into tables of its own, which take the place of the store's at the end, in one
//! transaction: until then the store is empty for everybody, whatever becomes of the restore. How
//! far it is stands in a row that moves with each statement, so it goes on where it was.

mod encode;

use super::{
    PostgresOptions, PostgresStore,
    connections::Connections,
    error::{of_encoding, of_reading},
    reader::head,
};
use crate::{
    Head, RestoreTarget, Restoring, StoreError, StoredCommand, StoredEvent,
    transfer::{another_restore, not_begun, not_empty},
};
use async_trait::async_trait;
use sqlx::{AssertSqlSafe, Executor, PgConnection, postgres::PgArguments};
use tokio::sync::{Mutex, MutexGuard};
use uuid::Uuid;

/// Raised where the store was used meanwhile.
const USED: &str = "OS002";

/// An empty database that something is restored into.
pub struct PostgresRestore {
    connections: Connections,
    /// The connection that holds the lock of restores, once it was begun.
    connection: Mutex<Option<PgConnection>>,
}

impl PostgresRestore {
    /// Connects, and brings the schema `store` up to date. Refuses a server that could lose what it
    /// has acknowledged.
    pub async fn connect(options: PostgresOptions) -> Result<Self, StoreError> {
        PostgresStore::connect(options.clone()).await?.migrate().await?;
        Ok(Self {
            connections: Connections::for_writer(&options)?,
            connection: Mutex::new(None),
        })
    }

    async fn connection(&self) -> Result<Lent<'_>, StoreError> {
        let lent = self.connection.lock().await;
        if lent.is_none() {
            return Err(not_begun());
        }
        Ok(Lent(lent))
    }

    /// Executes one of the two statements that put something in.
    async fn put(
        &self,
        what: &str,
        sql: &'static str,
        arguments: PgArguments,
    ) -> Result<(), StoreError> {
        let mut lent = self.connection().await?;
        let put = sqlx::query_with(sql, arguments)
            .execute(lent.connection()?)
            .await;
        match put {
            Ok(_) => Ok(()),
            Err(error) => {
                *lent.0 = None;
                Err(of_reading(what, error))
            }
        }
    }
}

/// The connection, for one statement at a time.
struct Lent<'a>(MutexGuard<'a, Option<PgConnection>>);

impl Lent<'_> {
    fn connection(&mut self) -> Result<&mut PgConnection, StoreError> {
        self.0.as_mut().ok_or_else(not_begun)
    }
}

#[async_trait]
impl RestoreTarget for PostgresRestore {
    async fn begin(&self, source: Uuid) -> Result<Restoring, StoreError> {
        let mut kept = self.connection.lock().await;
        *kept = None;
        let mut connection = self.connections.connect_for_migration().await?;
        let restoring = begin(&mut connection, source).await?;
        *kept = Some(connection);
        Ok(restoring)
    }

    async fn put_events(&self, events: &[StoredEvent]) -> Result<(), StoreError> {
        if events.is_empty() {
            return Ok(());
        }
        let arguments = encode::events(events).map_err(of_encoding)?;
        let sql = include_str!("put_events.sql");
        self.put("putting events in", sql, arguments).await
    }

    async fn put_commands(&self, records: &[StoredCommand]) -> Result<(), StoreError> {
        if records.is_empty() {
            return Ok(());
        }
        let arguments = encode::commands(records).map_err(of_encoding)?;
        let sql = include_str!("put_commands.sql");
        self.put("putting command records in", sql, arguments).await
    }

    async fn finish(&self) -> Result<Head, StoreError> {
        let mut lent = self.connection().await?;
        let finished = finish(lent.connection()?).await;
        *lent.0 = None;
        finished.map_err(|error| {
            let code = error.as_database_error().and_then(|error| error.code());
            match code.as_deref() {
                Some(USED) => not_empty("it was used while it was restored"),
                _ => of_reading("finishing the restore", error),
            }
        })?;
        head(&self.connections).await
    }

    async fn give_up(&self) -> Result<(), StoreError> {
        *self.connection.lock().await = None;
        let mut connection = self.connections.connect_for_migration().await?;
        lock(&mut connection).await?;
        let sql = "DROP TABLE IF EXISTS store.restoring_events, store.restoring_commands;
                   DELETE FROM store.restoring";
        connection
            .execute(sql)
            .await
            .map_err(|error| of_reading("giving the restore up", error))?;
        Ok(())
    }
}

/// Takes the lock that one restore at a time has, for as long as the connection lasts.
async fn lock(connection: &mut PgConnection) -> Result<(), StoreError> {
    let sql = "SELECT pg_try_advisory_lock(1, 'store.restoring'::regclass::oid::int)";
    let taken: bool = sqlx::query_scalar(sql)
        .fetch_one(connection)
        .await
        .map_err(|error| of_reading("beginning the restore", error))?;
    match taken {
        true => Ok(()),
        false => Err(not_empty("another process restores into it right now")),
    }
}

async fn begin(connection: &mut PgConnection, source: Uuid) -> Result<Restoring, StoreError> {
    lock(connection).await?;
    let failed = |error| of_reading("beginning the restore", error);
    let used: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM store.events) OR EXISTS (SELECT FROM store.commands)",
    )
    .fetch_one(&mut *connection)
    .await
    .map_err(failed)?;
    if used {
        return Err(not_empty("it has events, or records of commands"));
    }
    let sql = format!(
        "BEGIN;
         INSERT INTO store.restoring AS r (source) VALUES ('{source}')
         ON CONFLICT (single) DO UPDATE SET source = excluded.source
         -- Of another one, nothing is there yet.
         WHERE r.events = 0 AND r.commands = 0;
         CREATE TABLE IF NOT EXISTS store.restoring_events (LIKE store.events INCLUDING ALL);
         CREATE TABLE IF NOT EXISTS store.restoring_commands (LIKE store.commands INCLUDING ALL);
         COMMIT;
         -- Where the server stops, a little less is there, and the row says how much; with the last
         -- statement all is on disk.
         SET synchronous_commit = off"
    );
    // All that is put into it is the text of a UUID.
    connection.execute(AssertSqlSafe(sql)).await.map_err(failed)?;
    let row: (Uuid, i64, i64) =
        sqlx::query_as("SELECT source, events, commands FROM store.restoring")
            .fetch_one(connection)
            .await
            .map_err(failed)?;
    match row {
        (begun, events, commands) if begun == source => Ok(Restoring {
            source,
            events: events.unsigned_abs(),
            commands: commands.unsigned_abs(),
        }),
        (another, ..) => Err(another_restore(another)),
    }
}

async fn finish(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    connection.execute("SET synchronous_commit = on; BEGIN").await?;
    // A connection that breaks, or is closed, in between undoes all of it.
    connection
        .execute("SELECT pg_advisory_xact_lock('store.head'::regclass::oid::bigint)")
        .await?;
    connection.execute(include_str!("finish.sql")).await?;
    connection.execute("COMMIT").await?;
    // Nobody's plans wait for it, but the first questions are about sizes.
    connection
        .execute("ANALYZE store.events, store.commands")
        .await?;
    Ok(())
}
