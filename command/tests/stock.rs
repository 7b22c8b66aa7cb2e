//! What may be promised of stock that is not there: over REST, with what is refused and why.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use axum::{
    Router,
    body::{Body, to_bytes},
    http::Request,
};
use command::{CommandApi, router};
use domain::{
    Actor, Command, CommandEnvelope, CommandId, Location, OrderId, Sku, TenantId,
    stock::{ReservationCommand, ReservationItem, ReservationLine, ReservationStep},
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

const PATH: &str = "/v1/stock/A/backorder-limit";

/// A write API; it ends with the test.
struct Stage {
    lane: Lane,
    router: Router,
    _stop: DropGuard,
}

impl Stage {
    fn new() -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let epoch = Uuid::from_u128(1);
        let all: Arc<dyn EventStore> = Arc::new(MemoryStore::new(clock.clone(), epoch));
        let (lane, work) = Lane::new(all.clone(), LaneOptions::default());
        let stop = CancellationToken::new();
        tokio::spawn(work.run(stop.clone()));
        let vault = Vault::in_memory();
        let tenant = TenantId::default();
        let api = CommandApi::new(lane.clone(), all, vault, clock, tenant, epoch);
        Self {
            lane,
            router: router(api),
            _stop: stop.drop_guard(),
        }
    }

    async fn post(&self, path: &str, key: &str, body: &Value) -> (u16, Value) {
        let request = Request::post(path)
            .header("content-type", "application/json")
            .header("idempotency-key", key)
            .body(Body::from(body.to_string()))
            .unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }
}

/// Has an order take so many of A that are not there.
async fn reserve(stage: &Stage, quantity: i64) {
    let id = Uuid::new_v4();
    let command = ReservationCommand {
        order_id: OrderId::new(id),
        epoch: 1,
        location: Location::default(),
        further: vec![],
        items: vec![ReservationItem {
            sku: Sku::parse("A").unwrap(),
            lines: vec![ReservationLine { line: 1, quantity }],
        }],
        step: ReservationStep::Reserve {
            until: SystemClock.now(),
            split: false,
        },
    };
    let envelope = CommandEnvelope {
        id: CommandId::new(id),
        fingerprint: None,
        tenant: TenantId::default(),
        actor: Actor::parse("policy/inventory").unwrap(),
        correlation_id: id,
        causation_id: None,
        traceparent: None,
        occurred_at: SystemClock.now(),
        expected: None,
        command: Command::Reservation(command),
    };
    let done = stage.lane.execute(envelope).await.unwrap();
    assert!(matches!(done.outcome, Outcome::Accepted), "{done:?}");
}

#[tokio::test]
async fn a_limit_is_set_once() {
    let stage = Stage::new();
    let (status, set) = stage.post(PATH, "k-1", &json!({"limit": 3})).await;
    let expected = json!({"sku": "A", "location": "main", "limit": 3, "version": 1});
    assert_eq!((status, &set), (200, &expected));
    let again = stage.post(PATH, "k-1", &json!({"limit": 3})).await;
    assert_eq!(again, (200, expected.clone()));
    let same = stage.post(PATH, "k-2", &json!({"limit": 3})).await;
    assert_eq!(same, (200, expected), "it is so already");
    let elsewhere = json!({"limit": 3, "location": "east"});
    let (status, set) = stage.post(PATH, "k-3", &elsewhere).await;
    assert_eq!((status, &set["location"]), (200, &json!("east")));
}

#[tokio::test]
async fn what_is_no_limit_is_refused_by_field_and_rule() {
    let stage = Stage::new();
    let range = "BACKORDER_LIMIT_OUT_OF_RANGE";
    for (n, (body, status, code, pointer)) in [
        (json!({"limit": -1}), 422, range, "/limit"),
        (json!({"limit": 1_000_001}), 422, range, "/limit"),
        (json!({"limit": "3"}), 400, "INVALID_BODY", "/limit"),
        (json!({"limit": 0.5}), 400, "INVALID_BODY", "/limit"),
        (
            json!({"limit": 3, "location": "Main Street"}),
            400,
            "INVALID_BODY",
            "/location",
        ),
        (json!({"limit": 3, "most": 4}), 400, "INVALID_BODY", "/most"),
    ]
    .into_iter()
    .enumerate()
    {
        let (answered, problem) = stage.post(PATH, &format!("k-{n}"), &body).await;
        let pointed = &problem["errors"][0]["pointer"];
        assert_eq!(
            (answered, &problem["code"], pointed),
            (status, &json!(code), &json!(pointer)),
            "{body}: {problem}"
        );
    }
    let (status, problem) = stage.post(PATH, "k-9", &json!({})).await;
    assert_eq!(status, 400, "{problem}");
    assert!(problem.to_string().contains("limit"), "{problem}");
}

#[tokio::test]
async fn a_limit_is_for_what_is_promised_from_now_on() {
    let stage = Stage::new();
    stage.post(PATH, "k-1", &json!({"limit": 5})).await;
    reserve(&stage, 4).await;
    let (status, set) = stage.post(PATH, "k-2", &json!({"limit": 3})).await;
    assert_eq!((status, &set["limit"]), (200, &json!(3)), "four wait on");
}
