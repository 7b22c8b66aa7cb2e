//! Products, and orders that may name only what is listed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use axum::{
    Router,
    body::{Body, to_bytes},
    http::Request,
};
use command::{CommandApi, router};
use domain::TenantId;
use serde_json::{Value, json};
use std::sync::Arc;
use store::{
    Clock, EventStore, MemoryStore, SystemClock,
    lane::{Lane, LaneOptions},
};
use tokio_util::sync::{CancellationToken, DropGuard};
use tower::ServiceExt;
use uuid::Uuid;
use vault::Vault;

/// A write API; it ends with the test.
struct Stage {
    store: MemoryStore,
    router: Router,
    _stop: DropGuard,
}

impl Stage {
    fn new(only_listed: bool) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let epoch = Uuid::from_u128(1);
        let store = MemoryStore::new(clock.clone(), epoch);
        let all: Arc<dyn EventStore> = Arc::new(store.clone());
        let (lane, work) = Lane::new(all.clone(), LaneOptions::default());
        let stop = CancellationToken::new();
        tokio::spawn(work.run(stop.clone()));
        let vault = Vault::in_memory();
        let api = CommandApi::new(lane, all, vault, clock, TenantId::default(), epoch)
            .taking_only_listed(only_listed);
        Self {
            store,
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

    async fn list(&self, sku: &str) {
        let price = json!({"amount": 100, "currency": "EUR"});
        let product = json!({"sku": sku, "name": "Cup", "price": price});
        let key = format!("list-{sku}");
        assert_eq!(self.post("/v1/products", &key, &product).await.0, 201);
    }

    async fn delist(&self, sku: &str) {
        let path = format!("/v1/products/{sku}/delist");
        let reason = json!({"reason": "sold out"});
        assert_eq!(self.post(&path, "delist", &reason).await.0, 200);
    }

    async fn place(&self, key: &str, skus: &[&str]) -> (u16, Value) {
        let line = |sku: &&str| json!({"sku": sku, "quantity": 1, "unit_price": 100});
        let order = json!({
            "customer_id": "4711",
            "currency": "EUR",
            "lines": skus.iter().map(line).collect::<Vec<_>>(),
            "payment_method": "tok_approve",
        });
        self.post("/v1/orders", key, &order).await
    }
}

fn refused((status, body): &(u16, Value)) -> (u16, &str, &str) {
    (
        *status,
        body["code"].as_str().unwrap_or_default(),
        body["errors"][0]["pointer"].as_str().unwrap_or_default(),
    )
}

#[tokio::test]
async fn an_order_names_only_what_is_listed_where_the_shop_wants_that() {
    let stage = Stage::new(true);
    let many: Vec<String> = (0..40).map(|n| format!("A{n}")).collect();
    for sku in &many {
        stage.list(sku).await;
    }
    let names: Vec<&str> = many.iter().map(String::as_str).collect();
    let placed = stage.place("all", &names).await;
    assert_eq!(placed.0, 201);
    let never = stage.place("never", &["A0", "B", "C"]).await;
    assert_eq!(refused(&never), (409, "PRODUCT_NOT_LISTED", "/lines/1/sku"));
    let detail = never.1["detail"].as_str().unwrap();
    assert_eq!(detail, "Line 2: SKU B is not listed.");

    stage.delist("A1").await;
    let late = stage.place("late", &["A0", "A0", "A1", "B"]).await;
    assert_eq!(refused(&late), (409, "PRODUCT_DELISTED", "/lines/2/sku"));
    // What was placed is placed, with its record and without.
    assert_eq!(stage.place("all", &names).await, placed);
    let later = SystemClock.now() + chrono::TimeDelta::days(1);
    stage.store.forget_commands(later).await.unwrap();
    assert_eq!(stage.place("all", &names).await, placed);

    // What was refused may be put right, and sent again.
    stage.list("B").await;
    stage.list("C").await;
    assert_eq!(stage.place("never", &["A0", "B", "C"]).await.0, 201);
}

#[tokio::test]
async fn else_an_order_names_what_it_will() {
    let stage = Stage::new(false);
    assert_eq!(stage.place("k", &["B"]).await.0, 201);
    stage.list("A").await;
    stage.delist("A").await;
    assert_eq!(stage.place("l", &["A"]).await.0, 201);
}

#[tokio::test]
async fn a_product_is_listed_priced_and_delisted() {
    let stage = Stage::new(true);
    stage.list("A").await;
    let price = json!({"price": {"amount": 120, "currency": "USD"}});
    let priced = stage.post("/v1/products/A/price", "p", &price).await;
    assert_eq!((priced.0, &priced.1["version"]), (200, &json!(2)));
    stage.delist("A").await;
    let late = stage.post("/v1/products/A/price", "q", &price).await;
    assert_eq!(refused(&late), (409, "PRODUCT_DELISTED", ""));
    assert_eq!(late.1["allowed_commands"], json!(["list"]));
    let unknown = stage.post("/v1/products/B/price", "p", &price).await;
    assert_eq!(refused(&unknown), (404, "PRODUCT_NOT_FOUND", ""));
    let wrong = json!({"price": {"amount": -1, "currency": "USD"}});
    let wrong = stage.post("/v1/products/A/price", "r", &wrong).await;
    assert_eq!(refused(&wrong), (422, "PRICE_OUT_OF_RANGE", "/price"));
    // Again it is listed anew.
    let price = json!({"amount": 90, "currency": "EUR"});
    let again = json!({"sku": "A", "name": "New cup", "price": price});
    let listed = stage.post("/v1/products", "again", &again).await;
    assert_eq!((listed.0, &listed.1["status"]), (201, &json!("listed")));
    let unknown = json!({"sku": "A", "name": "x", "price": price, "tax": 1});
    assert_eq!(stage.post("/v1/products", "x", &unknown).await.0, 400);
}
