//! What is asked of the provider, and when.

use super::*;

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
    let out_of_stock = rejected(RejectionReason::OutOfStock);
    for end in [out_of_stock, expired(), cancelling(), authorized()] {
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
    let at_last = [placed(), declined(3, 0)];
    assert_eq!(then(&at_last), std::slice::from_ref(&call_off));
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
    // What is confirmed may have left: its shipment tells.
    assert_eq!(
        PaymentPolicy::key(&recorded(cancelling_confirmed(), 1)),
        None
    );
    assert_eq!(after_all::<PaymentPolicy>(&[kept()]), cancellation);
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
        rest: false,
    };
    let both = [call_off.clone(), Reaction::Call(void)];
    assert_eq!(after_all::<PaymentPolicy>(&[void_requested()]), both);
    for known in [authorized(), mismatch()] {
        let reactions = after_all::<PaymentPolicy>(&[known]);
        assert_eq!(reactions, std::slice::from_ref(&call_off));
    }
}

/// Where there is nothing to pay, the provider is never asked.
#[test]
fn payment_of_nothing_is_authorized_and_given_back_by_itself() {
    let amount = eur(0);
    let mut free = placed();
    if let Event::Order(OrderEvent::OrderPlaced(placed)) = &mut free {
        placed.total = 0;
    }
    let then =
        |event: PaymentEvent| after_all::<PaymentPolicy>(&[free.clone(), Event::Payment(event)]);
    let requested = PaymentAuthorizationRequested {
        order_id: order_id(1),
        amount,
        payment_method: "tok".into(),
        attempt: 1,
        max_attempts: 3,
        idempotency_key: "k".into(),
    };
    let authorized = PaymentCommand::RecordAuthorized(RecordAuthorized {
        attempt: 1,
        authorization_id: "nothing-to-pay".into(),
        amount,
        expires_at: None,
    });
    assert_eq!(then(requested.into()), [payment(authorized)]);
    let void = PaymentVoidRequested {
        order_id: order_id(1),
        authorization_id: "nothing-to-pay".into(),
        idempotency_key: "v".into(),
        reason: "cancelled".into(),
    };
    let voided = PaymentCommand::RecordVoided(RecordVoided {
        authorization_id: "nothing-to-pay".into(),
    });
    assert_eq!(then(void.into()), [payment(voided)]);
}

#[test]
fn payment_that_is_parked_waits_for_an_operator_to_have_the_provider_asked_again() {
    let parked = PaymentParked {
        order_id: order_id(1),
        attempt: 2,
        detail: "no answer".into(),
    };
    let timer = Timer {
        name: TimerName::Inquiry,
        due: at(1),
        task: Task::Call(Call::Inquire {
            order_id: order_id(1),
            attempt: 2,
            // What was written ahead for that attempt.
            idempotency_key: format!("main:{}:authorize:2", order_id(1)),
            inquiries: 5,
            last: true,
        }),
    };
    assert_eq!(
        after_all::<PaymentPolicy>(&[placed(), Event::Payment(parked.into())]),
        [Reaction::Park(timer, "no answer".into())]
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
