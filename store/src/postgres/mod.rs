//! The event store over PostgreSQL.
//!
//! A batch is one statement and one round trip on the one connection that appends ;
//! readers have a few connections of their own. Any number of processes may append: see
//! `append.sql` for why that is right.

mod append;
mod archive;
mod connections;
mod encode;
mod error;
mod listen;
mod options;
mod reader;
mod restore;
mod row;

pub use archive::{OldStream, OldStreams, PostgresArchive};
pub use error::{is_lost, passes_by_itself};
pub use options::{PLAN_BY_KEYS, PostgresOptions};
pub use reader::PostgresReader;
pub use restore::PostgresRestore;

use crate::{
    Append, AppendOutcome, BackupSource, CommandRecord, EventReader, EventStore, Head, HeadSignal,
    StoreError, StoredEvent, lease::PostgresLeases,
};
use append::Writer;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
pub(crate) use connections::Connections;
use domain::{CommandId, Position, StreamId, Version};
pub(crate) use error::of_encoding;
use sqlx::{
    Arguments,
    migrate::{MigrateError, Migrator},
    postgres::PgArguments,
};
use uuid::Uuid;

static MIGRATIONS: Migrator = sqlx::migrate!("../migrations/store");

/// The most records forgotten by one statement.
const FORGET_AT_ONCE: i64 = 10_000;

/// The store over PostgreSQL: reads and appends.
pub struct PostgresStore {
    reader: PostgresReader,
    writer: Writer,
}

impl PostgresStore {
    /// Connects, and refuses a server that could lose what it has acknowledged. The schema must be
    /// [migrated](Self::migrate) before the store is used.
    pub async fn connect(options: PostgresOptions) -> Result<Self, StoreError> {
        let reader = PostgresReader::connect(options.clone()).await?;
        let connections = Connections::for_writer(&options)?;
        // Now, rather than with the first append.
        connections.take().await?.give_back();
        let writer = Writer::new(
            connections,
            options.signals_processes(),
            options.appending(),
        );
        Ok(Self { reader, writer })
    }

    /// Brings the schema `store` up to date. Of several processes one does it and the others wait. Refuses
    /// a store that something is being restored into.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        restore::refuse_unfinished(self.reader.connections()).await?;
        migrate(self.reader.connections()).await
    }

    /// The store for readers: whatever only reads should be given this.
    pub fn reader(&self) -> PostgresReader {
        self.reader.clone()
    }

    /// Leases that the store's database keeps.
    pub fn leases(&self) -> PostgresLeases {
        self.reader.leases()
    }
}

/// Brings the schema `store` up to date.
async fn migrate(connections: &Connections) -> Result<(), StoreError> {
    let failed = |error: MigrateError| match error {
        // It is done, or undone, as a whole.
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            error::of_reading("migrating the schema `store`", error)
        }
        source => StoreError::Failed {
            what: "migrating the schema `store`".into(),
            source: source.into(),
        },
    };
    let mut connection = connections.connect_for_migration().await?;
    let mut migrations = Migrator::with_migrations(MIGRATIONS.iter().cloned().collect());
    // The table of what was migrated is shared with the other schemas of the database.
    migrations.set_ignore_missing(true);
    // What `run` does, of which the compiler cannot tell that threads may share it.
    let migrated = migrations.run_direct(None, &mut connection, false).await;
    migrated.map_err(failed)
}

#[async_trait]
impl EventReader for PostgresStore {
    async fn read_streams(
        &self,
        from: &[(StreamId, Version)],
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.reader.read_streams(from, limit).await
    }

    async fn read_all(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.reader.read_all(after, limit).await
    }

    async fn read_types(
        &self,
        types: &[&'static str],
        after: Position,
        until: Position,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.reader.read_types(types, after, until, limit).await
    }

    async fn head(&self) -> Result<Head, StoreError> {
        self.reader.head().await
    }

    async fn find_commands(&self, ids: &[CommandId]) -> Result<Vec<CommandRecord>, StoreError> {
        self.reader.find_commands(ids).await
    }

    fn signal(&self) -> HeadSignal {
        self.reader.signal()
    }
}

#[async_trait]
impl EventStore for PostgresStore {
    fn epoch(&self) -> Option<Uuid> {
        self.writer.epoch()
    }

    async fn append(&self, batch: &[Append]) -> Result<Vec<AppendOutcome>, StoreError> {
        let began = std::time::Instant::now();
        let appended = self.writer.append(batch).await;
        metrics::histogram!("store_append_seconds").record(began.elapsed());
        let (outcomes, head) = appended?;
        if let Some(head) = head {
            self.reader.signaller().hint(head);
        }
        Ok(outcomes)
    }

    fn system(&self) -> Option<&'static str> {
        Some("postgresql")
    }

    async fn now(&self) -> Result<DateTime<Utc>, StoreError> {
        self.reader.time().await
    }

    async fn forget_commands(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let mut arguments = PgArguments::default();
        arguments
            .add(before)
            .and_then(|()| arguments.add(FORGET_AT_ONCE))
            .map_err(error::of_encoding)?;
        let forgotten = self
            .reader
            .connections()
            .fetch(include_str!("forget_commands.sql"), arguments)
            .await?;
        Ok(forgotten.len() as u64)
    }
}
