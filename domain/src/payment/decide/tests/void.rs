//! given / when / then of giving back what is set aside.

use super::*;

#[test]
fn a_void_is_asked_for_wherever_the_payment_is() {
    for status in ALL {
        let when = on(&history(status), request_void());
        match status {
            S::Pending | S::Declined => when.then([voided(None)]),
            S::Authorizing | S::OutcomeUnknown | S::Capturing => when.then([void_deferred()]),
            S::Authorized | S::ActionRequired | S::AuthorizationExpired => {
                when.then([void_requested("v1", "cancelled")])
            }
            S::Voiding | S::Voided | S::Refunding | S::Refunded => when.then_nothing(),
            S::Captured => when.then([refund::of_all()]),
            S::PartiallyCaptured => when.then([refund::of(1, 1_000)]),
            S::PartiallyRefunded => when.then([refund::of(2, 1_899)]),
        };
    }
}

#[test]
fn a_deferred_void_follows_the_outcome() {
    for awaited in [vec![], vec![unknown(0)], vec![unknown(0), parked()]] {
        let history = [vec![requested(1)], awaited, vec![void_deferred()]].concat();
        on(&history, record_declined(1)).then([declined(1, 0), voided(None)]);
        on(&history, record_authorized(1, "auth", eur(1_999)))
            .then([authorized(1), void_requested("v1", "cancelled")]);
    }
}

#[test]
fn a_void_is_recorded_and_a_late_success_is_told_as_reversed() {
    for status in ALL {
        let when = on(&history(status), record_voided("auth"));
        match status {
            S::Voiding => when.then([voided(Some("auth"))]),
            S::Voided => when.then_nothing(),
            _ => when.then_refused(state(status, "record a void")),
        };
    }
    on(&history(S::Voiding), record_voided("other")).then_refused(PaymentError::OtherAuthorization);
    let late = [
        requested(1),
        void_deferred(),
        authorized(1),
        void_requested("v1", "cancelled"),
    ];
    on(&late, record_voided("auth")).then([voided(Some("auth")), reversed()]);
}
