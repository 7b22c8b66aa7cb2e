//! given / when / then of giving back what was taken.

use super::{super::capture::MAX_CAPTURES, *};
use crate::{ReturnId, ShipmentId, order::MAX_RETURNS, testing::uuid};

fn shipment(n: u64) -> ShipmentId {
    ShipmentId::new(uuid(7, n))
}

fn asked(shipment_id: Option<ShipmentId>, refund: u32, amount: i64, key: &str) -> PaymentEvent {
    PaymentRefundRequested {
        order_id: order_id(1),
        shipment_id,
        return_id: None,
        authorization_id: "auth".into(),
        refund,
        amount: eur(amount),
        idempotency_key: key.into(),
        reason: match shipment_id {
            Some(_) => "lost".into(),
            None => "cancelled".into(),
        },
    }
    .into()
}

/// What is left of what was taken is to be given back.
pub(super) fn of(refund: u32, amount: i64) -> PaymentEvent {
    asked(None, refund, amount, "v1")
}

/// All that was taken is to be given back.
pub(super) fn of_all() -> PaymentEvent {
    of(1, 1_999)
}

/// 1.00 EUR is to be given back for the `n`-th shipment.
pub(super) fn of_some(n: u32) -> PaymentEvent {
    asked(Some(shipment(u64::from(n))), n, 100, "r1")
}

fn done(shipment_id: Option<ShipmentId>, refund: u32, amount: i64) -> PaymentEvent {
    PaymentRefunded {
        order_id: order_id(1),
        shipment_id,
        return_id: None,
        authorization_id: "auth".into(),
        refund,
        amount: eur(amount),
    }
    .into()
}

/// So much was given back: for the first shipment, or all.
pub(super) fn refunded(refund: u32, amount: i64) -> PaymentEvent {
    done((amount == 100).then(|| shipment(1)), refund, amount)
}

fn request(n: u64, amount: i64, reason: &str) -> PaymentCommand {
    PaymentCommand::RequestRefund(RequestRefund {
        order_id: order_id(1),
        shipment_id: shipment(n),
        amount: eur(amount),
        idempotency_key: "r1".into(),
        reason: reason.into(),
    })
}

fn record(authorization_id: &str, refund: u32, amount: i64) -> PaymentCommand {
    PaymentCommand::RecordRefunded(RecordRefunded {
        authorization_id: authorization_id.into(),
        refund,
        amount: eur(amount),
    })
}

fn more(refunded: i64, amount: i64) -> PaymentError {
    PaymentError::MoreThanCaptured {
        captured: eur(1_999),
        refunded: eur(refunded),
        amount: eur(amount),
    }
}

#[test]
fn only_what_was_taken_is_given_back() {
    for status in ALL {
        let when = on(&history(status), request(2, 100, "lost"));
        match status {
            S::Captured | S::PartiallyCaptured => {
                when.then([asked(Some(shipment(2)), 1, 100, "r1")])
            }
            S::PartiallyRefunded => when.then([asked(Some(shipment(2)), 2, 100, "r1")]),
            S::Refunding | S::Refunded => when.then_refused(more(1_999, 100)),
            _ => when.then_refused(state(status, "refund it")),
        };
    }
    on(&history(S::Captured), request(2, 2_000, "lost")).then_refused(more(0, 2_000));
    on(&history(S::Captured), request(2, i64::MAX, "lost")).then_refused(more(0, i64::MAX));
    on(&history(S::Captured), request(2, -1, "lost")).then_refused(PaymentError::Amount);
}

#[test]
fn each_shipment_is_given_back_once_for_each_reason() {
    let asked_for = [history(S::Captured), vec![of_some(1)]].concat();
    on(&asked_for, request(1, 100, "lost")).then_nothing();
    on(&asked_for, request(1, 50, "lost")).then_nothing();
    let other_reason = PaymentRefundRequested {
        order_id: order_id(1),
        shipment_id: Some(shipment(1)),
        return_id: None,
        authorization_id: "auth".into(),
        refund: 2,
        amount: eur(1_899),
        idempotency_key: "r1".into(),
        reason: "returned".into(),
    };
    on(&asked_for, request(1, 1_899, "returned")).then([other_reason.into()]);
    on(&asked_for, request(1, 1_900, "returned")).then_refused(more(100, 1_900));
    on(&history(S::PartiallyRefunded), request(1, 100, "lost")).then_nothing();
}

#[test]
fn what_is_left_is_given_back_in_the_end() {
    let some = [history(S::Captured), vec![of_some(1)]].concat();
    let state = on(&some, request_void()).then([of(2, 1_899)]);
    assert_eq!(state.status, S::Refunding);
    let one_done = [some, vec![of(2, 1_899), refunded(1, 100)]].concat();
    let state = on(&one_done, record("auth", 2, 1_899)).then([done(None, 2, 1_899)]);
    assert_eq!((state.status, state.refunded()), (S::Refunded, 1_999));
}

#[test]
fn what_was_given_back_is_recorded_once() {
    for status in ALL {
        let when = on(&history(status), record("auth", 1, 1_999));
        match status {
            S::Refunding => {
                assert_eq!(when.then([refunded(1, 1_999)]).status, S::Refunded);
            }
            S::Refunded | S::PartiallyRefunded => {
                when.then_nothing();
            }
            S::Pending | S::Authorizing | S::ActionRequired | S::OutcomeUnknown | S::Declined => {
                when.then_refused(state(status, "record a refund"));
            }
            _ => {
                when.then_refused(PaymentError::NoRefund { refund: 1 });
            }
        }
    }
    let refunding = history(S::Refunding);
    on(&refunding, record("other", 1, 1_999)).then_refused(PaymentError::OtherAuthorization);
    on(&refunding, record("auth", 1, 1_998)).then_refused(PaymentError::OtherAmount);
    for refund in [0, 2, u32::MAX] {
        on(&refunding, record("auth", refund, 1_999))
            .then_refused(PaymentError::NoRefund { refund });
    }
}

#[test]
fn several_refunds_may_wait_and_are_told_apart() {
    let two = [history(S::Captured), vec![of_some(1), of_some(2)]].concat();
    let state = on(&two, record("auth", 2, 100)).then([done(Some(shipment(2)), 2, 100)]);
    assert_eq!((state.status, state.refunded()), (S::Refunding, 100));
    let one = [two, vec![done(Some(shipment(2)), 2, 100)]].concat();
    let state = on(&one, record("auth", 1, 100)).then([refunded(1, 100)]);
    assert_eq!(state.status, S::PartiallyRefunded);
}

#[test]
fn refunds_are_so_many_and_no_more() {
    let mut history = history(S::Captured);
    let many = 1..=(MAX_CAPTURES + MAX_RETURNS) as u32 + 1;
    history.extend(many.map(|n| asked(Some(shipment(9)), n, 0, "r1")));
    let max = MAX_CAPTURES;
    on(&history, request(1, 1, "lost")).then_refused(PaymentError::TooMany { max });
    on(&history, request_void()).then_refused(PaymentError::TooMany { max });
}

/// Where there was nothing to pay, nothing is given back, but that is said.
#[test]
fn nothing_is_given_back_as_anything_else() {
    let free = |event: PaymentEvent| match event {
        PaymentEvent::PaymentAuthorizationRequested(event) => PaymentAuthorizationRequested {
            amount: eur(0),
            ..event
        }
        .into(),
        PaymentEvent::PaymentAuthorized(event) => PaymentAuthorized {
            amount: eur(0),
            ..event
        }
        .into(),
        PaymentEvent::PaymentCaptureRequested(event) => PaymentCaptureRequested {
            amount: eur(0),
            ..event
        }
        .into(),
        PaymentEvent::PaymentCaptured(event) => PaymentCaptured {
            amount: eur(0),
            ..event
        }
        .into(),
        other => panic!("{other:?}"),
    };
    let captured: Vec<_> = history(S::Captured).into_iter().map(free).collect();
    assert_eq!(Payments::fold(&captured).status, S::Captured);
    let state = on(&captured, request_void()).then([of(1, 0)]);
    assert_eq!(state.status, S::Refunding);
    let asked_for = [captured, vec![of(1, 0)]].concat();
    let state = on(&asked_for, record("auth", 1, 0)).then([done(None, 1, 0)]);
    assert_eq!(state.status, S::Refunded);
}

fn return_id(n: u64) -> ReturnId {
    ReturnId::new(uuid(8, n))
}

fn of_return(n: u64, amount: i64) -> PaymentCommand {
    PaymentCommand::RefundReturn(RefundReturn {
        order_id: order_id(1),
        return_id: return_id(n),
        amount: eur(amount),
        idempotency_key: "b1".into(),
    })
}

fn asked_of_return(n: u64, refund: u32, amount: i64) -> PaymentEvent {
    PaymentRefundRequested {
        order_id: order_id(1),
        shipment_id: None,
        return_id: Some(return_id(n)),
        authorization_id: "auth".into(),
        refund,
        amount: eur(amount),
        idempotency_key: "b1".into(),
        reason: "it was returned".into(),
    }
    .into()
}

fn done_of_return(n: u64, refund: u32, amount: i64) -> PaymentEvent {
    PaymentRefunded {
        order_id: order_id(1),
        shipment_id: None,
        return_id: Some(return_id(n)),
        authorization_id: "auth".into(),
        refund,
        amount: eur(amount),
    }
    .into()
}

#[test]
fn what_was_returned_is_given_back_once() {
    for status in ALL {
        let when = on(&history(status), of_return(1, 100));
        match status {
            S::Captured | S::PartiallyCaptured => when.then([asked_of_return(1, 1, 100)]),
            S::PartiallyRefunded => when.then([asked_of_return(1, 2, 100)]),
            S::Refunding | S::Refunded => when.then_refused(more(1_999, 100)),
            _ => when.then_refused(state(status, "refund it")),
        };
    }
    let first = [history(S::Captured), vec![asked_of_return(1, 1, 100)]].concat();
    on(&first, of_return(1, 100)).then_nothing();
    on(&first, of_return(1, 50)).then_nothing();
    on(&first, of_return(2, 1_900)).then_refused(more(100, 1_900));
    on(&first, of_return(2, -1)).then_refused(PaymentError::Amount);
    let all = [first, vec![asked_of_return(2, 2, 1_899)]].concat();
    let state = on(&all, record("auth", 1, 100)).then([done_of_return(1, 1, 100)]);
    assert_eq!((state.status, state.refunded()), (S::Refunding, 100));
}

/// What is given back for a return is not all that was taken: the rest still is, should it be wanted.
#[test]
fn a_return_is_not_all() {
    let one = [history(S::Captured), vec![asked_of_return(1, 1, 100)]].concat();
    on(&one, request_void()).then([of(2, 1_899)]);
    let recorded = done_of_return(1, 1, 100);
    assert!(matches!(&recorded, PaymentEvent::PaymentRefunded(event) if !event.is_of_all()));
    let state = on(&one, record("auth", 1, 100)).then([recorded]);
    assert_eq!(state.status, S::PartiallyRefunded);
}
