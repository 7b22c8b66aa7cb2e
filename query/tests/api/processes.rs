//! Where orders are on their way.

use crate::{
    freshness::placed,
    stage::{Answer, EPOCH, Stage, order_stream, token},
};
use domain::{
    Event, OrderId,
    order::{HoldPlaced, OrderEvent},
};
use serde_json::{Value, json};
use uuid::Uuid;

/// Five orders: one waits for packing and is overdue, one is to be delivered in time, one is parked, one
/// has ended, one is another shop's.
async fn fill(stage: &Stage) {
    stage
        .sql(
            r#"INSERT INTO read.order_process
                 (tenant, order_id, stage, started_at, due_at, parked, position, updated_at, process)
             SELECT
                 tenant, ('0193a000-0000-7000-8000-00000000000' || n)::uuid, stage,
                 '2010-12-01'::timestamptz + make_interval(hours => n), due::timestamptz, parked, n,
                 '2010-12-02',
                 json_build_object(
                     'order_id', '0193a000-0000-7000-8000-00000000000' || n, 'status', status,
                     'started_at', '2010-12-01T00:00:00Z', 'reserved', true, 'parked', '[]'::json,
                     'expected', CASE WHEN what IS NULL THEN '[]'::json ELSE json_build_array(
                         json_build_object(
                             'what', what, 'of', 'x', 'who', who, 'since', '2010-12-02T00:00:00Z',
                             'until', due
                         )
                     ) END
                 )
             FROM (VALUES
                 ('main', 1, 'packing', 'confirmed', 'packing', 'warehouse', '2010-12-04T00:00:00Z', NULL),
                 ('main', 2, 'delivering', 'confirmed', 'delivery', 'carrier', '2999-01-01T00:00:00Z', NULL),
                 ('main', 3, 'paying', 'placed', 'authorization', 'operator', NULL, 'nobody knows'),
                 ('main', 4, 'ended', 'completed', NULL, NULL, NULL, NULL),
                 ('main', 5, 'charging', 'confirmed', 'capture', 'provider', '2010-12-03T00:00:00Z', NULL),
                 ('other', 6, 'packing', 'confirmed', 'packing', 'warehouse', '2010-12-03T00:00:00Z', NULL)
             ) AS p (tenant, n, stage, status, what, who, due, parked)"#,
        )
        .await;
    for (position, kind, data) in [
        (1, "OrderPlaced", "{}"),
        (2, "StockReserved", "{}"),
        (3, "PaymentDeclined", r#"{"code":"insufficient_funds"}"#),
        (4, "OrderConfirmed", "{}"),
    ] {
        stage
            .sql(&format!(
                "INSERT INTO read.order_timeline
                     (tenant, order_id, position, version, occurred_at, recorded_at, event_id,
                      command_id, correlation_id, stream, type, actor, data)
                 VALUES
                     ('main', '0193a000-0000-7000-8000-000000000001', {position}, 1, '2010-12-01',
                      '2010-12-02', gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 's',
                      '{kind}', 'api', '{data}')"
            ))
            .await;
    }
}

/// The last digits of the orders, page by page.
async fn all(stage: &Stage, state: &str) -> String {
    let path = format!("/v1/processes?limit=1&{state}");
    let mut page = stage.get(&path).await.expect(200);
    let mut found = String::new();
    loop {
        let ids = page.each("order_id");
        found.extend(ids.iter().filter_map(|id| id.chars().last()));
        let Some(cursor) = page.cursor("next_cursor") else {
            return found;
        };
        page = stage
            .get(&format!("{path}&cursor={cursor}"))
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn what_hangs_is_listed_by_how_it_hangs() {
    let stage = Stage::new().await;
    fill(&stage).await;
    assert_eq!(all(&stage, "state=open").await, "1235");
    assert_eq!(all(&stage, "").await, "1235");
    assert_eq!(all(&stage, "state=overdue").await, "51");
    assert_eq!(all(&stage, "state=parked").await, "3");
    let overdue = stage.get("/v1/processes?state=overdue").await.expect(200);
    assert_eq!(
        overdue.items()[1],
        json!({
            "order_id": "0193a000-0000-7000-8000-000000000001",
            "status": "confirmed",
            "stage": "packing",
            "expected": [{
                "what": "packing", "of": "x", "who": "warehouse",
                "since": "2010-12-02T00:00:00Z", "until": "2010-12-04T00:00:00Z", "overdue": true,
            }],
            "due_at": "2010-12-04T00:00:00Z",
            "overdue": true,
            "parked": null,
            "given_up": [],
            "started_at": "2010-12-01T01:00:00Z",
            "updated_at": "2010-12-02T00:00:00Z",
        })
    );
    let parked = stage.get("/v1/processes?state=parked").await.expect(200);
    assert_eq!(parked.items()[0]["parked"], "nobody knows");
    assert_eq!(parked.items()[0]["overdue"], false);
    stage
        .get("/v1/processes?state=lost")
        .await
        .problem(400, "INVALID_QUERY");
    let page = stage
        .get("/v1/processes?state=open&limit=1")
        .await
        .expect(200);
    let cursor = page.cursor("next_cursor").unwrap();
    let other = stage
        .get(&format!("/v1/processes?state=parked&cursor={cursor}"))
        .await;
    other.problem(400, "CURSOR_MISMATCH");
}

#[tokio::test]
async fn lists_of_what_hangs_are_scans_of_an_index() {
    let stage = Stage::new().await;
    fill(&stage).await;
    let mut connection = stage.connection().await;
    // A table this small is read as a whole and sorted, if that may be.
    for way in ["seqscan", "bitmapscan", "sort"] {
        let off = sqlx::AssertSqlSafe(format!("SET enable_{way} = off"));
        sqlx::query(off).execute(&mut connection).await.unwrap();
    }
    for (condition, index) in [
        (
            "stage <> 'ended' ORDER BY started_at, order_id",
            "order_process_open",
        ),
        (
            "due_at IS NOT NULL AND due_at < now() ORDER BY due_at, order_id",
            "order_process_due",
        ),
        (
            "parked IS NOT NULL ORDER BY started_at, order_id",
            "order_process_parked",
        ),
    ] {
        let plan: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "EXPLAIN SELECT order_id FROM read.order_process WHERE tenant = 'main' AND {condition}"
        )))
        .fetch_all(&mut connection)
        .await
        .unwrap();
        let plan = plan.join("\n");
        assert!(plan.contains(index), "{plan}");
        assert!(!plan.contains("Sort"), "{plan}");
    }
}

#[tokio::test]
async fn an_order_tells_what_happened_and_what_is_next() {
    let stage = Stage::new().await;
    fill(&stage).await;
    let path = |nr: u32| format!("/v1/orders/0193a000-0000-7000-8000-00000000000{nr}/process");
    let answer: Answer = stage.get(&path(1)).await.expect(200);
    let happened: Vec<&Value> = answer.body["milestones"]
        .as_array()
        .unwrap()
        .iter()
        .map(|milestone| &milestone["type"])
        .collect();
    assert_eq!(
        happened,
        ["OrderPlaced", "PaymentDeclined", "OrderConfirmed"]
    );
    assert_eq!(
        answer.body["milestones"][0],
        json!({
            "type": "OrderPlaced", "actor": "api", "reason": null,
            "at": "2010-12-02T00:00:00Z", "position": 1,
        })
    );
    assert_eq!(answer.body["milestones"][1]["reason"], "insufficient_funds");
    assert_eq!(answer.body["stage"], "packing");
    assert_eq!(answer.body["overdue"], true);
    assert_eq!(answer.body["as_of"]["position"], 0);
    let ended = stage.get(&path(4)).await.expect(200);
    assert_eq!(ended.body["expected"], json!([]));
    stage.get(&path(6)).await.problem(404, "ORDER_NOT_FOUND");
}

/// What the read models do not have yet is read from the store, and folded on.
#[tokio::test]
async fn an_order_tells_of_a_write_that_the_read_models_do_not_have_yet() {
    let stage = Stage::new().await;
    let id = OrderId::new(Uuid::now_v7());
    let other = OrderId::new(Uuid::now_v7());
    stage
        .append(order_stream(other), 0, vec![placed(other)])
        .await;
    stage.append(order_stream(id), 0, vec![placed(id)]).await;
    let hold = OrderEvent::HoldPlaced(HoldPlaced {
        order_id: id,
        hold: "fraud-check".into(),
        reason: "odd".into(),
    });
    let position = stage
        .append(order_stream(id), 1, vec![Event::Order(hold)])
        .await;
    let token = token(EPOCH, position.get().unsigned_abs());
    let headers = [("consistency-token", token.as_str()), ("prefer", "wait=0")];
    let path = format!("/v1/orders/{id}/process");
    let answer = stage.get_with(&path, &headers).await.expect(200);
    assert_eq!(answer.header("served-from"), Some("stream"));
    let body = &answer.body;
    assert_eq!(
        (&body["status"], &body["stage"]),
        (&json!("placed"), &json!("reserving"))
    );
    assert_eq!(body["expected"][0]["what"], "reservation");
    assert_eq!(body["expected"][1]["of"], "fraud-check");
    assert_eq!(body["milestones"][1]["type"], "HoldPlaced");
    assert_eq!(body["milestones"][1]["reason"], "fraud-check: odd");
    assert_eq!(body["milestones"].as_array().unwrap().len(), 2);
    assert_eq!(body["as_of"]["position"], position.get());
    let unknown = format!("/v1/orders/{}/process", Uuid::now_v7());
    let answer = stage.get_with(&unknown, &headers).await;
    answer.problem(404, "ORDER_NOT_FOUND");
    // Without the token it is simply not there yet.
    stage.get(&path).await.problem(404, "ORDER_NOT_FOUND");
}
