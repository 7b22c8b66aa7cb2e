//! The benchmark: contenders in turns, then what is measured by itself, then the report.

mod archive;
mod carried;
mod contenders;
mod copies;
mod fold;
mod grpc;
mod in_process;
mod lag;
mod list;
mod loaded;
mod memory;
mod platform;
mod reads;
mod real;
mod rebuild;
mod replay;
mod saga;
mod server;

pub use archive::{FillArguments, fill};

use crate::{
    figures::Figures,
    machine::Machine,
    report::{self, Findings},
};
use anyhow::{Context, ensure};
use local::{Postgres, PostgresOptions};
use platform::Programs;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

/// Connections, or callers, that contenders are tried with.
const AT_ONCE: [usize; 4] = [1, 16, 64, 256];

/// Where the page goes.
const PAGE: &str = "docs/benchmarks.md";

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Part {
    /// A handler that does nothing.
    Noop,
    /// The command service alone, over HTTP.
    Write,
    /// The same over gRPC, with imports; and real orders, loaded in each way.
    Grpc,
    /// The store called in process.
    Store,
    /// pgbench, one event per commit.
    Pgbench,
    /// Everything in one process, over HTTP.
    Platform,
    /// POST to visible in GET, all in one.
    Lag,
    /// The same with separate services over NATS.
    LagNats,
    /// Placed to confirmed, all in one.
    Saga,
    /// The same with separate services over NATS.
    SagaNats,
    /// Memory of everything in one process.
    Memory,
    /// History folded into read models.
    Replay,
    /// A read model built anew while orders are placed and read.
    Rebuild,
    /// Lists of orders over HTTP.
    List,
}

/// How a benchmark is run.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct RunArguments {
    /// A short form, to see whether it works: the figures say little, and no page is written.
    #[arg(long)]
    quick: bool,
    /// Measure only this; may be repeated. No page is written.
    #[arg(long, value_name = "NAME")]
    only: Vec<Part>,
    /// Rounds in which the contenders take turns (3).
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: Option<u32>,
    /// Seconds for each measurement (3).
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    seconds: Option<u64>,
    /// Where the platform's programs are; where this one is, if not told.
    #[arg(long, env = "ORDERS_BENCH_BIN_DIR")]
    bin_dir: Option<PathBuf>,
    /// The file of *Online Retail* whose orders are loaded; one beside the clone, if not told.
    #[arg(long, value_name = "FILE", env = "ORDERS_DATA")]
    data: Option<PathBuf>,
    /// Where to write the page, also after a short run.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// How much is done of what.
#[derive(Debug, Clone)]
pub(crate) struct Extent {
    rounds: u32,
    /// One measurement of a contender.
    time: Duration,
    /// Load before it that is not measured.
    warm_up: Duration,
    /// Events of the history that is replayed.
    events: usize,
}

impl Extent {
    fn of(arguments: &RunArguments) -> Self {
        let short = Self {
            rounds: 1,
            time: Duration::from_secs(1),
            warm_up: Duration::from_millis(300),
            events: 100_000,
        };
        let whole = Self {
            rounds: 3,
            time: Duration::from_secs(3),
            warm_up: Duration::from_millis(500),
            events: 1_000_000,
        };
        let usual = if arguments.quick { short } else { whole };
        Self {
            rounds: arguments.rounds.unwrap_or(usual.rounds),
            time: arguments.seconds.map_or(usual.time, Duration::from_secs),
            ..usual
        }
    }
}

/// A benchmark that is being run.
pub(crate) struct Bench {
    extent: Extent,
    parts: BTreeSet<Part>,
    programs: Programs,
    postgres: Postgres,
    /// The file of real orders, if there is one.
    real_orders: Option<PathBuf>,
    has_archive: bool,
    /// Whether the archive's read model of orders is there.
    is_folded: bool,
    figures: Figures,
    troubles: Vec<String>,
    /// What the platform did wrong, however fast.
    faults: Vec<String>,
}

/// Measures, prints, and writes the page.
///
/// # Errors
/// When something to be measured cannot be started, or fails, or does anything wrong.
pub async fn run(arguments: RunArguments) -> anyhow::Result<()> {
    let every = <Part as clap::ValueEnum>::value_variants();
    let parts: BTreeSet<Part> = if arguments.only.is_empty() {
        every.iter().copied().collect()
    } else {
        arguments.only.iter().copied().collect()
    };
    let programs = Programs::at(arguments.bin_dir.as_deref())?;
    programs.require(&parts)?;
    let real_orders = real::file(arguments.data.as_deref())?;
    let postgres = Postgres::start(PostgresOptions::default())
        .await
        .context("start PostgreSQL")?;
    let mut bench = Bench {
        extent: Extent::of(&arguments),
        parts,
        programs,
        postgres,
        real_orders,
        has_archive: false,
        is_folded: false,
        figures: Figures::default(),
        troubles: Vec::new(),
        faults: Vec::new(),
    };
    let measured = tokio::select! {
        measured = bench.measure() => measured,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
    };
    measured?;
    let faults = std::mem::take(&mut bench.faults);
    let findings = bench.findings();
    println!("\n{}", report::verdicts(&findings.figures));
    for trouble in &findings.troubles {
        println!("in doubt: {trouble}");
    }
    let usual = !arguments.quick && arguments.only.is_empty();
    if let Some(path) = arguments
        .output
        .or_else(|| usual.then(|| PathBuf::from(PAGE)))
    {
        write(&path, &report::page(&findings))?;
        println!("written: {}", path.display());
    }
    ensure!(faults.is_empty(), "{}", faults.join("; "));
    Ok(())
}

fn write(path: &Path, page: &str) -> anyhow::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).with_context(|| format!("make {}", parent.display()))?;
    }
    fs::write(path, page).with_context(|| format!("write {}", path.display()))
}

impl Bench {
    async fn measure(&mut self) -> anyhow::Result<()> {
        for round in 1..=self.extent.rounds {
            println!("round {round} of {}", self.extent.rounds);
            for part in contenders::IN_TURN {
                if self.parts.contains(&part) {
                    self.contend(part)
                        .await
                        .with_context(|| format!("measure {part:?} in round {round}"))?;
                }
            }
        }
        if self.parts.contains(&Part::Memory) {
            self.memory().await.context("measure memory")?;
        }
        if self.parts.contains(&Part::Lag) {
            self.lag().await.context("measure lag all in one")?;
        }
        if self.parts.contains(&Part::LagNats) {
            self.lag_over_nats()
                .await
                .context("measure lag over NATS")?;
        }
        if self.parts.contains(&Part::Saga) {
            self.saga().await.context("measure sagas all in one")?;
        }
        if self.parts.contains(&Part::SagaNats) {
            self.saga_over_nats()
                .await
                .context("measure sagas over NATS")?;
        }
        if self.parts.contains(&Part::Replay) {
            self.replay().await.context("measure replay")?;
        }
        if self.parts.contains(&Part::Rebuild) {
            self.rebuild_under_load()
                .await
                .context("measure rebuilds under load")?;
        }
        if self.parts.contains(&Part::List) {
            self.lists().await.context("measure lists")?;
        }
        Ok(())
    }

    /// Says what was found, while more is being measured.
    fn say(&self, line: &str) {
        println!("  {line}");
    }

    fn findings(self) -> Findings {
        let version = self.postgres.binaries().version();
        let machine = Machine::look(self.postgres.home(), version);
        let mut troubles = self.troubles;
        if machine.keeps_files_in_memory() {
            troubles.push(format!(
                "PostgreSQL's files are in memory ({}): set TMPDIR to a directory on a disk",
                machine.file_system
            ));
        }
        Findings {
            profile: self.programs.profile(),
            method: method(&self.extent, &self.parts, self.real_orders.is_some()),
            machine,
            figures: self.figures,
            troubles,
        }
    }
}

/// How what was measured was measured.
fn method(extent: &Extent, parts: &BTreeSet<Part>, is_real: bool) -> Vec<String> {
    let Extent {
        rounds,
        time,
        warm_up,
        events,
    } = extent;
    let mut method = vec![
        format!(
            "Contenders take turns ({rounds} rounds); each measurement lasts {time:?} after \
             {warm_up:?} of the same load. Figures are medians over the rounds, and proportions \
             between contenders are medians of each round's proportion."
        ),
        "All of it shares one machine: load generator, services and PostgreSQL. The load generator \
         is one thread with requests rendered beforehand, in a closed loop: each connection sends \
         its next request when the answer is in. Every request is different and has its own \
         idempotency key, a UUIDv7; the SKUs, lines and prices are drawn from a fixed seed."
            .into(),
        "Every contender begins its turn with an empty database, after a checkpoint, on the same \
         PostgreSQL with `fsync` and `synchronous_commit` on."
            .into(),
    ];
    let of_parts = parts.iter().filter_map(|part| match part {
        Part::Noop => Some(
            "The handler that does nothing reads the same body and answers 201 with a short JSON; \
             it is served by `axum::serve` in a process of its own.",
        ),
        Part::Write => Some(
            "Commits are transaction ids handed out; log bytes are what the write-ahead log grew \
             by, full page images after the checkpoint included. A placement or a note is one \
             event, so that bytes per command are bytes per event, except where sagas run.",
        ),
        Part::Grpc => Some(
            "Over gRPC the load generator is tonic's client, whose own CPU is several times that of \
             the one over HTTP/1.1: compare the service's CPU per command, and not the rates. \
             Callers share 4 connections. An import is a call with 5,000 items, one call after \
             another; its latency is that of the call. Real orders are the clean sales of Online \
             Retail, all of them with new keys in each call or request: its time runs from the \
             invoices in memory to the last result, so that making messages and lines is within.",
        ),
        Part::Pgbench => Some(
            "pgbench inserts one event per transaction into a table with the event store's columns \
             and indexes, as prepared statements; the payload is that of a placement of average \
             length. It keeps no record of commands, and does not ask for what was there before.",
        ),
        Part::Platform => Some(
            "Everything in one process: the rate is that of accepted placements while saga and \
             projector work; the carried rate also counts the time until every order was carried \
             to its end and shows in the read model.",
        ),
        Part::Lag => Some(
            "Lag: an open loop places orders at half of what the platform carried to the end in a \
             trial run, while probes place orders of their own and ask for them until they are \
             there; the time runs from before the POST to after the GET.",
        ),
        Part::Saga => Some(
            "Sagas: an open loop places orders at half of what the platform carried to the end in a \
             trial run, while the sandbox authorizes at once; the time of every order runs from its \
             `OrderPlaced` to its `OrderConfirmed`, as the store has recorded them: stock is reserved \
             and the payment authorized over HTTP meanwhile.",
        ),
        Part::Store => Some(
            "The store in process: callers put commands into a lane over a store of their own \
             process, with threads as a service has them; making commands and taking times is \
             counted as the service's CPU. Plain appends are batches of 256 placements, one after \
             another; the time of making them is left out.",
        ),
        Part::List => Some(
            "Lists: one connection asks the query service for the newest 50 orders, of all and of \
             one status. pgbench, with one client, repeats the statement that the service was seen \
             to send, with the same values, prepared.",
        ),
        Part::Rebuild => Some(
            "Rebuild under load: over a history of half as many events, orders are placed in an open loop \
             at half of what a trial run placed at most with projections and reads beside it; first \
             without a rebuild, then while `projector rebuild order_summary` runs again and again. One \
             connection reads meanwhile, in turn, orders that ended in the history, the newest completed \
             ones and the newest ones: an answer that is an error, or is not what it was before the \
             first rebuild, or not a full list, is wrong. Then `projector verify` folds all of it once \
             more. Load generator, services and database share the cores with the rebuild.",
        ),
        Part::LagNats | Part::SagaNats | Part::Memory | Part::Replay => None,
    });
    method.extend(of_parts.map(Into::into));
    if parts.contains(&Part::Replay) {
        method.push(replay_method(*events, is_real));
    }
    method
}

fn replay_method(events: usize, is_real: bool) -> String {
    let orders = match is_real {
        true => {
            "the orders are the clean sales of a month of Online Retail, placed month after month \
             with new ids"
        }
        false => "the orders are drawn, of 1 to 5 lines",
    };
    format!(
        "Replay: `projector rebuild`, from the program's start to its end, over {events} events that were \
         copied into the store's table; indexes, checkpoint and swap included. Every event is what the \
         deciders made of a command of people, policies, timers or participants, as in the services \
         (`bench fill` writes the same history into any empty store): {orders}; some are declined, held, \
         cancelled, lost or sent back. They have no addresses, whose keys no history could have. The reference copies all events out, in binary form and to nowhere, \
         and the resulting rows into tables of the same columns without any index; the same with indexes, \
         and of only those events out that `order_summary` folds, is among the figures. All read models are \
         built by one `projector rebuild --all`; its reference has the events once, and the rows of every \
         table. Memory is the most that the program had resident (`VmHWM`)."
    )
}
