//! Rules that hold whatever a provider says, in whatever order.

use super::*;
use crate::{
    Decider, Money, ShipmentId,
    testing::{eur, meaning_knows_no_state, order_id, uuid},
};
use PaymentStatus as S;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

fn shipment() -> impl Strategy<Value = ShipmentId> {
    (0..3_u64).prop_map(|n| ShipmentId::new(uuid(2, n)))
}

/// What a shipment is worth; three of the smaller ones fit into what is authorized.
fn part() -> impl Strategy<Value = Money> {
    prop_oneof![6 => Just(eur(30)), 2 => Just(eur(60)), 1 => Just(eur(0)), 1 => any::<i64>().prop_map(eur)]
}

fn command() -> impl Strategy<Value = PaymentCommand> {
    let amount = || prop_oneof![6 => Just(eur(100)), 1 => any::<i64>().prop_map(eur)];
    let name = || prop_oneof![6 => Just("auth"), 1 => Just("other"), 1 => Just("\0")];
    let attempt = || prop_oneof![3 => Just(1), 1 => 0..5_u32];
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
                expires_at: None,
            })
        }),
        attempt().prop_map(|attempt| PaymentCommand::RecordDeclined(RecordDeclined {
            attempt,
            code: "no".into(),
        })),
        (attempt(), name()).prop_map(|(attempt, name)| {
            PaymentCommand::RecordActionRequired(RecordActionRequired {
                attempt,
                authorization_id: name.into(),
                url: "https://provider.test/prove".into(),
                until: None,
            })
        }),
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
        (shipment(), attempt(), part(), any::<bool>()).prop_map(
            |(shipment_id, attempt, amount, more)| {
                PaymentCommand::RequestCapture(RequestCapture {
                    order_id: order_id(1),
                    shipment_id,
                    amount,
                    attempt,
                    max_attempts: 3,
                    idempotency_key: format!("c{attempt}"),
                    more,
                })
            }
        ),
        Just(PaymentCommand::ReleaseRest(ReleaseRest {
            order_id: order_id(1),
            idempotency_key: "rest".into(),
        })),
        (name(), shipment(), attempt(), part()).prop_map(|(name, shipment_id, attempt, amount)| {
            PaymentCommand::RecordCaptured(RecordCaptured {
                authorization_id: name.into(),
                shipment_id: Some(shipment_id),
                attempt,
                amount,
            })
        }),
        (name(), shipment(), attempt()).prop_map(|(name, shipment_id, attempt)| {
            PaymentCommand::RecordCaptureFailed(RecordCaptureFailed {
                authorization_id: name.into(),
                shipment_id: Some(shipment_id),
                attempt,
                code: "no".into(),
            })
        }),
        (shipment(), part(), any::<bool>()).prop_map(|(shipment_id, amount, lost)| {
            let reason = if lost { "lost" } else { "returned" };
            PaymentCommand::RequestRefund(RequestRefund {
                order_id: order_id(1),
                shipment_id,
                amount,
                idempotency_key: format!("r{reason}"),
                reason: reason.into(),
            })
        }),
        (0..3_u32, 0..3_u8, name(), part()).prop_map(|(n, end, name, amount)| {
            let notice = DisputeNotice {
                dispute_id: format!("d{n}"),
                authorization_id: name.into(),
                amount,
                reason: "fraudulent".into(),
            };
            heard(
                "k1".into(),
                match end {
                    0 => Notice::DisputeOpened(notice),
                    1 => Notice::DisputeWon(notice),
                    _ => Notice::DisputeLost(notice),
                },
            )
        }),
        (attempt(), name(), amount()).prop_map(|(attempt, name, amount)| {
            heard(
                format!("k{attempt}"),
                Notice::Authorized {
                    authorization_id: name.into(),
                    amount,
                    expires_at: None,
                },
            )
        }),
        (attempt(), name(), part()).prop_map(|(attempt, name, amount)| {
            heard(
                format!("c{attempt}"),
                Notice::Captured {
                    authorization_id: name.into(),
                    amount,
                },
            )
        }),
        (name(), 0..4_u32, 0..4_u8, part()).prop_map(|(name, refund, what, amount)| {
            let (authorization_id, code) = (name.into(), "closed".into());
            match what {
                0 => PaymentCommand::RecordRefundFailed(RecordRefundFailed {
                    authorization_id,
                    refund,
                    code,
                }),
                1 => PaymentCommand::RetryRefund(RetryRefund {
                    order_id: order_id(1),
                    refund,
                    idempotency_key: format!("again{refund}"),
                }),
                2 => PaymentCommand::SettleRefund(SettleRefund { refund }),
                _ => heard(
                    ["rlost", "rreturned", "v"][refund as usize % 3].into(),
                    Notice::RefundReversed {
                        authorization_id,
                        amount,
                        code,
                    },
                ),
            }
        }),
        (name(), 0..4_u32, part()).prop_map(|(name, refund, amount)| {
            PaymentCommand::RecordRefunded(RecordRefunded {
                authorization_id: name.into(),
                refund,
                amount,
            })
        }),
    ]
}

fn heard(idempotency_key: String, notice: Notice) -> PaymentCommand {
    PaymentCommand::Hear(HearProvider {
        idempotency_key,
        notice,
    })
}

/// What a refund is of, and why: there is one of each, unless it is owed.
type Identity = (Option<ShipmentId>, Option<crate::ReturnId>, String);

/// What a whole history says.
#[derive(Debug, Default)]
struct Books {
    authorized: Vec<Money>,
    /// Whether who pays was to do something, and nothing was known to come of it.
    action: bool,
    captured: BTreeMap<Option<ShipmentId>, i64>,
    capturing: BTreeMap<Option<ShipmentId>, i64>,
    refunding: BTreeMap<u32, i64>,
    refunded: BTreeSet<u32>,
    /// What could not be given back, or has come back: how much, of what, and why.
    owed: BTreeMap<u32, (i64, Identity)>,
    requested: u32,
    deferred: bool,
    /// What was authorized though it was to be given back.
    late: Option<String>,
    given_back: bool,
    reversed: bool,
    /// Those that nobody waits for, and whether they were given back.
    strays: BTreeMap<String, bool>,
    disputes: BTreeMap<String, i64>,
    lost: i64,
    /// How much the provider is to let go of.
    lets_go: Option<i64>,
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
                self.late = self.deferred.then(|| event.authorization_id.clone());
            }
            PaymentEvent::PaymentIntegrityMismatch(event) => self.authorized.push(event.actual),
            PaymentEvent::PaymentActionRequired(_) => self.action = true,
            PaymentEvent::PaymentVoidDeferred(_) => self.deferred = true,
            PaymentEvent::PaymentVoided(event) => {
                assert!(!self.given_back, "given back twice");
                // What is called off may have been authorized meanwhile.
                assert!(
                    self.action || event.authorization_id.is_some() != self.authorized.is_empty()
                );
                self.given_back = true;
            }
            PaymentEvent::LatePaymentReversed(event) => {
                let id = &event.authorization_id;
                // A provider that uses a name twice may mean either: one of each is told.
                let is_late = self.late.as_ref() == Some(id) && !self.reversed;
                match self.strays.get_mut(id).filter(|_| !is_late) {
                    Some(done) => assert!(!std::mem::replace(done, true), "given back twice"),
                    None => self.reversed = true,
                }
            }
            PaymentEvent::StrayAuthorizationFound(event) => {
                let before = self.strays.insert(event.authorization_id.clone(), false);
                assert_eq!(before, None, "found twice");
            }
            taken => self.take(taken),
        }
        self.check();
    }

    fn take(&mut self, event: &PaymentEvent) {
        match event {
            PaymentEvent::PaymentCaptureRequested(event) => {
                assert!(!self.deferred, "taken, and to be given back");
                assert!(
                    !self.captured.contains_key(&event.shipment_id),
                    "taken twice"
                );
                let before = self
                    .capturing
                    .insert(event.shipment_id, event.amount.amount);
                assert_eq!(before, None, "asked for twice");
            }
            PaymentEvent::PaymentRestReleaseRequested(event) => {
                let before = self.lets_go.replace(event.amount.amount);
                assert_eq!(before, None, "let go of twice");
            }
            PaymentEvent::PaymentRestReleased(event) => {
                if let Some(asked) = self.lets_go.take() {
                    assert_eq!(asked, event.amount.amount);
                }
            }
            PaymentEvent::PaymentCaptured(event) => {
                let asked = self.capturing.remove(&event.shipment_id);
                assert_eq!(asked, Some(event.amount.amount));
                self.captured.insert(event.shipment_id, event.amount.amount);
            }
            PaymentEvent::PaymentCaptureFailed(event) => {
                let asked = self.capturing.remove(&event.shipment_id);
                assert_eq!(asked, event.amount.map(|amount| amount.amount));
            }
            PaymentEvent::PaymentRefundRequested(event) => {
                self.asked_again(event.shipment_id, event.return_id, &event.reason);
                let before = self.refunding.insert(event.refund, event.amount.amount);
                assert_eq!(before, None, "given back twice");
            }
            PaymentEvent::PaymentRefundDeferred(event) => {
                self.asked_again(event.shipment_id, event.return_id, &event.reason);
            }
            PaymentEvent::PaymentRefundFailed(event) => {
                assert!(
                    !self.refunded.contains(&event.refund),
                    "given back, and not"
                );
                let identity = (event.shipment_id, event.return_id, event.reason.clone());
                let before = self
                    .owed
                    .insert(event.refund, (event.amount.amount, identity));
                assert_eq!(before, None, "it failed twice");
            }
            PaymentEvent::PaymentRefundReversed(event) => {
                assert!(
                    self.refunded.remove(&event.refund),
                    "it never was given back"
                );
                assert_eq!(self.refunding[&event.refund], event.amount.amount);
                let identity = (event.shipment_id, event.return_id, event.reason.clone());
                self.owed
                    .insert(event.refund, (event.amount.amount, identity));
            }
            PaymentEvent::PaymentRefunded(event) => {
                let given = event.amount.amount;
                let lost = self.lost;
                let asked = self.refunding.insert(event.refund, given);
                // A lost dispute may have left less of it.
                let fits = |asked: i64| asked == given || lost > 0 && (0..asked).contains(&given);
                assert!(
                    asked.is_some_and(fits),
                    "{asked:?} asked, {given} given back"
                );
                assert!(self.refunded.insert(event.refund), "given back twice");
                self.owed.remove(&event.refund);
            }
            disputed => self.dispute(disputed),
        }
    }

    /// What is owed is so no more: another refund is asked for.
    fn asked_again(
        &mut self,
        shipment_id: Option<ShipmentId>,
        return_id: Option<crate::ReturnId>,
        reason: &str,
    ) {
        let is_it = |(_, (shipment, returned, why)): &(i64, Identity)| {
            *shipment == shipment_id && *returned == return_id && why == reason
        };
        let gone = self.owed.iter().filter(|(_, owed)| is_it(owed));
        for refund in gone.map(|(refund, _)| *refund).collect::<Vec<_>>() {
            self.owed.remove(&refund);
            self.refunding.remove(&refund);
        }
    }

    fn dispute(&mut self, event: &PaymentEvent) {
        match event {
            PaymentEvent::DisputeOpened(event) => {
                let before = self
                    .disputes
                    .insert(event.dispute_id.clone(), event.amount.amount);
                assert_eq!(before, None, "opened twice");
            }
            PaymentEvent::DisputeWon(event) => {
                assert!(
                    self.disputes.remove(&event.dispute_id).is_some(),
                    "ended twice"
                );
            }
            PaymentEvent::DisputeLost(event) => {
                let amount = self.disputes.remove(&event.dispute_id);
                self.lost += amount.expect("it ends once");
            }
            _ => {}
        }
    }

    fn check(&self) {
        let sum = |amounts: &mut dyn Iterator<Item = i64>| amounts.map(i128::from).sum::<i128>();
        let authorized = sum(&mut self.authorized.iter().map(|money| money.amount));
        let captured = sum(&mut self.captured.values().copied());
        let capturing = sum(&mut self.capturing.values().copied());
        let refunds = sum(&mut self.refunding.values().copied());
        assert!(self.authorized.len() <= 1, "authorized twice");
        if !self.captured.is_empty() {
            assert!(
                captured + capturing <= authorized,
                "captured more than authorized"
            );
            assert!(!self.given_back, "given back and captured");
        }
        assert!(refunds <= captured, "more given back than was taken");
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

/// What the state says of its own, against the books.
fn check_status(state: &Payment, books: &Books) {
    let captured: i64 = books.captured.values().sum();
    let done = |refund: &&u32| books.refunded.contains(refund);
    let refunded = books
        .refunding
        .keys()
        .filter(done)
        .map(|n| books.refunding[n]);
    let refunded: i64 = refunded.sum();
    assert_eq!((state.captured(), state.refunded()), (captured, refunded));
    let owed: i64 = books.owed.values().map(|(amount, _)| amount).sum();
    assert_eq!(state.owed(), owed);
    let waits = books.refunding.len() > books.refunded.len() + books.owed.len();
    match state.status {
        S::Capturing => assert!(!books.capturing.is_empty()),
        S::Refunding => assert!(waits || !state.deferred_refunds.is_empty()),
        S::Refunded => assert!(!waits && captured - books.lost <= refunded),
        S::PartiallyRefunded => assert!(!waits && captured > refunded),
        S::Captured | S::PartiallyCaptured => {
            assert!(!books.captured.is_empty() && books.refunded.is_empty());
        }
        _ => assert!(books.captured.is_empty() && books.capturing.is_empty()),
    }
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
            check_status(&state, &books);
            let again = Payments::decide(&state, command);
            prop_assert!(again.is_err() || again == Ok(vec![]), "{again:?}");
        }
        let waits = matches!(state.status, S::Authorizing | S::OutcomeUnknown);
        prop_assert!(!state.parked || state.status == S::OutcomeUnknown);
        if let (true, true, Some(request)) = (waits, books.deferred, state.request.clone()) {
            end(&mut state, &mut books, &request, approves);
        }
        let disputed = state.disputed() + state.lost() > 0;
        if books.deferred && state.status == S::Capturing && !disputed {
            end_captures(&mut state, &mut books, approves);
        }
        if books.deferred && state.status == S::Voided {
            prop_assert!(books.given_back);
            prop_assert_eq!(books.late.is_some(), books.reversed, "a late success is told as reversed");
        }
        prop_assert!(!books.reversed || books.late.is_some());
    }
}

/// The outcome is known at last: a deferred void ends in a void, or there was nothing to void.
fn end(state: &mut Payment, books: &mut Books, request: &Request, approves: bool) {
    let outcome = match approves {
        true => PaymentCommand::RecordAuthorized(RecordAuthorized {
            attempt: request.attempt,
            // No provider calls two authorizations the same: that of an earlier attempt may be known.
            authorization_id: "at-last".into(),
            amount: request.amount,
            expires_at: None,
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
        void(state, books);
    }
    assert_eq!(state.status, S::Voided);
    assert!(books.given_back);
}

fn void(state: &mut Payment, books: &mut Books) {
    let known = state.authorization.as_ref();
    let voided = PaymentCommand::RecordVoided(RecordVoided {
        authorization_id: known.unwrap().authorization_id.clone(),
    });
    assert!(put(state, books, &voided));
}

/// What was to be taken is, or is not, at last: a deferred void ends in a void or in a refund of all.
fn end_captures(state: &mut Payment, books: &mut Books, takes: bool) {
    let authorization_id = state
        .authorization
        .as_ref()
        .unwrap()
        .authorization_id
        .clone();
    for (shipment_id, capture) in state.captures.clone() {
        if capture.progress != CaptureProgress::Requested {
            continue;
        }
        let outcome = match takes {
            true => PaymentCommand::RecordCaptured(RecordCaptured {
                authorization_id: authorization_id.clone(),
                shipment_id,
                attempt: capture.attempt,
                amount: capture.amount,
            }),
            false => PaymentCommand::RecordCaptureFailed(RecordCaptureFailed {
                authorization_id: authorization_id.clone(),
                shipment_id,
                attempt: capture.attempt,
                code: "no".into(),
            }),
        };
        assert!(put(state, books, &outcome));
    }
    if state.lets_go {
        void(state, books);
    }
    if books.captured.is_empty() {
        assert_eq!(state.status, S::Voiding);
        return void(state, books);
    }
    assert_eq!(state.status, S::Refunding);
    for (refund, known) in state.refunds.clone() {
        if known.is_owed() {
            let settle = PaymentCommand::SettleRefund(SettleRefund { refund });
            assert!(put(state, books, &settle));
            continue;
        }
        let refunded = PaymentCommand::RecordRefunded(RecordRefunded {
            authorization_id: authorization_id.clone(),
            refund,
            amount: known.amount,
        });
        put(state, books, &refunded);
    }
    assert_eq!(state.status, S::Refunded);
    assert_eq!(state.captured(), state.refunded());
}
