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
    migrate,
};
use crate::{
    Head, RestoreTarget, Restoring, StoreError, StoredCommand, StoredEvent,
    transfer::{
        another_restore, is_used, no_such_event, not_begun, not_contiguous, not_empty,
        used_meanwhile,
    },
};
use async_trait::async_trait;
use domain::Position;
use sqlx::{AssertSqlSafe, Executor, PgConnection, postgres::PgArguments};
use tokio::sync::{Mutex, MutexGuard};
use uuid::Uuid;

/// Raised where the store was used meanwhile.
const USED: &str = "OS002";

/// Raised where a stream's events are not all there; the message is its name.
const INCOMPLETE: &str = "OS003";

/// What the server says of a record without a position.
const NULL: &str = "23502";

/// An empty database that something is restored into.
pub struct PostgresRestore {
    connections: Connections,
    /// The connection that holds the lock of restores, once it was begun.
    connection: Mutex<Option<PgConnection>>,
}

impl PostgresRestore {
    /// Connects, and changes nothing. Refuses a server that could lose what it has acknowledged.
    pub async fn connect(options: PostgresOptions) -> Result<Self, StoreError> {
        PostgresStore::connect(options.clone()).await?;
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
                let code = error.as_database_error().and_then(|error| error.code());
                Err(match code.as_deref() {
                    Some(NULL) => no_such_event(),
                    _ => of_reading(what, error),
                })
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
    async fn look(&self, source: Uuid) -> Result<(), StoreError> {
        look(&mut self.connections.connect_for_migration().await?, source).await
    }

    async fn begin(&self, source: Uuid) -> Result<Restoring, StoreError> {
        let mut kept = self.connection.lock().await;
        let_go(&mut kept).await;
        let mut connection = self.connections.connect_for_migration().await?;
        look(&mut connection, source).await?;
        migrate(&self.connections).await?;
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
            let raised = error.as_database_error();
            match raised.and_then(|error| Some((error.code()?, error.message()))) {
                Some((code, _)) if code == USED => used_meanwhile(),
                Some((code, stream)) if code == INCOMPLETE => not_contiguous(stream),
                _ => of_reading("finishing the restore", error),
            }
        })
    }

    async fn give_up(&self) -> Result<(), StoreError> {
        let_go(&mut *self.connection.lock().await).await;
        let mut connection = self.connections.connect_for_migration().await?;
        if !is_there(&mut connection, "store.restoring").await? {
            return Ok(());
        }
        lock(&mut connection).await?;
        throw_away(&mut connection).await
    }
}

/// Removes what was put in.
async fn throw_away(connection: &mut PgConnection) -> Result<(), StoreError> {
    let sql = "BEGIN;
               DROP TABLE IF EXISTS store.restoring_events, store.restoring_commands;
               DELETE FROM store.restoring;
               COMMIT";
    let thrown = connection.execute(sql).await;
    thrown
        .map(drop)
        .map_err(|error| of_reading("giving the restore up", error))
}

/// Gives the lock back that another connection is about to take: one that was closed holds it a little
/// longer.
async fn let_go(kept: &mut Option<PgConnection>) {
    if let Some(mut connection) = kept.take() {
        // If it is broken, it holds nothing.
        drop(connection.execute("SELECT pg_advisory_unlock_all()").await);
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

/// Whether there is a table of this name.
async fn is_there(connection: &mut PgConnection, table: &str) -> Result<bool, StoreError> {
    sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL")
        .bind(table)
        .fetch_one(connection)
        .await
        .map_err(|error| of_reading("looking whether the store is empty", error))
}

/// Looks whether what is called `source` can be put in: also into a database that has no tables yet.
async fn look(connection: &mut PgConnection, source: Uuid) -> Result<(), StoreError> {
    let failed = |error| of_reading("looking whether the store is empty", error);
    for (table, sql) in [
        ("store.events", "SELECT EXISTS (SELECT FROM store.events)"),
        (
            "store.commands",
            "SELECT EXISTS (SELECT FROM store.commands)",
        ),
        (
            "store.archived_events",
            "SELECT EXISTS (SELECT FROM store.archived_events)",
        ),
    ] {
        if is_there(connection, table).await? {
            let used: bool = sqlx::query_scalar(sql)
                .fetch_one(&mut *connection)
                .await
                .map_err(failed)?;
            if used {
                return Err(is_used());
            }
        }
    }
    if !is_there(connection, "store.restoring").await? {
        return Ok(());
    }
    let other: Option<Uuid> = sqlx::query_scalar(
        "SELECT source FROM store.restoring WHERE source <> $1 AND (events > 0 OR commands > 0)",
    )
    .bind(source)
    .fetch_optional(connection)
    .await
    .map_err(failed)?;
    other.map_or(Ok(()), |other| Err(another_restore(other)))
}

/// Whether what was put in has other columns than the store has now.
async fn is_of_another_build(connection: &mut PgConnection) -> Result<bool, StoreError> {
    const SQL: &str = "
        WITH columns AS (
            SELECT
                c.relname AS name,
                array_agg(
                    a.attname || ' ' || format_type(a.atttypid, a.atttypmod) ORDER BY a.attname
                ) AS types
            FROM pg_class AS c
            JOIN pg_attribute AS a ON a.attrelid = c.oid
            WHERE a.attnum > 0
              AND NOT a.attisdropped
              AND c.oid IN (
                  to_regclass('store.events'),
                  to_regclass('store.commands'),
                  to_regclass('store.restoring_events'),
                  to_regclass('store.restoring_commands')
              )
            GROUP BY c.oid
        )
        SELECT EXISTS (
            SELECT
            FROM columns AS o
            JOIN columns AS r ON r.name = 'restoring_' || o.name
            WHERE r.types <> o.types
        )";
    sqlx::query_scalar(SQL)
        .fetch_one(connection)
        .await
        .map_err(|error| of_reading("beginning the restore", error))
}

/// Refuses a store that something is being restored into: whoever began to use it would be in the way
/// of the restore's end.
pub(super) async fn refuse_unfinished(connections: &Connections) -> Result<(), StoreError> {
    let mut connection = connections.connect_for_migration().await?;
    if !is_there(&mut connection, "store.restoring").await? {
        return Ok(());
    }
    let source: Option<Uuid> = sqlx::query_scalar("SELECT source FROM store.restoring")
        .fetch_optional(&mut connection)
        .await
        .map_err(|error| of_reading("looking whether a restore is unfinished", error))?;
    source.map_or(Ok(()), |source| {
        Err(StoreError::Failed {
            what: format!(
                "the backup {source} is being restored into this store, or that was interrupted"
            ),
            source: "run `orders restore` to its end, or `orders restore --give-up`".into(),
        })
    })
}

async fn begin(connection: &mut PgConnection, source: Uuid) -> Result<Restoring, StoreError> {
    lock(connection).await?;
    // Nobody else restores into it from here on.
    look(connection, source).await?;
    if is_of_another_build(connection).await? {
        throw_away(connection).await?;
    }
    let failed = |error| of_reading("beginning the restore", error);
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
    connection
        .execute(AssertSqlSafe(sql))
        .await
        .map_err(failed)?;
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

async fn finish(connection: &mut PgConnection) -> Result<Head, sqlx::Error> {
    // The tables first, and the head then, as appends take them. Whoever holds them longer than this lets
    // the restore fail, which can be finished once more, rather than everybody wait.
    connection
        .execute(
            "SET synchronous_commit = on;
             BEGIN;
             SET LOCAL lock_timeout = '10s';
             LOCK TABLE store.events, store.commands IN ACCESS EXCLUSIVE MODE;
             SET LOCAL lock_timeout = 0",
        )
        .await?;
    // A connection that breaks, or is closed, in between undoes all of it.
    connection
        .execute("SELECT pg_advisory_xact_lock('store.head'::regclass::oid::bigint)")
        .await?;
    connection.execute(include_str!("finish.sql")).await?;
    // What fails after the last statement would say that nothing was finished.
    let (position, epoch): (i64, Uuid) = sqlx::query_as(include_str!("../head.sql"))
        .fetch_one(&mut *connection)
        .await?;
    connection.execute("COMMIT").await?;
    // Nobody's plans wait for it, but the first questions are about sizes.
    let analyzed = connection
        .execute("ANALYZE store.events, store.commands")
        .await;
    if let Err(error) = analyzed {
        tracing::warn!(%error, "the store is restored; its tables were not analyzed");
    }
    Ok(Head {
        position: Position::new(position),
        epoch,
    })
}
