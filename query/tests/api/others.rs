//! Timeline, stock, customers and sales.

use crate::stage::{Answer, Stage};
use serde_json::{Value, json};

const ID: &str = "0193a000-0000-7000-8000-000000000001";

async fn all(stage: &Stage, path: &str, cursor: &str) -> (Vec<Value>, Answer) {
    let mut items = vec![];
    let mut page = stage.get(path).await.expect(200);
    loop {
        items.extend(page.items().iter().cloned());
        let Some(next) = page.cursor(cursor) else {
            return (items, page);
        };
        page = stage
            .get(&format!("{path}&cursor={next}"))
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn a_timeline_says_who_when_and_why_in_pages() {
    let stage = Stage::new().await;
    stage
        .sql(&format!(
            "INSERT INTO read.order_timeline
                 (tenant, order_id, position, version, occurred_at, recorded_at, event_id,
                  command_id, correlation_id, causation_id, stream, type, actor, data)
             SELECT
                 tenant, '{ID}', n * 10, n, '2010-12-01', '2010-12-02',
                 '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002',
                 '00000000-0000-0000-0000-000000000003', NULL, 'order-main.{ID}', 'NoteAdded',
                 'api', json_build_object('text', 'note ' || n)
             FROM generate_series(1, 25) AS n, (VALUES ('main'), ('other')) AS t (tenant)"
        ))
        .await;
    let path = format!("/v1/orders/{ID}/events?limit=10");
    let (items, last) = all(&stage, &path, "next_cursor").await;
    let positions: Vec<i64> = items
        .iter()
        .map(|item| item["position"].as_i64().unwrap())
        .collect();
    assert_eq!(positions, (1..=25).map(|n| n * 10).collect::<Vec<_>>());
    assert_eq!(
        items[2],
        json!({
            "position": 30,
            "type": "NoteAdded",
            "actor": "api",
            "occurred_at": "2010-12-01T00:00:00Z",
            "recorded_at": "2010-12-02T00:00:00Z",
            "event_id": "00000000-0000-0000-0000-000000000001",
            "stream": format!("order-main.{ID}"),
            "version": 3,
            "command_id": "00000000-0000-0000-0000-000000000002",
            "causation_id": null,
            "correlation_id": "00000000-0000-0000-0000-000000000003",
            "data": {"text": "note 3"},
        })
    );
    let back = last.cursor("prev_cursor").unwrap();
    let back = stage
        .get(&format!("{path}&cursor={back}"))
        .await
        .expect(200);
    assert_eq!(back.items(), &items[10..20]);
    let other = stage
        .get(&format!("/v1/orders/{}/events", ID.replace("01", "02")))
        .await;
    other.problem(404, "ORDER_NOT_FOUND");
}

#[tokio::test]
async fn stock_by_sku_and_location() {
    let stage = Stage::new().await;
    stage
        .sql(
            "INSERT INTO read.stock_level
                 (tenant, location, sku, on_hand, reserved, committed, available, version, position,
                  updated_at)
             SELECT tenant, location, sku, 10, 3, 2, 5, 4, 9, '2010-12-01'
             FROM (VALUES ('main'), ('other')) AS t (tenant),
                  (VALUES ('east'), ('main')) AS l (location),
                  (VALUES ('10002'), ('85123A'), ('85123B'), ('a b%'), ('a b_c')) AS s (sku)",
        )
        .await;
    let (items, _) = all(&stage, "/v1/stock?limit=3", "next_cursor").await;
    let names = |items: &[Value]| -> Vec<String> {
        let name = |item: &Value| {
            format!(
                "{}@{}",
                item["sku"].as_str().unwrap(),
                item["location"].as_str().unwrap()
            )
        };
        items.iter().map(name).collect()
    };
    assert_eq!(items.len(), 10);
    assert!(names(&items).is_sorted());
    assert_eq!(
        items[3],
        json!({
            "sku": "85123A", "location": "main", "on_hand": 10, "reserved": 3, "committed": 2,
            "available": 5, "free": 5, "quarantined": 0, "backordered": 0, "backorder_limit": 0,
            "version": 4, "updated_at": "2010-12-01T00:00:00Z",
        })
    );
    for (query, found) in [
        (
            "location=east&sku[prefix]=8",
            &["85123A@east", "85123B@east"][..],
        ),
        ("sku[prefix]=85123A", &["85123A@east", "85123A@main"]),
        ("sku[prefix]=a%20b%25", &["a b%@east", "a b%@main"]),
        ("sku[prefix]=~", &[]),
        ("location=west", &[]),
    ] {
        let (items, _) = all(&stage, &format!("/v1/stock?{query}&limit=1"), "next_cursor").await;
        assert_eq!(names(&items), found, "{query}");
    }
    let sku = stage.get("/v1/stock/85123A").await.expect(200).body;
    assert_eq!(sku["sku"], "85123A");
    assert_eq!(sku["on_hand"], 20);
    assert_eq!(sku["reserved"], 6);
    assert_eq!(sku["committed"], 4);
    assert_eq!(sku["available"], 10);
    assert_eq!(sku["free"], 10);
    assert_eq!(
        names(sku["locations"].as_array().unwrap()),
        ["85123A@east", "85123A@main"]
    );
    assert_eq!(sku["as_of"]["position"], 0);
}

const SALES: &str = "(orders, amount, confirmed_orders, confirmed_amount, cancelled_orders,
    cancelled_amount, rejected_orders, rejected_amount, expired_orders, expired_amount, completed_orders,
    completed_amount, position,
    updated_at, tenant, currency";

fn worth(orders: i64, amount: i64, currency: &str) -> Value {
    json!({"orders": orders, "total": {"amount": amount, "currency": currency}})
}

#[tokio::test]
async fn a_customer_by_currency() {
    let stage = Stage::new().await;
    stage
        .sql(&format!(
            "INSERT INTO read.customer_summary {SALES}, customer_id, first_order_at, last_order_at)
             VALUES
                 (10, 1000, 4, 400, 1, 50, 2, 150, 1, 100, 3, 350, 7, now(), 'main', 'GBP', 'c1', '2010-12-02', '2010-12-03'),
                 (1, 99, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, now(), 'main', 'EUR', 'c1', '2010-12-01', '2010-12-01'),
                 (5, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, now(), 'other', 'EUR', 'c1', '2009-12-01', '2009-12-01'),
                 (3, 3e20, 3, 3e20, 0, 0, 0, 0, 0, 0, 3, 3e20, 7, now(), 'main', 'EUR', 'c2', '2009-12-01', '2009-12-01')"
        ))
        .await;
    let mut customer = stage.get("/v1/customers/c1").await.expect(200).body;
    assert!(customer.as_object_mut().unwrap().remove("as_of").is_some());
    assert_eq!(
        customer,
        json!({
            "customer_id": "c1",
            "version": 0,
            "name": null,
            "email": null,
            "phone": null,
            "erased": false,
            "orders": 11,
            "first_order_at": "2010-12-01T00:00:00Z",
            "last_order_at": "2010-12-03T00:00:00Z",
            "currencies": [
                {
                    "currency": "EUR", "orders": 1, "total": {"amount": 99, "currency": "EUR"},
                    "confirmed": worth(0, 0, "EUR"), "completed": worth(0, 0, "EUR"), "cancelled": worth(0, 0, "EUR"),
                    "rejected": worth(0, 0, "EUR"), "expired": worth(0, 0, "EUR"),
                    "open": worth(1, 99, "EUR"),
                    "first_order_at": "2010-12-01T00:00:00Z", "last_order_at": "2010-12-01T00:00:00Z",
                },
                {
                    "currency": "GBP", "orders": 10, "total": {"amount": 1000, "currency": "GBP"},
                    "confirmed": worth(4, 400, "GBP"), "completed": worth(3, 350, "GBP"), "cancelled": worth(1, 50, "GBP"),
                    "rejected": worth(2, 150, "GBP"), "expired": worth(1, 100, "GBP"),
                    "open": worth(2, 300, "GBP"),
                    "first_order_at": "2010-12-02T00:00:00Z", "last_order_at": "2010-12-03T00:00:00Z",
                },
            ],
        })
    );
    // More than 64 bits hold.
    let much = stage.get("/v1/customers/c2").await.expect(200).body;
    assert_eq!(much["currencies"][0]["confirmed"]["total"]["amount"], 3e20);
}

#[tokio::test]
async fn sales_by_day_and_currency_with_totals() {
    let stage = Stage::new().await;
    stage
        .sql(&format!(
            "INSERT INTO read.sales_daily {SALES}, day, lines, units, gross, discount, tax)
             SELECT
                 10, 1000, 4, 400, 1, 50, 2, 150, 1, 100, 3, 350, 7, now(), tenant, currency,
                 '2010-12-01'::date + n, 20, 30, 1100, 200, 100
             FROM generate_series(0, 2) AS n, (VALUES ('GBP'), ('EUR')) AS c (currency),
                  (VALUES ('main'), ('other')) AS t (tenant)"
        ))
        .await;
    let report = stage.get("/v1/reports/sales").await.expect(200);
    let eur = |amount: i64| json!({"amount": amount, "currency": "EUR"});
    assert_eq!(report.items().len(), 6);
    assert_eq!(
        report.items()[0],
        json!({
            "day": "2010-12-01", "currency": "EUR", "orders": 10, "lines": 20, "units": 30,
            "total": {"amount": 1000, "currency": "EUR"},
            "confirmed": worth(4, 400, "EUR"), "completed": worth(3, 350, "EUR"), "cancelled": worth(1, 50, "EUR"),
            "rejected": worth(2, 150, "EUR"), "expired": worth(1, 100, "EUR"),
            "open": worth(2, 300, "EUR"),
            "gross": eur(1_100), "discount": eur(200), "tax": eur(100), "net": eur(900),
        })
    );
    let totals = report.body["totals"].as_array().unwrap();
    assert_eq!(totals.len(), 2);
    assert_eq!(totals[1]["currency"], "GBP");
    assert_eq!(totals[1]["total"]["amount"], 3_000);
    assert_eq!(totals[1]["lines"], 60);
    assert_eq!(totals[1]["units"], 90);
    let of_totals = ["gross", "discount", "tax", "net"].map(|name| &totals[1][name]["amount"]);
    assert_eq!(of_totals, [3_300, 600, 300, 2_700]);
    assert_eq!(totals[1]["open"], worth(6, 900, "GBP"));

    for (query, days) in [
        ("from=2010-12-02", &["2010-12-02", "2010-12-03"][..]),
        ("to=2010-12-02", &["2010-12-01", "2010-12-02"]),
        ("from=2010-12-02&to=2010-12-02", &["2010-12-02"]),
        ("from=2011-01-01", &[]),
    ] {
        let report = stage
            .get(&format!("/v1/reports/sales?currency=GBP&{query}"))
            .await;
        assert_eq!(report.expect(200).each("day"), days, "{query}");
    }
}

#[tokio::test]
async fn payments_by_day_and_currency_with_totals() {
    let stage = Stage::new().await;
    stage
        .sql(
            "INSERT INTO read.payments_daily
                 (captures, captured_amount, refunds, refunded_amount, lost_disputes, lost_amount,
                  position, updated_at, tenant, currency, day)
             SELECT 3, 300, 2, 120, 1, 100000000000000000000, 7, now(), tenant, currency,
                    '2010-12-01'::date + n
             FROM generate_series(0, 2) AS n, (VALUES ('GBP'), ('EUR')) AS c (currency),
                  (VALUES ('main'), ('other')) AS t (tenant)",
        )
        .await;
    let report = stage.get("/v1/reports/payments?to=2010-12-01").await;
    let report = report.expect(200);
    assert_eq!(report.each("currency"), ["EUR", "GBP"]);
    let first = &report.items()[0];
    assert_eq!(first["day"], "2010-12-01");
    let moved = |count: i64, amount: i64| json!({"count": count, "total": {"amount": amount, "currency": "EUR"}});
    assert_eq!(first["captured"], moved(3, 300));
    assert_eq!(first["refunded"], moved(2, 120));
    assert_eq!(first["lost"]["count"], 1);
    // More than 64 bits hold.
    assert_eq!(first["net"]["amount"], -1e20);
    let report = stage
        .get("/v1/reports/payments?currency=GBP&from=2010-12-02")
        .await;
    let report = report.expect(200);
    assert_eq!(report.each("day"), ["2010-12-02", "2010-12-03"]);
    let totals = report.body["totals"].as_array().unwrap();
    assert_eq!(totals.len(), 1);
    assert_eq!(totals[0]["captured"]["count"], 6);
    assert_eq!(totals[0]["captured"]["total"]["amount"], 600);
    assert_eq!(totals[0]["refunded"]["total"]["amount"], 240);
}

#[tokio::test]
async fn a_report_is_bounded() {
    let stage = Stage::new().await;
    stage
        .sql(&format!(
            "INSERT INTO read.sales_daily {SALES}, day, lines, units)
             SELECT 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, now(), 'main', 'GBP', '1980-01-01'::date + n, 1, 1
             FROM generate_series(1, 11001) AS n"
        ))
        .await;
    let answer = stage
        .get("/v1/reports/sales")
        .await
        .problem(400, "INVALID_QUERY");
    assert_eq!(answer.body["errors"][0]["code"], "RANGE_TOO_WIDE");
    let report = stage
        .get("/v1/reports/sales?from=1980-01-03")
        .await
        .expect(200);
    assert_eq!(report.items().len(), 11_000);
    assert_eq!(report.body["totals"][0]["orders"], 11_000);
}
