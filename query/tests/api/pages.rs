//! Pages of orders, forwards and back, while orders come in.

use crate::stage::{Answer, Stage};
use serde_json::Value;
use std::{
    collections::{BTreeSet, HashSet},
    sync::atomic::{AtomicBool, Ordering},
};

/// A thousand orders: fifty at a time with the same time, and few different totals.
const THOUSAND: &str = "
    INSERT INTO read.order_summary
        (tenant, order_id, total, unit_count, version, position, placed_at, updated_at, line_count,
         hold_count, customer_id, currency, status, payment_status, fulfilment_status, holds, lines)
    SELECT
        'main', md5('order' || n)::uuid, (n % 7) * 100, n, 1, n,
        '2010-12-01'::timestamptz + (n / 50) * interval '1 hour', now(), 1,
        0, 'customer-' || n % 3, 'EUR', 'placed', 'pending', 'unfulfilled', '[]', '[]'
    FROM generate_series(1, 1000) AS n";

/// Another one, anywhere among them.
const ONE_MORE: &str = "
    INSERT INTO read.order_summary
        (tenant, order_id, total, unit_count, version, position, placed_at, updated_at, line_count,
         hold_count, customer_id, currency, status, payment_status, fulfilment_status, holds, lines)
    SELECT
        'main', gen_random_uuid(), (random() * 700)::bigint, 0, 1, 1,
        '2010-12-01'::timestamptz + (random() * 22)::integer * interval '1 hour' , now(), 1,
        0, 'customer-0', 'EUR', 'placed', 'pending', 'unfulfilled', '[]', '[]'";

fn key(item: &Value, sort: &str) -> (String, i64, String) {
    let id = item["order_id"].as_str().unwrap().to_owned();
    let total = item["total"]["amount"].as_i64().unwrap();
    let placed = item["placed_at"].as_str().unwrap().to_owned();
    match sort.ends_with("total") {
        true => (String::new(), total, id),
        false => (placed, 0, id),
    }
}

/// Follows a cursor to the end of the list.
async fn walk(stage: &Stage, list: &str, first: Answer, cursor: &str) -> Vec<Vec<Value>> {
    let mut pages = vec![first.items().to_vec()];
    let mut next = first.cursor(cursor);
    while let Some(cursor_text) = next {
        let page = stage
            .get(&format!("{list}&cursor={cursor_text}"))
            .await
            .expect(200);
        pages.push(page.items().to_vec());
        assert_eq!(page.body["has_more"], page.cursor("next_cursor").is_some());
        next = page.cursor(cursor);
        assert!(pages.len() < 1_000, "{list} does not end");
    }
    pages
}

fn originals(pages: &[Vec<Value>]) -> Vec<String> {
    let items = pages.iter().flatten();
    // Those that came later have no pieces.
    items
        .filter(|item| item["unit_count"] != 0)
        .map(|item| item["order_id"].as_str().unwrap().to_owned())
        .collect()
}

async fn both_ways(stage: &Stage, sort: &str, limit: usize) {
    let list = format!("/v1/orders?sort={sort}&limit={limit}");
    let first = stage.get(&list).await.expect(200);
    assert!(first.cursor("prev_cursor").is_none());
    let forwards = walk(stage, &list, first, "next_cursor").await;

    let all: Vec<&Value> = forwards.iter().flatten().collect();
    let ids: HashSet<&str> = all
        .iter()
        .map(|item| item["order_id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), all.len(), "{sort}: an order came twice");
    let mut sorted: Vec<_> = all.iter().map(|item| key(item, sort)).collect();
    if sort.starts_with('-') {
        sorted.reverse();
    }
    assert!(sorted.is_sorted(), "{sort}: not in order");
    let found: BTreeSet<String> = originals(&forwards).into_iter().collect();
    assert_eq!(found.len(), 1_000, "{sort}: an order was skipped");

    assert!(
        forwards[..forwards.len() - 1]
            .iter()
            .all(|page| page.len() == limit)
    );

    // Back again from the last page, to whatever is first by now.
    let last = last_page(stage, &list).await;
    let mut backwards = walk(stage, &list, last, "prev_cursor").await;
    backwards.reverse();
    let back = originals(&backwards);
    assert_eq!(
        back,
        originals(&forwards),
        "{sort}: going back, it is another list"
    );
}

async fn last_page(stage: &Stage, list: &str) -> Answer {
    let mut page = stage.get(list).await.expect(200);
    while let Some(next) = page.cursor("next_cursor") {
        page = stage
            .get(&format!("{list}&cursor={next}"))
            .await
            .expect(200);
    }
    page
}

#[tokio::test]
async fn every_order_once_in_every_sort_and_both_directions_while_others_come_in() {
    let stage = Stage::new().await;
    stage.sql(THOUSAND).await;
    let done = AtomicBool::new(false);
    let paging = async {
        for (sort, limit) in [
            ("-placed_at", 37),
            ("placed_at", 50),
            ("-total", 200),
            ("total", 73),
        ] {
            both_ways(&stage, sort, limit).await;
        }
        done.store(true, Ordering::SeqCst);
    };
    let inserting = async {
        // One connection for all: with a password, making one takes longer than some pages.
        let mut connection = stage.connection().await;
        let mut inserted = 0;
        while !done.load(Ordering::SeqCst) {
            let one_more = sqlx::raw_sql(ONE_MORE).execute(&mut connection).await;
            one_more.unwrap();
            inserted += 1;
        }
        inserted
    };
    let ((), inserted) = tokio::join!(paging, inserting);
    assert!(inserted > 10, "only {inserted} orders came in meanwhile");
}

#[tokio::test]
async fn a_list_that_fits_has_one_page_and_a_default_size() {
    let stage = Stage::new().await;
    stage.sql(&format!("{THOUSAND} LIMIT 50")).await;
    let page = stage.get("/v1/orders").await.expect(200);
    assert_eq!(page.items().len(), 50);
    assert_eq!(page.body["has_more"], false);
    assert_eq!(page.body["next_cursor"], Value::Null);
    assert_eq!(page.body["prev_cursor"], Value::Null);

    stage.sql(ONE_MORE).await;
    let page = stage.get("/v1/orders").await.expect(200);
    assert_eq!(page.items().len(), 50);
    assert_eq!(page.body["has_more"], true);
    let next = page.cursor("next_cursor").unwrap();
    let rest = stage
        .get(&format!("/v1/orders?cursor={next}"))
        .await
        .expect(200);
    assert_eq!(rest.items().len(), 1);
    assert_eq!(rest.body["has_more"], false);
}

#[tokio::test]
async fn a_page_that_has_become_empty_leads_back() {
    let stage = Stage::new().await;
    stage.sql(&format!("{THOUSAND} LIMIT 3")).await;
    let list = "/v1/orders?status=placed&limit=2";
    let first = stage.get(list).await.expect(200);
    let next = first.cursor("next_cursor").unwrap();
    let second = stage
        .get(&format!("{list}&cursor={next}"))
        .await
        .expect(200);
    let third = second.each("order_id").remove(0);
    stage
        .sql(&format!(
            "UPDATE read.order_summary SET status = 'confirmed' WHERE order_id = '{third}'"
        ))
        .await;

    let empty = stage
        .get(&format!("{list}&cursor={next}"))
        .await
        .expect(200);
    assert!(empty.items().is_empty());
    assert_eq!(empty.body["has_more"], false);
    let back = empty.cursor("prev_cursor").unwrap();
    let back = stage
        .get(&format!("{list}&cursor={back}"))
        .await
        .expect(200);
    assert_eq!(back.each("order_id"), first.each("order_id"));
    assert_eq!(back.body["prev_cursor"], Value::Null);
}

#[tokio::test]
async fn a_customers_orders_are_the_same_list() {
    let stage = Stage::new().await;
    stage.sql(THOUSAND).await;
    let list = "/v1/customers/customer-1/orders?limit=100";
    let first = stage.get(list).await.expect(200);
    let pages = walk(&stage, list, first, "next_cursor").await;
    let all: Vec<&Value> = pages.iter().flatten().collect();
    assert_eq!(all.len(), 334);
    assert!(all.iter().all(|item| item["customer_id"] == "customer-1"));

    let none = stage
        .get("/v1/customers/customer-1/orders?status=rejected")
        .await;
    assert!(none.expect(200).items().is_empty());
    for path in [
        "/v1/customers/nobody/orders",
        "/v1/customers/nobody/orders?status=placed",
    ] {
        stage.get(path).await.problem(404, "CUSTOMER_NOT_FOUND");
    }
    stage
        .get("/v1/customers/a%20b/orders")
        .await
        .problem(400, "INVALID_PATH");
    let twice = stage.get(&format!("{list}&customer_id=customer-1")).await;
    twice.problem(400, "INVALID_QUERY");
}
