//! given / when / then of disputes.

use super::{notice::hear, *};
use crate::{ReturnId, testing::uuid};

fn notice(n: u32, amount: i64) -> DisputeNotice {
    DisputeNotice {
        dispute_id: format!("d{n}"),
        authorization_id: "auth".into(),
        amount: eur(amount),
        reason: "fraudulent".into(),
    }
}

fn said_opened(n: u32, amount: i64) -> PaymentCommand {
    hear("k1", Notice::DisputeOpened(notice(n, amount)))
}

fn said_won(n: u32, amount: i64) -> PaymentCommand {
    hear("k1", Notice::DisputeWon(notice(n, amount)))
}

fn said_lost(n: u32, amount: i64) -> PaymentCommand {
    hear("k1", Notice::DisputeLost(notice(n, amount)))
}

fn opened(n: u32, amount: i64) -> PaymentEvent {
    DisputeOpened {
        order_id: order_id(1),
        dispute_id: format!("d{n}"),
        authorization_id: "auth".into(),
        amount: eur(amount),
        reason: "fraudulent".into(),
    }
    .into()
}

fn won(n: u32, amount: i64, still_open: u32) -> PaymentEvent {
    DisputeWon {
        order_id: order_id(1),
        dispute_id: format!("d{n}"),
        amount: eur(amount),
        still_open,
    }
    .into()
}

fn lost(n: u32, amount: i64, still_open: u32) -> PaymentEvent {
    DisputeLost {
        order_id: order_id(1),
        dispute_id: format!("d{n}"),
        amount: eur(amount),
        still_open,
    }
    .into()
}

fn return_id() -> ReturnId {
    ReturnId::new(uuid(8, 1))
}

fn refund_return(amount: i64) -> PaymentCommand {
    PaymentCommand::RefundReturn(RefundReturn {
        order_id: order_id(1),
        return_id: return_id(),
        amount: eur(amount),
        idempotency_key: "r".into(),
    })
}

fn refund(number: u32, amount: i64) -> PaymentEvent {
    PaymentRefundRequested {
        order_id: order_id(1),
        shipment_id: None,
        return_id: Some(return_id()),
        authorization_id: "auth".into(),
        refund: number,
        amount: eur(amount),
        idempotency_key: "r".into(),
        reason: "it was returned".into(),
    }
    .into()
}

fn deferred(amount: i64) -> PaymentEvent {
    PaymentRefundDeferred {
        order_id: order_id(1),
        shipment_id: None,
        return_id: Some(return_id()),
        amount: eur(amount),
        idempotency_key: "r".into(),
        reason: "it was returned".into(),
    }
    .into()
}

/// All of it was taken, and this came after.
fn after(events: &[PaymentEvent]) -> Vec<PaymentEvent> {
    [&history(S::Captured), events].concat()
}

fn contradicted(n: u32, problem: &'static str) -> PaymentError {
    PaymentError::Dispute {
        dispute_id: format!("d{n}"),
        problem,
    }
}

#[test]
fn a_dispute_is_opened_whenever_something_was_asked_for() {
    for status in ALL {
        let when = on(&history(status), said_opened(1, 500));
        match status {
            S::Pending => {
                when.then_refused(state(status, "record a dispute"));
            }
            // What was taken may be told of later than that somebody wants it back.
            _ => {
                let state = when.then([opened(1, 500)]);
                assert_eq!((state.status, state.disputed()), (status, 500));
            }
        }
    }
}

#[test]
fn a_dispute_is_won_or_lost_once() {
    let open = after(&[opened(1, 500)]);
    let state = on(&open, said_won(1, 500)).then([won(1, 500, 0)]);
    assert_eq!((state.disputed(), state.lost()), (0, 0));
    let state = on(&open, said_lost(1, 500)).then([lost(1, 500, 0)]);
    assert_eq!((state.disputed(), state.lost()), (0, 500));
    let ended = after(&[opened(1, 500), lost(1, 500, 0)]);
    on(&ended, said_won(1, 500)).then_refused(contradicted(1, "has ended otherwise"));
    on(&ended, said_opened(1, 500)).then_nothing();
    on(&open, said_lost(1, 501)).then_refused(contradicted(1, "is of another amount"));
    on(&open, said_opened(1, 501)).then_refused(contradicted(1, "is of another amount"));
}

#[test]
fn its_end_may_be_heard_of_before_its_beginning() {
    let state = on(&after(&[]), said_lost(1, 500)).then([opened(1, 500), lost(1, 500, 0)]);
    assert_eq!(state.lost(), 500);
}

#[test]
fn no_more_is_disputed_than_there_is() {
    on(&after(&[]), said_opened(1, 2_000)).then_refused(PaymentError::OtherAmount);
    on(&after(&[]), said_opened(1, 0)).then_refused(PaymentError::OtherAmount);
    on(&after(&[]), said_opened(1, i64::MAX)).then_refused(PaymentError::OtherAmount);
    let one = after(&[opened(1, 1_500)]);
    on(&one, said_opened(2, 500)).then_refused(PaymentError::OtherAmount);
    on(&one, said_opened(2, 499)).then([opened(2, 499)]);
    let yen = DisputeNotice {
        amount: Money::new(1, Currency::parse("JPY").unwrap()),
        ..notice(1, 1)
    };
    on(&after(&[]), hear("k1", Notice::DisputeOpened(yen))).then_refused(PaymentError::OtherAmount);
    let other = DisputeNotice {
        authorization_id: "other".into(),
        ..notice(1, 1)
    };
    on(&after(&[]), hear("k1", Notice::DisputeOpened(other)))
        .then_refused(PaymentError::OtherAuthorization);
    let nameless = DisputeNotice {
        dispute_id: "\0".into(),
        ..notice(1, 1)
    };
    let nameless = on(&after(&[]), hear("k1", Notice::DisputeOpened(nameless)));
    nameless.then_refused(PaymentError::Dispute {
        dispute_id: " ".into(),
        problem: "has what is not a name",
    });
    let many: Vec<_> = (1..=100).map(|n| opened(n, 1)).collect();
    on(&after(&many), said_opened(101, 1)).then_refused(PaymentError::TooManyNotices {
        what: "disputes",
        max: 100,
    });
}

#[test]
fn what_is_in_dispute_is_not_refunded_before_that_is_settled() {
    let open = after(&[opened(1, 1_000)]);
    // The rest of it is there.
    on(&open, refund_return(999)).then([refund(1, 999)]);
    let waits = on(&open, refund_return(1_000)).then([deferred(1_000)]);
    assert_eq!(waits.status, S::Refunding);
    on(&open, refund_return(2_000)).then_refused(PaymentError::MoreThanCaptured {
        captured: eur(1_999),
        refunded: eur(0),
        amount: eur(2_000),
    });
    let waits = after(&[opened(1, 1_000), deferred(1_000)]);
    on(&waits, refund_return(1_000)).then_nothing();
    on(&waits, said_won(1, 1_000)).then([won(1, 1_000, 0), refund(1, 1_000)]);
    // The cardholder has 10.00 of 19.99 already.
    on(&waits, said_lost(1, 1_000)).then([lost(1, 1_000, 0), refund(1, 999)]);
    let two = after(&[opened(1, 1_000), opened(2, 900), deferred(1_000)]);
    let state = on(&two, said_won(1, 1_000)).then([won(1, 1_000, 1)]);
    assert_eq!(state.deferred_refunds.len(), 1);
}

#[test]
fn what_a_lost_dispute_took_is_not_refunded_as_well() {
    let all_lost = after(&[opened(1, 1_999), lost(1, 1_999, 0)]);
    on(&all_lost, refund_return(1_999)).then([refund(1, 0)]);
    let some_lost = after(&[opened(1, 1_500), lost(1, 1_500, 0)]);
    on(&some_lost, refund_return(1_000)).then([refund(1, 499)]);
    let state = on(&some_lost, request_void()).then([super::refund::of(1, 499)]);
    assert_eq!(state.status, S::Refunding);
    let given = [
        some_lost,
        vec![super::refund::of(1, 499), super::refund::refunded(1, 499)],
    ];
    assert_eq!(Payments::fold(&given.concat()).status, S::Refunded);
}

#[test]
fn an_order_that_is_cancelled_is_paid_back_once_its_dispute_is_settled() {
    let open = after(&[opened(1, 500)]);
    let all = PaymentRefundDeferred {
        order_id: order_id(1),
        shipment_id: None,
        return_id: None,
        amount: eur(1_999),
        idempotency_key: "v1".into(),
        reason: "cancelled".into(),
    };
    on(&open, request_void()).then([all.clone().into()]);
    let waits = after(&[opened(1, 500), all.into()]);
    on(&waits, said_won(1, 500)).then([won(1, 500, 0), super::refund::of_all()]);
    on(&waits, said_lost(1, 500)).then([lost(1, 500, 0), super::refund::of(1, 1_499)]);
}

/// The provider was asked for it before the dispute began, and has refused it since.
#[test]
fn a_refund_that_a_lost_dispute_has_crossed_is_of_what_is_left() {
    let mut history = history(S::Refunding);
    let told = |amount| {
        PaymentCommand::RecordRefunded(RecordRefunded {
            authorization_id: "auth".into(),
            refund: 1,
            amount: eur(amount),
        })
    };
    on(&history, told(999)).then_refused(PaymentError::OtherAmount);
    history.push(opened(1, 1_000));
    let state = Payments::fold(&history);
    assert_eq!(state.disputed(), 1_000);
    on(&history, told(999)).then_refused(PaymentError::OtherAmount);
    history.push(lost(1, 1_000, 0));
    let state = Payments::fold(&history);
    assert_eq!(state.left_for(1), Some(eur(999)));
    assert_eq!(state.left_for(2), None);
    // Whatever people say of it, no more than is left.
    for amount in [999, 1_999] {
        on(&history, told(amount)).then([refund::refunded(1, 999)]);
    }
    on(&history, told(0)).then([refund::refunded(1, 0)]);
    on(&history, told(2_000)).then_refused(PaymentError::OtherAmount);
    let notice = |key: &str| {
        let (authorization_id, amount) = ("auth".into(), eur(999));
        hear(
            key,
            Notice::Refunded {
                authorization_id,
                amount,
            },
        )
    };
    on(&history, notice("v1/rest")).then([refund::refunded(1, 999)]);
    history.push(refund::refunded(1, 999));
    let state = Payments::fold(&history);
    assert_eq!((state.status, state.refunded()), (S::Refunded, 999));
    on(&history, told(999)).then_nothing();
}
