//! The leases as one process has them.

use super::{super::node::Node, unknown};
use async_trait::async_trait;
use std::{sync::Arc, time::Duration};
use store::{
    StoreError,
    lease::{Lease, Leases},
};
use uuid::Uuid;

/// The shared leases, over this process's connection.
pub(in super::super) struct NodeLeases(pub Arc<Node>);

#[async_trait]
impl Leases for NodeLeases {
    async fn acquire(
        &self,
        name: &str,
        holder: Uuid,
        ttl: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        let node = Arc::clone(&self.0);
        let name = name.to_owned();
        let acquire = async move {
            let lease = node.world.leases.acquire(&name, holder, ttl).await;
            if let Ok(Some(lease)) = &lease {
                node.trace(|| format!("leads {name} in epoch {}", lease.epoch));
            }
            lease
        };
        self.0.call("acquire", acquire).await.map_err(unknown)?
    }

    async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<bool, StoreError> {
        let leases = self.0.world.leases.clone();
        let lease = lease.clone();
        let renew = async move { leases.renew(&lease, ttl).await };
        self.0.call("renew", renew).await.map_err(unknown)?
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        let leases = self.0.world.leases.clone();
        let lease = lease.clone();
        let release = async move { leases.release(&lease).await };
        self.0.call("release", release).await.map_err(unknown)?
    }
}
