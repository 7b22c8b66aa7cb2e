//! The load generator: traffic, put through connections in a closed or an open loop.

mod closed;
mod open;
mod outcome;
mod traffic;

pub use outcome::{Latencies, Outcome};
pub use traffic::Traffic;

use crate::http::Connection;
use anyhow::{Context, ensure};
use outcome::Recorder;
use std::{net::SocketAddr, sync::Arc, time::Duration};

/// How long answers may take after the last request was sent.
const GRACE: Duration = Duration::from_secs(30);

/// When requests are sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// Each connection sends as soon as it has its answer: shows how much the server can do.
    Closed,
    /// So many a second, on a schedule that does not wait for the server; latency counts from when
    /// the schedule meant a request to be sent, so that a stall is not forgotten.
    Open(f64),
}

/// How much load, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// The server.
    pub address: SocketAddr,
    /// Connections, each with one request at a time.
    pub connections: usize,
    /// When requests are sent.
    pub pace: Pace,
    /// No request is sent after this time.
    pub time: Duration,
    /// No more requests than this are sent.
    pub requests: u64,
}

impl Plan {
    /// A closed loop for so long, however many requests that is.
    pub const fn closed(address: SocketAddr, connections: usize, time: Duration) -> Self {
        Self {
            address,
            connections,
            pace: Pace::Closed,
            time,
            requests: u64::MAX,
        }
    }
}

/// Opens the connections, puts the load and says what became of it.
///
/// # Errors
/// When the server cannot be reached at the start, or does not answer at the end.
pub async fn run(plan: Plan, traffic: &Arc<Traffic>) -> anyhow::Result<Outcome> {
    ensure!(plan.connections > 0, "a load needs a connection at least");
    let mut connections = Vec::with_capacity(plan.connections);
    for _ in 0..plan.connections {
        connections.push(Connection::open(plan.address).await?);
    }
    let recorder = Recorder::new();
    let load = async {
        match plan.pace {
            Pace::Closed => closed::run(plan, connections, traffic, &recorder).await,
            Pace::Open(per_second) => {
                open::run(plan, per_second, connections, traffic, &recorder).await
            }
        }
    };
    let elapsed = tokio::time::timeout(plan.time.saturating_add(GRACE), load)
        .await
        .with_context(|| format!("no answer from {} within {GRACE:?}", plan.address))??;
    Ok(recorder.finish(elapsed))
}

#[cfg(test)]
mod tests;
