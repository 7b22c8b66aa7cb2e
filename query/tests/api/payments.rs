//! The payment of an order, folded from its own events.

use crate::{
    orders::{authorized, id},
    stage::{Stage, payment_stream},
};
use domain::{
    Currency, Event, Money, ShipmentId,
    payment::{
        DisputeLost, DisputeOpened, PaymentAuthorizationRequested, PaymentCaptureRequested,
        PaymentCaptured, PaymentEvent,
    },
};
use serde_json::json;
use uuid::Uuid;

fn gbp(amount: i64) -> Money {
    Money::new(amount, Currency::parse("GBP").unwrap())
}

fn event(event: impl Into<PaymentEvent>) -> Event {
    Event::Payment(event.into())
}

#[tokio::test]
async fn a_payment_is_shown_with_its_operations_and_disputes() {
    let stage = Stage::new().await;
    let path = format!("/v1/payments/{}", id());
    stage.get(&path).await.problem(404, "PAYMENT_NOT_FOUND");
    let shipment = Uuid::from_u128(5);
    let events = vec![
        event(PaymentAuthorizationRequested {
            order_id: id(),
            amount: gbp(1_869),
            payment_method: "tok_approve".into(),
            attempt: 1,
            max_attempts: 3,
            idempotency_key: "k".into(),
        }),
        authorized(),
        event(PaymentCaptureRequested {
            order_id: id(),
            shipment_id: Some(ShipmentId::new(shipment)),
            authorization_id: "auth-1".into(),
            amount: gbp(1_869),
            attempt: 1,
            max_attempts: 4,
            idempotency_key: "c".into(),
            more: false,
        }),
        event(PaymentCaptured {
            order_id: id(),
            shipment_id: Some(ShipmentId::new(shipment)),
            authorization_id: "auth-1".into(),
            amount: gbp(1_869),
        }),
        event(DisputeOpened {
            order_id: id(),
            dispute_id: "dp_1".into(),
            authorization_id: "auth-1".into(),
            amount: gbp(500),
            reason: "fraudulent".into(),
        }),
        event(DisputeLost {
            order_id: id(),
            dispute_id: "dp_1".into(),
            amount: gbp(500),
            still_open: 0,
        }),
    ];
    stage.append(payment_stream(id()), 0, events).await;
    let payment = stage.get(&path).await.expect(200);
    assert_eq!(payment.header("etag"), Some("\"6\""));
    let money = |amount: i64| json!({"amount": amount, "currency": "GBP"});
    assert_eq!(
        payment.body,
        json!({
            "order_id": id().to_string(),
            "version": 6,
            "status": "captured",
            "amount": money(1_869),
            "attempt": 1,
            "parked": false,
            "action": null,
            "authorization": {
                "authorization_id": "auth-1",
                "amount": money(1_869),
                "expires_at": null,
            },
            "captured": 1_869,
            "refunded": 0,
            "disputed": 0,
            "lost": 500,
            "captures": [{
                "shipment_id": shipment.to_string(),
                "amount": money(1_869),
                "status": "captured",
                "attempt": 1,
            }],
            "refunds": [],
            "disputes": [{
                "dispute_id": "dp_1",
                "amount": money(500),
                "reason": "fraudulent",
                "status": "lost",
            }],
            "strays": [],
        })
    );
}

#[tokio::test]
async fn payments_are_listed_by_their_status() {
    let stage = Stage::new().await;
    stage
        .sql(
            "INSERT INTO read.order_summary
                (tenant, order_id, total, unit_count, version, position, placed_at, updated_at,
                 line_count, hold_count, customer_id, currency, status, payment_status,
                 fulfilment_status, holds, lines, settlement)
             SELECT
                'main', md5('order' || n)::uuid, n * 100, 1, 1, n, '2026-01-01', '2026-01-01', 1, 0,
                'c' || n, 'EUR', 'completed', CASE n % 2 WHEN 0 THEN 'captured' ELSE 'voided' END,
                'delivered', '[]', '[]',
                CASE n % 2 WHEN 0 THEN
                    json_build_object('captured', n * 100, 'refunded', n, 'lost', 1)
                END
             FROM generate_series(1, 10) AS n",
        )
        .await;
    let path = "/v1/payments?status=captured&sort=total&limit=3";
    let page = stage.get(path).await.expect(200);
    assert_eq!(page.each("customer_id"), ["c2", "c4", "c6"]);
    let first = &page.items()[0];
    assert_eq!(first["amount"], json!({"amount": 200, "currency": "EUR"}));
    let sums = [&first["captured"], &first["refunded"], &first["lost"]];
    assert_eq!(sums, [&json!(200), &json!(2), &json!(1)]);
    let next = page.cursor("next_cursor").unwrap();
    let next = stage
        .get(&format!("{path}&cursor={next}"))
        .await
        .expect(200);
    assert_eq!(next.each("customer_id"), ["c8", "c10"]);
    let voided = stage.get("/v1/payments?status=voided&customer_id=c1").await;
    let voided = voided.expect(200);
    assert_eq!(voided.items()[0]["captured"], 0);
    let odd = stage.get("/v1/payments?status=teapot").await;
    odd.problem(400, "INVALID_QUERY");
    let fulfilment = stage.get("/v1/payments?fulfilment_status=shipped").await;
    fulfilment.problem(400, "INVALID_QUERY");
}
