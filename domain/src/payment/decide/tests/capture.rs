//! given / when / then of taking the money.

use super::*;

pub(super) fn requested() -> PaymentEvent {
    PaymentCaptureRequested {
        order_id: order_id(1),
        authorization_id: "auth".into(),
        amount: eur(1_999),
        idempotency_key: "c1".into(),
    }
    .into()
}

pub(super) fn captured() -> PaymentEvent {
    PaymentCaptured {
        order_id: order_id(1),
        authorization_id: "auth".into(),
        amount: eur(1_999),
    }
    .into()
}

fn failed() -> PaymentEvent {
    PaymentCaptureFailed {
        order_id: order_id(1),
        authorization_id: "auth".into(),
        code: "no funds".into(),
    }
    .into()
}

fn request() -> PaymentCommand {
    PaymentCommand::RequestCapture(RequestCapture {
        idempotency_key: "c1".into(),
    })
}

fn record(authorization_id: &str, amount: Money) -> PaymentCommand {
    PaymentCommand::RecordCaptured(RecordCaptured {
        authorization_id: authorization_id.into(),
        amount,
    })
}

fn record_failed(authorization_id: &str) -> PaymentCommand {
    PaymentCommand::RecordCaptureFailed(RecordCaptureFailed {
        authorization_id: authorization_id.into(),
        code: "no funds".into(),
    })
}

#[test]
fn only_what_is_set_aside_is_taken() {
    for status in ALL {
        let when = on(&history(status), request());
        match status {
            S::Authorized => when.then([requested()]),
            S::Capturing | S::Captured => when.then_nothing(),
            _ => when.then_refused(state(status, "capture it")),
        };
    }
}

#[test]
fn what_was_asked_for_is_recorded_as_taken() {
    for status in ALL {
        let when = on(&history(status), record("auth", eur(1_999)));
        match status {
            S::Capturing => when.then([captured()]),
            S::Captured => when.then_nothing(),
            _ => when.then_refused(state(status, "record a capture")),
        };
    }
    on(&history(S::Capturing), record("other", eur(1_999)))
        .then_refused(PaymentError::OtherAuthorization);
    for amount in [eur(2_000), eur(1_998), eur(i64::MAX)] {
        on(&history(S::Capturing), record("auth", amount)).then_refused(PaymentError::OtherAmount);
    }
}

#[test]
fn after_a_failure_the_money_is_still_set_aside() {
    for status in ALL {
        let when = on(&history(status), record_failed("auth"));
        match status {
            S::Capturing => {
                assert_eq!(when.then([failed()]).status, S::Authorized);
            }
            S::Authorized => {
                when.then_nothing();
            }
            _ => {
                when.then_refused(state(status, "record a failed capture"));
            }
        }
    }
    on(&history(S::Capturing), record_failed("other"))
        .then_refused(PaymentError::OtherAuthorization);
    let again = [history(S::Capturing), vec![failed()]].concat();
    on(&again, request()).then([requested()]);
    on(&again, request_void()).then([void_requested("v1", "cancelled")]);
}
