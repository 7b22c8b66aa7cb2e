//! Discounts and tax of a placement, as the API takes them and answers them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Method, Request},
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
    router: Router,
    _stop: DropGuard,
}

impl Stage {
    fn new() -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let epoch = Uuid::from_u128(1);
        let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new(clock.clone(), epoch));
        let (lane, work) = Lane::new(store.clone(), LaneOptions::default());
        let stop = CancellationToken::new();
        tokio::spawn(work.run(stop.clone()));
        let tenant = TenantId::default();
        let api = CommandApi::new(lane, store, Vault::in_memory(), clock, tenant, epoch);
        Self {
            router: router(api),
            _stop: stop.drop_guard(),
        }
    }

    async fn post(&self, path: &str, kind: &str, key: &str, body: String) -> (u16, Value) {
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header("content-type", kind)
            .header("idempotency-key", key)
            .body(Body::from(body))
            .unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    async fn place(&self, key: &str, body: &Value) -> (u16, Value) {
        let body = body.to_string();
        self.post("/v1/orders", "application/json", key, body).await
    }
}

/// The example of docs/domain.md.
fn order() -> Value {
    json!({
        "customer_id": "17850",
        "currency": "EUR",
        "lines": [
            {"sku": "COAT", "quantity": 1, "unit_price": 9_999, "discount": 1_000, "tax_rate": "19"},
            {"sku": "BOOK", "quantity": 3, "unit_price": 1_250, "tax_rate": "7.0"},
        ],
        "discount": 600,
        "payment_method": "tok_approve",
    })
}

fn eur(amount: i64) -> Value {
    json!({"amount": amount, "currency": "EUR"})
}

#[tokio::test]
async fn a_placement_is_answered_with_all_that_its_total_is_made_of() {
    let stage = Stage::new();
    let (status, placed) = stage.place("k1", &order()).await;
    assert_eq!(status, 201, "{placed}");
    assert_eq!(
        placed["lines"],
        json!([
            {
                "line": 1, "sku": "COAT", "quantity": 1, "unit_price": eur(9_999),
                "subtotal": eur(9_999), "discount": eur(1_000), "order_discount": eur(424),
                "tax_rate": "19", "tax": eur(1_629), "total": eur(10_204),
            },
            {
                "line": 2, "sku": "BOOK", "quantity": 3, "unit_price": eur(1_250),
                "subtotal": eur(3_750), "discount": eur(0), "order_discount": eur(176),
                "tax_rate": "7", "tax": eur(250), "total": eur(3_824),
            },
        ])
    );
    for (field, amount) in [
        ("subtotal", 13_749),
        ("discount", 600),
        ("discount_total", 1_600),
        ("tax", 1_879),
        ("total", 14_028),
    ] {
        assert_eq!(placed[field], eur(amount), "{field}");
    }
    assert_eq!(placed["tax_included"], false);

    let mut said = order();
    said["total"] = json!(14_028);
    said["tax"] = json!(1_879);
    let (status, placed) = stage.place("k2", &said).await;
    assert_eq!((status, &placed["total"]), (201, &eur(14_028)));
}

#[tokio::test]
async fn what_cannot_be_is_refused_at_its_field() {
    let stage = Stage::new();
    for (n, (pointer, value, status, code)) in [
        ("/total", json!(13_749), 422, "TOTAL_MISMATCH"),
        ("/tax", json!(1_880), 422, "TAX_MISMATCH"),
        ("/discount", json!(12_750), 422, "DISCOUNT_OUT_OF_RANGE"),
        (
            "/lines/1/discount",
            json!(3_751),
            422,
            "DISCOUNT_OUT_OF_RANGE",
        ),
        ("/lines/1/tax", json!(1), 422, "TAX_GIVEN_TWICE"),
        ("/lines/0/tax_rate", json!("19%"), 400, "INVALID_BODY"),
        ("/lines/0/tax_rate", json!(19), 400, "INVALID_BODY"),
        ("/tax_included", json!(1), 400, "INVALID_BODY"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut wrong = order();
        let (parent, field) = pointer.rsplit_once('/').unwrap();
        wrong.pointer_mut(parent).unwrap()[field] = value;
        let (answered, problem) = stage.place(&format!("k{n}"), &wrong).await;
        let named = &problem["errors"][0]["pointer"];
        assert_eq!(
            (answered, &problem["code"], named),
            (status, &json!(code), &json!(pointer)),
            "{problem}"
        );
    }
}

#[tokio::test]
async fn many_orders_at_once_are_priced_alike() {
    let stage = Stage::new();
    let mut right = order();
    right["total"] = json!(14_028);
    let mut wrong = order();
    wrong["tax_included"] = json!(true);
    wrong["total"] = json!(14_028);
    let body = format!("{right}\n{wrong}\n");
    let kind = "application/x-ndjson";
    let (status, answer) = stage.post("/v1/orders/bulk", kind, "k1", body).await;
    assert_eq!(status, 207, "{answer}");
    assert_eq!(answer["items"][0]["status"], 201, "{answer}");
    assert_eq!(answer["items"][1]["problem"]["code"], "TOTAL_MISMATCH");
}
