//! Up to when a read model holds everything: an upper bound of its age that never flatters it.

use super::observation::Checkpoint;
use chrono::{DateTime, Utc};
use domain::Position;
use std::collections::VecDeque;
use store::Head;
use uuid::Uuid;

/// How many different heads are remembered: a minute of them, at the pace they are looked at.
const REMEMBERED: usize = 1_200;

/// The heads that were seen lately, each with the last time before which nothing lay beyond it.
#[derive(Debug, Default)]
pub(super) struct Heads {
    epoch: Uuid,
    /// By position and time.
    seen: VecDeque<(Position, DateTime<Utc>)>,
}

/// What is known of a read model's age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    /// It holds all that was recorded until then.
    CompleteUntil(DateTime<Utc>),
    /// It is further behind than is remembered: ask the store when the event after this was recorded.
    /// That was before then.
    BehindSince(Position, DateTime<Utc>),
    /// It was made from another life of the store, or no head was seen.
    Unknown,
}

impl Heads {
    /// The store's head was asked for at `asked_at`, and was this.
    pub(super) fn saw(&mut self, head: Head, asked_at: DateTime<Utc>) {
        if self.epoch != head.epoch {
            self.epoch = head.epoch;
            self.seen.clear();
        }
        match self.seen.back_mut() {
            Some((position, until)) if *position >= head.position => *until = asked_at.max(*until),
            _ => self.seen.push_back((head.position, asked_at)),
        }
        if self.seen.len() > REMEMBERED {
            self.seen.pop_front();
        }
    }

    /// How old a read model with this checkpoint is.
    pub(super) fn age(&self, checkpoint: Checkpoint) -> Age {
        let of_this_life = checkpoint.epoch.is_none_or(|epoch| epoch == self.epoch);
        let Some((_, oldest)) = self.seen.front().filter(|_| of_this_life) else {
            return Age::Unknown;
        };
        let covered = self
            .seen
            .partition_point(|(position, _)| *position <= checkpoint.position);
        match covered.checked_sub(1).and_then(|last| self.seen.get(last)) {
            Some((_, until)) => Age::CompleteUntil(*until),
            None => Age::BehindSince(checkpoint.position, *oldest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EPOCH: Uuid = Uuid::from_u128(9);

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    fn head(position: i64, epoch: Uuid) -> Head {
        Head {
            position: Position::new(position),
            epoch,
        }
    }

    fn checkpoint(position: i64) -> Checkpoint {
        Checkpoint {
            position: Position::new(position),
            epoch: Some(EPOCH),
        }
    }

    fn heads() -> Heads {
        let mut heads = Heads::default();
        for (second, position) in [(10, 5), (11, 5), (12, 8), (13, 9)] {
            heads.saw(head(position, EPOCH), at(second));
        }
        heads
    }

    #[test]
    fn a_read_model_is_as_old_as_the_first_head_that_it_has_not_reached() {
        let heads = heads();
        for (position, until) in [(5, 11), (7, 11), (8, 12), (9, 13), (12, 13)] {
            assert_eq!(
                heads.age(checkpoint(position)),
                Age::CompleteUntil(at(until)),
                "{position}"
            );
        }
    }

    #[test]
    fn what_is_too_long_ago_has_to_be_asked_for() {
        let behind = Age::BehindSince(Position::new(4), at(11));
        assert_eq!(heads().age(checkpoint(4)), behind);
    }

    #[test]
    fn another_life_of_the_store_says_nothing() {
        let mut heads = heads();
        assert_eq!(Heads::default().age(checkpoint(9)), Age::Unknown);
        heads.saw(head(3, Uuid::from_u128(8)), at(14));
        assert_eq!(heads.age(checkpoint(9)), Age::Unknown);
        let empty = Checkpoint::default();
        assert_eq!(
            heads.age(empty),
            Age::BehindSince(Position::ZERO, at(14)),
            "a read model of nothing belongs to every life"
        );
    }

    #[test]
    fn a_dead_projector_grows_older_and_memory_stays_bounded() {
        let mut heads = heads();
        for second in 0..10_000 {
            heads.saw(head(10 + second, EPOCH), at(20 + second));
        }
        assert_eq!(heads.seen.len(), REMEMBERED);
        assert!(matches!(heads.age(checkpoint(9)), Age::BehindSince(..)));
    }
}
