//! From POST to visible in GET, while the platform works at half of what it can carry.

use super::{Bench, carried, platform::Platform};
use crate::{
    http::{Connection, get},
    load::{self, Latencies, Pace, Plan, Traffic},
};
use anyhow::{Context, ensure};
use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

/// Connections of the load.
const CONNECTIONS: usize = 64;

/// Probes at a time: few, since each asks again and again.
const PROBES: usize = 2;

/// Between two questions of a probe, and between two probes.
const PAUSE: Duration = Duration::from_millis(1);

/// Later than this is never.
const VISIBLE_WITHIN: Duration = Duration::from_secs(30);

const DATABASE: &str = "bench";

impl Bench {
    /// With everything in one process.
    pub(super) async fn lag(&mut self) -> anyhow::Result<()> {
        self.fresh_database(DATABASE).await?;
        let platform = Platform::all_in_one(&self.programs, &self.postgres, DATABASE).await?;
        self.lag_of("lag", platform).await
    }

    /// With separate services over NATS.
    pub(super) async fn lag_over_nats(&mut self) -> anyhow::Result<()> {
        self.fresh_database(DATABASE).await?;
        let platform = Platform::separate(&self.programs, &self.postgres, DATABASE).await?;
        self.lag_of("lag-nats", platform).await
    }

    async fn lag_of(&mut self, name: &str, platform: Platform) -> anyhow::Result<()> {
        carried::stock_up(&platform).await?;
        let address = platform.commands;
        let traffic = Arc::new(Traffic::placements(address));
        let carried = self.carried_rate(name, &platform, &traffic).await?;
        for _ in 0..self.extent.rounds {
            let plan = self.at_half_of(carried, address);
            let probes = (0..PROBES).map(|_| probe(&platform, &traffic, plan.time));
            let (outcome, lags) = tokio::join!(
                load::run(plan, &traffic),
                futures::future::try_join_all(probes)
            );
            let outcome = outcome?;
            for trouble in outcome.troubles() {
                self.troubles.push(format!("{name}: {trouble}"));
            }
            let mut lags = lags?.into_iter();
            let mut all = lags.next().context("there are no probes")?;
            for more in lags {
                all.add(&more);
            }
            ensure!(all.count() > 0, "no probe came to its end");
            self.write_down(name, outcome.rate(), &all);
            self.figures
                .add(format!("{name}/probes"), all.count() as f64);
            let post = outcome.latencies.quantile_ms(0.5);
            self.figures.add(format!("{name}/post_p50"), post);
            carried::settled(&platform).await?;
        }
        platform.stop().await
    }

    /// How many orders a second the platform carries to their end, as a trial run shows.
    pub(super) async fn carried_rate(
        &mut self,
        name: &str,
        platform: &Platform,
        traffic: &Arc<Traffic>,
    ) -> anyhow::Result<f64> {
        let trial = Plan::closed(platform.commands, CONNECTIONS, self.extent.time);
        let outcome = load::run(trial, traffic).await.context("trial run")?;
        let settled = carried::settled(platform).await?;
        let carried = outcome.done() as f64 / (outcome.elapsed + settled).as_secs_f64();
        self.figures
            .add(format!("{name}/accepted_rate"), outcome.rate());
        self.figures.add(format!("{name}/carried_rate"), carried);
        Ok(carried)
    }

    /// Half of what is carried, in an open loop.
    pub(super) fn at_half_of(&self, carried: f64, address: SocketAddr) -> Plan {
        Plan {
            pace: Pace::Open((carried / 2.0).max(1.0)),
            time: self.extent.time * 2,
            ..Plan::closed(address, CONNECTIONS, self.extent.time)
        }
    }
}

/// Places an order, and waits until it is there: then all are that were placed before it.
pub(super) async fn visible(platform: &Platform, traffic: &Traffic) -> anyhow::Result<Duration> {
    let mut commands = Connection::open(platform.commands).await?;
    let mut queries = Connection::open(platform.queries).await?;
    let began = Instant::now();
    let order = carried::place_over(&mut commands, traffic).await?;
    until_visible(&mut queries, platform, &order, began).await?;
    Ok(began.elapsed())
}

async fn until_visible(
    queries: &mut Connection,
    platform: &Platform,
    order: &str,
    began: Instant,
) -> anyhow::Result<()> {
    let request = get(platform.queries, &format!("/v1/orders/{order}"));
    loop {
        let answer = queries.exchange(&request).await?;
        if answer.is_success() {
            return Ok(());
        }
        ensure!(
            answer.status == 404,
            "a read was answered {}: {}",
            answer.status,
            String::from_utf8_lossy(answer.body)
        );
        ensure!(
            began.elapsed() < VISIBLE_WITHIN,
            "order {order} is not visible within {VISIBLE_WITHIN:?}"
        );
        tokio::time::sleep(PAUSE).await;
    }
}

/// Places orders, one after another, and asks for each until it is there.
async fn probe(
    platform: &Platform,
    traffic: &Traffic,
    time: Duration,
) -> anyhow::Result<Latencies> {
    let mut commands = Connection::open(platform.commands).await?;
    let mut queries = Connection::open(platform.queries).await?;
    let mut lags = Latencies::new();
    let deadline = Instant::now() + time;
    while Instant::now() < deadline {
        let began = Instant::now();
        let order = carried::place_over(&mut commands, traffic).await?;
        until_visible(&mut queries, platform, &order, began).await?;
        lags.record(began.elapsed());
        tokio::time::sleep(PAUSE).await;
    }
    Ok(lags)
}
