//! What who pays is to do before anything is set aside: some do it, and some never do.

use super::{Entry, EntryState, Ledger};
use crate::simulation::dice::Dice;
use saga::provider::Authorization;

/// Where they would do it.
pub(super) const URL: &str = "https://provider.test/actions";

/// What is answered while it is still to be done.
pub(super) fn required(key: &str) -> Authorization {
    Authorization::ActionRequired {
        authorization_id: key.to_owned(),
        url: URL.into(),
        until: None,
    }
}

impl Ledger {
    /// Somebody does what they are to do, if anybody is to.
    pub(in super::super) fn act(&self, dice: &Dice) {
        let mut entries = self.entries();
        let waits = |entry: &&mut Entry| entry.state == EntryState::ActionRequired;
        let mut waiting: Vec<_> = entries.values_mut().filter(waits).collect();
        if !waiting.is_empty() {
            let which = dice.below(waiting.len());
            waiting.swap_remove(which).act();
        }
    }
}

impl Entry {
    /// Who pays does what they are to do, unless they never will.
    pub(super) fn act(&mut self) {
        if self.state == EntryState::ActionRequired && self.method == "act" {
            self.state = EntryState::SetAside;
        }
    }
}
