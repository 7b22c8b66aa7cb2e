//! What became of an order from one moment to another.

use crate::{
    history::history,
    orders::{id, order, placed},
    stage::{Stage, order_stream},
};
use chrono::{SecondsFormat, TimeDelta};
use domain::order::NoteAdded;
use serde_json::{Value, json};
use store::Clock;
use uuid::Uuid;

async fn diff(stage: &Stage, query: &str) -> Value {
    let path = format!("/v1/orders/{}/diff?{query}", id());
    stage.get(&path).await.expect(200).body
}

fn paths(diff: &Value) -> Vec<&str> {
    let changes = diff["changes"].as_array().unwrap();
    changes
        .iter()
        .map(|change| change["path"].as_str().unwrap())
        .collect()
}

fn types(diff: &Value) -> Vec<&str> {
    let events = diff["events"].as_array().unwrap();
    events
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn fields_and_events_between_two_versions() {
    let stage = Stage::new().await;
    history(&stage).await;
    let body = diff(&stage, "from=2&to=4").await;
    assert_eq!(body["order_id"], json!(id()));
    let from = json!({"version": 2, "time": null, "position": 3, "is_current": false});
    let to = json!({"version": 4, "time": null, "position": 5, "is_current": true});
    assert_eq!((&body["from"], &body["to"]), (&from, &to));
    assert_eq!(
        paths(&body),
        ["/allowed_commands", "/holds", "/status", "/updated_at"]
    );
    assert_eq!(
        body["changes"][1],
        json!({
            "path": "/holds",
            "before": [{"hold": "fraud-check", "reason": "looks odd"}],
            "after": [],
        })
    );
    assert_eq!(
        body["changes"][2],
        json!({"path": "/status", "before": "placed", "after": "confirmed"})
    );
    assert_eq!(types(&body), ["HoldReleased", "OrderConfirmed"]);
    let event = &body["events"][0];
    assert_eq!(
        (&event["version"], &event["position"]),
        (&json!(3), &json!(4))
    );
    assert_eq!(event["actor"], "test");
    assert_eq!(event["data"]["hold"], "fraud-check");
    assert_eq!(body["events_left_off"], 0);
    // Nothing became of it from now to now.
    let body = diff(&stage, "from=4").await;
    assert_eq!((paths(&body), types(&body)), (vec![], vec![]));
}

#[tokio::test]
async fn what_happened_beside_the_order_is_in_between_too() {
    let stage = Stage::new().await;
    history(&stage).await;
    let ago = |minutes: i64| {
        let time = stage.clock.now() - TimeDelta::minutes(minutes);
        time.to_rfc3339_opts(SecondsFormat::Micros, true)
    };
    // The authorization came three hours ago.
    let body = diff(&stage, &format!("from={}&to={}", ago(210), ago(150))).await;
    assert_eq!(paths(&body), ["/payment_status", "/updated_at"]);
    assert_eq!(types(&body), ["PaymentAuthorized"]);
    // A time and a version.
    let body = diff(&stage, &format!("from={}&to=3", ago(210))).await;
    assert_eq!(types(&body), ["PaymentAuthorized", "HoldReleased"]);
    let body = diff(&stage, &format!("from=1&to={}", ago(90))).await;
    let all = ["HoldPlaced", "PaymentAuthorized", "HoldReleased"];
    assert_eq!(types(&body), all);
}

#[tokio::test]
async fn moments_that_cannot_be_are_named() {
    let stage = Stage::new().await;
    history(&stage).await;
    let soon = "2100-01-01T00:00:00Z";
    for (query, status, code, parameter) in [
        ("", 400, "INVALID_QUERY", "from"),
        ("?from=0", 400, "INVALID_QUERY", "from"),
        ("?from=-1", 400, "INVALID_QUERY", "from"),
        ("?from=yesterday", 400, "INVALID_QUERY", "from"),
        ("?from=1&to=0", 400, "INVALID_QUERY", "to"),
        ("?from=1&to=now", 400, "INVALID_QUERY", "to"),
        ("?from=3&to=2", 400, "INVALID_QUERY", "to"),
        (&format!("?from={soon}&to=2"), 400, "INVALID_QUERY", "to"),
        ("?from=1&to=1&until=3", 400, "INVALID_QUERY", "until"),
        ("?from=5", 404, "VERSION_NOT_FOUND", "from"),
        ("?from=1&to=5", 404, "VERSION_NOT_FOUND", "to"),
        (
            "?from=2000-01-01T00:00:00Z",
            404,
            "ORDER_NOT_YET_PLACED",
            "from",
        ),
    ] {
        let path = format!("/v1/orders/{}/diff{query}", id());
        let answer = stage.get(&path).await.problem(status, code);
        let pointer = format!("query:{parameter}");
        assert_eq!(answer.body["errors"][0]["pointer"], *pointer, "{query}");
    }
    let nobody = "/v1/orders/0193a000-0000-7000-8000-00000000ffff/diff?from=1";
    stage.get(nobody).await.problem(404, "ORDER_NOT_FOUND");
}

#[tokio::test]
async fn of_many_events_the_first_are_told() {
    let stage = Stage::new().await;
    let note = |nr: u128| {
        order(NoteAdded {
            order_id: id(),
            note_id: Uuid::from_u128(nr),
            text: format!("note {nr}"),
        })
    };
    let mut events = vec![order(placed())];
    events.extend((2..=1_200).map(note));
    stage.append(order_stream(id()), 0, events).await;
    let body = diff(&stage, "from=1").await;
    let told = body["events"].as_array().unwrap();
    assert_eq!((told.len(), &body["events_left_off"]), (1_000, &json!(199)));
    assert_eq!(told[999]["version"], 1_001);
    // All were recorded at once, and notes change no field.
    assert!(paths(&body).is_empty());
}
