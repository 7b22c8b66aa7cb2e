//! What a broker has to do: the same for the one in memory and for JetStream.

use crate::harness::{Bent, DEADLINE, Writer, within};
use bus::{
    Broker, ConnectOptions, JetStream, JetStreamOptions, MemoryBroker,
    broker::{Acknowledged, BrokerError, Duplicates, Holding, Last, Message},
};
use domain::Position;
use futures::StreamExt;
use servers::Nats;
use store::{Bookmark, EventReader};
use uuid::Uuid;

const EPOCH: Uuid = Uuid::from_u128(0xE0);

/// Connects to a server, and waits until it is.
pub async fn connect(nats: &Nats, options: JetStreamOptions) -> JetStream {
    let connect = ConnectOptions::new().name("test");
    let broker = JetStream::connect(nats.url(), connect, options)
        .await
        .unwrap();
    crate::harness::until("a connection", async || broker.is_connected()).await;
    broker
}

/// The defaults, for the stream that is ours on this server.
pub fn options(nats: &Nats) -> JetStreamOptions {
    JetStreamOptions::named(nats.stream())
}

/// As an operator, or somebody else, would do it.
pub async fn raw(nats: &Nats) -> async_nats::jetstream::Context {
    async_nats::jetstream::new(async_nats::connect(nats.url()).await.unwrap())
}

/// The first events of a store as messages.
pub async fn messages(count: usize) -> Vec<Message> {
    let store = Bent::new(1);
    Writer::new(store.clone(), "A B").append(count).await;
    let events = store.read_all(Position::ZERO, count).await.unwrap();
    let messages = events.into_iter().map(|event| Message {
        previous: Position::new(event.envelope.position.get() - 1).into(),
        epoch: EPOCH,
        event,
    });
    messages.collect()
}

/// A subject of the stream that nobody of us writes to.
pub fn nonsense(nats: &Nats) -> String {
    format!("{}.nonsense", options(nats).prefix)
}

async fn publish(
    broker: &dyn Broker,
    message: &Message,
    after: u64,
) -> Result<Acknowledged, BrokerError> {
    let acknowledgement = broker.publish(message, after, Duplicates::Refuse).await?;
    within("an acknowledgement", acknowledgement).await
}

async fn keeps_its_contract(broker: &dyn Broker, lose: impl AsyncFn()) {
    let messages = messages(6).await;
    let ok = |sequence, duplicate| Acknowledged {
        sequence,
        duplicate,
    };
    let last = |number: usize| Last::Event {
        at: Bookmark::at(&messages[number - 1].event.envelope),
        epoch: EPOCH,
    };

    // Without a stream nothing can be sent or heard; a look makes it.
    let missing = publish(broker, &messages[0], 0).await;
    assert!(matches!(missing, Err(BrokerError::Missing)), "{missing:?}");
    assert!(broker.subscribe().await.is_err());
    let holding = broker.look().await.unwrap();
    assert_eq!((holding.sequence, holding.last), (0, Last::Nothing));

    // Only what follows is taken, and only once.
    assert_eq!(
        publish(broker, &messages[0], 0).await.unwrap(),
        ok(1, false)
    );
    for wrong in [0, 2, 100] {
        let refused = publish(broker, &messages[1], wrong).await;
        assert!(
            matches!(refused, Err(BrokerError::OutOfStep)),
            "{refused:?}"
        );
    }
    assert_eq!(
        publish(broker, &messages[1], 1).await.unwrap(),
        ok(2, false)
    );
    assert_eq!(publish(broker, &messages[1], 2).await.unwrap(), ok(2, true));
    let holding = broker.look().await.unwrap();
    assert_eq!((holding.sequence, holding.last), (2, last(2)));

    // Who subscribes hears the last message and all that follow, as they were sent.
    let mut subscription = broker.subscribe().await.unwrap();
    let mut pipelined = vec![];
    for (after, message) in (2..).zip(&messages[2..4]) {
        pipelined.push(
            broker
                .publish(message, after, Duplicates::Refuse)
                .await
                .unwrap(),
        );
    }
    for (sequence, acknowledgement) in (3..).zip(pipelined) {
        assert_eq!(acknowledgement.await.unwrap(), ok(sequence, false));
    }
    for expected in &messages[1..4] {
        let heard = within("a message", subscription.next())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(heard, *expected);
    }

    // What is cleared is gone; what comes later stays, and the count goes on.
    broker.clear(3).await.unwrap();
    assert_eq!(broker.look().await.unwrap().last, last(4));
    broker.clear(4).await.unwrap();
    let holding = broker.look().await.unwrap();
    assert_eq!((holding.sequence, holding.last), (4, Last::Nothing));
    assert_eq!(
        publish(broker, &messages[4], 4).await.unwrap(),
        ok(5, false)
    );
    let heard = within("a message", subscription.next())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(heard, messages[4]);

    // What was lost can be sent again, although its event is remembered.
    broker.clear(5).await.unwrap();
    assert!(publish(broker, &messages[4], 5).await.unwrap().duplicate);
    let again = broker.publish(&messages[4], 5, Duplicates::Allow).await;
    assert_eq!(again.unwrap().await.unwrap(), ok(6, false));
    assert_eq!(broker.look().await.unwrap().last, last(5));

    // A lost stream is noticed by those who listen, and by those who send.
    lose().await;
    let ended = within("the end", async {
        while let Some(Ok(_)) = subscription.next().await {}
    });
    ended.await;
    let missing = publish(broker, &messages[5], 6).await;
    assert!(matches!(missing, Err(BrokerError::Missing)), "{missing:?}");
    let holding = broker.look().await.unwrap();
    assert_eq!((holding.sequence, holding.last), (0, Last::Nothing));
    assert_eq!(
        publish(broker, &messages[0], 0).await.unwrap(),
        ok(1, false)
    );
}

#[tokio::test]
async fn the_memory_broker_keeps_the_contract() {
    let broker = MemoryBroker::new(100);
    keeps_its_contract(&broker, async || broker.lose_stream()).await;
}

#[tokio::test]
async fn jetstream_keeps_the_contract() {
    let nats = Nats::start().await.unwrap();
    let broker = connect(&nats, options(&nats)).await;
    let lose = async || {
        raw(&nats).await.delete_stream(nats.stream()).await.unwrap();
    };
    keeps_its_contract(&broker, lose).await;
}

#[tokio::test]
async fn jetstream_says_what_it_does_not_take() {
    let nats = Nats::start().await.unwrap();
    let broker = connect(&nats, options(&nats)).await;
    broker.look().await.unwrap();
    let mut message = messages(1).await.remove(0);
    // Above the server's limit, which the client knows; then above the stream's own.
    message.event.payload = vec![b' '; 2 << 20].into();
    let refused = publish(&broker, &message, 0).await;
    assert!(
        matches!(refused, Err(BrokerError::TooLarge(_))),
        "{refused:?}"
    );
    let raw = raw(&nats).await;
    let mut config = raw
        .get_stream(nats.stream())
        .await
        .unwrap()
        .cached_info()
        .config
        .clone();
    config.max_message_size = 4_096;
    raw.update_stream(&config).await.unwrap();
    message.event.payload = vec![b' '; 8_192].into();
    let refused = publish(&broker, &message, 0).await;
    assert!(
        matches!(refused, Err(BrokerError::TooLarge(_))),
        "{refused:?}"
    );
    message.event.payload = vec![b' '; 100].into();
    publish(&broker, &message, 0).await.unwrap();
}

#[tokio::test]
async fn an_existing_stream_follows_the_options() {
    let nats = Nats::start().await.unwrap();
    connect(&nats, options(&nats)).await.look().await.unwrap();
    let smaller = JetStreamOptions {
        max_bytes: 64 << 20,
        ..options(&nats)
    };
    connect(&nats, smaller).await.look().await.unwrap();
    let stream = raw(&nats).await.get_stream(nats.stream()).await.unwrap();
    assert_eq!(stream.cached_info().config.max_bytes, 64 << 20);
    // Messages of others do not stay in the way.
    let context = raw(&nats).await;
    let foreign = context.publish(nonsense(&nats), "{}".into()).await.unwrap();
    foreign.await.unwrap();
    let broker = connect(&nats, options(&nats)).await;
    assert_eq!(broker.look().await.unwrap().last, Last::Foreign);
}

#[tokio::test]
async fn our_own_last_message_is_found_behind_those_of_others() {
    let nats = Nats::start().await.unwrap();
    let broker = connect(&nats, options(&nats)).await;
    broker.look().await.unwrap();
    let messages = messages(2).await;
    publish(&broker, &messages[0], 0).await.unwrap();
    let context = raw(&nats).await;
    for _ in 0..3 {
        let foreign = context.publish(nonsense(&nats), "{}".into()).await;
        foreign.unwrap().await.unwrap();
    }
    // One of them was deleted.
    let stream = context.get_stream(nats.stream()).await.unwrap();
    stream.delete_message(3).await.unwrap();
    let ours = Holding {
        sequence: 4,
        last: Last::Event {
            at: Bookmark::at(&messages[0].event.envelope),
            epoch: EPOCH,
        },
    };
    assert_eq!(broker.look().await.unwrap(), ours);
    let added = publish(&broker, &messages[1], 4).await.unwrap();
    assert_eq!((added.sequence, added.duplicate), (5, false));
    // Where they are too many, it is as if there was none.
    for _ in 0..300 {
        let foreign = context.publish(nonsense(&nats), "{}".into()).await;
        foreign.unwrap().await.unwrap();
    }
    assert_eq!(broker.look().await.unwrap().last, Last::Foreign);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_no_reason_to_wait() {
    if !Nats::may_be_killed() {
        return;
    }
    let nats = Nats::start().await.unwrap();
    let broker = connect(&nats, options(&nats)).await;
    broker.look().await.unwrap();
    let message = messages(1).await.remove(0);
    nats.kill9().await.unwrap();
    let began = std::time::Instant::now();
    let sent = publish(&broker, &message, 0).await;
    assert!(matches!(sent, Err(BrokerError::Unavailable(_))), "{sent:?}");
    assert!(matches!(
        broker.look().await,
        Err(BrokerError::Unavailable(_))
    ));
    assert!(broker.subscribe().await.is_err());
    assert!(began.elapsed() < DEADLINE / 10);
    // Nor is one that never was there.
    let url = format!("nats://127.0.0.1:{}", local::free_port().unwrap());
    let nowhere = JetStream::connect(url, ConnectOptions::new(), JetStreamOptions::default()).await;
    assert!(matches!(
        nowhere.unwrap().look().await,
        Err(BrokerError::Unavailable(_))
    ));
}
