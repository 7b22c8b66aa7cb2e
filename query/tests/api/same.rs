//! An order as it was, at its end, is the order as it is: what is folded for one answer, and what the
//! projector folds, come to the same.

use crate::{
    orders::{brief, id, order, placed, sealed_address},
    shipments::{amount, captured, lines, shipment, shipment_events},
    stage::{Stage, order_stream, payment_stream},
};
use chrono::TimeDelta;
use domain::{
    Event, Money, ReturnId, StreamId, TenantId,
    order::{
        AmendedLine, AmendmentApplied, AmendmentProposed, AmendmentWithdrawn, CancellationRejected,
        CancellationRequested, HoldPlaced, HoldReleased, Line, LineQuantity, LinesDelivered,
        LinesLost, LinesReturned, LinesShipped, NoteAdded, OrderCancelled, OrderCompleted,
        OrderConfirmed, OrderRejected, OrderReturnStatus, RejectionReason, ReturnOpened,
        ShippingAddressChanged, TagsSet,
    },
    payment::{PaymentEvent, PaymentRefundRequested, PaymentRefunded},
};
use projector::{
    PostgresReadModels,
    rebuild::{RebuildOptions, rebuild_by_name},
};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

fn hold(hold: &str) -> Event {
    order(HoldPlaced {
        order_id: id(),
        hold: hold.into(),
        reason: format!("for {hold}"),
    })
}

fn released(hold: &str) -> Event {
    order(HoldReleased {
        order_id: id(),
        hold: hold.into(),
    })
}

fn quantities(of: &[(u32, i64)]) -> Vec<LineQuantity> {
    let quantity = |&(line, quantity): &(u32, i64)| LineQuantity { line, quantity };
    of.iter().map(quantity).collect()
}

fn asked_to_cancel(confirmed: bool) -> Event {
    order(CancellationRequested {
        order: brief(),
        confirmed,
        request: 0,
        reason: "changed my mind".into(),
    })
}

/// Five of the first line instead of six, and two of the second instead of one.
fn amendment(n: u128) -> AmendmentProposed {
    let placed = placed();
    let line = |index: usize, after: i64, total: i64| {
        let line = &placed.lines[index];
        AmendedLine {
            line: line.line,
            sku: line.sku.clone(),
            before: line.quantity,
            after,
            ordered_before: line.quantity,
            ordered: line.quantity.max(after),
            unit_price: line.unit_price,
            discount: line.discounts(),
            tax: 0,
            total,
            total_before: line.total,
            anew: (after > line.quantity).then(|| Line {
                quantity: after,
                total,
                ..line.clone()
            }),
        }
    };
    AmendmentProposed {
        order: brief(),
        amendment_id: Uuid::from_u128(n),
        lines: vec![line(0, 5, 1_275), line(1, 2, 728)],
        stock: vec![],
        total_before: 1_869,
        total: 1_614,
        authorized: 1_869,
        until: "2010-12-24T00:00:00Z".parse().unwrap(),
        reason: "rather so".into(),
    }
}

/// The order's own events: nearly all there are, but for how it ends.
fn own() -> Vec<Event> {
    let (order_brief, shipment_id) = (brief(), shipment());
    let return_id = ReturnId::new(Uuid::from_u128(7));
    vec![
        order(placed()),
        hold("z-check"),
        hold("a-check"),
        hold("z-check"),
        released("a-check"),
        asked_to_cancel(false),
        order(CancellationRejected {
            order: brief(),
            confirmed: false,
            reason: "too late".into(),
        }),
        order(OrderConfirmed {
            order: order_brief.clone(),
        }),
        hold("b-check"),
        order(NoteAdded {
            order_id: id(),
            note_id: Uuid::from_u128(1),
            text: "called".into(),
        }),
        released("z-check"),
        order(amendment(7)),
        order(AmendmentWithdrawn {
            order_id: id(),
            amendment_id: Uuid::from_u128(7),
        }),
        order(amendment(8)),
        order(AmendmentApplied {
            order: brief(),
            amendment_id: Uuid::from_u128(8),
            lines: amendment(8).lines,
            total: 1_614,
        }),
        order(amendment(9)),
        order(TagsSet {
            order_id: id(),
            tags: vec!["gift".into(), "vip".into()],
        }),
        order(ShippingAddressChanged {
            order_id: id(),
            customer_id: brief().customer_id,
            shipping_address: sealed_address(),
        }),
        order(LinesShipped {
            order: order_brief.clone(),
            shipment_id,
            lines: quantities(&[(1, 6), (2, 1)]),
            all: true,
        }),
        order(LinesDelivered {
            order: order_brief.clone(),
            shipment_id,
            lines: quantities(&[(1, 6), (2, 1)]),
            all: true,
        }),
        order(OrderCompleted {
            order: order_brief.clone(),
        }),
        order(ReturnOpened {
            order: order_brief.clone(),
            return_id,
            lines: quantities(&[(1, 2)]),
            return_status: OrderReturnStatus::Open,
        }),
        order(LinesReturned {
            order: order_brief,
            return_id,
            lines: quantities(&[(1, 2)]),
            return_status: OrderReturnStatus::PartiallyReturned,
        }),
    ]
}

/// As it ends otherwise.
fn other_ends() -> [Vec<Event>; 3] {
    let shipped = LinesShipped {
        order: brief(),
        shipment_id: shipment(),
        lines: quantities(&[(1, 6), (2, 1)]),
        all: true,
    };
    let lost = LinesLost {
        order: brief(),
        shipment_id: shipment(),
        lines: quantities(&[(1, 6), (2, 1)]),
        returned: false,
    };
    [
        vec![
            order(placed()),
            order(OrderRejected {
                order: brief(),
                reason: RejectionReason::OutOfStock,
                detail: "Not enough of 71053.".into(),
            }),
        ],
        vec![
            order(placed()),
            asked_to_cancel(false),
            order(OrderCancelled {
                order: brief(),
                confirmed: false,
                reason: "changed my mind".into(),
            }),
        ],
        vec![
            order(placed()),
            order(OrderConfirmed { order: brief() }),
            order(shipped),
            order(lost),
        ],
    ]
}

/// What was taken, and of that given back.
fn payments() -> Vec<Event> {
    let part = Money {
        amount: 510,
        ..amount()
    };
    let asked: PaymentEvent = PaymentRefundRequested {
        order_id: id(),
        shipment_id: None,
        return_id: Some(ReturnId::new(Uuid::from_u128(7))),
        authorization_id: "auth-1".into(),
        refund: 1,
        amount: part,
        reason: "came back".into(),
        idempotency_key: "refund".into(),
    }
    .into();
    let done: PaymentEvent = PaymentRefunded {
        order_id: id(),
        shipment_id: None,
        return_id: Some(ReturnId::new(Uuid::from_u128(7))),
        authorization_id: "auth-1".into(),
        refund: 1,
        amount: part,
    }
    .into();
    let mut events = captured();
    events.extend([Event::Payment(asked), Event::Payment(done)]);
    events
}

/// Appends the next of each stream in turn, as `turns` says, and compares again and again.
async fn stays_the_same(own: Vec<Event>, beside: bool, mut turns: u64) {
    assert_eq!(lines().len(), placed().lines.len());
    let stage = Stage::new().await;
    let models = PostgresReadModels::connect(&stage.database, 3)
        .await
        .unwrap();
    let shipments = StreamId::shipment(&TenantId::default(), shipment());
    let mut streams = vec![(order_stream(id()), own)];
    if beside {
        streams.push((payment_stream(id()), payments()));
        streams.push((shipments, shipment_events()));
    }
    let mut streams: Vec<_> = streams
        .into_iter()
        .map(|(stream, events)| (stream, 0_i64, events.into_iter()))
        .collect();
    let mut count = 0;
    while streams.iter().any(|(_, _, left)| left.len() > 0) {
        // The order is placed before all.
        let turn = match count {
            0 => 0,
            _ => (turns >> 33) as usize % streams.len(),
        };
        turns = turns
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let (stream, version, left) = &mut streams[turn];
        let Some(event) = left.next() else { continue };
        stage.clock.set_ahead(TimeDelta::seconds(count));
        stage.append(stream.clone(), *version, vec![event]).await;
        *version += 1;
        count += 1;
        let is_last = streams.iter().all(|(_, _, left)| left.len() == 0);
        if count % 3 == 0 || is_last {
            is_the_same(&stage, &models, streams[0].1).await;
        }
    }
}

/// Compares the row with what is folded.
async fn is_the_same(stage: &Stage, models: &PostgresReadModels, version: i64) {
    for name in ["order_summary", "shipment_summary"] {
        let (reader, options) = (Arc::new(stage.store.clone()), RebuildOptions::default());
        let never = CancellationToken::new();
        let built = rebuild_by_name(name, reader, models, &options, Arc::new(|_| {}), &never);
        built.await.unwrap();
    }
    let path = format!("/v1/orders/{}", id());
    let live = stage.get(&path).await.expect(200);
    assert_eq!(live.header("served-from"), None);
    assert_eq!(live.body["version"], version);
    for query in [
        format!("version={version}"),
        "as_of=2100-01-01T00:00:00Z".into(),
    ] {
        let mut then = stage.get(&format!("{path}?{query}")).await.expect(200).body;
        let as_of = then.as_object_mut().unwrap().remove("as_of");
        assert_eq!(as_of.unwrap()["is_current"], true);
        assert_eq!(then, live.body, "{query}");
    }
}

#[tokio::test]
async fn whatever_happens_to_an_order() {
    for turns in [1, 0x9e37_79b9_7f4a_7c15, 0x0123_4567_89ab_cdef] {
        stays_the_same(own(), true, turns).await;
    }
}

#[tokio::test]
async fn however_it_ends() {
    for end in other_ends() {
        stays_the_same(end, false, 0).await;
    }
}
