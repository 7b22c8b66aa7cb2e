//! How much longer tasks wait than they must, so that many that failed at once do not all come again at
//! once. It follows from the task, so that whoever looks at it again finds the same.

use std::time::Duration;
use uuid::Uuid;

/// How much longer than `wait` a task waits that was not tried, up to three times as long in all: those that
/// wait for a participant are many when it was away for long.
pub(super) fn deferred(task: Uuid, wait: Duration) -> Duration {
    part_of(task, wait.saturating_mul(2))
}

/// How much longer than `wait` a task waits that failed after `attempts`, up to a fifth: each attempt by
/// another share, so that two that met once do not meet each time.
pub(super) fn failed(task: Uuid, attempts: u32, wait: Duration) -> Duration {
    part_of(Uuid::new_v5(&task, &attempts.to_be_bytes()), wait / 5)
}

/// A part of `whole`, to the millisecond, that follows from `id`.
fn part_of(id: Uuid, whole: Duration) -> Duration {
    let share = id.as_u128() % whole.as_millis().max(1);
    Duration::from_millis(u64::try_from(share).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const WAIT: Duration = Duration::from_secs(60);

    #[test]
    fn what_failed_together_comes_again_one_by_one_and_not_much_later() {
        let tasks = || (1..=100).map(Uuid::from_u128);
        let waits: BTreeSet<_> = tasks().map(|task| failed(task, 1, WAIT)).collect();
        assert!(waits.len() > 90, "they are spread: {waits:?}");
        assert!(waits.iter().all(|more| *more < WAIT / 5), "{waits:?}");
        let again: BTreeSet<_> = tasks().map(|task| failed(task, 2, WAIT)).collect();
        assert_ne!(waits, again);
        assert_eq!(failed(Uuid::nil(), 1, WAIT), failed(Uuid::nil(), 1, WAIT));
    }

    #[test]
    fn what_was_not_tried_waits_three_times_as_long_at_most() {
        let spread = |task| deferred(Uuid::from_u128(task), WAIT);
        assert!(
            (0..1_000_000)
                .step_by(9_999)
                .all(|task| spread(task) < WAIT * 2)
        );
        assert_ne!(spread(1), spread(2));
    }

    #[test]
    fn what_does_not_wait_does_not_wait_longer() {
        assert_eq!(
            failed(Uuid::from_u128(7), 0, Duration::ZERO),
            Duration::ZERO
        );
        assert_eq!(deferred(Uuid::from_u128(7), Duration::ZERO), Duration::ZERO);
    }
}
