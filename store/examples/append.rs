//! How many commands the store appends, and what they cost: `append [SECONDS] [SIZE...]`.
//!
//! One caller appends one batch after the other, as the lane does, to a private, durable PostgreSQL.
//! Making a batch is not timed.
#![expect(clippy::print_stdout, reason = "this is its purpose")]

use anyhow::{Context, ensure};
use chrono::Utc;
use domain::{Actor, CommandId, EventId, OrderId, StreamId, TenantId, Version};
use std::time::{Duration, Instant};
use store::{
    Answer, Append, AppendOutcome, EventReader, EventStore, NewEvent, PostgresOptions,
    PostgresStore, StreamAppend,
};
use uuid::Uuid;

/// About as large as an order of three lines.
const PAYLOAD_BYTES: usize = 320;

/// A page of events, when all are read.
const PAGE: usize = 1_000;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments.next().map_or(Ok(5), |text| text.parse())?;
    let mut sizes: Vec<usize> = arguments
        .map(|text| text.parse())
        .collect::<Result<_, _>>()?;
    if sizes.is_empty() {
        sizes = vec![1, 16, 64, 256];
    }
    let server = local::Postgres::start(local::PostgresOptions::default()).await?;
    server.create_database("append").await?;
    let url = server.url("append");
    let store = PostgresStore::connect(PostgresOptions::new(url)).await?;
    store.migrate().await?;
    println!("batch  commands/s  statements/s  CPU us/command: here, PostgreSQL");
    for hot in [false, true] {
        println!(
            "{}",
            if hot {
                "one hot stream"
            } else {
                "a new stream each"
            }
        );
        for size in &sizes {
            run(
                &store,
                server.pid(),
                *size,
                hot,
                Duration::from_secs(seconds),
            )
            .await?;
        }
    }
    read_back(&store).await
}

async fn run(
    store: &PostgresStore,
    server: u32,
    size: usize,
    hot: bool,
    time: Duration,
) -> anyhow::Result<()> {
    let stream = new_stream();
    let mut version = Version::ZERO;
    let mut done = 0;
    let mut batches = 0;
    let mut spent = Duration::ZERO;
    let cpu = (own_cpu()?, family_cpu(server)?);
    while spent < time {
        let batch: Vec<Append> = (0..size)
            .map(|nr| match hot {
                true => append(stream.clone(), version.plus(nr)),
                false => append(new_stream(), Version::ZERO),
            })
            .collect();
        let began = Instant::now();
        let outcomes = store.append(&batch).await?;
        spent += began.elapsed();
        let all = outcomes
            .iter()
            .all(|outcome| matches!(outcome, AppendOutcome::Done { .. }));
        ensure!(all, "an append was not done: {outcomes:?}");
        version = version.plus(size);
        done += size;
        batches += 1;
    }
    let cpu = (own_cpu()? - cpu.0, family_cpu(server)? - cpu.1);
    println!(
        "{size:5}  {:10.0}  {:12.0}  {:20.1}  {:10.1}",
        done as f64 / spent.as_secs_f64(),
        f64::from(batches) / spent.as_secs_f64(),
        cpu.0.as_secs_f64() * 1e6 / done as f64,
        cpu.1.as_secs_f64() * 1e6 / done as f64,
    );
    Ok(())
}

/// Reads all events there are, as a rebuild does.
async fn read_back(store: &PostgresStore) -> anyhow::Result<()> {
    let began = Instant::now();
    let cpu = own_cpu()?;
    let mut after = domain::Position::ZERO;
    let mut count = 0;
    loop {
        let page = store.read_all(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.envelope.position;
        count += page.len();
    }
    let cpu = own_cpu()? - cpu;
    println!(
        "read {count} events: {:.0}/s, {:.2} us of this process's cpu each",
        count as f64 / began.elapsed().as_secs_f64(),
        cpu.as_secs_f64() * 1e6 / count.max(1) as f64,
    );
    Ok(())
}

fn new_stream() -> StreamId {
    StreamId::order(&TenantId::default(), OrderId::new(Uuid::now_v7()))
}

fn append(stream: StreamId, expected: Version) -> Append {
    let command_id = CommandId::new(Uuid::new_v4());
    let filler = "x".repeat(PAYLOAD_BYTES - r#"{"filler":""}"#.len());
    Append {
        command_id,
        fingerprint: Some([7; 32]),
        tenant: TenantId::default(),
        actor: Actor::parse("example").expect("a word is an actor"),
        correlation_id: command_id.uuid(),
        causation_id: None,
        traceparent: None,
        occurred_at: Utc::now(),
        streams: vec![StreamAppend {
            stream,
            expected,
            events: vec![NewEvent {
                id: EventId::of(command_id, 0),
                event_type: "OrderPlaced",
                schema_version: 1,
                payload: format!(r#"{{"filler":"{filler}"}}"#).into_bytes(),
            }],
        }],
        answer: Answer::Accepted,
    }
}

/// What this process has used of the processors.
fn own_cpu() -> anyhow::Result<Duration> {
    Ok(cpu_of(std::process::id())?.1)
}

/// What a process and those it started have used.
fn family_cpu(parent: u32) -> anyhow::Result<Duration> {
    let mut total = Duration::ZERO;
    for entry in std::fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // A process may end while we look.
        if let Ok((of, used)) = cpu_of(pid)
            && (pid == parent || of == parent)
        {
            total += used;
        }
    }
    Ok(total)
}

/// A process's parent, and what it has used.
fn cpu_of(pid: u32) -> anyhow::Result<(u32, Duration)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, fields) = stat.rsplit_once(')').context("no fields")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
    // A tick is 10 ms on every Linux.
    Ok((fields[1].parse()?, Duration::from_millis(ticks * 10)))
}
