//! A payment provider whose answers are as bad as the choices make them.

use super::choices::Choices;
use crate::{
    Command, Money, OrderId,
    payment::{
        PaymentCommand, RecordAuthorized, RecordDeclined, RecordOutcomeUnknown, RecordVoided,
    },
    policy::Call,
};
use std::collections::{BTreeMap, BTreeSet};

/// What the provider knows under an idempotency key.
#[derive(Debug, Clone)]
struct Held {
    order_id: OrderId,
    amount: Money,
    state: HeldState,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum HeldState {
    SetAside,
    GivenBack,
    Declined,
}

/// The provider, with everything that it was asked.
#[derive(Debug, Default)]
pub(super) struct Provider {
    by_key: BTreeMap<String, Held>,
    /// Orders of which the provider never says what became of them.
    silent: BTreeSet<OrderId>,
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
                let command = match self.by_key.get(idempotency_key) {
                    Some(held) if answers => held.answer(*attempt, idempotency_key),
                    _ => unknown(*attempt, *inquiries, *last),
                };
                (*order_id, command)
            }
            Call::Void {
                order_id,
                authorization_id,
                ..
            } => {
                if choices.once_in(3) {
                    return None;
                }
                let held = self.by_key.get_mut(authorization_id);
                let held = held.expect("only what was set aside is given back");
                assert_ne!(held.state, HeldState::Declined, "{authorization_id}");
                held.state = HeldState::GivenBack;
                let authorization_id = authorization_id.clone();
                let command = PaymentCommand::RecordVoided(RecordVoided { authorization_id });
                (*order_id, command)
            }
            Call::Capture { .. } => panic!("no policy captures yet"),
        };
        Some(Command::Payment(order_id, command))
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
            order_id,
            amount: match choices.once_in(8) {
                true => Money::new(amount.amount + 1, amount.currency),
                false => amount,
            },
            state: choices.of(&[
                HeldState::SetAside,
                HeldState::SetAside,
                HeldState::Declined,
            ]),
        });
        match answer {
            // It gets there, and its answer does not come back.
            5 | 7 => unknown(attempt, 0, false),
            _ => held.answer(attempt, key),
        }
    }

    /// What the provider holds for an order.
    pub(super) fn set_aside(&self, order_id: OrderId) -> Vec<Money> {
        let mine = |held: &&Held| held.order_id == order_id && held.state == HeldState::SetAside;
        self.by_key
            .values()
            .filter(mine)
            .map(|held| held.amount)
            .collect()
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
    fn answer(&self, attempt: u32, key: &str) -> PaymentCommand {
        match self.state {
            HeldState::Declined => declined(attempt, "card_declined"),
            // An authorization that was voided since was authorized once.
            HeldState::SetAside | HeldState::GivenBack => {
                PaymentCommand::RecordAuthorized(RecordAuthorized {
                    attempt,
                    authorization_id: key.into(),
                    amount: self.amount,
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
