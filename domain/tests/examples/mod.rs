//! One value of every event, and more where parts may be left out.

mod backorder;
mod fulfilment;
mod provider;
mod returns;

use chrono::{DateTime, Utc};
use domain::{
    Currency, CustomerId, Event, Location, Money, OrderId, Sealed, Sku, TaxRate,
    customer::{CustomerChanged, CustomerErased, CustomerEvent, CustomerRegistered},
    order::{
        Awaited, CancellationRejected, CancellationRequested, DeadlineSet, HoldPlaced,
        HoldReleased, Line, NoteAdded, OrderBrief, OrderCancelled, OrderConfirmed, OrderEvent,
        OrderExpired, OrderPlaced, OrderRejected, RejectionReason, TaskParked, TaskResumed,
    },
    payment::{
        LatePaymentReversed, PaymentActionRequired, PaymentAuthorizationRequested,
        PaymentAuthorized, PaymentCaptureFailed, PaymentCaptureRequested, PaymentCaptured,
        PaymentDeclined, PaymentEvent, PaymentIntegrityMismatch, PaymentOutcomeUnknown,
        PaymentParked, PaymentVoidDeferred, PaymentVoidRequested, PaymentVoided,
    },
    product::{ProductDelisted, ProductEvent, ProductListed, ProductPriced},
    stock::{
        ReleaseReason, ReservationCommitted, ReservationExpired, ReservationLine,
        ReservationReleased, StockAdjusted, StockEvent, StockReceived, StockReservationRejected,
        StockReserved,
    },
};
use uuid::Uuid;

/// An example, and the name of its case where its type has several.
type Example = (Option<&'static str>, Event);

/// All examples; the first is a whole placement.
pub fn all() -> Vec<Example> {
    [
        orders(),
        stocks(),
        payments(),
        provider::payments(),
        provider::lifetimes(),
        provider::owed(),
        fulfilment::orders(),
        fulfilment::stocks(),
        backorder::stocks(),
        fulfilment::payments(),
        fulfilment::shipments(),
        returns::orders(),
        returns::stocks(),
        returns::payments(),
        returns::returns(),
        customers(),
        products(),
    ]
    .concat()
}

fn customers() -> Vec<Example> {
    let customer_id = || CustomerId::parse("17850").expect("examples are valid");
    let events: [CustomerEvent; 3] = [
        CustomerRegistered {
            customer_id: customer_id(),
            profile: sealed("3q2-7wABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"),
        }
        .into(),
        CustomerChanged {
            customer_id: customer_id(),
            profile: sealed("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh_erb7v"),
        }
        .into(),
        CustomerErased {
            customer_id: customer_id(),
        }
        .into(),
    ];
    let examples = events.into_iter();
    examples.map(|event| (None, event.into())).collect()
}

fn products() -> Vec<Example> {
    let sku = || Sku::parse("85123A").expect("examples are valid");
    let events: [ProductEvent; 3] = [
        ProductListed {
            sku: sku(),
            name: "White hanging heart".into(),
            price: eur(255),
        }
        .into(),
        ProductPriced {
            sku: sku(),
            price: Money::new(295, Currency::parse("USD").expect("examples are valid")),
        }
        .into(),
        ProductDelisted {
            sku: sku(),
            reason: "sold out for good".into(),
        }
        .into(),
    ];
    let examples = events.into_iter();
    examples.map(|event| (None, event.into())).collect()
}

fn id(n: u128) -> Uuid {
    Uuid::from_u128(0x0192_3f00_0000_7000_8000_0000_0000_0000 + n)
}

fn order_id() -> OrderId {
    OrderId::new(id(1))
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().expect("examples are valid")
}

fn sealed(base64: &str) -> Sealed {
    Sealed::of_base64(base64).expect("examples are valid")
}

fn sku(text: &str) -> Sku {
    Sku::parse(text).expect("examples are valid")
}

fn eur(amount: i64) -> Money {
    Money::new(amount, Currency::parse("EUR").expect("examples are valid"))
}

fn line(line: u32, name: &str, quantity: i64, unit_price: i64) -> Line {
    Line {
        line,
        sku: sku(name),
        quantity,
        unit_price,
        discount: 0,
        order_discount: 0,
        tax_rate: None,
        tax: 0,
        total: quantity * unit_price,
    }
}

/// Discounts and tax added, of which each line keeps its part.
fn taxed_placement() -> OrderPlaced {
    let rate = |text: &str| Some(TaxRate::parse(text).expect("examples are valid"));
    OrderPlaced {
        lines: vec![
            Line {
                discount: 30,
                order_discount: 86,
                tax_rate: rate("19"),
                tax: 269,
                total: 1_683,
                ..line(1, "85123A", 6, 255)
            },
            Line {
                order_discount: 14,
                tax_rate: rate("7"),
                tax: 16,
                total: 241,
                ..line(2, "gift \"1\"", 1, 239)
            },
        ],
        total: 1_924,
        ..smallest_placement()
    }
}

/// Prices that include tax, which was said as an amount.
fn placement_with_tax_included() -> OrderPlaced {
    OrderPlaced {
        lines: vec![Line {
            tax: 244,
            ..line(1, "85123A", 6, 255)
        }],
        total: 1_530,
        tax_included: true,
        ..smallest_placement()
    }
}

fn brief() -> OrderBrief {
    OrderBrief {
        order_id: order_id(),
        customer_id: CustomerId::parse("17850").expect("examples are valid"),
        currency: Currency::parse("EUR").expect("examples are valid"),
        total: 1_769,
        placed_at: time("2026-01-02T03:04:05Z"),
    }
}

fn placed() -> OrderPlaced {
    OrderPlaced {
        order_id: order_id(),
        customer_id: CustomerId::parse("17850").expect("examples are valid"),
        currency: Currency::parse("EUR").expect("examples are valid"),
        lines: vec![line(1, "85123A", 6, 255), line(2, "gift \"1\"", 1, 239)],
        total: 1_769,
        tax_included: false,
        shipping_address: Some(sealed("3q2-7wABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f")),
        payment_method: "tok_approve".into(),
        reference: Some("536365".into()),
        placed_at: time("2026-01-02T03:04:05Z"),
    }
}

fn smallest_placement() -> OrderPlaced {
    OrderPlaced {
        lines: vec![line(1, "85123A", 6, 0)],
        total: 0,
        shipping_address: None,
        reference: None,
        placed_at: time("2010-12-01T08:26:00.123456Z"),
        ..placed()
    }
}

fn rejected(reason: RejectionReason, detail: &str) -> OrderEvent {
    OrderRejected {
        order: brief(),
        reason,
        detail: detail.into(),
    }
    .into()
}

fn orders() -> Vec<Example> {
    let one = |event: OrderEvent| (None, Event::from(event));
    let case = |case, event: OrderEvent| (Some(case), Event::from(event));
    let reason = || "changed my mind".to_owned();
    vec![
        one(placed().into()),
        case("smallest", smallest_placement().into()),
        case("taxed", taxed_placement().into()),
        case("tax_included", placement_with_tax_included().into()),
        one(OrderConfirmed { order: brief() }.into()),
        one(rejected(
            RejectionReason::OutOfStock,
            "6 of 85123A were wanted, 2 can be had",
        )),
        case(
            "declined",
            rejected(
                RejectionReason::PaymentDeclined,
                "the payment was declined: card_declined",
            ),
        ),
        case(
            "integrity",
            rejected(
                RejectionReason::PaymentIntegrity,
                "17.69 EUR was to be authorized, the provider authorized 17.70 EUR",
            ),
        ),
        one(OrderExpired { order: brief() }.into()),
        one(CancellationRequested {
            order: brief(),
            confirmed: false,
            request: 0,
            reason: reason(),
        }
        .into()),
        one(CancellationRejected {
            order: brief(),
            confirmed: true,
            reason: "it has left".into(),
        }
        .into()),
        one(OrderCancelled {
            order: brief(),
            confirmed: false,
            reason: reason(),
        }
        .into()),
        one(NoteAdded {
            order_id: order_id(),
            note_id: id(2),
            text: "rang\ntwice".into(),
        }
        .into()),
        one(HoldPlaced {
            order_id: order_id(),
            hold: "fraud-check".into(),
            reason: "odd address".into(),
        }
        .into()),
        one(HoldReleased {
            order_id: order_id(),
            hold: "fraud-check".into(),
        }
        .into()),
        one(parked(Some("2"), true)),
        case("smallest", parked(None, false)),
        one(TaskResumed {
            order_id: order_id(),
            task_id: id(5),
        }
        .into()),
        one(DeadlineSet {
            order_id: order_id(),
            what: Awaited::Arrival,
            of: id(6).to_string(),
            until: time("2026-10-01T08:00:00Z"),
        }
        .into()),
        case(
            "stock",
            DeadlineSet {
                order_id: order_id(),
                what: Awaited::Stock,
                of: Location::default().to_string(),
                until: time("2026-10-01T08:00:00Z"),
            }
            .into(),
        ),
    ]
}

fn parked(of: Option<&str>, done: bool) -> OrderEvent {
    TaskParked {
        order_id: order_id(),
        task_id: id(5),
        task: "refund".into(),
        of: of.map(Into::into),
        done,
        problem: "it was refused: card_closed".into(),
    }
    .into()
}

fn received(reference: Option<&str>) -> StockEvent {
    StockReceived {
        receipt_id: id(3),
        location: Location::default(),
        sku: sku("85123A"),
        quantity: 600,
        reference: reference.map(Into::into),
    }
    .into()
}

fn released(quantity: i64, committed: bool, reason: ReleaseReason) -> StockEvent {
    ReservationReleased {
        order_id: order_id(),
        epoch: 1,
        location: Location::default(),
        sku: sku("85123A"),
        quantity,
        committed,
        reason,
        part: 1,
        parts: 2,
    }
    .into()
}

fn stocks() -> Vec<Example> {
    let one = |event: StockEvent| (None, Event::from(event));
    let case = |case, event: StockEvent| (Some(case), Event::from(event));
    let location = Location::default;
    vec![
        one(received(Some("D-77"))),
        case("smallest", received(None)),
        one(StockAdjusted {
            adjustment_id: id(4),
            location: location(),
            sku: sku("85123A"),
            delta: -3,
            reason: "broken".into(),
        }
        .into()),
        one(reserved(1).into()),
        (Some("split"), Event::from(StockEvent::from(reserved(2)))),
        one(StockReservationRejected {
            order_id: order_id(),
            epoch: 1,
            location: location(),
            sku: sku("85123A"),
            requested: 8,
            available: 2,
            part: 1,
            parts: 1,
        }
        .into()),
        one(ReservationCommitted {
            order_id: order_id(),
            epoch: 1,
            location: location(),
            sku: sku("85123A"),
            quantity: 8,
            part: 2,
            parts: 2,
        }
        .into()),
        one(released(8, true, ReleaseReason::Cancelled)),
        case("rejected", released(8, false, ReleaseReason::Rejected)),
        case("tombstone", released(0, false, ReleaseReason::Cancelled)),
        case("expired", released(8, false, ReleaseReason::Expired)),
        one(ReservationExpired {
            order_id: order_id(),
            epoch: 1,
            location: location(),
            sku: sku("85123A"),
            quantity: 8,
            part: 1,
            parts: 2,
        }
        .into()),
    ]
}

fn voided(authorization_id: Option<&str>) -> PaymentEvent {
    PaymentVoided {
        order_id: order_id(),
        authorization_id: authorization_id.map(Into::into),
    }
    .into()
}

fn payments() -> Vec<Example> {
    let one = |event: PaymentEvent| (None, Event::from(event));
    let case = |case, event: PaymentEvent| (Some(case), Event::from(event));
    let key = |operation: &str| format!("main:{}:{operation}:1", order_id());
    let authorization_id = || "auth_1".to_owned();
    let mut all = vec![
        one(PaymentAuthorizationRequested {
            order_id: order_id(),
            amount: eur(1_769),
            payment_method: "tok_approve".into(),
            attempt: 1,
            max_attempts: 3,
            idempotency_key: key("authorize"),
        }
        .into()),
        one(PaymentAuthorized {
            order_id: order_id(),
            attempt: 1,
            authorization_id: authorization_id(),
            amount: eur(1_769),
            expires_at: None,
        }
        .into()),
        one(PaymentDeclined {
            order_id: order_id(),
            attempt: 1,
            attempts_left: 2,
            code: "card_declined".into(),
        }
        .into()),
        one(PaymentActionRequired {
            order_id: order_id(),
            attempt: 1,
            authorization_id: authorization_id(),
            url: "https://provider.example/actions/1".into(),
            until: None,
        }
        .into()),
        one(PaymentOutcomeUnknown {
            order_id: order_id(),
            attempt: 1,
            idempotency_key: key("authorize"),
            inquiries: 2,
            detail: "the provider did not answer in time".into(),
        }
        .into()),
        one(PaymentParked {
            order_id: order_id(),
            attempt: 1,
            detail: "the provider cannot be reached".into(),
        }
        .into()),
        one(PaymentIntegrityMismatch {
            order_id: order_id(),
            attempt: 1,
            authorization_id: authorization_id(),
            expected: eur(1_769),
            actual: Money::new(1_770, Currency::parse("JPY").expect("examples are valid")),
        }
        .into()),
    ];
    all.extend([
        one(PaymentVoidDeferred {
            order_id: order_id(),
            idempotency_key: key("void"),
            reason: "the order expired".into(),
        }
        .into()),
        one(PaymentVoidRequested {
            order_id: order_id(),
            authorization_id: authorization_id(),
            idempotency_key: key("void"),
            reason: "the order is being cancelled".into(),
        }
        .into()),
        one(voided(Some("auth_1"))),
        case("nothing", voided(None)),
        one(LatePaymentReversed {
            order_id: order_id(),
            authorization_id: authorization_id(),
            amount: eur(1_769),
        }
        .into()),
        one(PaymentCaptureRequested {
            order_id: order_id(),
            shipment_id: None,
            authorization_id: authorization_id(),
            amount: eur(1_769),
            attempt: 0,
            max_attempts: 0,
            idempotency_key: key("capture"),
            more: false,
        }
        .into()),
        one(PaymentCaptured {
            order_id: order_id(),
            shipment_id: None,
            authorization_id: authorization_id(),
            amount: eur(1_769),
        }
        .into()),
        one(PaymentCaptureFailed {
            order_id: order_id(),
            shipment_id: None,
            authorization_id: authorization_id(),
            amount: None,
            attempt: 0,
            attempts_left: 0,
            code: "expired".into(),
        }
        .into()),
    ]);
    all
}

/// Reserved at so many places.
fn reserved(parcels: u32) -> StockReserved {
    StockReserved {
        order_id: order_id(),
        epoch: 1,
        location: Location::default(),
        sku: sku("85123A"),
        quantity: 8,
        lines: vec![
            ReservationLine {
                line: 1,
                quantity: 6,
            },
            ReservationLine {
                line: 3,
                quantity: 2,
            },
        ],
        until: time("2026-01-02T03:19:05.5Z"),
        part: 1,
        parts: 2,
        parcels,
    }
}
