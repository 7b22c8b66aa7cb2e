//! Each filter chooses what it says.

use crate::stage::Stage;
use std::collections::BTreeSet;

/// Eight orders that differ in everything that can be asked for.
const ORDERS: &str = "
    INSERT INTO read.order_summary
        (tenant, order_id, total, unit_count, version, position, placed_at, updated_at, line_count,
         hold_count, customer_id, currency, status, payment_status, fulfilment_status, reference,
         holds, lines)
    SELECT
        tenant, id::uuid, total, 1, 1, 1, placed_at::timestamptz, now(), 1, 0, customer, currency,
        status, payment, 'unfulfilled', reference, '[]', '[]'
    FROM (VALUES
        ('main', '0193a000-0000-7000-8000-000000000001', 100, '2010-12-01T00:00Z', 'c1', 'EUR', 'placed', 'pending', 'GB-1'),
        ('main', '0193a000-0000-7000-8000-000000000002', 200, '2010-12-01T01:00Z', 'c1', 'GBP', 'confirmed', 'authorized', 'GB-2'),
        ('main', '0193b000-0000-7000-8000-000000000003', 300, '2010-12-02T00:00Z', 'c2', 'EUR', 'rejected', 'declined', NULL),
        ('main', '0193b000-0000-7000-8000-000000000004', 300, '2010-12-02T00:00Z', 'c2', 'EUR', 'expired', 'voided', '5%_off'),
        ('main', '0193c000-0000-7000-8000-000000000005', 400, '2010-12-03T00:00Z', 'c3', 'JPY', 'cancelling', 'voiding', '5xyoff'),
        ('main', '0193c000-0000-7000-8000-000000000006', 500, '2010-12-03T12:00Z', 'c3', 'EUR', 'cancelled', 'outcome_unknown', 'c1-x'),
        ('main', '0193c000-0000-7000-8000-000000000007', 600, '2010-12-04T00:00Z', 'c10', 'EUR', 'confirmed', 'captured', 'GB-10'),
        ('other', '0193c000-0000-7000-8000-000000000008', 600, '2010-12-04T00:00Z', 'c1', 'EUR', 'confirmed', 'captured', 'GB-1')
    ) AS o (tenant, id, total, placed_at, customer, currency, status, payment, reference)";

#[tokio::test]
async fn every_filter_alone_and_some_together() {
    let stage = Stage::new().await;
    stage.sql(ORDERS).await;
    stage
        .sql(
            "UPDATE read.order_summary SET tags = CASE customer_id WHEN 'c1' THEN '[\"gift\"]'::json
                ELSE '[\"gift\", \"gift-wrap\"]'::json END
             WHERE order_id::text ~ '(2|3|8)$'",
        )
        .await;
    for (query, numbers) in [
        ("", &[1, 2, 3, 4, 5, 6, 7][..]),
        ("status=placed", &[1]),
        ("status=confirmed", &[2, 7]),
        ("status=rejected", &[3]),
        ("status=expired", &[4]),
        ("status=cancelling", &[5]),
        ("status=cancelled", &[6]),
        ("payment_status=pending", &[1]),
        ("payment_status=outcome_unknown", &[6]),
        ("payment_status=capturing", &[]),
        ("fulfilment_status=unfulfilled", &[1, 2, 3, 4, 5, 6, 7]),
        ("fulfilment_status=partially_shipped", &[]),
        ("return_status=none", &[1, 2, 3, 4, 5, 6, 7]),
        ("return_status=open", &[]),
        ("status=completed", &[]),
        ("tag=gift", &[2, 3]),
        ("tag=gift-wrap", &[3]),
        ("tag=nobody", &[]),
        ("tag=gift&customer_id=c1", &[2]),
        ("customer_id=c1", &[1, 2]),
        ("customer_id=c", &[]),
        ("currency=GBP", &[2]),
        ("currency=USD", &[]),
        ("placed_at[gte]=2010-12-02T00:00:00Z", &[3, 4, 5, 6, 7]),
        ("placed_at[lt]=2010-12-02T00:00:00Z", &[1, 2]),
        (
            "placed_at[gte]=2010-12-02T02:00:00%2B02:00&placed_at[lt]=2010-12-03T00:00:00Z",
            &[3, 4],
        ),
        ("placed_at%5Bgte%5D=2010-12-04T00:00:00Z", &[7]),
        ("total[gte]=400", &[5, 6, 7]),
        ("total[lt]=300", &[1, 2]),
        ("total[gte]=300&total[lt]=301&sort=-total", &[3, 4]),
        ("q=0193a000", &[1, 2]),
        ("q=0193B000-0000-7000-8000-000000000003", &[3]),
        ("q=0193", &[1, 2, 3, 4, 5, 6, 7]),
        ("q=c1", &[1, 2, 6, 7]),
        ("q=GB-1", &[1, 7]),
        ("q=gb-1", &[]),
        ("q=5%25", &[4]),
        ("q=5%25_o", &[4]),
        ("q='%20OR%20true%20--", &[]),
        (
            "q=c1&status=confirmed&currency=EUR&payment_status=captured&sort=total",
            &[7],
        ),
    ] {
        let answer = stage.get(&format!("/v1/orders?{query}")).await.expect(200);
        let found: BTreeSet<u32> = answer
            .each("order_id")
            .iter()
            .map(|id| id[id.len() - 1..].parse().unwrap())
            .collect();
        let wanted: BTreeSet<u32> = numbers.iter().copied().collect();
        assert_eq!(found, wanted, "{query}");
    }
}

#[tokio::test]
async fn sorts_put_equal_ones_by_id() {
    let stage = Stage::new().await;
    stage.sql(ORDERS).await;
    for (sort, order) in [
        ("", "7654321"),
        ("sort=-placed_at", "7654321"),
        ("sort=placed_at", "1234567"),
        ("sort=-total", "7654321"),
        ("sort=total", "1234567"),
    ] {
        let answer = stage.get(&format!("/v1/orders?{sort}")).await.expect(200);
        let found: String = answer
            .each("order_id")
            .iter()
            .map(|id| &id[id.len() - 1..])
            .collect();
        assert_eq!(found, order, "{sort}");
    }
}

#[tokio::test]
async fn an_item_has_what_others_rely_on() {
    let stage = Stage::new().await;
    stage.sql(ORDERS).await;
    let answer = stage.get("/v1/orders?q=GB-2").await.expect(200);
    let mut item = answer.items()[0].clone();
    assert!(
        item.as_object_mut()
            .unwrap()
            .remove("updated_at")
            .unwrap()
            .is_string()
    );
    assert_eq!(
        item,
        serde_json::json!({
            "order_id": "0193a000-0000-7000-8000-000000000002",
            "status": "confirmed",
            "payment_status": "authorized",
            "fulfilment_status": "unfulfilled",
            "return_status": "none",
            "customer_id": "c1",
            "reference": "GB-2",
            "total": {"amount": 200, "currency": "GBP"},
            "line_count": 1,
            "unit_count": 1,
            "hold_count": 0,
            "placed_at": "2010-12-01T01:00:00Z",
            "version": 1,
        })
    );
}
