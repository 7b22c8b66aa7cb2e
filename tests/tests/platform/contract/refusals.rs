//! Requests that are understood and not allowed: by their meaning, or by the state.

use super::{is_a_problem, order};
use serde_json::{Value, json};
use tests::platform::{Placement, Platform};

pub(super) async fn every_rule_of_meaning_is_named(p: &Platform) {
    let with = |change: &dyn Fn(&mut Value)| {
        let mut body = order();
        change(&mut body);
        body
    };
    let line = json!({"sku": "A", "quantity": 1, "unit_price": 1});
    let many = Value::Array(vec![line; 1_001]);
    let long = "x".repeat(129);
    let tomorrow = chrono::Utc::now() + chrono::TimeDelta::days(1);
    let address = |name: &str, value: Value| {
        let mut address = json!({"country": "France"});
        address[name] = value;
        with(&|b| b["shipping_address"] = address.clone())
    };
    let placements = [
        (with(&|b| b["lines"] = json!([])), "NO_LINES", "/lines"),
        (
            with(&|b| b["lines"] = many.clone()),
            "TOO_MANY_LINES",
            "/lines",
        ),
        (
            with(&|b| b["lines"][0]["quantity"] = json!(0)),
            "QUANTITY_OUT_OF_RANGE",
            "/lines/0/quantity",
        ),
        (
            with(&|b| b["lines"][0]["quantity"] = json!(-1)),
            "QUANTITY_OUT_OF_RANGE",
            "/lines/0/quantity",
        ),
        (
            with(&|b| b["lines"][0]["quantity"] = json!(10_000_001)),
            "QUANTITY_OUT_OF_RANGE",
            "/lines/0/quantity",
        ),
        (
            with(&|b| b["lines"][0]["unit_price"] = json!(-1)),
            "NEGATIVE_PRICE",
            "/lines/0/unit_price",
        ),
        (
            with(&|b| b["lines"][0]["currency"] = json!("USD")),
            "MIXED_CURRENCIES",
            "/lines/0/currency",
        ),
        (
            with(&|b| {
                b["lines"][0]["unit_price"] = json!(i64::MAX);
                b["lines"][0]["quantity"] = json!(2);
            }),
            "TOTAL_OVERFLOW",
            "/lines/0/quantity",
        ),
        (
            with(&|b| b["lines"][0]["discount"] = json!(-1)),
            "DISCOUNT_OUT_OF_RANGE",
            "/lines/0/discount",
        ),
        (
            with(&|b| b["discount"] = json!(i64::MAX)),
            "DISCOUNT_OUT_OF_RANGE",
            "/discount",
        ),
        (
            with(&|b| b["lines"][0]["tax"] = json!(i64::MAX)),
            "TAX_OUT_OF_RANGE",
            "/lines/0/tax",
        ),
        (with(&|b| b["tax"] = json!(-1)), "TAX_OUT_OF_RANGE", "/tax"),
        (
            with(&|b| {
                b["lines"][0]["tax"] = json!(0);
                b["lines"][0]["tax_rate"] = json!("19");
            }),
            "TAX_GIVEN_TWICE",
            "/lines/0/tax",
        ),
        (
            with(&|b| {
                b["lines"][0]["tax"] = json!(0);
                b["tax"] = json!(1);
            }),
            "TAX_MISMATCH",
            "/tax",
        ),
        (
            with(&|b| b["total"] = json!(99)),
            "TOTAL_MISMATCH",
            "/total",
        ),
        (
            with(&|b| b["payment_method"] = json!("")),
            "TEXT_LENGTH",
            "/payment_method",
        ),
        (
            with(&|b| b["payment_method"] = json!(long)),
            "TEXT_LENGTH",
            "/payment_method",
        ),
        (
            with(&|b| b["payment_method"] = json!("a\u{0}b")),
            "TEXT_CONTROL_CHARACTER",
            "/payment_method",
        ),
        (
            with(&|b| b["reference"] = json!(" ")),
            "TEXT_LENGTH",
            "/reference",
        ),
        (
            with(&|b| b["placed_at"] = json!(tomorrow)),
            "PLACED_IN_FUTURE",
            "/placed_at",
        ),
        (
            with(&|b| b["placed_at"] = json!("1899-12-31T23:59:59Z")),
            "PLACED_TOO_EARLY",
            "/placed_at",
        ),
        (
            address("lines", json!(vec!["x"; 7])),
            "TOO_MANY_ADDRESS_LINES",
            "/shipping_address/lines",
        ),
        (
            address("lines", json!(["x", "y", ""])),
            "TEXT_LENGTH",
            "/shipping_address/lines/2",
        ),
        (
            address("lines", json!(["x", "a\nb"])),
            "TEXT_CONTROL_CHARACTER",
            "/shipping_address/lines/1",
        ),
        (
            address("country", json!("")),
            "TEXT_LENGTH",
            "/shipping_address/country",
        ),
        (
            address("city", json!("a\nb")),
            "TEXT_CONTROL_CHARACTER",
            "/shipping_address/city",
        ),
    ];
    for (body, code, pointer) in placements {
        refused(p, "/v1/orders", &body, code, pointer).await;
    }
    let id = p.api.place(&Placement::of("A", 1, 100)).await.order_id();
    let on = |what: &str| format!("/v1/orders/{id}/{what}");
    let prose = "x".repeat(2_001);
    for (path, body, code, pointer) in [
        (on("notes"), json!({"text": ""}), "TEXT_LENGTH", "/text"),
        (on("notes"), json!({"text": prose}), "TEXT_LENGTH", "/text"),
        (
            on("notes"),
            json!({"text": "\u{1b}[31m"}),
            "TEXT_CONTROL_CHARACTER",
            "/text",
        ),
        (
            on("cancel"),
            json!({"reason": " "}),
            "TEXT_LENGTH",
            "/reason",
        ),
        (
            on("holds"),
            json!({"hold": "Two Words", "reason": "x"}),
            "NOT_A_SLUG",
            "/hold",
        ),
        (
            on("holds"),
            json!({"hold": "h", "reason": ""}),
            "TEXT_LENGTH",
            "/reason",
        ),
        (
            "/v1/stock/A/receipts".into(),
            json!({"quantity": 0}),
            "QUANTITY_OUT_OF_RANGE",
            "/quantity",
        ),
        (
            "/v1/stock/A/adjustments".into(),
            json!({"delta": 0, "reason": "x"}),
            "DELTA_OUT_OF_RANGE",
            "/delta",
        ),
        (
            "/v1/stock/A/adjustments".into(),
            json!({"delta": 1, "reason": ""}),
            "TEXT_LENGTH",
            "/reason",
        ),
        (
            "/v1/stock/A/backorder-limit".into(),
            json!({"limit": -1}),
            "BACKORDER_LIMIT_OUT_OF_RANGE",
            "/limit",
        ),
    ] {
        refused(p, &path, &body, code, pointer).await;
    }
}

async fn refused(p: &Platform, path: &str, body: &Value, code: &str, pointer: &str) {
    let answer = p.api.post(path, body).await.expect(422);
    assert_eq!(
        (answer.code(), answer.pointer()),
        (code, pointer),
        "{}",
        answer.text
    );
    assert_eq!(answer.body["retryable"], false);
    is_a_problem(&answer);
}

pub(super) async fn what_the_state_forbids_says_what_it_allows(p: &Platform) {
    let id = p
        .api
        .place(&Placement::of("NOT-THERE", 1, 100))
        .await
        .order_id();
    p.api.order_that_is("rejected", &id).await;
    let cancel = format!("/v1/orders/{id}/cancel");
    let answer = p
        .api
        .post(&cancel, &json!({"reason": "x"}))
        .await
        .expect(409);
    assert_eq!(answer.code(), "ORDER_STATE");
    assert_eq!(
        answer.body["allowed_commands"],
        json!(["add_note", "set_tags"])
    );
    assert_eq!(answer.body["current_version"], 2);
    assert_eq!(answer.body["retryable"], false);
    is_a_problem(&answer);
    let nobody = "/v1/orders/01890000-0000-7000-8000-000000000000/cancel";
    let answer = p
        .api
        .post(nobody, &json!({"reason": "x"}))
        .await
        .expect(404);
    assert_eq!(answer.code(), "ORDER_NOT_FOUND");
    is_a_problem(&answer);
}
