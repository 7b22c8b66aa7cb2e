//! One value of every event of an order on its way to the customer.

use super::{Example, brief, eur, order_id, sku, time};
use domain::{
    Event, Location, Money, Sealed, ShipmentId,
    order::{
        AmendedLine, AmendedStock, AmendmentApplied, AmendmentExpired, AmendmentProposed,
        AmendmentRejected, AmendmentWithdrawn, CancellationRequested, Line, LineQuantity,
        LinesCancelled, LinesDelivered, LinesLost, LinesShipped, OrderCompleted, OrderEvent,
        ShippingAddressChanged, TagsSet,
    },
    payment::{
        PaymentCaptureFailed, PaymentCaptureRequested, PaymentCaptured, PaymentEvent,
        PaymentRefundRequested, PaymentRefunded, PaymentRestReleaseRequested, PaymentRestReleased,
    },
    shipment::{
        DispatchRefused, DispatchRequested, RecoveredLine, ShipmentBookedIn,
        ShipmentCancellationRefused, ShipmentCancelled, ShipmentCreated, ShipmentDelivered,
        ShipmentDeliveryFailed, ShipmentDispatched, ShipmentEvent, ShipmentGivenUp, ShipmentLine,
        ShipmentLost, ShipmentPacked, ShipmentReady, ShipmentRefitted, ShipmentReturnedToSender,
        ShipmentTracked,
    },
    stock::{ReservationRaised, ReservationReduced, StockEvent, StockShipped},
};
use uuid::Uuid;

fn one<E: Into<Event>>(event: E) -> Example {
    (None, event.into())
}

fn case<E: Into<Event>>(case: &'static str, event: E) -> Example {
    (Some(case), event.into())
}

fn shipment_id() -> ShipmentId {
    ShipmentId::of(order_id(), &Location::default())
}

fn quantities() -> Vec<LineQuantity> {
    let quantity = |line, quantity| LineQuantity { line, quantity };
    vec![quantity(1, 6), quantity(2, 1)]
}

fn requested(confirmed: bool, request: u32) -> OrderEvent {
    CancellationRequested {
        order: brief(),
        confirmed,
        request,
        reason: "changed my mind".into(),
    }
    .into()
}

fn lost(returned: bool) -> OrderEvent {
    LinesLost {
        order: brief(),
        shipment_id: shipment_id(),
        lines: quantities(),
        returned,
    }
    .into()
}

pub(super) fn orders() -> Vec<Example> {
    vec![
        case("confirmed", requested(true, 0)),
        case("again", requested(true, 2)),
        one(OrderEvent::from(LinesShipped {
            order: brief(),
            shipment_id: shipment_id(),
            lines: quantities(),
            all: true,
        })),
        one(OrderEvent::from(LinesDelivered {
            order: brief(),
            shipment_id: shipment_id(),
            lines: quantities(),
            all: false,
        })),
        one(lost(false)),
        case("returned", lost(true)),
        one(OrderEvent::from(OrderCompleted { order: brief() })),
        one(OrderEvent::from(LinesCancelled {
            order: brief(),
            cancellation_id: Uuid::from_u128(0x0192_3f00_0000_7000_8000_0000_0000_0009),
            lines: quantities(),
            amount: 1_769,
            all: false,
            reason: "too many".into(),
        })),
        one(amendment_proposed()),
        one(OrderEvent::from(AmendmentApplied {
            order: brief(),
            amendment_id: amendment_id(),
            lines: amended_lines(),
            total: 1_509,
        })),
        one(OrderEvent::from(AmendmentWithdrawn {
            order_id: order_id(),
            amendment_id: amendment_id(),
        })),
        one(OrderEvent::from(AmendmentRejected {
            order_id: order_id(),
            amendment_id: amendment_id(),
            reason: "the order is packed".into(),
        })),
        one(OrderEvent::from(AmendmentExpired {
            order_id: order_id(),
            amendment_id: amendment_id(),
        })),
        one(OrderEvent::from(TagsSet {
            order_id: order_id(),
            tags: vec!["gift".into(), "vip".into()],
        })),
        one(OrderEvent::from(ShippingAddressChanged {
            order_id: order_id(),
            customer_id: brief().customer_id,
            shipping_address: Sealed::of_base64("3q2-7wABAgM").expect("examples are valid"),
        })),
    ]
}

fn amendment_id() -> Uuid {
    Uuid::from_u128(0x0192_3f00_0000_7000_8000_0000_0000_000a)
}

fn amended_lines() -> Vec<AmendedLine> {
    let fewer = AmendedLine {
        line: 1,
        sku: sku("85123A"),
        before: 6,
        after: 4,
        ordered_before: 6,
        ordered: 6,
        unit_price: 255,
        discount: 0,
        tax: 0,
        total: 1_020,
        total_before: 1_530,
        anew: None,
    };
    let more = AmendedLine {
        line: 2,
        sku: sku("gift 1"),
        before: 1,
        after: 2,
        ordered_before: 1,
        ordered: 2,
        unit_price: 239,
        discount: 10,
        tax: 21,
        total: 489,
        total_before: 239,
        anew: Some(Line {
            line: 2,
            sku: sku("gift 1"),
            quantity: 2,
            unit_price: 239,
            discount: 10,
            order_discount: 0,
            tax_rate: None,
            tax: 21,
            total: 489,
        }),
    };
    vec![fewer, more]
}

fn amendment_proposed() -> OrderEvent {
    AmendmentProposed {
        order: brief(),
        amendment_id: amendment_id(),
        lines: amended_lines(),
        stock: vec![
            AmendedStock {
                sku: sku("85123A"),
                difference: -2,
                wanted: 4,
            },
            AmendedStock {
                sku: sku("gift 1"),
                difference: 1,
                wanted: 2,
            },
        ],
        total_before: 1_769,
        total: 1_509,
        authorized: 1_769,
        until: time("2026-01-03T03:04:05Z"),
        reason: "rather so".into(),
    }
    .into()
}

pub(super) fn stocks() -> Vec<Example> {
    vec![
        one(StockEvent::from(ReservationRaised {
            order_id: order_id(),
            epoch: 1,
            location: Location::default(),
            sku: sku("85123A"),
            quantity: 2,
            kept: 8,
            committed: true,
            part: 1,
            parts: 1,
        })),
        one(StockEvent::from(ReservationReduced {
            order_id: order_id(),
            epoch: 1,
            location: Location::default(),
            sku: sku("85123A"),
            quantity: 2,
            left: 6,
            committed: true,
            part: 1,
            parts: 1,
        })),
        one(StockEvent::from(shipped(8, 0))),
        (Some("less"), StockEvent::from(shipped(6, 2)).into()),
    ]
}

fn shipped(quantity: i64, given_back: i64) -> StockShipped {
    StockShipped {
        order_id: order_id(),
        epoch: 1,
        location: Location::default(),
        sku: sku("85123A"),
        quantity,
        given_back,
        part: 1,
        parts: 2,
    }
}

fn refund_requested(shipment_id: Option<ShipmentId>) -> PaymentEvent {
    PaymentRefundRequested {
        order_id: order_id(),
        shipment_id,
        return_id: None,
        authorization_id: "auth_1".into(),
        refund: 1,
        amount: eur(1_769),
        idempotency_key: format!("main:{}:void:1", order_id()),
        reason: "the order is being cancelled".into(),
    }
    .into()
}

fn refunded(shipment_id: Option<ShipmentId>) -> PaymentEvent {
    PaymentRefunded {
        order_id: order_id(),
        shipment_id,
        return_id: None,
        authorization_id: "auth_1".into(),
        refund: 1,
        amount: eur(1_769),
    }
    .into()
}

pub(super) fn payments() -> Vec<Example> {
    let key = format!("main:{}:capture:{}:1", order_id(), shipment_id());
    vec![
        case(
            "shipment",
            PaymentEvent::from(PaymentCaptureRequested {
                order_id: order_id(),
                shipment_id: Some(shipment_id()),
                authorization_id: "auth_1".into(),
                amount: eur(1_769),
                attempt: 1,
                max_attempts: 4,
                idempotency_key: key.clone(),
                more: false,
            }),
        ),
        case(
            "split",
            PaymentEvent::from(PaymentCaptureRequested {
                order_id: order_id(),
                shipment_id: Some(shipment_id()),
                authorization_id: "auth_1".into(),
                amount: eur(1_769),
                attempt: 1,
                max_attempts: 4,
                idempotency_key: key,
                more: true,
            }),
        ),
        case(
            "shipment",
            PaymentEvent::from(PaymentCaptured {
                order_id: order_id(),
                shipment_id: Some(shipment_id()),
                authorization_id: "auth_1".into(),
                amount: eur(1_769),
            }),
        ),
        case(
            "shipment",
            PaymentEvent::from(PaymentCaptureFailed {
                order_id: order_id(),
                shipment_id: Some(shipment_id()),
                authorization_id: "auth_1".into(),
                amount: Some(eur(1_769)),
                attempt: 1,
                attempts_left: 3,
                code: "expired".into(),
            }),
        ),
        one(PaymentEvent::from(PaymentRestReleaseRequested {
            order_id: order_id(),
            authorization_id: "auth_1".into(),
            amount: eur(231),
            idempotency_key: format!("main:{}:release-rest:1", order_id()),
        })),
        one(PaymentEvent::from(PaymentRestReleased {
            order_id: order_id(),
            authorization_id: "auth_1".into(),
            amount: eur(231),
        })),
        one(refund_requested(None)),
        case("shipment", refund_requested(Some(shipment_id()))),
        one(refunded(None)),
        case("shipment", refunded(Some(shipment_id()))),
    ]
}

fn lines() -> Vec<ShipmentLine> {
    let line = |line, name, quantity| ShipmentLine {
        line,
        sku: sku(name),
        quantity,
    };
    vec![line(1, "85123A", 6), line(2, "gift \"1\"", 1)]
}

pub(super) fn shipments() -> Vec<Example> {
    [before_dispatch(), after_dispatch()].concat()
}

/// One of so many parcels.
fn created(parcels: u32) -> ShipmentCreated {
    ShipmentCreated {
        order_id: order_id(),
        shipment_id: shipment_id(),
        location: Location::default(),
        lines: lines(),
        amount: eur(1_769),
        parcels,
    }
}

fn cancelled(reason: &str, amount: Option<Money>) -> ShipmentCancelled {
    ShipmentCancelled {
        order_id: order_id(),
        shipment_id: shipment_id(),
        location: Location::default(),
        reason: reason.into(),
        amount,
    }
}

fn before_dispatch() -> Vec<Example> {
    let (order_id, shipment_id) = (order_id(), shipment_id());
    let one = |event: ShipmentEvent| (None, Event::from(event));
    vec![
        one(created(1).into()),
        (Some("split"), Event::from(ShipmentEvent::from(created(2)))),
        one(ShipmentPacked {
            order_id,
            shipment_id,
            amount: eur(1_769),
        }
        .into()),
        one(ShipmentRefitted {
            order_id,
            shipment_id,
            lines: lines(),
            amount: eur(1_769),
        }
        .into()),
        one(ShipmentReady {
            order_id,
            shipment_id,
        }
        .into()),
        one(DispatchRequested {
            order_id,
            shipment_id,
            attempt: 1,
            idempotency_key: format!("{shipment_id}:1"),
        }
        .into()),
        one(DispatchRefused {
            order_id,
            shipment_id,
            attempt: 1,
            code: "address_unknown".into(),
        }
        .into()),
        one(ShipmentGivenUp {
            order_id,
            shipment_id,
            attempt: 1,
            reason: "the carrier refused it: address_unknown".into(),
        }
        .into()),
        one(cancelled("changed my mind", None).into()),
        (
            Some("alone"),
            Event::from(ShipmentEvent::from(cancelled(
                "the payment could not be taken: limit",
                Some(eur(1_769)),
            ))),
        ),
        one(ShipmentCancellationRefused {
            order_id,
            shipment_id,
            request: 0,
            reason: "the shipment is dispatched".into(),
        }
        .into()),
    ]
}

fn after_dispatch() -> Vec<Example> {
    let (order_id, shipment_id) = (order_id(), shipment_id());
    let one = |event: ShipmentEvent| (None, Event::from(event));
    let tracking_number = || "PX-0042".to_owned();
    vec![
        one(ShipmentDispatched {
            order_id,
            shipment_id,
            location: Location::default(),
            lines: lines(),
            carrier: "Parcel Express".into(),
            tracking_number: tracking_number(),
            amount: eur(1_769),
        }
        .into()),
        one(ShipmentTracked {
            order_id,
            shipment_id,
            tracking_number: tracking_number(),
            inquiries: 3,
        }
        .into()),
        one(ShipmentDelivered {
            order_id,
            shipment_id,
            lines: lines(),
            delivered_at: time("2026-01-05T11:30:00Z"),
        }
        .into()),
        one(ShipmentDeliveryFailed {
            order_id,
            shipment_id,
            tracking_number: tracking_number(),
            inquiries: 2,
            reason: "nobody was in".into(),
        }
        .into()),
        one(ShipmentLost {
            order_id,
            shipment_id,
            lines: lines(),
            amount: eur(1_769),
        }
        .into()),
        one(ShipmentReturnedToSender {
            order_id,
            shipment_id,
            lines: lines(),
            amount: eur(1_769),
        }
        .into()),
        one(ShipmentBookedIn {
            order_id,
            shipment_id,
            location: Location::default(),
            lines: vec![RecoveredLine {
                line: 1,
                sku: sku("85123A"),
                restocked: 2,
                quarantined: 1,
            }],
            reason: Some("the box was wet".into()),
        }
        .into()),
    ]
}
