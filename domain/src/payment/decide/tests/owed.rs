//! given / when / then of what could not be given back, or has come back.

use super::{notice::hear, *};

const REASON: &str = "cancelled";

fn failed(refund: u32) -> PaymentEvent {
    PaymentRefundFailed {
        order_id: order_id(1),
        shipment_id: None,
        return_id: None,
        refund,
        amount: eur(1_999),
        reason: REASON.into(),
        code: "closed".into(),
    }
    .into()
}

fn reversed(refund: u32) -> PaymentEvent {
    PaymentRefundReversed {
        order_id: order_id(1),
        shipment_id: None,
        return_id: None,
        refund,
        amount: eur(1_999),
        reason: REASON.into(),
        code: "closed".into(),
    }
    .into()
}

fn again(refund: u32, amount: i64, key: &str) -> PaymentEvent {
    PaymentRefundRequested {
        order_id: order_id(1),
        shipment_id: None,
        return_id: None,
        authorization_id: "auth".into(),
        refund,
        amount: eur(amount),
        idempotency_key: key.into(),
        reason: REASON.into(),
    }
    .into()
}

fn record_failed(authorization_id: &str, refund: u32) -> PaymentCommand {
    PaymentCommand::RecordRefundFailed(RecordRefundFailed {
        authorization_id: authorization_id.into(),
        refund,
        code: "closed".into(),
    })
}

fn retry(refund: u32) -> PaymentCommand {
    PaymentCommand::RetryRefund(RetryRefund {
        order_id: order_id(1),
        refund,
        idempotency_key: format!("again:{refund}"),
    })
}

fn settle(refund: u32) -> PaymentCommand {
    PaymentCommand::SettleRefund(SettleRefund { refund })
}

fn said_failed(key: &str) -> PaymentCommand {
    hear(
        key,
        Notice::RefundFailed {
            authorization_id: "auth".into(),
            code: "closed".into(),
        },
    )
}

fn said_reversed(key: &str, amount: i64) -> PaymentCommand {
    hear(
        key,
        Notice::RefundReversed {
            authorization_id: "auth".into(),
            amount: eur(amount),
            code: "closed".into(),
        },
    )
}

fn record(refund: u32, amount: i64) -> PaymentCommand {
    PaymentCommand::RecordRefunded(RecordRefunded {
        authorization_id: "auth".into(),
        refund,
        amount: eur(amount),
    })
}

fn on(history: &[PaymentEvent], command: PaymentCommand) -> When<Payments> {
    given(history.to_vec()).when(command)
}

fn after(history: Vec<PaymentEvent>, events: &[PaymentEvent]) -> Vec<PaymentEvent> {
    [history, events.to_vec()].concat()
}

#[test]
fn what_the_provider_will_not_give_back_is_owed() {
    let asked = history(S::Refunding);
    let state = on(&asked, record_failed("auth", 1)).then([failed(1)]);
    assert_eq!((state.status, state.refunded()), (S::Captured, 0));
    assert_eq!(state.owed(), 1_999);
    on(&asked, said_failed("v1")).then([failed(1)]);
    on(&asked, record_failed("other", 1)).then_refused(PaymentError::OtherAuthorization);
    on(&asked, record_failed("auth", 2)).then_refused(PaymentError::NoRefund { refund: 2 });
    on(&asked, said_failed("x")).then_refused(PaymentError::UnknownCall {
        idempotency_key: "x".into(),
    });
    let done = history(S::Refunded);
    on(&done, record_failed("auth", 1))
        .then_refused(self::state(S::Refunded, "record a failed refund"));
    // It counts as claimed: nobody is given it as well, nor is it asked for by itself.
    let owed = after(asked, &[failed(1)]);
    on(&owed, request_void()).then_nothing();
    // It was given back after all.
    assert_eq!(
        on(&owed, record(1, 1_999)).then_events().status,
        S::Refunded
    );
}

#[test]
fn what_has_come_back_is_owed_again() {
    let done = history(S::Refunded);
    let state = on(&done, said_reversed("v1", 1_999)).then([reversed(1)]);
    assert_eq!((state.status, state.refunded()), (S::Captured, 0));
    assert_eq!(state.owed(), 1_999);
    on(&done, said_reversed("v1", 1)).then_refused(PaymentError::OtherAmount);
    // It has overtaken the word that it was given back, which leads to nothing then.
    let asked = history(S::Refunding);
    on(&asked, said_reversed("v1", 1_999)).then([refund::refunded(1, 1_999), reversed(1)]);
    let known = after(asked.clone(), &[refund::refunded(1, 1_999), reversed(1)]);
    on(&known, record(1, 1_999)).then_nothing();
    let failed = after(asked, &[failed(1)]);
    on(&failed, said_reversed("v1", 1_999)).then_refused(self::state(
        S::Captured,
        "record that a refund has come back",
    ));
}

#[test]
fn it_is_asked_for_again_under_a_number_and_a_key_of_its_own() {
    for owed in [
        after(history(S::Refunding), &[failed(1)]),
        after(history(S::Refunded), &[reversed(1)]),
    ] {
        let state = on(&owed, retry(1)).then([again(2, 1_999, "again:1")]);
        assert_eq!((state.status, state.owed()), (S::Refunding, 0));
        assert_eq!(state.reclaimed(), 1_999);
        let asked = after(owed, &[again(2, 1_999, "again:1")]);
        on(&asked, retry(1)).then_nothing();
        on(&asked, settle(1)).then_refused(PaymentError::RefundAskedAgain { refund: 1 });
        let state = on(&asked, record(2, 1_999)).then_events();
        assert_eq!((state.status, state.refunded()), (S::Refunded, 1_999));
        // It may fail again, and is another one then.
        let twice = after(asked, &[failed(2)]);
        on(&twice, retry(2)).then([again(3, 1_999, "again:2")]);
        on(&twice, retry(1)).then_nothing();
    }
    let failed = after(
        history(S::Refunding),
        &[failed(1), again(2, 1_999, "again:1")],
    );
    on(&failed, record(1, 1_999)).then_refused(PaymentError::RefundAskedAgain { refund: 1 });
    for status in [S::Refunding, S::Refunded] {
        on(&history(status), retry(1)).then_nothing();
    }
    on(&history(S::Captured), retry(1)).then_refused(PaymentError::NoRefund { refund: 1 });
}

#[test]
fn people_give_it_back_in_another_way() {
    for owed in [
        after(history(S::Refunding), &[failed(1)]),
        after(history(S::Refunded), &[reversed(1)]),
    ] {
        let state = on(&owed, settle(1)).then([refund::refunded(1, 1_999)]);
        assert_eq!((state.status, state.owed()), (S::Refunded, 0));
    }
    on(&history(S::Refunding), settle(1))
        .then_refused(self::state(S::Refunding, "settle a refund"));
    on(&history(S::Refunded), settle(1)).then_nothing();
    on(&history(S::Captured), settle(1)).then_refused(PaymentError::NoRefund { refund: 1 });
}

#[test]
fn while_a_dispute_is_open_it_waits_for_its_end() {
    let opened = DisputeOpened {
        order_id: order_id(1),
        dispute_id: "d".into(),
        authorization_id: "auth".into(),
        amount: eur(500),
        reason: "fraudulent".into(),
    };
    let deferred = PaymentRefundDeferred {
        order_id: order_id(1),
        shipment_id: None,
        return_id: None,
        amount: eur(1_999),
        idempotency_key: "again:1".into(),
        reason: REASON.into(),
    };
    let owed = after(history(S::Refunding), &[failed(1), opened.into()]);
    let state = on(&owed, retry(1)).then([deferred.clone().into()]);
    assert_eq!((state.owed(), state.reclaimed()), (0, 1_999));
    // What the cardholder has got is not given back as well.
    let waits = after(owed, &[deferred.into()]);
    let lost = Notice::DisputeLost(DisputeNotice {
        dispute_id: "d".into(),
        authorization_id: "auth".into(),
        amount: eur(500),
        reason: "fraudulent".into(),
    });
    let lost_event = DisputeLost {
        order_id: order_id(1),
        dispute_id: "d".into(),
        amount: eur(500),
        still_open: 0,
    };
    on(&waits, hear("k1", lost)).then([lost_event.into(), again(2, 1_499, "again:1")]);
}
