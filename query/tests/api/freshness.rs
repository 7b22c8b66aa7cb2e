//! Waiting for one's own write, and how old answers say they are.

use crate::stage::{EPOCH, Stage, hour, order_stream, token};
use chrono::TimeDelta;
use domain::{
    Currency, CustomerId, Event, OrderId, Sku,
    order::{Line, OrderEvent, OrderPlaced},
};
use std::time::{Duration, Instant};
use uuid::Uuid;

pub fn placed(id: OrderId) -> Event {
    let placed = OrderPlaced {
        order_id: id,
        customer_id: CustomerId::parse("c1").unwrap(),
        currency: Currency::parse("EUR").unwrap(),
        lines: vec![Line {
            line: 1,
            sku: Sku::parse("A").unwrap(),
            quantity: 2,
            unit_price: 50,
            discount: 0,
            order_discount: 0,
            tax_rate: None,
            tax: 0,
            total: 100,
        }],
        total: 100,
        tax_included: false,
        shipping_address: None,
        payment_method: "tok_approve".into(),
        reference: None,
        placed_at: hour(0),
    };
    Event::Order(OrderEvent::OrderPlaced(placed))
}

fn lag(answer: &crate::stage::Answer) -> Option<i64> {
    answer.body["as_of"]["lag_ms"].as_i64()
}

#[tokio::test]
async fn a_reader_waits_until_its_write_is_there() {
    let stage = Stage::new().await;
    let id = OrderId::new(Uuid::now_v7());
    let position = stage.append(order_stream(id), 0, vec![placed(id)]).await;
    let token = token(EPOCH, position.get().unsigned_abs());
    let headers = [("consistency-token", token.as_str()), ("prefer", "wait=5")];
    let began = Instant::now();
    let reading = stage.get_with("/v1/stock", &headers);
    let writing = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        stage
            .sql(
                "INSERT INTO read.stock_level
                     (tenant, location, sku, on_hand, reserved, committed, available, version,
                      position, updated_at)
                 VALUES ('main', 'main', 'A', 9, 0, 0, 9, 1, 1, now())",
            )
            .await;
        stage.checkpoint("stock_level", 1, EPOCH).await;
        Instant::now()
    };
    let (answer, written) = tokio::join!(reading, writing);
    let answered = Instant::now();
    let answer = answer.expect(200);
    assert_eq!(answer.each("sku"), ["A"]);
    assert_eq!(answer.body["as_of"]["position"], 1);
    assert!(began.elapsed() >= Duration::from_millis(300));
    let after = answered.saturating_duration_since(written);
    assert!(
        after < Duration::from_secs(2),
        "it waited {after:?} longer than it had to"
    );

    // Another projection is not there yet; this one does not wait at all any more.
    let at_once = [("consistency-token", token.as_str()), ("prefer", "wait=0")];
    stage.get_with("/v1/stock", &at_once).await.expect(200);
    stage
        .get_with("/v1/orders", &at_once)
        .await
        .problem(503, "READ_MODEL_LAGGING");
}

#[tokio::test]
async fn a_list_says_that_it_lags_and_an_order_is_folded_from_its_events() {
    let stage = Stage::new().await;
    let id = OrderId::new(Uuid::now_v7());
    let position = stage.append(order_stream(id), 0, vec![placed(id)]).await;
    let token = token(EPOCH, position.get().unsigned_abs());
    let headers = [("consistency-token", token.as_str()), ("prefer", "wait=1")];
    let began = Instant::now();
    let paths = [
        "/v1/orders".to_owned(),
        "/v1/customers/c1/orders".to_owned(),
        "/v1/customers/c1".to_owned(),
        "/v1/stock/A".to_owned(),
        "/v1/reports/sales".to_owned(),
        "/v1/reports/payments".to_owned(),
        format!("/v1/orders/{id}/events"),
    ];
    let asked = paths.iter().map(|path| stage.get_with(path, &headers[..1]));
    for answer in futures::future::join_all(asked).await {
        let answer = answer.problem(503, "READ_MODEL_LAGGING");
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert_eq!(answer.body["retryable"], true);
    }
    let waited = began.elapsed();
    assert!(
        waited >= Duration::from_secs(2),
        "two seconds, unless told otherwise"
    );

    let began = Instant::now();
    let answer = stage
        .get_with(&format!("/v1/orders/{id}"), &headers)
        .await
        .expect(200);
    assert!(began.elapsed() >= Duration::from_secs(1));
    assert_eq!(answer.header("served-from"), Some("stream"));
    assert_eq!(answer.header("etag"), Some("\"1\""));
    assert_eq!(answer.body["status"], "placed");
    let unknown = format!("/v1/orders/{}", Uuid::now_v7());
    stage
        .get_with(&unknown, &headers)
        .await
        .problem(404, "ORDER_NOT_FOUND");
    // Without the token it is simply not there yet.
    stage
        .get(&format!("/v1/orders/{id}"))
        .await
        .problem(404, "ORDER_NOT_FOUND");
}

#[tokio::test]
async fn the_longest_wait_is_bounded_by_the_settings() {
    let stage = Stage::with(|settings| settings.query.max_wait_s = 1).await;
    stage.migrate().await;
    stage.checkpoint_all(0).await;
    let token = token(EPOCH, 5);
    let headers = [("consistency-token", token.as_str()), ("prefer", "wait=60")];
    let began = Instant::now();
    stage
        .get_with("/v1/orders", &headers)
        .await
        .problem(503, "READ_MODEL_LAGGING");
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_token_of_another_life_of_the_store_is_refused() {
    let stage = Stage::new().await;
    stage.checkpoint_all(100).await;
    let token = token(Uuid::from_u128(0xdead), 1);
    let headers = [("consistency-token", token.as_str())];
    for path in [
        "/v1/orders".to_owned(),
        format!("/v1/orders/{}", Uuid::now_v7()),
    ] {
        let answer = stage.get_with(&path, &headers).await;
        let answer = answer.problem(409, "CONSISTENCY_TOKEN_EXPIRED");
        assert_eq!(
            answer.body["errors"][0]["pointer"],
            "header:Consistency-Token"
        );
        assert_eq!(answer.body["retryable"], false);
    }
}

#[tokio::test]
async fn a_read_model_of_another_life_of_the_store_has_seen_nothing() {
    let stage = Stage::new().await;
    stage
        .checkpoint("order_summary", 100, Uuid::from_u128(0xdead))
        .await;
    let token = token(EPOCH, 1);
    let headers = [("consistency-token", token.as_str()), ("prefer", "wait=0")];
    stage
        .get_with("/v1/orders", &headers)
        .await
        .problem(503, "READ_MODEL_LAGGING");
    let answer = stage
        .eventually("/v1/orders", |answer| {
            answer.body["as_of"]["position"] == 100
        })
        .await;
    assert_eq!(lag(&answer), None, "{}", answer.body);
}

#[tokio::test]
async fn lag_is_small_at_rest_and_grows_while_the_projector_is_dead() {
    let stage = Stage::new().await;
    let rested = stage
        .eventually("/v1/orders", |answer| {
            lag(answer).is_some_and(|lag| lag < 1_000)
        })
        .await;
    assert_eq!(rested.body["as_of"]["position"], 0);

    let id = OrderId::new(Uuid::now_v7());
    stage.append(order_stream(id), 0, vec![placed(id)]).await;
    let appended = Instant::now();
    for _ in 0..20 {
        let before = i64::try_from(appended.elapsed().as_millis()).unwrap();
        let answer = stage.get("/v1/orders").await.expect(200);
        let said = lag(&answer).unwrap();
        assert!(
            said >= before.max(1),
            "{said} ms are said, and {before} are true"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stage.checkpoint_all(1).await;
    stage
        .eventually("/v1/orders", |answer| {
            answer.body["as_of"]["position"] == 1 && lag(answer).is_some_and(|lag| lag < 300)
        })
        .await;
}

#[tokio::test]
async fn lag_that_began_before_this_process_is_told_by_the_events_themselves() {
    let stage = Stage::new().await;
    stage.clock.set_ahead(TimeDelta::hours(-3));
    let id = OrderId::new(Uuid::now_v7());
    stage.append(order_stream(id), 0, vec![placed(id)]).await;
    stage.clock.set_ahead(TimeDelta::zero());

    // A second process that has never seen the store without that event.
    let other = Stage::joining(&stage).await;
    let three_hours = TimeDelta::hours(3).num_milliseconds();
    let answer = other
        .eventually("/v1/orders", |answer| lag(answer).is_some())
        .await;
    let said = lag(&answer).unwrap();
    assert!(
        (three_hours..three_hours + 60_000).contains(&said),
        "{said}"
    );
}
