//! An order as it was.

use crate::{
    orders::{authorized, brief, id, order, placed},
    stage::{EPOCH, Stage, order_stream, payment_stream, token},
};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use domain::{
    Event, StreamId, TenantId,
    order::{HoldPlaced, HoldReleased, NoteAdded, OrderConfirmed},
};
use serde_json::json;
use store::Clock;
use uuid::Uuid;

/// Placed (1), held (2), authorized, released (3), confirmed (4): an hour each, the last an hour ago.
pub async fn history(stage: &Stage) {
    let hold = || "fraud-check".to_owned();
    let order_events: [(i64, Event); 4] = [
        (5, order(placed())),
        (
            4,
            order(HoldPlaced {
                order_id: id(),
                hold: hold(),
                reason: "looks odd".into(),
            }),
        ),
        (
            2,
            order(HoldReleased {
                order_id: id(),
                hold: hold(),
            }),
        ),
        (1, order(OrderConfirmed { order: brief() })),
    ];
    for (version, (hours_ago, event)) in (0..).zip(order_events) {
        if hours_ago == 2 {
            stage.clock.set_ahead(TimeDelta::hours(-3));
            stage
                .append(payment_stream(id()), 0, vec![authorized()])
                .await;
        }
        stage.clock.set_ahead(TimeDelta::hours(-hours_ago));
        stage.append(order_stream(id()), version, vec![event]).await;
    }
    stage.clock.set_ahead(TimeDelta::zero());
}

async fn at(stage: &Stage, query: &str) -> (u64, String, String, usize) {
    let answer = stage
        .get(&format!("/v1/orders/{}?{query}", id()))
        .await
        .expect(200);
    assert_eq!(answer.header("served-from"), Some("stream"), "{query}");
    let version = answer.body["version"].as_u64().unwrap();
    assert_eq!(
        answer.header("etag"),
        Some(format!("\"{version}\"").as_str())
    );
    let text = |name: &str| answer.body[name].as_str().unwrap().to_owned();
    let holds = answer.body["holds"].as_array().unwrap().len();
    (version, text("status"), text("payment_status"), holds)
}

fn was(version: u64, status: &str, payment: &str, holds: usize) -> (u64, String, String, usize) {
    (version, status.to_owned(), payment.to_owned(), holds)
}

#[tokio::test]
async fn an_order_as_it_was_at_each_version() {
    let stage = Stage::new().await;
    history(&stage).await;
    for (version, wanted) in [
        (1, was(1, "placed", "pending", 0)),
        // The authorization came while it was at that version.
        (2, was(2, "placed", "authorized", 1)),
        (3, was(3, "placed", "authorized", 0)),
        (4, was(4, "confirmed", "authorized", 0)),
    ] {
        assert_eq!(at(&stage, &format!("version={version}")).await, wanted);
    }
    let answer = stage.get(&format!("/v1/orders/{}?version=5", id())).await;
    let answer = answer.problem(404, "VERSION_NOT_FOUND");
    assert_eq!(answer.body["current_version"], 4);
    assert_eq!(answer.body["errors"][0]["pointer"], "query:version");
}

#[tokio::test]
async fn an_order_as_it_was_at_each_time() {
    let stage = Stage::new().await;
    history(&stage).await;
    let ago = |minutes: i64| -> String {
        let time: DateTime<Utc> = stage.clock.now() - TimeDelta::minutes(minutes);
        format!(
            "as_of={}",
            time.to_rfc3339_opts(SecondsFormat::Micros, true)
        )
    };
    for (minutes, wanted) in [
        (270, was(1, "placed", "pending", 0)),
        (210, was(2, "placed", "pending", 1)),
        (150, was(2, "placed", "authorized", 1)),
        (90, was(3, "placed", "authorized", 0)),
        (30, was(4, "confirmed", "authorized", 0)),
    ] {
        assert_eq!(
            at(&stage, &ago(minutes)).await,
            wanted,
            "{minutes} minutes ago"
        );
    }
    let answer = stage
        .get(&format!("/v1/orders/{}?{}", id(), ago(330)))
        .await;
    let answer = answer.problem(404, "ORDER_NOT_YET_PLACED");
    assert_eq!(answer.body["errors"][0]["pointer"], "query:as_of");
}

#[tokio::test]
async fn an_order_as_it_was_says_as_of_when() {
    let stage = Stage::new().await;
    history(&stage).await;
    let as_of = async |query: &str| {
        let path = format!("/v1/orders/{}?{query}", id());
        stage.get(&path).await.expect(200).body["as_of"].clone()
    };
    // The third event of all is the payment's.
    let second = json!({"version": 2, "time": null, "position": 3, "is_current": false});
    assert_eq!(as_of("version=2").await, second);
    let last = json!({"version": 4, "time": null, "position": 5, "is_current": true});
    assert_eq!(as_of("version=4").await, last);
    let at = json!({
        "version": 4, "time": "2100-01-01T00:00:00Z", "position": 5, "is_current": true,
    });
    assert_eq!(as_of("as_of=2100-01-01T00:00:00Z").await, at);
}

#[tokio::test]
async fn what_another_shop_sold_was_never_there() {
    let stage = Stage::new().await;
    let theirs = StreamId::order(&TenantId::parse("other").unwrap(), id());
    stage.append(theirs, 0, vec![order(placed())]).await;
    for path in ["?version=1", "?as_of=2100-01-01T00:00:00Z", "/diff?from=1"] {
        let answer = stage.get(&format!("/v1/orders/{}{path}", id())).await;
        answer.problem(404, "ORDER_NOT_FOUND");
    }
}

#[tokio::test]
async fn a_long_stream_is_folded_to_its_end() {
    let stage = Stage::new().await;
    let hold = |nr: i64| {
        order(HoldPlaced {
            order_id: id(),
            hold: format!("hold-{nr}"),
            reason: "one of many".into(),
        })
    };
    let mut events = vec![order(placed())];
    events.extend((1..2_500).map(hold));
    stage.append(order_stream(id()), 0, events).await;
    for version in [1, 999, 1_000, 1_001, 2_000, 2_500] {
        let (folded, _, _, holds) = at(&stage, &format!("version={version}")).await;
        assert_eq!(
            (folded, holds),
            (version, usize::try_from(version).unwrap() - 1)
        );
    }
}

#[tokio::test]
async fn no_more_is_folded_than_may_be() {
    let stage = Stage::new().await;
    let note = |nr: u128| {
        order(NoteAdded {
            order_id: id(),
            note_id: Uuid::from_u128(nr),
            text: "one of many".into(),
        })
    };
    let mut events = vec![order(placed())];
    events.extend((1..=10_000).map(note));
    let last = stage.append(order_stream(id()), 0, events).await;
    let path = format!("/v1/orders/{}", id());
    let early = stage
        .get(&format!("{path}?version=10000"))
        .await
        .expect(200);
    assert_eq!(early.body["version"], 10_000);
    for (query, parameter) in [
        ("?version=10001", "query:version"),
        ("?as_of=2100-01-01T00:00:00Z", "query:as_of"),
        ("/diff?from=10001", "query:from"),
        ("/diff?from=1&to=10001", "query:to"),
    ] {
        let answer = stage.get(&format!("{path}{query}")).await;
        let answer = answer.problem(422, "HISTORY_TOO_LONG");
        assert_eq!(answer.body["errors"][0]["pointer"], parameter, "{query}");
    }
    // Nobody has said that it is to be up to now, so no parameter is wrong.
    let answer = stage.get(&format!("{path}/diff?from=1")).await;
    let answer = answer.problem(422, "HISTORY_TOO_LONG");
    assert_eq!(answer.body["errors"], json!(null));
    // As it is, it comes from the read model, whenever that has it.
    let token = token(EPOCH, last.get().unsigned_abs());
    let headers = [("consistency-token", token.as_str()), ("prefer", "wait=0")];
    let answer = stage.get_with(&path, &headers).await;
    answer.problem(503, "READ_MODEL_LAGGING");
}
