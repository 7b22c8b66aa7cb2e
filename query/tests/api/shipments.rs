//! Shipments, and what orders say of them.

use crate::{
    orders::{authorized, brief, id, order, placed, sealed_address},
    stage::{EPOCH, Stage, order_stream, payment_stream, token},
};
use domain::{
    Currency, Event, Location, Money, ShipmentId, StreamId, TenantId,
    order::{LineQuantity, LinesShipped, OrderConfirmed},
    payment::{PaymentCaptureRequested, PaymentCaptured, PaymentEvent},
    shipment::{
        DispatchRequested, ShipmentCreated, ShipmentDispatched, ShipmentEvent, ShipmentLine,
        ShipmentPacked, ShipmentReady,
    },
};
use serde_json::json;

pub fn shipment() -> ShipmentId {
    ShipmentId::of(id(), &Location::default())
}

pub fn amount() -> Money {
    Money::new(1_869, Currency::parse("GBP").unwrap())
}

pub fn lines() -> Vec<ShipmentLine> {
    let line = |line: &domain::order::Line| ShipmentLine {
        line: line.line,
        sku: line.sku.clone(),
        quantity: line.quantity,
    };
    placed().lines.iter().map(line).collect()
}

/// What the carrier has taken.
pub fn shipment_events() -> Vec<Event> {
    let (order_id, shipment_id) = (id(), shipment());
    let events: Vec<ShipmentEvent> = vec![
        ShipmentCreated {
            order_id,
            shipment_id,
            location: Location::default(),
            lines: lines(),
            amount: amount(),
            parcels: 1,
        }
        .into(),
        ShipmentPacked {
            order_id,
            shipment_id,
            amount: amount(),
        }
        .into(),
        ShipmentReady {
            order_id,
            shipment_id,
        }
        .into(),
        DispatchRequested {
            order_id,
            shipment_id,
            attempt: 1,
            idempotency_key: format!("{shipment_id}:1"),
        }
        .into(),
        ShipmentDispatched {
            order_id,
            shipment_id,
            location: Location::default(),
            lines: lines(),
            carrier: "sandbox".into(),
            tracking_number: "T1".into(),
            amount: amount(),
        }
        .into(),
    ];
    events.into_iter().map(Event::Shipment).collect()
}

pub fn captured() -> Vec<Event> {
    let order_id = id();
    let asked: PaymentEvent = PaymentCaptureRequested {
        order_id,
        shipment_id: Some(shipment()),
        authorization_id: "auth-1".into(),
        amount: amount(),
        attempt: 1,
        max_attempts: 4,
        idempotency_key: "key".into(),
        more: false,
    }
    .into();
    let done: PaymentEvent = PaymentCaptured {
        order_id,
        shipment_id: Some(shipment()),
        authorization_id: "auth-1".into(),
        amount: amount(),
    }
    .into();
    vec![authorized(), Event::Payment(asked), Event::Payment(done)]
}

/// What the projector writes of such an order.
const ORDER: &str = r#"INSERT INTO read.order_summary
        (tenant, order_id, total, unit_count, version, position, placed_at, updated_at,
         line_count, hold_count, customer_id, currency, status, payment_status,
         fulfilment_status, tax_included, reference, shipping_address, holds, lines, settlement,
         fulfilment)
    SELECT 'main', '{id}', 1869, 7, 3, 11, '2010-12-01T08:00Z', '{updated_at}', 2, 0, '17850',
         'GBP', 'confirmed', 'captured', 'shipped', true, '536365',
         '{address}',
         '[]',
         '[{"line": 1, "sku": "85123A", "quantity": 6, "unit_price": 255, "tax_rate": "20",
            "tax": 255, "total": 1530},
           {"line": 2, "sku": "71053", "quantity": 1, "unit_price": 389, "discount": 40,
            "order_discount": 10, "total": 339}]',
         '{"captured": 1869, "refunded": 0, "captures": 1, "capturing": 0, "refunds": 0, "refunding": 0}',
         '{"1": [6, 0, 0, 0, 0], "2": [1, 0, 0, 0, 0]}'"#;

/// `count` shipments in the read model, an hour apart: each other one is pending.
async fn fill(stage: &Stage, tenant: &str, count: u32) {
    stage
        .sql(&format!(
            "INSERT INTO read.shipment_summary
                 (tenant, shipment_id, order_id, location, status, amount, currency, carrier,
                  tracking_number, attempts, inquiries, created_at, packed_at, dispatched_at,
                  updated_at, version, position, lines)
             SELECT
                 '{tenant}', CASE n WHEN 1 THEN '{shipment}' ELSE md5('{tenant}' || n)::uuid END,
                 CASE n WHEN 1 THEN '{order}' ELSE md5('order' || n)::uuid END, 'main',
                 CASE n % 2 WHEN 1 THEN 'dispatched' ELSE 'pending' END, 1869, 'GBP', 'sandbox', 'T1', 1, 0,
                 '2010-12-01'::timestamptz + make_interval(hours => n / 2), '2010-12-02',
                 '2010-12-03', '2010-12-03', 5, 11,
                 '[{{\"line\": 1, \"sku\": \"85123A\", \"quantity\": 6}}]'
             FROM generate_series(1, {count}) AS n",
            shipment = shipment(),
            order = id(),
        ))
        .await;
}

#[tokio::test]
async fn an_order_says_what_has_left_of_it_whichever_way_it_is_read() {
    let stage = Stage::new().await;
    let confirmed = OrderConfirmed { order: brief() };
    stage
        .append(
            order_stream(id()),
            0,
            vec![order(placed()), order(confirmed)],
        )
        .await;
    stage.append(payment_stream(id()), 0, captured()).await;
    let stream = StreamId::shipment(&TenantId::default(), shipment());
    stage.append(stream, 0, shipment_events()).await;
    let quantity = |line: &ShipmentLine| LineQuantity {
        line: line.line,
        quantity: line.quantity,
    };
    let shipped = LinesShipped {
        order: brief(),
        shipment_id: shipment(),
        lines: lines().iter().map(quantity).collect(),
        all: true,
    };
    let last = stage
        .append(order_stream(id()), 2, vec![order(shipped)])
        .await;
    let path = format!("/v1/orders/{}", id());
    let token = token(EPOCH, last.get().unsigned_abs());
    let headers = [("consistency-token", token.as_str()), ("prefer", "wait=0")];
    let folded = stage.get_with(&path, &headers).await.expect(200);
    assert_eq!(folded.header("served-from"), Some("stream"));

    let updated_at = folded.body["updated_at"].as_str().unwrap();
    let row = ORDER.replace("{id}", &id().to_string());
    let row = row.replace("{address}", sealed_address().as_str());
    stage.sql(&row.replace("{updated_at}", updated_at)).await;
    fill(&stage, "main", 2).await;
    // The order's row alone is not all of the order.
    stage.checkpoint("order_summary", last.get(), EPOCH).await;
    let folded_still = stage.get_with(&path, &headers).await.expect(200);
    assert_eq!(folded_still.header("served-from"), Some("stream"));
    stage.checkpoint_all(last.get()).await;
    let read = stage.get_with(&path, &headers).await.expect(200);
    assert_eq!(read.header("served-from"), None);
    assert_eq!(read.body, folded.body);
    let body = read.body;
    assert_eq!(
        body["shipments"],
        json!([{"shipment_id": shipment(), "status": "dispatched", "location": "main"}])
    );
    assert_eq!(body["captured"]["amount"], 1_869);
    assert_eq!(body["fulfilment_status"], "shipped");
    assert_eq!(
        (&body["lines"][0]["shipped"], &body["lines"][1]["shipped"]),
        (&json!(6), &json!(1))
    );
    assert_eq!(
        body["allowed_commands"],
        json!([
            "add_note",
            "set_tags",
            "cancel",
            "cancel_lines",
            "change_shipping_address",
            "place_hold",
            "propose_amendment"
        ])
    );

    let before = stage.get(&format!("{path}?version=1")).await.expect(200);
    assert_eq!(before.body["shipments"], json!([]));
    assert_eq!(before.body["lines"][0]["shipped"], 0);
}

#[tokio::test]
async fn a_shipment_is_all_there() {
    let stage = Stage::new().await;
    fill(&stage, "main", 2).await;
    let path = format!("/v1/shipments/{}", shipment());
    let answer = stage.get(&path).await.expect(200);
    assert_eq!(answer.header("etag"), Some("\"5\""));
    assert_eq!(
        answer.body,
        json!({
            "shipment_id": shipment(),
            "order_id": id(),
            "version": 5,
            "status": "dispatched",
            "location": "main",
            "lines": [{"line": 1, "sku": "85123A", "quantity": 6}],
            "amount": {"amount": 1_869, "currency": "GBP"},
            "carrier": "sandbox",
            "tracking_number": "T1",
            "attempts": 1,
            "inquiries": 0,
            "problem": null,
            "allowed_commands": ["deliver", "fail", "lose", "return_to_sender"],
            "created_at": "2010-12-01T00:00:00Z",
            "packed_at": "2010-12-02T00:00:00Z",
            "dispatched_at": "2010-12-03T00:00:00Z",
            "delivered_at": null,
            "updated_at": "2010-12-03T00:00:00Z",
        })
    );
    let late = token(EPOCH, 99);
    let headers = [("consistency-token", late.as_str()), ("prefer", "wait=0")];
    let unseen = stage.get_with(&path, &headers).await;
    unseen.problem(404, "SHIPMENT_NOT_FOUND");
    // What the read model does not have yet is folded from the events.
    let stream = StreamId::shipment(&TenantId::default(), shipment());
    stage.append(stream, 0, shipment_events()).await;
    let folded = stage.get_with(&path, &headers).await.expect(200);
    assert_eq!(folded.header("served-from"), Some("stream"));
    assert_eq!(folded.header("etag"), Some("\"5\""));
    for (field, value) in answer.body.as_object().unwrap() {
        let is_own = field.ends_with("_at") || field == "lines";
        assert!(
            is_own || folded.body[field] == *value,
            "{field}: {folded:?}"
        );
    }
    assert!(folded.body["dispatched_at"].is_string());
    assert_eq!(folded.body["lines"].as_array().unwrap().len(), 2);
    let nobody = format!("/v1/shipments/{}", id());
    stage.get(&nobody).await.problem(404, "SHIPMENT_NOT_FOUND");
    let answer = stage.get("/v1/shipments/x").await.expect(400);
    assert_eq!(answer.body["errors"][0]["pointer"], "path:shipment_id");
}

#[tokio::test]
async fn shipments_come_in_pages_the_oldest_first() {
    let stage = Stage::new().await;
    fill(&stage, "main", 25).await;
    fill(&stage, "other", 5).await;
    for (query, count) in [
        ("limit=4".to_owned(), 25),
        ("limit=4&status=pending".to_owned(), 12),
        ("limit=4&status=lost".to_owned(), 0),
        (format!("limit=4&order_id={}", id()), 1),
    ] {
        let path = format!("/v1/shipments?{query}");
        let mut page = stage.get(&path).await.expect(200);
        let mut found = vec![];
        loop {
            let keys = page.items().iter().map(|item| {
                (
                    item["created_at"].to_string(),
                    item["shipment_id"].to_string(),
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
    let answer = stage.get("/v1/shipments?status=gone").await;
    answer.problem(400, "INVALID_QUERY");
}
