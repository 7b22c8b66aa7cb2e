//! A store as a build sees it that cannot read some of its events.

use async_trait::async_trait;
use domain::{CommandId, Position, StreamId, Version};
use std::{collections::BTreeSet, sync::Arc};
use store::{CommandRecord, EventReader, Head, HeadSignal, StoreError, StoredEvent};

/// A build that cannot read the events at these positions.
pub(super) struct OldBuild {
    store: Arc<dyn EventReader>,
    broken: BTreeSet<i64>,
}

impl OldBuild {
    pub(super) fn new(store: Arc<dyn EventReader>, broken: impl IntoIterator<Item = i64>) -> Self {
        Self {
            store,
            broken: broken.into_iter().collect(),
        }
    }

    fn seen(&self, mut events: Vec<StoredEvent>) -> Vec<StoredEvent> {
        for event in &mut events {
            if self.broken.contains(&event.envelope.position.get()) {
                event.schema_version = 77;
            }
        }
        events
    }
}

#[async_trait]
impl EventReader for OldBuild {
    async fn read_streams(
        &self,
        from: &[(StreamId, Version)],
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        Ok(self.seen(self.store.read_streams(from, limit).await?))
    }

    async fn read_all(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        Ok(self.seen(self.store.read_all(after, limit).await?))
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
