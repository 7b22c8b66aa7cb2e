//! Every POST sent three times at once, to two processes: it has one effect, and one answer.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Method, Request},
};
use command::{CommandApi, openapi, router};
use domain::{
    Actor, Command, CommandEnvelope, CommandId, Location, OrderId, Position, Refusal, RefusalKind,
    ShipmentId, TenantId,
    order::{ConfirmOrder, LineQuantity, OrderCommand, ParkTask, RecordDelivered},
    returns::{BookIn, ReturnCommand},
    shipment::{CreateShipment, MarkReady, RecordDispatched, ShipmentCommand},
};
use futures::future::join_all;
use serde_json::{Value, json};
use std::{collections::BTreeSet, sync::Arc};
use store::{
    Clock, EventReader, MemoryStore, SystemClock,
    lane::{Lane, LaneOptions, Outcome},
};
use tokio_util::sync::{CancellationToken, DropGuard};
use tower::ServiceExt;
use uuid::Uuid;
use vault::Vault;

/// How often each is sent so.
const TIMES: u64 = 1_000;
/// More events than any command leads to.
const MANY: usize = 16;

/// Two processes that write to one store.
struct Stage {
    store: MemoryStore,
    lane: Lane,
    processes: [Router; 2],
    /// The paths, as they are described, that were sent to.
    sent_to: BTreeSet<String>,
    _stop: DropGuard,
}

/// An answer: whether it says that it is a repetition, and all else.
#[derive(Debug, PartialEq)]
struct Answer {
    status: u16,
    replayed: bool,
    body: Value,
}

impl Stage {
    fn new() -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let epoch = Uuid::from_u128(1);
        let store = MemoryStore::new(clock.clone(), epoch);
        let stop = CancellationToken::new();
        let lane = || {
            let (lane, work) = Lane::new(Arc::new(store.clone()), LaneOptions::default());
            tokio::spawn(work.run(stop.clone()));
            lane
        };
        let vault = Vault::in_memory();
        let process = || {
            let (store, clock) = (Arc::new(store.clone()), clock.clone());
            let (vault, tenant) = (vault.clone(), TenantId::default());
            let api = CommandApi::new(lane(), store, vault, clock, tenant, epoch);
            router(api)
        };
        Self {
            processes: [process(), process()],
            lane: lane(),
            store,
            sent_to: BTreeSet::new(),
            _stop: stop.drop_guard(),
        }
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
        let outcome = executed.await.unwrap().outcome;
        assert!(matches!(outcome, Outcome::Accepted), "{outcome:?}");
    }

    async fn head(&self) -> Position {
        self.store.head().await.unwrap().position
    }

    /// Whether what has happened since is what one command leads to, once: each of it is another thing.
    async fn has_one_effect_since(&self, before: Position) -> bool {
        let events = self.store.read_all(before, MANY).await.unwrap();
        let commands: BTreeSet<_> = events
            .iter()
            .map(|e| e.envelope.command_id.uuid())
            .collect();
        let types: BTreeSet<_> = events.iter().map(|event| &event.event_type).collect();
        commands.len() == 1 && types.len() == events.len()
    }

    /// Sends to `path`, as it is described, with `names` in place of what is in braces.
    async fn post(&mut self, path: &str, names: &[&str], body: &Value) -> Value {
        self.post_seen(path, names, None, body).await
    }

    /// The same of what must still have the version that was seen, if one is said.
    async fn post_seen(
        &mut self,
        path: &str,
        names: &[&str],
        seen: Option<&Value>,
        body: &Value,
    ) -> Value {
        self.sent_to.insert(path.to_owned());
        let uri = filled(path, names).unwrap();
        let key = Uuid::new_v4().to_string();
        let many = path.ends_with("/bulk");
        let content_type = if many {
            "application/x-ndjson"
        } else {
            "application/json"
        };
        let before = self.head().await;
        let calls = [0, 1, 0].map(|process: usize| {
            let request = Request::builder()
                .method(Method::POST)
                .uri(&uri)
                .header("content-type", content_type)
                .header("idempotency-key", &key);
            let request = match seen {
                Some(version) => request.header("if-match", format!("\"{version}\"")),
                None => request,
            };
            let request = request.body(Body::from(body.to_string())).unwrap();
            answer(self.processes[process].clone(), request)
        });
        let answers = join_all(calls).await;
        let in_work = |answer: &&Answer| answer.body["code"] == "COMMAND_IN_PROGRESS";
        let mut answers: Vec<_> = answers.iter().filter(|answer| !in_work(answer)).collect();
        assert!(!answers.is_empty(), "{path}: somebody is answered");
        let once = self.has_one_effect_since(before).await;
        assert!(once, "{path} has one effect");
        if many {
            return answers[0].body.clone();
        }
        answers.sort_by_key(|answer| answer.replayed);
        for repeated in &answers[1..] {
            assert_eq!(
                (repeated.status, &repeated.body),
                (answers[0].status, &answers[0].body),
                "{path}"
            );
            assert!(repeated.replayed, "{path}: {repeated:?}");
        }
        assert!((200..300).contains(&answers[0].status), "{answers:?}");
        answers[0].body.clone()
    }
}

/// The path with `names` in place of what is in braces.
fn filled(path: &str, names: &[&str]) -> Option<String> {
    let mut filled = String::new();
    let (mut rest, mut names) = (path, names.iter());
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        filled.push_str(names.next()?);
        rest = after.split_once('}')?.1;
    }
    filled.push_str(rest);
    Some(filled)
}

async fn answer(process: Router, request: Request<Body>) -> Answer {
    let response = process.oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let replayed = response.headers().contains_key("idempotent-replayed");
    let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    // What is answered of many is a line for each: here there is one.
    let body = serde_json::from_slice(&bytes).unwrap_or_default();
    Answer {
        status,
        replayed,
        body,
    }
}

/// The life of an order, everything of it sent three times at once; it ends otherwise each time.
async fn life(stage: &mut Stage, n: u64) {
    let (sku, order) = ("A", "/v1/orders/{order_id}");
    let receipt = json!({"quantity": 5});
    stage
        .post("/v1/stock/{sku}/receipts", &[sku], &receipt)
        .await;
    let counted = json!({"delta": 1, "reason": "counted"});
    stage
        .post("/v1/stock/{sku}/adjustments", &[sku], &counted)
        .await;
    let limit = json!({"limit": n + 1});
    stage
        .post("/v1/stock/{sku}/backorder-limit", &[sku], &limit)
        .await;
    let placement = json!({
        "customer_id": "17850",
        "currency": "EUR",
        "lines": [{"sku": sku, "quantity": 2, "unit_price": 1_999}],
        "payment_method": "tok_approve",
        "shipping_address": {"name": "Ada Lovelace", "country": "Elsewhere"},
    });
    stage.post("/v1/orders/bulk", &[], &placement).await;
    let placed = stage.post("/v1/orders", &[], &placement).await;
    let id = placed["order_id"].as_str().unwrap().to_owned();
    let note = json!({"text": "call first"});
    stage.post(&format!("{order}/notes"), &[&id], &note).await;
    let hold = json!({"hold": "fraud-check", "reason": "odd"});
    stage.post(&format!("{order}/holds"), &[&id], &hold).await;
    let release = format!("{order}/holds/{{hold}}/release");
    stage
        .post(&release, &[&id, "fraud-check"], &json!({}))
        .await;
    contradicted(stage, &id).await;
    if n.is_multiple_of(4) {
        let reason = json!({"reason": "changed my mind"});
        stage
            .post(&format!("{order}/cancel"), &[&id], &reason)
            .await;
        return;
    }
    let order_id: OrderId = id.parse().unwrap();
    let location = Location::default();
    let shipment_id = ShipmentId::of(order_id, &location);
    let confirm = OrderCommand::Confirm(ConfirmOrder);
    stage.put(Command::Order(order_id, confirm)).await;
    let fewer = json!({"lines": [{"line": 1, "quantity": 1}], "reason": "too many"});
    stage
        .post(&format!("{order}/lines/cancel"), &[&id], &fewer)
        .await;
    let to = |command| Command::Shipment(shipment_id, command);
    let create = CreateShipment {
        order_id,
        location,
        skus: vec![],
        further: vec![],
    };
    stage.put(to(ShipmentCommand::Create(create))).await;
    amended(stage, &id).await;
    let shipment = "/v1/shipments/{shipment_id}";
    let parcel = shipment_id.to_string();
    stage
        .post(&format!("{shipment}/pack"), &[&parcel], &json!({}))
        .await;
    stage.put(to(ShipmentCommand::MarkReady(MarkReady))).await;
    stage
        .post(&format!("{shipment}/dispatch"), &[&parcel], &json!({}))
        .await;
    let dispatched = RecordDispatched {
        attempt: 1,
        carrier: "sandbox".into(),
        tracking_number: "T1".into(),
    };
    let dispatched = ShipmentCommand::RecordDispatched(dispatched);
    stage.put(to(dispatched)).await;
    let reason = json!({"reason": "nobody was in"});
    stage
        .post(&format!("{shipment}/fail"), &[&parcel], &reason)
        .await;
    let end = ["deliver", "lose", "return-to-sender"][(n % 4 - 1) as usize];
    stage
        .post(&format!("{shipment}/{end}"), &[&parcel], &json!({}))
        .await;
    if end != "deliver" {
        let back = json!({"lines": [{"line": 1, "restocked": 1}]});
        stage
            .post(&format!("{shipment}/book-in"), &[&parcel], &back)
            .await;
        return;
    }
    let lines = vec![LineQuantity {
        line: 1,
        quantity: 1,
    }];
    let delivered = OrderCommand::RecordDelivered(RecordDelivered { shipment_id, lines });
    stage.put(Command::Order(order_id, delivered)).await;
    returned(stage, &id).await;
}

/// The provider has said what cannot be, and people have seen to that.
async fn contradicted(stage: &mut Stage, order: &str) {
    let refusal = Refusal::new(RefusalKind::State, "OTHER_AMOUNT", "another amount");
    let park = ParkTask::contradiction(order.parse().unwrap(), "evt", &refusal);
    let task = park.task_id.to_string();
    let park = OrderCommand::ParkTask(park);
    stage
        .put(Command::Order(order.parse().unwrap(), park))
        .await;
    let path = "/v1/orders/{order_id}/contradictions/{task_id}/settle";
    let how = json!({"reason": "given back by hand"});
    stage.post(path, &[order, &task], &how).await;
}

/// Both are wanted after all; and it is a gift that goes somewhere else.
async fn amended(stage: &mut Stage, order: &str) {
    let path = |what: &str| format!("/v1/orders/{{order_id}}/{what}");
    let tags = json!({"tags": ["gift"]});
    let tagged = stage.post(&path("tags"), &[order], &tags).await;
    let elsewhere = json!({"shipping_address": {"country": "Elsewhere"}});
    let to = path("shipping-address");
    let seen = Some(&tagged["version"]);
    let mut last = stage.post_seen(&to, &[order], seen, &elsewhere).await;
    let both = json!({"lines": [{"line": 1, "quantity": 2}], "reason": "both"});
    for end in ["withdraw", "apply"] {
        let seen = Some(&last["version"]);
        let proposed = stage
            .post_seen(&path("amendments"), &[order], seen, &both)
            .await;
        let id = proposed["amendment"]["amendment_id"].as_str().unwrap();
        let end = path(&format!("amendments/{{amendment_id}}/{end}"));
        let seen = Some(&proposed["version"]);
        last = stage.post_seen(&end, &[order, id], seen, &json!({})).await;
    }
}

/// What has arrived is sent back, once the customer may.
async fn returned(stage: &mut Stage, order: &str) {
    let wanted = json!({
        "order_id": order,
        "lines": [{"line": 1, "quantity": 1}],
        "reason": "too small",
    });
    let reason = || json!({"reason": "worn"});
    let seen = json!({"lines": [{"line": 1, "quarantined": 1, "reason": "worn"}]});
    let ways = [
        vec![("decline", reason())],
        vec![("cancel", reason())],
        vec![
            ("approve", json!({})),
            ("in-transit", json!({})),
            ("receive", json!({})),
            ("inspect", seen),
        ],
    ];
    for way in ways {
        let asked = stage.post("/v1/returns", &[], &wanted).await;
        let id = asked["return_id"].as_str().unwrap().to_owned();
        for (what, body) in way {
            let path = format!("/v1/returns/{{return_id}}/{what}");
            stage.post(&path, &[&id], &body).await;
            if what == "inspect" {
                cleared(stage, &id).await;
            }
        }
    }
}

/// What came back is booked in, and cleared.
async fn cleared(stage: &mut Stage, returned: &str) {
    let book_in = BookIn {
        location: Location::default(),
        skus: vec!["A".parse().unwrap()],
    };
    let id = returned.parse().unwrap();
    let book_in = Command::Return(id, ReturnCommand::BookIn(book_in));
    stage.put(book_in).await;
    let clear = json!({"written_off": 1, "reason": "broken"});
    let path = "/v1/stock/{sku}/clearances";
    stage.post(path, &["A"], &clear).await;
}

/// A customer is taken down, and then known otherwise.
async fn known(stage: &mut Stage, n: u64) {
    let customer = format!("known-{n}");
    let register = json!({"customer_id": customer, "name": "Ada"});
    stage.post("/v1/customers", &[], &register).await;
    let change = "/v1/customers/{customer_id}/profile";
    let profile = json!({"name": "Eve"});
    stage.post(change, &[&customer], &profile).await;
}

/// A product is offered, and then no more.
async fn offered(stage: &mut Stage, n: u64) {
    let sku = format!("offered-{n}");
    let price = json!({"amount": 100, "currency": "EUR"});
    let list = json!({"sku": sku, "name": "Cup", "price": price});
    stage.post("/v1/products", &[], &list).await;
    let product = "/v1/products/{sku}";
    let price = json!({"price": {"amount": 90, "currency": "EUR"}});
    stage
        .post(&format!("{product}/price"), &[&sku], &price)
        .await;
    let reason = json!({"reason": "sold out"});
    stage
        .post(&format!("{product}/delist"), &[&sku], &reason)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_post_that_is_sent_three_times_at_once_has_one_effect() {
    let mut stage = Stage::new();
    for n in 0..TIMES {
        life(&mut stage, n).await;
        known(&mut stage, n).await;
        offered(&mut stage, n).await;
    }
    let document = serde_json::to_value(openapi()).unwrap();
    let described = document["paths"].as_object().unwrap().iter();
    let described = described
        .filter(|(_, operations)| operations.get("post").is_some())
        // What providers say has a key of its own, and a test of its own.
        .filter(|(path, _)| !path.starts_with("/v1/providers/"))
        .map(|(path, _)| path.clone());
    let described: BTreeSet<String> = described.collect();
    assert_eq!(stage.sent_to, described, "every POST that there is");
}
