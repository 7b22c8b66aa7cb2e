//! The relay, in virtual time and with a broker in memory.

use crate::harness::{Bent, Tasks, Writer, regrown, until};
use async_trait::async_trait;
use bus::{
    Broker, MemoryBroker, Relay, RelayOptions,
    broker::{Acknowledgement, BrokerError, Duplicates, Holding, Last, Message, Subscription},
};
use domain::Position;
use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};
use store::{
    Bookmark, EventReader, Head, SystemClock,
    lease::{Leases, MemoryLeases},
};
use uuid::Uuid;

pub fn options() -> RelayOptions {
    RelayOptions {
        back_off: Duration::from_millis(200),
        lease_for: Duration::from_millis(500),
        ..RelayOptions::default()
    }
}

pub fn leases() -> Arc<dyn Leases> {
    Arc::new(MemoryLeases::new(Arc::new(SystemClock)))
}

fn start(store: &Arc<Bent>, broker: Arc<dyn Broker>, options: RelayOptions, tasks: &Tasks) {
    let holder = Uuid::from_u128(1);
    let relay = Relay::new(Arc::clone(store) as _, broker, leases(), holder, options);
    let stop = tasks.stop.clone();
    tasks.tracker.spawn(async move { relay.run(stop).await });
}

async fn arrives(broker: &MemoryBroker, position: i64) {
    let what = format!("position {position} in the stream");
    until(&what, async || {
        let last = broker.messages().pop();
        last.is_some_and(|(_, message)| message.event.envelope.position.get() == position)
    })
    .await;
}

/// The positions in the stream; each message follows on the one before.
fn positions(broker: &MemoryBroker) -> Vec<i64> {
    let messages = broker.messages();
    for pair in messages.windows(2) {
        let ((_, first), (_, second)) = (&pair[0], &pair[1]);
        assert_eq!(second.previous, Bookmark::at(&first.event.envelope));
    }
    let positions = messages
        .iter()
        .map(|(_, message)| message.event.envelope.position.get());
    positions.collect()
}

#[tokio::test(start_paused = true)]
async fn every_event_is_published_once_and_in_order() {
    for step in [1, 10] {
        let (store, tasks) = (Bent::new(step), Tasks::default());
        let broker = MemoryBroker::new(100_000);
        let mut writer = Writer::new(store.clone(), "A");
        writer.append(2_000).await;
        start(&store, Arc::new(broker.clone()), options(), &tasks);
        let writer = writer.append_steadily(1_000, Duration::from_millis(1));
        writer.await.unwrap();
        arrives(&broker, 3_000 * step).await;
        let expected: Vec<i64> = (1..=3_000).map(|nr| nr * step).collect();
        assert_eq!(positions(&broker), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_stream_begins_with_recent_history() {
    let (store, tasks) = (Bent::new(1), Tasks::default());
    let broker = MemoryBroker::new(1_000);
    let mut writer = Writer::new(store.clone(), "A");
    writer.append(500).await;
    let options = RelayOptions {
        history: 100,
        ..options()
    };
    start(&store, Arc::new(broker.clone()), options, &tasks);
    arrives(&broker, 500).await;
    assert_eq!(positions(&broker), (401..=500).collect::<Vec<_>>());
    // And so it is after a loss that nobody tells of.
    broker.lose_stream();
    writer.append(50).await;
    arrives(&broker, 550).await;
    assert_eq!(positions(&broker), (451..=550).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn another_store_empties_the_stream() {
    let (store, tasks) = (Bent::new(1), Tasks::default());
    let broker = MemoryBroker::new(1_000);
    let mut writer = Writer::new(store.clone(), "A");
    writer.append(20).await;
    start(&store, Arc::new(broker.clone()), options(), &tasks);
    arrives(&broker, 20).await;
    // Restored from a copy of a while ago: the same events, which the broker remembers.
    let epoch = Uuid::from_u128(0xE1);
    *store.told.lock().unwrap() = Some(Head {
        position: Position::new(20),
        epoch,
    });
    until("the new life in the stream", async || {
        let messages = broker.messages();
        !messages.is_empty() && messages.iter().all(|(_, message)| message.epoch == epoch)
    })
    .await;
    arrives(&broker, 20).await;
    assert!(positions(&broker).into_iter().eq(1..=20));
}

#[tokio::test(start_paused = true)]
async fn a_tail_that_was_lost_and_has_grown_again_is_published_anew() {
    // Behind what was published, level with it, and beyond it.
    for total in [12, 20, 33] {
        let (store, tasks) = (regrown(20, 20).await, Tasks::default());
        let broker = MemoryBroker::new(1_000);
        start(&store, Arc::new(broker.clone()), options(), &tasks);
        arrives(&broker, 20).await;
        store.become_copy_of(&*regrown(10, total).await);
        let there = store.read_all(Position::ZERO, 100).await.unwrap();
        until("the stream to have what the store has", async || {
            let messages = broker.messages().into_iter();
            let published: Vec<_> = messages.map(|(_, message)| message.event).collect();
            published == there
        })
        .await;
        assert_eq!(positions(&broker).len(), total);
    }
}

#[tokio::test(start_paused = true)]
async fn trouble_of_store_and_broker_ends() {
    let (store, tasks) = (Bent::new(1), Tasks::default());
    let broker = MemoryBroker::new(100_000);
    broker.set_down(true);
    start(&store, Arc::new(broker.clone()), options(), &tasks);
    let writer = Writer::new(store.clone(), "A");
    // Appends go on whatever the broker does.
    let writer = writer.append_steadily(500, Duration::from_millis(5));
    tokio::time::sleep(Duration::from_millis(50)).await;
    broker.set_down(false);
    tokio::time::sleep(Duration::from_millis(100)).await;
    broker.set_down(true);
    tokio::time::sleep(Duration::from_millis(500)).await;
    broker.set_down(false);
    let mut writer = writer.await.unwrap();
    arrives(&broker, 500).await;
    store.down.store(true, Relaxed);
    tokio::time::sleep(Duration::from_secs(2)).await;
    store.down.store(false, Relaxed);
    writer.append(1).await;
    arrives(&broker, 501).await;
    assert_eq!(positions(&broker), (1..=501).collect::<Vec<_>>());
}

/// Takes no messages above a size, as servers do: some say so at once, some only in the answer.
struct Small {
    inner: MemoryBroker,
    at_once: bool,
}

#[async_trait]
impl Broker for Small {
    async fn look(&self) -> Result<Holding, BrokerError> {
        self.inner.look().await
    }
    async fn publish(
        &self,
        message: &Message,
        after: u64,
        duplicates: Duplicates,
    ) -> Result<Acknowledgement, BrokerError> {
        if message.event.payload.len() < 1_000 {
            return self.inner.publish(message, after, duplicates).await;
        }
        let refusal = BrokerError::TooLarge("above 1,000 bytes".into());
        if self.at_once {
            return Err(refusal);
        }
        Ok(Box::pin(std::future::ready(Err(refusal))))
    }
    async fn clear(&self, up_to: u64) -> Result<(), BrokerError> {
        self.inner.clear(up_to).await
    }
    async fn subscribe(&self) -> Result<Subscription, BrokerError> {
        self.inner.subscribe().await
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_too_large_is_left_to_the_store() {
    for at_once in [true, false] {
        let (store, tasks) = (Bent::new(1), Tasks::default());
        let broker = MemoryBroker::new(1_000);
        let small = Small {
            inner: broker.clone(),
            at_once,
        };
        start(&store, Arc::new(small), options(), &tasks);
        let mut writer = Writer::new(store.clone(), "A");
        writer.append(3).await;
        writer.append_large(2_000).await;
        writer.append(3).await;
        arrives(&broker, 7).await;
        let messages = broker.messages();
        let after = messages
            .iter()
            .find(|(_, m)| m.event.envelope.position.get() == 5);
        let previous = after.unwrap().1.previous;
        assert_eq!(
            previous.position.get(),
            4,
            "readers see that something is missing"
        );
        assert_eq!(messages.len(), 6);
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_broker_remembers_but_lost_is_sent_again() {
    let store = Bent::new(1);
    let broker = MemoryBroker::new(100_000);
    let mut writer = Writer::new(store.clone(), "A");
    writer.append(600).await;
    let first = Tasks::default();
    start(&store, Arc::new(broker.clone()), options(), &first);
    arrives(&broker, 600).await;
    first.stop.cancel();
    first.tracker.close();
    first.tracker.wait().await;
    // The messages go, but not what is known of them.
    broker.clear(600).await.unwrap();
    assert_eq!(broker.look().await.unwrap().last, Last::Nothing);
    let second = Tasks::default();
    start(&store, Arc::new(broker.clone()), options(), &second);
    arrives(&broker, 600).await;
    assert!(positions(&broker).into_iter().eq(1..=600));
}
