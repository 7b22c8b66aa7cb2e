//! The event store of one process.

use super::{super::node::Node, unavailable, unknown};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{CommandId, Position, StreamId, Version};
use std::sync::Arc;
use store::{
    Append, AppendOutcome, CommandRecord, EventReader, EventStore, Head, HeadSignal, StoreError,
    StoredEvent,
};

/// The shared event store, over this process's connection.
pub(in super::super) struct NodeStore(pub Arc<Node>);

#[async_trait]
impl EventReader for NodeStore {
    async fn read_streams(
        &self,
        from: &[(StreamId, Version)],
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let store = self.0.world.store.clone();
        let from = from.to_vec();
        let read = async move { store.read_streams(&from, limit).await };
        self.0
            .call("read streams", read)
            .await
            .map_err(unavailable)?
    }

    async fn read_all(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let store = self.0.world.store.clone();
        let read = async move { store.read_all(after, limit).await };
        self.0.call("read all", read).await.map_err(unavailable)?
    }

    async fn head(&self) -> Result<Head, StoreError> {
        let store = self.0.world.store.clone();
        let head = async move { store.head().await };
        self.0.call("head", head).await.map_err(unavailable)?
    }

    async fn find_commands(&self, ids: &[CommandId]) -> Result<Vec<CommandRecord>, StoreError> {
        let store = self.0.world.store.clone();
        let ids = ids.to_vec();
        let find = async move { store.find_commands(&ids).await };
        self.0
            .call("find commands", find)
            .await
            .map_err(unavailable)?
    }

    fn signal(&self) -> HeadSignal {
        self.0.hints.signal()
    }
}

#[async_trait]
impl EventStore for NodeStore {
    fn epoch(&self) -> Option<uuid::Uuid> {
        self.0.world.store.epoch()
    }

    async fn append(&self, batch: &[Append]) -> Result<Vec<AppendOutcome>, StoreError> {
        let node = Arc::clone(&self.0);
        let batch = batch.to_vec();
        let append = async move {
            let outcomes = node.world.store.append(&batch).await;
            node.trace(|| told(&batch, &outcomes));
            for outcome in outcomes.iter().flatten() {
                match outcome {
                    AppendOutcome::Done { .. } => {}
                    AppendOutcome::Conflict { .. } => node.world.count("append conflict"),
                    AppendOutcome::Duplicate(_) => node.world.count("append duplicate"),
                }
            }
            if let Ok(head) = node.world.store.head().await {
                node.world.hint(head.position);
            }
            outcomes
        };
        self.0.call("append", append).await.map_err(unknown)?
    }

    async fn now(&self) -> Result<DateTime<Utc>, StoreError> {
        let store = self.0.world.store.clone();
        let now = async move { store.now().await };
        self.0.call("now", now).await.map_err(unknown)?
    }

    async fn forget_commands(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let store = self.0.world.store.clone();
        let forget = async move { store.forget_commands(before).await };
        self.0
            .call("forget commands", forget)
            .await
            .map_err(unknown)?
    }
}

fn told(batch: &[Append], outcomes: &Result<Vec<AppendOutcome>, StoreError>) -> String {
    let Ok(outcomes) = outcomes else {
        return format!("append: {outcomes:?}");
    };
    let told = batch.iter().zip(outcomes).map(|(append, outcome)| {
        let streams = append.streams.iter().map(|stream| {
            let events: Vec<_> = stream.events.iter().map(|event| event.event_type).collect();
            format!("{}@{} {events:?}", stream.stream, stream.expected)
        });
        let streams: Vec<_> = streams.collect();
        let outcome = match outcome {
            AppendOutcome::Done { position } => format!("done at {position}"),
            AppendOutcome::Conflict { stream } => format!("conflict on {stream}"),
            AppendOutcome::Duplicate(record) => format!("duplicate of {}", record.position),
        };
        format!(
            "append {} by {}: {}: {outcome}",
            append.command_id,
            append.actor,
            streams.join(", "),
        )
    });
    told.collect::<Vec<_>>().join("\n                       ")
}
