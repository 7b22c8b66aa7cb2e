//! given / when / then of every command to a payment.

mod action;
mod capture;
mod dispute;
mod notice;
mod owed;
mod parcels;
mod reauthorize;
mod refund;
mod void;

use super::super::*;
use crate::{
    Currency, Decider, Money,
    testing::{When, eur, given, order_id},
};
use PaymentStatus as S;

fn requested(attempt: u32) -> PaymentEvent {
    PaymentAuthorizationRequested {
        order_id: order_id(1),
        amount: eur(1_999),
        payment_method: "tok".into(),
        attempt,
        max_attempts: 3,
        idempotency_key: format!("k{attempt}"),
    }
    .into()
}

fn authorized(attempt: u32) -> PaymentEvent {
    PaymentAuthorized {
        order_id: order_id(1),
        attempt,
        authorization_id: "auth".into(),
        amount: eur(1_999),
        expires_at: None,
    }
    .into()
}

fn mismatch(actual: Money) -> PaymentEvent {
    PaymentIntegrityMismatch {
        order_id: order_id(1),
        attempt: 1,
        authorization_id: "auth".into(),
        expected: eur(1_999),
        actual,
    }
    .into()
}

fn declined(attempt: u32, attempts_left: u32) -> PaymentEvent {
    PaymentDeclined {
        order_id: order_id(1),
        attempt,
        attempts_left,
        code: "no funds".into(),
    }
    .into()
}

fn unknown(inquiries: u32) -> PaymentEvent {
    PaymentOutcomeUnknown {
        order_id: order_id(1),
        attempt: 1,
        idempotency_key: "k1".into(),
        inquiries,
        detail: "no answer".into(),
    }
    .into()
}

fn parked() -> PaymentEvent {
    PaymentParked {
        order_id: order_id(1),
        attempt: 1,
        detail: "no answer".into(),
    }
    .into()
}

fn void_deferred() -> PaymentEvent {
    PaymentVoidDeferred {
        order_id: order_id(1),
        idempotency_key: "v1".into(),
        reason: "cancelled".into(),
    }
    .into()
}

fn void_requested(key: &str, reason: &str) -> PaymentEvent {
    PaymentVoidRequested {
        order_id: order_id(1),
        authorization_id: "auth".into(),
        idempotency_key: key.into(),
        reason: reason.into(),
    }
    .into()
}

fn voided(authorization_id: Option<&str>) -> PaymentEvent {
    PaymentVoided {
        order_id: order_id(1),
        authorization_id: authorization_id.map(Into::into),
    }
    .into()
}

fn reversed() -> PaymentEvent {
    LatePaymentReversed {
        order_id: order_id(1),
        authorization_id: "auth".into(),
        amount: eur(1_999),
    }
    .into()
}

/// A history that brings a payment where `status` says, by its first attempt.
fn history(status: S) -> Vec<PaymentEvent> {
    let after = |events: &[PaymentEvent]| [&[requested(1)], events].concat();
    match status {
        S::Pending => vec![],
        S::Authorizing => after(&[]),
        S::Authorized => after(&[authorized(1)]),
        S::Declined => after(&[declined(1, 2)]),
        S::ActionRequired => after(&[action::required()]),
        S::OutcomeUnknown => after(&[unknown(0)]),
        S::Voiding => after(&[authorized(1), void_requested("v1", "cancelled")]),
        S::Voided => [history(S::Voiding), vec![voided(Some("auth"))]].concat(),
        S::Capturing => after(&[authorized(1), capture::requested()]),
        S::Captured => [history(S::Capturing), vec![capture::captured()]].concat(),
        S::PartiallyCaptured => after(&capture::one_of_two()),
        S::Refunding => [history(S::Captured), vec![refund::of_all()]].concat(),
        S::Refunded => [history(S::Refunding), vec![refund::refunded(1, 1_999)]].concat(),
        S::PartiallyRefunded => [
            history(S::Captured),
            vec![refund::of_some(1), refund::refunded(1, 100)],
        ]
        .concat(),
        S::AuthorizationExpired => [history(S::Authorized), vec![reauthorize::expired()]].concat(),
    }
}

const ALL: [S; 15] = [
    S::Pending,
    S::Authorizing,
    S::Authorized,
    S::Declined,
    S::ActionRequired,
    S::OutcomeUnknown,
    S::Voiding,
    S::Voided,
    S::Capturing,
    S::Captured,
    S::PartiallyCaptured,
    S::Refunding,
    S::Refunded,
    S::PartiallyRefunded,
    S::AuthorizationExpired,
];

fn request(attempt: u32) -> PaymentCommand {
    PaymentCommand::RequestAuthorization(RequestAuthorization {
        order_id: order_id(1),
        amount: eur(1_999),
        payment_method: "tok".into(),
        attempt,
        max_attempts: 3,
        idempotency_key: format!("k{attempt}"),
    })
}

fn record_authorized(attempt: u32, authorization_id: &str, amount: Money) -> PaymentCommand {
    PaymentCommand::RecordAuthorized(RecordAuthorized {
        attempt,
        authorization_id: authorization_id.into(),
        amount,
        expires_at: None,
    })
}

fn record_declined(attempt: u32) -> PaymentCommand {
    PaymentCommand::RecordDeclined(RecordDeclined {
        attempt,
        code: "no funds".into(),
    })
}

fn record_unknown(attempt: u32, inquiries: u32, last: bool) -> PaymentCommand {
    PaymentCommand::RecordOutcomeUnknown(RecordOutcomeUnknown {
        attempt,
        inquiries,
        last,
        detail: "no answer".into(),
    })
}

fn request_void() -> PaymentCommand {
    PaymentCommand::RequestVoid(RequestVoid {
        order_id: order_id(1),
        idempotency_key: "v1".into(),
        reason: "cancelled".into(),
    })
}

fn record_voided(authorization_id: &str) -> PaymentCommand {
    PaymentCommand::RecordVoided(RecordVoided {
        authorization_id: authorization_id.into(),
    })
}

fn state(status: S, command: &'static str) -> PaymentError {
    PaymentError::State { status, command }
}

fn on(history: &[PaymentEvent], command: PaymentCommand) -> When<Payments> {
    given::<Payments>(history.to_vec()).when(command)
}

#[test]
fn the_first_attempt_is_asked_for_once_and_before_anything_else() {
    for status in ALL {
        let when = on(&history(status), request(1));
        match status {
            S::Pending => when.then([requested(1)]),
            _ => when.then_nothing(),
        };
    }
    on(&[voided(None)], request(1)).then_refused(state(S::Voided, "authorize it"));
}

#[test]
fn a_further_attempt_follows_only_a_decline() {
    for status in ALL {
        let when = on(&history(status), request(2));
        match status {
            S::Declined => when.then([requested(2)]),
            S::Pending => when.then_refused(PaymentError::Attempt { attempt: 2 }),
            _ => when.then_refused(state(status, "authorize it")),
        };
    }
    let last = [
        requested(1),
        declined(1, 2),
        requested(2),
        declined(2, 1),
        requested(3),
        declined(3, 0),
    ];
    for attempt in [4, u32::MAX] {
        on(&last, request(attempt)).then_refused(PaymentError::Attempt { attempt });
    }
}

#[test]
fn negative_amounts_are_refused() {
    let command = PaymentCommand::RequestAuthorization(RequestAuthorization {
        order_id: order_id(1),
        amount: eur(-1),
        payment_method: "tok".into(),
        attempt: 1,
        max_attempts: 3,
        idempotency_key: "k1".into(),
    });
    on(&[], command).then_refused(PaymentError::Amount);
}

#[test]
fn an_authorization_is_recorded_while_its_outcome_is_awaited() {
    for status in ALL {
        let when = on(&history(status), record_authorized(1, "auth", eur(1_999)));
        match status {
            S::Authorizing | S::ActionRequired | S::OutcomeUnknown => when.then([authorized(1)]),
            S::Pending | S::Declined => when.then_refused(state(status, "record an authorization")),
            // The same again.
            _ => when.then_nothing(),
        };
    }
    let after_all = on(
        &[requested(1), unknown(0), parked()],
        record_authorized(1, "auth", eur(1_999)),
    );
    assert!(!after_all.then([authorized(1)]).parked);
}

#[test]
fn an_authorization_of_another_attempt_is_refused_and_another_one_given_back() {
    on(
        &history(S::Authorizing),
        record_authorized(2, "auth", eur(1_999)),
    )
    .then_refused(PaymentError::Attempt { attempt: 2 });
    for status in [
        S::Authorized,
        S::Voiding,
        S::Voided,
        S::Capturing,
        S::Captured,
    ] {
        on(&history(status), record_authorized(1, "other", eur(1_999))).then([notice::stray(
            "k1",
            1,
            "other",
            notice::TWICE,
        )]);
        on(&history(status), record_authorized(2, "other", eur(1_999)))
            .then_refused(PaymentError::Attempt { attempt: 2 });
        on(&history(status), record_authorized(1, "\0", eur(1_999)))
            .then_refused(PaymentError::OtherAuthorization);
    }
}

#[test]
fn an_authorization_by_what_is_not_a_name_waits_for_an_operator() {
    for name in ["", "a\0", &"x".repeat(256)] {
        let events = on(
            &history(S::Authorizing),
            record_authorized(1, name, eur(1_999)),
        );
        let detail = "the provider named its authorization by what is not a name".into();
        let parked = PaymentParked {
            order_id: order_id(1),
            attempt: 1,
            detail,
        };
        assert!(events.then([parked.into()]).parked);
    }
}

#[test]
fn another_amount_or_currency_is_given_back_at_once() {
    let pounds = Money::new(1_999, Currency::parse("GBP").unwrap());
    let reason = "the provider authorized another amount than was asked for";
    for actual in [eur(2_000), eur(1), eur(i64::MIN), pounds] {
        on(
            &history(S::Authorizing),
            record_authorized(1, "auth", actual),
        )
        .then([mismatch(actual), void_requested("k1/void", reason)]);
        let deferred = [requested(1), void_deferred()];
        on(&deferred, record_authorized(1, "auth", actual))
            .then([mismatch(actual), void_requested("v1", "cancelled")]);
    }
}

#[test]
fn a_decline_is_recorded_while_its_outcome_is_awaited() {
    for status in ALL {
        let when = on(&history(status), record_declined(1));
        match status {
            S::Authorizing | S::ActionRequired | S::OutcomeUnknown => when.then([declined(1, 2)]),
            S::Declined | S::Voided => when.then_nothing(),
            _ => when.then_refused(state(status, "record a decline")),
        };
    }
    let third = [
        requested(1),
        declined(1, 2),
        requested(2),
        declined(2, 1),
        requested(3),
    ];
    on(&third, record_declined(3)).then([declined(3, 0)]);
    on(&third, record_declined(4)).then_refused(PaymentError::Attempt { attempt: 4 });
    // It was recorded, or there were no third attempt.
    on(&third, record_declined(1)).then_nothing();
    on(&[voided(None)], record_declined(0)).then_refused(state(S::Voided, "record a decline"));
}

#[test]
fn an_unknown_outcome_is_counted_until_it_is_parked() {
    on(&history(S::Authorizing), record_unknown(1, 0, false)).then([unknown(0)]);
    on(&history(S::OutcomeUnknown), record_unknown(1, 1, false)).then([unknown(1)]);
    let third = [requested(1), unknown(0), unknown(1), unknown(2)];
    for before in 0..=2 {
        on(&third, record_unknown(1, before, false)).then_nothing();
    }
    let state = on(&third, record_unknown(1, 3, true)).then([parked()]);
    assert_eq!((state.status, state.parked), (S::OutcomeUnknown, true));
    let already = [requested(1), parked()];
    for inquiries in [0, 9, u32::MAX] {
        on(&already, record_unknown(1, inquiries, false)).then_nothing();
        on(&already, record_unknown(1, inquiries, true)).then_nothing();
    }
    let countless = [requested(1), unknown(u32::MAX)];
    on(&countless, record_unknown(1, u32::MAX, false)).then_nothing();
    on(&countless, record_unknown(1, u32::MAX, true)).then([parked()]);
}

#[test]
fn an_unknown_outcome_of_what_is_known_is_refused_or_nothing() {
    for status in ALL {
        if !matches!(status, S::Authorizing | S::OutcomeUnknown) {
            on(&history(status), record_unknown(1, 5, false))
                .then_refused(state(status, "record an unknown outcome"));
        }
    }
    on(&history(S::Authorizing), record_unknown(2, 0, false))
        .then_refused(PaymentError::Attempt { attempt: 2 });
    let second = [requested(1), declined(1, 2), requested(2)];
    on(&second, record_unknown(1, 0, false)).then_nothing();
}

#[test]
fn what_participants_say_is_cleaned() {
    let long = "a\n".to_owned() + &"x".repeat(1_000);
    let command = PaymentCommand::RecordDeclined(RecordDeclined {
        attempt: 1,
        code: long.clone(),
    });
    let events = super::decide(&Payments::fold(&[requested(1)]), &command).unwrap();
    let [PaymentEvent::PaymentDeclined(event)] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(event.code, "a ".to_owned() + &"x".repeat(198));
    let command = PaymentCommand::RecordOutcomeUnknown(RecordOutcomeUnknown {
        attempt: 1,
        inquiries: 0,
        last: false,
        detail: long,
    });
    let events = super::decide(&Payments::fold(&[requested(1)]), &command).unwrap();
    let [PaymentEvent::PaymentOutcomeUnknown(event)] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(event.detail, "a ".to_owned() + &"x".repeat(498));
}
