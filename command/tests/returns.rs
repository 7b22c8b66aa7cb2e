//! Commands to returns, as the API takes them: over a store in memory, without a policy.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Method, Request},
};
use command::{CommandApi, router};
use domain::{
    Actor, Command, CommandEnvelope, CommandId, Currency, CustomerId, Location, OrderId, ReturnId,
    ShipmentId, Sku, TenantId,
    order::{ConfirmOrder, LineQuantity, NewLine, OrderCommand, PlaceOrder, RecordDelivered},
    returns::{BookIn, RecordRefunded, ReturnCommand},
};
use serde_json::{Value, json};
use std::sync::Arc;
use store::{
    Clock, EventStore, MemoryStore, SystemClock,
    lane::{Lane, LaneOptions, Outcome},
};
use tokio_util::sync::{CancellationToken, DropGuard};
use tower::ServiceExt;
use uuid::Uuid;
use vault::Vault;

/// A write API; it ends with the test.
struct Stage {
    lane: Lane,
    router: Router,
    _stop: DropGuard,
}

struct Answer {
    status: u16,
    location: Option<String>,
    etag: Option<String>,
    replayed: bool,
    body: Value,
}

impl Stage {
    /// With an order of two that has arrived.
    async fn new() -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let epoch = Uuid::from_u128(1);
        let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new(clock.clone(), epoch));
        let (lane, work) = Lane::new(store.clone(), LaneOptions::default());
        let stop = CancellationToken::new();
        tokio::spawn(work.run(stop.clone()));
        let api = CommandApi::new(
            lane.clone(),
            store,
            Vault::in_memory(),
            clock,
            TenantId::default(),
            epoch,
        );
        let stage = Self {
            lane,
            router: router(api),
            _stop: stop.drop_guard(),
        };
        let delivered = RecordDelivered {
            shipment_id: ShipmentId::of(order_id(), &Location::default()),
            lines: vec![LineQuantity {
                line: 1,
                quantity: 2,
            }],
        };
        for command in [
            OrderCommand::Place(placement()),
            OrderCommand::Confirm(ConfirmOrder),
            OrderCommand::RecordDelivered(delivered),
        ] {
            stage.put(Command::Order(order_id(), command)).await;
        }
        stage
    }

    /// What a policy puts.
    async fn put(&self, command: Command) {
        let id = CommandId::new(Uuid::new_v4());
        let executed = self.lane.execute(CommandEnvelope {
            id,
            fingerprint: None,
            tenant: TenantId::default(),
            actor: Actor::parse("test").unwrap(),
            correlation_id: id.uuid(),
            causation_id: None,
            traceparent: None,
            occurred_at: SystemClock.now(),
            expected: None,
            command,
        });
        let executed = executed.await.unwrap();
        assert!(
            matches!(executed.outcome, Outcome::Accepted),
            "{executed:?}"
        );
    }

    async fn post(&self, path: &str, key: &str, body: &Value) -> Answer {
        self.post_if(path, key, body, None).await
    }

    async fn post_if(&self, path: &str, key: &str, body: &Value, seen: Option<&str>) -> Answer {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header("content-type", "application/json")
            .header("idempotency-key", key);
        if let Some(version) = seen {
            request = request.header("if-match", version);
        }
        let request = request.body(Body::from(body.to_string())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let header = |name: &str| {
            let value = response.headers().get(name)?;
            Some(value.to_str().unwrap().to_owned())
        };
        let (location, etag) = (header("location"), header("etag"));
        let replayed = header("idempotent-replayed").is_some();
        let status = response.status().as_u16();
        let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        Answer {
            status,
            location,
            etag,
            replayed,
            body: serde_json::from_slice(&bytes).unwrap(),
        }
    }

    /// A return of so many, and its path.
    async fn requested(&self, key: &str, quantity: i64) -> (ReturnId, String) {
        let asked = self.post("/v1/returns", key, &wanted(quantity)).await;
        let asked = asked.expect(201);
        let path = asked.location.unwrap();
        let id = asked.body["return_id"].as_str().unwrap().parse().unwrap();
        (id, path)
    }

    /// The same, and all of it has come.
    async fn received(&self, quantity: i64) -> (ReturnId, String) {
        let (id, path) = self.requested("r", quantity).await;
        for what in ["approve", "in-transit", "receive"] {
            let done = self.post(&format!("{path}/{what}"), what, &json!({})).await;
            done.expect(200);
        }
        (id, path)
    }
}

impl Answer {
    #[track_caller]
    fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{:#}", self.body);
        self
    }

    #[track_caller]
    fn problem(self, status: u16, code: &str) -> Self {
        let answer = self.expect(status);
        assert_eq!(answer.body["code"], code, "{:#}", answer.body);
        answer
    }
}

fn order_id() -> OrderId {
    OrderId::new(Uuid::from_u128(7))
}

fn wanted(quantity: i64) -> Value {
    json!({
        "order_id": order_id(),
        "lines": [{"line": 1, "quantity": quantity}],
        "reason": "too small",
    })
}

fn placement() -> PlaceOrder {
    PlaceOrder {
        order_id: order_id(),
        customer_id: CustomerId::parse("17850").unwrap(),
        currency: Currency::parse("EUR").unwrap(),
        lines: vec![NewLine {
            sku: Sku::parse("A").unwrap(),
            quantity: 2,
            unit_price: 100,
            currency: None,
            terms: Default::default(),
        }],
        terms: Default::default(),
        total: None,
        shipping_address: None,
        payment_method: "tok_approve".into(),
        reference: None,
        placed_at: SystemClock.now(),
    }
}

#[tokio::test]
async fn a_return_is_asked_for_once() {
    let stage = Stage::new().await;
    let asked = stage
        .post("/v1/returns", "k1", &wanted(1))
        .await
        .expect(201);
    let path = asked.location.clone().unwrap();
    assert_eq!(asked.etag.as_deref(), Some("\"1\""));
    assert_eq!(
        asked.body,
        json!({
            "return_id": path.strip_prefix("/v1/returns/").unwrap(),
            "order_id": order_id(),
            "version": 1,
            "status": "requested",
            "allowed_commands": ["approve", "decline", "cancel"],
            "watch": path,
        })
    );
    let approve = format!("{path}/approve");
    stage.post(&approve, "a", &json!({})).await.expect(200);
    let again = stage
        .post("/v1/returns", "k1", &wanted(1))
        .await
        .expect(201);
    assert!(again.replayed);
    assert_eq!(again.body, asked.body, "as it was answered first");
    let other = stage.post("/v1/returns", "k1", &wanted(2)).await;
    other.problem(422, "IDEMPOTENCY_KEY_REUSED");
    stage
        .post("/v1/returns", "k2", &wanted(1))
        .await
        .expect(201);
    let more = stage.post("/v1/returns", "k3", &wanted(1)).await;
    let more = more.problem(409, "MORE_THAN_DELIVERED");
    let detail = more.body["detail"].as_str().unwrap();
    assert!(detail.contains("Line 1: 0 were delivered"), "{detail}");
    assert_eq!(more.body["errors"][0]["pointer"], "/lines/0/quantity");
    // It is the order that refuses.
    let allowed = more.body["allowed_commands"].as_array().unwrap();
    assert!(allowed.contains(&json!("add_note")), "{allowed:?}");
    assert!(
        !allowed.contains(&json!("request_return")),
        "all of it is to come back: {allowed:?}"
    );
}

#[tokio::test]
async fn what_is_not_there_or_not_as_it_must_be_is_refused() {
    let stage = Stage::new().await;
    let mut nobody = wanted(1);
    nobody["order_id"] = json!(Uuid::from_u128(9));
    let refused = stage.post("/v1/returns", "k", &nobody).await;
    refused.problem(404, "ORDER_NOT_FOUND");
    for (lines, pointer) in [
        (json!([]), "/lines"),
        (json!([{"line": 1, "quantity": 0}]), "/lines/0/quantity"),
    ] {
        let mut body = wanted(1);
        body["lines"] = lines;
        let refused = stage.post("/v1/returns", "l", &body).await;
        let refused = refused.problem(422, "RETURNED_LINES");
        assert_eq!(refused.body["errors"][0]["pointer"], pointer);
    }
    let reason = json!({"reason": "no"});
    for (what, body) in [
        ("approve", json!({})),
        ("decline", reason.clone()),
        ("in-transit", json!({})),
        ("receive", json!({})),
        ("inspect", json!({"lines": [{"line": 1, "restocked": 1}]})),
        ("cancel", reason),
    ] {
        let id = Uuid::from_u128(9);
        let path = format!("/v1/returns/{id}/{what}");
        let nowhere = stage.post(&path, "k", &body).await;
        nowhere.problem(404, "RETURN_NOT_FOUND");
        let path = format!("/v1/returns/x/{what}");
        let answer = stage.post(&path, "k", &body).await.expect(400);
        assert_eq!(answer.body["errors"][0]["pointer"], "path:return_id");
    }
    let (_, path) = stage.requested("r", 1).await;
    let approve = format!("{path}/approve");
    let stale = stage
        .post_if(&approve, "s", &json!({}), Some("\"9\""))
        .await;
    assert_eq!(stale.expect(412).body["current_version"], 1);
    let early = stage
        .post(&format!("{path}/receive"), "e", &json!({}))
        .await;
    let early = early.problem(409, "RETURN_STATE");
    let allowed = json!(["approve", "decline", "cancel"]);
    assert_eq!(early.body["allowed_commands"], allowed);
}

#[tokio::test]
async fn what_does_not_come_may_be_asked_for_again() {
    let stage = Stage::new().await;
    for (what, status) in [("decline", "declined"), ("cancel", "cancelled")] {
        let (_, path) = stage.requested(what, 2).await;
        let path = format!("{path}/{what}");
        let blank = stage.post(&path, what, &json!({"reason": " "})).await;
        let blank = blank.problem(422, "TEXT_LENGTH");
        assert_eq!(blank.body["errors"][0]["pointer"], "/reason");
        let reason = json!({"reason": "worn"});
        let done = stage.post(&path, "1", &reason).await.expect(200);
        assert_eq!(done.body["status"], status);
        assert_eq!(done.body["allowed_commands"], json!([]));
        stage.post(&path, "2", &reason).await.expect(200);
    }
}

#[tokio::test]
async fn what_comes_is_looked_at_and_ends() {
    let stage = Stage::new().await;
    let (id, path) = stage.received(2).await;
    let inspect = format!("{path}/inspect");
    let lines = |lines: Value| json!({ "lines": lines });
    let some = lines(json!([{"line": 1, "restocked": 1}]));
    let some = stage.post(&inspect, "i1", &some).await;
    some.problem(409, "NOT_WHAT_CAME");
    let odd = lines(json!([{"line": 1, "restocked": 1, "quarantined": 1}]));
    let odd = stage.post(&inspect, "i2", &odd).await;
    let odd = odd.problem(422, "REASON_REQUIRED");
    assert_eq!(odd.body["errors"][0]["pointer"], "/lines/0/reason");
    let seen = lines(json!([
        {"line": 1, "restocked": 1, "quarantined": 1, "reason": "scratched"},
    ]));
    let seen = stage.post(&inspect, "i3", &seen).await.expect(202);
    assert_eq!(seen.body["status"], "inspected");
    assert_eq!(seen.location.as_deref(), Some(path.as_str()));
    let book_in = BookIn {
        location: Location::default(),
        skus: vec![Sku::parse("A").unwrap()],
    };
    stage
        .put(Command::Return(id, ReturnCommand::BookIn(book_in)))
        .await;
    let amount = domain::Money::new(200, Currency::parse("EUR").unwrap());
    let refunded = ReturnCommand::RecordRefunded(RecordRefunded { amount });
    stage.put(Command::Return(id, refunded)).await;
    let (cancel, reason) = (format!("{path}/cancel"), json!({"reason": "x"}));
    let late = stage.post(&cancel, "c", &reason).await;
    let late = late.problem(409, "RETURN_STATE");
    assert!(late.body["detail"].as_str().unwrap().contains("closed"));
}

#[tokio::test]
async fn what_is_not_accepted_ends_at_once() {
    let stage = Stage::new().await;
    let (_, path) = stage.received(1).await;
    let seen = json!({"lines": [{"line": 1, "refused": 1, "reason": "worn"}]});
    let ended = stage.post(&format!("{path}/inspect"), "i", &seen).await;
    assert_eq!(ended.expect(200).body["status"], "closed");
    // It stays the customer's, who may ask once more.
    stage.requested("again", 2).await;
}

#[tokio::test]
async fn lines_that_are_not_wanted_any_more_are_cancelled() {
    let stage = Stage::new().await;
    let id = OrderId::new(Uuid::from_u128(8));
    let place = PlaceOrder {
        order_id: id,
        ..placement()
    };
    let path = format!("/v1/orders/{id}/lines/cancel");
    let fewer = |line: u32, quantity: i64| json!({"lines": [{"line": line, "quantity": quantity}], "reason": "too many"});
    let nobody = stage.post(&path, "k0", &fewer(1, 1)).await;
    nobody.problem(404, "ORDER_NOT_FOUND");
    stage
        .put(Command::Order(id, OrderCommand::Place(place)))
        .await;
    let early = stage.post(&path, "k1", &fewer(1, 1)).await;
    early.problem(409, "ORDER_STATE");
    stage
        .put(Command::Order(id, OrderCommand::Confirm(ConfirmOrder)))
        .await;
    let more = stage.post(&path, "k2", &fewer(1, 3)).await;
    let more = more.problem(409, "MORE_THAN_OPEN");
    assert_eq!(more.body["errors"][0]["pointer"], "/lines/0/quantity");
    let allowed = more.body["allowed_commands"].as_array().unwrap();
    assert!(allowed.contains(&json!("cancel_lines")), "{allowed:?}");
    let wrong = stage.post(&path, "k3", &fewer(1, 0)).await;
    let wrong = wrong.problem(422, "CANCELLED_LINES");
    assert_eq!(wrong.body["errors"][0]["pointer"], "/lines/0/quantity");
    let done = stage.post(&path, "k4", &fewer(1, 1)).await.expect(200);
    assert_eq!(
        (&done.body["status"], &done.body["open"]),
        (&json!("confirmed"), &json!([{"line": 1, "quantity": 1}]))
    );
    let again = stage.post(&path, "k4", &fewer(1, 1)).await.expect(200);
    assert!(again.replayed);
    assert_eq!(again.body, done.body, "as it was answered first");
    let stale = stage
        .post_if(&path, "k5", &fewer(1, 1), Some("\"1\""))
        .await;
    stale.expect(412);
    // Nothing is left.
    let all = stage.post(&path, "k6", &fewer(1, 1)).await.expect(202);
    assert_eq!(all.body["status"], "cancelling");
    assert_eq!(all.location, Some(format!("/v1/orders/{id}")));
}
