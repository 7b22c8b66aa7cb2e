//! Leases: of several processes that could do a work, one does it at a time.
//!
//! A lease is held until a time, by the lease keeper's own clock, and each change of hands has a
//! higher epoch. A holder that was paused may go on after its lease has ended, without knowing it;
//! so whatever it writes must carry the epoch, and the place it writes to must refuse an epoch older
//! than one that it has seen. The lease avoids double work, the epoch avoids its harm.

mod lead;
mod memory;
mod postgres;
#[cfg(test)]
mod tests;

pub use lead::lead;
pub use memory::MemoryLeases;
pub use postgres::PostgresLeases;

use crate::StoreError;
use async_trait::async_trait;
use std::time::Duration;
use uuid::Uuid;

/// A lease, as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What it is on.
    pub name: String,
    /// Whom it was given to.
    pub holder: Uuid,
    /// Higher than that of any lease on the same name before. Always above zero.
    pub epoch: i64,
}

/// Keeps leases.
#[async_trait]
pub trait Leases: Send + Sync + 'static {
    /// Gives `holder` the lease on `name` for `ttl`, if nobody else has it. A holder that asks again
    /// gets it again, under a new epoch.
    async fn acquire(
        &self,
        name: &str,
        holder: Uuid,
        ttl: Duration,
    ) -> Result<Option<Lease>, StoreError>;

    /// Prolongs a lease to `ttl` from now; false if it has ended, or is another's.
    async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<bool, StoreError>;

    /// Ends a lease, so that the next need not wait for its time to pass.
    async fn release(&self, lease: &Lease) -> Result<(), StoreError>;
}
