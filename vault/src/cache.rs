//! Keys in memory, for a short while.

use crate::{cipher::DataKey, keys::KeyId};
use lru::LruCache;
use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// How many keys are kept in memory, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct CacheOptions {
    /// Keys at most; those that were used least lately make room.
    pub keys: NonZeroUsize,
    /// For so long a key is used after it was read: so long an erasure takes to reach every process.
    pub time: Duration,
}

impl Default for CacheOptions {
    fn default() -> Self {
        Self {
            keys: NonZeroUsize::new(10_000).unwrap_or(NonZeroUsize::MIN),
            time: Duration::from_secs(60),
        }
    }
}

/// What is known of a customer's key.
#[derive(Clone)]
pub(crate) enum Known {
    /// The key.
    Key(Arc<DataKey>),
    /// The customer was erased, which never changes.
    Erased,
}

pub(crate) struct Cache {
    options: CacheOptions,
    entries: Mutex<LruCache<KeyId, (Instant, Known)>>,
}

impl Cache {
    pub(crate) fn new(options: CacheOptions) -> Self {
        Self {
            options,
            entries: Mutex::new(LruCache::new(options.keys)),
        }
    }

    /// For how long a key is used after it was read.
    pub(crate) fn time(&self) -> Duration {
        self.options.time
    }

    /// What is known of the key, if that is not too long ago.
    pub(crate) fn get(&self, id: &KeyId) -> Option<Known> {
        let mut entries = self.entries();
        let (read_at, known) = entries.get(id)?;
        if read_at.elapsed() < self.options.time {
            return Some(known.clone());
        }
        entries.pop(id);
        None
    }

    /// Keeps what was read at `read_at`: by when it was asked for, so that nothing that changed
    /// meanwhile is believed for longer.
    pub(crate) fn put(&self, id: KeyId, read_at: Instant, known: Known) {
        let mut entries = self.entries();
        // Whoever read the key before it was destroyed may come after it was.
        let erased = matches!(entries.peek(&id), Some((_, Known::Erased)));
        if !erased || matches!(known, Known::Erased) {
            entries.put(id, (read_at, known));
        }
    }

    fn entries(&self) -> MutexGuard<'_, LruCache<KeyId, (Instant, Known)>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
