//! A measured load: what was done, how long it took, and what it cost.

use super::Bench;
use crate::{
    load::{self, Latencies, Outcome, Plan, Traffic},
    usage::{DatabaseMark, DatabaseUse, cpu_of, cpu_of_ended_children, cpu_of_server},
};
use anyhow::Context;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::{net::SocketAddr, sync::Arc, time::Duration};

/// Who does the work.
#[derive(Debug, Clone, Default)]
pub(super) struct Workers {
    /// The services' processes.
    pub services: Vec<u32>,
    /// Whether PostgreSQL works too.
    pub database: bool,
}

/// What was used until some moment.
pub(super) struct Mark {
    own: Option<Duration>,
    children: Option<Duration>,
    services: Option<Duration>,
    postgres: Option<Duration>,
    database: Option<(PgConnection, DatabaseMark)>,
}

/// What was used since.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    /// CPU of this process, the load generator.
    pub own: Option<Duration>,
    /// CPU of children of it that ended meanwhile.
    pub children: Option<Duration>,
    /// CPU of the services.
    pub services: Option<Duration>,
    /// CPU of PostgreSQL.
    pub postgres: Option<Duration>,
    /// What PostgreSQL wrote.
    pub database: Option<DatabaseUse>,
}

fn cpu_of_all(pids: &[u32]) -> Option<Duration> {
    if pids.is_empty() {
        return None;
    }
    pids.iter().map(|pid| cpu_of(*pid)).sum()
}

impl Bench {
    /// How much was used so far.
    pub(super) async fn mark(&self, workers: &Workers) -> anyhow::Result<Mark> {
        let database = if workers.database {
            let mut connection = PgConnection::connect(&self.postgres.url("postgres")).await?;
            let mark = DatabaseMark::now(&mut connection).await?;
            Some((connection, mark))
        } else {
            None
        };
        let own = std::process::id();
        Ok(Mark {
            own: cpu_of(own),
            children: cpu_of_ended_children(own),
            services: cpu_of_all(&workers.services),
            postgres: cpu_of_server(self.postgres.pid()),
            database,
        })
    }

    /// How much was used since.
    pub(super) async fn cost(&self, mark: Mark, workers: &Workers) -> anyhow::Result<Cost> {
        let since =
            |before: Option<Duration>, now: Option<Duration>| Some(now?.saturating_sub(before?));
        let own = std::process::id();
        let (own, children, services, postgres) = (
            since(mark.own, cpu_of(own)),
            since(mark.children, cpu_of_ended_children(own)),
            since(mark.services, cpu_of_all(&workers.services)),
            since(mark.postgres, cpu_of_server(self.postgres.pid())),
        );
        let database = match mark.database {
            Some((mut connection, mark)) => {
                let used = mark.since(&mut connection).await?;
                connection.close().await?;
                Some(used)
            }
            None => None,
        };
        Ok(Cost {
            own,
            children,
            services,
            postgres: postgres.filter(|_| workers.database),
            database,
        })
    }

    /// Puts a closed loop on a server and writes down figures under `name`, per command.
    pub(super) async fn put_load(
        &mut self,
        name: &str,
        address: SocketAddr,
        workers: &Workers,
        connections: usize,
        traffic: &Arc<Traffic>,
    ) -> anyhow::Result<Outcome> {
        let warm_up = Plan::closed(address, connections, self.extent.warm_up);
        load::run(warm_up, traffic).await.context("warm up")?;
        let mark = self.mark(workers).await?;
        let plan = Plan::closed(address, connections, self.extent.time);
        let outcome = load::run(plan, traffic).await?;
        let cost = self.cost(mark, workers).await?;
        let name = format!("{name}/{connections}");
        for trouble in outcome.troubles() {
            self.troubles.push(format!("{name}: {trouble}"));
        }
        self.write_down(&name, outcome.rate(), &outcome.latencies);
        self.write_down_cost(&name, outcome.done(), &cost, cost.own);
        Ok(outcome)
    }

    /// Rate and latencies.
    pub(super) fn write_down(&mut self, name: &str, rate: f64, latencies: &Latencies) {
        self.say(&format!("{name:<16} {rate:>8.0} /s   {latencies}"));
        self.figures.add(format!("{name}/rate"), rate);
        for (quantile, called) in [(0.5, "p50"), (0.9, "p90"), (0.99, "p99"), (0.999, "p999")] {
            let value = latencies.quantile_ms(quantile);
            self.figures.add(format!("{name}/{called}"), value);
        }
        self.figures.add(format!("{name}/max"), latencies.max_ms());
    }

    /// CPU in microseconds, commits and log bytes, each per command.
    pub(super) fn write_down_cost(
        &mut self,
        name: &str,
        commands: u64,
        cost: &Cost,
        load: Option<Duration>,
    ) {
        let commands = commands.max(1) as f64;
        let cpu = [
            ("cpu_load", load),
            ("cpu_service", cost.services),
            ("cpu_postgres", cost.postgres),
        ];
        for (called, used) in cpu {
            let micros = used.map(|used| used.as_secs_f64() * 1e6 / commands);
            self.figures.add_known(format!("{name}/{called}"), micros);
        }
        let database = [
            ("commits", cost.database.map(|used| used.transactions)),
            ("wal", cost.database.map(|used| used.log_bytes)),
        ];
        for (called, used) in database {
            let used = used.map(|used| used as f64 / commands);
            self.figures.add_known(format!("{name}/{called}"), used);
        }
    }

    /// An empty database, after a checkpoint.
    pub(super) async fn fresh_database(&self, name: &'static str) -> anyhow::Result<()> {
        let mut connection = PgConnection::connect(&self.postgres.url("postgres")).await?;
        let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        sqlx::query(AssertSqlSafe(drop))
            .execute(&mut connection)
            .await
            .with_context(|| format!("drop database {name}"))?;
        self.postgres.create_database(name).await?;
        sqlx::query("CHECKPOINT").execute(&mut connection).await?;
        connection.close().await?;
        Ok(())
    }
}
