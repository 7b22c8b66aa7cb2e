//! Refunds that the provider will not make, or that come back.

use crate::harness::{Rules, Shop, http, serve, until};
use domain::{
    Command, Event, Money, OrderId,
    payment::{HearProvider, Notice, PaymentCommand, PaymentEvent, PaymentRefundRequested},
};
use saga::{
    settled,
    storage::{Backlog, ParkedTask},
};
use sandbox::Faults;
use store::{Clock, SystemClock};

async fn nothing_left(shop: &Shop) {
    until("nothing to be left", async || {
        shop.storage.backlog(SystemClock.now()).await.unwrap() == Backlog::default()
    })
    .await;
}

/// A shop with an order that is packed and paid, and that is cancelled then.
async fn cancelled() -> (Shop, OrderId) {
    let shop = Shop::with(Rules::default()).await;
    shop.start();
    shop.receive("A", 1).await;
    let order = shop.place("tok_approve", &["A"]).await;
    shop.until_shipment(order, "ShipmentCreated").await;
    shop.hold(order).await;
    shop.pack(order).await;
    shop.until_shipment(order, "ShipmentReady").await;
    (shop, order)
}

fn refuse(shop: &Shop, percent: f64) {
    let faults = Faults {
        refund_decline_percent: percent,
        ..Faults::default()
    };
    shop.sandbox.set_faults(faults).unwrap();
}

/// What the provider has taken, and given back, in minor units.
fn totals(shop: &Shop) -> (u128, u128) {
    let euro: sandbox::Currency = "EUR".parse().unwrap();
    let totals = shop.sandbox.summary().currencies[&euro];
    (totals.captured, totals.refunded)
}

async fn parked(shop: &Shop, order: OrderId) -> ParkedTask {
    until("it to wait for an operator", async || {
        shop.storage.parked(10).await.unwrap().len() == 1
    })
    .await;
    let task = shop.storage.parked(1).await.unwrap().remove(0);
    assert_eq!((task.order_id, task.what()), (order, "retry_refund"));
    task
}

/// The last refund that was asked for.
async fn asked(shop: &Shop) -> PaymentRefundRequested {
    let events = shop.events().await;
    let asked = events.iter().rev().find_map(|stored| {
        let event = Event::decode(&stored.event_type, stored.schema_version, &stored.payload);
        match event.unwrap() {
            Event::Payment(PaymentEvent::PaymentRefundRequested(asked)) => Some(asked),
            _ => None,
        }
    });
    asked.expect("one was asked for")
}

#[tokio::test]
async fn what_the_provider_will_not_give_back_waits_for_an_operator_who_has_it_asked_again() {
    let (shop, order) = cancelled().await;
    refuse(&shop, 100.0);
    shop.cancel(order).await;
    let task = parked(&shop, order).await;
    assert!(task.problem.contains("REFUND_DECLINED"), "{task:?}");
    let first = asked(&shop).await;
    assert_eq!(
        shop.payment(order).await[4..],
        ["PaymentRefundRequested", "PaymentRefundFailed"]
    );
    assert_eq!(shop.order(order).await.last().unwrap(), "TaskParked");
    assert_eq!(totals(&shop), (1_999, 0), "the cancellation waits for it");

    refuse(&shop, 0.0);
    let now = SystemClock.now();
    assert!(shop.storage.resume(task.id, None, now).await.unwrap());
    shop.until_order(order, "OrderCancelled").await;
    assert_eq!(
        shop.payment(order).await[6..],
        ["PaymentRefundRequested", "PaymentRefunded"]
    );
    let second = asked(&shop).await;
    assert_eq!((second.refund, second.amount), (2, first.amount));
    assert_ne!(second.idempotency_key, first.idempotency_key);
    assert_eq!(totals(&shop), (1_999, 1_999));
    assert_eq!(shop.sandbox.summary().counts.refunds_declined, 1);
    nothing_left(&shop).await;
}

#[tokio::test]
async fn people_give_it_back_in_another_way() {
    let (shop, order) = cancelled().await;
    refuse(&shop, 100.0);
    shop.cancel(order).await;
    let task = parked(&shop, order).await;
    let instead = settled(&task).unwrap();
    let now = SystemClock.now();
    let resumed = shop.storage.resume(task.id, Some(&instead), now).await;
    assert!(resumed.unwrap());
    shop.until_order(order, "OrderCancelled").await;
    assert_eq!(shop.payment(order).await[6..], ["PaymentRefunded"]);
    assert_eq!(shop.sandbox.summary().counts.refunded, 0);
    nothing_left(&shop).await;
}

#[tokio::test]
async fn what_comes_back_is_given_back_once_more() {
    let (shop, order) = cancelled().await;
    shop.cancel(order).await;
    shop.until_order(order, "OrderCancelled").await;
    nothing_left(&shop).await;
    let first = asked(&shop).await;
    let url = serve(shop.sandbox.router(), &shop.tasks).await;
    let path = format!("{url}/refunds/{}/reverse", first.idempotency_key);
    let request = http().post(path);
    let answer = request.header("Idempotency-Key", "back").send().await;
    assert_eq!(answer.unwrap().status(), 200);
    // As its webhook has it.
    let heard = HearProvider {
        idempotency_key: first.idempotency_key,
        notice: Notice::RefundReversed {
            authorization_id: first.authorization_id,
            amount: Money::new(1_999, "EUR".parse().unwrap()),
            code: "account_closed".into(),
        },
    };
    shop.put(Command::Payment(order, PaymentCommand::Hear(heard)))
        .await;
    let task = parked(&shop, order).await;
    assert!(task.problem.contains("account_closed"), "{task:?}");
    let now = SystemClock.now();
    assert!(shop.storage.resume(task.id, None, now).await.unwrap());
    until("it to be given back", async || {
        shop.payment(order).await.len() == 9
    })
    .await;
    assert_eq!(
        shop.payment(order).await[5..],
        [
            "PaymentRefunded",
            "PaymentRefundReversed",
            "PaymentRefundRequested",
            "PaymentRefunded"
        ]
    );
    assert_eq!(totals(&shop), (1_999, 1_999));
    assert_eq!(shop.sandbox.summary().counts.refunds_reversed, 1);
    nothing_left(&shop).await;
}
