//! From placed to confirmed, while the platform works at half of what it can carry and the provider
//! answers at once: stock reserved, payment authorized, order confirmed.

use super::{Bench, carried, platform::Platform};
use crate::load::{self, Latencies, Traffic};
use anyhow::{Context, ensure};
use sqlx::{Connection, PgConnection, Row};
use std::{sync::Arc, time::Duration};

const DATABASE: &str = "bench";

/// How long it took from each order's placement to its confirmation, in microseconds, as the store's clock
/// has it; none where it is not confirmed. Those after a position, however they were placed.
const LATENCIES: &str = "
SELECT (extract(epoch FROM confirmed.recorded_at - placed.recorded_at) * 1000000)::bigint AS micros
FROM store.events AS placed
LEFT JOIN store.events AS confirmed
    ON confirmed.stream = placed.stream
   AND confirmed.type = 'OrderConfirmed'
WHERE placed.type = 'OrderPlaced'
  AND placed.position > $1";

impl Bench {
    /// With everything in one process.
    pub(super) async fn saga(&mut self) -> anyhow::Result<()> {
        self.fresh_database(DATABASE).await?;
        let platform = Platform::all_in_one(&self.programs, &self.postgres, DATABASE).await?;
        self.saga_of("saga", platform).await
    }

    /// With separate services over NATS.
    pub(super) async fn saga_over_nats(&mut self) -> anyhow::Result<()> {
        self.fresh_database(DATABASE).await?;
        let platform = Platform::separate(&self.programs, &self.postgres, DATABASE).await?;
        self.saga_of("saga-nats", platform).await
    }

    async fn saga_of(&mut self, name: &str, platform: Platform) -> anyhow::Result<()> {
        carried::stock_up(&platform).await?;
        let traffic = Arc::new(Traffic::placements(platform.commands));
        let carried = self.carried_rate(name, &platform, &traffic).await?;
        let mut events = PgConnection::connect(&self.postgres.url(DATABASE)).await?;
        for _ in 0..self.extent.rounds {
            let before: i64 =
                sqlx::query_scalar("SELECT coalesce(max(position), 0) FROM store.events")
                    .fetch_one(&mut events)
                    .await?;
            let plan = self.at_half_of(carried, platform.commands);
            let outcome = load::run(plan, &traffic).await?;
            for trouble in outcome.troubles() {
                self.troubles.push(format!("{name}: {trouble}"));
            }
            carried::settled(&platform).await?;
            let (latencies, unconfirmed) = latencies(&mut events, before).await?;
            ensure!(latencies.count() > 0, "no order was confirmed");
            if unconfirmed > 0 {
                let trouble = format!("{name}: {unconfirmed} orders were not confirmed");
                self.troubles.push(trouble);
            }
            self.write_down(name, outcome.rate(), &latencies);
            let count = latencies.count() as f64;
            self.figures.add(format!("{name}/confirmed"), count);
        }
        events.close().await?;
        platform.stop().await
    }
}

/// How long orders took that were placed after a position, and how many are not confirmed.
async fn latencies(events: &mut PgConnection, after: i64) -> anyhow::Result<(Latencies, u64)> {
    let rows = sqlx::query(LATENCIES)
        .bind(after)
        .fetch_all(events)
        .await
        .context("read when orders were placed and confirmed")?;
    let (mut latencies, mut unconfirmed) = (Latencies::new(), 0);
    for row in rows {
        match row.try_get::<Option<i64>, _>("micros")? {
            Some(micros) => latencies.record(Duration::from_micros(micros.unsigned_abs())),
            None => unconfirmed += 1,
        }
    }
    Ok((latencies, unconfirmed))
}
