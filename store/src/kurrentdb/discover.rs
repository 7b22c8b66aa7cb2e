//! Which node of a cluster leads.

use super::{
    connection::{Connections, calls},
    methods,
    options::Address,
    wire::{Empty, Members, VNodeState},
};
use crate::StoreError;
use tokio::time::{sleep, timeout};

/// Asks the nodes that are named for the one that leads, a bounded number of times.
pub(super) async fn leader(connections: &Connections) -> Result<Address, StoreError> {
    let options = connections.options();
    let mut last: Option<StoreError> = None;
    for attempt in 0..options.discover_attempts() {
        if attempt > 0 {
            sleep(options.discovery_interval()).await;
        }
        for seed in options.seeds() {
            let asked = timeout(options.gossip_timeout(), ask(connections, seed)).await;
            match asked.unwrap_or_else(|elapsed| Err(StoreError::Unavailable(elapsed.into()))) {
                Ok(Some(leader)) => return Ok(leader),
                Ok(None) => tracing::debug!(%seed, "{seed} knows of no leader"),
                Err(error) => {
                    tracing::debug!(%seed, %error, "{seed} does not say who leads");
                    last = Some(error);
                }
            }
        }
    }
    Err(last.unwrap_or_else(|| {
        StoreError::Unavailable("no node of the cluster knows of one that leads".into())
    }))
}

async fn ask(connections: &Connections, seed: &Address) -> Result<Option<Address>, StoreError> {
    let channel = connections.connect(seed).await?;
    let request = connections.request_any(Empty {}, connections.options().gossip_timeout());
    let members: Members = methods::unary(&mut calls(channel), methods::GOSSIP, request)
        .await
        .map_err(|status| StoreError::Unavailable(status.into()))?;
    let leader = members
        .members
        .into_iter()
        .find(|member| member.is_alive && member.state == i32::from(VNodeState::Leader));
    Ok(leader.and_then(|leader| leader.end_point).and_then(|at| {
        let port = u16::try_from(at.port).ok()?;
        Some(Address {
            host: at.address,
            port,
        })
    }))
}
