//! Products: one, and a list of them.

use super::stage::Stage;
use serde_json::json;

/// `count` products in the read model: each third one is delisted.
async fn fill(stage: &Stage, tenant: &str, count: u32) {
    stage
        .sql(&format!(
            "INSERT INTO read.product_summary
                 (tenant, sku, name, prices, reason, listed_at, delisted_at, updated_at, version,
                  position)
             SELECT
                 '{tenant}', 'P' || lpad(n::text, 3, '0'), 'Product ' || n,
                 '{{\"EUR\": 1999, \"USD\": 2199}}',
                 CASE n % 3 WHEN 0 THEN 'sold out' END, '2010-12-01',
                 CASE n % 3 WHEN 0 THEN '2010-12-02'::timestamptz END, '2010-12-02', 3, 11
             FROM generate_series(1, {count}) AS n"
        ))
        .await;
}

#[tokio::test]
async fn a_product_is_all_there() {
    let stage = Stage::new().await;
    fill(&stage, "main", 3).await;
    fill(&stage, "other", 9).await;
    let answer = stage.get("/v1/products/P003").await.expect(200);
    assert_eq!(answer.header("etag"), Some("\"3\""));
    assert_eq!(
        answer.body,
        json!({
            "sku": "P003",
            "version": 3,
            "name": "Product 3",
            "status": "delisted",
            "prices": [
                {"amount": 1_999, "currency": "EUR"},
                {"amount": 2_199, "currency": "USD"},
            ],
            "reason": "sold out",
            "allowed_commands": ["list"],
            "listed_at": "2010-12-01T00:00:00Z",
            "delisted_at": "2010-12-02T00:00:00Z",
            "updated_at": "2010-12-02T00:00:00Z",
        })
    );
    let missing = stage.get("/v1/products/P004").await.expect(404);
    assert_eq!(missing.body["code"], "PRODUCT_NOT_FOUND");
}

#[tokio::test]
async fn products_are_listed_by_sku_and_by_whether_they_may_be_ordered() {
    let stage = Stage::new().await;
    fill(&stage, "main", 7).await;
    fill(&stage, "other", 9).await;
    let skus = |body: &serde_json::Value| -> Vec<String> {
        let items = body["items"].as_array().unwrap().iter();
        items
            .map(|item| item["sku"].as_str().unwrap().to_owned())
            .collect()
    };
    let all = stage.get("/v1/products").await.expect(200);
    assert_eq!(skus(&all.body).len(), 7);
    let first = stage.get("/v1/products?limit=3&status=listed").await;
    let first = first.expect(200);
    assert_eq!(skus(&first.body), ["P001", "P002", "P004"]);
    let cursor = first.body["next_cursor"].as_str().unwrap();
    let path = format!("/v1/products?limit=3&status=listed&cursor={cursor}");
    let second = stage.get(&path).await.expect(200);
    assert_eq!(skus(&second.body), ["P005", "P007"]);
    let back = second.body["prev_cursor"].as_str().unwrap();
    let path = format!("/v1/products?limit=3&status=listed&cursor={back}");
    let back = stage.get(&path).await.expect(200);
    assert_eq!(skus(&back.body), ["P001", "P002", "P004"]);
    let gone = stage.get("/v1/products?status=delisted").await.expect(200);
    assert_eq!(skus(&gone.body), ["P003", "P006"]);
    stage.get("/v1/products?status=lost").await.expect(400);
}
