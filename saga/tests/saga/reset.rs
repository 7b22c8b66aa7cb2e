//! The sagas' tables are emptied, as after a restored backup, long after what they were about.

use crate::{
    audit::{audit, statuses},
    fakes::Scripted,
    harness::{Rules, Shop, feed, lane, until, within},
};
use chrono::TimeDelta;
use domain::{
    Command, Location, OrderId, Sku, State, StreamId, TenantId,
    order::Status,
    policy::Limits,
    stock::{ReleaseReason, ReservationCommand, ReservationItem, ReservationLine, ReservationStep},
};
use saga::storage::MemorySagaStore;
use std::sync::{Arc, atomic::Ordering::Relaxed};
use store::{Clock, EventReader, EventStore, SystemClock, Until, fold_stream};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// More ended reservations than a SKU remembers.
const ENDED: u128 = 1_100;

/// Runs the sagas until they have read everything and nothing is left to be done.
async fn run(shop: &Shop, epoch: i64) {
    let stop = CancellationToken::new();
    let sagas = shop.sagas(epoch, stop.clone());
    let waiting = async {
        until("the policies to have read everything", async || {
            for policy in ["inventory", "payment", "order"] {
                let there = shop.storage.take_over(policy, epoch).await.unwrap();
                if there.at.position < shop.store.head().await.unwrap().position {
                    return false;
                }
            }
            let backlog = shop.storage.backlog(SystemClock.now()).await.unwrap();
            backlog.first_due.is_none()
        })
        .await;
        stop.cancel();
    };
    let (ran, ()) = tokio::join!(sagas, waiting);
    ran.unwrap();
}

/// Has reservations of the SKU begin and end until it remembers none of those before.
async fn wear_out(shop: &Shop, sku: &str) {
    for n in 0..ENDED {
        let release = ReservationCommand {
            order_id: OrderId::new(Uuid::from_u128(0xFFFF_0000 + n)),
            epoch: 1,
            location: Location::default(),
            further: vec![],
            items: vec![ReservationItem {
                sku: Sku::parse(sku).unwrap(),
                lines: vec![ReservationLine {
                    line: 1,
                    quantity: 1,
                }],
            }],
            step: ReservationStep::Release(ReleaseReason::Cancelled),
        };
        shop.put(Command::Reservation(release)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sagas_that_begin_anew_promise_and_charge_nothing_anew() {
    let mut shop = Shop::with(Rules {
        limits: Limits {
            hold: TimeDelta::milliseconds(300),
            ..Limits::default()
        },
        ..Rules::default()
    })
    .await;
    shop.receive("A", 100).await;
    let sold_out = shop.place("tok_approve", &["NONE", "A"]).await;
    let declined = shop.place("tok_decline", &["A"]).await;
    let confirmed = shop.place("tok_approve", &["A"]).await;
    let given_back = shop.place("tok_approve", &["A"]).await;
    let cancelled = shop.place("tok_approve", &["A"]).await;
    shop.cancel(cancelled).await;
    let held = shop.place("tok_approve", &["A"]).await;
    shop.hold(held).await;
    let orders = [sold_out, declined, confirmed, given_back, cancelled, held];
    let ends = [
        Status::Rejected,
        Status::Rejected,
        Status::Confirmed,
        Status::Cancelled,
        Status::Cancelled,
        Status::Expired,
    ];
    let first = shop.sagas(1, CancellationToken::new());
    let ended = async {
        shop.until_order(given_back, "OrderConfirmed").await;
        shop.cancel(given_back).await;
        until("all orders to end", async || {
            statuses(&shop, &orders).await == ends
        })
        .await;
    };
    tokio::select! {
        ran = first => panic!("it runs: {ran:?}"),
        () = ended => {}
    }
    run(&shop, 2).await;
    audit(&shop, &orders, &["A", "NONE"]).await;

    // A week later, when all is forgotten that is not for ever, and there is plenty.
    for sku in ["A", "NONE"] {
        wear_out(&shop, sku).await;
        shop.receive(sku, 100).await;
    }
    let to_come = SystemClock.now() + TimeDelta::days(1);
    assert!(shop.store.forget_commands(to_come).await.unwrap() > 0);
    let provider = Arc::new(Scripted::default());
    shop.provider = provider.clone();
    shop.storage = Arc::new(MemorySagaStore::default());
    shop.lane = lane(&shop.store, &shop.tasks);
    shop.feed = feed(&shop.store, &shop.tasks);
    let before = shop.events().await.len();
    within("the sagas to have read all", run(&shop, 3)).await;

    assert_eq!(provider.calls.load(Relaxed), 0, "nobody is called");
    assert_eq!(statuses(&shop, &orders).await, ends);
    let new: Vec<_> = shop.events().await.split_off(before);
    let only_notes = new
        .iter()
        .all(|event| event.event_type.starts_with("Reservation"));
    assert!(only_notes, "{new:?}");
    for (sku, kept) in [("A", 1), ("NONE", 0)] {
        let sku = Sku::parse(sku).unwrap();
        let stream = StreamId::stock(&TenantId::default(), &Location::default(), &sku);
        let folded = fold_stream(&shop.store, &stream, Until::End).await.unwrap();
        let State::Stock(stock) = folded.state else {
            panic!("{stream} is stock");
        };
        assert_eq!((stock.reserved, stock.committed), (0, kept), "{stream}");
    }
}

/// The sagas stood still for longer than a reservation lasts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_waited_for_the_sagas_has_its_time_to_be_paid() {
    let shop = Shop::with(Rules {
        limits: Limits {
            reservation: TimeDelta::seconds(12),
            ..Limits::default()
        },
        ..Rules::default()
    })
    .await;
    shop.receive("A", 1).await;
    let order = shop.place("tok_slow_500", &["A"]).await;
    let placed = shop.events().await.pop().unwrap().envelope.recorded_at;
    until("its time to be over", async || {
        SystemClock.now() > placed + TimeDelta::seconds(12)
    })
    .await;
    shop.start();
    shop.until_order(order, "OrderConfirmed").await;
}
