//! What the carrier says by itself: believed only if it is signed, and of one effect with the answers to
//! our own calls, in whatever order and however often they come.

use crate::stage::{self, CARRIER_SECRET, OTHER, RACES, SECRET, Stage, order, until};
use axum::{body::Body, http::Request};
use chassis::{
    http_client,
    webhook::{WEBHOOK_TIMESTAMP, WebhookSecret},
};
use domain::{
    Command, Currency, CustomerId, Location, OrderId, ShipmentId, Sku, State, StreamId, TenantId,
    order::{ConfirmOrder, NewLine, OrderCommand, OrderTerms, PlaceOrder},
    shipment::{
        CreateShipment, MarkReady, PackShipment, Parcel, RecordDelivered, RecordDispatched,
        RecordLost, RecordRefused, RequestDispatch, ShipmentCommand, ShipmentStatus,
    },
};
use futures::{
    FutureExt,
    future::{join, join_all},
};
use sandbox::{Faults, Sandbox, SandboxOptions, WebhookOptions};
use serde_json::{Value, json};
use store::{Clock, SystemClock, lane::Outcome};

const PATH: &str = "/v1/providers/carrier/webhooks";

/// What becomes of a shipment.
impl Stage {
    async fn ship(&self, order: OrderId, command: ShipmentCommand) -> Outcome {
        self.put(Command::Shipment(id(order), command)).await
    }

    /// An order whose shipment the carrier was asked to take.
    async fn dispatching(&self, order_id: OrderId) {
        self.ready(order_id).await;
        let dispatch = ShipmentCommand::RequestDispatch(RequestDispatch { order_id });
        accepted(self.ship(order_id, dispatch).await);
    }

    /// An order whose shipment is packed and paid.
    pub async fn ready(&self, order_id: OrderId) {
        let place = PlaceOrder {
            order_id,
            customer_id: CustomerId::parse("17850").unwrap(),
            currency: Currency::parse("EUR").unwrap(),
            lines: vec![NewLine {
                sku: Sku::parse("A").unwrap(),
                quantity: 2,
                unit_price: 255,
                currency: None,
                terms: Default::default(),
            }],
            terms: OrderTerms::default(),
            total: None,
            shipping_address: None,
            payment_method: "tok_approve".into(),
            reference: None,
            placed_at: SystemClock.now(),
        };
        for command in [
            OrderCommand::Place(place),
            OrderCommand::Confirm(ConfirmOrder),
        ] {
            accepted(self.put(Command::Order(order_id, command)).await);
        }
        let location = Location::default();
        for command in [
            ShipmentCommand::Create(CreateShipment {
                order_id,
                location,
                skus: vec![],
                further: vec![],
            }),
            ShipmentCommand::Pack(PackShipment),
            ShipmentCommand::MarkReady(MarkReady),
        ] {
            accepted(self.ship(order_id, command).await);
        }
    }

    async fn parcel(&self, order: OrderId) -> Parcel {
        match self.state(&stream(order)).await {
            State::Shipment(shipment) => shipment.created().cloned().unwrap(),
            other => panic!("{order} is {other:?}"),
        }
    }

    /// What has happened since the carrier was asked to take it.
    async fn since(&self, order: OrderId) -> Vec<String> {
        self.history(&stream(order)).await.split_off(4)
    }

    /// The carrier says `body` under the name of `id`; what became of it.
    async fn hear(&self, id: &str, body: &Value) -> String {
        self.say(signed(CARRIER_SECRET, id, body)).await
    }
}

fn accepted(outcome: Outcome) {
    assert!(matches!(outcome, Outcome::Accepted), "{outcome:?}");
}

fn id(order: OrderId) -> ShipmentId {
    ShipmentId::of(order, &Location::default())
}

fn stream(order: OrderId) -> StreamId {
    StreamId::shipment(&TenantId::default(), id(order))
}

fn signed(secret: &str, id: &str, body: &Value) -> Request<Body> {
    stage::signed(PATH, secret, id, SystemClock.now(), body)
}

/// The carrier's word of the first attempt.
fn word(order: OrderId, what: &str) -> Value {
    json!({
        "type": format!("shipment.{what}"),
        "timestamp": "2026-01-02T03:04:05Z",
        "data": {
            "idempotency_key": format!("{}:1", id(order)),
            "reference": id(order),
            "carrier": "Post",
            "tracking_number": format!("T-{order}"),
            "delivered_at": "2026-01-02T03:04:05Z",
            "reason": "nobody was at home",
            "code": "address_not_served",
        },
    })
}

fn taken(order: OrderId) -> ShipmentCommand {
    ShipmentCommand::RecordDispatched(RecordDispatched {
        attempt: 1,
        carrier: "Post".into(),
        tracking_number: format!("T-{order}"),
    })
}

fn delivered() -> ShipmentCommand {
    let delivered_at = "2026-01-02T03:04:05Z".parse().unwrap();
    ShipmentCommand::RecordDelivered(RecordDelivered { delivered_at })
}

#[tokio::test]
async fn only_what_is_signed_with_the_carriers_secret_is_believed() {
    let stage = Stage::new();
    stage.dispatching(order(1)).await;
    let body = word(order(1), "delivered");
    let mut changed = signed(CARRIER_SECRET, "evt", &body);
    *changed.body_mut() = Body::from(word(order(2), "delivered").to_string());
    let mut timeless = signed(CARRIER_SECRET, "evt", &body);
    timeless.headers_mut().remove(WEBHOOK_TIMESTAMP);
    // The payment provider's is not the carrier's.
    for disbelieved in [
        signed(OTHER, "evt", &body),
        signed(SECRET, "evt", &body),
        changed,
        timeless,
    ] {
        let (status, answer) = stage.send(disbelieved).await;
        assert_eq!(
            (status, answer["code"].as_str()),
            (401, Some("WEBHOOK_NOT_BELIEVED"))
        );
    }
    assert!(stage.since(order(1)).await.is_empty());
    assert_eq!(stage.hear("evt", &body).await, "recorded");
    assert_eq!(
        stage.since(order(1)).await,
        ["ShipmentDispatched", "ShipmentDelivered"]
    );
    // Nor is anything believed where no secret is set.
    let deaf = Stage::believing(&[("PAYMENT_WEBHOOK_SECRET", SECRET)]);
    let (status, _) = deaf.send(signed(CARRIER_SECRET, "evt", &body)).await;
    assert_eq!(status, 401);
}

#[tokio::test]
async fn what_is_not_ours_or_contradicts_our_books_is_acknowledged() {
    let stage = Stage::new();
    let mut theirs = word(order(1), "delivered");
    theirs["data"]["idempotency_key"] = json!("theirs");
    assert_eq!(stage.hear("evt_1", &theirs).await, "unknown");
    for n in 0..2 {
        // Asked again, it is not there either.
        let nobody = word(order(1), "lost");
        assert_eq!(stage.hear(&format!("evt_2_{n}"), &nobody).await, "unknown");
    }
    let measured = json!({"type": "shipment.measured", "data": {"grams": "12.5"}});
    assert_eq!(stage.hear("evt_3", &measured).await, "ignored");

    stage.dispatching(order(1)).await;
    assert_eq!(
        stage.hear("evt_4", &word(order(1), "lost")).await,
        "recorded"
    );
    for (n, contradiction) in ["delivered", "returned", "refused"].into_iter().enumerate() {
        for _ in 0..2 {
            let said = word(order(1), contradiction);
            assert_eq!(stage.hear(&format!("evt_5_{n}"), &said).await, "refused");
        }
    }
    let mut other = word(order(1), "lost");
    other["data"]["tracking_number"] = json!("T-other");
    assert_eq!(stage.hear("evt_6", &other).await, "refused");
    assert_eq!(
        stage.since(order(1)).await,
        ["ShipmentDispatched", "ShipmentLost"]
    );

    let mut nameless = word(order(1), "lost");
    nameless["data"]["tracking_number"] = Value::Null;
    let (status, answer) = stage.send(signed(CARRIER_SECRET, "evt_7", &nameless)).await;
    assert_eq!(
        (status, answer["outcome"].as_str()),
        (200, Some("malformed"))
    );
    let detail = answer["detail"].as_str().unwrap();
    assert!(detail.contains("/data/tracking_number"), "{detail}");
}

/// The carrier's word, which comes twice to one process, against the answers to our calls, which another
/// records.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn word_and_answers_race_and_have_one_effect() {
    let stage = Stage::new();
    for n in 0..RACES {
        let order = order(n);
        stage.dispatching(order).await;
        let names = [format!("evt_{n}_taken"), format!("evt_{n}_there")];
        let words = [word(order, "accepted"), word(order, "delivered")];
        let answers = async {
            accepted(stage.ship(order, taken(order)).await);
            stage.ship(order, delivered()).await
        };
        // Out of order, in half of them.
        let (first, second) = if n % 2 == 0 { (0, 1) } else { (1, 0) };
        let told = join(
            join(
                stage.hear(&names[first], &words[first]),
                stage.hear(&names[second], &words[second]),
            ),
            stage.hear(&names[second], &words[second]),
        );
        let (((a, b), c), answered) = match n % 4 {
            0 | 1 => join(told, answers).await,
            _ => {
                let (answered, told) = join(answers, told).await;
                (told, answered)
            }
        };
        accepted(answered);
        assert_eq!([a.as_str(), &b, &c], ["recorded"; 3]);
        let since = stage.since(order).await;
        assert_eq!(
            since,
            ["ShipmentDispatched", "ShipmentDelivered"],
            "race {n}"
        );
    }
}

/// What cannot both be true: the first one that is heard is, whoever says it, and no order has two ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contradictions_race_and_one_of_them_wins() {
    let stage = Stage::new();
    // Of each kind of race, how often which end was the first.
    let mut won = [[0; 3]; 2];
    for n in 0..RACES {
        let order = order(n);
        stage.dispatching(order).await;
        let refused = ShipmentCommand::RecordRefused(RecordRefused {
            attempt: 1,
            code: "address_not_served".into(),
        });
        let name = format!("evt_{n}");
        let (lost, arrived) = (word(order, "lost"), format!("{name}_arrived"));
        let delivered = word(order, "delivered");
        let kind = if n % 2 == 0 { 0 } else { 1 };
        let told_lost = stage.hear(&name, &lost).map(drop);
        // People know of it only if our call was answered that it is taken.
        let people = async {
            drop(stage.ship(order, taken(order)).await);
            drop(
                stage
                    .ship(order, ShipmentCommand::RecordLost(RecordLost))
                    .await,
            );
        };
        let told_delivered = stage.hear(&arrived, &delivered).map(drop);
        let refused = stage.ship(order, refused).map(drop).boxed_local();
        // Against people the carrier has two words as well, so that neither is always the first.
        let accepted = word(order, "accepted");
        let mut contradictions = match kind {
            0 => [
                told_lost.boxed_local(),
                told_delivered.boxed_local(),
                refused,
            ],
            _ => {
                let told = stage.hear(&name, &accepted).then(|_| told_delivered);
                [people.boxed_local(), told.boxed_local(), refused]
            }
        };
        // Each begins in turn.
        contradictions.rotate_left((n / 2 % 3) as usize);
        join_all(contradictions).await;
        let since = stage.since(order).await;
        let since: Vec<_> = since.iter().map(String::as_str).collect();
        let end = match since[..] {
            ["DispatchRefused"] => 0,
            ["ShipmentDispatched", "ShipmentLost"] => 1,
            ["ShipmentDispatched", "ShipmentDelivered"] => 2,
            _ => panic!("race {n}: {since:?}"),
        };
        won[kind][end] += 1;
    }
    assert!(
        won.iter().flatten().all(|times| *times >= 10),
        "it is no race: {won:?}"
    );
}

/// All that is known of the shipments comes from the carrier, over HTTP, which says it twice, late and out
/// of order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_carrier_that_tells_twice_late_and_out_of_order_is_understood() {
    const SHIPMENTS: u64 = 60;
    let stage = Stage::new();
    let api = stage.serve(stage.told()).await;
    let carrier = Sandbox::new(SandboxOptions {
        faults: Faults {
            carrier_refuse_percent: 10.0,
            carrier_lost_percent: 25.0,
            carrier_returned_percent: 25.0,
            carrier_failed_percent: 50.0,
            transit_ms: 400,
            webhook_duplicate_percent: 50.0,
            webhook_reordered_percent: 50.0,
            webhook_late_percent: 20.0,
            webhook_late_ms: 500,
            ..Faults::default()
        },
        carrier_webhooks: Some(WebhookOptions {
            url: format!("{api}{PATH}"),
            secret: WebhookSecret::parse(CARRIER_SECRET).unwrap(),
        }),
        stop: stage.stop.clone(),
        ..SandboxOptions::default()
    });
    let telling = carrier.clone();
    tokio::spawn(async move { telling.send_webhooks().await });
    let url = stage.serve(carrier.router()).await;
    let client = http_client::loopback().build().unwrap();
    for n in 0..SHIPMENTS {
        let order = order(n);
        stage.dispatching(order).await;
        let asked = client.post(format!("{url}/shipments")).json(&json!({
            "reference": id(order),
            "order_reference": order,
            "address": null,
        }));
        let key = format!("{}:1", id(order));
        let answer = asked.header("idempotency-key", key).send().await.unwrap();
        assert!([201, 422].contains(&answer.status().as_u16()));
    }
    let ends = [
        ShipmentStatus::Refused,
        ShipmentStatus::Delivered,
        ShipmentStatus::Lost,
        ShipmentStatus::ReturnedToSender,
    ];
    let mut came = [0; 4];
    for n in 0..SHIPMENTS {
        let order = order(n);
        until(async || ends.contains(&stage.parcel(order).await.status)).await;
        let status = stage.parcel(order).await.status;
        let end = ends.iter().position(|end| *end == status).unwrap();
        came[end] += 1;
        let mut since = stage.since(order).await;
        let count = since.len();
        since.sort();
        since.dedup();
        assert_eq!(since.len(), count, "nothing twice: {since:?}");
    }
    let summary = serde_json::to_value(carrier.carrier_summary()).unwrap();
    let statuses = ["delivered", "lost", "returned"];
    assert_eq!(summary["counts"]["refused"], came[0], "{summary}");
    for (end, status) in statuses.into_iter().enumerate() {
        assert_eq!(summary["statuses"][status], came[end + 1], "{summary}");
    }
    assert!(came.iter().all(|times| *times > 0), "{came:?}");
}
