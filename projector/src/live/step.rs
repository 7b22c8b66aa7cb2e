//! One step: what a run of events makes of the rows, written with the checkpoint.

use super::{RunError, cache::Cache};
use crate::{
    batch::Batch,
    projection::Projection,
    storage::{Change, Commit, KeyOf, ReadModels},
};
use domain::{Position, Recorded};
use store::Bookmark;
use uuid::Uuid;

/// What a leader needs to take steps.
pub(crate) struct Step<P: Projection, R> {
    models: R,
    leader_epoch: i64,
    store_epoch: Uuid,
    /// The checkpoint as it is stored.
    stored: Position,
    cache: Cache<P>,
}

impl<P: Projection, R: ReadModels> Step<P, R> {
    pub(crate) fn new(
        models: R,
        leader_epoch: i64,
        store_epoch: Uuid,
        stored: Position,
        cached_rows: usize,
    ) -> Self {
        Self {
            models,
            leader_epoch,
            store_epoch,
            stored,
            cache: Cache::new(cached_rows),
        }
    }

    /// The checkpoint as it is stored.
    pub(crate) const fn stored(&self) -> Position {
        self.stored
    }

    /// Folds `events`, which are all there are of this projection's up to `to`, and writes what
    /// became of the rows. Says how many rows that were.
    pub(crate) async fn take(
        &mut self,
        events: &[&Recorded],
        to: Bookmark,
    ) -> Result<usize, RunError> {
        let mut batch = Batch::<P>::new(self.rows(events).await?);
        for event in events {
            if let Some(key) = P::key(event) {
                batch.fold(key, event)?;
            }
        }
        let changes: Vec<Change<P::Row>> = batch.into_changes().collect();
        let count = changes.len();
        let kept = match P::APPEND_ONLY {
            true => vec![],
            false => changes.clone(),
        };
        let commit = Commit {
            leader_epoch: self.leader_epoch,
            from: self.stored,
            to,
            store_epoch: self.store_epoch,
            changes,
        };
        self.models.commit::<P>(commit).await?;
        self.stored = to.position;
        self.cache.keep(kept);
        Ok(count)
    }

    /// The rows of the events, as far as they are there.
    async fn rows(&mut self, events: &[&Recorded]) -> Result<Vec<P::Row>, RunError> {
        let mut rows = vec![];
        let mut missing: Vec<KeyOf<P>> = vec![];
        for (key, may_exist) in Batch::<P>::keys(events) {
            if !may_exist {
                continue;
            }
            match self.cache.take(&key) {
                Some(row) => rows.push(row),
                None => missing.push(key),
            }
        }
        if !missing.is_empty() {
            rows.extend(self.models.load::<P>(&missing).await?);
        }
        Ok(rows)
    }
}
