//! given / when / then of taking the money.

use super::{super::capture::MAX_CAPTURES, *};
use crate::{ShipmentId, testing::uuid};

fn shipment(n: u64) -> ShipmentId {
    ShipmentId::new(uuid(7, n))
}

fn asked(n: u64, amount: i64, attempt: u32) -> PaymentEvent {
    PaymentCaptureRequested {
        order_id: order_id(1),
        shipment_id: Some(shipment(n)),
        authorization_id: "auth".into(),
        amount: eur(amount),
        attempt,
        max_attempts: 3,
        idempotency_key: format!("c{attempt}"),
        more: false,
    }
    .into()
}

fn taken(n: u64, amount: i64) -> PaymentEvent {
    PaymentCaptured {
        order_id: order_id(1),
        shipment_id: Some(shipment(n)),
        authorization_id: "auth".into(),
        amount: eur(amount),
    }
    .into()
}

fn failed(n: u64, amount: i64, attempt: u32, attempts_left: u32) -> PaymentEvent {
    PaymentCaptureFailed {
        order_id: order_id(1),
        shipment_id: Some(shipment(n)),
        authorization_id: "auth".into(),
        amount: Some(eur(amount)),
        attempt,
        attempts_left,
        code: "no funds".into(),
    }
    .into()
}

/// All of it is to be taken.
pub(super) fn requested() -> PaymentEvent {
    asked(1, 1_999, 1)
}

/// All of it was taken.
pub(super) fn captured() -> PaymentEvent {
    taken(1, 1_999)
}

/// The provider says that it was taken.
pub(super) fn recorded() -> PaymentCommand {
    record(1, "auth", 1, eur(1_999))
}

/// None of it was taken.
pub(super) fn not_taken() -> PaymentEvent {
    failed(1, 1_999, 1, 2)
}

/// A part of it was taken for a shipment.
pub(super) fn one_of_two() -> [PaymentEvent; 3] {
    [authorized(1), asked(1, 1_000, 1), taken(1, 1_000)]
}

fn request(n: u64, amount: i64, attempt: u32) -> PaymentCommand {
    PaymentCommand::RequestCapture(RequestCapture {
        order_id: order_id(1),
        shipment_id: shipment(n),
        amount: eur(amount),
        attempt,
        max_attempts: 3,
        idempotency_key: format!("c{attempt}"),
        more: false,
    })
}

fn record(n: u64, authorization_id: &str, attempt: u32, amount: Money) -> PaymentCommand {
    PaymentCommand::RecordCaptured(RecordCaptured {
        authorization_id: authorization_id.into(),
        shipment_id: Some(shipment(n)),
        attempt,
        amount,
    })
}

fn record_failed(n: u64, authorization_id: &str, attempt: u32) -> PaymentCommand {
    PaymentCommand::RecordCaptureFailed(RecordCaptureFailed {
        authorization_id: authorization_id.into(),
        shipment_id: Some(shipment(n)),
        attempt,
        code: "no funds".into(),
    })
}

fn more(taken: i64, amount: i64) -> PaymentError {
    PaymentError::MoreThanAuthorized {
        authorized: eur(1_999),
        taken: eur(taken),
        amount: eur(amount),
    }
}

#[test]
fn only_what_is_set_aside_is_taken() {
    for status in ALL {
        let when = on(&history(status), request(1, 1_999, 1));
        match status {
            // Whether that can be taken is for the provider to say.
            S::Authorized | S::AuthorizationExpired => when.then([requested()]),
            S::Capturing
            | S::Captured
            | S::PartiallyCaptured
            | S::Refunding
            | S::Refunded
            | S::PartiallyRefunded => when.then_nothing(),
            _ => when.then_refused(state(status, "capture it")),
        };
    }
    on(&history(S::Authorized), request(1, -1, 1)).then_refused(PaymentError::Amount);
}

#[test]
fn several_shipments_are_paid_for_at_once_and_never_more_than_is_set_aside() {
    let second = [history(S::Authorized), vec![asked(1, 1_000, 1)]].concat();
    on(&second, request(2, 999, 1)).then([asked(2, 999, 1)]);
    on(&second, request(2, 1_000, 1)).then_refused(more(1_000, 1_000));
    on(&second, request(2, i64::MAX, 1)).then_refused(more(1_000, i64::MAX));
    let both = [second.clone(), vec![asked(2, 999, 1)]].concat();
    let one_taken = on(&both, record(2, "auth", 1, eur(999))).then([taken(2, 999)]);
    assert_eq!(
        (one_taken.status, one_taken.captured()),
        (S::Capturing, 999)
    );
    let one_taken = [both.clone(), vec![taken(2, 999)]].concat();
    let all = on(&one_taken, record(1, "auth", 1, eur(1_000))).then([taken(1, 1_000)]);
    assert_eq!(all.status, S::Captured);
    // What failed is not taken, and leaves room for others.
    let one_failed = [both, vec![failed(1, 1_000, 1, 2)]].concat();
    on(&one_failed, request(3, 1_000, 1)).then([asked(3, 1_000, 1)]);
    on(&one_failed, request(3, 1_001, 1)).then_refused(more(999, 1_001));
    let dollars = PaymentCommand::RequestCapture(RequestCapture {
        order_id: order_id(1),
        shipment_id: shipment(2),
        amount: Money::new(1, Currency::parse("USD").unwrap()),
        attempt: 1,
        max_attempts: 1,
        idempotency_key: "c1".into(),
        more: false,
    });
    on(&second, dollars).then_refused(PaymentError::MoreThanAuthorized {
        authorized: eur(1_999),
        taken: eur(1_000),
        amount: Money::new(1, Currency::parse("USD").unwrap()),
    });
}

#[test]
fn captures_are_so_many_and_no_more() {
    let mut history = history(S::Authorized);
    history.extend((0..MAX_CAPTURES as u64).map(|n| asked(n + 10, 0, 1)));
    let max = MAX_CAPTURES;
    on(&history, request(1, 1, 1)).then_refused(PaymentError::TooMany { max });
}

#[test]
fn what_was_asked_for_is_recorded_as_taken() {
    for status in ALL {
        let when = on(&history(status), record(1, "auth", 1, eur(1_999)));
        match status {
            S::Capturing => when.then([captured()]),
            S::Captured
            | S::PartiallyCaptured
            | S::Refunding
            | S::Refunded
            | S::PartiallyRefunded => when.then_nothing(),
            _ => when.then_refused(state(status, "record a capture")),
        };
    }
    let capturing = history(S::Capturing);
    on(&capturing, record(1, "other", 1, eur(1_999)))
        .then_refused(PaymentError::OtherAuthorization);
    for amount in [eur(2_000), eur(1_998), eur(i64::MAX)] {
        on(&capturing, record(1, "auth", 1, amount)).then_refused(PaymentError::OtherAmount);
    }
    on(&capturing, record(2, "auth", 1, eur(1_999)))
        .then_refused(state(S::Capturing, "record a capture"));
    on(&capturing, record(1, "auth", 2, eur(1_999)))
        .then_refused(PaymentError::Attempt { attempt: 2 });
}

#[test]
fn what_was_not_said_to_be_for_a_shipment_is_taken_all_the_same() {
    let requested = PaymentCaptureRequested {
        order_id: order_id(1),
        shipment_id: None,
        authorization_id: "auth".into(),
        amount: eur(1_999),
        attempt: 0,
        max_attempts: 0,
        idempotency_key: "c1".into(),
        more: false,
    };
    let history = [history(S::Authorized), vec![requested.into()]].concat();
    let command = PaymentCommand::RecordCaptured(RecordCaptured {
        authorization_id: "auth".into(),
        shipment_id: None,
        attempt: 0,
        amount: eur(1_999),
    });
    let captured = PaymentCaptured {
        order_id: order_id(1),
        shipment_id: None,
        authorization_id: "auth".into(),
        amount: eur(1_999),
    };
    let state = on(&history, command).then([captured.into()]);
    assert_eq!(state.status, S::Captured);
}

#[test]
fn after_a_failure_the_money_is_still_set_aside() {
    for status in ALL {
        let when = on(&history(status), record_failed(1, "auth", 1));
        match status {
            S::Capturing => {
                let after = when.then([failed(1, 1_999, 1, 2)]);
                assert_eq!(after.status, S::Authorized);
            }
            _ => {
                when.then_refused(state(status, "record a failed capture"));
            }
        }
    }
    on(&history(S::Capturing), record_failed(1, "other", 1))
        .then_refused(PaymentError::OtherAuthorization);
    let again = [history(S::Capturing), vec![failed(1, 1_999, 1, 2)]].concat();
    on(&again, request_void()).then([void_requested("v1", "cancelled")]);
}

#[test]
fn a_further_attempt_follows_only_a_failure() {
    on(&history(S::Authorized), request(1, 1_999, 2))
        .then_refused(PaymentError::Attempt { attempt: 2 });
    on(&history(S::Capturing), request(1, 1_999, 2))
        .then_refused(state(S::Capturing, "capture it"));
    let first = [history(S::Capturing), vec![failed(1, 1_999, 1, 2)]].concat();
    on(&first, request(1, 1_999, 1)).then_nothing();
    on(&first, request(1, 1_999, 2)).then([asked(1, 1_999, 2)]);
    on(&first, request(1, 1_999, 3)).then_refused(PaymentError::Attempt { attempt: 3 });
    let second = [first, vec![asked(1, 1_999, 2)]].concat();
    // The answer to the first attempt, once more: it is none to the second.
    on(&second, record_failed(1, "auth", 1)).then_nothing();
    on(&second, record(1, "auth", 1, eur(1_999)))
        .then_refused(PaymentError::Attempt { attempt: 1 });
    on(&second, record_failed(1, "auth", 2)).then([failed(1, 1_999, 2, 1)]);
    let third = [second, vec![failed(1, 1_999, 2, 1), asked(1, 1_999, 3)]].concat();
    on(&third, record_failed(1, "auth", 3)).then([failed(1, 1_999, 3, 0)]);
    let last = [third, vec![failed(1, 1_999, 3, 0)]].concat();
    for attempt in [4, u32::MAX] {
        on(&last, request(1, 1_999, attempt)).then_refused(PaymentError::Attempt { attempt });
    }
}

#[test]
fn what_is_to_be_given_back_while_it_is_taken_is_given_back_in_the_end() {
    let deferred = [history(S::Capturing), vec![void_deferred()]].concat();
    on(&deferred, request(2, 0, 1)).then_refused(state(S::Capturing, "capture it"));
    let taken_all =
        on(&deferred, record(1, "auth", 1, eur(1_999))).then([captured(), refund::of_all()]);
    assert_eq!(taken_all.status, S::Refunding);
    let given_up = on(&deferred, record_failed(1, "auth", 1))
        .then([failed(1, 1_999, 1, 0), void_requested("v1", "cancelled")]);
    assert_eq!(given_up.status, S::Voiding);
}

#[test]
fn what_is_to_be_given_back_waits_for_the_last_that_is_being_taken() {
    let two = [
        history(S::Authorized),
        vec![asked(1, 1_000, 1), asked(2, 999, 1), void_deferred()],
    ]
    .concat();
    on(&two, record(1, "auth", 1, eur(1_000))).then([taken(1, 1_000)]);
    on(&two, record_failed(1, "auth", 1)).then([failed(1, 1_000, 1, 0)]);
    let one_taken = [two.clone(), vec![taken(1, 1_000)]].concat();
    on(&one_taken, record(2, "auth", 1, eur(999))).then([taken(2, 999), refund::of_all()]);
    on(&one_taken, record_failed(2, "auth", 1)).then([failed(2, 999, 1, 0), refund::of(1, 1_000)]);
    let one_failed = [two, vec![failed(1, 1_000, 1, 0)]].concat();
    on(&one_failed, record_failed(2, "auth", 1))
        .then([failed(2, 999, 1, 0), void_requested("v1", "cancelled")]);
}

/// No more will be taken: the provider lets go of the rest.
#[test]
fn with_the_last_capture_the_rest_is_let_go() {
    let last = |amount| {
        PaymentCommand::RecordLastCaptured(RecordCaptured {
            authorization_id: "auth".into(),
            shipment_id: Some(shipment(1)),
            attempt: 1,
            amount: eur(amount),
        })
    };
    let released = PaymentRestReleased {
        order_id: order_id(1),
        authorization_id: "auth".into(),
        amount: eur(999),
    };
    let asking = |amount| [history(S::Authorized), vec![asked(1, amount, 1)]].concat();
    on(&asking(1_000), last(1_000)).then([taken(1, 1_000), released.clone().into()]);
    on(&asking(1_999), last(1_999)).then([taken(1, 1_999)]);
    let after = [asking(1_000), vec![taken(1, 1_000), released.into()]].concat();
    let payment = Payments::fold(&after);
    assert_eq!(payment.status, S::Captured);
    on(&after, last(1_000)).then_nothing();
    // What was let go of is not there to be taken.
    on(&after, request(2, 1, 1)).then_refused(PaymentError::MoreThanAuthorized {
        authorized: eur(1_000),
        taken: eur(1_000),
        amount: eur(1),
    });
}
