//! Lists of orders over HTTP, against pgbench with the statement that the service sends.

use super::{Bench, archive::ARCHIVE, platform::Platform};
use crate::{
    load::{self, Plan, Traffic},
    pgbench::{Pgbench, Run},
};
use anyhow::{Context, ensure};
use sqlx::{Connection, PgConnection};
use std::{sync::Arc, time::Duration};

/// A list, and the values of its statement.
struct List {
    name: &'static str,
    target: &'static str,
    values: &'static [(&'static str, &'static str)],
}

const LISTS: [List; 2] = [
    List {
        name: "list",
        target: "/v1/orders?limit=50",
        values: &[("p1", "main")],
    },
    List {
        name: "list-status",
        target: "/v1/orders?limit=50&status=confirmed",
        values: &[("p1", "main"), ("p2", "confirmed")],
    },
];

/// The last list that the service asked the database for, as it sent it.
const SENT: &str = "SELECT query
FROM pg_stat_activity
WHERE datname = current_database()
  AND application_name = 'query'
  AND query LIKE '%FROM read.order_summary%LIMIT 51'
ORDER BY query_start DESC
LIMIT 1";

impl Bench {
    /// One connection, and one client of pgbench, in turns.
    pub(super) async fn lists(&mut self) -> anyhow::Result<()> {
        self.archive().await?;
        self.folded().await?;
        let mut connection = PgConnection::connect(&self.postgres.url(ARCHIVE)).await?;
        sqlx::query("VACUUM (ANALYZE) read.order_summary")
            .execute(&mut connection)
            .await?;
        let orders: i64 = sqlx::query_scalar("SELECT count(*) FROM read.order_summary")
            .fetch_one(&mut connection)
            .await?;
        self.figures.add("list/orders", orders as f64);
        let platform = Platform::query(&self.programs, &self.postgres, ARCHIVE).await?;
        let pgbench = Pgbench::of(&self.postgres, ARCHIVE)?;
        // pgbench counts whole seconds.
        let time = Duration::from_secs((self.extent.time.as_secs() / 2).max(1));
        for _ in 0..self.extent.rounds {
            for list in &LISTS {
                self.list(&platform, list, time).await?;
                let sent: String = sqlx::query_scalar(SENT)
                    .fetch_one(&mut connection)
                    .await
                    .context("find the statement that the service sends")?;
                self.list_by_pgbench(&pgbench, list, &sent, time).await?;
            }
        }
        connection.close().await?;
        platform.stop().await
    }

    async fn list(
        &mut self,
        platform: &Platform,
        list: &List,
        time: Duration,
    ) -> anyhow::Result<()> {
        let address = platform.queries;
        let traffic = Arc::new(Traffic::reads(address, [list.target]));
        load::run(Plan::closed(address, 1, self.extent.warm_up), &traffic).await?;
        let outcome = load::run(Plan::closed(address, 1, time), &traffic).await?;
        let name = format!("{}/1", list.name);
        for trouble in outcome.troubles() {
            self.troubles.push(format!("{name}: {trouble}"));
        }
        ensure!(outcome.done() > 0, "no list was answered");
        self.write_down(&name, outcome.rate(), &outcome.latencies);
        Ok(())
    }

    async fn list_by_pgbench(
        &mut self,
        pgbench: &Pgbench,
        list: &List,
        sent: &str,
        time: Duration,
    ) -> anyhow::Result<()> {
        let script = format!("{};\n", sent.replace('$', ":p"));
        let found = pgbench
            .run(Run {
                script: &script,
                variables: list.values.to_vec(),
                clients: 1,
                time,
                latencies: true,
            })
            .await?;
        let latencies = found.latencies.context("pgbench kept no times")?;
        let name = format!("{}-pgbench/1", list.name);
        self.write_down(&name, found.rate, &latencies);
        Ok(())
    }
}
