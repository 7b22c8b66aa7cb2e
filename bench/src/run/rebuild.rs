//! A rebuild while orders are placed and read: what it costs those who place them, and whether those who
//! read see anything of it.

use super::{
    Bench,
    archive::{self, SEED},
    lag,
    platform::Platform,
    reads::{Reading, Reads},
};
use crate::load::{self, Outcome, Pace, Plan, Traffic};
use anyhow::{Context, bail};
use sqlx::{Connection, PgConnection};
use std::{
    cell::Cell,
    sync::Arc,
    time::{Duration, Instant},
};

/// Connections of the load.
const CONNECTIONS: usize = 64;

/// The read model that is built anew: the one that is read.
const ORDERS: &str = "order_summary";

const DATABASE: &str = "bench";

/// Orders of which it is known how they ended: the first ones.
const ENDED: &str = "SELECT order_id::text
FROM read.order_summary
WHERE status = 'completed'
  AND return_status = 'none'
ORDER BY placed_at
LIMIT 200";

impl Bench {
    /// Loads without a rebuild and with rebuilds, in turns.
    pub(super) async fn rebuild_under_load(&mut self) -> anyhow::Result<()> {
        self.fresh_database(DATABASE).await?;
        let url = self.postgres.url(DATABASE);
        let events = self.extent.events / 2;
        archive::write(&url, self.history()?, SEED, events).await?;
        self.projector(DATABASE, &["rebuild", "--all"])
            .await?
            .done()?;
        let platform = Platform::reading(&self.programs, &self.postgres, DATABASE).await?;
        let traffic = Arc::new(Traffic::placements(platform.commands));
        let mut reads = Reads::of(&platform, &self.ended_orders(&url).await?).await?;
        let most = self.most_placed(&platform, &traffic).await?;
        for _ in 0..self.extent.rounds {
            let plan = self.at_half_of_placed(most, &platform);
            self.placed_alone(plan, &traffic, &mut reads).await?;
            self.placed_meanwhile(plan, &traffic, &mut reads).await?;
            lag::visible(&platform, &traffic).await?;
            self.verify().await?;
        }
        platform.stop().await
    }

    async fn ended_orders(&self, url: &str) -> anyhow::Result<Vec<String>> {
        let mut connection = PgConnection::connect(url).await?;
        let orders = sqlx::query_scalar(ENDED).fetch_all(&mut connection).await?;
        connection.close().await?;
        Ok(orders)
    }

    /// How many orders a second are placed at most, while they are read and projected.
    async fn most_placed(
        &mut self,
        platform: &Platform,
        traffic: &Arc<Traffic>,
    ) -> anyhow::Result<f64> {
        let trial = Plan::closed(platform.commands, CONNECTIONS, self.extent.time);
        let outcome = load::run(trial, traffic).await.context("trial run")?;
        lag::visible(platform, traffic).await?;
        self.figures.add("rebuild/most_placed", outcome.rate());
        Ok(outcome.rate())
    }

    /// Half of what is placed at most, in an open loop.
    fn at_half_of_placed(&self, most: f64, platform: &Platform) -> Plan {
        Plan {
            pace: Pace::Open((most / 2.0).max(1.0)),
            ..Plan::closed(platform.commands, CONNECTIONS, self.extent.time * 3)
        }
    }

    /// The load while nothing is built.
    async fn placed_alone(
        &mut self,
        plan: Plan,
        traffic: &Arc<Traffic>,
        reads: &mut Reads,
    ) -> anyhow::Result<()> {
        let stop = Cell::new(false);
        let placing = async {
            let outcome = load::run(plan, traffic).await;
            stop.set(true);
            outcome
        };
        let (outcome, reading) = tokio::join!(placing, reads.until(&stop));
        let (outcome, reading) = (outcome?, reading?);
        self.write_down_load("rebuild/without", &outcome);
        self.write_down_reads("rebuild/without", &reading);
        Ok(())
    }

    /// The same load, while the orders are built anew, again and again.
    async fn placed_meanwhile(
        &mut self,
        plan: Plan,
        traffic: &Arc<Traffic>,
        reads: &mut Reads,
    ) -> anyhow::Result<()> {
        let (placed, stop) = (Cell::new(false), Cell::new(false));
        let placing = async {
            let outcome = load::run(plan, traffic).await;
            placed.set(true);
            outcome
        };
        let building = async {
            let rebuilds = self.rebuilds_until(&placed).await;
            stop.set(true);
            rebuilds
        };
        let (outcome, rebuilds, reading) = tokio::join!(placing, building, reads.until(&stop));
        let (outcome, rebuilds, reading) = (outcome?, rebuilds?, reading?);
        self.write_down_load("rebuild/with", &outcome);
        self.write_down_reads("rebuild/with", &reading);
        self.figures.add("rebuild/swaps", rebuilds.len() as f64);
        for took in rebuilds {
            self.figures.add("rebuild/seconds", took.as_secs_f64());
        }
        self.figures
            .add("rebuild/wrong_reads", reading.wrong as f64);
        Ok(())
    }

    /// Builds the orders anew until that is enough; how long each took.
    async fn rebuilds_until(&self, enough: &Cell<bool>) -> anyhow::Result<Vec<Duration>> {
        let mut rebuilds = Vec::new();
        while rebuilds.is_empty() || !enough.get() {
            let rebuilt = self.projector(DATABASE, &["rebuild", ORDERS]).await?;
            rebuilds.push(rebuilt.done()?.took);
        }
        Ok(rebuilds)
    }

    /// Has the read model compared with what its events make of it.
    async fn verify(&mut self) -> anyhow::Result<()> {
        let began = Instant::now();
        let verified = self.projector(DATABASE, &["verify", ORDERS]).await?;
        let differences = match verified.status.code() {
            Some(0) => 0,
            Some(1) => differences(&verified.said)
                .with_context(|| format!("it is not said how many differ: {}", verified.said))?,
            _ => bail!("the read model could not be verified: {}", verified.said),
        };
        self.figures.add("rebuild/differences", differences as f64);
        if differences > 0 {
            self.faults
                .push(format!("after rebuilds under load: {}", verified.said));
        }
        self.say(&format!(
            "verify           {differences} differences, {:.2?}",
            began.elapsed()
        ));
        Ok(())
    }

    fn write_down_load(&mut self, name: &str, outcome: &Outcome) {
        for trouble in outcome.troubles() {
            self.troubles.push(format!("{name}: {trouble}"));
        }
        self.write_down(name, outcome.rate(), &outcome.latencies);
    }

    fn write_down_reads(&mut self, name: &str, reading: &Reading) {
        if let Some(example) = &reading.example {
            let wrong = reading.wrong;
            self.faults.push(format!(
                "{name}: {wrong} reads were wrong, such as {example}"
            ));
        }
        let name = format!("{name}/reads");
        self.figures.add(&*name, reading.latencies.count() as f64);
        let p99 = reading.latencies.quantile_ms(0.99);
        self.figures.add(format!("{name}/p99"), p99);
        self.say(&format!("{name:<16} {}", reading.latencies));
    }
}

/// How many rows differ, are missing or superfluous, as the projector says it.
fn differences(said: &str) -> Option<u64> {
    let counted = ["differ", "missing", "superfluous"].map(|what| {
        let before = said.split_once(&format!(" {what}"))?.0;
        before.rsplit(' ').next()?.parse::<u64>().ok()
    });
    counted.into_iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_of_every_kind_are_counted() {
        let said = "order_summary: 3 differ, 20 missing, 1 superfluous: 7 rows from 9 events\n";
        assert_eq!(differences(said), Some(24));
        assert_eq!(differences("order_summary: equal: 7 rows"), None);
    }
}
