//! When something is tried again.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// The longest wait that a receiver may ask for.
pub(crate) const LONGEST_RETRY_AFTER: TimeDelta = TimeDelta::hours(24);

/// How much longer than planned a wait may be, in thousandths: what failed together is not tried
/// again together.
const JITTER: i64 = 200;

/// The times between attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Schedule(Vec<TimeDelta>);

impl Schedule {
    /// So many seconds before each attempt.
    pub(crate) fn new(seconds: &[u64]) -> Self {
        let delta = |seconds: &u64| {
            let whole = i64::try_from(*seconds).ok();
            whole
                .and_then(TimeDelta::try_seconds)
                .unwrap_or(TimeDelta::MAX)
        };
        Self(seconds.iter().map(delta).collect())
    }

    /// When a delivery is tried first.
    pub(crate) fn first(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        later(now, self.0.first().copied().unwrap_or_default())
    }

    /// Whether a delivery may be tried that has been begun `attempts` times, this one included.
    pub(crate) fn allows(&self, attempts: u32) -> bool {
        usize::try_from(attempts).is_ok_and(|attempts| attempts <= self.0.len())
    }

    /// When the delivery `id` is tried again after `attempts` in vain; none if it has been tried as
    /// often as may be. Whoever was asked may want to be left alone for longer, within bounds.
    pub(crate) fn again(
        &self,
        id: Uuid,
        attempts: u32,
        now: DateTime<Utc>,
        retry_after: Option<TimeDelta>,
    ) -> Option<DateTime<Utc>> {
        let planned = *self.0.get(usize::try_from(attempts).ok()?)?;
        let asked = retry_after.unwrap_or_default().min(LONGEST_RETRY_AFTER);
        Some(later(now, jittered(id, attempts, planned).max(asked)))
    }
}

/// A wait that is longer by a share that follows from the delivery and the attempt.
fn jittered(id: Uuid, attempts: u32, wait: TimeDelta) -> TimeDelta {
    let mixed = Uuid::new_v5(&id, &attempts.to_be_bytes()).as_u128();
    // What is left of a division by so little fits.
    let thousandths = i64::try_from(mixed % 1_000).unwrap_or_default() * JITTER / 1_000;
    let more = wait.num_milliseconds().saturating_mul(thousandths) / 1_000;
    let more = TimeDelta::try_milliseconds(more).unwrap_or_default();
    wait.checked_add(&more).unwrap_or(wait)
}

fn later(now: DateTime<Utc>, wait: TimeDelta) -> DateTime<Utc> {
    now.checked_add_signed(wait)
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    #[test]
    fn each_attempt_has_its_time_and_a_little_more() {
        let schedule = Schedule::new(&[0, 5, 300]);
        assert_eq!(schedule.first(now()), now());
        let mut waits = vec![];
        for id in 1..200 {
            let id = Uuid::from_u128(id);
            let again = schedule.again(id, 1, now(), None).unwrap();
            assert_eq!(schedule.again(id, 1, now(), None), Some(again));
            waits.push((again - now()).num_milliseconds());
            let last = schedule.again(id, 2, now(), None).unwrap() - now();
            assert!(last >= TimeDelta::seconds(300) && last < TimeDelta::seconds(360));
            assert_eq!(schedule.again(id, 3, now(), None), None);
        }
        assert!(schedule.allows(3) && !schedule.allows(4));
        assert!(waits.iter().all(|wait| (5_000..6_000).contains(wait)));
        waits.sort_unstable();
        waits.dedup();
        assert!(waits.len() > 50, "they are spread: {waits:?}");
    }

    #[test]
    fn who_asks_for_more_time_gets_it_within_bounds() {
        let schedule = Schedule::new(&[0, 5]);
        let asked = |seconds| {
            let asked = Some(TimeDelta::seconds(seconds));
            schedule.again(Uuid::nil(), 1, now(), asked).unwrap() - now()
        };
        assert_eq!(asked(120), TimeDelta::seconds(120));
        assert!(asked(1) >= TimeDelta::seconds(5));
        assert_eq!(asked(i64::from(u32::MAX)), LONGEST_RETRY_AFTER);
    }
}
