//! given / when / then of what ends.

use super::{notice::hear, *};
use chrono::{DateTime, Utc};

fn ends() -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(1_800_000_000, 0)
}

pub(super) fn expired() -> PaymentEvent {
    PaymentAuthorizationExpired {
        order_id: order_id(1),
        authorization_id: "auth".into(),
    }
    .into()
}

fn ask(authorization_id: &str) -> PaymentCommand {
    PaymentCommand::RequestReauthorization(RequestReauthorization {
        authorization_id: authorization_id.into(),
        payment_method: "tok".into(),
        idempotency_key: "r1".into(),
    })
}

fn asked() -> PaymentEvent {
    PaymentReauthorizationRequested {
        order_id: order_id(1),
        former_authorization_id: "auth".into(),
        amount: eur(1_999),
        payment_method: "tok".into(),
        idempotency_key: "r1".into(),
    }
    .into()
}

fn record(id: &str, amount: i64) -> PaymentCommand {
    PaymentCommand::RecordReauthorized(RecordReauthorized {
        former_authorization_id: "auth".into(),
        authorization_id: id.into(),
        amount: eur(amount),
        expires_at: ends(),
    })
}

fn record_failed() -> PaymentCommand {
    PaymentCommand::RecordReauthorizationFailed(RecordReauthorizationFailed {
        former_authorization_id: "auth".into(),
        code: "no funds".into(),
    })
}

fn record_expired(id: &str) -> PaymentCommand {
    PaymentCommand::RecordAuthorizationExpired(RecordAuthorizationExpired {
        authorization_id: id.into(),
    })
}

fn anew() -> PaymentEvent {
    PaymentReauthorized {
        order_id: order_id(1),
        former_authorization_id: "auth".into(),
        authorization_id: "new".into(),
        amount: eur(1_999),
        expires_at: ends(),
        void_key: "r1/former".into(),
    }
    .into()
}

fn failed(id: &str, needed: bool, code: &str) -> PaymentEvent {
    PaymentReauthorizationFailed {
        order_id: order_id(1),
        authorization_id: id.into(),
        expires_at: (id == "new").then(ends).flatten(),
        needed,
        code: code.into(),
    }
    .into()
}

fn stray(id: &str, amount: i64) -> PaymentEvent {
    StrayAuthorizationFound {
        order_id: order_id(1),
        attempt: 1,
        authorization_id: id.into(),
        amount: eur(amount),
        idempotency_key: "r1/void:1".into(),
        reason: "the provider has authorized twice".into(),
    }
    .into()
}

fn after(events: &[PaymentEvent]) -> Vec<PaymentEvent> {
    [&history(S::Authorized), events].concat()
}

#[test]
fn what_is_set_aside_and_wanted_is_set_aside_anew_once() {
    for status in ALL {
        let when = on(&history(status), ask("auth"));
        match status {
            S::Authorized => when.then([asked()]),
            _ => when.then_nothing(),
        };
    }
    on(&history(S::Authorized), ask("other")).then_nothing();
    on(
        &after(&[asked(), failed("auth", true, "no funds")]),
        ask("auth"),
    )
    .then_nothing();
    let once = after(&[asked(), anew()]);
    on(&once, ask("auth")).then_nothing();
    on(&once, ask("new")).then([failed("new", true, "reauthorized_once")]);
}

#[test]
fn the_former_is_given_back() {
    let state = on(&after(&[asked()]), record("new", 1_999)).then([anew()]);
    assert_eq!(state.status, S::Authorized);
    assert_eq!(state.authorization.unwrap().authorization_id, "new");
    let both = after(&[asked(), anew()]);
    on(&both, record("new", 1_999)).then_nothing();
    let former = FormerAuthorizationVoided {
        order_id: order_id(1),
        authorization_id: "auth".into(),
    };
    on(&both, record_voided("auth")).then([former.into()]);
    // It is not heard of as anything new.
    on(&both, record_authorized(1, "auth", eur(1_999))).then_nothing();

    let late = after(&[asked(), expired()]);
    let state = on(&late, record("new", 1_999)).then([anew()]);
    assert_eq!(state.status, S::Authorized);
}

#[test]
fn what_comes_too_late_or_of_another_amount_is_given_back() {
    let other = on(&after(&[asked()]), record("new", 5));
    other.then([stray("new", 5), failed("auth", true, "other_amount")]);
    for happened in [
        vec![void_requested("v1", "cancelled")],
        vec![void_requested("v1", "cancelled"), voided(Some("auth"))],
        vec![capture::requested()],
        vec![capture::requested(), capture::captured()],
    ] {
        let history = after(&[vec![asked()], happened].concat());
        let status = Payments::fold(&history).status;
        let late = on(&history, record("new", 1_999));
        let state = late.then([stray("new", 1_999), failed("auth", false, "other_amount")]);
        assert_eq!(state.status, status);
        on(&history, record_failed()).then([failed("auth", false, "no funds")]);
    }
}

#[test]
fn what_is_not_set_aside_anew_is_told() {
    on(&after(&[asked()]), record_failed()).then([failed("auth", true, "no funds")]);
    let told = after(&[asked(), failed("auth", true, "no funds")]);
    on(&told, record_failed()).then_nothing();
    let done = after(&[asked(), anew()]);
    let contradicted = state(S::Authorized, "record that it is not authorized anew");
    on(&done, record_failed()).then_refused(contradicted);
    let nobody = state(S::Authorized, "record a re-authorization");
    on(&after(&[]), record_failed()).then_refused(nobody.clone());
    on(&after(&[]), record("new", 1_999)).then_refused(nobody);
}

#[test]
fn it_is_heard_of_by_its_key() {
    let said = |amount| {
        hear(
            "r1",
            Notice::Authorized {
                authorization_id: "new".into(),
                amount: eur(amount),
                expires_at: ends(),
            },
        )
    };
    on(&after(&[asked()]), said(1_999)).then([anew()]);
    on(&after(&[asked(), anew()]), said(1_999)).then_nothing();
    on(&after(&[asked(), anew()]), said(5)).then_refused(PaymentError::OtherAmount);
    let code = || "no funds".into();
    let declined = hear("r1", Notice::Declined { code: code() });
    on(&after(&[asked()]), declined).then([failed("auth", true, "no funds")]);
}

#[test]
fn what_has_ended_is_given_back_by_itself() {
    for status in ALL {
        let when = on(&history(status), record_expired("auth"));
        match status {
            S::Authorized => {
                assert_eq!(when.then([expired()]).status, S::AuthorizationExpired);
            }
            S::Pending | S::Authorizing | S::ActionRequired | S::Declined | S::OutcomeUnknown => {
                let problem = "record that its authorization expired";
                when.then_refused(state(status, problem));
            }
            _ => {
                when.then_nothing();
            }
        }
    }
    on(&history(S::Authorized), record_expired("other"))
        .then_refused(PaymentError::OtherAuthorization);
    let authorization_id = || "auth".into();
    let heard = Notice::Expired {
        authorization_id: authorization_id(),
    };
    on(&history(S::Authorized), hear("k1", heard)).then([expired()]);
    on(&history(S::AuthorizationExpired), request_void()).then([void_requested("v1", "cancelled")]);
    // The provider would not take it.
    let refused = [history(S::AuthorizationExpired), vec![capture::requested()]].concat();
    let refused = [refused, vec![capture::not_taken()]].concat();
    assert_eq!(Payments::fold(&refused).status, S::AuthorizationExpired);
}
