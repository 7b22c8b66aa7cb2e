//! What becomes of readers and stream when nats-server, its stream or a relay fails under load.

use crate::{
    broker::{connect, nonsense, raw},
    harness::{Bent, Reader, Tasks, Writer, is_live, until},
    jetstream::{arrives, feed, holds, jetstream_options, nats, relay},
    relay::{leases, options},
};
use async_trait::async_trait;
use bus::{
    Broker, JetStream, Relay,
    broker::{Acknowledgement, BrokerError, Duplicates, Holding, Last, Message, Subscription},
};
use servers::Nats;
use std::{
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};
use store::{EventReader, lease::Leases};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const EVENTS: usize = 4_000;

/// How often harm is done.
const HARMS: usize = 5;

/// Does harm again and again while events are appended and read, and checks that every reader gets
/// all of them once and in order, and that the feed returns to the broker.
async fn under_load(harm: impl AsyncFn(&Nats)) {
    let (nats, store, tasks) = (nats().await, Bent::new(1), Tasks::default());
    relay(store.clone(), &nats, leases(), 1, &tasks).await;
    let view = store.view();
    let feed = feed(view.clone(), &nats, &tasks).await;
    let places: Vec<Arc<AtomicI64>> = (0..4).map(|_| Arc::default()).collect();
    let (end, told) = watch::channel(None);
    let readers: Vec<_> = places
        .iter()
        .map(|at| Reader::new(&feed, 0, 1).spawn_until(told.clone(), at.clone()))
        .collect();
    let stop = CancellationToken::new();
    let writer = Writer::new(store.clone(), "A");
    let writer = writer.append_until(stop.clone(), Duration::from_millis(5));
    for _ in 0..HARMS {
        goes_on(&store, &nats, &places).await;
        harm(&nats).await;
    }
    goes_on(&store, &nats, &places).await;
    stop.cancel();
    let mut writer = writer.await.unwrap();
    end.send_replace(Some(writer.count()));
    for reader in readers {
        reader.await.unwrap();
    }
    let mut reader = Reader::new(&feed, writer.count() as i64, 1);
    is_live(&view, &mut writer, &mut reader).await;
    arrives(&nats, reader.at.get()).await;
}

/// Waits until readers and stream have got past what is there now, and some more.
async fn goes_on(store: &Bent, nats: &Nats, places: &[Arc<AtomicI64>]) {
    let beyond = store.head().await.unwrap().position.get() + 100;
    until("all readers to get on", async || {
        places.iter().all(|at| at.load(Relaxed) >= beyond)
    })
    .await;
    arrives_beyond(nats, beyond).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_stream_heals() {
    under_load(async |nats| {
        // It may just not be there.
        let _ = raw(nats).await.delete_stream(nats.stream()).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purged_stream_heals() {
    under_load(async |nats| {
        if let Ok(stream) = raw(nats).await.get_stream(nats.stream()).await {
            stream.purge().await.unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_of_others_and_deleted_messages_do_no_harm() {
    under_load(async |nats| {
        let context = raw(nats).await;
        if let Ok(stream) = context.get_stream(nats.stream()).await {
            let last = stream.cached_info().state.last_sequence;
            let _ = stream.delete_message(last).await;
            let foreign = context.publish(nonsense(nats), "{}".into()).await;
            foreign.unwrap().await.unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_heals() {
    if !Nats::may_be_killed() {
        return;
    }
    under_load(async |nats| {
        nats.kill9().await.unwrap();
        // For longer than a moment; nothing is waited for here.
        tokio::time::sleep(Duration::from_millis(300)).await;
        nats.restart().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_lost_its_disk_heals() {
    if !Nats::may_be_killed() {
        return;
    }
    under_load(async |nats| {
        nats.kill9().await.unwrap();
        nats.lose_disk().await.unwrap();
        nats.restart().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_relays_at_once_publish_once() {
    let (nats, store, tasks) = (nats().await, Bent::new(1), Tasks::default());
    // Two keepers of leases: each relay takes itself for the leader.
    relay(store.clone(), &nats, leases(), 1, &tasks).await;
    relay(store.clone(), &nats, leases(), 2, &tasks).await;
    let feed = feed(store.view(), &nats, &tasks).await;
    let reader = Reader::new(&feed, 0, 1).spawn_to(EVENTS);
    let writer = Writer::new(store.clone(), "A");
    writer
        .append_steadily(EVENTS, Duration::from_millis(3))
        .await
        .unwrap();
    reader.await.unwrap();
    arrives(&nats, EVENTS as i64).await;
    holds(&nats, 1..=EVENTS as i64).await;
}

/// A broker whose user can be stopped in its tracks: with its thread, timers and connection, as a
/// process is that gets SIGSTOP.
struct Stoppable {
    inner: JetStream,
    gate: Arc<Gate>,
}

#[derive(Default)]
struct Gate {
    stopped: Mutex<bool>,
    changed: Condvar,
    waiting: AtomicU64,
    refused: AtomicU64,
}

impl Gate {
    fn set(&self, stopped: bool) {
        *self.stopped.lock().unwrap() = stopped;
        self.changed.notify_all();
    }

    /// Blocks the thread.
    fn pass(&self) {
        let mut stopped = self.stopped.lock().unwrap();
        while *stopped {
            self.waiting.store(1, Relaxed);
            stopped = self.changed.wait(stopped).unwrap();
        }
    }
}

#[async_trait]
impl Broker for Stoppable {
    async fn look(&self) -> Result<Holding, BrokerError> {
        self.inner.look().await
    }
    async fn publish(
        &self,
        message: &Message,
        after: u64,
        duplicates: Duplicates,
    ) -> Result<Acknowledgement, BrokerError> {
        self.gate.pass();
        let sent = self.inner.publish(message, after, duplicates).await?;
        let gate = Arc::clone(&self.gate);
        // Also when nobody waits for it any more.
        let answer = tokio::spawn(async move {
            let answer = sent.await;
            if matches!(answer, Err(BrokerError::OutOfStep)) {
                gate.refused.fetch_add(1, Relaxed);
            }
            answer
        });
        Ok(Box::pin(async move { answer.await.unwrap() }))
    }
    async fn clear(&self, up_to: u64) -> Result<(), BrokerError> {
        self.inner.clear(up_to).await
    }
    async fn subscribe(&self) -> Result<Subscription, BrokerError> {
        self.inner.subscribe().await
    }
}

/// Runs a relay on a thread of its own, which its gate can stop.
fn stoppable_relay(
    store: Arc<Bent>,
    nats: &Nats,
    leases: Arc<dyn Leases>,
    gate: Arc<Gate>,
    tasks: &Tasks,
) -> std::thread::JoinHandle<()> {
    let (url, stop) = (nats.url().to_owned(), tasks.stop.clone());
    let jetstream_options = jetstream_options(nats);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(async move {
            let connect = bus::ConnectOptions::new();
            let inner = JetStream::connect(url, connect, jetstream_options)
                .await
                .unwrap();
            let broker = Arc::new(Stoppable { inner, gate });
            let relay = Relay::new(store, broker, leases, Uuid::from_u128(1), options());
            relay.run(stop).await;
        });
    })
}

async fn a_stopped_leader(lose_the_stream: bool) {
    let (nats, store, tasks) = (nats().await, Bent::new(1), Tasks::default());
    let (leases, gate) = (leases(), Arc::<Gate>::default());
    let first = stoppable_relay(store.clone(), &nats, leases.clone(), gate.clone(), &tasks);
    let view = store.view();
    let feed = feed(view.clone(), &nats, &tasks).await;
    let (end, told) = watch::channel(None);
    let reader = Reader::new(&feed, 0, 1).spawn_until(told, Arc::default());
    let writing = CancellationToken::new();
    let writer = Writer::new(store.clone(), "A");
    let writer = writer.append_until(writing.clone(), Duration::from_millis(3));
    arrives_at_all(&nats).await;
    gate.set(true);
    until("the first relay to stop", async || {
        gate.waiting.load(Relaxed) > 0
    })
    .await;
    if lose_the_stream {
        raw(&nats).await.delete_stream(nats.stream()).await.unwrap();
    }
    // It takes over when the lease has ended.
    relay(store.clone(), &nats, leases, 2, &tasks).await;
    let at_stop = store.head().await.unwrap().position.get();
    arrives_beyond(&nats, at_stop).await;
    gate.set(false);
    if !lose_the_stream {
        until("the first relay to be refused", async || {
            gate.refused.load(Relaxed) > 0
        })
        .await;
    }
    arrives_beyond(&nats, store.head().await.unwrap().position.get()).await;
    writing.cancel();
    let mut writer = writer.await.unwrap();
    end.send_replace(Some(writer.count()));
    reader.await.unwrap();
    let count = writer.count() as i64;
    arrives(&nats, count).await;
    holds(&nats, 1..=count).await;
    let mut reader = Reader::new(&feed, count, 1);
    is_live(&view, &mut writer, &mut reader).await;
    tasks.stop.cancel();
    first.join().unwrap();
}

/// Something is in the stream.
async fn arrives_at_all(nats: &Nats) {
    arrives_beyond(nats, 50).await;
}

async fn arrives_beyond(nats: &Nats, position: i64) {
    let broker = connect(nats, jetstream_options(nats)).await;
    until("messages", async || {
        // The stream may be gone for a moment, as what was done to it may want.
        let held = broker.look().await.map(|holding| holding.last);
        matches!(held, Ok(Last::Event { at, .. }) if at.position.get() > position)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_was_stopped_for_long_does_no_harm() {
    a_stopped_leader(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_does_one_that_wakes_to_another_stream() {
    a_stopped_leader(true).await;
}
