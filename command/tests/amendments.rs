//! Amendments, tags and where an order goes, as the API takes them: over a store in memory, without a policy.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Method, Request},
};
use command::{CommandApi, router};
use domain::{
    Actor, Command, CommandEnvelope, CommandId, Currency, CustomerId, Location, OrderId, Position,
    ShipmentId, Sku, TenantId,
    order::{CancelOrder, ConfirmOrder, NewLine, OrderCommand, PlaceOrder},
    shipment::{CreateShipment, MarkReady, PackShipment, RequestDispatch, ShipmentCommand},
    stock::{
        ReceiveStock, ReservationCommand, ReservationItem, ReservationLine, ReservationStep,
        StockCommand,
    },
};
use serde_json::{Value, json};
use std::sync::Arc;
use store::{
    Clock, EventReader, EventStore, MemoryStore, SystemClock,
    lane::{Lane, LaneOptions, Outcome},
};
use tokio_util::sync::{CancellationToken, DropGuard};
use tower::ServiceExt;
use uuid::Uuid;
use vault::Vault;

/// A write API over an order of two of A and three of B; it ends with the test.
struct Stage {
    store: MemoryStore,
    lane: Lane,
    router: Router,
    _stop: DropGuard,
}

#[derive(Debug)]
struct Answer {
    status: u16,
    body: Value,
}

impl Answer {
    #[track_caller]
    fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{:#}", self.body);
        self.body
    }

    #[track_caller]
    fn problem(self, status: u16, code: &str) -> Value {
        let body = self.expect(status);
        assert_eq!(body["code"], code, "{body:#}");
        body
    }
}

impl Stage {
    /// Confirmed, with its stock kept.
    async fn confirmed() -> Self {
        Self::confirmed_with(&Location::default()).await
    }

    /// The same, with all stock at one place.
    async fn confirmed_with(place: &Location) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let epoch = Uuid::from_u128(1);
        let store = MemoryStore::new(clock.clone(), epoch);
        let all: Arc<dyn EventStore> = Arc::new(store.clone());
        let (lane, work) = Lane::new(all.clone(), LaneOptions::default());
        let stop = CancellationToken::new();
        tokio::spawn(work.run(stop.clone()));
        let vault = Vault::in_memory();
        let api = CommandApi::new(lane.clone(), all, vault, clock, TenantId::default(), epoch);
        let stage = Self {
            store,
            lane,
            router: router(api),
            _stop: stop.drop_guard(),
        };
        for (n, name) in ["A", "B"].into_iter().enumerate() {
            stage
                .put(Command::Stock(StockCommand::Receive(ReceiveStock {
                    receipt_id: Uuid::from_u128(n as u128),
                    location: place.clone(),
                    sku: sku(name),
                    quantity: 4,
                    reference: None,
                })))
                .await;
        }
        stage.order(OrderCommand::Place(placement())).await;
        let until = SystemClock.now();
        for step in [
            ReservationStep::Reserve {
                until,
                split: false,
            },
            ReservationStep::Commit,
        ] {
            if step == ReservationStep::Commit {
                stage.order(OrderCommand::Confirm(ConfirmOrder)).await;
            }
            stage.put(reservation(step)).await;
        }
        stage
    }

    /// The same, and its shipment waits to be packed.
    async fn allocated() -> Self {
        Self::allocated_with(&Location::default()).await
    }

    async fn allocated_with(place: &Location) -> Self {
        let stage = Self::confirmed_with(place).await;
        let create = CreateShipment {
            order_id: order_id(),
            location: place.clone(),
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
        let shipment = ShipmentId::of(order_id(), &Location::default());
        self.put(Command::Shipment(shipment, command)).await;
    }

    async fn post(&self, path: &str, key: &str, seen: Option<i64>, body: &Value) -> Answer {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(format!("/v1/orders/{}/{path}", order_id()))
            .header("content-type", "application/json")
            .header("idempotency-key", key);
        if let Some(version) = seen {
            request = request.header("if-match", format!("\"{version}\""));
        }
        let request = request.body(Body::from(body.to_string())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        Answer {
            status,
            body: serde_json::from_slice(&bytes).unwrap(),
        }
    }

    /// Four of B and one of A: less than is set aside.
    async fn proposed(&self) -> String {
        let lines = [(1, 1), (2, 4)];
        let answer = self.post("amendments", "p", Some(2), &wanted(&lines)).await;
        let id = &answer.expect(200)["amendment"]["amendment_id"];
        id.as_str().unwrap().to_owned()
    }

    async fn payloads(&self) -> String {
        let events = self.store.read_all(Position::ZERO, 100).await.unwrap();
        let text = |payload: &[u8]| String::from_utf8(payload.to_vec()).unwrap();
        events.iter().map(|event| text(&event.payload)).collect()
    }
}

fn sku(name: &str) -> Sku {
    Sku::parse(name).unwrap()
}

/// Where stock is looked for last.
fn east() -> Location {
    Location::parse("east").unwrap()
}

fn order_id() -> OrderId {
    OrderId::new(Uuid::from_u128(7))
}

fn wanted(lines: &[(u32, i64)]) -> Value {
    let line = |(line, quantity): &(u32, i64)| json!({"line": line, "quantity": quantity});
    let lines: Vec<Value> = lines.iter().map(line).collect();
    json!({"lines": lines, "reason": "rather so"})
}

fn reservation(step: ReservationStep) -> Command {
    let item = |(line, name, quantity)| ReservationItem {
        sku: sku(name),
        lines: vec![ReservationLine { line, quantity }],
    };
    Command::Reservation(ReservationCommand {
        order_id: order_id(),
        epoch: 1,
        location: Location::default(),
        further: vec![east()],
        items: [(1, "A", 2), (2, "B", 3)].map(item).to_vec(),
        step,
    })
}

fn placement() -> PlaceOrder {
    let line = |(name, quantity, unit_price)| NewLine {
        sku: sku(name),
        quantity,
        unit_price,
        currency: None,
        terms: Default::default(),
    };
    PlaceOrder {
        order_id: order_id(),
        customer_id: CustomerId::parse("17850").unwrap(),
        currency: Currency::parse("EUR").unwrap(),
        lines: [("A", 2, 1_000), ("B", 3, 100)].map(line).to_vec(),
        terms: Default::default(),
        total: None,
        shipping_address: None,
        payment_method: "tok_approve".into(),
        reference: None,
        placed_at: SystemClock.now(),
    }
}

#[tokio::test]
async fn an_amendment_is_proposed_and_applied() {
    let stage = Stage::allocated().await;
    let lines = wanted(&[(1, 1), (2, 4)]);
    let proposed = stage.post("amendments", "p", Some(2), &lines).await;
    let proposed = proposed.expect(200);
    let amendment = &proposed["amendment"];
    let eur = |amount: i64| json!({"amount": amount, "currency": "EUR"});
    for (field, value) in [
        ("total_before", eur(2_300)),
        ("total", eur(1_400)),
        ("difference", eur(-900)),
        ("authorized", eur(2_300)),
        ("released", eur(900)),
        (
            "stock",
            json!([{"sku": "A", "difference": -1}, {"sku": "B", "difference": 1}]),
        ),
    ] {
        assert_eq!(amendment[field], value, "{field}");
    }
    assert_eq!(amendment["lines"][1]["quantity_before"], 3);
    assert_eq!(amendment["lines"][1]["total"], eur(400));
    assert_eq!(proposed["version"], 3);
    let allowed = proposed["allowed_commands"].as_array().unwrap();
    for name in ["apply_amendment", "withdraw_amendment"] {
        assert!(allowed.contains(&json!(name)), "{allowed:?}");
    }
    let again = stage.post("amendments", "p", Some(2), &lines).await;
    assert_eq!(again.expect(200), proposed, "as it was answered first");
    let id = amendment["amendment_id"].as_str().unwrap();
    let path = format!("amendments/{id}/apply");
    let applied = stage
        .post(&path, "a", Some(3), &json!({}))
        .await
        .expect(200);
    assert_eq!(applied["version"], 4);
    assert_eq!(applied["total"], eur(1_400));
    assert_eq!(
        applied["open"],
        json!([{"line": 1, "quantity": 1}, {"line": 2, "quantity": 4}])
    );
    let again = stage.post(&path, "a", Some(3), &json!({})).await;
    assert_eq!(again.expect(200), applied, "as it was answered first");
    let events = stage.payloads().await;
    assert!(events.contains(r#""kept":4,"committed":true"#), "{events}");
    assert!(events.contains(r#""left":1,"committed":true"#), "{events}");
    let late = stage
        .post(
            &format!("amendments/{id}/withdraw"),
            "w",
            Some(4),
            &json!({}),
        )
        .await;
    late.problem(409, "AMENDMENT_ENDED");
}

#[tokio::test]
async fn more_is_kept_where_the_order_leaves_from() {
    let stage = Stage::allocated_with(&east()).await;
    let id = stage.proposed().await;
    let path = format!("amendments/{id}/apply");
    let applied = stage.post(&path, "a", Some(3), &json!({})).await;
    assert_eq!(applied.expect(200)["version"], 4);
    let events = stage.payloads().await;
    for told in [
        r#""location":"east","sku":"B","quantity":1,"kept":4,"committed":true"#,
        r#""location":"east","sku":"A","quantity":1,"left":1,"committed":true"#,
    ] {
        assert!(events.contains(told), "{events}");
    }
}

/// Before there is a shipment, nobody knows where that is: less is given back after it, by a policy.
#[tokio::test]
async fn fewer_are_wanted_before_there_is_a_shipment() {
    let stage = Stage::confirmed_with(&east()).await;
    let lines = wanted(&[(2, 1)]);
    let proposed = stage.post("amendments", "p", Some(2), &lines).await;
    let proposed = proposed.expect(200);
    let id = proposed["amendment"]["amendment_id"].as_str().unwrap();
    let path = format!("amendments/{id}/apply");
    let applied = stage.post(&path, "a", Some(3), &json!({})).await;
    let open = &applied.expect(200)["open"];
    assert_eq!(
        *open,
        json!([{"line": 1, "quantity": 2}, {"line": 2, "quantity": 1}])
    );
    let events = stage.payloads().await;
    assert!(
        !events.contains(r#""left":"#),
        "the stock is not told: {events}"
    );
}

#[tokio::test]
async fn whoever_amends_or_moves_an_order_says_what_was_seen() {
    let stage = Stage::allocated().await;
    let address = json!({"shipping_address": {"country": "Elsewhere"}});
    let nobody = Uuid::from_u128(9);
    let (apply, withdraw) = (
        format!("amendments/{nobody}/apply"),
        format!("amendments/{nobody}/withdraw"),
    );
    for (path, body) in [
        ("amendments", wanted(&[(1, 1)])),
        (apply.as_str(), json!({})),
        (withdraw.as_str(), json!({})),
        ("shipping-address", address),
    ] {
        let absent = stage.post(path, "k", None, &body).await;
        absent.problem(428, "IF_MATCH_REQUIRED");
        let stale = stage.post(path, "k", Some(1), &body).await.expect(412);
        assert_eq!(stale["current_version"], 2, "{path}");
    }
    let unseen = stage.post("tags", "k", None, &json!({"tags": ["a"]})).await;
    unseen.expect(200);
}

#[tokio::test]
async fn what_cannot_be_is_refused_and_says_where() {
    let stage = Stage::allocated().await;
    let refused = async |lines: &[(u32, i64)], status, code: &str, pointer: Option<&str>| {
        let key = Uuid::new_v4().to_string();
        let answer = stage
            .post("amendments", &key, Some(2), &wanted(lines))
            .await;
        let body = answer.problem(status, code);
        assert_eq!(body["errors"][0]["pointer"].as_str(), pointer, "{body:#}");
        if status == 409 {
            let allowed = body["allowed_commands"].as_array().unwrap();
            assert!(allowed.contains(&json!("propose_amendment")), "{body:#}");
        }
    };
    refused(&[], 422, "AMENDED_LINES", Some("/lines")).await;
    let at = Some("/lines/1/quantity");
    refused(&[(1, 1), (2, -1)], 422, "AMENDED_LINES", at).await;
    let at = Some("/lines/1/line");
    refused(&[(1, 1), (1, 2)], 422, "AMENDED_LINES", at).await;
    refused(&[(1, 1), (5, 1)], 409, "NO_SUCH_LINE", at).await;
    let at = Some("/lines");
    refused(&[(1, 3)], 409, "AMENDMENT_NOT_COVERED", at).await;
    refused(&[(1, 2)], 409, "NOTHING_AMENDED", at).await;
    refused(&[(1, 0), (2, 0)], 409, "AMENDMENT_OF_ALL", at).await;

    // Five of B are not there.
    let lines = wanted(&[(1, 1), (2, 5)]);
    let short = stage
        .post("amendments", "5", Some(2), &lines)
        .await
        .expect(200);
    let id = short["amendment"]["amendment_id"].as_str().unwrap();
    let path = format!("amendments/{id}/apply");
    let refused = stage.post(&path, "a", Some(3), &json!({})).await;
    let refused = refused.problem(409, "NOT_ENOUGH_STOCK");
    let detail = refused["detail"].as_str().unwrap();
    assert!(detail.contains("2 more of B"), "{detail}");
    let allowed = refused["allowed_commands"].as_array().unwrap();
    assert!(allowed.contains(&json!("apply_amendment")), "it stays open");
    let another = stage
        .post("amendments", "6", Some(3), &wanted(&[(2, 1)]))
        .await;
    another.problem(409, "AMENDMENT_OPEN");
    let withdraw = format!("amendments/{id}/withdraw");
    let withdrawn = stage
        .post(&withdraw, "w", Some(3), &json!({}))
        .await
        .expect(200);
    assert_eq!(withdrawn["version"], 4);
    let late = stage.post(&path, "b", Some(4), &json!({})).await;
    late.problem(409, "AMENDMENT_ENDED");
    let path = format!("amendments/{}/apply", Uuid::from_u128(1));
    let nothing = stage.post(&path, "c", Some(4), &json!({})).await;
    nothing.problem(404, "AMENDMENT_NOT_FOUND");
    let none = stage
        .post("amendments/x/apply", "d", Some(4), &json!({}))
        .await;
    assert_eq!(
        none.expect(400)["errors"][0]["pointer"],
        "path:amendment_id"
    );
}

#[tokio::test]
async fn what_is_being_allocated_or_is_packed_is_not_amended() {
    let stage = Stage::confirmed().await;
    let id = stage.proposed().await;
    let path = format!("amendments/{id}/apply");
    let early = stage.post(&path, "a", Some(3), &json!({})).await;
    early.problem(409, "ORDER_ALLOCATING");
    let create = CreateShipment {
        order_id: order_id(),
        location: Location::default(),
        skus: vec![],
        further: vec![],
    };
    stage.shipment(ShipmentCommand::Create(create)).await;
    stage.shipment(ShipmentCommand::Pack(PackShipment)).await;
    let late = stage.post(&path, "b", Some(3), &json!({})).await;
    let late = late.problem(409, "ALREADY_PACKED");
    let allowed = late["allowed_commands"].as_array().unwrap();
    assert!(!allowed.contains(&json!("apply_amendment")), "{allowed:?}");
}

#[tokio::test]
async fn tags_are_set_and_refused_where_they_stand() {
    let stage = Stage::allocated().await;
    let tags = json!({"tags": ["vip", "gift"]});
    let set = stage.post("tags", "t", None, &tags).await.expect(200);
    assert_eq!(
        (&set["tags"], &set["version"]),
        (&json!(["gift", "vip"]), &json!(3))
    );
    let same = stage.post("tags", "u", Some(3), &tags).await.expect(200);
    assert_eq!(same["version"], 3);
    for (tags, code, pointer) in [
        (json!(["a", "No Tag"]), "NOT_A_SLUG", "/tags/1"),
        (json!(["a", "a"]), "TAG_TWICE", "/tags/1"),
        (
            (0..33).map(|n| format!("t{n}")).collect(),
            "TOO_MANY_TAGS",
            "/tags",
        ),
    ] {
        let key = Uuid::new_v4().to_string();
        let refused = stage.post("tags", &key, None, &json!({"tags": tags})).await;
        let refused = refused.problem(422, code);
        assert_eq!(refused["errors"][0]["pointer"], pointer);
    }
}

#[tokio::test]
async fn an_order_goes_somewhere_else_until_its_label_is_made() {
    let stage = Stage::allocated().await;
    let to = |street: &str| json!({"shipping_address": {"name": "Ada Lovelace", "lines": [street], "country": "DE"}});
    let moved = stage
        .post("shipping-address", "m", Some(2), &to("1 Main Street"))
        .await;
    assert_eq!(moved.expect(200)["version"], 3);
    let same = stage
        .post("shipping-address", "n", Some(3), &to("1 Main Street"))
        .await;
    assert_eq!(same.expect(200)["version"], 3, "it goes there already");
    let events = stage.payloads().await;
    assert!(events.contains("sealed:1:"), "{events}");
    assert!(!events.contains("Ada") && !events.contains("Main Street"));
    let wrong = stage
        .post("shipping-address", "o", Some(3), &to("\u{7}"))
        .await;
    let wrong = wrong.expect(422);
    assert_eq!(wrong["errors"][0]["pointer"], "/shipping_address/lines/0");
    for command in [
        ShipmentCommand::Pack(PackShipment),
        ShipmentCommand::MarkReady(MarkReady),
        ShipmentCommand::RequestDispatch(RequestDispatch {
            order_id: order_id(),
        }),
    ] {
        stage.shipment(command).await;
    }
    let late = stage
        .post("shipping-address", "p", Some(3), &to("2 Main Street"))
        .await;
    let late = late.problem(409, "ALREADY_LABELLED");
    let allowed = late["allowed_commands"].as_array().unwrap();
    assert!(
        !allowed.contains(&json!("change_shipping_address")),
        "{allowed:?}"
    );
}

#[tokio::test]
async fn a_cancelled_order_is_neither_amended_nor_moved() {
    let stage = Stage::allocated().await;
    stage.proposed().await;
    let reason = json!({"reason": "no more"});
    stage.post("cancel", "c", None, &reason).await.expect(202);
    stage.order(OrderCommand::Cancel(CancelOrder)).await;
    let late = stage
        .post("amendments", "q", None, &wanted(&[(1, 1)]))
        .await;
    late.problem(428, "IF_MATCH_REQUIRED");
    // Placed, confirmed, proposed, asked to be cancelled, overtaken, cancelled.
    let late = stage
        .post("amendments", "q", Some(6), &wanted(&[(1, 1)]))
        .await;
    let late = late.problem(409, "ORDER_STATE");
    assert_eq!(late["allowed_commands"], json!(["add_note", "set_tags"]));
}
