//! Keys in memory, for tests.

use crate::{
    error::VaultError,
    keys::{KeyId, KeyRow, KeyState, KeyStore, MasterUse, NewKey, Rewrapped},
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
        let row = rows.entry(id.clone()).or_insert_with(|| KeyRow {
            id: id.clone(),
            master: String::new(),
            state: KeyState::Erased,
        });
        row.state = KeyState::Erased;
        Ok(!row.master.is_empty())
    }

    async fn samples(&self) -> Result<Vec<KeyRow>, VaultError> {
        let rows = self.rows();
        let there = rows.values().filter(|row| row.state != KeyState::Erased);
        let samples: BTreeMap<&str, &KeyRow> =
            there.map(|row| (row.master.as_str(), row)).collect();
        Ok(samples.into_values().cloned().collect())
    }

    async fn masters(&self) -> Result<Vec<MasterUse>, VaultError> {
        let rows = self.rows();
        let mut used = BTreeMap::<&str, u64>::new();
        for row in rows.values().filter(|row| row.state != KeyState::Erased) {
            *used.entry(&row.master).or_default() += 1;
        }
        let used = used.into_iter().map(|(master, keys)| MasterUse {
            master: master.to_owned(),
            keys,
        });
        Ok(used.collect())
    }

    async fn wrapped_by_others(
        &self,
        master: &str,
        limit: usize,
    ) -> Result<Vec<KeyRow>, VaultError> {
        let rows = self.rows();
        let others = rows
            .values()
            .filter(|row| row.state != KeyState::Erased && row.master != master);
        Ok(others.take(limit).cloned().collect())
    }

    async fn rewrap(&self, keys: Vec<Rewrapped>) -> Result<u64, VaultError> {
        let mut rows = self.rows();
        let mut kept = 0;
        for key in keys {
            let row = rows.get_mut(&key.id);
            if let Some(row) = row.filter(|row| row.state == KeyState::There(key.before)) {
                row.master = key.master;
                row.state = KeyState::There(key.wrapped);
                kept += 1;
            }
        }
        Ok(kept)
    }
}
