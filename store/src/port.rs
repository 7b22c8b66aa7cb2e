//! The port that every event store adapter implements.

use crate::{Append, AppendOutcome, CommandRecord, HeadSignal, StoreError, StoredEvent};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{CommandId, Event, Position, StreamId, Version};
use uuid::Uuid;

/// How far a store is, and which life of it this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The position of the last event; zero if there is none.
    pub position: Position,
    /// Changes when the store was restored or lost its tail: positions of another epoch mean
    /// nothing in this one.
    pub epoch: Uuid,
}

/// Reads events.
#[async_trait]
pub trait EventReader: Send + Sync + 'static {
    /// The events of each stream after the given version, by stream in the order asked and then by
    /// version; at most `limit` in all. Whoever gets `limit` asks again from where it ended.
    async fn read_streams(
        &self,
        from: &[(StreamId, Version)],
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError>;

    /// The events after `after` in the order of all events; at most `limit`. What was not in an
    /// answer that ended before it never turns up at or below that answer's last position.
    async fn read_all(&self, after: Position, limit: usize)
    -> Result<Vec<StoredEvent>, StoreError>;

    /// As [`read_all`](Self::read_all), but only the events of `types` and those of types that this
    /// build does not know, and none after `until`: for whoever folds all of history, and must stop
    /// at what it cannot read. Fewer than `limit` means that there are no more.
    async fn read_types(
        &self,
        types: &[&'static str],
        after: Position,
        until: Position,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let (mut found, mut end) = (vec![], after);
        while found.len() < limit && end < until {
            let page = self.read_all(end, limit).await?;
            let Some(last) = page.last() else { break };
            end = last.envelope.position;
            let within = page.into_iter().filter(|event| {
                let event_type = event.event_type.as_str();
                event.envelope.position <= until
                    && (types.contains(&event_type) || !Event::is_known(event_type))
            });
            found.extend(within.take(limit - found.len()));
        }
        Ok(found)
    }

    /// How far the store is.
    async fn head(&self) -> Result<Head, StoreError>;

    /// The records of those of the commands that were recorded.
    async fn find_commands(&self, ids: &[CommandId]) -> Result<Vec<CommandRecord>, StoreError>;

    /// Hints about a moved head.
    fn signal(&self) -> HeadSignal;
}

/// Appends events.
#[async_trait]
pub trait EventStore: EventReader {
    /// Appends a batch in its order, and says for each append what became of it. Appends are
    /// independent, but for one thing: an append that expects what an earlier one of the batch
    /// leads to is done only if that one is.
    ///
    /// After an error that is [transient](StoreError::is_transient) the same batch may be appended
    /// again: what was done is then a [duplicate](AppendOutcome::Duplicate).
    async fn append(&self, batch: &[Append]) -> Result<Vec<AppendOutcome>, StoreError>;

    /// Forgets command records older than `before`; says how many. Bounded work per call.
    async fn forget_commands(&self, before: DateTime<Utc>) -> Result<u64, StoreError>;
}
