//! What was seen of store and read models at one time.

use super::{Projection, Waited};
use chassis::token::ConsistencyToken;
use chrono::{DateTime, Utc};
use domain::Position;
use store::Head;
use tokio::time::Instant;
use uuid::Uuid;

/// How far one projection is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Checkpoint {
    /// It holds everything up to here.
    pub position: Position,
    /// The life of the store that it was made from; none before the first event.
    pub epoch: Option<Uuid>,
}

/// What was seen last.
#[derive(Debug, Clone, Default)]
pub(super) struct Observation {
    /// How far the store is, and when that was asked.
    pub head: Option<(Head, Instant)>,
    /// By projection; none before they were seen, or while one has no checkpoint.
    pub checkpoints: [Option<Checkpoint>; Projection::ALL.len()],
    /// Up to when each projection holds all that was recorded.
    pub complete_until: [Option<DateTime<Utc>>; Projection::ALL.len()],
}

impl Observation {
    pub(super) fn checkpoint(&self, projection: Projection) -> Option<Checkpoint> {
        self.checkpoints[projection as usize]
    }

    pub(super) fn position(&self, projection: Projection) -> Position {
        self.checkpoint(projection).unwrap_or_default().position
    }

    pub(super) fn complete_until(&self, projection: Projection) -> Option<DateTime<Utc>> {
        self.complete_until[projection as usize]
    }

    /// What this says to somebody who waits since `arrived`; nothing, if they have to wait on.
    pub(super) fn verdict(
        &self,
        projection: Projection,
        token: &ConsistencyToken,
        arrived: Instant,
    ) -> Option<Waited> {
        let checkpoint = self.checkpoint(projection);
        let reached = checkpoint.is_some_and(|checkpoint| {
            let of_its_life = match checkpoint.epoch {
                Some(epoch) => epoch == token.epoch,
                // Nothing was folded, so only a token of nothing is reached.
                None => token.position == 0,
            };
            of_its_life && checkpoint.position.get().unsigned_abs() >= token.position
        });
        let epoch = self.head.map(|(head, _)| head.epoch);
        if reached && epoch.is_none_or(|epoch| epoch == token.epoch) {
            return Some(Waited::Reached);
        }
        // The store may have been given another life since it was last looked at; only what was
        // seen after the request came says that its token is of another one.
        match self.head {
            Some((head, asked_at)) if head.epoch != token.epoch && asked_at > arrived => {
                Some(Waited::OtherEpoch)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const OURS: Uuid = Uuid::from_u128(1);
    const OTHER: Uuid = Uuid::from_u128(2);

    fn token(epoch: Uuid, position: u64) -> ConsistencyToken {
        ConsistencyToken { epoch, position }
    }

    fn seen(
        head: Option<Uuid>,
        made_from: Option<Uuid>,
        position: i64,
        at: Instant,
    ) -> Observation {
        let mut seen = Observation {
            head: head.map(|epoch| {
                let position = Position::new(position);
                (Head { position, epoch }, at)
            }),
            ..Observation::default()
        };
        seen.checkpoints[Projection::Stock as usize] = Some(Checkpoint {
            position: Position::new(position),
            epoch: made_from,
        });
        seen
    }

    #[test]
    fn positions_count_only_in_their_own_life_of_the_store() {
        let arrived = Instant::now();
        let (before, after) = (arrived, arrived + Duration::from_millis(1));
        for (head, made_from, position, at, token, verdict) in [
            (
                Some(OURS),
                Some(OURS),
                7,
                before,
                token(OURS, 7),
                Some(Waited::Reached),
            ),
            (Some(OURS), Some(OURS), 7, before, token(OURS, 8), None),
            (
                None,
                Some(OURS),
                7,
                before,
                token(OURS, 7),
                Some(Waited::Reached),
            ),
            // The read model is still of the former life.
            (Some(OURS), Some(OTHER), 7, after, token(OURS, 7), None),
            // So is the token, which is certain only once the store was asked.
            (Some(OURS), Some(OURS), 7, before, token(OTHER, 7), None),
            (
                Some(OURS),
                Some(OURS),
                7,
                after,
                token(OTHER, 7),
                Some(Waited::OtherEpoch),
            ),
            (
                Some(OURS),
                Some(OTHER),
                7,
                after,
                token(OTHER, 7),
                Some(Waited::OtherEpoch),
            ),
            (
                Some(OURS),
                None,
                0,
                before,
                token(OURS, 0),
                Some(Waited::Reached),
            ),
            (Some(OURS), None, 0, before, token(OURS, 1), None),
        ] {
            let seen = seen(head, made_from, position, at);
            let said = seen.verdict(Projection::Stock, &token, arrived);
            assert_eq!(said, verdict, "{seen:?} {token:?}");
            // Another projection has not been seen at all.
            let other = seen.verdict(Projection::Sales, &token, arrived);
            assert_ne!(other, Some(Waited::Reached));
        }
    }
}
