//! Time and ids for what needs no control over them: log lines, request ids, the sandbox. What
//! decides or runs by the time takes `store::Clock` as a parameter instead.

use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, SubsecRound, Utc};
use uuid::Uuid;

/// The time now, whole microseconds: what Postgres stores, so that a value read back equals the
/// value written.
#[must_use]
pub fn now() -> DateTime<Utc> {
    DateTime::<Utc>::from(SystemTime::now()).trunc_subsecs(6)
}

/// A new version 7 UUID, from the machine's clock and a thread's cryptographic generator (no system
/// call per id): ids made later sort later, to the millisecond.
#[must_use]
pub fn new_id() -> Uuid {
    // A machine that believes to be before 1970 has worse problems than its ids.
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let millis = u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX);
    // One wide number: an array of bytes would draw each byte on its own.
    let [random @ .., _, _, _, _, _, _] = rand::random::<u128>().to_ne_bytes();
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

#[cfg(test)]
mod tests {
    use chrono::Timelike;

    use super::*;

    #[test]
    fn now_has_no_digits_below_a_microsecond() {
        for _ in 0..100 {
            assert_eq!(now().nanosecond() % 1_000, 0);
        }
    }

    #[test]
    fn ids_are_version_7_distinct_and_carry_the_time() {
        let before = now().timestamp_millis();
        let ids: Vec<Uuid> = (0..1_000).map(|_| new_id()).collect();
        let after = now().timestamp_millis();

        for id in &ids {
            assert_eq!(id.get_version_num(), 7);
            let (seconds, nanos) = id
                .get_timestamp()
                .expect("a version 7 id has a time")
                .to_unix();
            let millis = i64::try_from(seconds).unwrap() * 1_000 + i64::from(nanos) / 1_000_000;
            assert!((before..=after).contains(&millis));
        }
        let distinct: std::collections::HashSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
    }
}
