//! What it costs to load the state of a stream, by its length, beside a read of one row that would hold
//! the state: `loading [ROUNDS] [LENGTH...]`. For `docs/adr/0016-snapshots.md`.
//!
//! The stream is an article's stock, which every order of it adds to, and nothing ends. Times are medians,
//! over a private, durable PostgreSQL.
#![expect(clippy::print_stdout, reason = "this is its purpose")]

use anyhow::{Context, ensure};
use chrono::Utc;
use domain::{
    Actor, CommandId, Event, EventId, Location, Sku, State, StreamId, TenantId, Version,
    stock::{StockAdjusted, StockEvent, StockReceived},
};
use std::time::{Duration, Instant};
use store::{
    Answer, Append, AppendOutcome, EventReader, EventStore, NewEvent, PostgresOptions,
    PostgresStore, StreamAppend, Until, fold_stream,
};
use uuid::Uuid;

/// How many bytes a state may have as a row: a little, and with 1,024 ended reservations remembered.
const SNAPSHOTS: [usize; 2] = [500, 80_000];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let rounds = arguments.next().map_or(Ok(30), |text| text.parse())?;
    let mut lengths: Vec<usize> = arguments
        .map(|text| text.parse())
        .collect::<Result<_, _>>()?;
    if lengths.is_empty() {
        lengths = vec![10, 100, 1_000, 10_000];
    }
    let server = local::Postgres::start(local::PostgresOptions::default()).await?;
    server.create_database("loading").await?;
    let store = PostgresStore::connect(PostgresOptions::new(server.url("loading"))).await?;
    store.migrate().await?;
    println!("events   read, decoded and folded   only read   only decoded and folded");
    for length in lengths {
        let stream = fill(&store, length).await?;
        let (mut whole, mut read, mut fold) = (vec![], vec![], vec![]);
        for _ in 0..rounds {
            let began = Instant::now();
            let folded = fold_stream(&store, &stream, Until::End).await?;
            whole.push(began.elapsed());
            ensure!(
                folded.version == Version::ZERO.plus(length),
                "it is another length"
            );
            let began = Instant::now();
            let events = store
                .read_streams(&[(stream.clone(), Version::ZERO)], length)
                .await?;
            read.push(began.elapsed());
            let began = Instant::now();
            let mut state = State::empty(stream.category());
            for event in events {
                state = state.evolve(&event.decode()?.event);
            }
            std::hint::black_box(&state);
            fold.push(began.elapsed());
        }
        println!(
            "{length:>6} {:>26.2?} {:>11.2?} {:>25.2?}",
            median(whole),
            median(read),
            median(fold)
        );
    }
    for bytes in SNAPSHOTS {
        let stream = one_row(&store, bytes).await?;
        let mut read = vec![];
        for _ in 0..rounds {
            let began = Instant::now();
            let events = store
                .read_streams(&[(stream.clone(), Version::ZERO)], 1)
                .await?;
            let json: serde_json::Value = serde_json::from_slice(&events[0].payload)?;
            std::hint::black_box(&json);
            read.push(began.elapsed());
        }
        println!(
            "a row of {bytes} bytes, read and parsed: {:.2?}",
            median(read)
        );
    }
    Ok(())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn stock() -> anyhow::Result<StreamId> {
    let sku = Sku::parse(&Uuid::new_v4().simple().to_string())?;
    Ok(StreamId::stock(
        &TenantId::default(),
        &Location::default(),
        &sku,
    ))
}

async fn fill(store: &PostgresStore, length: usize) -> anyhow::Result<StreamId> {
    let stream = stock()?;
    let sku = Sku::parse("A")?;
    let mut version = 0;
    while version < length {
        let count = 500.min(length - version);
        let events = (0..count).map(|nr| {
            Event::Stock(match (version + nr) % 2 {
                0 => StockEvent::from(StockReceived {
                    receipt_id: Uuid::new_v4(),
                    location: Location::default(),
                    sku: sku.clone(),
                    quantity: 2,
                    reference: None,
                }),
                _ => StockEvent::from(StockAdjusted {
                    adjustment_id: Uuid::new_v4(),
                    location: Location::default(),
                    sku: sku.clone(),
                    delta: -1,
                    reason: "counted".into(),
                }),
            })
        });
        let id = CommandId::new(Uuid::new_v4());
        let events = events
            .enumerate()
            .map(|(nr, event)| NewEvent::of(id, nr, &event));
        put(store, append(id, &stream, version, events.collect())).await?;
        version += count;
    }
    Ok(stream)
}

async fn one_row(store: &PostgresStore, bytes: usize) -> anyhow::Result<StreamId> {
    let stream = stock()?;
    let id = CommandId::new(Uuid::new_v4());
    let ids: Vec<Uuid> = (0..bytes / 39).map(|_| Uuid::new_v4()).collect();
    let event = NewEvent {
        id: EventId::of(id, 0),
        event_type: "Snapshot",
        schema_version: 1,
        payload: serde_json::to_vec(&ids)?,
    };
    put(store, append(id, &stream, 0, vec![event])).await?;
    Ok(stream)
}

fn append(id: CommandId, stream: &StreamId, at: usize, events: Vec<NewEvent>) -> Append {
    Append {
        command_id: id,
        fingerprint: None,
        tenant: TenantId::default(),
        actor: Actor::parse("example").expect("a word is an actor"),
        correlation_id: id.uuid(),
        causation_id: None,
        traceparent: None,
        occurred_at: Utc::now(),
        streams: vec![StreamAppend {
            stream: stream.clone(),
            expected: Version::ZERO.plus(at),
            events,
        }],
        answer: Answer::Accepted,
    }
}

async fn put(store: &PostgresStore, append: Append) -> anyhow::Result<()> {
    let outcomes = store.append(&[append]).await?;
    let done = outcomes.first().context("an outcome")?;
    ensure!(matches!(done, AppendOutcome::Done { .. }), "{done:?}");
    Ok(())
}
