//! given / when / then of what who pays is to do.

use super::{notice::hear, *};
use crate::testing::at;

const URL: &str = "https://provider.test/prove";

pub(super) fn required() -> PaymentEvent {
    required_of(1)
}

fn required_of(attempt: u32) -> PaymentEvent {
    PaymentActionRequired {
        order_id: order_id(1),
        attempt,
        authorization_id: "auth".into(),
        url: URL.into(),
        until: Some(at(600)),
    }
    .into()
}

fn command(attempt: u32, authorization_id: &str, url: &str) -> RecordActionRequired {
    RecordActionRequired {
        attempt,
        authorization_id: authorization_id.into(),
        url: url.into(),
        until: Some(at(600)),
    }
}

fn record(attempt: u32) -> PaymentCommand {
    PaymentCommand::RecordActionRequired(command(attempt, "auth", URL))
}

fn said() -> PaymentCommand {
    hear(
        "k1",
        Notice::ActionRequired {
            authorization_id: "auth".into(),
            url: URL.into(),
            until: Some(at(600)),
        },
    )
}

fn record_authorized(authorization_id: &str) -> PaymentCommand {
    PaymentCommand::RecordAuthorized(RecordAuthorized {
        attempt: 1,
        authorization_id: authorization_id.into(),
        amount: eur(1_999),
        expires_at: None,
    })
}

fn said_authorized(authorization_id: &str) -> PaymentCommand {
    hear(
        "k1",
        Notice::Authorized {
            authorization_id: authorization_id.into(),
            amount: eur(1_999),
            expires_at: None,
        },
    )
}

fn record_declined() -> PaymentCommand {
    PaymentCommand::RecordDeclined(RecordDeclined {
        attempt: 1,
        code: "no funds".into(),
    })
}

fn void() -> PaymentCommand {
    PaymentCommand::RequestVoid(RequestVoid {
        order_id: order_id(1),
        idempotency_key: "v1".into(),
        reason: "cancelled".into(),
    })
}

fn record_voided() -> PaymentCommand {
    PaymentCommand::RecordVoided(RecordVoided {
        authorization_id: "auth".into(),
    })
}

fn on(history: &[PaymentEvent], command: PaymentCommand) -> When<Payments> {
    given(history.to_vec()).when(command)
}

/// It was given up while something was to be done.
fn given_up() -> Vec<PaymentEvent> {
    vec![requested(1), required(), void_requested("v1", "cancelled")]
}

#[test]
fn what_is_to_be_done_is_known_from_the_answer_or_the_word_of_the_provider() {
    for awaited in [vec![], vec![unknown(0)], vec![unknown(0), parked()]] {
        let history = [vec![requested(1)], awaited].concat();
        let state = on(&history, record(1)).then([required()]);
        let action = state.action().unwrap();
        assert_eq!((action.url.as_str(), action.until), (URL, Some(at(600))));
        assert!(!state.parked);
        on(&history, said()).then([required()]);
        let heard = [history, vec![required()]].concat();
        on(&heard, record(1)).then_nothing();
        on(&heard, said()).then_nothing();
    }
    on(&[], record(1)).then_refused(PaymentError::State {
        status: S::Pending,
        command: "record that something is to be done",
    });
    for attempt in [0, 2] {
        on(&[requested(1)], record(attempt)).then_refused(PaymentError::Attempt { attempt });
    }
}

#[test]
fn what_is_said_of_it_late_leads_to_nothing() {
    for status in [
        S::Authorized,
        S::Declined,
        S::Voiding,
        S::Voided,
        S::Captured,
    ] {
        on(&history(status), record(1)).then_nothing();
    }
    let second = [requested(1), declined(1, 2), requested(2)];
    on(&second, record(1)).then_nothing();
    on(&second, record(2)).then([required_of(2)]);
}

#[test]
fn it_ends_as_an_authorization_does() {
    let history = history(S::ActionRequired);
    let paid = on(&history, record_authorized("auth")).then([authorized(1)]);
    assert_eq!(paid.action(), None);
    on(&history, said_authorized("auth")).then([authorized(1)]);
    on(&history, record_declined()).then([declined(1, 2)]);
    let expired = || Notice::Expired {
        authorization_id: "auth".into(),
    };
    let ended = PaymentDeclined {
        order_id: order_id(1),
        attempt: 1,
        attempts_left: 2,
        code: "expired".into(),
    };
    on(&history, hear("k1", expired())).then([ended.into()]);
    let second = [history.clone(), vec![declined(1, 2), requested(2)]].concat();
    on(&second, hear("k1", expired())).then_refused(state(
        S::Authorizing,
        "record that its authorization expired",
    ));
    // It is known what became of the call.
    on(
        &history,
        PaymentCommand::RecordOutcomeUnknown(RecordOutcomeUnknown {
            attempt: 1,
            inquiries: 0,
            last: false,
            detail: "no answer".into(),
        }),
    )
    .then_refused(PaymentError::State {
        status: S::ActionRequired,
        command: "record an unknown outcome",
    });
}

#[test]
fn it_is_given_up_at_once_and_what_came_of_it_meanwhile_with_it() {
    let asked = history(S::ActionRequired);
    on(&asked, void()).then([void_requested("v1", "cancelled")]);
    // It had been given up before it was known.
    let deferred = [requested(1), void_deferred()];
    on(&deferred, record(1)).then([required(), void_requested("v1", "cancelled")]);
    on(&given_up(), record_voided()).then([voided(Some("auth"))]);
    let ended = [given_up(), vec![voided(Some("auth"))]].concat();
    for history in [given_up(), ended.clone()] {
        on(&history, record_authorized("auth")).then_nothing();
        on(&history, said_authorized("auth")).then_nothing();
        on(&history, record(1)).then_nothing();
        // Another than that is none of it.
        let late = "the provider has authorized what had been given up";
        let stray = super::notice::stray("k1", 1, "other", late);
        on(&history, said_authorized("other")).then([stray]);
    }
    on(&given_up(), record_declined()).then([declined(1, 0), voided(None)]);
    on(&ended, record_declined()).then_nothing();
    on(&ended, record_voided()).then_nothing();
}

#[test]
fn what_cannot_be_done_anywhere_waits_for_an_operator() {
    let detail = "the provider wants something done by who pays, and does not say where";
    let parked = PaymentParked {
        order_id: order_id(1),
        attempt: 1,
        detail: detail.into(),
    };
    let long = format!("https://{}", "x".repeat(2_000));
    for (id, url) in [
        ("auth", ""),
        ("auth", "javascript:alert(1)"),
        ("auth", "https://provider.test/a b"),
        ("auth", long.as_str()),
        ("\0", URL),
    ] {
        let command = PaymentCommand::RecordActionRequired(command(1, id, url));
        on(&[requested(1)], command).then([parked.clone().into()]);
    }
}
