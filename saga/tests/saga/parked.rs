//! Payments of which nobody knows what became of them, and what an operator does about them.

use crate::{
    fakes::{Scripted, Step},
    harness::{Rules, Shop, inquiries, until},
};
use domain::OrderId;
use saga::{provider::CallError, settled, storage::ParkedTask};
use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};
use store::{Clock, SystemClock};

/// Waits until the payment of an order waits for an operator, and says how.
async fn parked(shop: &Shop, order: OrderId) -> ParkedTask {
    until("it to wait for an operator", async || {
        let backlog = shop.storage.backlog(SystemClock.now()).await.unwrap();
        (backlog.parked(), backlog.parked_payments) == (1, 1)
    })
    .await;
    let mut parked = shop.storage.parked(10).await.unwrap();
    let parked = parked.pop().unwrap();
    assert_eq!((parked.order_id, parked.what()), (order, "inquire"));
    parked
}

async fn resume(shop: &Shop, parked: &ParkedTask) {
    let now = SystemClock.now();
    assert!(shop.storage.resume(parked.id, None, now).await.unwrap());
}

#[tokio::test]
async fn a_provider_that_never_knows_is_asked_again_when_an_operator_says_so() {
    let unknown = || Step::Fail(CallError::Unknown("no answer".into()));
    let mut shop = Shop::with(Rules {
        limits: inquiries(&[10, 10]),
        ..Rules::default()
    })
    .await;
    // The call, two inquiries, and the first of an operator.
    let provider = Arc::new(Scripted::of((0..4).map(|_| unknown())));
    shop.provider = provider.clone();
    shop.start();
    shop.receive("A", 1).await;
    let order = shop.place("tok", &["A"]).await;
    let first = parked(&shop, order).await;
    assert_eq!(first.problem, "no answer");
    let waiting = [
        "PaymentAuthorizationRequested",
        "PaymentOutcomeUnknown",
        "PaymentOutcomeUnknown",
        "PaymentParked",
    ];
    assert_eq!(shop.payment(order).await, waiting);
    assert_eq!(shop.order(order).await, ["OrderPlaced", "TaskParked"]);

    resume(&shop, &first).await;
    until("the provider to be asked", async || {
        provider.calls.load(Relaxed) == 4
    })
    .await;
    let second = parked(&shop, order).await;
    assert_ne!(second.id, first.id);
    assert_eq!(shop.payment(order).await, waiting, "it waits still");
    let again = shop.storage.resume(first.id, None, SystemClock.now()).await;
    assert!(!again.unwrap(), "it is not there any more");

    resume(&shop, &second).await;
    shop.until_order(order, "OrderConfirmed").await;
    shop.settle().await;
    assert_eq!(
        shop.order(order).await[1..],
        [
            "TaskParked",
            "TaskResumed",
            "TaskParked",
            "TaskResumed",
            "OrderConfirmed"
        ]
    );
    assert_eq!(shop.payment(order).await[4..], ["PaymentAuthorized"]);
    assert_eq!(shop.storage.parked(10).await.unwrap(), []);
}

/// What the provider does not know of is put once more with each question, under its key. Nobody is
/// charged under another before somebody has looked.
#[tokio::test]
async fn what_never_arrived_waits_for_an_operator_who_has_it_declined() {
    let shop = Shop::with(Rules {
        limits: inquiries(&[20, 20]),
        patience: Duration::from_millis(300),
        ..Rules::default()
    })
    .await;
    shop.start();
    shop.receive("A", 1).await;
    let order = shop.place("tok_timeout_lost", &["A"]).await;
    let waits = parked(&shop, order).await;
    assert!(waits.problem.contains("did not answer"), "{waits:?}");
    let found_out = settled(&waits).unwrap();
    let now = SystemClock.now();
    let done = shop.storage.resume(waits.id, Some(&found_out), now).await;
    assert!(done.unwrap());
    shop.until_payment(order, "PaymentDeclined").await;
    // It is tried once more, and lost once more.
    let waits = parked(&shop, order).await;
    shop.cancel(order).await;
    let done = shop
        .storage
        .resume(waits.id, settled(&waits).as_ref(), SystemClock.now())
        .await;
    assert!(done.unwrap());
    shop.until_order(order, "OrderCancelled").await;
    shop.settle().await;
    assert_eq!(shop.storage.parked(10).await.unwrap(), []);
    let stock = shop.stock("A").await;
    assert_eq!(stock.last().unwrap(), "ReservationReleased");
}
