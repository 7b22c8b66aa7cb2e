//! A cursor works where it was given out for, and nowhere else.

use crate::stage::Stage;

const ROWS: &str = "
    INSERT INTO read.order_summary
        (tenant, order_id, total, unit_count, version, position, placed_at, updated_at, line_count,
         hold_count, customer_id, currency, status, payment_status, fulfilment_status, holds, lines)
    SELECT
        'main', md5('order' || n)::uuid, n, n, 1, n, now(), now(), 1,
        0, 'c1', 'EUR', 'placed', 'pending', 'unfulfilled', '[]', '[]'
    FROM generate_series(1, 10) AS n;
    INSERT INTO read.stock_level
        (tenant, location, sku, on_hand, reserved, committed, available, version, position, updated_at)
    SELECT 'main', 'main', 'sku-' || n, n, 0, 0, n, 1, n, now()
    FROM generate_series(1, 10) AS n";

#[tokio::test]
async fn a_changed_cursor_is_refused() {
    let stage = Stage::new().await;
    stage.sql(ROWS).await;
    let page = stage.get("/v1/orders?limit=3").await.expect(200);
    let cursor = page.cursor("next_cursor").unwrap();
    for at in (0..cursor.len()).step_by(5) {
        let mut changed = cursor.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        let answer = stage
            .get(&format!("/v1/orders?limit=3&cursor={changed}"))
            .await;
        let answer = answer.problem(400, "INVALID_CURSOR");
        assert_eq!(answer.body["errors"][0]["pointer"], "query:cursor");
    }
    for wrong in [
        "",
        "x",
        "%00",
        &cursor[..cursor.len() - 4],
        &"A".repeat(9_000),
    ] {
        let answer = stage.get(&format!("/v1/orders?cursor={wrong}")).await;
        answer.problem(400, "INVALID_CURSOR");
    }
}

#[tokio::test]
async fn a_cursor_of_another_list_is_refused() {
    let stage = Stage::new().await;
    stage.sql(ROWS).await;
    let page = stage
        .get("/v1/orders?limit=3&status=placed")
        .await
        .expect(200);
    let orders = page.cursor("next_cursor").unwrap();
    let page = stage.get("/v1/stock?limit=3").await.expect(200);
    let stock = page.cursor("next_cursor").unwrap();
    for path in [
        format!("/v1/orders?cursor={orders}"),
        format!("/v1/orders?status=confirmed&cursor={orders}"),
        format!("/v1/orders?status=placed&currency=EUR&cursor={orders}"),
        format!("/v1/orders?status=placed&sort=placed_at&cursor={orders}"),
        format!("/v1/customers/c1/orders?status=placed&cursor={orders}"),
        format!("/v1/stock?cursor={orders}"),
        format!("/v1/stock?location=main&cursor={stock}"),
        format!("/v1/stock?sku[prefix]=sku&cursor={stock}"),
        format!("/v1/orders?cursor={stock}"),
    ] {
        stage.get(&path).await.problem(400, "CURSOR_MISMATCH");
    }
    // Another size of the page, or the default said aloud, is the same list.
    let same = format!("/v1/orders?limit=7&sort=-placed_at&status=placed&cursor={orders}");
    assert_eq!(stage.get(&same).await.expect(200).items().len(), 7);
}

#[tokio::test]
async fn a_cursor_survives_a_table_made_anew() {
    let stage = Stage::new().await;
    stage.sql(ROWS).await;
    let page = stage.get("/v1/stock?limit=4").await.expect(200);
    let next = page.cursor("next_cursor").unwrap();
    let path = format!("/v1/stock?limit=4&cursor={next}");
    let before = stage.get(&path).await.expect(200);
    stage
        .sql(
            "CREATE TABLE read.fresh (LIKE read.stock_level INCLUDING ALL);
             INSERT INTO read.fresh SELECT * FROM read.stock_level ORDER BY sku DESC;
             DROP TABLE read.stock_level;
             ALTER TABLE read.fresh RENAME TO stock_level",
        )
        .await;
    let after = stage.get(&path).await.expect(200);
    assert_eq!(after.items(), before.items());
}
