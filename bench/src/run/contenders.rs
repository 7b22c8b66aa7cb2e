//! The contenders that take turns.

use super::{AT_ONCE, Bench, Part, carried, loaded::Workers, platform::Platform, server::Server};
use crate::{
    http::Connection,
    load::Traffic,
    orders::{Placement, average_payload},
    pgbench::{Pgbench, Reference},
};
use chrono::Utc;
use std::{sync::Arc, time::Duration};

/// Their order within a round.
pub(super) const IN_TURN: [Part; 6] = [
    Part::Noop,
    Part::Write,
    Part::Grpc,
    Part::Store,
    Part::Pgbench,
    Part::Platform,
];

/// What a throughput is compared at: enough callers for full batches.
const MANY: [usize; 2] = [64, 256];

/// Clients of pgbench: one for its latency, and as many as it does best with.
const CLIENTS: [usize; 2] = [1, 16];

/// Orders that notes are spread over: more than are written to at once.
const MANY_ORDERS: usize = 1_000;

const DATABASE: &str = "bench";

impl Bench {
    /// One turn of one contender.
    pub(super) async fn contend(&mut self, part: Part) -> anyhow::Result<()> {
        match part {
            Part::Noop => self.noop().await,
            Part::Write => self.write().await,
            Part::Grpc => self.grpc().await,
            Part::Store => self.in_process().await,
            Part::Pgbench => self.pgbench().await,
            Part::Platform => self.platform().await,
            Part::Memory
            | Part::Lag
            | Part::LagNats
            | Part::Saga
            | Part::SagaNats
            | Part::Replay
            | Part::Rebuild
            | Part::List => Ok(()),
        }
    }

    async fn noop(&mut self) -> anyhow::Result<()> {
        let server = Server::noop().await?;
        let workers = Workers {
            services: vec![server.pid()],
            database: false,
        };
        let address = server.address();
        let traffic = Arc::new(Traffic::placements(address));
        for connections in AT_ONCE {
            self.put_load("noop", address, &workers, connections, &traffic)
                .await?;
        }
        server.stop().await
    }

    async fn write(&mut self) -> anyhow::Result<()> {
        self.fresh_database(DATABASE).await?;
        let platform = Platform::command(&self.programs, &self.postgres, DATABASE).await?;
        let workers = Workers {
            services: platform.pids(),
            database: true,
        };
        let address = platform.commands;
        let traffic = Arc::new(Traffic::placements(address));
        for connections in AT_ONCE {
            self.put_load("write", address, &workers, connections, &traffic)
                .await?;
        }
        let mut orders = Vec::with_capacity(MANY_ORDERS);
        let mut connection = Connection::open(address).await?;
        for _ in 0..MANY_ORDERS {
            orders.push(carried::place_over(&mut connection, &traffic).await?);
        }
        for connections in AT_ONCE {
            let notes = Arc::new(Traffic::notes(address, &orders));
            self.put_load("notes", address, &workers, connections, &notes)
                .await?;
            let order = carried::place(&platform).await?;
            let notes = Arc::new(Traffic::notes(address, &[order]));
            let outcome = self
                .put_load("hot", address, &workers, connections, &notes)
                .await?;
            // However a conflict is told, nothing of this may be refused.
            let name = format!("hot/{connections}/conflicts");
            self.figures.add(name, outcome.refused() as f64);
        }
        platform.stop().await
    }

    async fn pgbench(&mut self) -> anyhow::Result<()> {
        self.fresh_database(DATABASE).await?;
        let payload = average_payload(&Placement::several(500, 20_101_201), Utc::now());
        let payload_bytes = payload.len() as f64;
        let reference = Reference::create(&self.postgres.url(DATABASE), payload).await?;
        let pgbench = Pgbench::of(&self.postgres, DATABASE)?;
        let workers = Workers {
            services: Vec::new(),
            database: true,
        };
        // pgbench counts whole seconds.
        let seconds = |time: Duration| Duration::from_secs(time.as_secs().max(1));
        for clients in CLIENTS {
            let warm_up = reference.run(clients, seconds(self.extent.warm_up), false);
            pgbench.run(warm_up).await?;
            let before = reference.rows().await?;
            let mark = self.mark(&workers).await?;
            // The log of every transaction costs little at one client, and is left out at many.
            let run = reference.run(clients, seconds(self.extent.time), clients == 1);
            let found = pgbench.run(run).await?;
            let cost = self.cost(mark, &workers).await?;
            let events = reference.rows().await? - before;
            let name = format!("pgbench/{clients}");
            match &found.latencies {
                Some(latencies) => self.write_down(&name, found.rate, latencies),
                None => {
                    self.say(&format!(
                        "{name:<16} {:>8.0} /s   mean {:.3} ms",
                        found.rate, found.mean_ms
                    ));
                    self.figures.add(format!("{name}/rate"), found.rate);
                    self.figures.add(format!("{name}/mean"), found.mean_ms);
                }
            }
            self.write_down_cost(&name, events, &cost, cost.children);
        }
        self.figures.add("pgbench/payload_bytes", payload_bytes);
        Ok(())
    }

    async fn platform(&mut self) -> anyhow::Result<()> {
        self.fresh_database(DATABASE).await?;
        let platform = Platform::all_in_one(&self.programs, &self.postgres, DATABASE).await?;
        let workers = Workers {
            services: platform.pids(),
            database: true,
        };
        carried::stock_up(&platform).await?;
        let address = platform.commands;
        let traffic = Arc::new(Traffic::placements(address));
        for connections in MANY {
            let outcome = self
                .put_load("platform", address, &workers, connections, &traffic)
                .await?;
            let settled = carried::settled(&platform).await?;
            let whole = outcome.elapsed + settled;
            let name = format!("carried/{connections}/rate");
            // The warm-up's orders are carried too, so this errs against the platform.
            self.figures
                .add(name, outcome.done() as f64 / whole.as_secs_f64());
        }
        platform.stop().await
    }
}
