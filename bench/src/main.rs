//! Load generator and benchmarks.
//!
//! `bench` measures everything and writes `docs/benchmarks.md`; `bench load` puts load on a running
//! platform. Contenders take turns in rounds, so that what disturbs the machine disturbs all of
//! them, and what counts are proportions within a run.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program speaks on standard output, and complains on the other"
)]

mod figures;
mod history;
mod http;
mod invoices;
mod load;
mod machine;
mod noop;
mod orders;
mod pgbench;
mod report;
mod run;
mod targets;
mod usage;

use anyhow::Context;
use clap::{Parser, Subcommand};
use std::{net::SocketAddr, process::ExitCode, sync::Arc, time::Duration};

// As in the services: contenders differ in what they do, not in how they get memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Debug, Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    task: Option<Task>,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Measure everything, print it, and write docs/benchmarks.md (what happens without a task).
    Run(run::RunArguments),
    /// Put load on a running command service, or on everything in one process.
    Load(LoadArguments),
    /// Write a history of orders into an empty event store, as the platform would have written it.
    Fill(run::FillArguments),
    /// Serve the handler that does nothing, until standard input ends.
    NoopServer {
        /// Port on 127.0.0.1; 0 is a free one.
        #[arg(long, default_value_t = 0)]
        port: u16,
    },
}

#[derive(Debug, clap::Args)]
struct LoadArguments {
    /// Where it listens.
    #[arg(long, default_value = "127.0.0.1:8080")]
    address: SocketAddr,
    /// Connections, each with one request at a time.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    connections: u16,
    /// Requests a second, on a schedule; without it, each connection sends as fast as it can.
    #[arg(long)]
    rate: Option<f64>,
    /// For how many seconds.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
    /// At most so many requests.
    #[arg(long, default_value_t = u64::MAX, hide_default_value = true)]
    requests: u64,
    /// Write notes on this order instead of placing orders.
    #[arg(long, value_name = "ORDER_ID", conflicts_with = "get")]
    notes_on: Option<uuid::Uuid>,
    /// Read this path instead of placing orders; may be repeated.
    #[arg(long, value_name = "PATH")]
    get: Vec<String>,
}

fn main() -> ExitCode {
    let done = match Cli::parse().task {
        None => one_thread(run::run(run::RunArguments::default())),
        Some(Task::Run(arguments)) => one_thread(run::run(arguments)),
        Some(Task::Load(arguments)) => one_thread(put_load(arguments)),
        Some(Task::Fill(arguments)) => one_thread(run::fill(arguments)),
        Some(Task::NoopServer { port }) => all_threads(noop::serve(port)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The load generator is one thread: a second would only take its time from what it measures.
fn one_thread(task: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("start the runtime")?
        .block_on(task)
}

fn all_threads(task: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    tokio::runtime::Runtime::new()
        .context("start the runtime")?
        .block_on(task)
}

async fn put_load(arguments: LoadArguments) -> anyhow::Result<()> {
    let address = arguments.address;
    let traffic = match arguments.notes_on {
        Some(order) => load::Traffic::notes(address, &[order.to_string()]),
        None if arguments.get.is_empty() => load::Traffic::placements(address),
        None => load::Traffic::reads(address, arguments.get.iter().map(String::as_str)),
    };
    let plan = load::Plan {
        address,
        connections: arguments.connections.into(),
        pace: arguments.rate.map_or(load::Pace::Closed, load::Pace::Open),
        time: Duration::from_secs(arguments.seconds),
        requests: arguments.requests,
    };
    let outcome = load::run(plan, &Arc::new(traffic)).await?;
    println!(
        "{} done in {:.2} s: {:.0} a second",
        outcome.done(),
        outcome.elapsed.as_secs_f64(),
        outcome.rate()
    );
    println!("{}", outcome.latencies);
    for trouble in outcome.troubles() {
        println!("{trouble}");
    }
    Ok(())
}
