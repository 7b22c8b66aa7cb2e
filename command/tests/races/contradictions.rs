//! What a provider says and our books contradict: the order waits for people, once for each of the provider's
//! events, until they have settled it.

use crate::stage::{self, CARRIER_SECRET, SECRET, Stage, order};
use axum::{
    body::Body,
    http::{Method, Request},
};
use domain::{
    Command, Currency, Location, Money, OrderId, ShipmentId, State, StreamId, TenantId,
    order::{Order, OrderCommand, ParkTask, Placed},
    payment::{PaymentCommand, RecordAuthorized, RequestAuthorization},
    shipment::{RequestDispatch, ShipmentCommand},
};
use futures::future::join_all;
use serde_json::{Value, json};
use store::{Clock, SystemClock, lane::Outcome};
use uuid::Uuid;

impl Stage {
    async fn placed(&self, id: OrderId) -> Placed {
        let stream = StreamId::order(&TenantId::default(), id);
        match self.state(&stream).await {
            State::Order(Order::Placed(placed)) => placed,
            other => panic!("{id} is {other:?}"),
        }
    }

    /// The contradictions that an order waits with.
    async fn waits(&self, id: OrderId) -> Vec<Uuid> {
        let placed = self.placed(id).await;
        let waits = placed.parked.iter().copied();
        waits
            .filter(|task| placed.is_contradiction(*task))
            .collect()
    }

    async fn carrier_says(&self, event: &str, id: OrderId, what: &str) -> String {
        let shipment = ShipmentId::of(id, &Location::default());
        let body = json!({
            "type": format!("shipment.{what}"),
            "data": {
                "idempotency_key": format!("{shipment}:1"),
                "carrier": "Post",
                "tracking_number": format!("T-{id}"),
                "delivered_at": "2026-01-02T03:04:05Z",
            },
        });
        let path = "/v1/providers/carrier/webhooks";
        let now = SystemClock.now();
        let request = stage::signed(path, CARRIER_SECRET, event, now, &body);
        self.say(request).await
    }

    /// An order whose parcel has arrived, as the carrier says.
    async fn arrived(&self, id: OrderId) {
        self.ready(id).await;
        let shipment = ShipmentId::of(id, &Location::default());
        let dispatch = RequestDispatch { order_id: id };
        let dispatch = ShipmentCommand::RequestDispatch(dispatch);
        self.put(Command::Shipment(shipment, dispatch)).await;
        let event = format!("{id}_1");
        let said = self.carrier_says(&event, id, "delivered").await;
        assert_eq!(said, "recorded");
    }

    async fn settle(&self, id: &str, task: &str) -> (u16, Value) {
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("/v1/orders/{id}/contradictions/{task}/settle"))
            .header("content-type", "application/json")
            .header("idempotency-key", Uuid::new_v4().to_string())
            .body(Body::from(r#"{"reason": "the carrier was told"}"#))
            .unwrap();
        self.send(request).await
    }
}

#[tokio::test]
async fn what_the_carrier_says_against_our_books_waits_until_people_settle_it() {
    let stage = Stage::new();
    let id = order(1);
    stage.arrived(id).await;
    assert_eq!(stage.waits(id).await, [] as [Uuid; 0]);
    for _ in 0..3 {
        assert_eq!(stage.carrier_says("evt_lost", id, "lost").await, "refused");
    }
    let said = stage.carrier_says("evt_back", id, "returned").await;
    assert_eq!(said, "refused");
    let waits = stage.waits(id).await;
    assert_eq!(waits.len(), 2, "one for each word");
    let said = stage.carrier_says("evt_lost_2", id, "lost").await;
    assert_eq!(said, "refused");
    assert_eq!(stage.waits(id).await, waits, "it is the same word");
    let stream = StreamId::order(&TenantId::default(), id);
    let history = stage.history(&stream).await;
    assert_eq!(history[2..], ["TaskParked", "TaskParked"]);

    let (name, task) = (id.to_string(), waits[0].to_string());
    let (status, answer) = stage.settle(&name, &task).await;
    assert_eq!((status, &answer["order_id"]), (200, &json!(name)));
    let (status, _) = stage.settle(&name, &task).await;
    assert_eq!(status, 200, "it does not wait any more: that is no error");
    assert_eq!(stage.waits(id).await, [waits[1]]);
    let history = stage.history(&stream).await;
    assert_eq!(history[4..], ["TaskResumed", "NoteAdded"]);
    let (status, problem) = stage.settle(&name, &Uuid::new_v4().to_string()).await;
    let code = problem["code"].as_str();
    assert_eq!((status, code), (404, Some("CONTRADICTION_NOT_FOUND")));
    // The event is sent again all the same: as long as it is remembered, it does not wait once more.
    assert_eq!(stage.carrier_says("evt_lost", id, "lost").await, "refused");
    let said = stage.carrier_says("evt_back", id, "returned").await;
    assert_eq!(said, "refused");
    assert_eq!(stage.waits(id).await, [waits[1]]);
}

#[tokio::test]
async fn what_the_payment_provider_says_against_our_books_waits_too() {
    let stage = Stage::new();
    let id = order(1);
    stage.ready(id).await;
    let key = format!("main:{id}:authorize:1");
    let amount = |amount| Money::new(amount, Currency::parse("EUR").unwrap());
    let request = PaymentCommand::RequestAuthorization(RequestAuthorization {
        order_id: id,
        amount: amount(510),
        payment_method: "tok_approve".into(),
        attempt: 1,
        max_attempts: 3,
        idempotency_key: key.clone(),
    });
    let authorized = PaymentCommand::RecordAuthorized(RecordAuthorized {
        attempt: 1,
        authorization_id: "auth".into(),
        amount: amount(510),
        expires_at: None,
    });
    for command in [request, authorized] {
        stage.put(Command::Payment(id, command)).await;
    }
    let body = json!({
        "type": "authorization.authorized",
        "data": {
            "idempotency_key": key, "authorization_id": "auth", "amount": 511, "currency": "EUR",
        },
    });
    let path = "/v1/providers/payments/webhooks";
    let said = stage::signed(path, SECRET, "evt_more", SystemClock.now(), &body);
    assert_eq!(stage.say(said).await, "refused");
    assert_eq!(stage.waits(id).await.len(), 1);
}

#[tokio::test]
async fn only_what_is_there_and_a_contradiction_is_settled_by_people() {
    let stage = Stage::new();
    let id = order(1);
    stage.ready(id).await;
    let task_id = Uuid::from_u128(7);
    let park = OrderCommand::ParkTask(ParkTask {
        task_id,
        task: "refund".into(),
        of: None,
        done: false,
        problem: "it was refused".into(),
    });
    let parked = stage.put(Command::Order(id, park)).await;
    assert!(matches!(parked, Outcome::Accepted), "{parked:?}");
    let (name, task) = (id.to_string(), task_id.to_string());
    let (status, problem) = stage.settle(&name, &task).await;
    assert_eq!(
        (status, problem["code"].as_str()),
        (409, Some("NOT_A_CONTRADICTION"))
    );
    assert!(problem["allowed_commands"].is_array(), "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("saga retry"));
    let (status, problem) = stage.settle(&name, "nothing").await;
    assert_eq!(status, 400, "{problem}");
    assert!(problem.to_string().contains("task_id"), "{problem}");
    let nobody = order(2).to_string();
    let (status, _) = stage.settle(&nobody, &task).await;
    assert_eq!(status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_comes_several_times_at_once_waits_once() {
    const TIMES: u64 = 100;
    let stage = Stage::new();
    for n in 0..TIMES {
        let id = order(n);
        stage.arrived(id).await;
        let event = format!("evt_{n}");
        let same = (0..4).map(|_| stage.carrier_says(&event, id, "lost"));
        let said = join_all(same).await;
        assert_eq!(said, ["refused"; 4]);
        assert_eq!(stage.waits(id).await.len(), 1, "race {n}");
    }
}
