//! Which streams are archived, and that nobody sees a difference.

use crate::{build::*, follow::Follower, world::World};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{Position, StreamId, Version};
use std::sync::Arc;
use store::{
    Append, BackupSource, CommandCursor, Cut, EventReader, OldStreams, PostgresArchive,
    PostgresStore, StoredEvent,
};

const ORDERS: usize = 12;

pub struct Shop {
    pub url: String,
    pub store: Arc<PostgresStore>,
    pub archive: PostgresArchive,
    pub _world: World,
}

/// An order with its payment, of which every second one has ended.
pub struct Order {
    pub order: StreamId,
    pub payment: StreamId,
    ended: bool,
}

impl Shop {
    pub async fn new() -> Self {
        let world = World::postgres().await;
        let World::Postgres(database) = &world else {
            unreachable!("it is over PostgreSQL")
        };
        let url = database.url().to_owned();
        Self {
            store: Arc::new(crate::world::connect(&url).await),
            archive: PostgresArchive::connect(crate::world::options(&url))
                .await
                .unwrap(),
            url,
            _world: world,
        }
    }

    pub async fn order(&self, ended: bool) -> Order {
        let order = new_stream();
        let payment: StreamId = order
            .as_str()
            .replace("order-", "payment-")
            .parse()
            .unwrap();
        let key = order.key().to_owned();
        let all = Order {
            order,
            payment,
            ended,
        };
        for (stream, types) in [
            (
                &all.order,
                ["OrderPlaced", "OrderConfirmed", "OrderCompleted"],
            ),
            (
                &all.payment,
                [
                    "PaymentAuthorizationRequested",
                    "PaymentAuthorized",
                    "PaymentCaptured",
                ],
            ),
        ] {
            let types = if ended { &types[..] } else { &types[..2] };
            for (nr, event_type) in types.iter().enumerate() {
                let mut append = append(&[(stream, nr as i64, 1)]);
                let event = &mut append.streams[0].events[0];
                event.event_type = *event_type;
                event.payload = format!(r#"{{"order_id":"{key}"}}"#).into_bytes();
                done(self.store.as_ref(), &append).await;
            }
        }
        all
    }

    pub async fn fill(&self) -> Vec<Order> {
        let mut orders = vec![];
        for nr in 0..ORDERS {
            orders.push(self.order(nr % 2 == 0).await);
        }
        orders
    }

    /// What could be archived that is older than `before`.
    pub async fn old(&self, before: DateTime<Utc>) -> Vec<String> {
        let (mut found, mut after) = (vec![], Position::ZERO);
        loop {
            let OldStreams { streams, next } = self.archive.find(after, before).await.unwrap();
            found.extend(streams.into_iter().map(|old| old.stream));
            match next {
                Some(next) => after = next,
                None => return found,
            }
        }
    }

    pub async fn all(&self) -> Vec<StoredEvent> {
        self.store.read_all(Position::ZERO, 10_000).await.unwrap()
    }

    async fn count(&self, table: &'static str) -> i64 {
        let pool = sqlx::PgPool::connect(&self.url).await.unwrap();
        let sql = match table {
            "events" => "SELECT count(*) FROM store.events",
            _ => "SELECT count(*) FROM store.archived_events",
        };
        sqlx::query_scalar(sql).fetch_one(&pool).await.unwrap()
    }
}

pub fn later() -> DateTime<Utc> {
    now() + TimeDelta::hours(1)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ended_long_ago_is_archived_and_reads_the_same() {
    let shop = Shop::new().await;
    let orders = shop.fill().await;
    let before = shop.all().await;
    assert!(
        shop.old(now() - TimeDelta::days(1)).await.is_empty(),
        "nothing is that old"
    );
    let mut expected: Vec<String> = orders
        .iter()
        .filter(|order| order.ended)
        .flat_map(|order| [order.order.to_string(), order.payment.to_string()])
        .collect();
    expected.sort();
    let mut old = shop.old(later()).await;
    old.sort();
    assert_eq!(old, expected);
    let moved = shop
        .archive
        .archive(old.iter().map(String::as_str), later())
        .await
        .unwrap();
    assert_eq!(moved as usize, old.len());
    assert_eq!(shop.count("archived").await as u64, moved);
    assert_eq!(
        shop.count("events").await as usize + moved as usize,
        before.len()
    );
    assert!(
        shop.old(later()).await.is_empty(),
        "what is archived is not found again"
    );

    // All events, from everywhere, in pages of every size.
    assert_eq!(shop.all().await, before);
    for after in 0..=before.len() {
        for limit in [1, 2, 7, 100] {
            let page = shop
                .store
                .read_all(Position::ZERO.plus(after), limit)
                .await
                .unwrap();
            let end = (after + limit).min(before.len());
            assert_eq!(page, before[after..end], "{limit} after {after}");
        }
    }
    // Streams, one and many, from every version.
    let streams: Vec<StreamId> = orders
        .iter()
        .flat_map(|it| [it.order.clone(), it.payment.clone()])
        .collect();
    for after in 0..4 {
        let from: Vec<_> = streams
            .iter()
            .map(|it| (it.clone(), Version::new(after)))
            .collect();
        let mut expected = vec![];
        for (stream, _) in &from {
            let of_it = before
                .iter()
                .filter(|it| it.envelope.stream == *stream && it.envelope.version.get() > after);
            let of_it: Vec<_> = of_it.cloned().collect();
            let alone = [(stream.clone(), Version::new(after))];
            assert_eq!(shop.store.read_streams(&alone, 100).await.unwrap(), of_it);
            expected.extend(of_it);
        }
        for limit in [1, 5, 1_000] {
            let got = shop.store.read_streams(&from, limit).await.unwrap();
            assert_eq!(got, expected[..limit.min(expected.len())]);
        }
    }
    // History by types.
    let head = shop.store.head().await.unwrap().position;
    for after in [0, 5, 20] {
        let after = Position::ZERO.plus(after);
        let got = shop
            .store
            .read_types(&["OrderPlaced"], after, head, 1_000)
            .await
            .unwrap();
        let expected: Vec<_> = before
            .iter()
            .filter(|it| it.event_type == "OrderPlaced" && it.envelope.position > after)
            .cloned()
            .collect();
        assert_eq!(got, expected);
    }
    // Records whose last event is archived.
    let cut = Cut::at(before.last().unwrap());
    let page = shop
        .store
        .reader()
        .read_commands(CommandCursor::START, Some(&cut), 1_000)
        .await
        .unwrap();
    assert_eq!(page.records.len(), before.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_archived_stream_goes_on() {
    let shop = Shop::new().await;
    let order = shop.order(true).await;
    shop.order(false).await;
    let old = shop.old(later()).await;
    assert_eq!(old.len(), 2);
    shop.archive
        .archive(old.iter().map(String::as_str), later())
        .await
        .unwrap();
    // Whoever takes it for new, or for older, is told.
    for expected in [0, 1, 2, 4] {
        let stale = append(&[(&order.order, expected, 1)]);
        assert_eq!(
            kind(&put(shop.store.as_ref(), &stale).await),
            "conflict",
            "at {expected}"
        );
    }
    let appends: Vec<Append> = (3..6).map(|at| append(&[(&order.order, at, 1)])).collect();
    assert_eq!(
        kinds(shop.store.as_ref(), &appends).await,
        ["done", "done", "done"]
    );
    assert_eq!(length(shop.store.as_ref(), &order.order).await, 6);
    // And is found and archived once more: all but its new last event.
    assert_eq!(shop.old(later()).await, [order.order.to_string()]);
    shop.archive
        .archive([order.order.as_str()].into_iter(), later())
        .await
        .unwrap();
    assert_eq!(length(shop.store.as_ref(), &order.order).await, 6);
    let next = append(&[(&order.order, 6, 1)]);
    done(shop.store.as_ref(), &next).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_and_writers_notice_nothing_while_it_goes_on() {
    let shop = Shop::new().await;
    let readers: Vec<Follower> = (0..2)
        .map(|_| Follower::start(shop.store.clone()))
        .collect();
    let archiving = async {
        for _ in 0..40 {
            let old = shop.old(later()).await;
            shop.archive
                .archive(old.iter().map(String::as_str), later())
                .await
                .unwrap();
            // From the beginning, while streams are moved.
            let all = shop.all().await;
            let last = all.last().map_or(0, |last| last.envelope.position.get());
            assert_eq!(all.len() as i64, last, "positions are missing");
        }
    };
    let writing = async {
        for nr in 0..60 {
            shop.order(nr % 3 != 0).await;
        }
    };
    tokio::join!(archiving, writing);
    for reader in readers {
        assert_eq!(reader.finish().await, shop.all().await);
    }
    assert!(shop.count("archived").await > 0);
}
