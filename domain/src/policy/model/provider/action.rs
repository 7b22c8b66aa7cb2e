//! What who pays is to do before the provider sets anything aside: some do it, some do not, some never.

use super::{
    super::choices::Choices,
    HeldState, Provider,
    word::{authorized, hear},
};
use crate::{
    Command,
    payment::{Notice, PaymentCommand, RecordActionRequired},
};

const URL: &str = "https://provider.test/prove";

/// What the provider answers that waits for it.
pub(super) fn required(attempt: u32, key: &str) -> PaymentCommand {
    PaymentCommand::RecordActionRequired(RecordActionRequired {
        attempt,
        authorization_id: key.into(),
        url: URL.into(),
        until: None,
    })
}

/// What it says by itself.
pub(super) fn notice(key: &str) -> Notice {
    Notice::ActionRequired {
        authorization_id: key.into(),
        url: URL.into(),
        until: None,
    }
}

impl Provider {
    /// Somebody does what they are to do, or will not; and the provider says so.
    pub(in super::super) fn act(&mut self, choices: &mut Choices) -> Option<Command> {
        let waits = |(key, held): (&String, &super::Held)| {
            (held.state == HeldState::ActionRequired).then(|| key.clone())
        };
        let waiting: Vec<_> = self.by_key.iter().filter_map(waits).collect();
        if waiting.is_empty() {
            return None;
        }
        let key = waiting[choices.below(waiting.len())].clone();
        self.act_on(choices, &key);
        let held = &self.by_key[&key];
        Some(match held.state {
            HeldState::SetAside => authorized(held, &key, &key),
            _ => hear(
                held.order_id,
                &key,
                Notice::Declined {
                    code: "not_proven".into(),
                },
            ),
        })
    }

    /// Somebody does, or will not, what they are to do for that authorization, if they are to.
    pub(super) fn act_on(&mut self, choices: &mut Choices, key: &str) {
        if let Some(held) = self.by_key.get_mut(key)
            && held.state == HeldState::ActionRequired
        {
            held.state = choices.of(&[HeldState::SetAside, HeldState::Refused]);
        }
    }
}
