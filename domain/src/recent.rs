//! A bounded memory of ids that were seen.

use std::collections::VecDeque;
use uuid::Uuid;

/// How many ids are kept.
const KEPT: usize = 256;

/// The latest ids of repeatable things, such as notes and receipts: enough to make a command that
/// is put again lead to nothing, without a state that grows for ever. Beyond it, the store's
/// command records keep a repeated request from having a second effect.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Recent(VecDeque<Uuid>);

impl Recent {
    pub(crate) fn contains(&self, id: Uuid) -> bool {
        // The newest is the likeliest to be repeated.
        self.0.iter().rev().any(|seen| *seen == id)
    }

    pub(crate) fn size(&self) -> usize {
        self.0.len() * size_of::<Uuid>()
    }

    pub(crate) fn insert(&mut self, id: Uuid) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_kept() {
        let mut recent = Recent::default();
        for n in 0..300 {
            recent.insert(Uuid::from_u128(n));
        }
        let kept = (0..300).filter(|n| recent.contains(Uuid::from_u128(*n)));
        assert_eq!(kept.collect::<Vec<_>>(), (44..300).collect::<Vec<_>>());
    }
}
