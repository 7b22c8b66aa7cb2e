//! given / when / then of a provider's own word.

use super::*;
use crate::{ShipmentId, testing::uuid};

/// Why an authorization is given back that came beside another.
pub(super) const TWICE: &str = "the provider has authorized twice";
const LATE: &str = "the provider has authorized what had been given up";

/// The provider holds what nobody waits for.
pub(super) fn stray(key: &str, attempt: u32, id: &str, reason: &str) -> PaymentEvent {
    StrayAuthorizationFound {
        order_id: order_id(1),
        attempt,
        authorization_id: id.into(),
        amount: eur(1_999),
        idempotency_key: format!("{key}/void:1"),
        reason: reason.into(),
    }
    .into()
}

fn reversed(id: &str) -> PaymentEvent {
    LatePaymentReversed {
        order_id: order_id(1),
        authorization_id: id.into(),
        amount: eur(1_999),
    }
    .into()
}

/// The provider says it of what was asked for under `key`.
pub(super) fn hear(key: &str, notice: Notice) -> PaymentCommand {
    PaymentCommand::Hear(HearProvider {
        idempotency_key: key.into(),
        notice,
    })
}

fn said_authorized(key: &str, id: &str, amount: i64) -> PaymentCommand {
    let authorization_id = id.into();
    let amount = eur(amount);
    hear(
        key,
        Notice::Authorized {
            authorization_id,
            amount,
            expires_at: None,
        },
    )
}

fn said_declined(key: &str) -> PaymentCommand {
    let code = "no funds".into();
    hear(key, Notice::Declined { code })
}

fn said_captured(key: &str, amount: i64) -> PaymentCommand {
    let authorization_id = "auth".into();
    let amount = eur(amount);
    hear(
        key,
        Notice::Captured {
            authorization_id,
            amount,
        },
    )
}

fn unknown_call(key: &str) -> PaymentError {
    PaymentError::UnknownCall {
        idempotency_key: key.into(),
    }
}

#[test]
fn what_is_heard_first_has_effect_and_our_answer_leads_to_nothing() {
    for awaited in [vec![], vec![unknown(0)], vec![unknown(0), parked()]] {
        let history = [vec![requested(1)], awaited].concat();
        on(&history, said_authorized("k1", "auth", 1_999)).then([authorized(1)]);
        on(&history, said_declined("k1")).then([declined(1, 2)]);
    }
    on(
        &history(S::Authorized),
        said_authorized("k1", "auth", 1_999),
    )
    .then_nothing();
    let heard = [requested(1), authorized(1)];
    on(&heard, record_authorized(1, "auth", eur(1_999))).then_nothing();
    on(&history(S::Declined), said_declined("k1")).then_nothing();
}

#[test]
fn another_amount_is_no_match_whoever_says_it() {
    let heard = on(
        &history(S::Authorizing),
        said_authorized("k1", "auth", 2_000),
    );
    let void = PaymentVoidRequested {
        order_id: order_id(1),
        authorization_id: "auth".into(),
        idempotency_key: "k1/void".into(),
        reason: "the provider authorized another amount than was asked for".into(),
    };
    heard.then([mismatch(eur(2_000)), void.into()]);
    on(
        &history(S::Authorized),
        said_authorized("k1", "auth", 2_000),
    )
    .then_refused(PaymentError::OtherAmount);
}

#[test]
fn a_success_that_comes_late_is_given_back_and_told() {
    let given_up = [requested(1), void_deferred(), declined(1, 0), voided(None)];
    let found = on(&given_up, said_authorized("k1", "auth", 1_999));
    found.then([stray("k1", 1, "auth", LATE)]);
    let history = [&given_up[..], &[stray("k1", 1, "auth", LATE)]].concat();
    on(&history, said_authorized("k1", "auth", 1_999)).then_nothing();
    let state = on(&history, record_voided("auth")).then([reversed("auth")]);
    assert_eq!(state.status, S::Voided);

    // It waits for its outcome yet, so that it need not be looked for.
    on(
        &[requested(1), void_deferred()],
        said_authorized("k1", "auth", 1_999),
    )
    .then([authorized(1), void_requested("v1", "cancelled")]);
}

#[test]
fn what_is_authorized_of_an_earlier_attempt_or_twice_is_given_back() {
    let key = format!("main:{}:authorize:1", order_id(1));
    let second = [requested(1), declined(1, 2), requested(2)];
    on(&second, said_authorized(&key, "late", 1_999)).then([stray(&key, 1, "late", LATE)]);
    let both = [&second[..], &[authorized(2)]].concat();
    on(&both, said_authorized(&key, "late", 1_999)).then([stray(&key, 1, "late", TWICE)]);
    let stray = stray("k1", 1, "other", TWICE);
    for status in [S::Authorized, S::Captured, S::Refunded, S::Voided] {
        let state =
            on(&history(status), said_authorized("k1", "other", 1_999)).then([stray.clone()]);
        assert_eq!(state.status, status);
        let history = [history(status), vec![stray.clone()]].concat();
        on(&history, record_voided("other")).then([reversed("other")]);
    }
}

#[test]
fn a_void_is_heard_of() {
    let authorization_id = || "auth".into();
    let heard = || {
        let authorization_id = authorization_id();
        hear("v1", Notice::Voided { authorization_id })
    };
    on(&history(S::Voiding), heard()).then([voided(Some("auth"))]);
    on(&history(S::Voided), heard()).then_nothing();
    on(&history(S::Captured), heard()).then_refused(state(S::Captured, "record a void"));
}

#[test]
fn what_is_taken_and_given_back_is_heard_of_by_its_key() {
    on(&history(S::Capturing), said_captured("c1", 1_999)).then([capture::captured()]);
    on(&history(S::Captured), said_captured("c1", 1_999)).then_nothing();
    on(&history(S::Capturing), said_captured("c1", 1)).then_refused(PaymentError::OtherAmount);
    on(&history(S::Capturing), said_captured("c9", 1_999)).then_refused(unknown_call("c9"));
    let failed = || {
        let (authorization_id, code) = ("auth".into(), "no funds".into());
        hear(
            "c1",
            Notice::CaptureFailed {
                authorization_id,
                code,
            },
        )
    };
    on(&history(S::Capturing), failed()).then([capture::not_taken()]);
    let refunded = |key: &str, amount| {
        let (authorization_id, amount) = ("auth".into(), eur(amount));
        hear(
            key,
            Notice::Refunded {
                authorization_id,
                amount,
            },
        )
    };
    on(&history(S::Refunding), refunded("v1", 1_999)).then([refund::refunded(1, 1_999)]);
    on(&history(S::Refunded), refunded("v1", 1_999)).then_nothing();
    on(&history(S::Refunding), refunded("v1", 1)).then_refused(PaymentError::OtherAmount);
    on(&history(S::Refunding), refunded("v9", 1)).then_refused(unknown_call("v9"));
}

#[test]
fn what_nobody_asked_for_is_refused() {
    for status in [S::Pending, S::Authorizing, S::Voided] {
        on(&history(status), said_authorized("other", "auth", 1_999))
            .then_refused(unknown_call("other"));
        on(&history(status), said_declined("other")).then_refused(unknown_call("other"));
    }
}

/// The provider's word and our own answer race for each outcome: in whichever order they come, and
/// however often, the payment is where it is by one of them alone.
#[test]
fn a_race_of_word_and_answer_ends_as_either_does() {
    let outcomes = [
        (
            S::Authorizing,
            said_authorized("k1", "auth", 1_999),
            record_authorized(1, "auth", eur(1_999)),
        ),
        (S::Authorizing, said_declined("k1"), record_declined(1)),
        (
            S::Authorizing,
            said_authorized("k1", "auth", 5),
            record_authorized(1, "auth", eur(5)),
        ),
        (
            S::Capturing,
            said_captured("c1", 1_999),
            capture::recorded(),
        ),
    ];
    for round in 0..1_000_u32 {
        let (status, word, answer) = outcomes[round as usize % outcomes.len()].clone();
        let before = Payments::fold(&history(status));
        let alone = Payments::decide(&before, &answer).unwrap();
        let mut state = before;
        let mut events = vec![];
        // The bits of the round's number say who comes next.
        for bit in 0..6 {
            let next = match round >> bit & 1 {
                0 => &word,
                _ => &answer,
            };
            let decided = Payments::decide(&state, next).unwrap();
            state = decided.iter().fold(state, Payments::evolve);
            events.extend(decided);
        }
        assert_eq!(events, alone, "round {round}");
    }
}

/// What is said of it later is what it was, whatever was let go since.
#[test]
fn an_authorization_is_heard_again_after_its_rest_was_released() {
    let mut history = history(S::Authorized);
    history.push(
        PaymentRestReleased {
            order_id: order_id(1),
            authorization_id: "auth".into(),
            amount: eur(999),
        }
        .into(),
    );
    on(&history, said_authorized("k1", "auth", 1_999)).then_nothing();
    on(&history, said_authorized("k1", "auth", 1_000)).then_refused(PaymentError::OtherAmount);
}

/// The next attempt is asked for only when it is known that the one before has failed.
#[test]
fn that_an_earlier_capture_failed_is_no_news() {
    let shipment_id = Some(ShipmentId::new(uuid(9, 1)));
    let asked = PaymentCaptureRequested {
        order_id: order_id(1),
        shipment_id,
        authorization_id: "auth".into(),
        amount: eur(1_999),
        attempt: 2,
        max_attempts: 3,
        idempotency_key: "capture:x:2".into(),
        more: false,
    };
    let mut history = history(S::Authorized);
    history.push(asked.into());
    let failed = |key: &str| {
        let (authorization_id, code) = ("auth".into(), "limit".into());
        let notice = Notice::CaptureFailed {
            authorization_id,
            code,
        };
        hear(key, notice)
    };
    on(&history, failed("capture:x:1")).then_nothing();
    for other in ["capture:x:3", "capture:y:1", "capture:x:0", "capture:x:"] {
        on(&history, failed(other)).then_refused(unknown_call(other));
    }
}
