//! Commands to shipments, as the API takes them: over a store in memory, without a policy.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Method, Request},
};
use chrono::TimeDelta;
use command::{CommandApi, router};
use domain::{
    Actor, Command, CommandEnvelope, CommandId, Currency, CustomerId, Location, OrderId,
    ShipmentId, Sku, TenantId,
    order::{ConfirmOrder, NewLine, OrderCommand, PlaceHold, PlaceOrder, ReleaseHold},
    shipment::{
        CancelShipment, CreateShipment, MarkReady, RecordDispatched, RecordRefused, ShipmentCommand,
    },
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
    /// With an order that is confirmed, and its shipment.
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
        stage.order(OrderCommand::Place(placement())).await;
        stage.order(OrderCommand::Confirm(ConfirmOrder)).await;
        let location = Location::default();
        let create = CreateShipment {
            order_id: order_id(),
            location,
            skus: vec![],
            further: vec![],
        };
        stage.shipment(ShipmentCommand::Create(create)).await;
        stage
    }

    /// What a policy or a participant puts.
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

    async fn order(&self, command: OrderCommand) {
        self.put(Command::Order(order_id(), command)).await;
    }

    async fn shipment(&self, command: ShipmentCommand) {
        self.put(Command::Shipment(shipment_id(), command)).await;
    }

    /// Packed and paid.
    async fn ready(&self) {
        self.post("pack", "pack", &json!({})).await.expect(200);
        self.shipment(ShipmentCommand::MarkReady(MarkReady)).await;
    }

    /// The carrier has it.
    async fn dispatched() -> Self {
        let stage = Self::new().await;
        stage.ready().await;
        stage.post("dispatch", "d", &json!({})).await.expect(202);
        let dispatched = RecordDispatched {
            attempt: 1,
            carrier: "sandbox".into(),
            tracking_number: "T1".into(),
        };
        stage
            .shipment(ShipmentCommand::RecordDispatched(dispatched))
            .await;
        stage
    }

    async fn post(&self, what: &str, key: &str, body: &Value) -> Answer {
        self.post_to(&shipment_id().to_string(), what, key, body, None)
            .await
    }

    async fn post_to(
        &self,
        shipment: &str,
        what: &str,
        key: &str,
        body: &Value,
        if_match: Option<&str>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(format!("/v1/shipments/{shipment}/{what}"))
            .header("content-type", "application/json")
            .header("idempotency-key", key);
        if let Some(version) = if_match {
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

fn shipment_id() -> ShipmentId {
    ShipmentId::of(order_id(), &Location::default())
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
async fn packing_is_done_once_and_says_what_is_allowed() {
    let stage = Stage::new().await;
    let packed = stage.post("pack", "p1", &json!({})).await.expect(200);
    assert_eq!(packed.etag.as_deref(), Some("\"2\""));
    assert_eq!(
        packed.body,
        json!({
            "shipment_id": shipment_id(),
            "order_id": order_id(),
            "version": 2,
            "status": "packed",
            "allowed_commands": [],
            "watch": format!("/v1/shipments/{}", shipment_id()),
        })
    );
    stage.shipment(ShipmentCommand::MarkReady(MarkReady)).await;
    let again = stage.post("pack", "p1", &json!({})).await.expect(200);
    assert!(again.replayed);
    assert_eq!(again.body, packed.body, "as it was answered first");
    let later = stage.post("pack", "p2", &json!({})).await.expect(200);
    assert_eq!(later.body["status"], "ready");
    assert_eq!(later.body["allowed_commands"], json!(["dispatch"]));
    let other = stage.post("pack", "p1", &json!({"x": 1})).await;
    other.problem(400, "INVALID_BODY");
}

#[tokio::test]
async fn what_is_not_there_or_at_another_version_is_refused() {
    let stage = Stage::new().await;
    for what in ["pack", "dispatch", "deliver", "lose", "return-to-sender"] {
        let id = Uuid::from_u128(9).to_string();
        let nowhere = stage.post_to(&id, what, "k", &json!({}), None).await;
        nowhere.problem(404, "SHIPMENT_NOT_FOUND");
        let answer = stage.post_to("x", what, "k", &json!({}), None).await;
        let answer = answer.expect(400);
        assert_eq!(answer.body["errors"][0]["pointer"], "path:shipment_id");
    }
    let id = shipment_id().to_string();
    let stale = stage
        .post_to(&id, "pack", "k", &json!({}), Some("\"9\""))
        .await
        .expect(412);
    assert_eq!(stale.body["current_version"], 1);
    let seen = stage
        .post_to(&id, "pack", "k2", &json!({}), Some("\"1\""))
        .await;
    seen.expect(200);
}

#[tokio::test]
async fn nothing_leaves_before_it_is_paid_or_under_a_hold() {
    let stage = Stage::new().await;
    let early = stage.post("dispatch", "d1", &json!({})).await;
    let early = early.problem(409, "SHIPMENT_STATE");
    assert_eq!(early.body["allowed_commands"], json!(["pack"]));
    stage.ready().await;
    let hold = || "fraud".to_owned();
    let (reason, name) = ("odd".to_owned(), hold());
    stage
        .order(OrderCommand::PlaceHold(PlaceHold { hold: name, reason }))
        .await;
    let held = stage.post("dispatch", "d2", &json!({})).await;
    let held = held.problem(409, "ORDER_ON_HOLD");
    assert!(held.body["detail"].as_str().unwrap().contains("fraud"));
    // It is for the order's commands to change that.
    assert_eq!(held.body["allowed_commands"], json!([]));
    stage
        .order(OrderCommand::ReleaseHold(ReleaseHold { hold: hold() }))
        .await;

    let asked = stage.post("dispatch", "d3", &json!({})).await.expect(202);
    let watch = format!("/v1/shipments/{}", shipment_id());
    assert_eq!(asked.location.as_deref(), Some(watch.as_str()));
    assert_eq!(asked.body["status"], "dispatching");
    let refused = RecordRefused {
        attempt: 1,
        code: "no such street".into(),
    };
    stage
        .shipment(ShipmentCommand::RecordRefused(refused))
        .await;
    let again = stage.post("dispatch", "d3", &json!({})).await.expect(202);
    assert!(again.replayed);
    let second = stage.post("dispatch", "d4", &json!({})).await.expect(202);
    assert_eq!(second.body["status"], "dispatching");
    let dispatched = RecordDispatched {
        attempt: 2,
        carrier: "sandbox".into(),
        tracking_number: "T1".into(),
    };
    stage
        .shipment(ShipmentCommand::RecordDispatched(dispatched))
        .await;
    let gone = stage.post("dispatch", "d5", &json!({})).await.expect(200);
    assert_eq!(gone.body["status"], "dispatched");
}

#[tokio::test]
async fn people_record_what_became_of_it() {
    let stage = Stage::dispatched().await;
    for (body, status, code) in [
        (
            json!({"delivered_at": "2999-01-01T00:00:00Z"}),
            422,
            "DELIVERED_IN_FUTURE",
        ),
        (
            json!({"delivered_at": "1899-01-01T00:00:00Z"}),
            422,
            "DELIVERED_BEFORE_DISPATCH",
        ),
        (
            json!({"delivered_at": SystemClock.now() - TimeDelta::hours(1)}),
            422,
            "DELIVERED_BEFORE_DISPATCH",
        ),
        (json!({"delivered_at": "yesterday"}), 400, "INVALID_BODY"),
    ] {
        let refused = stage
            .post("deliver", "x", &body)
            .await
            .problem(status, code);
        assert_eq!(refused.body["errors"][0]["pointer"], "/delivered_at");
    }
    let reason = |text: &str| json!({ "reason": text });
    let blank = stage.post("fail", "f", &reason(" ")).await;
    let blank = blank.problem(422, "TEXT_LENGTH");
    assert_eq!(blank.body["errors"][0]["pointer"], "/reason");
    let failed = stage
        .post("fail", "f", &reason("nobody was at home"))
        .await
        .expect(200);
    assert_eq!(failed.body["status"], "failed");
    let allowed = json!(["deliver", "fail", "lose", "return_to_sender"]);
    assert_eq!(failed.body["allowed_commands"], allowed);
    let version = |answer: &Answer| answer.body["version"].as_i64().unwrap();
    // The same again is no news; another reason is.
    let same = stage
        .post("fail", "f2", &reason("nobody was at home"))
        .await;
    assert_eq!(version(&same.expect(200)), version(&failed));
    let other = stage.post("fail", "f3", &reason("a dog")).await.expect(200);
    assert_eq!(version(&other), version(&failed) + 1);

    let at = json!({ "delivered_at": SystemClock.now() });
    let delivered = stage.post("deliver", "d1", &at).await.expect(200);
    assert_eq!(delivered.body["status"], "delivered");
    stage.post("deliver", "d2", &json!({})).await.expect(200);
    let lost = stage.post("lose", "l", &json!({})).await;
    let lost = lost.problem(409, "SHIPMENT_STATE");
    assert_eq!(lost.body["allowed_commands"], json!([]));

    for (what, status) in [("lose", "lost"), ("return-to-sender", "returned_to_sender")] {
        let stage = Stage::dispatched().await;
        let ended = stage.post(what, "k", &json!({})).await.expect(200);
        assert_eq!(ended.body["status"], status);
        stage.post(what, "k2", &json!({})).await.expect(200);
        stage
            .post("deliver", "d", &json!({}))
            .await
            .problem(409, "SHIPMENT_STATE");
    }
}

/// Who has nothing to say sends nothing, as `curl -X POST` does.
#[tokio::test]
async fn what_nothing_is_said_of_needs_no_body() {
    let stage = Stage::new().await;
    let bare = async |what: &str, content_type: Option<&str>| {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(format!("/v1/shipments/{}/{what}", shipment_id()))
            .header("idempotency-key", what);
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let request = request.body(Body::empty()).unwrap();
        let response = stage.router.clone().oneshot(request).await.unwrap();
        response.status().as_u16()
    };
    assert_eq!(bare("pack", None).await, 200);
    stage.shipment(ShipmentCommand::MarkReady(MarkReady)).await;
    let form = "application/x-www-form-urlencoded";
    assert_eq!(bare("dispatch", Some(form)).await, 202);
    // Why it failed must be said.
    assert_eq!(bare("fail", None).await, 415);
    assert_eq!(bare("fail", Some("application/json")).await, 400);
}

#[tokio::test]
async fn what_is_kept_is_not_packed() {
    let stage = Stage::new().await;
    let cancel = CancelShipment {
        order_id: order_id(),
        location: Location::default(),
        request: 0,
        reason: "changed my mind".into(),
        parcels: 1,
    };
    stage.shipment(ShipmentCommand::Cancel(cancel)).await;
    for what in ["pack", "dispatch"] {
        let refused = stage.post(what, "k", &json!({})).await;
        let refused = refused.problem(409, "SHIPMENT_STATE");
        assert!(
            refused.body["detail"]
                .as_str()
                .unwrap()
                .contains("cancelled")
        );
    }
}
