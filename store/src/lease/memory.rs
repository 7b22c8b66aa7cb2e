//! Leases in memory.

use super::{Lease, Leases};
use crate::{Clock, StoreError};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use uuid::Uuid;

/// Leases in memory. Clones share them.
#[derive(Clone)]
pub struct MemoryLeases {
    held: Arc<Mutex<HashMap<String, Held>>>,
    clock: Arc<dyn Clock>,
}

struct Held {
    holder: Uuid,
    epoch: i64,
    expires_at: DateTime<Utc>,
}

impl MemoryLeases {
    /// No leases yet; their times are `clock`'s.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            held: Arc::default(),
            clock,
        }
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn after(&self, ttl: Duration) -> DateTime<Utc> {
        let ttl = TimeDelta::from_std(ttl).unwrap_or(TimeDelta::MAX);
        let end = self.clock.now().checked_add_signed(ttl);
        end.unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}

impl Held {
    fn is(&self, lease: &Lease) -> bool {
        self.holder == lease.holder && self.epoch == lease.epoch
    }
}

#[async_trait]
impl Leases for MemoryLeases {
    async fn acquire(
        &self,
        name: &str,
        holder: Uuid,
        ttl: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        let now = self.clock.now();
        let expires_at = self.after(ttl);
        let mut held = self.held();
        let before = held.get(name);
        if before.is_some_and(|before| before.holder != holder && before.expires_at > now) {
            return Ok(None);
        }
        let epoch = before.map_or(0, |before| before.epoch) + 1;
        let now_held = Held {
            holder,
            epoch,
            expires_at,
        };
        held.insert(name.to_owned(), now_held);
        Ok(Some(Lease {
            name: name.to_owned(),
            holder,
            epoch,
        }))
    }

    async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let expires_at = self.after(ttl);
        let mut held = self.held();
        let held = held.get_mut(&lease.name);
        let held = held.filter(|held| held.is(lease) && held.expires_at > now);
        Ok(held.map(|held| held.expires_at = expires_at).is_some())
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut held = self.held();
        if let Some(held) = held.get_mut(&lease.name).filter(|held| held.is(lease)) {
            held.expires_at = held.expires_at.min(now);
        }
        Ok(())
    }
}
