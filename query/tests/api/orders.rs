//! One order, as the read model has it and as its events make it.

use crate::stage::{EPOCH, Stage, VAULT, hour, order_stream, payment_stream, token};
use domain::{
    Currency, CustomerId, Event, Money, OrderId, Sealed, Sku, TenantId,
    order::{
        Address, CancellationRequested, HoldPlaced, Line, OrderBrief, OrderEvent, OrderPlaced,
        OrderRejected, RejectionReason,
    },
    payment::{PaymentAuthorized, PaymentEvent},
};
use futures::FutureExt;
use serde_json::json;
use uuid::Uuid;
use vault::KeyId;

pub fn id() -> OrderId {
    OrderId::new(Uuid::from_u128(0x0193_a000_0000_7000_8000_0000_0000_0001))
}

fn address() -> Address {
    Address {
        name: Some("Ann \"A\" Example".into()),
        lines: vec!["1 High Street".into()],
        city: None,
        postal_code: None,
        country: "United Kingdom".into(),
    }
}

fn customer() -> CustomerId {
    CustomerId::parse("17850").unwrap()
}

/// Where the order goes, as events and read models have it.
pub fn sealed_address() -> Sealed {
    let (tenant, customer, address) = (TenantId::default(), customer(), address());
    loop {
        // Keys in memory are there at once, unless another test asks at the same time.
        let sealing = VAULT.seal_address(&tenant, &customer, id(), &address);
        if let Some(sealed) = sealing.now_or_never() {
            return sealed.unwrap();
        }
    }
}

pub fn placed() -> OrderPlaced {
    let line = |line, sku, quantity, unit_price| Line {
        line,
        sku: Sku::parse(sku).unwrap(),
        quantity,
        unit_price,
        discount: 0,
        order_discount: 0,
        tax_rate: None,
        tax: 0,
        total: quantity * unit_price,
    };
    OrderPlaced {
        order_id: id(),
        customer_id: customer(),
        currency: Currency::parse("GBP").unwrap(),
        lines: vec![
            Line {
                tax_rate: Some("20".parse().unwrap()),
                tax: 255,
                ..line(1, "85123A", 6, 255)
            },
            Line {
                discount: 40,
                order_discount: 10,
                total: 339,
                ..line(2, "71053", 1, 389)
            },
        ],
        total: 1_869,
        tax_included: true,
        shipping_address: Some(sealed_address()),
        payment_method: "tok_approve".into(),
        reference: Some("536365".into()),
        placed_at: hour(8),
    }
}

pub fn brief() -> OrderBrief {
    let placed = placed();
    OrderBrief {
        order_id: placed.order_id,
        customer_id: placed.customer_id,
        currency: placed.currency,
        total: placed.total,
        placed_at: placed.placed_at,
    }
}

pub fn authorized() -> Event {
    Event::Payment(PaymentEvent::PaymentAuthorized(PaymentAuthorized {
        order_id: id(),
        attempt: 1,
        authorization_id: "auth-1".into(),
        amount: Money::new(1_869, Currency::parse("GBP").unwrap()),
        expires_at: None,
    }))
}

pub fn order(event: impl Into<OrderEvent>) -> Event {
    Event::Order(event.into())
}

/// What the projector writes for the events of the test below.
fn row(updated_at: &str) -> String {
    format!(
        r#"INSERT INTO read.order_summary
            (tenant, order_id, total, unit_count, version, position, placed_at, updated_at,
             line_count, hold_count, customer_id, currency, status, payment_status,
             fulfilment_status, tax_included, reference, rejection_reason, rejection_detail, cancellation_reason,
             shipping_address, holds, lines)
        VALUES
            ('main', '{id}', 1869, 7, 4, 5, '2010-12-01T08:00Z', '{updated_at}', 2, 1, '17850',
             'GBP', 'rejected', 'authorized', 'unfulfilled', true, '536365', 'out_of_stock',
             'Not enough of 71053.', 'changed my mind', '{address}',
             '[{{"hold": "fraud-check", "reason": "looks odd"}}]',
             '[{{"line": 1, "sku": "85123A", "quantity": 6, "unit_price": 255, "tax_rate": "20",
                "tax": 255, "total": 1530}},
               {{"line": 2, "sku": "71053", "quantity": 1, "unit_price": 389, "discount": 40,
                "order_discount": 10, "total": 339}}]')"#,
        id = id(),
        address = sealed_address().as_str()
    )
}

#[tokio::test]
async fn an_order_is_the_same_from_the_read_model_and_from_its_events() {
    let stage = Stage::new().await;
    let events = vec![
        order(placed()),
        order(HoldPlaced {
            order_id: id(),
            hold: "fraud-check".into(),
            reason: "looks odd".into(),
        }),
        order(CancellationRequested {
            order: brief(),
            confirmed: false,
            request: 0,
            reason: "changed my mind".into(),
        }),
        order(OrderRejected {
            order: brief(),
            reason: RejectionReason::OutOfStock,
            detail: "Not enough of 71053.".into(),
        }),
    ];
    stage.append(order_stream(id()), 0, events).await;
    let last = stage
        .append(payment_stream(id()), 0, vec![authorized()])
        .await;
    let path = format!("/v1/orders/{}", id());
    let token = token(EPOCH, last.get().unsigned_abs());
    let headers = [("consistency-token", token.as_str()), ("prefer", "wait=0")];
    let folded = stage.get_with(&path, &headers).await.expect(200);
    assert_eq!(folded.header("served-from"), Some("stream"));

    stage
        .sql(&row(folded.body["updated_at"].as_str().unwrap()))
        .await;
    stage.checkpoint_all(last.get()).await;
    let read = stage.get_with(&path, &headers).await.expect(200);
    assert_eq!(read.header("served-from"), None);
    assert_eq!(read.header("etag"), Some("\"4\""));
    assert_eq!(read.body, folded.body);

    let gbp = |amount: i64| json!({"amount": amount, "currency": "GBP"});
    let mut body = read.body;
    body.as_object_mut().unwrap().remove("updated_at");
    assert_eq!(
        body,
        json!({
            "order_id": id(),
            "version": 4,
            "position": 5,
            "status": "rejected",
            "payment_status": "authorized",
            "fulfilment_status": "unfulfilled",
            "return_status": "none",
            "customer_id": "17850",
            "reference": "536365",
            "subtotal": gbp(1_919),
            "discount": gbp(10),
            "discount_total": gbp(50),
            "tax": gbp(255),
            "tax_included": true,
            "total": gbp(1_869),
            "open_total": gbp(0),
            "captured": gbp(0),
            "refunded": gbp(0),
            "line_count": 2,
            "unit_count": 7,
            "lines": [
                {"line": 1, "sku": "85123A", "quantity": 6, "unit_price": gbp(255),
                 "subtotal": gbp(1_530), "discount": gbp(0), "order_discount": gbp(0), "tax_rate": "20",
                 "tax": gbp(255), "total": gbp(1_530),
                 "shipped": 0, "delivered": 0, "lost": 0, "returned": 0, "cancelled": 0},
                {"line": 2, "sku": "71053", "quantity": 1, "unit_price": gbp(389),
                 "subtotal": gbp(389), "discount": gbp(40), "order_discount": gbp(10), "tax_rate": null,
                 "tax": gbp(0), "total": gbp(339),
                 "shipped": 0, "delivered": 0, "lost": 0, "returned": 0, "cancelled": 0},
            ],
            "shipments": [],
            "amendment": null,
            "tags": [],
            "holds": [{"hold": "fraud-check", "reason": "looks odd"}],
            "rejection": {"reason": "out_of_stock", "detail": "Not enough of 71053."},
            "cancellation_reason": "changed my mind",
            "shipping_address": {
                "name": "Ann \"A\" Example",
                "lines": ["1 High Street"],
                "city": null,
                "postal_code": null,
                "country": "United Kingdom",
            },
            "erased": false,
            "allowed_commands": ["add_note", "set_tags", "release_hold"],
            "placed_at": "2010-12-01T08:00:00Z",
        })
    );
}

#[tokio::test]
async fn of_a_customer_who_was_erased_only_that_is_told() {
    let stage = Stage::new().await;
    // A customer of this test's own: keys are shared.
    let (tenant, customer) = (TenantId::default(), CustomerId::parse("gone").unwrap());
    let whole = address();
    let sealed = VAULT.seal_address(&tenant, &customer, id(), &whole);
    let placed = OrderPlaced {
        customer_id: customer.clone(),
        shipping_address: Some(sealed.await.unwrap()),
        ..placed()
    };
    stage
        .append(order_stream(id()), 0, vec![order(placed)])
        .await;
    let path = format!("/v1/orders/{}?version=1", id());
    let before = stage.get(&path).await.expect(200).body;
    assert_eq!(before["shipping_address"]["name"], "Ann \"A\" Example");
    let customer_id = customer;
    let key = KeyId {
        tenant,
        customer_id,
    };
    assert_eq!(VAULT.erase(&key).await, Ok(true));
    let mut after = stage.get(&path).await.expect(200).body;
    assert_eq!(
        (&after["shipping_address"], &after["erased"]),
        (&json!(null), &json!(true))
    );
    let allowed = after["allowed_commands"].as_array().unwrap();
    assert!(!allowed.contains(&json!("change_shipping_address")));
    // All else is as before.
    for field in ["shipping_address", "erased", "allowed_commands"] {
        after[field] = before[field].clone();
    }
    assert_eq!(after, before);
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_our_fault_and_no_internals_leak() {
    let stage = Stage::new().await;
    stage.sql(&row("2010-12-01T09:00Z")).await;
    stage
        .sql("UPDATE read.order_summary SET lines = '[{\"line\": 1}]'")
        .await;
    let answer = stage.get(&format!("/v1/orders/{}", id())).await;
    let answer = answer.problem(500, "INTERNAL");
    let said = answer.body.to_string();
    assert!(!said.contains("read.") && !said.contains("sku"), "{said}");
    // The list does not look at the lines.
    stage.get("/v1/orders").await.expect(200);
}
