//! What each policy does about each event, and the stored forms of what it remembers and plans.

mod action;
mod amendments;
mod backorder;
mod call;
mod dispute;
mod inventory;
mod lifetime;
mod order;
mod owed;
mod parcels;
mod payment;
mod returns;
mod shipping;
mod stored;
mod taking;

use super::*;
use crate::{
    CustomerId, Event, Location, ShipmentId,
    order::{
        Awaited, CancelOrder, CancellationRejected, CancellationRequested, CompleteOrder,
        ConfirmOrder, ExpireAmendment, ExpireOrder, HoldPlaced, HoldReleased, Line, LineQuantity,
        LinesCancelled, LinesDelivered, LinesLost, LinesShipped, NoteAdded, OrderBrief,
        OrderCancelled, OrderCommand, OrderCompleted, OrderConfirmed, OrderEvent, OrderExpired,
        OrderPlaced, OrderRejected, PlaceHold, RejectCancellation, RejectOrder, RejectionReason,
        ReleaseHold, RequestCancellation, SetDeadline,
    },
    payment::{
        LatePaymentReversed, PaymentAuthorizationRequested, PaymentAuthorized,
        PaymentCaptureFailed, PaymentCaptureRequested, PaymentCaptured, PaymentCommand,
        PaymentDeclined, PaymentEvent, PaymentIntegrityMismatch, PaymentOutcomeUnknown,
        PaymentParked, PaymentRefundRequested, PaymentRefunded, PaymentVoidDeferred,
        PaymentVoidRequested, PaymentVoided, RecordAuthorized, RecordCaptured,
        RecordOutcomeUnknown, RecordRefunded, RecordVoided, RequestAuthorization, RequestCapture,
        RequestRefund, RequestVoid,
    },
    shipment::{
        CancelShipment, CreateShipment, DispatchRefused, DispatchRequested, GiveUpShipment,
        MarkReady, RequestDispatch, ShipmentCancellationRefused, ShipmentCancelled,
        ShipmentCommand, ShipmentCreated, ShipmentDelivered, ShipmentDeliveryFailed,
        ShipmentDispatched, ShipmentEvent, ShipmentGivenUp, ShipmentLine, ShipmentLost,
        ShipmentPacked, ShipmentReady, ShipmentReturnedToSender, ShipmentTracked,
    },
    stock::{
        ReleaseReason, ReservationCommand, ReservationCommitted, ReservationItem, ReservationLine,
        ReservationReleased, ReservationStep, StockReservationRejected, StockReserved,
    },
    testing::{at, eur, order_id, recorded, sku, uuid},
};

/// What `P` does about the last of `events`, after the others.
fn after_all<P: Policy>(events: &[Event]) -> Vec<Reaction> {
    with::<P>(&Limits::default(), events)
}

fn with<P: Policy>(limits: &Limits, events: &[Event]) -> Vec<Reaction> {
    let (mut state, mut reactions) = (P::State::default(), vec![]);
    for (n, event) in events.iter().enumerate() {
        let event = recorded(event.clone(), n as i64);
        assert!(P::key(&event).is_none_or(|key| key == order_id(1)));
        (state, reactions) = P::react(limits, state, &event);
    }
    reactions
}

fn order(command: OrderCommand) -> Reaction {
    Reaction::Execute(Command::Order(order_id(1), command))
}

fn payment(command: PaymentCommand) -> Reaction {
    Reaction::Execute(Command::Payment(order_id(1), command))
}

/// The order is told until when something is waited for.
fn said(what: Awaited, of: impl ToString, seconds: i64) -> Reaction {
    let (of, until) = (of.to_string(), at(seconds));
    order(OrderCommand::SetDeadline(SetDeadline { what, of, until }))
}

fn shipment_id() -> ShipmentId {
    ShipmentId::of(order_id(1), &Location::default())
}

fn shipment(command: ShipmentCommand) -> Reaction {
    Reaction::Execute(Command::Shipment(shipment_id(), command))
}

fn sent<P>(payload: P) -> Event
where
    P: Into<ShipmentEvent>,
{
    payload.into().into()
}

fn lines() -> Vec<ShipmentLine> {
    let line = |line, name, quantity| ShipmentLine {
        line,
        sku: sku(name),
        quantity,
    };
    vec![line(1, "B", 1), line(2, "A", 2), line(3, "B", 3)]
}

fn dispatched() -> Event {
    sent(ShipmentDispatched {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        location: Location::default(),
        lines: lines(),
        carrier: "PX".into(),
        tracking_number: "PX-1".into(),
        amount: eur(600),
    })
}

fn kept() -> Event {
    sent(ShipmentCancelled {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        location: Location::default(),
        reason: "no more".into(),
        amount: None,
    })
}

fn delivered() -> Event {
    sent(ShipmentDelivered {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        lines: lines(),
        delivered_at: at(5),
    })
}

fn lost() -> Event {
    sent(ShipmentLost {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        lines: lines(),
        amount: eur(600),
    })
}

fn brought_back() -> Event {
    sent(ShipmentReturnedToSender {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        lines: lines(),
        amount: eur(600),
    })
}

fn captured() -> Event {
    let event = PaymentCaptured {
        order_id: order_id(1),
        shipment_id: Some(shipment_id()),
        authorization_id: "auth".into(),
        amount: eur(600),
    };
    Event::Payment(event.into())
}

fn brief() -> OrderBrief {
    OrderBrief {
        order_id: order_id(1),
        customer_id: CustomerId::parse("c").unwrap(),
        currency: eur(0).currency,
        total: 600,
        placed_at: at(0),
    }
}

fn event<P>(payload: P) -> Event
where
    P: Into<OrderEvent>,
{
    payload.into().into()
}

fn placed() -> Event {
    let line = |line, name, quantity| Line {
        line,
        sku: sku(name),
        quantity,
        unit_price: 100,
        discount: 0,
        order_discount: 0,
        tax_rate: None,
        tax: 0,
        total: quantity * 100,
    };
    event(OrderPlaced {
        order_id: order_id(1),
        customer_id: CustomerId::parse("c").unwrap(),
        currency: eur(0).currency,
        lines: vec![line(1, "B", 1), line(2, "A", 2), line(3, "B", 3)],
        total: 600,
        tax_included: false,
        shipping_address: None,
        payment_method: "tok".into(),
        reference: None,
        placed_at: at(-1_000_000),
    })
}

fn confirmed() -> Event {
    event(OrderConfirmed { order: brief() })
}

fn rejected(reason: RejectionReason) -> Event {
    event(OrderRejected {
        order: brief(),
        reason,
        detail: "it cannot be had".into(),
    })
}

fn expired() -> Event {
    event(OrderExpired { order: brief() })
}

fn cancelling() -> Event {
    event(CancellationRequested {
        order: brief(),
        confirmed: false,
        request: 0,
        reason: "no more".into(),
    })
}

fn cancelling_confirmed() -> Event {
    event(CancellationRequested {
        order: brief(),
        confirmed: true,
        request: 2,
        reason: "no more".into(),
    })
}

fn cancellation_rejected() -> Event {
    rejection(false)
}

fn rejection(confirmed: bool) -> Event {
    event(CancellationRejected {
        order: brief(),
        confirmed,
        reason: "it has left".into(),
    })
}

fn held() -> Event {
    event(HoldPlaced {
        order_id: order_id(1),
        hold: "fraud".into(),
        reason: "odd".into(),
    })
}

fn let_go() -> Event {
    event(HoldReleased {
        order_id: order_id(1),
        hold: "fraud".into(),
    })
}

fn reserved(part: u32) -> Event {
    let event = StockReserved {
        order_id: order_id(1),
        epoch: 1,
        location: Location::default(),
        sku: sku("A"),
        quantity: 2,
        lines: vec![],
        until: at(900),
        part,
        parts: 2,
        parcels: 1,
    };
    Event::Stock(event.into())
}

fn out_of_stock(part: u32) -> Event {
    let event = StockReservationRejected {
        order_id: order_id(1),
        epoch: 1,
        location: Location::default(),
        sku: sku("B"),
        requested: 4,
        available: 3,
        part,
        parts: 2,
    };
    Event::Stock(event.into())
}

fn released(part: u32) -> Event {
    let event = ReservationReleased {
        order_id: order_id(1),
        epoch: 1,
        location: Location::default(),
        sku: sku("A"),
        quantity: 2,
        committed: false,
        reason: ReleaseReason::Cancelled,
        part,
        parts: 2,
    };
    Event::Stock(event.into())
}

fn requested() -> Event {
    let event = PaymentAuthorizationRequested {
        order_id: order_id(1),
        amount: eur(600),
        payment_method: "tok".into(),
        attempt: 1,
        max_attempts: 3,
        idempotency_key: "k".into(),
    };
    Event::Payment(event.into())
}

fn authorized() -> Event {
    let event = PaymentAuthorized {
        order_id: order_id(1),
        attempt: 1,
        authorization_id: "auth".into(),
        amount: eur(600),
        expires_at: None,
    };
    Event::Payment(event.into())
}

fn mismatch() -> Event {
    let event = PaymentIntegrityMismatch {
        order_id: order_id(1),
        attempt: 1,
        authorization_id: "auth".into(),
        expected: eur(600),
        actual: eur(601),
    };
    Event::Payment(event.into())
}

fn declined(attempt: u32, attempts_left: u32) -> Event {
    let event = PaymentDeclined {
        order_id: order_id(1),
        attempt,
        attempts_left,
        code: "no_funds".into(),
    };
    Event::Payment(event.into())
}

fn unknown(inquiries: u32) -> Event {
    let event = PaymentOutcomeUnknown {
        order_id: order_id(1),
        attempt: 1,
        idempotency_key: "k".into(),
        inquiries,
        detail: "no answer".into(),
    };
    Event::Payment(event.into())
}

fn void_requested() -> Event {
    let event = PaymentVoidRequested {
        order_id: order_id(1),
        authorization_id: "auth".into(),
        idempotency_key: "v".into(),
        reason: "cancelled".into(),
    };
    Event::Payment(event.into())
}

fn voided() -> Event {
    let event = PaymentVoided {
        order_id: order_id(1),
        authorization_id: None,
    };
    Event::Payment(event.into())
}

#[test]
fn what_does_not_concern_a_policy_changes_nothing() {
    let note = event(NoteAdded {
        order_id: order_id(1),
        note_id: uuid(1, 1),
        text: "rang".into(),
    });
    let cancelled = event(OrderCancelled {
        order: brief(),
        confirmed: false,
        reason: "no more".into(),
    });
    let shipped = LinesShipped {
        order: brief(),
        shipment_id: shipment_id(),
        lines: vec![],
        all: true,
    };
    let completed = OrderCompleted { order: brief() };
    let payments = [
        PaymentVoidDeferred {
            order_id: order_id(1),
            idempotency_key: "v".into(),
            reason: "cancelled".into(),
        }
        .into(),
        LatePaymentReversed {
            order_id: order_id(1),
            authorization_id: "auth".into(),
            amount: eur(600),
        }
        .into(),
    ]
    .map(Event::Payment);
    let created = sent(ShipmentCreated {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        location: Location::default(),
        lines: vec![],
        amount: eur(600),
        parcels: 1,
    });
    let others = [note, cancelled, event(shipped), event(completed), created];
    for event in payments.into_iter().chain(others) {
        let event = recorded(event, 1);
        assert_eq!(Inventory::key(&event), None);
        assert_eq!(PaymentPolicy::key(&event), None);
        assert_eq!(OrderPolicy::key(&event), None);
        assert_eq!(Shipping::key(&event), None);
        let state = OrderPolicyState::default();
        let untouched = OrderPolicy::react(&Limits::default(), state.clone(), &event);
        assert_eq!(untouched, (state, vec![]));
    }
}
