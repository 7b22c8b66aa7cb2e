//! Whole flows, from placing an order to its end.

use crate::harness::{Rules, Shop, inquiries, until};
use chrono::TimeDelta;
use domain::policy::Limits;
use saga::storage::Backlog;
use std::time::Duration;
use store::{Clock, SystemClock};

/// How long a call that is never answered is waited for: enough for the provider to have got it.
const HASTE: Duration = Duration::from_secs(1);

async fn nothing_left(shop: &Shop) {
    until("nothing to be left", async || {
        shop.storage.backlog(SystemClock.now()).await.unwrap() == Backlog::default()
    })
    .await;
}

#[tokio::test]
async fn an_order_is_reserved_paid_confirmed_and_committed() {
    let shop = Shop::open().await;
    shop.start();
    shop.receive("A", 2).await;
    shop.receive("B", 2).await;
    let order = shop.place("tok_approve", &["A", "B"]).await;
    shop.until_order(order, "OrderConfirmed").await;
    shop.settle().await;
    assert_eq!(shop.order(order).await, ["OrderPlaced", "OrderConfirmed"]);
    assert_eq!(
        shop.payment(order).await,
        ["PaymentAuthorizationRequested", "PaymentAuthorized"]
    );
    for sku in ["A", "B"] {
        assert_eq!(
            shop.stock(sku).await,
            ["StockReceived", "StockReserved", "ReservationCommitted"]
        );
    }
    assert_eq!(shop.sandbox.summary().counts.authorized, 2);
    nothing_left(&shop).await;
}

#[tokio::test]
async fn what_follows_says_what_it_follows_from() {
    let shop = Shop::open().await;
    shop.start();
    shop.receive("A", 1).await;
    let order = shop.place("tok_approve", &["A"]).await;
    shop.until_order(order, "OrderConfirmed").await;
    let events = shop.events().await;
    let of = |name: &str| {
        let found = events.iter().find(|event| event.event_type == name);
        &found.unwrap_or_else(|| panic!("{name} happened")).envelope
    };
    let placed = of("OrderPlaced");
    for (event, cause, actor) in [
        ("StockReserved", "OrderPlaced", "policy:inventory"),
        (
            "PaymentAuthorizationRequested",
            "StockReserved",
            "policy:payment",
        ),
        (
            "PaymentAuthorized",
            "PaymentAuthorizationRequested",
            "participant:payment",
        ),
        ("OrderConfirmed", "PaymentAuthorized", "policy:order"),
    ] {
        let (event, cause) = (of(event), of(cause));
        assert_eq!(event.causation_id, Some(cause.event_id));
        assert_eq!(event.correlation_id, placed.correlation_id);
        assert_eq!(event.actor.as_str(), actor);
    }
}

#[tokio::test]
async fn an_order_that_cannot_be_had_is_rejected_and_costs_nothing() {
    let shop = Shop::open().await;
    shop.start();
    shop.receive("A", 1).await;
    let order = shop.place("tok_approve", &["A", "NONE"]).await;
    shop.until_order(order, "OrderRejected").await;
    shop.settle().await;
    assert_eq!(shop.order(order).await, ["OrderPlaced", "OrderRejected"]);
    assert_eq!(shop.payment(order).await, [""; 0]);
    assert!(!shop.stock("A").await.contains(&"StockReserved".to_owned()));
    assert_eq!(shop.sandbox.summary().counts.operations, 1);
    nothing_left(&shop).await;
}

#[tokio::test]
async fn a_payment_is_tried_three_times_and_then_the_order_is_rejected() {
    let shop = Shop::open().await;
    shop.start();
    shop.receive("A", 2).await;
    let lucky = shop.place("tok_decline_twice", &["A"]).await;
    let unlucky = shop.place("tok_decline", &["A"]).await;
    shop.until_order(lucky, "OrderConfirmed").await;
    shop.until_order(unlucky, "OrderRejected").await;
    shop.settle().await;
    let (asked, declined) = ("PaymentAuthorizationRequested", "PaymentDeclined");
    assert_eq!(
        shop.payment(lucky).await,
        [asked, declined, asked, declined, asked, "PaymentAuthorized"]
    );
    assert_eq!(
        shop.payment(unlucky).await,
        [asked, declined, asked, declined, asked, declined]
    );
    let counts = shop.sandbox.summary().counts;
    assert_eq!((counts.declined, counts.authorized), (5, 2));
    let stock = shop.stock("A").await;
    let released = stock.iter().filter(|name| *name == "ReservationReleased");
    assert_eq!(released.count(), 1);
    nothing_left(&shop).await;
}

#[tokio::test]
async fn a_time_out_is_asked_about_and_found_authorized() {
    let shop = Shop::with(Rules {
        limits: inquiries(&[40, 40]),
        patience: HASTE,
        ..Rules::default()
    })
    .await;
    shop.start();
    shop.receive("A", 1).await;
    let order = shop.place("tok_timeout", &["A"]).await;
    shop.until_order(order, "OrderConfirmed").await;
    shop.settle().await;
    assert_eq!(
        shop.payment(order).await,
        [
            "PaymentAuthorizationRequested",
            "PaymentOutcomeUnknown",
            "PaymentAuthorized"
        ]
    );
    assert_eq!(shop.sandbox.summary().references.live_repeatedly, 0);
    nothing_left(&shop).await;
}

/// A provider refuses to set nothing aside, so it is not asked.
#[tokio::test]
async fn what_costs_nothing_is_confirmed_and_cancelled_without_the_provider() {
    let shop = Shop::open().await;
    shop.start();
    shop.receive("A", 2).await;
    let kept = shop.place_at(0, "tok_decline", &["A"]).await;
    let cancelled = shop.place_at(0, "tok_decline", &["A"]).await;
    shop.until_order(kept, "OrderConfirmed").await;
    shop.until_order(cancelled, "OrderConfirmed").await;
    shop.cancel(cancelled).await;
    shop.until_order(cancelled, "OrderCancelled").await;
    shop.settle().await;
    assert_eq!(
        shop.payment(kept).await,
        ["PaymentAuthorizationRequested", "PaymentAuthorized"]
    );
    assert_eq!(
        shop.payment(cancelled).await[2..],
        ["PaymentVoidRequested", "PaymentVoided"]
    );
    assert_eq!(shop.stock("A").await.last().unwrap(), "ReservationReleased");
    assert_eq!(
        shop.sandbox.summary().counts.operations,
        1,
        "the last order's"
    );
    nothing_left(&shop).await;
}

#[tokio::test]
async fn another_amount_than_was_asked_for_is_given_back() {
    let shop = Shop::open().await;
    shop.start();
    shop.receive("A", 1).await;
    let order = shop.place("tok_wrong_amount", &["A"]).await;
    shop.until_payment(order, "PaymentVoided").await;
    shop.settle().await;
    assert_eq!(shop.order(order).await, ["OrderPlaced", "OrderRejected"]);
    let payment = shop.payment(order).await;
    assert_eq!(
        payment[..4],
        [
            "PaymentAuthorizationRequested",
            "PaymentIntegrityMismatch",
            "PaymentVoidRequested",
            "PaymentVoided"
        ]
    );
    assert_eq!(shop.sandbox.summary().counts.voided, 1);
    nothing_left(&shop).await;
}

#[tokio::test]
async fn what_is_authorized_after_the_cancellation_is_given_back() {
    let shop = Shop::open().await;
    shop.start();
    shop.receive("A", 1).await;
    shop.answers.close();
    let order = shop.place("tok_approve", &["A"]).await;
    until("the provider to have booked it", async || {
        shop.sandbox.summary().counts.authorized == 1
    })
    .await;
    assert_eq!(shop.payment(order).await, ["PaymentAuthorizationRequested"]);
    shop.cancel(order).await;
    shop.until_payment(order, "PaymentVoidDeferred").await;
    shop.answers.open();
    shop.until_order(order, "OrderCancelled").await;
    shop.settle().await;
    assert_eq!(
        shop.payment(order).await,
        [
            "PaymentAuthorizationRequested",
            "PaymentVoidDeferred",
            "PaymentAuthorized",
            "PaymentVoidRequested",
            "PaymentVoided",
            "LatePaymentReversed"
        ]
    );
    assert_eq!(
        shop.order(order).await,
        ["OrderPlaced", "CancellationRequested", "OrderCancelled"]
    );
    assert_eq!(shop.sandbox.summary().counts.voided, 1);
    let stock = shop.stock("A").await;
    assert_eq!(stock.last().unwrap(), "ReservationReleased");
    nothing_left(&shop).await;
}

#[tokio::test]
async fn a_confirmed_order_that_is_cancelled_gives_back_stock_and_money() {
    let shop = Shop::open().await;
    shop.start();
    shop.receive("A", 1).await;
    let order = shop.place("tok_approve", &["A"]).await;
    shop.until_order(order, "OrderConfirmed").await;
    shop.cancel(order).await;
    shop.until_order(order, "OrderCancelled").await;
    shop.settle().await;
    assert_eq!(
        shop.payment(order).await,
        [
            "PaymentAuthorizationRequested",
            "PaymentAuthorized",
            "PaymentVoidRequested",
            "PaymentVoided"
        ]
    );
    let stock = shop.stock("A").await;
    assert_eq!(stock.last().unwrap(), "ReservationReleased");
    assert_eq!(shop.sandbox.summary().counts.voided, 1);
    nothing_left(&shop).await;
}

#[tokio::test]
async fn a_reservation_that_is_not_paid_in_time_expires_and_late_money_goes_back() {
    let shop = Shop::with(Rules {
        limits: Limits {
            // Enough for the provider to be asked before.
            reservation: TimeDelta::seconds(2),
            ..Limits::default()
        },
        ..Rules::default()
    })
    .await;
    shop.start();
    shop.receive("A", 1).await;
    shop.answers.close();
    let order = shop.place("tok_approve", &["A"]).await;
    shop.until_order(order, "OrderExpired").await;
    shop.until_payment(order, "PaymentVoidDeferred").await;
    shop.answers.open();
    shop.until_payment(order, "LatePaymentReversed").await;
    assert_eq!(shop.order(order).await, ["OrderPlaced", "OrderExpired"]);
    assert_eq!(
        shop.payment(order).await,
        [
            "PaymentAuthorizationRequested",
            "PaymentVoidDeferred",
            "PaymentAuthorized",
            "PaymentVoidRequested",
            "PaymentVoided",
            "LatePaymentReversed"
        ]
    );
    until("the stock to be given back", async || {
        let stock = shop.stock("A").await;
        stock.last().unwrap() == "ReservationExpired"
    })
    .await;
    assert_eq!(shop.sandbox.summary().counts.voided, 1);
    nothing_left(&shop).await;
}

#[tokio::test]
async fn an_order_on_hold_is_confirmed_when_it_is_let_go() {
    let shop = Shop::open().await;
    shop.receive("A", 1).await;
    let order = shop.place("tok_approve", &["A"]).await;
    shop.hold(order).await;
    shop.start();
    shop.until_payment(order, "PaymentAuthorized").await;
    shop.settle().await;
    assert_eq!(shop.order(order).await, ["OrderPlaced", "HoldPlaced"]);
    shop.let_go(order).await;
    shop.until_order(order, "OrderConfirmed").await;
    nothing_left(&shop).await;
}

#[tokio::test]
async fn an_order_that_is_never_let_go_expires_and_gives_back_stock_and_money() {
    let shop = Shop::with(Rules {
        limits: Limits {
            hold: TimeDelta::milliseconds(100),
            ..Limits::default()
        },
        ..Rules::default()
    })
    .await;
    shop.receive("A", 1).await;
    let order = shop.place("tok_approve", &["A"]).await;
    shop.hold(order).await;
    shop.start();
    shop.until_order(order, "OrderExpired").await;
    shop.until_payment(order, "PaymentVoided").await;
    shop.settle().await;
    let stock = shop.stock("A").await;
    assert_eq!(stock.last().unwrap(), "ReservationExpired");
    assert_eq!(shop.sandbox.summary().counts.voided, 1);
    nothing_left(&shop).await;
}

/// What the provider books only after it was asked in vain, and put once more, is still one.
#[tokio::test]
async fn a_success_that_comes_late_is_one_however_often_it_was_asked_for() {
    let shop = Shop::with(Rules {
        limits: inquiries(&[20, 20, 3_000, 3_000]),
        patience: Duration::from_millis(300),
        ..Rules::default()
    })
    .await;
    let faults = sandbox::Faults {
        late_success_percent: 100.0,
        late_success_ms: 1_500,
        ..sandbox::Faults::default()
    };
    shop.sandbox.set_faults(faults).unwrap();
    shop.start();
    shop.receive("A", 1).await;
    let order = shop.place("tok_approve", &["A"]).await;
    shop.until_payment(order, "PaymentOutcomeUnknown").await;
    shop.until_order(order, "OrderConfirmed").await;
    let payment = shop.payment(order).await;
    assert_eq!(payment.last().unwrap(), "PaymentAuthorized");
    let summary = shop.sandbox.summary();
    assert_eq!(summary.counts.authorized, 1);
    assert_eq!(summary.references.live_repeatedly, 0);
}
