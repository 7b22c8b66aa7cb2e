//! Times as messages have them.

use chrono::{DateTime, Utc};
use prost_types::Timestamp;

/// A time as a message has it.
#[must_use]
pub fn timestamp(time: DateTime<Utc>) -> Timestamp {
    Timestamp {
        seconds: time.timestamp(),
        // Never more than 1,999,999,999, which is a leap second.
        nanos: time.timestamp_subsec_nanos().min(999_999_999).cast_signed(),
    }
}

/// The time that a message has; `None` where it is none.
#[must_use]
pub fn from_timestamp(timestamp: &Timestamp) -> Option<DateTime<Utc>> {
    let nanos = u32::try_from(timestamp.nanos).ok()?;
    DateTime::from_timestamp(timestamp.seconds, nanos).filter(|_| nanos < 1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_back_as_they_went() {
        for text in [
            "2010-12-01T08:26:00Z",
            "1969-12-31T23:59:59.000001Z",
            "9999-12-31T00:00:00.5Z",
        ] {
            let time = text.parse().unwrap();
            assert_eq!(from_timestamp(&timestamp(time)), Some(time));
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for (seconds, nanos) in [(0, -1), (0, 1_000_000_000), (i64::MAX, 0), (i64::MIN, 0)] {
            assert_eq!(from_timestamp(&Timestamp { seconds, nanos }), None);
        }
    }
}
