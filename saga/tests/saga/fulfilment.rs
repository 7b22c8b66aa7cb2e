//! What becomes of a confirmed order: packed, paid, sent, arrived; or kept, refused, lost.

use crate::{
    fakes::{Scripted, Step},
    harness::{Rules, Shop, until},
    people::{address, customer, shipment},
    tasks::parked,
};
use chrono::TimeDelta;
use domain::{
    Command, OrderId, TenantId,
    policy::Limits,
    shipment::{RecordRefused, ShipmentCommand},
};
use saga::{
    carrier::{CallError, Tracking},
    settled,
    storage::{Backlog, ParkedTask},
};
use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};
use store::{Clock, SystemClock};
use vault::KeyId;

/// Everything that takes days takes a moment.
fn soon() -> Limits {
    Limits {
        tracking: vec![TimeDelta::milliseconds(20)],
        capture_retries: vec![TimeDelta::milliseconds(20); 2],
        ..Limits::default()
    }
}

/// A shop whose provider does as its script says, with one confirmed order.
async fn shop(script: Scripted, limits: Limits) -> (Shop, Arc<Scripted>, OrderId) {
    let mut shop = Shop::with(Rules {
        limits,
        ..Rules::default()
    })
    .await;
    let provider = Arc::new(script);
    shop.provider = provider.clone();
    shop.receive("A", 5).await;
    shop.start();
    let order = shop.place("tok", &["A"]).await;
    shop.until_shipment(order, "ShipmentCreated").await;
    (shop, provider, order)
}

async fn quiet(limits: Limits) -> (Shop, OrderId) {
    let (shop, _, order) = shop(Scripted::default(), limits).await;
    (shop, order)
}

fn delivered() -> Tracking {
    let at = "2026-01-02T03:04:05Z".parse().unwrap();
    Tracking::Delivered { at }
}

fn refused(code: &str) -> CallError {
    CallError::Refused(code.into())
}

/// The key of who orders everything.
fn whose_key() -> KeyId {
    KeyId {
        tenant: TenantId::default(),
        customer_id: customer(),
    }
}

/// Waits until nothing is left to be done, now or later.
async fn nothing_left(shop: &Shop) {
    until("nothing to be left", async || {
        shop.storage.backlog(SystemClock.now()).await.unwrap() == Backlog::default()
    })
    .await;
}

async fn the_parked_one(shop: &Shop) -> ParkedTask {
    until("it to be parked", async || parked(shop).await == 1).await;
    shop.storage.parked(1).await.unwrap().remove(0)
}

#[tokio::test]
async fn an_order_is_packed_paid_sent_tracked_and_completed() {
    let (shop, order) = quiet(soon()).await;
    let reason = "nobody home".into();
    shop.carrier.says([
        Tracking::Underway,
        Tracking::DeliveryFailed { reason },
        Tracking::Underway,
        delivered(),
    ]);
    shop.pack(order).await;
    shop.until_order(order, "OrderCompleted").await;
    assert_eq!(
        shop.shipment(order).await,
        [
            "ShipmentCreated",
            "ShipmentPacked",
            "ShipmentReady",
            "DispatchRequested",
            "ShipmentDispatched",
            "ShipmentTracked",
            "ShipmentDeliveryFailed",
            "ShipmentTracked",
            "ShipmentDelivered",
        ]
    );
    assert_eq!(
        shop.payment(order).await[2..],
        ["PaymentCaptureRequested", "PaymentCaptured"]
    );
    assert_eq!(
        shop.order(order).await,
        [
            "OrderPlaced",
            "OrderConfirmed",
            "LinesShipped",
            "LinesDelivered",
            "OrderCompleted"
        ]
    );
    until("the stock to have left", async || {
        shop.stock("A").await.last().unwrap() == "StockShipped"
    })
    .await;
    nothing_left(&shop).await;
    let labels = shop.carrier.labels.lock().unwrap().clone();
    let (key, label) = labels.first_key_value().unwrap();
    assert_eq!((labels.len(), key), (1, &format!("{}:1", shipment(order))));
    assert_eq!(label.address, Some(address()));
    assert_eq!(label.reference, shipment(order).to_string());
    assert_eq!(label.order_id, order);
    assert_eq!(shop.carrier.inquiries.load(Relaxed), 4);
    let events = shop.events().await;
    let actors = events
        .iter()
        .filter(|event| event.event_type == "ShipmentDispatched");
    let actors: Vec<_> = actors.map(|event| event.envelope.actor.as_str()).collect();
    assert_eq!(actors, ["participant:carrier"]);
}

#[tokio::test]
async fn what_is_packed_and_paid_is_kept_and_given_back_when_the_order_is_cancelled() {
    let (shop, order) = quiet(soon()).await;
    shop.hold(order).await;
    shop.pack(order).await;
    shop.until_shipment(order, "ShipmentReady").await;
    shop.cancel(order).await;
    shop.until_order(order, "OrderCancelled").await;
    assert_eq!(
        shop.payment(order).await[2..],
        [
            "PaymentCaptureRequested",
            "PaymentCaptured",
            "PaymentRefundRequested",
            "PaymentRefunded"
        ]
    );
    assert_eq!(
        shop.shipment(order).await.last().unwrap(),
        "ShipmentCancelled"
    );
    let stock = shop.stock("A").await;
    assert_eq!(stock.last().unwrap(), "ReservationReleased");
    assert_eq!(shop.carrier.dispatches.load(Relaxed), 0);
    nothing_left(&shop).await;
}

#[tokio::test]
async fn what_has_left_is_not_cancelled_any_more() {
    let (shop, order) = quiet(soon()).await;
    shop.pack(order).await;
    shop.until_order(order, "LinesShipped").await;
    shop.cancel(order).await;
    shop.until_order(order, "CancellationRejected").await;
    shop.carrier.says([delivered()]);
    shop.until_order(order, "OrderCompleted").await;
    nothing_left(&shop).await;
    let payment = shop.payment(order).await;
    assert_eq!(payment.last().unwrap(), "PaymentCaptured");
}

#[tokio::test]
async fn what_the_carrier_refuses_leaves_when_people_let_it_go() {
    let (shop, order) = quiet(soon()).await;
    shop.carrier
        .fail([CallError::Unknown("no answer".into()), refused("nowhere")]);
    shop.pack(order).await;
    shop.until_order(order, "HoldPlaced").await;
    assert_eq!(
        shop.carrier.dispatches.load(Relaxed),
        2,
        "it was asked again under the same key"
    );
    shop.carrier.says([delivered()]);
    shop.release(order, "carrier-refused").await;
    shop.until_order(order, "OrderCompleted").await;
    nothing_left(&shop).await;
    let labels = shop.carrier.labels.lock().unwrap();
    let keys: Vec<_> = labels.keys().cloned().collect();
    assert_eq!(keys, [format!("{}:2", shipment(order))]);
}

/// A hold keeps goods, not money; and what was taken is given back if they never leave.
#[tokio::test]
async fn what_is_packed_under_a_hold_is_charged_and_stays() {
    let (shop, order) = quiet(soon()).await;
    shop.hold(order).await;
    shop.pack(order).await;
    shop.until_shipment(order, "ShipmentReady").await;
    shop.settle().await;
    assert_eq!(
        shop.shipment(order).await,
        ["ShipmentCreated", "ShipmentPacked", "ShipmentReady"]
    );
    assert_eq!(shop.payment(order).await[3..], ["PaymentCaptured"]);
    shop.cancel(order).await;
    shop.until_order(order, "OrderCancelled").await;
    assert_eq!(
        shop.payment(order).await[4..],
        ["PaymentRefundRequested", "PaymentRefunded"]
    );
    assert!(shop.carrier.labels.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_the_carrier_refuses_and_nobody_sees_to_is_cancelled() {
    let (shop, order) = quiet(Limits {
        shipping_hold: TimeDelta::milliseconds(50),
        ..soon()
    })
    .await;
    shop.carrier.fail([refused("nowhere")]);
    shop.pack(order).await;
    shop.until_order(order, "OrderCancelled").await;
    nothing_left(&shop).await;
    let payment = shop.payment(order).await;
    assert_eq!(payment.last().unwrap(), "PaymentRefunded");
}

/// No carrier is told half of it: what cannot be sent is kept as if one had refused it.
#[tokio::test]
async fn what_is_to_go_to_somebody_who_was_erased_is_kept() {
    let (shop, order) = quiet(soon()).await;
    assert_eq!(shop.vault.erase(&whose_key()).await, Ok(true));
    shop.pack(order).await;
    until("it to be refused", async || {
        shop.shipment(order).await.last().unwrap() == "DispatchRefused"
    })
    .await;
    let events = shop.events().await;
    let refused = events
        .iter()
        .find(|event| event.event_type == "DispatchRefused");
    let refused: serde_json::Value = serde_json::from_slice(&refused.unwrap().payload).unwrap();
    assert_eq!(refused["code"], "address_erased");
    assert!(shop.carrier.labels.lock().unwrap().is_empty());
    assert!(shop.carrier.lookups.load(Relaxed) > 0, "it was asked first");
    shop.cancel(order).await;
    shop.until_order(order, "OrderCancelled").await;
    nothing_left(&shop).await;
}

/// Whether the carrier has it is for the carrier to say, however often it was asked: that is forgotten when
/// an operator has it done again.
#[tokio::test]
async fn what_left_before_its_customer_was_erased_has_left() {
    let mut shop = Shop::with(Rules {
        limits: soon(),
        retries: vec![Duration::from_millis(1); 2],
        ..Rules::default()
    })
    .await;
    shop.provider = Arc::new(Scripted::default());
    shop.carrier.says([delivered()]);
    // It takes the parcel, and nobody hears of it until the task is given up.
    shop.carrier.silent.store(3, Relaxed);
    shop.receive("A", 1).await;
    shop.start();
    let order = shop.place("tok", &["A"]).await;
    shop.until_shipment(order, "ShipmentCreated").await;
    shop.pack(order).await;
    let waits = the_parked_one(&shop).await;
    assert_eq!(waits.what(), "dispatch");
    assert_eq!(shop.carrier.labels.lock().unwrap().len(), 1);
    assert_eq!(shop.vault.erase(&whose_key()).await, Ok(true));
    let now = SystemClock.now();
    assert!(shop.storage.resume(waits.id, None, now).await.unwrap());
    shop.until_order(order, "OrderCompleted").await;
    nothing_left(&shop).await;
    let happened = shop.shipment(order).await;
    assert!(
        happened.contains(&"ShipmentDispatched".to_owned()),
        "{happened:?}"
    );
    assert!(
        !happened.contains(&"DispatchRefused".to_owned()),
        "{happened:?}"
    );
}

#[tokio::test]
async fn what_does_not_arrive_is_given_back_and_the_order_is_done() {
    for (says, happened) in [
        (Tracking::Lost, "ShipmentLost"),
        (Tracking::ReturnedToSender, "ShipmentReturnedToSender"),
    ] {
        let (shop, order) = quiet(soon()).await;
        shop.carrier.says([says]);
        shop.pack(order).await;
        shop.until_payment(order, "PaymentRefunded").await;
        shop.until_order(order, "OrderCompleted").await;
        nothing_left(&shop).await;
        assert_eq!(shop.shipment(order).await.last().unwrap(), happened);
    }
}

#[tokio::test]
async fn what_the_provider_does_not_take_is_asked_for_again_under_a_hold() {
    let authorized = || Step::Authorize;
    let declined = || Step::Fail(CallError::Refused("CAPTURE_DECLINED".into()));
    let script = Scripted::of([authorized(), declined(), declined()]);
    let (shop, provider, order) = shop(script, soon()).await;
    shop.carrier.says([delivered()]);
    shop.pack(order).await;
    shop.until_order(order, "OrderCompleted").await;
    nothing_left(&shop).await;
    let (asked, failed) = ("PaymentCaptureRequested", "PaymentCaptureFailed");
    assert_eq!(
        shop.payment(order).await[2..],
        [asked, failed, asked, failed, asked, "PaymentCaptured"]
    );
    assert_eq!(
        shop.order(order).await[2..5],
        ["HoldPlaced", "DeadlineSet", "HoldReleased"]
    );
    assert_eq!(provider.calls.load(Relaxed), 4);
}

#[tokio::test]
async fn an_order_that_is_never_paid_is_cancelled() {
    let declined = || Step::Fail(CallError::Refused("CAPTURE_DECLINED".into()));
    let steps = (0..3).map(|_| declined());
    let script = Scripted::of(std::iter::once(Step::Authorize).chain(steps));
    let (shop, _, order) = shop(script, soon()).await;
    shop.pack(order).await;
    shop.until_order(order, "OrderCancelled").await;
    nothing_left(&shop).await;
    let payment = shop.payment(order).await;
    assert_eq!(payment.last().unwrap(), "PaymentVoided");
    let stock = shop.stock("A").await;
    assert_eq!(stock.last().unwrap(), "ReservationReleased");
}

#[tokio::test]
async fn what_is_under_way_for_too_long_is_left_to_an_operator() {
    let (shop, order) = quiet(Limits {
        tracking_times: 3,
        ..soon()
    })
    .await;
    shop.pack(order).await;
    let waits = the_parked_one(&shop).await;
    assert_eq!((waits.order_id, waits.what()), (order, "track"));
    assert!(waits.problem.contains("asked 3 times"), "{waits:?}");
    assert_eq!(settled(&waits), None, "nobody has to say that it is lost");
    shop.carrier.says([delivered()]);
    let now = SystemClock.now();
    assert!(shop.storage.resume(waits.id, None, now).await.unwrap());
    shop.until_order(order, "OrderCompleted").await;
    nothing_left(&shop).await;
}

/// A carrier that never answers is asked under the same key until an operator has looked.
#[tokio::test]
async fn a_label_that_nobody_knows_of_is_settled_by_an_operator() {
    let mut shop = Shop::with(Rules {
        limits: soon(),
        retries: vec![Duration::from_millis(1); 2],
        ..Rules::default()
    })
    .await;
    shop.provider = Arc::new(Scripted::default());
    shop.carrier
        .fail((0..3).map(|_| CallError::Unknown("no answer".into())));
    shop.receive("A", 1).await;
    shop.start();
    let order = shop.place("tok", &["A"]).await;
    shop.until_shipment(order, "ShipmentCreated").await;
    shop.pack(order).await;
    let waits = the_parked_one(&shop).await;
    assert_eq!(
        (waits.what(), waits.problem.as_str()),
        ("dispatch", "no answer")
    );
    let nothing_there = settled(&waits).unwrap();
    let now = SystemClock.now();
    let done = shop.storage.resume(waits.id, Some(&nothing_there), now);
    assert!(done.await.unwrap());
    shop.until_order(order, "HoldPlaced").await;
    shop.carrier.says([delivered()]);
    shop.release(order, "carrier-refused").await;
    shop.until_order(order, "OrderCompleted").await;
    nothing_left(&shop).await;
}

/// The carrier has taken what an operator had said it had not.
#[tokio::test]
async fn a_label_that_the_books_refuse_is_left_to_an_operator() {
    let (shop, order) = quiet(soon()).await;
    shop.hold(order).await;
    shop.pack(order).await;
    shop.until_shipment(order, "ShipmentReady").await;
    let takes_its_time = shop.carrier.closed.lock().await;
    shop.let_go(order).await;
    until("the carrier to be asked", async || {
        shop.carrier.dispatches.load(Relaxed) == 1
    })
    .await;
    let refused = ShipmentCommand::RecordRefused(RecordRefused {
        attempt: 1,
        code: "somebody says so".into(),
    });
    shop.put(Command::Shipment(shipment(order), refused)).await;
    drop(takes_its_time);
    let waits = the_parked_one(&shop).await;
    assert_eq!(waits.what(), "dispatch");
    assert!(
        waits
            .problem
            .contains("the carrier did what our books refuse"),
        "{waits:?}"
    );
    assert_eq!(shop.carrier.labels.lock().unwrap().len(), 1);
    // Whoever looks at the order sees it, and that nothing that is to come settles it.
    let events = shop.events().await;
    let told = events.iter().find(|event| event.event_type == "TaskParked");
    let told = String::from_utf8_lossy(&told.unwrap().payload).into_owned();
    assert!(told.contains(r#""task":"dispatch""#), "{told}");
    assert!(told.contains(r#""done":true"#), "{told}");
}
