//! What readers of events were told: every reader, every event, in order.

use super::{node::Node, world::World};
use async_trait::async_trait;
use bus::Feed;
use domain::{EventId, Position};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use store::{Bookmark, Delivered, Head, StoreError};

/// Which event any reader was told to be at a position.
#[derive(Default)]
pub(super) struct Seen(Mutex<BTreeMap<Position, EventId>>);

impl Seen {
    /// Everything that any reader was told.
    pub(super) fn all(&self) -> BTreeMap<Position, EventId> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Takes in what a reader after `after` was told, where an event is due at each `step`; says what
    /// is wrong with it.
    fn take(&self, after: Position, events: &[Arc<Delivered>], step: usize) -> Option<String> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut last = after;
        for event in events {
            let Ok(event) = event.as_ref() else {
                return Some(format!("an event after {last} cannot be read"));
            };
            let (position, id) = (event.envelope.position, event.envelope.event_id);
            if position != last.plus(step) {
                return Some(format!("a reader got {position} after {last}"));
            }
            let known = *seen.entry(position).or_insert(id);
            if known != id {
                return Some(format!(
                    "readers got two events at position {position}: {known} and {id}"
                ));
            }
            last = position;
        }
        None
    }
}

/// A feed whose readers are watched.
pub(super) struct WatchedFeed {
    pub node: Arc<Node>,
    pub feed: Arc<dyn Feed>,
}

#[async_trait]
impl Feed for WatchedFeed {
    async fn next(
        &self,
        after: Bookmark,
        limit: usize,
        patience: Duration,
    ) -> Result<Vec<Arc<Delivered>>, StoreError> {
        let events = self.feed.next(after, limit, patience).await?;
        let world: &World = &self.node.world;
        if let Some(wrong) = world.seen.take(after.position, &events, world.step) {
            world.wrong(format!("{}: {wrong}", self.node.name));
        }
        self.node.step("feed").await;
        Ok(events)
    }

    async fn head(&self) -> Result<Head, StoreError> {
        self.feed.head().await
    }
}
