//! The feed: every event once and in order, at the subscriber's pace, and on after a crash.

use super::{clients, delivery, failed, failure, order_of};
use futures::{SinkExt, channel::mpsc, stream};
use proto::v1::{
    Acknowledge, FeedEvent, Subscribe, SubscribeRequest, SubscribeResponse,
    order_feed_client::OrderFeedClient, subscribe_request::Message as Say,
    subscribe_response::Message as Told,
};
use tests::platform::{Platform, Shape, eventually};
use tonic::{Code, Status, Streaming, transport::Channel};

/// Someone who follows the feed.
struct Follower {
    say: mpsc::Sender<SubscribeRequest>,
    told: Streaming<SubscribeResponse>,
}

impl Follower {
    async fn subscribe(
        feed: &mut OrderFeedClient<Channel>,
        wanted: Subscribe,
    ) -> Result<Self, Status> {
        Self::begin(feed, Say::Subscribe(wanted)).await
    }

    async fn begin(feed: &mut OrderFeedClient<Channel>, first: Say) -> Result<Self, Status> {
        let (mut say, said) = mpsc::channel(100);
        say.try_send(SubscribeRequest {
            message: Some(first),
        })
        .unwrap();
        let told = feed.subscribe(said).await?.into_inner();
        Ok(Self { say, told })
    }

    async fn acknowledge(&mut self, cursor: &str) {
        let cursor = cursor.to_owned();
        let message = Some(Say::Acknowledge(Acknowledge { cursor }));
        self.say.send(SubscribeRequest { message }).await.unwrap();
    }

    async fn next(&mut self) -> Result<Told, Status> {
        let message = self.told.message().await?.expect("it goes on");
        Ok(message.message.expect("something is said"))
    }

    /// The next order that was placed; what comes of the last one may still come before it.
    async fn order_placed(&mut self) -> FeedEvent {
        loop {
            match self.next().await.unwrap() {
                Told::Event(event) if event.r#type == "OrderPlaced" => return event,
                Told::Event(event) => self.acknowledge(&event.cursor).await,
                Told::CaughtUp(_) => {}
            }
        }
    }

    /// Everything up to the end, acknowledged one by one.
    async fn catch_up(&mut self) -> Vec<FeedEvent> {
        let mut events = vec![];
        loop {
            match self.next().await.unwrap() {
                Told::Event(event) => {
                    self.acknowledge(&event.cursor).await;
                    events.push(event);
                }
                Told::CaughtUp(_) => return events,
            }
        }
    }
}

fn all() -> Subscribe {
    Subscribe {
        max_unacknowledged: 10,
        ..Subscribe::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_has_every_event_once_and_in_order() {
    let platform = Platform::start(Shape::Separate, &[]).await;
    let p = &platform;
    let all_clients = clients(p);
    let (mut commands, mut feed) = (all_clients.commands, all_clients.feed);
    commands.receive_stock(delivery("A", 1_000)).await.unwrap();
    let mut orders = vec![];
    for _ in 0..30 {
        let placed = commands.place_order(order_of("A", 1)).await.unwrap();
        orders.push(placed.into_inner().order.unwrap().order_id);
    }
    for order in &orders {
        p.api.order_that_is("confirmed", order).await;
    }

    let mut follower = Follower::subscribe(&mut feed, all()).await.unwrap();
    let events = follower.catch_up().await;
    let positions: Vec<_> = events.iter().map(|event| event.position).collect();
    assert!(positions.is_sorted_by(|one, next| one < next));
    for order in &orders {
        let stream = order.to_string();
        let of_order = events
            .iter()
            .filter(|event| event.stream.ends_with(&stream));
        let versions: Vec<_> = of_order
            .filter(|event| event.r#type.starts_with("Order"))
            .map(|event| event.version)
            .collect();
        assert_eq!(versions, [1, 2], "{order}");
    }

    // New ones come by themselves; and after a crash they go on where the subscriber was.
    commands.place_order(order_of("A", 1)).await.unwrap();
    let new = follower.order_placed().await;
    let query = p.process("query");
    query.kill().await;
    // What had been sent still comes.
    while follower.next().await.is_ok() {}
    query.start();
    query.ready().await;
    let on = Subscribe {
        after: events.last().unwrap().cursor.clone(),
        ..all()
    };
    let mut follower = Follower::subscribe(&mut feed, on).await.unwrap();
    assert_eq!(follower.order_placed().await, new);

    let confirmed = Subscribe {
        types: vec!["OrderConfirmed".into()],
        ..Subscribe::default()
    };
    eventually("the types that are wanted come alone", async || {
        let follower = Follower::subscribe(&mut feed, confirmed.clone()).await;
        let mut follower = follower.map_err(|status| status.to_string())?;
        let events = follower.catch_up().await;
        assert!(events.iter().all(|event| event.r#type == "OrderConfirmed"));
        (events.len() == 31)
            .then_some(())
            .ok_or_else(|| format!("{} events", events.len()))
    })
    .await;
    p.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_waits_for_its_subscriber_and_names_what_is_wrong() {
    let platform = Platform::start(Shape::AllInOne, &[]).await;
    let p = &platform;
    let all_clients = clients(p);
    let (mut commands, mut feed) = (all_clients.commands, all_clients.feed);
    for _ in 0..5 {
        commands.receive_stock(delivery("A", 1)).await.unwrap();
    }
    let mut other = feed.clone();
    let silent = tokio::spawn(async move { other.subscribe(stream::pending()).await });
    let two = Subscribe {
        max_unacknowledged: 2,
        ..Subscribe::default()
    };
    let mut follower = Follower::subscribe(&mut feed, two).await.unwrap();
    let mut last = String::new();
    for _ in 0..2 {
        if let Told::Event(event) = follower.next().await.unwrap() {
            last = event.cursor;
        }
    }
    // Not a third before one is acknowledged; there is nothing to wait for but the acknowledgement.
    let third = tokio::time::timeout(std::time::Duration::from_millis(700), follower.next());
    assert!(third.await.is_err(), "it did not wait");
    follower.acknowledge(&last).await;
    let Told::Event(third) = follower.next().await.unwrap() else {
        panic!("an event was expected");
    };
    assert_ne!(third.cursor, last);

    let invalid = |reason: &str, field: &str| failed(Code::InvalidArgument, reason, field);
    // What was not sent cannot be done.
    let (position, event) = third.cursor.split_once('.').unwrap();
    let ahead = position.parse::<i64>().unwrap() + 1_000;
    follower.acknowledge(&format!("{ahead}.{event}")).await;
    let refused = loop {
        match follower.next().await {
            Ok(_) => {}
            Err(status) => break failure(Err::<(), _>(status)),
        }
    };
    assert_eq!(refused, invalid("INVALID_CURSOR", "acknowledge.cursor"));

    let mut begin = async |first: Say| match Follower::begin(&mut feed, first).await {
        Ok(mut follower) => failure(follower.next().await),
        Err(status) => failure(Err::<(), _>(status)),
    };
    let early = Say::Acknowledge(Acknowledge::default());
    assert_eq!(begin(early).await, invalid("INVALID_BODY", "message"));
    let after = |after: &str| {
        Say::Subscribe(Subscribe {
            after: after.into(),
            ..Subscribe::default()
        })
    };
    assert_eq!(
        begin(after("5")).await,
        invalid("INVALID_CURSOR", "subscribe.after")
    );
    let other = after("2.00000000000000000000000000000007");
    let expected = failed(Code::FailedPrecondition, "CURSOR_OF_ANOTHER_HISTORY", "");
    assert_eq!(begin(other).await, expected);
    let wide = Say::Subscribe(Subscribe {
        max_unacknowledged: 10_001,
        ..Subscribe::default()
    });
    let expected = invalid("INVALID_BODY", "subscribe.max_unacknowledged");
    assert_eq!(begin(wide).await, expected);
    let unheard_of = Say::Subscribe(Subscribe {
        types: vec!["OrderConfirmed".into(), "OrderVanished".into()],
        ..Subscribe::default()
    });
    let expected = invalid("INVALID_BODY", "subscribe.types");
    assert_eq!(begin(unheard_of).await, expected);
    let expected = failed(Code::DeadlineExceeded, "REQUEST_TIMEOUT", "");
    assert_eq!(failure(silent.await.unwrap()), expected);
    p.stop().await;
}
