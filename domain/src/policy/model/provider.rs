//! A payment provider whose answers are as bad as the choices make them.

mod action;
mod refund;
mod word;

use super::choices::Choices;
use crate::{
    Command, Money, OrderId, ShipmentId,
    payment::{
        PaymentCommand, RecordAuthorized, RecordCaptureFailed, RecordCaptured, RecordDeclined,
        RecordOutcomeUnknown, RecordReauthorizationFailed, RecordReauthorized, RecordVoided,
    },
    policy::Call,
    testing::at,
};
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet};
use word::Disputed;

/// What the provider knows under an idempotency key.
#[derive(Debug, Clone)]
struct Held {
    order_id: OrderId,
    amount: Money,
    /// How much it was at first: it does not take back its word of that.
    at_first: Money,
    state: HeldState,
    /// Whether nobody waits for it.
    stray: bool,
    /// Until when it can be taken, as the provider says.
    expires_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum HeldState {
    SetAside,
    /// Who pays is to do something first.
    ActionRequired,
    /// Who pays did not do it, or not as it should be done.
    Refused,
    /// Nobody need do it any more.
    CalledOff,
    GivenBack,
    Expired,
    Declined,
}

/// What the provider was asked to take under an idempotency key.
#[derive(Debug, Clone)]
struct Taking {
    order_id: OrderId,
    shipment_id: ShipmentId,
    authorization_id: String,
    amount: i64,
    /// Whether it took it.
    taken: bool,
}

/// The provider, with everything that it was asked.
#[derive(Debug, Default, Clone)]
pub(super) struct Provider {
    by_key: BTreeMap<String, Held>,
    takings: BTreeMap<String, Taking>,
    /// What was given back of what was taken, by key: of which authorization, and how much.
    refunds: BTreeMap<String, (String, i64)>,
    /// What it will not give back, by key: of which authorization.
    not_given: BTreeMap<String, String>,
    /// What was given back, and has come back, by key.
    come_back: BTreeSet<String>,
    /// Orders of which the provider never says what became of them.
    silent: BTreeSet<OrderId>,
    /// What cardholders want back, by the provider's name for it.
    disputes: BTreeMap<String, Disputed>,
}

impl Provider {
    /// What a call comes to; nothing if it must be made again.
    pub(super) fn call(&mut self, choices: &mut Choices, call: &Call) -> Option<Command> {
        let (order_id, command) = match call {
            Call::Authorize {
                order_id,
                attempt,
                amount,
                idempotency_key,
                ..
            } => {
                let command =
                    self.authorize(choices, *order_id, *attempt, *amount, idempotency_key);
                (*order_id, command)
            }
            Call::Inquire {
                order_id,
                attempt,
                idempotency_key,
                inquiries,
                last,
            } => {
                let answers = !self.silent.contains(order_id) && !choices.once_in(2);
                if answers && choices.once_in(2) {
                    self.act_on(choices, idempotency_key);
                }
                let command = match self.by_key.get(idempotency_key) {
                    Some(held) if answers => held.answer(*attempt, idempotency_key),
                    _ => unknown(*attempt, *inquiries, *last),
                };
                (*order_id, command)
            }
            Call::Void {
                order_id,
                authorization_id,
                rest,
                ..
            } => {
                if choices.once_in(3) {
                    return None;
                }
                let taken = self.taken_of(authorization_id);
                let held = self.by_key.get_mut(authorization_id);
                let held = held.expect("only what was set aside is given back");
                assert_ne!(held.state, HeldState::Declined, "{authorization_id}");
                match (held.state, rest) {
                    (HeldState::SetAside, true) => held.amount.amount = taken,
                    (HeldState::SetAside, false) => held.state = HeldState::GivenBack,
                    (HeldState::ActionRequired, _) => held.state = HeldState::CalledOff,
                    _ => {}
                }
                assert!(
                    *rest || taken == 0,
                    "let go what was taken of {authorization_id}"
                );
                // Its answer does not come back.
                if choices.once_in(4) {
                    return None;
                }
                let authorization_id = authorization_id.clone();
                let command = PaymentCommand::RecordVoided(RecordVoided { authorization_id });
                (*order_id, command)
            }
            Call::Reauthorize { order_id, .. } => (*order_id, self.authorize_anew(choices, call)?),
            Call::Capture { order_id, .. } => (*order_id, self.capture(choices, call)?),
            Call::Refund { .. } | Call::Dispatch { .. } | Call::Track { .. } => {
                panic!("not asked like that: {call:?}")
            }
        };
        Some(Command::Payment(order_id, command))
    }

    /// What it tells of an authorization that nobody wants any more; nothing if it must be asked again.
    pub(super) fn look_up(&self, choices: &mut Choices, call: &Call) -> Option<Command> {
        // It never gets there, or its answer does not come back.
        if choices.once_in(3) {
            return None;
        }
        match call {
            Call::Authorize {
                order_id,
                attempt,
                idempotency_key: key,
                ..
            } => Some(Command::Payment(*order_id, self.tell(*attempt, key))),
            Call::Reauthorize {
                order_id,
                authorization_id,
                idempotency_key: key,
                ..
            } => Some(Command::Payment(
                *order_id,
                self.tell_anew(authorization_id, key),
            )),
            _ => panic!("nothing to look up: {call:?}"),
        }
    }

    fn authorize_anew(&mut self, choices: &mut Choices, call: &Call) -> Option<PaymentCommand> {
        let Call::Reauthorize {
            order_id,
            authorization_id,
            amount,
            idempotency_key: key,
            ..
        } = call
        else {
            panic!("nothing to set aside anew: {call:?}");
        };
        let answer = choices.below(5);
        // It never gets there.
        if answer == 4 {
            return None;
        }
        self.by_key.entry(key.clone()).or_insert_with(|| Held {
            state: choices.of(&[
                HeldState::SetAside,
                HeldState::SetAside,
                HeldState::Declined,
            ]),
            // Until it is known which of the two is waited for.
            stray: true,
            expires_at: choices.of(&[None, Some(at(900_000))]),
            ..Held::of(choices, *order_id, *amount)
        });
        // Its answer does not come back.
        if answer == 3 {
            return None;
        }
        Some(self.tell_anew(authorization_id, key))
    }

    /// What became of what was to be set aside anew.
    fn tell_anew(&self, former: &str, key: &str) -> PaymentCommand {
        let former_authorization_id = former.into();
        match self.by_key.get(key) {
            Some(held) if held.state != HeldState::Declined => {
                PaymentCommand::RecordReauthorized(RecordReauthorized {
                    former_authorization_id,
                    authorization_id: key.into(),
                    amount: held.at_first,
                    expires_at: held.expires_at,
                })
            }
            _ => PaymentCommand::RecordReauthorizationFailed(RecordReauthorizationFailed {
                former_authorization_id,
                code: "card_declined".into(),
            }),
        }
    }

    fn authorize(
        &mut self,
        choices: &mut Choices,
        order_id: OrderId,
        attempt: u32,
        amount: Money,
        key: &str,
    ) -> PaymentCommand {
        assert!(amount.amount > 0, "nothing is asked for");
        let answer = choices.below(8);
        if answer == 7 {
            self.silent.insert(order_id);
        }
        // It never gets there.
        if answer == 6 {
            return unknown(attempt, 0, false);
        }
        let held = self.by_key.entry(key.into()).or_insert_with(|| Held {
            state: choices.of(&[
                HeldState::SetAside,
                HeldState::SetAside,
                HeldState::Declined,
                HeldState::SetAside,
                HeldState::ActionRequired,
                HeldState::SetAside,
            ]),
            expires_at: choices.of(&[None, Some(at(150_000)), Some(at(600_000))]),
            ..Held::of(choices, order_id, amount)
        });
        match answer {
            // It gets there, and its answer does not come back.
            5 | 7 => unknown(attempt, 0, false),
            _ => held.answer(attempt, key),
        }
    }

    fn capture(&mut self, choices: &mut Choices, call: &Call) -> Option<PaymentCommand> {
        let Call::Capture {
            order_id,
            shipment_id,
            authorization_id,
            amount,
            attempt,
            idempotency_key: key,
            more,
        } = call
        else {
            panic!("not to take anything: {call:?}");
        };
        assert!(amount.amount > 0, "nothing is taken");
        let answer = choices.below(6);
        // It never gets there.
        if answer == 5 {
            return None;
        }
        if !self.takings.contains_key(key) {
            let taking = Taking {
                order_id: *order_id,
                shipment_id: shipment_id.expect("policies say what for"),
                authorization_id: authorization_id.clone(),
                amount: amount.amount,
                taken: choices.of(&[true, true, false])
                    && self.by_key[authorization_id].state == HeldState::SetAside,
            };
            self.take(key, taking, *more);
        }
        // Its answer does not come back.
        if answer == 4 {
            return None;
        }
        let (authorization_id, attempt) = (authorization_id.clone(), *attempt);
        Some(match self.takings[key].taken {
            true => PaymentCommand::RecordLastCaptured(RecordCaptured {
                authorization_id,
                shipment_id: *shipment_id,
                attempt,
                amount: *amount,
            }),
            false => PaymentCommand::RecordCaptureFailed(RecordCaptureFailed {
                authorization_id,
                shipment_id: *shipment_id,
                attempt,
                code: "limit".into(),
            }),
        })
    }

    fn take(&mut self, key: &str, taking: Taking, more: bool) {
        let id = taking.authorization_id.clone();
        let shipment_id = taking.shipment_id;
        self.takings.insert(key.into(), taking);
        let held = &self.by_key[&id];
        assert_ne!(held.state, HeldState::GivenBack, "taken of what was let go");
        let taken = self.taken_of(&id);
        assert!(taken <= held.amount.amount, "more taken than set aside");
        let takings = self.takings.values();
        let takings = takings.filter(|known| known.taken && known.shipment_id == shipment_id);
        assert!(takings.count() <= 1, "taken twice for {shipment_id}");
        // Where nothing more will be taken, the rest is let go.
        let taken = self.taken_of(&id);
        if let Some(held) = self.by_key.get_mut(&id).filter(|_| taken > 0 && !more) {
            held.amount.amount = taken;
        }
    }

    fn taken_of(&self, authorization_id: &str) -> i64 {
        let mine = |known: &&Taking| known.taken && known.authorization_id == authorization_id;
        let takings = self.takings.values().filter(mine);
        takings.map(|known| known.amount).sum()
    }

    fn refunded_of(&self, authorization_id: &str) -> i64 {
        let refunds = self.refunds.iter();
        let mine = refunds.filter(|(key, (known, _))| {
            known == authorization_id && !self.come_back.contains(*key)
        });
        mine.map(|(_, (_, amount))| amount).sum()
    }

    /// What the provider holds for an order, without what it has taken of it.
    pub(super) fn set_aside(&self, order_id: OrderId) -> Vec<Money> {
        let mine = |(_, held): &(&String, &Held)| {
            held.order_id == order_id && held.state == HeldState::SetAside && !held.stray
        };
        let left = |(key, held): (&String, &Held)| {
            Money::new(
                held.amount.amount - self.taken_of(key),
                held.amount.currency,
            )
        };
        let held = self.by_key.iter().filter(mine).map(left);
        held.filter(|left| left.amount > 0).collect()
    }

    /// What the provider has taken for an order and not given back, in minor units.
    pub(super) fn kept(&self, order_id: OrderId) -> i64 {
        let takings = self
            .takings
            .values()
            .filter(|known| known.order_id == order_id);
        let taken: i64 = takings
            .filter(|known| known.taken)
            .map(|known| known.amount)
            .sum();
        let given = self
            .by_key
            .iter()
            .filter(|(_, held)| held.order_id == order_id);
        let lost = self.lost(order_id);
        taken - lost - given.map(|(key, _)| self.refunded_of(key)).sum::<i64>()
    }

    /// What an operator learns of an attempt who calls the provider up.
    pub(super) fn tell(&self, attempt: u32, key: &str) -> PaymentCommand {
        match self.by_key.get(key) {
            Some(held) => held.answer(attempt, key),
            None => declined(attempt, "never received"),
        }
    }
}

impl Held {
    /// What is set aside of an amount: that, or one that nobody asked for.
    fn of(choices: &mut Choices, order_id: OrderId, amount: Money) -> Self {
        let amount = match choices.once_in(8) {
            true => Money::new(amount.amount + 1, amount.currency),
            false => amount,
        };
        Self {
            order_id,
            amount,
            at_first: amount,
            state: HeldState::SetAside,
            stray: false,
            expires_at: None,
        }
    }

    fn answer(&self, attempt: u32, key: &str) -> PaymentCommand {
        match self.state {
            HeldState::ActionRequired => action::required(attempt, key),
            HeldState::Declined | HeldState::Refused | HeldState::CalledOff => {
                declined(attempt, "card_declined")
            }
            // An authorization that was voided since was authorized once.
            HeldState::SetAside | HeldState::GivenBack | HeldState::Expired => {
                PaymentCommand::RecordAuthorized(RecordAuthorized {
                    attempt,
                    authorization_id: key.into(),
                    amount: self.at_first,
                    expires_at: self.expires_at,
                })
            }
        }
    }
}

fn declined(attempt: u32, code: &str) -> PaymentCommand {
    PaymentCommand::RecordDeclined(RecordDeclined {
        attempt,
        code: code.into(),
    })
}

fn unknown(attempt: u32, inquiries: u32, last: bool) -> PaymentCommand {
    PaymentCommand::RecordOutcomeUnknown(RecordOutcomeUnknown {
        attempt,
        inquiries,
        last,
        detail: "no answer".into(),
    })
}
