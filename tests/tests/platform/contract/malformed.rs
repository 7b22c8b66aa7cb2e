//! Requests that cannot be understood: bodies, paths, methods, types and parameters.

use super::{is_a_problem, order};
use reqwest::Method;
use serde_json::{Value, json};
use tests::platform::{Placement, Platform};

pub(super) async fn what_is_malformed_is_named(p: &Platform) {
    let with = |pointer: &str, value: Value| {
        let mut body = order();
        body["total"] = json!(100);
        body["shipping_address"] = json!({"country": "France"});
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        let parent = body.pointer_mut(parent).expect("the parent is there");
        match name.parse::<usize>() {
            Ok(index) => parent[index] = value,
            Err(_) => parent[name] = value,
        }
        body
    };
    // Each is the body and the pointer that must be named.
    let cases = [
        (with("/surprise", json!(1)), "/surprise"),
        (with("/lines/0/colour", json!("red")), "/lines/0/colour"),
        (
            with("/shipping_address/planet", json!("Mars")),
            "/shipping_address/planet",
        ),
        (with("/lines/0/sku", json!("a/b")), "/lines/0/sku"),
        (with("/lines/0/sku", json!("")), "/lines/0/sku"),
        (with("/lines/0/quantity", json!("1")), "/lines/0/quantity"),
        (with("/lines/0/quantity", json!(1.5)), "/lines/0/quantity"),
        (
            with("/lines/0/unit_price", json!(9_223_372_036_854_775_808_u64)),
            "/lines/0/unit_price",
        ),
        (with("/lines/0/tax_rate", json!("19%")), "/lines/0/tax_rate"),
        (with("/lines/0/tax_rate", json!(19)), "/lines/0/tax_rate"),
        (with("/tax_included", json!("yes")), "/tax_included"),
        (with("/currency", json!("EURO")), "/currency"),
        (with("/currency", json!("eur")), "/currency"),
        (with("/customer_id", json!("two words")), "/customer_id"),
        (with("/customer_id", json!(17_850)), "/customer_id"),
        (with("/placed_at", json!("yesterday")), "/placed_at"),
        (with("/placed_at", json!(1_291_191_960)), "/placed_at"),
        (
            with("/placed_at", json!("2010-1-1 0:0:0 UTC")),
            "/placed_at",
        ),
        (
            with("/placed_at", json!("-5000-01-01T00:00:00Z")),
            "/placed_at",
        ),
        (
            with("/placed_at", json!("+12010-01-01T00:00:00Z")),
            "/placed_at",
        ),
        (with("/lines", json!({})), "/lines"),
        (with("/lines/0", json!(["A", 1, 100, null])), "/lines/0"),
        (
            with("/shipping_address", json!([null, [], null, null, "France"])),
            "/shipping_address",
        ),
        (with("/payment_method", json!(null)), "/payment_method"),
    ];
    for (body, pointer) in cases {
        let answer = p.api.post("/v1/orders", &body).await.expect(400);
        assert_eq!(
            (answer.code(), answer.pointer()),
            ("INVALID_BODY", pointer),
            "{}",
            answer.text
        );
        is_a_problem(&answer);
        for word in ["struct", "i64", "sequence", "OrderBody", "LineBody"] {
            assert!(!answer.text.contains(word), "{word}: {}", answer.text);
        }
    }
    // What would have been an order, and is asked for in a way that nobody knows.
    let asked = p.api.command(Method::POST, "/v1/orders?dry_run=true");
    let asked = asked.header("idempotency-key", "dry-run").json(&order());
    let answer = p.api.send(asked).await.expect(400);
    assert_eq!(answer.pointer(), "query:dry_run");
    is_a_problem(&answer);
    let deep = "[".repeat(100_000);
    for text in ["", "{", "{}x", "\u{feff}{}", "[1,2", "nul", &deep] {
        let request = p.api.command(Method::POST, "/v1/orders");
        let request = request.header("idempotency-key", "malformed");
        let request = request.header("content-type", "application/json");
        let answer = p.api.send(request.body(text.to_owned())).await.expect(400);
        is_a_problem(&answer);
    }
    for path in ["/v1/orders/not-a-uuid/cancel", "/v1/stock/%20A/adjustments"] {
        let body = json!({"reason": "x", "delta": 1});
        let answer = p.api.post(path, &body).await.expect(400);
        is_a_problem(&answer);
    }
    let id = p.api.place(&Placement::of("A", 1, 100)).await.order_id();
    for (path, pointer) in [
        ("/v1/orders/x/cancel".to_owned(), "path:order_id"),
        ("/v1/orders/%ff/cancel".to_owned(), "path:order_id"),
        ("/v1/stock/%20A/receipts".to_owned(), "path:sku"),
        ("/v1/stock/%ff/receipts".to_owned(), "path:sku"),
        (
            format!("/v1/orders/{id}/holds/Two%20Words/release"),
            "path:hold",
        ),
        (format!("/v1/orders/{id}/holds/%ff/release"), "path:hold"),
        (
            format!("/v1/orders/{id}/holds/{}/release", "h".repeat(65)),
            "path:hold",
        ),
    ] {
        let answer = p.api.post(&path, &json!({})).await.expect(400);
        assert_eq!((answer.code(), answer.pointer()), ("INVALID_PATH", pointer));
        is_a_problem(&answer);
    }
}

pub(super) async fn wrong_paths_methods_and_types_are_problems(p: &Platform) {
    let answer = p.api.get("/v1/nothing").await.expect(404);
    assert_eq!(answer.code(), "ROUTE_NOT_FOUND");
    is_a_problem(&answer);
    let answer = p
        .api
        .send(p.api.command(Method::DELETE, "/v1/orders"))
        .await
        .expect(405);
    assert_eq!(answer.code(), "METHOD_NOT_ALLOWED");
    let allowed = answer.header("allow");
    assert!(
        allowed.contains("POST") && allowed.contains("GET"),
        "{allowed:?}"
    );
    is_a_problem(&answer);
    for content_type in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let request = p.api.command(Method::POST, "/v1/orders");
        let request = request
            .header("idempotency-key", "type")
            .body(order().to_string());
        let request = request.header("content-type", content_type);
        let answer = p.api.send(request).await.expect(415);
        assert_eq!(answer.code(), "UNSUPPORTED_MEDIA_TYPE");
        is_a_problem(&answer);
    }
    let huge = json!({"text": "x".repeat(2 << 20)});
    let id = p.api.place(&Placement::of("A", 1, 100)).await.order_id();
    let answer = p
        .api
        .post(&format!("/v1/orders/{id}/notes"), &huge)
        .await
        .expect(413);
    assert_eq!(answer.code(), "PAYLOAD_TOO_LARGE");
    is_a_problem(&answer);
}

pub(super) async fn wrong_reads_are_problems(p: &Platform) {
    let nobody = "01890000-0000-7000-8000-000000000000";
    for (path, status) in [
        (format!("/v1/orders/{nobody}"), 404),
        (format!("/v1/orders/{nobody}/events"), 404),
        (format!("/v1/orders/{nobody}?version=1"), 404),
        ("/v1/orders/x".into(), 400),
        ("/v1/orders?limit=0".into(), 400),
        ("/v1/orders?limit=201".into(), 400),
        ("/v1/orders?limit=x".into(), 400),
        ("/v1/orders?status=happy".into(), 400),
        ("/v1/orders?sort=colour".into(), 400),
        ("/v1/orders?colour=red".into(), 400),
        ("/v1/orders?cursor=forged".into(), 400),
        ("/v1/orders?placed_at[gte]=yesterday".into(), 400),
    ] {
        let answer = p.api.get(&path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
        is_a_problem(&answer);
    }
    // A cursor belongs to its filters.
    for _ in 0..3 {
        let id = p
            .api
            .place(&Placement::of("A", 1, 100).customer("cursor"))
            .await
            .order_id();
        p.api.order_that_is("confirmed", &id).await;
    }
    let page = p
        .api
        .get("/v1/orders?customer_id=cursor&limit=1")
        .await
        .expect(200);
    let cursor = page.body["next_cursor"]
        .as_str()
        .expect("there is a next page");
    let page = format!("/v1/orders?customer_id=cursor&limit=1&cursor={cursor}");
    p.api.get(&page).await.expect(200);
    let other = format!("/v1/orders?customer_id=other&limit=1&cursor={cursor}");
    is_a_problem(&p.api.get(&other).await.expect(400));
    let token = p
        .api
        .query("/v1/orders")
        .header("consistency-token", "forged");
    is_a_problem(&p.api.send(token).await.expect(400));
}
