//! What each policy does about each event, and the stored forms of what it remembers and plans.

mod call;
mod inventory;
mod order;
mod payment;
mod stored;

use super::*;
use crate::{
    CustomerId, Event, Location,
    order::{
        CancelOrder, CancellationRejected, CancellationRequested, ConfirmOrder, ExpireOrder,
        HoldPlaced, HoldReleased, Line, NoteAdded, OrderBrief, OrderCancelled, OrderCommand,
        OrderConfirmed, OrderEvent, OrderExpired, OrderPlaced, OrderRejected, RejectOrder,
        RejectionReason,
    },
    payment::{
        LatePaymentReversed, PaymentAuthorizationRequested, PaymentAuthorized,
        PaymentCaptureFailed, PaymentCaptureRequested, PaymentCaptured, PaymentCommand,
        PaymentDeclined, PaymentEvent, PaymentIntegrityMismatch, PaymentOutcomeUnknown,
        PaymentParked, PaymentVoidDeferred, PaymentVoidRequested, PaymentVoided, RecordAuthorized,
        RecordCaptured, RecordOutcomeUnknown, RecordVoided, RequestAuthorization, RequestVoid,
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
        total: quantity * 100,
    };
    event(OrderPlaced {
        order_id: order_id(1),
        customer_id: CustomerId::parse("c").unwrap(),
        currency: eur(0).currency,
        lines: vec![line(1, "B", 1), line(2, "A", 2), line(3, "B", 3)],
        total: 600,
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
        reason: "no more".into(),
    })
}

fn cancellation_rejected() -> Event {
    event(CancellationRejected {
        order: brief(),
        confirmed: false,
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
    let committed = ReservationCommitted {
        order_id: order_id(1),
        epoch: 1,
        location: Location::default(),
        sku: sku("A"),
        quantity: 2,
        part: 1,
        parts: 1,
    };
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
        PaymentCaptured {
            order_id: order_id(1),
            authorization_id: "auth".into(),
            amount: eur(600),
        }
        .into(),
        PaymentCaptureFailed {
            order_id: order_id(1),
            authorization_id: "auth".into(),
            code: "no".into(),
        }
        .into(),
    ]
    .map(Event::Payment);
    let others = [note, cancelled, Event::Stock(committed.into())];
    for event in payments.into_iter().chain(others) {
        let event = recorded(event, 1);
        assert_eq!(Inventory::key(&event), None);
        assert_eq!(PaymentPolicy::key(&event), None);
        assert_eq!(OrderPolicy::key(&event), None);
        let state = OrderPolicyState::default();
        let untouched = OrderPolicy::react(&Limits::default(), state.clone(), &event);
        assert_eq!(untouched, (state, vec![]));
    }
}
