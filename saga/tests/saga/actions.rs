//! Payments for which who pays has to do something first.

use crate::harness::{Rules, Shop, http, inquiries, serve, until};
use chrono::TimeDelta;
use domain::{
    Command, Money, OrderId,
    payment::{HearProvider, Notice, PaymentCommand},
    policy::Limits,
};
use saga::storage::Backlog;
use serde_json::Value;
use store::{Clock, SystemClock};

/// The provider, as who pays meets it.
struct Site(String);

impl Site {
    async fn of(shop: &Shop) -> Self {
        Self(serve(shop.sandbox.router(), &shop.tasks).await)
    }

    /// The authorization of an order, as it stands.
    async fn authorization(&self, order: OrderId) -> Value {
        let url = format!("{}/authorizations?reference={order}", self.0);
        let answer: Value = http().get(url).send().await.unwrap().json().await.unwrap();
        answer["authorizations"][0].clone()
    }

    /// Who pays does what is asked of them, or will not; gives the answer's status and code.
    async fn act(&self, order: OrderId, what: &str) -> (u16, Value) {
        let known = self.authorization(order).await;
        let id = known["authorization_id"].as_str().unwrap();
        let url = format!("{}/authorizations/{id}/{what}", self.0);
        let request = http().post(url);
        let answer = request
            .header("Idempotency-Key", format!("{order}-{what}"))
            .send()
            .await
            .unwrap();
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.unwrap();
        (status, body["code"].clone())
    }
}

async fn nothing_left(shop: &Shop) {
    until("nothing to be left", async || {
        shop.storage.backlog(SystemClock.now()).await.unwrap() == Backlog::default()
    })
    .await;
}

const ASKED: [&str; 2] = ["PaymentAuthorizationRequested", "PaymentActionRequired"];

#[tokio::test]
async fn an_order_waits_until_who_pays_has_done_it_and_the_provider_says_so() {
    let shop = Shop::open().await;
    let site = Site::of(&shop).await;
    shop.start();
    shop.receive("A", 1).await;
    let order = shop.place("tok_action", &["A"]).await;
    shop.until_payment(order, "PaymentActionRequired").await;
    let waits = site.authorization(order).await;
    assert_eq!(waits["status"], "requires_action");
    assert_eq!(site.act(order, "complete").await.0, 200);
    // As its webhook has it.
    let known = site.authorization(order).await;
    let amount = known["amount"].as_i64().unwrap();
    let heard = HearProvider {
        idempotency_key: format!("main:{order}:authorize:1"),
        notice: Notice::Authorized {
            authorization_id: known["authorization_id"].as_str().unwrap().into(),
            amount: Money::new(amount, "EUR".parse().unwrap()),
            expires_at: None,
        },
    };
    shop.put(Command::Payment(order, PaymentCommand::Hear(heard)))
        .await;
    shop.until_order(order, "OrderConfirmed").await;
    shop.settle().await;
    assert_eq!(
        shop.payment(order).await,
        [ASKED[0], ASKED[1], "PaymentAuthorized"]
    );
    let counts = shop.sandbox.summary().counts;
    assert_eq!((counts.actions_required, counts.authorized), (1, 2));
    nothing_left(&shop).await;
}

/// The provider's word may get lost: it is asked.
#[tokio::test]
async fn what_who_pays_has_done_is_found_out() {
    let shop = Shop::with(Rules {
        limits: inquiries(&[2_000]),
        ..Rules::default()
    })
    .await;
    let site = Site::of(&shop).await;
    shop.start();
    shop.receive("A", 1).await;
    let order = shop.place("tok_action", &["A"]).await;
    shop.until_payment(order, "PaymentActionRequired").await;
    assert_eq!(site.act(order, "complete").await.0, 200);
    shop.until_order(order, "OrderConfirmed").await;
    shop.settle().await;
    assert_eq!(
        shop.payment(order).await,
        [ASKED[0], ASKED[1], "PaymentAuthorized"]
    );
    nothing_left(&shop).await;
}

#[tokio::test]
async fn who_will_not_do_it_pays_nothing_and_gets_nothing() {
    let shop = Shop::with(Rules {
        limits: Limits {
            payment_attempts: 1,
            ..inquiries(&[2_000])
        },
        ..Rules::default()
    })
    .await;
    let site = Site::of(&shop).await;
    shop.start();
    shop.receive("A", 1).await;
    let order = shop.place("tok_action", &["A"]).await;
    shop.until_payment(order, "PaymentActionRequired").await;
    assert_eq!(site.act(order, "refuse").await.0, 200);
    shop.until_order(order, "OrderRejected").await;
    shop.settle().await;
    assert_eq!(
        shop.payment(order).await,
        [ASKED[0], ASKED[1], "PaymentDeclined"]
    );
    assert_eq!(shop.sandbox.summary().references.live_repeatedly, 0);
    nothing_left(&shop).await;
}

#[tokio::test]
async fn what_nobody_does_is_given_up_when_the_reservation_ends() {
    let shop = Shop::with(Rules {
        limits: Limits {
            reservation: TimeDelta::milliseconds(400),
            ..Limits::default()
        },
        ..Rules::default()
    })
    .await;
    let site = Site::of(&shop).await;
    shop.start();
    shop.receive("A", 1).await;
    let order = shop.place("tok_action", &["A"]).await;
    shop.until_payment(order, "PaymentVoided").await;
    assert_eq!(shop.order(order).await, ["OrderPlaced", "OrderExpired"]);
    assert_eq!(
        shop.payment(order).await,
        [ASKED[0], ASKED[1], "PaymentVoidRequested", "PaymentVoided"]
    );
    // It is too late for it: nobody's money is set aside.
    let late = site.act(order, "complete").await;
    assert_eq!(late, (409, "AUTHORIZATION_VOIDED".into()));
    let summary = shop.sandbox.summary();
    assert_eq!(summary.counts.authorized, 0);
    until("the stock to be free", async || {
        shop.stock("A").await.last().unwrap() == "ReservationReleased"
            || shop.stock("A").await.last().unwrap() == "ReservationExpired"
    })
    .await;
    nothing_left(&shop).await;
}
