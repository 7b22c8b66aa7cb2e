//! Relay and feed over a real nats-server.

use crate::{
    broker::{connect, options as defaults, raw},
    harness::{Bent, Reader, Tasks, Writer, is_live, tail_options, until, within},
    relay::{leases, options},
};
use bus::{Broker, BrokerFeed, Feed, JetStreamOptions, Relay, StoreFeed};
use futures::StreamExt;
use servers::{Nats, SharedPostgres};
use std::{sync::Arc, time::Duration};
use store::{EventReader, PostgresStore, lease::Leases};
use uuid::Uuid;

pub async fn nats() -> Nats {
    Nats::start().await.unwrap()
}

pub fn jetstream_options(nats: &Nats) -> JetStreamOptions {
    JetStreamOptions {
        timeout: Duration::from_secs(2),
        heartbeat: Duration::from_millis(250),
        ..defaults(nats)
    }
}

/// Starts a relay with a connection of its own.
pub async fn relay(
    store: Arc<dyn EventReader>,
    nats: &Nats,
    leases: Arc<dyn Leases>,
    holder: u128,
    tasks: &Tasks,
) {
    let broker = Arc::new(connect(nats, jetstream_options(nats)).await);
    let relay = Relay::new(store, broker, leases, Uuid::from_u128(holder), options());
    let stop = tasks.stop.clone();
    tasks.tracker.spawn(async move { relay.run(stop).await });
}

/// Starts a feed with a connection of its own.
pub async fn feed(store: Arc<dyn EventReader>, nats: &Nats, tasks: &Tasks) -> Arc<dyn Feed> {
    let broker: Arc<dyn Broker> = Arc::new(connect(nats, jetstream_options(nats)).await);
    let (tracker, stop) = (&tasks.tracker, tasks.stop.clone());
    BrokerFeed::start(broker, store, tail_options(), tracker, stop).0
}

/// Checks that the stream has exactly these positions, as somebody else reads it.
pub async fn holds(nats: &Nats, expected: impl IntoIterator<Item = i64>) {
    let found = positions(nats).await;
    let expected: Vec<i64> = expected.into_iter().collect();
    let same = found
        .iter()
        .zip(&expected)
        .take_while(|(a, b)| a == b)
        .count();
    let around = |all: &[i64]| {
        all.iter()
            .skip(same.saturating_sub(3))
            .take(6)
            .copied()
            .collect()
    };
    let differs: (Vec<i64>, Vec<i64>) = (around(&found), around(&expected));
    assert_eq!(
        (found.len(), same),
        (expected.len(), expected.len()),
        "there is, and should be: {differs:?}"
    );
}

async fn positions(nats: &Nats) -> Vec<i64> {
    use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
    let mut stream = raw(nats).await.get_stream(nats.stream()).await.unwrap();
    let count = stream.info().await.unwrap().state.messages;
    let config = pull::Config {
        deliver_policy: DeliverPolicy::All,
        ack_policy: AckPolicy::None,
        ..pull::Config::default()
    };
    let consumer = stream.create_consumer(config).await.unwrap();
    let count = usize::try_from(count).unwrap();
    if count == 0 {
        return vec![];
    }
    let messages = consumer
        .fetch()
        .max_messages(count)
        .messages()
        .await
        .unwrap();
    let positions = messages.map(|message| {
        let message = message.unwrap();
        let headers = message.headers.as_ref().unwrap();
        headers
            .get("Orders-Position")
            .unwrap()
            .as_str()
            .parse::<i64>()
            .unwrap()
    });
    within("all messages", positions.collect()).await
}

/// Waits until the stream ends with this position.
pub async fn arrives(nats: &Nats, position: i64) {
    let context = raw(nats).await;
    let subjects = format!("{}.>", defaults(nats).prefix);
    let what = format!("position {position} in the stream");
    until(&what, async || {
        let Ok(stream) = context.get_stream(nats.stream()).await else {
            return false;
        };
        let last = stream.get_last_raw_message_by_subject(&subjects).await;
        last.is_ok_and(|last| {
            let found = last.headers.get("Orders-Position");
            found.is_some_and(|found| found.as_str() == position.to_string())
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_readers_get_every_event_once_and_in_order() {
    for step in [1, 16] {
        let (nats, store, tasks) = (nats().await, Bent::new(step), Tasks::default());
        let mut writer = Writer::new(store.clone(), "A");
        writer.append(1_500).await;
        relay(store.clone(), &nats, leases(), 1, &tasks).await;
        let view = store.view();
        let feed = feed(view.clone(), &nats, &tasks).await;
        let readers: Vec<_> = [0, 0, 700, 1_500, 1_500, 1_500]
            .map(|at| Reader::new(&feed, at, step).spawn_to(4_000))
            .into();
        let writer = writer.append_steadily(2_500, Duration::from_millis(1));
        for reader in readers {
            reader.await.unwrap();
        }
        let mut writer = writer.await.unwrap();
        arrives(&nats, 4_000 * step).await;
        holds(&nats, (1..=4_000).map(|nr| nr * step)).await;
        let mut reader = Reader::new(&feed, 4_000, step);
        is_live(&view, &mut writer, &mut reader).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_are_as_they_are_documented() {
    let (nats, store, tasks) = (nats().await, Bent::new(1), Tasks::default());
    let mut writer = Writer::new(store.clone(), "A B");
    writer.append(2).await;
    relay(store.clone(), &nats, leases(), 1, &tasks).await;
    arrives(&nats, 2).await;
    let stream = raw(&nats).await.get_stream(nats.stream()).await.unwrap();
    let message = stream.get_raw_message(2).await.unwrap();
    let event = store
        .read_all(domain::Position::new(1), 1)
        .await
        .unwrap()
        .remove(0);
    let subject = format!("{}.main.stock", defaults(&nats).prefix);
    assert_eq!(message.subject.as_str(), subject);
    assert_eq!(message.payload, event.payload);
    let header = |name: &str| message.headers.get(name).unwrap().as_str().to_owned();
    assert_eq!(header("Nats-Msg-Id"), event.envelope.event_id.to_string());
    assert_eq!(
        header("Orders-Event-Id"),
        event.envelope.event_id.to_string()
    );
    assert_eq!(header("Nats-Expected-Last-Sequence"), "1");
    assert_eq!(header("Orders-Position"), "2");
    assert_eq!(header("Orders-Previous-Position"), "1");
    assert_eq!(header("Orders-Stream"), "stock-main.main.A B");
    assert_eq!(header("Orders-Version"), "2");
    assert_eq!(header("Orders-Type"), "StockReceived");
    assert_eq!(header("traceparent"), event.envelope.traceparent.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_too_large_for_nats_reaches_every_reader() {
    let (nats, store, tasks) = (nats().await, Bent::new(1), Tasks::default());
    relay(store.clone(), &nats, leases(), 1, &tasks).await;
    let view = store.view();
    let feed = feed(view.clone(), &nats, &tasks).await;
    let mut writer = Writer::new(store.clone(), "A");
    let mut reader = Reader::new(&feed, 0, 1);
    is_live(&view, &mut writer, &mut reader).await;
    let at = usize::try_from(reader.at.get()).unwrap();
    writer.append_large(2 << 20).await;
    reader.read_to(at + 1).await;
    is_live(&view, &mut writer, &mut reader).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_postgres_store_feeds_both_ways() {
    let database = SharedPostgres::database().await.unwrap();
    let (nats, tasks) = (nats().await, Tasks::default());
    // The shared server of the tests is quick, and may lose what it has.
    let options = store::PostgresOptions::new(database.url()).accept_data_loss();
    let store = Arc::new(PostgresStore::connect(options).await.unwrap());
    store.migrate().await.unwrap();
    let reader: Arc<dyn EventReader> = Arc::new(store.reader());
    relay(reader.clone(), &nats, Arc::new(store.leases()), 1, &tasks).await;
    let over_nats = feed(reader.clone(), &nats, &tasks).await;
    let (tracker, stop) = (&tasks.tracker, tasks.stop.clone());
    let over_store = StoreFeed::start(reader, tail_options(), tracker, stop).0;
    let readers: Vec<_> = [&over_nats, &over_nats, &over_store, &over_store]
        .map(|feed| Reader::new(feed, 0, 1).spawn_to(1_000))
        .into();
    let writer = Writer::new(store.clone(), "A");
    writer
        .append_steadily(1_000, Duration::from_millis(1))
        .await
        .unwrap();
    for reader in readers {
        reader.await.unwrap();
    }
    arrives(&nats, 1_000).await;
    holds(&nats, 1..=1_000).await;
}
