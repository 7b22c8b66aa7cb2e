//! Returns: one, and a list of them.

use super::{
    orders::id,
    stage::{EPOCH, Stage, token},
};
use serde_json::json;
use uuid::Uuid;

fn returned() -> Uuid {
    Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0001)
}

/// `count` returns in the read model, an hour apart: each other one is inspected, the rest requested.
async fn fill(stage: &Stage, tenant: &str, count: u32) {
    stage
        .sql(&format!(
            "INSERT INTO read.return_summary
                 (tenant, return_id, order_id, location, status, amount, refund, currency, reason,
                  tracking_number, requested_at, received_at, inspected_at, updated_at, version,
                  position, received, inspected, lines)
             SELECT
                 '{tenant}', CASE n WHEN 1 THEN '{returned}' ELSE md5('{tenant}' || n)::uuid END,
                 CASE n WHEN 1 THEN '{order}' ELSE md5('order' || n)::uuid END, 'main',
                 CASE n % 2 WHEN 1 THEN 'inspected' ELSE 'requested' END, 510, 255, 'GBP',
                 'too small', 'R1',
                 '2010-12-01'::timestamptz + make_interval(hours => n / 2), '2010-12-02',
                 '2010-12-03', '2010-12-03', 5, 11, '{{\"1\": 2}}',
                 '[{{\"line\": 1, \"restocked\": 0, \"quarantined\": 1, \"refused\": 1, \"reason\": \"worn\"}}]',
                 '[{{\"line\": 1, \"sku\": \"85123A\", \"quantity\": 2, \"unit_price\": 255,
                   \"amount\": 510}}]'
             FROM generate_series(1, {count}) AS n",
            returned = returned(),
            order = id(),
        ))
        .await;
}

#[tokio::test]
async fn a_return_is_all_there() {
    let stage = Stage::new().await;
    fill(&stage, "main", 2).await;
    let path = format!("/v1/returns/{}", returned());
    let answer = stage.get(&path).await.expect(200);
    assert_eq!(answer.header("etag"), Some("\"5\""));
    assert_eq!(
        answer.body,
        json!({
            "return_id": returned(),
            "order_id": id(),
            "version": 5,
            "status": "inspected",
            "location": "main",
            "lines": [{
                "line": 1,
                "sku": "85123A",
                "quantity": 2,
                "unit_price": {"amount": 255, "currency": "GBP"},
                "amount": {"amount": 510, "currency": "GBP"},
                "received": 2,
                "restocked": 0,
                "quarantined": 1,
                "refused": 1,
                "reason": "worn",
            }],
            "amount": {"amount": 510, "currency": "GBP"},
            "refund": {"amount": 255, "currency": "GBP"},
            "reason": "too small",
            "problem": null,
            "tracking_number": "R1",
            "allowed_commands": [],
            "requested_at": "2010-12-01T00:00:00Z",
            "received_at": "2010-12-02T00:00:00Z",
            "inspected_at": "2010-12-03T00:00:00Z",
            "refunded_at": null,
            "ended_at": null,
            "updated_at": "2010-12-03T00:00:00Z",
        })
    );
    let late = token(EPOCH, 99);
    let headers = [("consistency-token", late.as_str()), ("prefer", "wait=0")];
    let answer = stage.get_with(&path, &headers).await;
    answer.problem(503, "READ_MODEL_LAGGING");
    let nobody = format!("/v1/returns/{}", id());
    stage.get(&nobody).await.problem(404, "RETURN_NOT_FOUND");
    let answer = stage.get("/v1/returns/x").await.expect(400);
    assert_eq!(answer.body["errors"][0]["pointer"], "path:return_id");
}

#[tokio::test]
async fn returns_come_in_pages_the_oldest_first() {
    let stage = Stage::new().await;
    fill(&stage, "main", 25).await;
    fill(&stage, "other", 5).await;
    for (query, count) in [
        ("limit=4".to_owned(), 25),
        ("limit=4&status=requested".to_owned(), 12),
        ("limit=4&status=closed".to_owned(), 0),
        (format!("limit=4&order_id={}", id()), 1),
    ] {
        let path = format!("/v1/returns?{query}");
        let mut page = stage.get(&path).await.expect(200);
        let mut found = vec![];
        loop {
            let keys = page.items().iter().map(|item| {
                (
                    item["requested_at"].to_string(),
                    item["return_id"].to_string(),
                )
            });
            found.extend(keys);
            let Some(cursor) = page.cursor("next_cursor") else {
                break;
            };
            page = stage
                .get(&format!("{path}&cursor={cursor}"))
                .await
                .expect(200);
        }
        assert_eq!(found.len(), count, "{query}");
        assert!(found.is_sorted(), "{query}: {found:?}");
    }
    let answer = stage.get("/v1/returns?status=gone").await;
    answer.problem(400, "INVALID_QUERY");
}
