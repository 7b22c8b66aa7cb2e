//! Keys in memory, for tests.

use crate::{
    error::VaultError,
    keys::{KeyId, KeyRow, KeyState, KeyStore, NewKey},
};
use async_trait::async_trait;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Keys in memory. Clones are the same.
#[derive(Clone, Default)]
pub struct MemoryKeys(Arc<Mutex<BTreeMap<KeyId, KeyRow>>>);

impl MemoryKeys {
    fn rows(&self) -> MutexGuard<'_, BTreeMap<KeyId, KeyRow>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl KeyStore for MemoryKeys {
    async fn find(&self, ids: &[KeyId]) -> Result<Vec<KeyRow>, VaultError> {
        let rows = self.rows();
        Ok(ids.iter().filter_map(|id| rows.get(id).cloned()).collect())
    }

    async fn find_or_make(&self, keys: Vec<NewKey>) -> Result<Vec<KeyRow>, VaultError> {
        let mut rows = self.rows();
        let made = keys.into_iter().map(|key| {
            let new = || KeyRow {
                id: key.id.clone(),
                master: key.master.clone(),
                state: KeyState::There(key.wrapped.clone()),
            };
            rows.entry(key.id.clone()).or_insert_with(new).clone()
        });
        Ok(made.collect())
    }

    async fn destroy(&self, id: &KeyId) -> Result<bool, VaultError> {
        let mut rows = self.rows();
        let row = rows.get_mut(id);
        Ok(row.map(|row| row.state = KeyState::Erased).is_some())
    }

    async fn masters(&self) -> Result<Vec<String>, VaultError> {
        let rows = self.rows();
        let there = rows.values().filter(|row| row.state != KeyState::Erased);
        let mut masters: Vec<String> = there.map(|row| row.master.clone()).collect();
        masters.sort();
        masters.dedup();
        Ok(masters)
    }
}
