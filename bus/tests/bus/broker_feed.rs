//! The feed over a broker, in virtual time and with a broker in memory.

use crate::harness::{Bent, Reader, Tasks, Writer, is_live, regrown, tail_options, until};
use async_trait::async_trait;
use bus::{
    Broker, BrokerFeed, Feed, MemoryBroker, Relay, RelayOptions,
    broker::{Acknowledgement, BrokerError, Duplicates, Holding, Message, Subscription},
};
use domain::Position;
use futures::{StreamExt, stream};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};
use store::{Bookmark, EventReader, Head, StoreError, SystemClock, lease::MemoryLeases};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

fn start(store: &Arc<Bent>, broker: Arc<dyn Broker>, tasks: &Tasks) -> Arc<dyn Feed> {
    let reader: Arc<dyn EventReader> = Arc::clone(store) as _;
    let (tracker, stop) = (&tasks.tracker, tasks.stop.clone());
    BrokerFeed::start(broker, reader, tail_options(), tracker, stop).0
}

/// Starts a relay; cancelling what it returns ends it.
fn relay(store: &Arc<Bent>, broker: &MemoryBroker, tasks: &Tasks) -> CancellationToken {
    let relay = Relay::new(
        Arc::clone(store) as _,
        Arc::new(broker.clone()),
        Arc::new(MemoryLeases::new(Arc::new(SystemClock))),
        Uuid::from_u128(1),
        RelayOptions {
            history: 50,
            back_off: Duration::from_millis(200),
            ..RelayOptions::default()
        },
    );
    let stop = tasks.stop.child_token();
    let stopped = stop.clone();
    tasks.tracker.spawn(async move { relay.run(stopped).await });
    stop
}

#[tokio::test(start_paused = true)]
async fn messages_spare_the_store() {
    for step in [1, 10] {
        let (store, tasks) = (Bent::new(step), Tasks::default());
        let broker = MemoryBroker::new(1_000);
        let mut writer = Writer::new(store.clone(), "A");
        writer.append(20).await;
        relay(&store, &broker, &tasks);
        let view = store.view();
        let feed = start(&view, Arc::new(broker.clone()), &tasks);
        let mut reader = Reader::new(&feed, 0, step);
        reader.read_to(20).await;
        is_live(&view, &mut writer, &mut reader).await;
        let before = usize::try_from(reader.at.get() / step).unwrap();
        let reads = view.reads.load(Relaxed);
        let readers: Vec<_> = (0..20)
            .map(|_| Reader::new(&feed, before as i64, step).spawn_to(before + 100))
            .collect();
        for _ in 0..100 {
            writer.append(1).await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        for reader in readers {
            reader.await.unwrap();
        }
        assert_eq!(view.reads.load(Relaxed), reads, "it did not read the store");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_lost_again_and_again_loses_nothing() {
    for step in [1, 7] {
        let (store, tasks) = (Bent::new(step), Tasks::default());
        let broker = MemoryBroker::new(300);
        relay(&store, &broker, &tasks);
        let view = store.view();
        let feed = start(&view, Arc::new(broker.clone()), &tasks);
        let readers: Vec<_> = (0..3)
            .map(|_| Reader::new(&feed, 0, step).spawn_to(3_000))
            .collect();
        let writer = Writer::new(store.clone(), "A");
        let writer = writer.append_steadily(3_000, Duration::from_millis(3));
        while !writer.is_finished() {
            tokio::time::sleep(Duration::from_millis(70)).await;
            broker.lose_stream();
        }
        for reader in readers {
            reader.await.unwrap();
        }
        let (mut writer, mut reader) = (writer.await.unwrap(), Reader::new(&feed, 3_000, step));
        is_live(&view, &mut writer, &mut reader).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_is_down_is_done_without() {
    let (store, tasks) = (Bent::new(1), Tasks::default());
    let broker = MemoryBroker::new(300);
    broker.set_down(true);
    relay(&store, &broker, &tasks);
    let view = store.view();
    view.mute.store(true, Relaxed);
    let feed = start(&view, Arc::new(broker.clone()), &tasks);
    let mut writer = Writer::new(store.clone(), "A");
    let mut reader = Reader::new(&feed, 0, 1);
    let mut count = 0;
    for down in [true, false, true, false] {
        broker.set_down(down);
        for _ in 0..40 {
            writer.append(3).await;
            count += 3;
            let appended = tokio::time::Instant::now();
            reader.read_to(count).await;
            // A poll; when the broker has just gone or come back, until that is found out.
            assert!(
                appended.elapsed() <= Duration::from_millis(700),
                "{:?}",
                appended.elapsed()
            );
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
    }
    is_live(&view, &mut writer, &mut reader).await;
}

#[tokio::test(start_paused = true)]
async fn silence_is_doubted() {
    let (store, tasks) = (Bent::new(1), Tasks::default());
    let broker = MemoryBroker::new(300);
    let stop = relay(&store, &broker, &tasks);
    let view = store.view();
    let feed = start(&view, Arc::new(broker.clone()), &tasks);
    let mut writer = Writer::new(store.clone(), "A");
    let mut reader = Reader::new(&feed, 0, 1);
    is_live(&view, &mut writer, &mut reader).await;
    // No relay any more, but a broker that is well.
    stop.cancel();
    let mut count = usize::try_from(reader.at.get()).unwrap();
    for _ in 0..10 {
        writer.append(5).await;
        count += 5;
        reader.read_to(count).await;
    }
}

/// Delivers badly: leaves out, doubles and swaps messages, and ends now and then.
struct Bad {
    inner: MemoryBroker,
    seen: Arc<AtomicU64>,
}

#[async_trait]
impl Broker for Bad {
    async fn look(&self) -> Result<Holding, BrokerError> {
        self.inner.look().await
    }
    async fn publish(
        &self,
        message: &Message,
        after: u64,
        duplicates: Duplicates,
    ) -> Result<Acknowledgement, BrokerError> {
        self.inner.publish(message, after, duplicates).await
    }
    async fn clear(&self, up_to: u64) -> Result<(), BrokerError> {
        self.inner.clear(up_to).await
    }
    async fn subscribe(&self) -> Result<Subscription, BrokerError> {
        let seen = Arc::clone(&self.seen);
        let mut kept = None;
        let messages = self.inner.subscribe().await?.map(move |message| {
            let message = message?;
            let delivered = match seen.fetch_add(1, Relaxed) % 23 {
                3 => vec![],
                5 | 17 => vec![message.clone(), message],
                9 => {
                    kept = Some(message);
                    vec![]
                }
                11 => std::iter::once(message).chain(kept.take()).collect(),
                14 => vec![Message {
                    epoch: Uuid::from_u128(0xBAD),
                    ..message
                }],
                20 => return Err(BrokerError::Malformed("nonsense".into())),
                21 => return Err(BrokerError::Lost("that was all".into())),
                _ => vec![message],
            };
            Ok(stream::iter(delivered.into_iter().map(Ok)))
        });
        let flat = messages.flat_map(|result| match result {
            Ok(messages) => messages.boxed(),
            Err(error) => stream::iter([Err(error)]).boxed(),
        });
        Ok(flat.boxed())
    }
}

#[tokio::test(start_paused = true)]
async fn bad_delivery_is_put_right() {
    let (store, tasks) = (Bent::new(1), Tasks::default());
    let broker = MemoryBroker::new(300);
    relay(&store, &broker, &tasks);
    let seen = Arc::new(AtomicU64::new(0));
    let bad = Bad {
        inner: broker,
        seen: Arc::clone(&seen),
    };
    let view = store.view();
    let feed = start(&view, Arc::new(bad), &tasks);
    let readers: Vec<_> = (0..3)
        .map(|_| Reader::new(&feed, 0, 1).spawn_to(3_000))
        .collect();
    let writer = Writer::new(store.clone(), "A");
    writer
        .append_steadily(3_000, Duration::from_millis(3))
        .await
        .unwrap();
    for reader in readers {
        reader.await.unwrap();
    }
    assert!(seen.load(Relaxed) > 500, "it was in use");
}

#[tokio::test(start_paused = true)]
async fn the_store_may_be_away_while_messages_come() {
    let (store, tasks) = (Bent::new(1), Tasks::default());
    let broker = MemoryBroker::new(300);
    relay(&store, &broker, &tasks);
    let view = store.view();
    let feed = start(&view, Arc::new(broker.clone()), &tasks);
    let mut writer = Writer::new(store.clone(), "A");
    let mut reader = Reader::new(&feed, 0, 1);
    is_live(&view, &mut writer, &mut reader).await;
    let at = reader.at;
    store.down.store(true, Relaxed);
    view.down.store(true, Relaxed);
    let error = feed
        .next(at.into(), 10, Duration::from_secs(5))
        .await
        .unwrap_err();
    assert!(error.is_transient(), "{error}");
    // A message still comes through: made by hand, as a relay elsewhere would.
    let next = Position::new(at.get() + 1);
    let (_, last) = broker.messages().pop().unwrap();
    let mut message = last;
    message.previous = Bookmark::at(&message.event.envelope);
    message.event.envelope.position = next;
    message.event.envelope.event_id = domain::EventId::new(Uuid::from_u128(77));
    until("the relay to be quiet", async || {
        let holding = broker.look().await.unwrap();
        let sent = broker
            .publish(&message, holding.sequence, Duplicates::Refuse)
            .await
            .unwrap()
            .await;
        sent.is_ok()
    })
    .await;
    let events = feed
        .next(at.into(), 10, Duration::from_secs(5))
        .await
        .unwrap();
    assert_eq!(events.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn another_life_of_the_store_is_found_out() {
    let (store, tasks) = (Bent::new(1), Tasks::default());
    let broker = MemoryBroker::new(300);
    relay(&store, &broker, &tasks);
    let view = store.view();
    let feed = start(&view, Arc::new(broker.clone()), &tasks);
    let mut writer = Writer::new(store.clone(), "A");
    let mut reader = Reader::new(&feed, 0, 1);
    is_live(&view, &mut writer, &mut reader).await;
    *view.told.lock().unwrap() = Some(Head {
        position: Position::new(1_000),
        epoch: Uuid::from_u128(0xE1),
    });
    let waiting = feed
        .next(reader.at.into(), 10, Duration::from_secs(5))
        .await;
    assert!(
        matches!(waiting, Err(StoreError::Rewound { .. })),
        "{waiting:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_store_that_has_grown_past_its_lost_tail_is_found_out() {
    for relays in [true, false] {
        let (store, tasks) = (regrown(5, 5).await, Tasks::default());
        let broker = MemoryBroker::new(300);
        let relaying = Tasks::default();
        relay(&store, &broker, &relaying);
        let view = store.view();
        let feed = start(&view, Arc::new(broker.clone()), &tasks);
        let mut writer = Writer::at(store.clone(), "A", 5);
        let mut reader = Reader::new(&feed, 5, 1);
        is_live(&view, &mut writer, &mut reader).await;
        if !relays {
            // Nothing comes of the broker any more that would tell.
            relaying.stop.cancel();
        }
        let count = usize::try_from(reader.at.get()).unwrap();
        store.become_copy_of(&*regrown(3, count + 7).await);
        let waiting = feed
            .next(reader.bookmark(), 10, Duration::from_secs(5))
            .await;
        assert!(
            matches!(waiting, Err(StoreError::Rewound { .. })),
            "{relays}: {waiting:?}"
        );
    }
}
