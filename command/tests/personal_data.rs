//! What is personal, as the API takes it: sealed before anything is decided.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Method, Request},
};
use command::{CommandApi, router};
use domain::{CustomerId, Position, TenantId};
use serde_json::{Value, json};
use std::sync::Arc;
use store::{
    Clock, EventReader, EventStore, MemoryStore, SystemClock,
    lane::{Lane, LaneOptions},
};
use tokio_util::sync::{CancellationToken, DropGuard};
use tower::ServiceExt;
use uuid::Uuid;
use vault::{KeyId, Vault};

/// A write API; it ends with the test.
struct Stage {
    store: MemoryStore,
    vault: Vault,
    router: Router,
    _stop: DropGuard,
}

impl Stage {
    fn new() -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let epoch = Uuid::from_u128(1);
        let store = MemoryStore::new(clock.clone(), epoch);
        let all: Arc<dyn EventStore> = Arc::new(store.clone());
        let (lane, work) = Lane::new(all.clone(), LaneOptions::default());
        let stop = CancellationToken::new();
        tokio::spawn(work.run(stop.clone()));
        let vault = Vault::in_memory();
        let api = CommandApi::new(lane, all, vault.clone(), clock, TenantId::default(), epoch);
        Self {
            store,
            vault,
            router: router(api),
            _stop: stop.drop_guard(),
        }
    }

    async fn place(&self, key: &str, body: &Value) -> (u16, Value) {
        self.post("/v1/orders", key, body).await
    }

    async fn post(&self, path: &str, key: &str, body: &Value) -> (u16, Value) {
        self.post_of(path, key, None, body).await
    }

    /// The same, about a version that was seen.
    async fn post_of(
        &self,
        path: &str,
        key: &str,
        seen: Option<i64>,
        body: &Value,
    ) -> (u16, Value) {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header("content-type", "application/json")
            .header("idempotency-key", key);
        if let Some(version) = seen {
            request = request.header("if-match", format!("\"{version}\""));
        }
        let request = request.body(Body::from(body.to_string())).unwrap();
        self.send(request).await
    }

    async fn erase(&self, customer: &str) -> (u16, Value) {
        let request = Request::delete(format!("/v1/customers/{customer}"));
        self.send(request.body(Body::empty()).unwrap()).await
    }

    async fn forget_commands(&self) {
        let later = SystemClock.now() + chrono::TimeDelta::days(1);
        self.store.forget_commands(later).await.unwrap();
    }

    async fn send(&self, request: Request<Body>) -> (u16, Value) {
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    async fn events(&self) -> Vec<String> {
        let events = self.store.read_all(Position::ZERO, 100).await.unwrap();
        let text = |payload: &[u8]| String::from_utf8(payload.to_vec()).unwrap();
        events.iter().map(|event| text(&event.payload)).collect()
    }
}

fn address() -> Value {
    json!({"name": "Ada Lovelace", "lines": ["1 Main Street"], "country": "Elsewhere"})
}

fn order() -> Value {
    json!({
        "customer_id": "4711",
        "currency": "EUR",
        "lines": [{"sku": "A", "quantity": 1, "unit_price": 100}],
        "payment_method": "tok_approve",
        "shipping_address": address(),
    })
}

#[tokio::test]
async fn who_places_an_order_sees_its_address_and_the_store_does_not() {
    let stage = Stage::new();
    let (status, placed) = stage.place("k", &order()).await;
    assert_eq!((status, &placed["shipping_address"]), (201, &address()));
    let events = stage.events().await;
    assert_eq!(events.len(), 1);
    assert!(events[0].contains("sealed:1:"), "{events:?}");
    for text in ["Ada", "Main Street", "Elsewhere"] {
        assert!(!events[0].contains(text), "{events:?}");
    }
    // Another order to the same address is another text.
    stage.place("other", &order()).await;
    let events = stage.events().await;
    let sealed = |event: &str| {
        let event: Value = serde_json::from_str(event).unwrap();
        event["shipping_address"].clone()
    };
    assert_ne!(sealed(&events[0]), sealed(&events[1]));
}

#[tokio::test]
async fn a_request_that_is_sent_again_is_the_same_also_when_its_record_is_forgotten() {
    let stage = Stage::new();
    let first = stage.place("k", &order()).await;
    assert_eq!(stage.place("k", &order()).await, first);
    let later = SystemClock.now() + chrono::TimeDelta::days(1);
    assert_eq!(stage.store.forget_commands(later).await.unwrap(), 1);
    assert_eq!(stage.place("k", &order()).await, first);
    let mut other = order();
    other["shipping_address"]["name"] = json!("Ada Byron");
    let (status, refused) = stage.place("k", &other).await;
    assert_eq!(
        (status, &refused["code"]),
        (409, &json!("ORDER_ALREADY_PLACED"))
    );
    assert_eq!(stage.events().await.len(), 1);
}

#[tokio::test]
async fn nothing_personal_is_taken_for_whoever_was_erased() {
    let stage = Stage::new();
    stage.place("k", &order()).await;
    let key = KeyId {
        tenant: TenantId::default(),
        customer_id: CustomerId::parse("4711").unwrap(),
    };
    assert_eq!(stage.vault.erase(&key).await, Ok(true));
    let (status, refused) = stage.place("later", &order()).await;
    assert_eq!((status, &refused["code"]), (409, &json!("CUSTOMER_ERASED")));
    let mut bare = order();
    bare["shipping_address"] = json!(null);
    assert_eq!(stage.place("bare", &bare).await.0, 201);
}

/// What was answered first is answered again, but for what nobody knows any more.
#[tokio::test]
async fn a_repeated_placement_is_answered_as_the_first_time_after_an_erasure() {
    let stage = Stage::new();
    let (status, mut first) = stage.place("k", &order()).await;
    assert_eq!(status, 201);
    assert_eq!(stage.erase("4711").await.0, 200);
    first["shipping_address"] = json!(null);
    let scrubbed = |(status, mut body): (u16, Value)| {
        // What is absent is known as little.
        body["shipping_address"] = body["shipping_address"].take();
        (status, body)
    };
    assert_eq!(
        scrubbed(stage.place("k", &order()).await),
        (201, first.clone())
    );
    let mut other = order();
    other["lines"][0]["quantity"] = json!(2);
    let (status, refused) = stage.place("k", &other).await;
    assert_eq!(
        (status, &refused["code"]),
        (422, &json!("IDEMPOTENCY_KEY_REUSED"))
    );

    stage.forget_commands().await;
    assert_eq!(scrubbed(stage.place("k", &order()).await), (201, first));
    let (status, refused) = stage.place("k", &other).await;
    assert_eq!(
        (status, &refused["code"]),
        (409, &json!("ORDER_ALREADY_PLACED"))
    );
    let (status, refused) = stage.place("new", &order()).await;
    assert_eq!((status, &refused["code"]), (409, &json!("CUSTOMER_ERASED")));
    assert_eq!(stage.events().await.len(), 2, "placed and erased");
}

/// Nothing is sealed for them any more: the record answers what was asked before.
#[tokio::test]
async fn a_repeated_change_of_address_is_answered_as_the_first_time_after_an_erasure() {
    let stage = Stage::new();
    let (_, placed) = stage.place("k", &order()).await;
    let path = format!(
        "/v1/orders/{}/shipping-address",
        placed["order_id"].as_str().unwrap()
    );
    let to = |street: &str| json!({"shipping_address": {"lines": [street], "country": "DE"}});
    let first = stage
        .post_of(&path, "m", Some(1), &to("2 Side Street"))
        .await;
    assert_eq!((first.0, &first.1["version"]), (200, &json!(2)));
    // Where it goes already, it goes: under another key, too.
    let same = stage
        .post_of(&path, "n", Some(2), &to("2 Side Street"))
        .await;
    assert_eq!((same.0, &same.1["version"]), (200, &json!(2)));
    assert_eq!(stage.erase("4711").await.0, 200);

    let again = stage
        .post_of(&path, "m", Some(1), &to("2 Side Street"))
        .await;
    assert_eq!(again, first);
    let (status, refused) = stage
        .post_of(&path, "m", Some(1), &to("3 Side Street"))
        .await;
    assert_eq!(
        (status, &refused["code"]),
        (422, &json!("IDEMPOTENCY_KEY_REUSED"))
    );
    for _ in 0..2 {
        let (status, refused) = stage
            .post_of(&path, "new", Some(2), &to("3 Side Street"))
            .await;
        assert_eq!((status, &refused["code"]), (409, &json!("CUSTOMER_ERASED")));
        let allowed = refused["allowed_commands"].as_array().unwrap();
        assert!(allowed.contains(&json!("cancel")), "{refused}");
        assert!(!allowed.contains(&json!("change_shipping_address")));
    }
    assert_eq!(stage.events().await.len(), 3, "placed, moved and erased");
}

#[tokio::test]
async fn who_was_registered_and_erased_was_registered() {
    let stage = Stage::new();
    let who = json!({"customer_id": "4711", "name": "Ada Lovelace"});
    let changed = json!({"name": "Ada King"});
    let path = "/v1/customers/4711/profile";
    let registered = stage.post("/v1/customers", "r", &who).await;
    let change = stage.post(path, "c", &changed).await;
    assert_eq!((registered.0, change.0), (201, 200));
    let erased = stage.erase("4711").await;
    assert_eq!((erased.0, &erased.1["known"]), (200, &json!(true)));
    assert_eq!(stage.erase("4711").await, erased);

    assert_eq!(stage.post("/v1/customers", "r", &who).await, registered);
    assert_eq!(stage.post(path, "c", &changed).await, change);
    for (path, body) in [("/v1/customers", &who), (path, &changed)] {
        let (status, refused) = stage.post(path, "new", body).await;
        assert_eq!((status, &refused["code"]), (409, &json!("CUSTOMER_ERASED")));
    }
    assert_eq!(stage.events().await.len(), 3);
}

/// The key is destroyed, and the record of it failed: nothing is taken down in between.
#[tokio::test]
async fn between_the_end_of_a_key_and_its_record_nothing_is_taken() {
    let stage = Stage::new();
    let who = json!({"customer_id": "4711", "name": "Ada Lovelace"});
    stage.post("/v1/customers", "r", &who).await;
    let key = KeyId {
        tenant: TenantId::default(),
        customer_id: CustomerId::parse("4711").unwrap(),
    };
    stage.vault.erase(&key).await.unwrap();
    let path = "/v1/customers/4711/profile";
    for path in ["/v1/customers", path] {
        let body = match path {
            "/v1/customers" => who.clone(),
            _ => json!({"name": "Eve"}),
        };
        let (status, refused) = stage.post(path, "new", &body).await;
        assert_eq!((status, &refused["code"]), (409, &json!("CUSTOMER_ERASED")));
    }
    assert_eq!(stage.events().await.len(), 1);
    assert_eq!(stage.erase("4711").await.0, 200);
}

#[tokio::test]
async fn who_was_never_known_is_erased_as_well() {
    let stage = Stage::new();
    let erased = stage.erase("4711").await;
    assert_eq!((erased.0, &erased.1["known"]), (200, &json!(false)));
    assert_eq!(stage.erase("4711").await, erased);
    let (status, refused) = stage.place("k", &order()).await;
    assert_eq!((status, &refused["code"]), (409, &json!("CUSTOMER_ERASED")));
}

#[tokio::test]
async fn an_address_is_checked_before_it_is_sealed() {
    let stage = Stage::new();
    let mut wrong = order();
    wrong["shipping_address"]["lines"] = json!(["x", "a\u{7}"]);
    let (status, refused) = stage.place("k", &wrong).await;
    assert_eq!(status, 422, "{refused}");
    assert_eq!(refused["errors"][0]["pointer"], "/shipping_address/lines/1");
    assert_eq!(refused["code"], "TEXT_CONTROL_CHARACTER");
    assert!(stage.events().await.is_empty());
}
