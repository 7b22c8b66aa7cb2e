//! Memory of everything in one process: idle, and the most under load.

use super::{Bench, carried, platform::Platform};
use crate::{
    load::{self, Plan, Traffic},
    usage::memory_of,
};
use anyhow::Context;
use std::{sync::Arc, time::Duration};

/// A process is idle when it has done nothing for this long.
const IDLE: Duration = Duration::from_secs(2);

/// Between two looks.
const LOOK: Duration = Duration::from_millis(100);

const CONNECTIONS: usize = 256;
const DATABASE: &str = "bench";
const MEGABYTE: f64 = 1e6;

impl Bench {
    /// Idle after the start, and while 256 connections place orders.
    pub(super) async fn memory(&mut self) -> anyhow::Result<()> {
        self.fresh_database(DATABASE).await?;
        let platform = Platform::all_in_one(&self.programs, &self.postgres, DATABASE).await?;
        let pids = platform.pids();
        tokio::time::sleep(IDLE).await;
        let idle = held(&pids).context("the memory of a process cannot be seen here")?;

        carried::stock_up(&platform).await?;
        let traffic = Arc::new(Traffic::placements(platform.commands));
        let plan = Plan::closed(platform.commands, CONNECTIONS, self.extent.time * 2);
        let mut most = idle;
        let outcome = watching(&pids, &mut most, load::run(plan, &traffic)).await?;
        for trouble in outcome.troubles() {
            self.troubles.push(format!("memory: {trouble}"));
        }
        watching(&pids, &mut most, carried::settled(&platform)).await?;
        let after = held(&pids).unwrap_or(most);
        for (called, bytes) in [("idle", idle), ("load", most), ("after", after)] {
            self.say(&format!("memory/{called:<9} {:>8.1} MB", bytes / MEGABYTE));
            self.figures
                .add(format!("memory/{called}"), bytes / MEGABYTE);
        }
        platform.stop().await
    }
}

/// Does `work`, and keeps what the processes held at most meanwhile.
async fn watching<T>(pids: &[u32], most: &mut f64, work: impl Future<Output = T>) -> T {
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(LOOK) => *most = most.max(held(pids).unwrap_or(*most)),
        }
    }
}

/// What the processes hold together, in bytes.
fn held(pids: &[u32]) -> Option<f64> {
    pids.iter()
        .map(|pid| memory_of(*pid).map(|bytes| bytes as f64))
        .sum()
}
