//! Virtual clocks: one that is right, and those of processes, which are not quite.

use super::node::Node;
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::Arc;
use store::Clock;
use tokio::time::Instant;

/// The database's clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct TrueClock {
    started: Instant,
}

impl TrueClock {
    /// A clock that starts now, on the first of January 2026.
    pub(super) fn start() -> Self {
        Self {
            started: Instant::now(),
        }
    }
}

impl Clock for TrueClock {
    fn now(&self) -> DateTime<Utc> {
        let start = DateTime::from_timestamp(1_767_225_600, 0).unwrap_or_default();
        start + TimeDelta::from_std(self.started.elapsed()).unwrap_or_default()
    }
}

/// The clock of a process: off by what the process's is off.
pub(super) struct NodeClock(pub Arc<Node>);

impl Clock for NodeClock {
    fn now(&self) -> DateTime<Utc> {
        self.0.world.clock.now() + TimeDelta::milliseconds(self.0.skew_ms())
    }
}
