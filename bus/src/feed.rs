//! What readers of events are given: one type, whatever the source.

use async_trait::async_trait;
use std::{sync::Arc, time::Duration};
use store::{Bookmark, Delivered, Head, StoreError};

/// All events in order, after any position.
#[async_trait]
pub trait Feed: Send + Sync + 'static {
    /// The next events that follow on `after`, in order and without a gap: at most `limit`; none
    /// only if there was none for as long as `patience`. If another event than the bookmark's is
    /// there, the store is [rewound](StoreError::Rewound).
    async fn next(
        &self,
        after: Bookmark,
        limit: usize,
        patience: Duration,
    ) -> Result<Vec<Arc<Delivered>>, StoreError>;

    /// How far the store behind it is: what lag is measured against.
    async fn head(&self) -> Result<Head, StoreError>;
}
