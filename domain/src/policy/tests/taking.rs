//! What is taken for what is packed, and given back for what never arrived.

use super::*;

fn key(operation: &str, n: u32) -> String {
    format!("main:{}:{operation}:{}:{n}", order_id(1), shipment_id())
}

fn packed() -> Event {
    sent(ShipmentPacked {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        amount: eur(600),
    })
}

fn request(attempt: u32, max_attempts: u32) -> PaymentCommand {
    PaymentCommand::RequestCapture(RequestCapture {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        amount: eur(600),
        attempt,
        max_attempts,
        idempotency_key: key("capture", attempt),
        more: false,
    })
}

fn failed(attempt: u32, attempts_left: u32) -> Event {
    let event = PaymentCaptureFailed {
        order_id: order_id(1),
        shipment_id: Some(shipment_id()),
        authorization_id: "auth".into(),
        amount: Some(eur(600)),
        attempt,
        attempts_left,
        code: "limit".into(),
    };
    Event::Payment(event.into())
}

/// The next attempt, so many hours after the `n`-th event.
fn again(n: i64, hours: i64, attempt: u32) -> Reaction {
    Reaction::Schedule(Timer {
        name: TimerName::Capture(shipment_id()),
        due: at(n + hours * 3_600),
        task: Task::Execute(Command::Payment(order_id(1), request(attempt, 4))),
    })
}

fn hold() -> Reaction {
    order(OrderCommand::PlaceHold(PlaceHold {
        hold: "capture-failed".into(),
        reason: "the payment could not be taken: limit".into(),
    }))
}

fn cancel() -> Reaction {
    order(OrderCommand::RequestCancellation(RequestCancellation {
        reason: "the payment could not be taken: limit".into(),
    }))
}

#[test]
fn payment_is_taken_once_it_is_packed() {
    assert_eq!(
        after_all::<PaymentPolicy>(&[packed()]),
        [payment(request(1, 4))]
    );
    let asked = |amount| PaymentCaptureRequested {
        order_id: order_id(1),
        shipment_id: Some(shipment_id()),
        authorization_id: "auth".into(),
        amount,
        attempt: 2,
        max_attempts: 4,
        idempotency_key: "c".into(),
        more: false,
    };
    let call = Call::Capture {
        order_id: order_id(1),
        shipment_id: Some(shipment_id()),
        authorization_id: "auth".into(),
        amount: eur(600),
        attempt: 2,
        idempotency_key: "c".into(),
        more: false,
    };
    let then = |asked: PaymentCaptureRequested| {
        after_all::<PaymentPolicy>(&[Event::Payment(asked.into())])
    };
    assert_eq!(then(asked(eur(600))), [Reaction::Call(call)]);
    let nothing = PaymentCommand::RecordCaptured(RecordCaptured {
        authorization_id: "auth".into(),
        shipment_id: Some(shipment_id()),
        attempt: 2,
        amount: eur(0),
    });
    assert_eq!(then(asked(eur(0))), [payment(nothing)]);
    assert_eq!(after_all::<PaymentPolicy>(&[captured()]), []);
}

#[test]
fn payment_that_is_not_taken_is_asked_for_less_and_less_often_under_a_hold() {
    let then = |events: &[Event]| after_all::<PaymentPolicy>(events);
    // All attempts together have so long.
    let until = said(Awaited::Capture, shipment_id(), (1 + 12 + 24) * 3_600);
    assert_eq!(then(&[failed(1, 3)]), [hold(), until, again(0, 1, 2)]);
    assert_eq!(then(&[failed(1, 3), failed(2, 2)]), [again(1, 12, 3)]);
    assert_eq!(
        then(&[failed(1, 3), failed(2, 2), failed(3, 1)]),
        [again(2, 24, 4)]
    );
    let all = [failed(1, 3), failed(2, 2), failed(3, 1), failed(4, 0)];
    assert_eq!(then(&all), [cancel()]);
    let release = order(OrderCommand::ReleaseHold(ReleaseHold {
        hold: "capture-failed".into(),
    }));
    assert_eq!(then(&[failed(1, 3), captured()]), [release]);
    assert_eq!(then(&[failed(1, 3), captured(), captured()]), []);
}

#[test]
fn payment_of_another_configuration_is_asked_for_as_far_as_it_says() {
    let hours = |hours: &[i64]| Limits {
        capture_retries: hours.iter().copied().map(Duration::hours).collect(),
        ..Limits::default()
    };
    // There were more waits when it was asked for first.
    let due = |reactions: Vec<Reaction>| match reactions.last() {
        Some(Reaction::Schedule(timer)) => Some(timer.due),
        _ => None,
    };
    assert_eq!(
        due(with::<PaymentPolicy>(&hours(&[2]), &[failed(3, 1)])),
        Some(at(7_200))
    );
    assert_eq!(
        with::<PaymentPolicy>(&hours(&[]), &[failed(3, 1)]),
        [cancel()]
    );
    assert_eq!(
        with::<PaymentPolicy>(&hours(&[]), &[packed()]),
        [payment(request(1, 1))]
    );
}

#[test]
fn payment_that_was_not_said_to_be_for_a_shipment_is_not_asked_for_again() {
    let failed = PaymentCaptureFailed {
        order_id: order_id(1),
        shipment_id: None,
        authorization_id: "auth".into(),
        amount: None,
        attempt: 0,
        attempts_left: 0,
        code: "limit".into(),
    };
    assert_eq!(
        after_all::<PaymentPolicy>(&[Event::Payment(failed.into())]),
        []
    );
}

#[test]
fn payment_of_what_is_kept_is_given_back() {
    let void = payment(PaymentCommand::RequestVoid(RequestVoid {
        order_id: order_id(1),
        idempotency_key: format!("main:{}:void:1", order_id(1)),
        reason: "the order is being cancelled".into(),
    }));
    assert_eq!(
        after_all::<PaymentPolicy>(&[kept()]),
        std::slice::from_ref(&void)
    );
    let call_off = Reaction::Unschedule(TimerName::Capture(shipment_id()));
    assert_eq!(
        after_all::<PaymentPolicy>(&[failed(1, 3), kept()]),
        [void, call_off]
    );
}

#[test]
fn payment_of_what_never_arrived_is_given_back() {
    for (event, reason) in [
        (lost(), "the carrier has lost it"),
        (brought_back(), "the carrier has brought it back"),
    ] {
        let refund = PaymentCommand::RequestRefund(RequestRefund {
            order_id: order_id(1),
            shipment_id: shipment_id(),
            amount: eur(600),
            idempotency_key: key("refund", 1),
            reason: reason.into(),
        });
        assert_eq!(after_all::<PaymentPolicy>(&[event]), [payment(refund)]);
    }
    assert_eq!(after_all::<PaymentPolicy>(&[delivered()]), []);
}

#[test]
fn payment_is_given_back_by_the_provider_unless_it_is_nothing() {
    let asked = |amount| {
        let event = PaymentRefundRequested {
            order_id: order_id(1),
            shipment_id: None,
            return_id: None,
            authorization_id: "auth".into(),
            refund: 2,
            amount,
            idempotency_key: "r".into(),
            reason: "cancelled".into(),
        };
        after_all::<PaymentPolicy>(&[Event::Payment(event.into())])
    };
    let call = Call::Refund {
        order_id: order_id(1),
        authorization_id: "auth".into(),
        refund: 2,
        amount: eur(600),
        idempotency_key: "r".into(),
    };
    assert_eq!(asked(eur(600)), [Reaction::Call(call)]);
    let nothing = PaymentCommand::RecordRefunded(RecordRefunded {
        authorization_id: "auth".into(),
        refund: 2,
        amount: eur(0),
    });
    assert_eq!(asked(eur(0)), [payment(nothing)]);
}
