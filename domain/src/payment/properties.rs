//! Rules that hold whatever a provider says, in whatever order.

use super::*;
use crate::{
    Decider, Money,
    testing::{eur, meaning_knows_no_state, order_id},
};
use PaymentStatus as S;
use proptest::prelude::*;

fn command() -> impl Strategy<Value = PaymentCommand> {
    let amount = || prop_oneof![6 => Just(eur(100)), 1 => any::<i64>().prop_map(eur)];
    let name = || prop_oneof![6 => Just("auth"), 1 => Just("other"), 1 => Just("\0")];
    let attempt = || 0..5_u32;
    let inquiries = prop_oneof![4 => 0..5_u32, 1 => any::<u32>()];
    prop_oneof![
        (attempt(), prop_oneof![9 => Just(100), 1 => Just(-1)]).prop_map(|(attempt, amount)| {
            PaymentCommand::RequestAuthorization(RequestAuthorization {
                order_id: order_id(1),
                amount: eur(amount),
                payment_method: "tok".into(),
                attempt,
                max_attempts: 3,
                idempotency_key: format!("k{attempt}"),
            })
        }),
        (attempt(), name(), amount()).prop_map(|(attempt, name, amount)| {
            PaymentCommand::RecordAuthorized(RecordAuthorized {
                attempt,
                authorization_id: name.into(),
                amount,
            })
        }),
        attempt().prop_map(|attempt| PaymentCommand::RecordDeclined(RecordDeclined {
            attempt,
            code: "no".into(),
        })),
        (attempt(), inquiries, any::<bool>()).prop_map(|(attempt, inquiries, last)| {
            PaymentCommand::RecordOutcomeUnknown(RecordOutcomeUnknown {
                attempt,
                inquiries,
                last,
                detail: "lost".into(),
            })
        }),
        Just(PaymentCommand::RequestVoid(RequestVoid {
            order_id: order_id(1),
            idempotency_key: "v".into(),
            reason: "cancelled".into(),
        })),
        name().prop_map(|name| PaymentCommand::RecordVoided(RecordVoided {
            authorization_id: name.into(),
        })),
        Just(PaymentCommand::RequestCapture(RequestCapture {
            idempotency_key: "c".into(),
        })),
        (name(), amount()).prop_map(|(name, amount)| {
            PaymentCommand::RecordCaptured(RecordCaptured {
                authorization_id: name.into(),
                amount,
            })
        }),
        name().prop_map(
            |name| PaymentCommand::RecordCaptureFailed(RecordCaptureFailed {
                authorization_id: name.into(),
                code: "no".into(),
            })
        ),
    ]
}

/// What a whole history says.
#[derive(Debug, Default)]
struct Books {
    authorized: Vec<Money>,
    captured: Vec<Money>,
    requested: u32,
    deferred: bool,
    late: bool,
    given_back: bool,
    reversed: bool,
}

impl Books {
    fn enter(&mut self, event: &PaymentEvent) {
        match event {
            PaymentEvent::PaymentAuthorizationRequested(event) => {
                assert_eq!(
                    event.attempt,
                    self.requested + 1,
                    "attempts follow each other"
                );
                assert!(self.authorized.is_empty() && !self.given_back);
                self.requested = event.attempt;
            }
            PaymentEvent::PaymentAuthorized(event) => {
                self.authorized.push(event.amount);
                self.late = self.deferred;
            }
            PaymentEvent::PaymentIntegrityMismatch(event) => self.authorized.push(event.actual),
            PaymentEvent::PaymentCaptured(event) => self.captured.push(event.amount),
            PaymentEvent::PaymentVoidDeferred(_) => self.deferred = true,
            PaymentEvent::PaymentVoided(event) => {
                assert!(!self.given_back, "given back twice");
                assert_eq!(
                    event.authorization_id.is_some(),
                    !self.authorized.is_empty()
                );
                self.given_back = true;
            }
            PaymentEvent::LatePaymentReversed(_) => self.reversed = true,
            _ => {}
        }
        let sum = |amounts: &[Money]| {
            amounts
                .iter()
                .map(|money| i128::from(money.amount))
                .sum::<i128>()
        };
        assert!(self.authorized.len() <= 1, "authorized twice");
        assert!(self.captured.len() <= 1, "captured twice");
        if !self.captured.is_empty() {
            assert!(
                sum(&self.captured) <= sum(&self.authorized),
                "captured more than authorized"
            );
            assert!(!self.given_back, "given back and captured");
        }
    }
}

fn put(state: &mut Payment, books: &mut Books, command: &PaymentCommand) -> bool {
    let Ok(events) = Payments::decide(state, command) else {
        return false;
    };
    for event in &events {
        books.enter(event);
        *state = Payments::evolve(std::mem::take(state), event);
    }
    !events.is_empty()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn money_is_set_aside_once_and_what_is_to_be_given_back_is(
        commands in proptest::collection::vec(command(), 0..60),
        approves in any::<bool>(),
    ) {
        let (mut state, mut books) = (Payment::default(), Books::default());
        for command in &commands {
            meaning_knows_no_state::<Payments>(&state, command);
            put(&mut state, &mut books, command);
            let again = Payments::decide(&state, command);
            prop_assert!(again.is_err() || again == Ok(vec![]), "{again:?}");
        }
        let waits = matches!(state.status, S::Authorizing | S::OutcomeUnknown);
        prop_assert!(!state.parked || state.status == S::OutcomeUnknown);
        if let (true, true, Some(request)) = (waits, books.deferred, state.request.clone()) {
            end(&mut state, &mut books, &request, approves);
        }
        if books.deferred && state.status == S::Voided {
            prop_assert!(books.given_back);
            prop_assert_eq!(books.late, books.reversed, "a late success is told as reversed");
        }
        prop_assert!(!books.reversed || books.late);
    }
}

/// The outcome is known at last: a deferred void ends in a void, or there was nothing to void.
fn end(state: &mut Payment, books: &mut Books, request: &Request, approves: bool) {
    let outcome = match approves {
        true => PaymentCommand::RecordAuthorized(RecordAuthorized {
            attempt: request.attempt,
            authorization_id: "auth".into(),
            amount: request.amount,
        }),
        false => PaymentCommand::RecordDeclined(RecordDeclined {
            attempt: request.attempt,
            code: "no".into(),
        }),
    };
    assert!(put(state, books, &outcome));
    if approves {
        assert_eq!(
            state.status,
            S::Voiding,
            "a late success is given back at once"
        );
        let voided = PaymentCommand::RecordVoided(RecordVoided {
            authorization_id: "auth".into(),
        });
        assert!(put(state, books, &voided));
    }
    assert_eq!(state.status, S::Voided);
    assert!(books.given_back);
}
