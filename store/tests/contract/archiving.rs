//! A store of which everything is archived as soon as it is there, but each stream's first and last event.

use crate::world::{connect, options};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{CommandId, Position, StreamId, Version};
use std::sync::Arc;
use store::{
    Append, AppendOutcome, CommandRecord, EventReader, EventStore, Head, HeadSignal,
    PostgresArchive, PostgresStore, StoreError, StoredEvent,
};
use tokio::sync::RwLock;
use uuid::Uuid;

/// What an archive relies on, nothing being moved that is younger than an append: nobody appends while
/// something is moved.
pub type Quiet = Arc<RwLock<()>>;

pub struct Archiving {
    store: PostgresStore,
    archive: PostgresArchive,
    quiet: Quiet,
}

impl Archiving {
    pub async fn connect(url: &str, quiet: Quiet) -> Self {
        Self {
            quiet,
            store: connect(url).await,
            archive: PostgresArchive::connect(options(url)).await.unwrap(),
        }
    }
}

#[async_trait]
impl EventReader for Archiving {
    async fn read_streams(
        &self,
        from: &[(StreamId, Version)],
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.store.read_streams(from, limit).await
    }

    async fn read_all(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.store.read_all(after, limit).await
    }

    async fn read_types(
        &self,
        types: &[&'static str],
        after: Position,
        until: Position,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.store.read_types(types, after, until, limit).await
    }

    async fn head(&self) -> Result<Head, StoreError> {
        self.store.head().await
    }

    async fn find_commands(&self, ids: &[CommandId]) -> Result<Vec<CommandRecord>, StoreError> {
        self.store.find_commands(ids).await
    }

    fn signal(&self) -> HeadSignal {
        self.store.signal()
    }
}

#[async_trait]
impl EventStore for Archiving {
    async fn append(&self, batch: &[Append]) -> Result<Vec<AppendOutcome>, StoreError> {
        let appending = self.quiet.read().await;
        let outcomes = self.store.append(batch).await?;
        drop(appending);
        let streams = batch.iter().flat_map(|append| &append.streams);
        let streams = streams.map(|stream| stream.stream.as_str());
        let _quiet = self.quiet.write().await;
        let later = self.store.now().await? + TimeDelta::hours(1);
        self.archive.archive(streams, later).await?;
        Ok(outcomes)
    }

    async fn now(&self) -> Result<DateTime<Utc>, StoreError> {
        self.store.now().await
    }

    fn epoch(&self) -> Option<Uuid> {
        self.store.epoch()
    }

    async fn forget_commands(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        self.store.forget_commands(before).await
    }
}
