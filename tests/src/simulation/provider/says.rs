//! What the provider may say by itself.

use super::{Entry, EntryState, Ledger, actions};
use crate::simulation::{dice::Dice, word::Said};
use domain::{
    Command, Money,
    payment::{DisputeNotice, DisputeProgress, HearProvider, Notice, PaymentCommand},
};

impl Ledger {
    /// One of the things that it may say by itself.
    pub(in super::super) fn says(&self, dice: &Dice) -> Option<Said> {
        let mut all = self.all_said();
        match all.len() {
            0 => None,
            count => Some(all.swap_remove(dice.below(count))),
        }
    }

    /// All that it may say by itself.
    pub(in super::super) fn all_said(&self) -> Vec<Said> {
        let entries = self.entries();
        let talkative = entries.iter().filter(|(_, entry)| !entry.is_silent());
        talkative.flat_map(|(key, entry)| entry.says(key)).collect()
    }
}

impl Entry {
    /// What it may say of this by itself.
    fn says(&self, key: &str) -> Vec<Said> {
        let id = || key.to_owned();
        let currency = self.amount.currency;
        let hear = |of: &str, key: &str, notice: Notice| {
            let event = format!("{of} {}", name(&notice));
            let idempotency_key = key.to_owned();
            let heard = HearProvider {
                idempotency_key,
                notice,
            };
            let command = Command::Payment(self.order_id, PaymentCommand::Hear(heard));
            Said { event, command }
        };
        let authorized = Notice::Authorized {
            authorization_id: id(),
            amount: self.at_first,
            expires_at: None,
        };
        let mut said = match self.state {
            EntryState::Declined => {
                let code = "card_declined".into();
                return vec![hear(key, key, Notice::Declined { code })];
            }
            EntryState::ActionRequired => vec![hear(
                key,
                key,
                Notice::ActionRequired {
                    authorization_id: id(),
                    url: actions::URL.into(),
                    until: None,
                },
            )],
            EntryState::CalledOff => {
                let authorization_id = id();
                vec![hear(key, key, Notice::Voided { authorization_id })]
            }
            EntryState::SetAside => vec![hear(key, key, authorized)],
            EntryState::GivenBack => {
                let authorization_id = id();
                let voided = Notice::Voided { authorization_id };
                vec![hear(key, key, authorized), hear(key, key, voided)]
            }
        };
        said.extend(self.captures.iter().map(|(key, taken)| {
            let authorization_id = id();
            hear(
                key,
                key,
                match taken {
                    Some(taken) => Notice::Captured {
                        authorization_id,
                        amount: Money::new(*taken, currency),
                    },
                    None => Notice::CaptureFailed {
                        authorization_id,
                        code: "Declined".into(),
                    },
                },
            )
        }));
        said.extend(self.refunds.iter().map(|(key, given_back)| {
            let refunded = Notice::Refunded {
                authorization_id: id(),
                amount: Money::new(*given_back, currency),
            };
            hear(key, key, refunded)
        }));
        for (dispute_id, disputed) in &self.disputes {
            let notice = DisputeNotice {
                dispute_id: dispute_id.clone(),
                authorization_id: id(),
                amount: Money::new(disputed.amount, currency),
                reason: "fraudulent".into(),
            };
            said.push(hear(dispute_id, key, Notice::DisputeOpened(notice.clone())));
            match disputed.progress {
                DisputeProgress::Open => {}
                DisputeProgress::Won => {
                    said.push(hear(dispute_id, key, Notice::DisputeWon(notice)))
                }
                DisputeProgress::Lost => {
                    said.push(hear(dispute_id, key, Notice::DisputeLost(notice)));
                }
            }
        }
        said
    }
}

/// What tells the events of one call apart.
const fn name(notice: &Notice) -> &'static str {
    match notice {
        Notice::Authorized { .. } => "authorized",
        Notice::Declined { .. } => "declined",
        Notice::ActionRequired { .. } => "action required",
        Notice::Voided { .. } => "voided",
        Notice::Captured { .. } => "captured",
        Notice::CaptureFailed { .. } => "capture failed",
        Notice::Refunded { .. } => "refunded",
        Notice::RefundFailed { .. } => "refund failed",
        Notice::RefundReversed { .. } => "refund reversed",
        Notice::DisputeOpened(_) => "opened",
        Notice::DisputeWon(_) => "won",
        Notice::DisputeLost(_) => "lost",
        Notice::Expired { .. } => "expired",
    }
}
