//! Several processes that could run the sagas of one shop.

use crate::{
    audit::{audit, ended},
    fakes::Slow,
    harness::{Shop, feed, lane, until, within},
};
use chassis::{Lifecycle, config::SagaSettings};
use domain::OrderId;
use saga::{SagaParts, storage::Backlog};
use std::{sync::Arc, time::Duration};
use store::{
    SystemClock,
    lease::{Leases, MemoryLeases},
};
use tokio_util::sync::CancellationToken;

/// A process of its own: another lane, another feed.
fn process(shop: &Shop, leases: &Arc<dyn Leases>) -> Lifecycle {
    let lifecycle = Lifecycle::new(Duration::from_secs(5));
    let parts = SagaParts {
        feed: feed(&shop.store, &shop.tasks),
        lane: lane(&shop.store, &shop.tasks),
        reader: Arc::new(shop.store.clone()),
        leases: leases.clone(),
        storage: shop.storage.clone(),
        participants: shop.participants(),
        clock: Arc::new(SystemClock),
    };
    let mut settings = SagaSettings::default();
    settings.lease_ms = 300;
    settings.poll_ms = 10;
    settings.batch = 5;
    saga::start(&parts, &settings, &lifecycle);
    lifecycle
}

async fn place_some(shop: &Shop, orders: &mut Vec<OrderId>) {
    for card in [
        "tok_approve",
        "tok_decline_once",
        "tok_decline",
        "tok_slow_40",
    ] {
        orders.push(shop.place(card, &["A"]).await);
    }
    let cancelled = shop.place("tok_slow_20", &["A"]).await;
    shop.cancel(cancelled).await;
    orders.push(cancelled);
}

async fn until_nothing_is_due(shop: &Shop) {
    until("nothing to be due", async || {
        shop.storage.backlog(chrono::Utc::now()).await.unwrap() == Backlog::default()
    })
    .await;
}

/// Of three processes, one after the other is dropped where it stands, and others begin.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_take_over_from_each_other_and_nothing_is_done_twice() {
    let mut shop = Shop::open().await;
    shop.storage = Arc::new(Slow::default());
    let leases: Arc<dyn Leases> = Arc::new(MemoryLeases::new(Arc::new(SystemClock)));
    shop.receive("A", 1_000).await;
    let mut orders = vec![];
    let mut processes: Vec<_> = (0..3).map(|_| process(&shop, &leases)).collect();
    for round in 0..6 {
        place_some(&shop, &mut orders).await;
        until("somebody to work", async || {
            let first = orders[round * 5];
            shop.payment(first).await.len() > 1
        })
        .await;
        let killed = processes.remove(0);
        killed.hard().cancel();
        processes.push(process(&shop, &leases));
    }
    until("all orders to end", async || ended(&shop, &orders).await).await;
    until_nothing_is_due(&shop).await;
    // Stock is committed, or given back, after an order has ended.
    orders.push(shop.settle().await);
    until_nothing_is_due(&shop).await;
    for process in processes {
        process.shut_down();
    }
    audit(&shop, &orders, &["A"]).await;
}

/// A leader that does not know yet that another has taken over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_of_before_is_fenced() {
    let mut shop = Shop::open().await;
    shop.storage = Arc::new(Slow::default());
    shop.receive("A", 1_000).await;
    let mut orders = vec![];
    let stop = CancellationToken::new();
    let mut before = tokio::spawn(shop.sagas(1, stop.clone()));
    for epoch in 2..6 {
        let next = tokio::spawn(shop.sagas(epoch, stop.clone()));
        place_some(&shop, &mut orders).await;
        let fenced = within("the one before to end", before).await.unwrap();
        let error = fenced.unwrap_err().to_string();
        assert!(error.starts_with("another process leads"), "{error}");
        before = next;
    }
    until("all orders to end", async || ended(&shop, &orders).await).await;
    until_nothing_is_due(&shop).await;
    // Stock is committed, or given back, after an order has ended.
    orders.push(shop.settle().await);
    until_nothing_is_due(&shop).await;
    stop.cancel();
    before.await.unwrap().unwrap();
    audit(&shop, &orders, &["A"]).await;
}
