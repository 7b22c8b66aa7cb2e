//! What each policy does about each event, and the stored forms of what it remembers and plans.

mod stored;

use super::*;
use crate::{
    CustomerId, Event, Location,
    order::{
        CancelOrder, CancellationRejected, CancellationRequested, ConfirmOrder, ExpireOrder,
        HoldPlaced, HoldReleased, Line, NoteAdded, OrderBrief, OrderCancelled, OrderCommand,
        OrderConfirmed, OrderExpired, OrderPlaced, OrderRejected, RejectOrder, RejectionReason,
    },
    payment::{
        LatePaymentReversed, PaymentAuthorizationRequested, PaymentAuthorized,
        PaymentCaptureFailed, PaymentCaptureRequested, PaymentCaptured, PaymentCommand,
        PaymentDeclined, PaymentIntegrityMismatch, PaymentOutcomeUnknown, PaymentParked,
        PaymentVoidDeferred, PaymentVoidRequested, PaymentVoided, RecordOutcomeUnknown,
        RequestAuthorization, RequestVoid,
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
    P: Into<crate::order::OrderEvent>,
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

fn reservation(step: ReservationStep) -> Reaction {
    let item = |name, lines: &[(u32, i64)]| ReservationItem {
        sku: sku(name),
        lines: lines
            .iter()
            .map(|(line, quantity)| ReservationLine {
                line: *line,
                quantity: *quantity,
            })
            .collect(),
    };
    Reaction::Execute(Command::Reservation(ReservationCommand {
        order_id: order_id(1),
        epoch: 1,
        location: Location::default(),
        items: vec![item("A", &[(2, 2)]), item("B", &[(1, 1), (3, 3)])],
        step,
    }))
}

#[test]
fn inventory_reserves_from_the_time_of_recording_on() {
    let until = at(900);
    let reserve = reservation(ReservationStep::Reserve { until });
    assert_eq!(after_all::<Inventory>(&[placed()]), [reserve]);
    let endless = Limits {
        reservation: Duration::MAX,
        ..Limits::default()
    };
    let until = DateTime::<Utc>::MAX_UTC;
    let reserve = reservation(ReservationStep::Reserve { until });
    assert_eq!(with::<Inventory>(&endless, &[placed()]), [reserve]);
}

#[test]
fn inventory_keeps_or_gives_back_what_it_reserved() {
    let then = |event| after_all::<Inventory>(&[placed(), event]);
    let release = |reason| [reservation(ReservationStep::Release(reason))];
    assert_eq!(then(confirmed()), [reservation(ReservationStep::Commit)]);
    assert_eq!(then(expired()), release(ReleaseReason::Expired));
    assert_eq!(then(cancelling()), release(ReleaseReason::Cancelled));
    let no_money = rejected(RejectionReason::PaymentDeclined);
    assert_eq!(then(no_money), release(ReleaseReason::Rejected));
    let nothing_reserved = rejected(RejectionReason::OutOfStock);
    assert_eq!(then(nothing_reserved), []);
    let after = [placed(), confirmed(), cancelling()];
    assert_eq!(
        after_all::<Inventory>(&after),
        release(ReleaseReason::Cancelled)
    );
    assert_eq!(
        after_all::<Inventory>(&[placed(), cancelling(), cancelling()]),
        []
    );
}

fn authorize(attempt: u32) -> Reaction {
    payment(PaymentCommand::RequestAuthorization(RequestAuthorization {
        order_id: order_id(1),
        amount: eur(600),
        payment_method: "tok".into(),
        attempt,
        max_attempts: 3,
        idempotency_key: format!("main:{}:authorize:{attempt}", order_id(1)),
    }))
}

fn void(reason: &str) -> Reaction {
    payment(PaymentCommand::RequestVoid(RequestVoid {
        order_id: order_id(1),
        idempotency_key: format!("main:{}:void:1", order_id(1)),
        reason: reason.into(),
    }))
}

#[test]
fn payment_asks_for_an_authorization_once_all_skus_are_reserved() {
    assert_eq!(after_all::<PaymentPolicy>(&[placed(), reserved(1)]), []);
    assert_eq!(
        after_all::<PaymentPolicy>(&[placed(), reserved(1), reserved(2)]),
        [authorize(1)]
    );
    for end in [expired(), cancelling()] {
        assert_eq!(
            after_all::<PaymentPolicy>(&[placed(), end, reserved(2)]),
            []
        );
    }
}

#[test]
fn payment_tries_again_after_a_decline_while_it_may() {
    let call_off = Reaction::Unschedule(TimerName::Inquiry);
    let then = |events: &[Event]| after_all::<PaymentPolicy>(events);
    assert_eq!(
        then(&[placed(), declined(1, 2)]),
        [call_off.clone(), authorize(2)]
    );
    assert_eq!(then(&[placed(), declined(3, 0)]), [call_off.clone()]);
    assert_eq!(then(&[placed(), cancelling(), declined(1, 2)]), [call_off]);
}

#[test]
fn payment_gives_back_what_ended_orders_paid() {
    let expiry = [void("the order expired")];
    assert_eq!(after_all::<PaymentPolicy>(&[placed(), expired()]), expiry);
    let cancellation = [void("the order is being cancelled")];
    assert_eq!(
        after_all::<PaymentPolicy>(&[placed(), cancelling()]),
        cancellation
    );
}

#[test]
fn payment_calls_the_provider_with_the_key_that_was_written_ahead() {
    let authorize = Call::Authorize {
        order_id: order_id(1),
        attempt: 1,
        amount: eur(600),
        payment_method: "tok".into(),
        idempotency_key: "k".into(),
    };
    assert_eq!(
        after_all::<PaymentPolicy>(&[requested()]),
        [Reaction::Call(authorize)]
    );
    let call_off = Reaction::Unschedule(TimerName::Inquiry);
    let void = Call::Void {
        order_id: order_id(1),
        authorization_id: "auth".into(),
        idempotency_key: "v".into(),
    };
    let both = [call_off.clone(), Reaction::Call(void)];
    assert_eq!(after_all::<PaymentPolicy>(&[void_requested()]), both);
    for known in [authorized(), mismatch()] {
        assert_eq!(after_all::<PaymentPolicy>(&[known]), [call_off.clone()]);
    }
    let capture = PaymentCaptureRequested {
        order_id: order_id(1),
        authorization_id: "auth".into(),
        amount: eur(600),
        idempotency_key: "c".into(),
    };
    let call = Call::Capture {
        order_id: order_id(1),
        authorization_id: "auth".into(),
        amount: eur(600),
        idempotency_key: "c".into(),
    };
    let capture = Event::Payment(capture.into());
    assert_eq!(
        after_all::<PaymentPolicy>(&[capture]),
        [Reaction::Call(call)]
    );
}

fn inquiry(seconds: i64, inquiries: u32, last: bool) -> Reaction {
    Reaction::Schedule(Timer {
        name: TimerName::Inquiry,
        due: at(seconds),
        task: Task::Call(Call::Inquire {
            order_id: order_id(1),
            attempt: 1,
            idempotency_key: "k".into(),
            inquiries,
            last,
        }),
    })
}

#[test]
fn payment_asks_what_became_of_an_unknown_outcome_less_and_less_often() {
    for (before, seconds, last) in [
        (0, 30, false),
        (1, 120, false),
        (2, 600, false),
        (3, 3_600, true),
    ] {
        let expected = [inquiry(seconds, before + 1, last)];
        assert_eq!(after_all::<PaymentPolicy>(&[unknown(before)]), expected);
    }
}

#[test]
fn payment_calls_for_an_operator_where_no_inquiry_is_left() {
    let none = Limits {
        inquiries: vec![],
        ..Limits::default()
    };
    for (limits, before) in [
        (none, 0),
        (Limits::default(), 4),
        (Limits::default(), u32::MAX),
    ] {
        let last = PaymentCommand::RecordOutcomeUnknown(RecordOutcomeUnknown {
            attempt: 1,
            inquiries: before.saturating_add(1),
            last: true,
            detail: "no answer".into(),
        });
        assert_eq!(
            with::<PaymentPolicy>(&limits, &[unknown(before)]),
            [payment(last)]
        );
    }
}

fn confirm() -> Reaction {
    order(OrderCommand::Confirm(ConfirmOrder))
}

fn cancel() -> Reaction {
    order(OrderCommand::Cancel(CancelOrder))
}

const DONE: Reaction = Reaction::Unschedule(TimerName::Reservation);

fn reject(reason: RejectionReason, detail: &str) -> Reaction {
    order(OrderCommand::Reject(RejectOrder {
        reason,
        detail: detail.into(),
    }))
}

#[test]
fn order_lets_the_reservation_expire_unless_something_comes_of_it() {
    let expire = Reaction::Schedule(Timer {
        name: TimerName::Reservation,
        due: at(900),
        task: Task::Execute(Command::Order(
            order_id(1),
            OrderCommand::Expire(ExpireOrder),
        )),
    });
    assert_eq!(after_all::<OrderPolicy>(&[reserved(1)]), []);
    assert_eq!(after_all::<OrderPolicy>(&[reserved(2)]), [expire]);
    assert_eq!(after_all::<OrderPolicy>(&[cancelling()]), [DONE]);
    assert_eq!(after_all::<OrderPolicy>(&[cancelling(), reserved(2)]), []);
}

#[test]
fn order_is_confirmed_once_it_is_paid_and_free() {
    let then = |events: &[Event]| after_all::<OrderPolicy>(events);
    assert_eq!(then(&[authorized()]), [DONE, confirm()]);
    assert_eq!(then(&[held(), authorized()]), [DONE]);
    assert_eq!(then(&[held(), authorized(), let_go()]), [confirm()]);
    assert_eq!(then(&[held(), held(), authorized(), let_go()]), []);
    assert_eq!(then(&[held(), let_go()]), []);
    assert_eq!(then(&[cancelling(), authorized()]), [DONE]);
    assert_eq!(then(&[authorized(), held(), cancelling(), let_go()]), []);
    assert_eq!(then(&[authorized(), held(), voided(), let_go()]), []);
}

#[test]
fn order_is_rejected_with_what_stood_in_its_way() {
    use RejectionReason as R;
    let then = |event| after_all::<OrderPolicy>(&[event]);
    assert_eq!(then(out_of_stock(1)), []);
    let detail = "4 of B were wanted, 3 can be had";
    assert_eq!(then(out_of_stock(2)), [reject(R::OutOfStock, detail)]);
    assert_eq!(then(declined(1, 2)), []);
    let detail = "the payment was declined: no_funds";
    assert_eq!(
        then(declined(3, 0)),
        [DONE, reject(R::PaymentDeclined, detail)]
    );
    let detail = "6.00 EUR was to be authorized, the provider authorized 6.01 EUR";
    assert_eq!(
        then(mismatch()),
        [DONE, reject(R::PaymentIntegrity, detail)]
    );
}

#[test]
fn order_is_cancelled_once_stock_and_payment_are_given_back() {
    let then = |events: &[Event]| after_all::<OrderPolicy>(events);
    assert_eq!(then(&[cancelling(), released(2)]), []);
    assert_eq!(then(&[cancelling(), voided()]), []);
    assert_eq!(then(&[cancelling(), released(1), voided()]), []);
    assert_eq!(then(&[cancelling(), released(2), voided()]), [cancel()]);
    assert_eq!(then(&[cancelling(), voided(), released(2)]), [cancel()]);
    assert_eq!(
        then(&[out_of_stock(2), voided(), cancelling()]),
        [DONE, cancel()]
    );
    assert_eq!(then(&[released(2), voided()]), []);
}

#[test]
fn order_goes_on_after_a_rejected_cancellation() {
    let then = |events: &[Event]| after_all::<OrderPolicy>(events);
    assert_eq!(
        then(&[authorized(), cancelling(), cancellation_rejected()]),
        [confirm()]
    );
    assert_eq!(then(&[cancelling(), cancellation_rejected()]), []);
    assert_eq!(
        then(&[cancelling(), cancellation_rejected(), authorized()]),
        [DONE, confirm()]
    );
    let given_back = [
        authorized(),
        cancelling(),
        released(2),
        cancellation_rejected(),
    ];
    assert_eq!(then(&given_back), []);
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
        PaymentParked {
            order_id: order_id(1),
            attempt: 1,
            detail: "no answer".into(),
        }
        .into(),
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
