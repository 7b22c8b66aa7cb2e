//! What the provider says by itself: what it has answered, or was about to, in any order and as often as
//! it likes; what comes to it late; what it does twice; and what cardholders want back.

use super::{super::choices::Choices, Held, HeldState, Provider, action};
use crate::{
    Command, OrderId,
    payment::{
        DisputeNotice, DisputeProgress, HearProvider, Notice, Payment, PaymentCommand,
        PaymentStatus,
    },
    policy::Call,
    testing::eur,
};

/// What a cardholder wants back.
#[derive(Debug, Clone)]
pub(super) struct Disputed {
    order_id: OrderId,
    authorization_id: String,
    amount: i64,
    progress: DisputeProgress,
}

impl Provider {
    /// What it says again, or before its answer does, of something that it was asked for.
    pub(in super::super) fn tell_again(&self, choices: &mut Choices) -> Option<Command> {
        let held = self.by_key.iter().map(|(key, held)| match held.state {
            HeldState::ActionRequired => hear(held.order_id, key, action::notice(key)),
            HeldState::Declined | HeldState::Refused => {
                let code = "card_declined".into();
                hear(held.order_id, key, Notice::Declined { code })
            }
            HeldState::GivenBack | HeldState::CalledOff => {
                let authorization_id = key.clone();
                hear(held.order_id, key, Notice::Voided { authorization_id })
            }
            HeldState::Expired => {
                let authorization_id = key.clone();
                hear(held.order_id, key, Notice::Expired { authorization_id })
            }
            HeldState::SetAside => authorized(held, key, key),
        });
        let takings = self.takings.iter().map(|(key, taking)| {
            let authorization_id = taking.authorization_id.clone();
            let notice = match taking.taken {
                true => Notice::Captured {
                    authorization_id,
                    amount: eur(taking.amount),
                },
                false => Notice::CaptureFailed {
                    authorization_id,
                    code: "limit".into(),
                },
            };
            hear(taking.order_id, key, notice)
        });
        let refunds = self.refunds.keys().map(|key| self.tell_of_refund(key));
        // What it will not give back it says when it is known whether a dispute took it.
        let not_given = self.not_given.keys();
        let not_given = not_given.map(|key| self.tell_of_no_refund(key));
        let all: Vec<_> = held
            .chain(takings)
            .chain(refunds)
            .chain(not_given)
            .collect();
        (!all.is_empty()).then(|| all[choices.below(all.len())].clone())
    }

    /// A call that had got lost comes to it at last, perhaps when its payment is long given up.
    pub(in super::super) fn receive_late(
        &mut self,
        made: &[Call],
        payment: impl Fn(OrderId) -> Payment,
    ) -> Option<Command> {
        let (order_id, amount, key, attempt) = made.iter().find_map(|call| match call {
            Call::Authorize {
                order_id,
                amount,
                idempotency_key,
                attempt,
                ..
            } if !self.by_key.contains_key(idempotency_key) => {
                Some((*order_id, *amount, idempotency_key, *attempt))
            }
            _ => None,
        })?;
        let payment = payment(order_id);
        let request = payment.request.as_ref();
        let is_awaited = request.is_some_and(|request| request.attempt == attempt)
            && matches!(
                payment.status,
                PaymentStatus::Authorizing | PaymentStatus::OutcomeUnknown
            );
        let held = Held {
            order_id,
            amount,
            at_first: amount,
            state: HeldState::SetAside,
            stray: !is_awaited,
            expires_at: None,
        };
        let said = authorized(&held, key, key);
        self.by_key.insert(key.clone(), held);
        Some(said)
    }

    /// It sets aside once more what it has set aside.
    pub(in super::super) fn authorize_twice(
        &mut self,
        choices: &mut Choices,
        payment: impl Fn(OrderId) -> Payment,
    ) -> Option<Command> {
        let known = |(key, held): &(&String, &Held)| {
            !key.ends_with("#2")
                && !self.by_key.contains_key(&format!("{key}#2"))
                && payment(held.order_id)
                    .authorization
                    .is_some_and(|known| known.authorization_id == **key)
        };
        let keys: Vec<_> = self
            .by_key
            .iter()
            .filter(known)
            .map(|(key, _)| key)
            .collect();
        if keys.is_empty() {
            return None;
        }
        let key = choices.of(&keys).clone();
        let held = Held {
            state: HeldState::SetAside,
            stray: true,
            amount: self.by_key[&key].at_first,
            ..self.by_key[&key].clone()
        };
        let second = format!("{key}#2");
        let said = authorized(&held, &key, &second);
        self.by_key.insert(second, held);
        Some(said)
    }

    /// It says that it has set something else aside than our books know.
    pub(in super::super) fn contradict(
        &self,
        choices: &mut Choices,
        payment: impl Fn(OrderId) -> Payment,
    ) -> Option<Command> {
        let known = |(key, held): (&String, &Held)| {
            let known = payment(held.order_id).authorization;
            let is_known = known.is_some_and(|known| known.authorization_id == *key);
            let authorization_id = key.clone();
            let notice = Notice::Authorized {
                authorization_id,
                amount: eur(held.at_first.amount + 1),
                expires_at: held.expires_at,
            };
            is_known.then(|| hear(held.order_id, key, notice))
        };
        let known: Vec<_> = self.by_key.iter().filter_map(known).collect();
        (!known.is_empty()).then(|| known[choices.below(known.len())].clone())
    }

    /// The time of something has passed that it has set aside.
    pub(in super::super) fn expire(&mut self, choices: &mut Choices) -> Option<Command> {
        let ends = |(key, held): (&String, &Held)| {
            let set_aside = held.state == HeldState::SetAside && held.expires_at.is_some();
            (set_aside && self.taken_of(key) == 0).then(|| key.clone())
        };
        let ends: Vec<_> = self.by_key.iter().filter_map(ends).collect();
        if ends.is_empty() {
            return None;
        }
        let authorization_id = ends[choices.below(ends.len())].clone();
        let held = self.by_key.get_mut(&authorization_id)?;
        held.state = HeldState::Expired;
        let key = authorization_id.clone();
        Some(hear(
            held.order_id,
            &key,
            Notice::Expired { authorization_id },
        ))
    }

    /// Which of what it has set aside anew is waited for, as our books have it.
    pub(in super::super) fn sort_out(&mut self, order_id: OrderId, payment: &Payment) {
        let known = payment.authorization.as_ref();
        let Some(known) = known.map(|known| &known.authorization_id) else {
            return;
        };
        if !self.by_key.contains_key(known) || !known.contains("reauthorize") {
            return;
        }
        for (key, held) in &mut self.by_key {
            if held.order_id == order_id {
                held.stray = key != known;
            }
        }
    }

    /// A cardholder wants back some of what is left of what was taken, or all of it. Our refund of it
    /// and the dispute do not cross each other here.
    pub(in super::super) fn open_dispute(
        &mut self,
        choices: &mut Choices,
        payment: impl Fn(OrderId) -> Payment,
    ) -> Option<Command> {
        let left = |(key, held): (&String, &Held)| {
            let asked = payment(held.order_id)
                .reclaimed()
                .max(self.refunded_of(key));
            let left = self.taken_of(key) - asked - self.disputed_of(key);
            (left > 0).then(|| (key.clone(), held.order_id, left))
        };
        let open: Vec<_> = self.by_key.iter().filter_map(left).collect();
        if open.is_empty() {
            return None;
        }
        let (authorization_id, order_id, left) = open[choices.below(open.len())].clone();
        let dispute_id = format!("dispute-{}", self.disputes.len() + 1);
        let disputed = Disputed {
            order_id,
            authorization_id,
            amount: choices.of(&[left, 1, (left / 2).max(1)]),
            progress: DisputeProgress::Open,
        };
        let said = disputed.notice(&dispute_id, DisputeProgress::Open);
        self.disputes.insert(dispute_id, disputed);
        Some(said)
    }

    /// A dispute is settled.
    pub(in super::super) fn close_dispute(&mut self, choices: &mut Choices) -> Option<Command> {
        let open = self.disputes.iter_mut();
        let mut open = open.filter(|(_, known)| known.progress == DisputeProgress::Open);
        let (id, disputed) = open.next()?;
        let end = [DisputeProgress::Lost, DisputeProgress::Won];
        disputed.progress = choices.of(&end);
        Some(disputed.notice(id, disputed.progress))
    }

    /// What it says again of a dispute.
    pub(in super::super) fn tell_of_dispute(&self, choices: &mut Choices) -> Option<Command> {
        let said = |(id, known): (&String, &Disputed)| {
            let began = known.notice(id, DisputeProgress::Open);
            [began, known.notice(id, known.progress)]
        };
        let all: Vec<_> = self.disputes.iter().flat_map(said).collect();
        (!all.is_empty()).then(|| all[choices.below(all.len())].clone())
    }

    /// What cardholders have got back of what an order paid, in minor units.
    pub(in super::super) fn lost(&self, order_id: OrderId) -> i64 {
        let mine = self
            .disputes
            .values()
            .filter(|known| known.order_id == order_id && known.progress == DisputeProgress::Lost);
        mine.map(|known| known.amount).sum()
    }

    /// What it holds for an order, and nobody waits for.
    pub(in super::super) fn strays(&self, order_id: OrderId) -> usize {
        let mine = self.by_key.values().filter(|held| {
            held.order_id == order_id && held.stray && held.state == HeldState::SetAside
        });
        mine.count()
    }

    /// How much of an authorization cardholders want back, or have got.
    pub(super) fn disputed_of(&self, authorization_id: &str) -> i64 {
        let mine = self.disputes.values().filter(|known| {
            known.authorization_id == authorization_id && known.progress != DisputeProgress::Won
        });
        mine.map(|known| known.amount).sum()
    }
}

impl Disputed {
    fn notice(&self, dispute_id: &str, progress: DisputeProgress) -> Command {
        let notice = DisputeNotice {
            dispute_id: dispute_id.into(),
            authorization_id: self.authorization_id.clone(),
            amount: eur(self.amount),
            reason: "fraudulent".into(),
        };
        let notice = match progress {
            DisputeProgress::Open => Notice::DisputeOpened(notice),
            DisputeProgress::Won => Notice::DisputeWon(notice),
            DisputeProgress::Lost => Notice::DisputeLost(notice),
        };
        hear(self.order_id, &self.authorization_id, notice)
    }
}

pub(super) fn authorized(held: &Held, key: &str, authorization_id: &str) -> Command {
    let notice = Notice::Authorized {
        authorization_id: authorization_id.into(),
        amount: held.at_first,
        expires_at: held.expires_at,
    };
    hear(held.order_id, key, notice)
}

pub(super) fn hear(order_id: OrderId, key: &str, notice: Notice) -> Command {
    let command = PaymentCommand::Hear(HearProvider {
        idempotency_key: key.into(),
        notice,
    });
    Command::Payment(order_id, command)
}
