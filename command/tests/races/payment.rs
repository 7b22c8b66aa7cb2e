//! What the payment provider says by itself: believed only if it is signed, and of one effect with our
//! own answer, in whatever order and however often the two come.

use crate::stage::{self, FORMER, OTHER, RACES, SECRET, Stage, order, until};
use axum::{body::Body, http::Request};
use chassis::{
    http_client,
    webhook::{WEBHOOK_ID, WebhookSecret},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    Command, Currency, Money, OrderId, ShipmentId, State, StreamId, TenantId,
    payment::{
        Payment, PaymentCommand, PaymentStatus, RecordAuthorized, RecordDeclined,
        RequestAuthorization, RequestCapture, RequestVoid,
    },
};
use futures::future::join;
use sandbox::{Faults, Sandbox, SandboxOptions, WebhookOptions};
use serde_json::{Value, json};
use store::{Clock, SystemClock};
use uuid::Uuid;

const PATH: &str = "/v1/providers/payments/webhooks";

/// What is asked of payments, and what they say.
impl Stage {
    async fn pay(&self, order: OrderId, command: PaymentCommand) {
        self.put(Command::Payment(order, command)).await;
    }

    async fn payment(&self, order: OrderId) -> Payment {
        match self.state(&stream(order)).await {
            State::Payment(payment) => payment,
            other => panic!("{order} is {other:?}"),
        }
    }

    /// The provider says `body` under the name of `id`; what became of it.
    async fn say_as(&self, id: &str, body: &Value) -> String {
        self.say(signed(SECRET, id, SystemClock.now(), body)).await
    }
}

fn stream(order: OrderId) -> StreamId {
    StreamId::payment(&TenantId::default(), order)
}

fn signed(secret: &str, id: &str, at: DateTime<Utc>, body: &Value) -> Request<Body> {
    stage::signed(PATH, secret, id, at, body)
}

fn eur(amount: i64) -> Money {
    Money::new(amount, Currency::parse("EUR").unwrap())
}

fn key(order: OrderId, operation: &str) -> String {
    format!("main:{order}:{operation}")
}

fn request(order: OrderId) -> PaymentCommand {
    PaymentCommand::RequestAuthorization(RequestAuthorization {
        order_id: order,
        amount: eur(1_999),
        payment_method: "tok_approve".into(),
        attempt: 1,
        max_attempts: 3,
        idempotency_key: key(order, "authorize:1"),
    })
}

fn authorized(order: OrderId) -> Value {
    json!({
        "type": "authorization.authorized",
        "data": {
            "idempotency_key": key(order, "authorize:1"),
            "authorization_id": format!("auth-{order}"),
            "amount": 1_999,
            "currency": "EUR",
        },
    })
}

fn record_authorized(order: OrderId) -> PaymentCommand {
    PaymentCommand::RecordAuthorized(RecordAuthorized {
        attempt: 1,
        authorization_id: format!("auth-{order}"),
        amount: eur(1_999),
        expires_at: None,
    })
}

#[tokio::test]
async fn only_what_is_signed_now_by_a_known_secret_is_believed() {
    let stage = Stage::new();
    stage.pay(order(1), request(order(1))).await;
    let (now, body) = (SystemClock.now(), authorized(order(1)));
    let age = TimeDelta::seconds(400);
    let mut changed = signed(SECRET, "evt", now, &body);
    *changed.body_mut() = Body::from(authorized(order(2)).to_string());
    let mut nameless = signed(SECRET, "evt", now, &body);
    nameless.headers_mut().remove(WEBHOOK_ID);
    for disbelieved in [
        signed(OTHER, "evt", now, &body),
        signed(SECRET, "evt", now - age, &body),
        signed(SECRET, "evt", now + age, &body),
        changed,
        nameless,
    ] {
        let (status, answer) = stage.send(disbelieved).await;
        assert_eq!(
            (status, answer["code"].as_str()),
            (401, Some("WEBHOOK_NOT_BELIEVED"))
        );
    }
    assert_eq!(
        stage.payment(order(1)).await.status,
        PaymentStatus::Authorizing
    );
    // Nobody is believed where no secret is known.
    let (status, _) = Stage::believing(&[])
        .send(signed(SECRET, "evt", now, &body))
        .await;
    assert_eq!(status, 401);

    let (status, answer) = stage.send(signed(FORMER, "evt", now, &body)).await;
    assert_eq!((status, answer), (200, json!({"outcome": "recorded"})));
    assert_eq!(
        stage.payment(order(1)).await.status,
        PaymentStatus::Authorized
    );
}

#[tokio::test]
async fn an_event_has_one_outcome() {
    let stage = Stage::new();
    stage.pay(order(1), request(order(1))).await;
    assert_eq!(
        stage.say_as("evt_1", &authorized(order(1))).await,
        "recorded"
    );
    for _ in 0..3 {
        assert_eq!(
            stage.say_as("evt_1", &authorized(order(1))).await,
            "recorded"
        );
    }
    // Under the same name, whatever else it says, it is the same.
    let mut other = authorized(order(1));
    other["data"]["authorization_id"] = json!("another");
    assert_eq!(stage.say_as("evt_1", &other).await, "recorded");
    stage.pay(order(1), record_authorized(order(1))).await;
    let history = stage.history(&stream(order(1))).await;
    assert_eq!(
        history,
        ["PaymentAuthorizationRequested", "PaymentAuthorized"]
    );

    let mut contradiction = authorized(order(1));
    contradiction["data"]["amount"] = json!(2_000);
    assert_eq!(stage.say_as("evt_2", &contradiction).await, "refused");
    assert_eq!(stage.say_as("evt_2", &contradiction).await, "refused");
    assert_eq!(stage.history(&stream(order(1))).await.len(), 2);
}

#[tokio::test]
async fn what_is_not_ours_is_acknowledged_and_does_nothing() {
    let stage = Stage::new();
    let mut theirs = authorized(order(1));
    theirs["data"]["idempotency_key"] = json!("theirs");
    assert_eq!(stage.say_as("evt_1", &theirs).await, "unknown");
    theirs["data"]["idempotency_key"] = json!(format!("other:{}:authorize:1", order(1)));
    assert_eq!(stage.say_as("evt_2", &theirs).await, "unknown");
    assert_eq!(
        stage.say_as("evt_3", &authorized(order(1))).await,
        "unknown"
    );
    let payout = json!({"type": "payout.paid", "data": {"idempotency_key": "x"}});
    assert_eq!(stage.say_as("evt_4", &payout).await, "ignored");
    let of_another_shape = json!({"type": "payout.paid", "data": {"amount": "12.50"}});
    assert_eq!(stage.say_as("evt_6", &of_another_shape).await, "ignored");
    assert!(stage.history(&stream(order(1))).await.is_empty());

    let now = SystemClock.now();
    for (said, pointer) in [
        (json!({"type": "authorization.authorized"}), Some("/data")),
        (json!([]), None),
        (
            json!({
                "type": "capture.captured",
                "data": {"idempotency_key": key(order(1), "capture:1"), "authorization_id": "a"},
            }),
            Some("/data/amount"),
        ),
    ] {
        let (status, answer) = stage.send(signed(SECRET, "evt_5", now, &said)).await;
        assert_eq!(
            (status, answer["outcome"].as_str()),
            (200, Some("malformed"))
        );
        let detail = answer["detail"].as_str().unwrap();
        assert!(
            detail.contains(pointer.unwrap_or("cannot be read")),
            "{detail}"
        );
    }
}

#[tokio::test]
async fn a_success_after_the_order_has_ended_is_given_back() {
    let stage = Stage::new();
    stage.pay(order(1), request(order(1))).await;
    let void = PaymentCommand::RequestVoid(RequestVoid {
        order_id: order(1),
        idempotency_key: key(order(1), "void:1"),
        reason: "the order expired".into(),
    });
    stage.pay(order(1), void).await;
    let declined = PaymentCommand::RecordDeclined(RecordDeclined {
        attempt: 1,
        code: "never received".into(),
    });
    stage.pay(order(1), declined).await;
    assert_eq!(
        stage.say_as("evt_1", &authorized(order(1))).await,
        "recorded"
    );
    let mut given_back = authorized(order(1));
    given_back["type"] = json!("authorization.voided");
    assert_eq!(stage.say_as("evt_2", &given_back).await, "recorded");
    let history = stage.history(&stream(order(1))).await;
    assert_eq!(
        history[3..],
        [
            "PaymentVoided",
            "StrayAuthorizationFound",
            "LatePaymentReversed"
        ]
    );
}

/// The provider's word goes to one process while the answer to our call is recorded by another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn word_and_answer_race_and_have_one_effect() {
    let stage = Stage::new();
    for n in 0..RACES {
        let order = order(n);
        stage.pay(order, request(order)).await;
        let (id, word) = (format!("evt_{n}"), authorized(order));
        let answer = stage.pay(order, record_authorized(order));
        let twice = join(stage.say_as(&id, &word), stage.say_as(&id, &word));
        let ((first, second), ()) = match n % 2 {
            0 => join(twice, answer).await,
            _ => {
                let ((), said) = join(answer, twice).await;
                (said, ())
            }
        };
        assert_eq!((first.as_str(), second.as_str()), ("recorded", "recorded"));
    }
    let all = stage.all().await.into_iter();
    let authorized = all.filter(|(_, event_type)| event_type == "PaymentAuthorized");
    assert_eq!(authorized.count() as u64, RACES);
}

/// All that is known of the payments comes from the provider, over HTTP, which says it twice, late and
/// out of order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_tells_twice_late_and_out_of_order_is_understood() {
    const PAYMENTS: u64 = 40;
    let stage = Stage::new();
    let api = stage.serve(stage.told()).await;
    let provider = Sandbox::new(SandboxOptions {
        faults: Faults {
            webhook_duplicate_percent: 50.0,
            webhook_reordered_percent: 50.0,
            webhook_late_percent: 20.0,
            webhook_late_ms: 500,
            ..Faults::default()
        },
        webhooks: Some(WebhookOptions {
            url: format!("{api}{PATH}"),
            secret: WebhookSecret::parse(SECRET).unwrap(),
        }),
        stop: stage.stop.clone(),
        ..SandboxOptions::default()
    });
    let telling = provider.clone();
    tokio::spawn(async move { telling.send_webhooks().await });
    let url = stage.serve(provider.router()).await;
    let client = http_client::loopback().build().unwrap();
    let ask = async |path: &str, key: &str, body: Value| {
        let asked = client.post(format!("{url}{path}")).json(&body);
        let answer = asked.header("idempotency-key", key).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json::<Value>().await.unwrap()
    };

    for n in 0..PAYMENTS {
        let order = order(n);
        stage.pay(order, request(order)).await;
        let body = json!({
            "reference": order.to_string(),
            "amount": 1_999,
            "currency": "EUR",
            "payment_method": "tok_approve",
        });
        ask("/authorizations", &key(order, "authorize:1"), body).await;
    }
    let mut disputes = vec![];
    for n in 0..PAYMENTS {
        let order = order(n);
        until(async || stage.payment(order).await.status == PaymentStatus::Authorized).await;
        let id = stage
            .payment(order)
            .await
            .authorization
            .unwrap()
            .authorization_id;
        let capture = key(order, "capture:1");
        let command = PaymentCommand::RequestCapture(RequestCapture {
            order_id: order,
            shipment_id: ShipmentId::new(Uuid::from_u128(n.into())),
            amount: eur(1_999),
            attempt: 1,
            max_attempts: 1,
            idempotency_key: capture.clone(),
            more: false,
        });
        stage.pay(order, command).await;
        let amount = json!({"amount": 1_999, "currency": "EUR"});
        ask(&format!("/authorizations/{id}/captures"), &capture, amount).await;
        // It may be heard of before the capture is.
        let amount = json!({"amount": 500, "currency": "EUR"});
        let path = format!("/authorizations/{id}/disputes");
        let dispute = ask(&path, &format!("dispute-{n}"), amount).await;
        disputes.push(dispute["dispute_id"].as_str().unwrap().to_owned());
    }
    for (n, dispute) in (0..PAYMENTS).zip(&disputes) {
        let end = if n % 2 == 0 { "won" } else { "lost" };
        ask(
            &format!("/disputes/{dispute}/{end}"),
            &format!("end-{n}"),
            json!({}),
        )
        .await;
    }
    for n in 0..PAYMENTS {
        let order = order(n);
        until(async || {
            let payment = stage.payment(order).await;
            let lost = if n % 2 == 0 { 0 } else { 500 };
            let ended = payment.disputes.len() == 1 && payment.disputed() == 0;
            ended && payment.lost() == lost && payment.captured() == 1_999
        })
        .await;
        let mut history = stage.history(&stream(order)).await;
        assert_eq!(history.len(), 6, "{history:?}");
        history.sort();
        history.dedup();
        assert_eq!(history.len(), 6, "nothing twice: {history:?}");
    }
    let summary = serde_json::to_value(provider.summary()).unwrap();
    assert_eq!(summary["currencies"]["EUR"]["lost"], 500 * PAYMENTS / 2);
}
