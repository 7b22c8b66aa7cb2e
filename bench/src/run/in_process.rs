//! The store called in process: through the lane, and with whole batches.

use super::{
    AT_ONCE, Bench, archive,
    loaded::{Cost, Workers},
};
use crate::{
    load::Latencies,
    orders::{Placement, reference},
};
use anyhow::{Context, bail, ensure};
use chrono::Utc;
use domain::{
    Actor, Command, CommandEnvelope, CommandId, Event, OrderId, StreamId, TenantId, Version,
    order::{AddNote, OrderCommand, PlaceOrder},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use store::{
    Answer, Append, AppendOutcome, EventStore, NewEvent, PostgresOptions, PostgresStore,
    StreamAppend,
    lane::{Lane, LaneOptions, Outcome},
};
use tokio::{
    runtime::{Builder, Runtime},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How many different orders are placed in turn.
const DIFFERENT: usize = 512;

/// Callers on one order, and appends in a batch: what the lane takes at once.
const MANY: usize = 256;

const DATABASE: &str = "bench";

impl Bench {
    /// One turn of the store.
    pub(super) async fn in_process(&mut self) -> anyhow::Result<()> {
        self.fresh_database(DATABASE).await?;
        let url = self.postgres.url(DATABASE);
        archive::make_schema(&url).await?;
        let threads = Threads::start()?;
        let store: Arc<dyn EventStore> = threads.run(open(url)).await?;
        let (lane, work) = Lane::new(Arc::clone(&store), LaneOptions::default());
        let stop = CancellationToken::new();
        let working = threads.runtime()?.spawn(work.run(stop.clone()));

        let orders = Arc::new(Orders::new());
        let placements = Commands::Placements(Arc::clone(&orders));
        for callers in AT_ONCE {
            self.call("store", &threads, &lane, &placements, callers)
                .await?;
        }
        let hot = orders.next();
        let notes = Commands::Notes(hot.order_id);
        let lane_here = lane.clone();
        threads
            .run(async move { execute(&lane_here, place(hot)).await })
            .await?;
        self.call("store-hot", &threads, &lane, &notes, MANY)
            .await?;
        stop.cancel();
        working.await.context("the lane failed")?;

        self.append(&threads, store, orders).await
    }

    /// So many callers, each with one command at a time.
    async fn call(
        &mut self,
        name: &str,
        threads: &Threads,
        lane: &Lane,
        commands: &Commands,
        callers: usize,
    ) -> anyhow::Result<()> {
        let calls = |time| {
            let (lane, commands) = (lane.clone(), commands.clone());
            threads.run(call_all(lane, commands, callers, time))
        };
        calls(self.extent.warm_up).await?;
        let workers = Workers {
            services: Vec::new(),
            database: true,
        };
        let mark = self.mark(&workers).await?;
        let (elapsed, latencies) = calls(self.extent.time).await?;
        let cost = self.cost(mark, &workers).await?;
        let name = format!("{name}/{callers}");
        self.write_down_calls(&name, elapsed, &latencies, latencies.count(), cost);
        Ok(())
    }

    /// One batch after another, without a lane.
    async fn append(
        &mut self,
        threads: &Threads,
        store: Arc<dyn EventStore>,
        orders: Arc<Orders>,
    ) -> anyhow::Result<()> {
        let appends = |time| threads.run(append_all(Arc::clone(&store), Arc::clone(&orders), time));
        appends(self.extent.warm_up).await?;
        let workers = Workers {
            services: Vec::new(),
            database: true,
        };
        let mark = self.mark(&workers).await?;
        let (elapsed, latencies) = appends(self.extent.time).await?;
        let cost = self.cost(mark, &workers).await?;
        let done = latencies.count() * MANY as u64;
        let name = format!("append/{MANY}");
        self.write_down_calls(&name, elapsed, &latencies, done, cost);
        Ok(())
    }

    /// This process is both the one that calls and the one that serves.
    fn write_down_calls(
        &mut self,
        name: &str,
        elapsed: Duration,
        latencies: &Latencies,
        done: u64,
        cost: Cost,
    ) {
        let rate = done as f64 / elapsed.as_secs_f64();
        self.write_down(name, rate, latencies);
        let cost = Cost {
            services: cost.own,
            ..cost
        };
        self.write_down_cost(name, done, &cost, None);
    }
}

/// Threads as a service has them; the load generator itself has only one.
struct Threads(Option<Runtime>);

impl Threads {
    fn start() -> anyhow::Result<Self> {
        let runtime = Builder::new_multi_thread().enable_all().build();
        Ok(Self(Some(runtime.context("start threads")?)))
    }

    fn runtime(&self) -> anyhow::Result<&Runtime> {
        self.0.as_ref().context("the threads are gone")
    }

    async fn run<T: Send + 'static>(
        &self,
        task: impl Future<Output = anyhow::Result<T>> + Send + 'static,
    ) -> anyhow::Result<T> {
        self.runtime()?.spawn(task).await.context("a task failed")?
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // A runtime must not be waited for within another one.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

async fn open(url: String) -> anyhow::Result<Arc<dyn EventStore>> {
    let store = PostgresStore::connect(PostgresOptions::new(url)).await?;
    Ok(Arc::new(store))
}

async fn call_all(
    lane: Lane,
    commands: Commands,
    callers: usize,
    time: Duration,
) -> anyhow::Result<(Duration, Latencies)> {
    let began = Instant::now();
    let deadline = began + time;
    let mut calls = JoinSet::new();
    for _ in 0..callers {
        let (lane, commands) = (lane.clone(), commands.clone());
        calls.spawn(async move {
            let mut latencies = Latencies::new();
            while Instant::now() < deadline {
                let command = commands.next();
                let began = Instant::now();
                execute(&lane, command).await?;
                latencies.record(began.elapsed());
            }
            anyhow::Ok(latencies)
        });
    }
    let mut all = Latencies::new();
    while let Some(ended) = calls.join_next().await {
        all.add(&ended??);
    }
    Ok((began.elapsed(), all))
}

async fn execute(lane: &Lane, command: CommandEnvelope) -> anyhow::Result<()> {
    match lane.execute(command).await?.outcome {
        Outcome::Accepted => Ok(()),
        Outcome::Refused(refusal) => bail!("a command was refused: {refusal:?}"),
    }
}

/// The time that counts is that of the appends: making a batch takes none of it, since a lane would
/// do that on another thread meanwhile.
async fn append_all(
    store: Arc<dyn EventStore>,
    orders: Arc<Orders>,
    time: Duration,
) -> anyhow::Result<(Duration, Latencies)> {
    let (mut spent, mut latencies) = (Duration::ZERO, Latencies::new());
    while spent < time {
        let batch: Vec<Append> = (0..MANY).map(|_| orders.append()).collect();
        let began = Instant::now();
        let outcomes = store.append(&batch).await?;
        let took = began.elapsed();
        let all = outcomes
            .iter()
            .all(|outcome| matches!(outcome, AppendOutcome::Done { .. }));
        ensure!(all, "an append was not done: {outcomes:?}");
        spent += took;
        latencies.record(took);
    }
    Ok((spent, latencies))
}

/// An endless supply of orders, all different.
struct Orders {
    drawn: Vec<PlaceOrder>,
    next: AtomicUsize,
}

impl Orders {
    fn new() -> Self {
        let id = OrderId::new(Uuid::now_v7());
        let placements = Placement::several(DIFFERENT, 20_101_201);
        let drawn = (0..)
            .zip(placements)
            .map(|(number, placement)| placement.command(id, reference(number), Utc::now()));
        Self {
            drawn: drawn.collect(),
            next: AtomicUsize::new(0),
        }
    }

    fn next(&self) -> PlaceOrder {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.drawn.len();
        let mut order = self.drawn[turn].clone();
        order.order_id = OrderId::new(Uuid::now_v7());
        order
    }

    /// The next order as the append that the lane would make of it.
    fn append(&self) -> Append {
        let order = self.next();
        let id = CommandId::new(Uuid::new_v4());
        let stream = StreamId::order(&TenantId::default(), order.order_id);
        let event = Event::Order(Placement::event(order));
        Append {
            command_id: id,
            fingerprint: Some(fingerprint()),
            tenant: TenantId::default(),
            actor: actor(),
            correlation_id: id.uuid(),
            causation_id: None,
            traceparent: None,
            occurred_at: Utc::now(),
            streams: vec![StreamAppend {
                stream,
                expected: Version::ZERO,
                events: vec![NewEvent::of(id, 0, &event)],
            }],
            answer: Answer::Accepted,
        }
    }
}

/// What callers put.
#[derive(Clone)]
enum Commands {
    /// Each places another order.
    Placements(Arc<Orders>),
    /// Each is a note on the same order.
    Notes(OrderId),
}

impl Commands {
    fn next(&self) -> CommandEnvelope {
        match self {
            Self::Placements(orders) => place(orders.next()),
            Self::Notes(order) => {
                let note = AddNote {
                    note_id: Uuid::now_v7(),
                    text: "The customer called and asks to be told before delivery.".into(),
                };
                envelope(*order, OrderCommand::AddNote(note))
            }
        }
    }
}

fn place(order: PlaceOrder) -> CommandEnvelope {
    envelope(order.order_id, OrderCommand::Place(order))
}

fn envelope(order: OrderId, command: OrderCommand) -> CommandEnvelope {
    let id = CommandId::new(Uuid::new_v4());
    CommandEnvelope {
        id,
        fingerprint: Some(fingerprint()),
        tenant: TenantId::default(),
        actor: actor(),
        correlation_id: id.uuid(),
        causation_id: None,
        traceparent: None,
        occurred_at: Utc::now(),
        expected: None,
        command: Command::Order(order, command),
    }
}

/// As incompressible as a digest is.
fn fingerprint() -> [u8; 32] {
    rand::random()
}

fn actor() -> Actor {
    Actor::parse("anonymous").expect("a word is an actor")
}
