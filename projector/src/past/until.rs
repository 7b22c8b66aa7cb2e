//! Up to where history is folded: what people say, and the place in the store that it is.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use domain::Position;
use std::str::FromStr;
use store::{Bookmark, EventReader, StoreError};
use uuid::Uuid;

/// Up to where, as people say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Up to this position.
    Position(Position),
    /// All that was recorded at this time or before, by the store's clock.
    Time(DateTime<Utc>),
}

/// The text says no position and no time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a position (1200000), a time (2026-01-31T18:00:00Z) or a day (2026-01-31, all of it in UTC) is expected"
)]
pub struct UntilError;

impl FromStr for Until {
    type Err = UntilError;

    fn from_str(text: &str) -> Result<Self, UntilError> {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            let position = text.parse().map_err(|_| UntilError)?;
            return Ok(Self::Position(Position::new(position)));
        }
        if let Ok(day) = text.parse::<NaiveDate>() {
            let next = day.succ_opt().ok_or(UntilError)?;
            let end = next.and_time(NaiveTime::MIN).and_utc();
            return Ok(Self::Time(end - TimeDelta::nanoseconds(1)));
        }
        let time = DateTime::parse_from_rfc3339(text).map_err(|_| UntilError)?;
        Ok(Self::Time(time.to_utc()))
    }
}

/// A place in a store, at which its past is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// Up to this event.
    pub at: Bookmark,
    /// In which life of the store.
    pub store_epoch: Uuid,
    /// The time that was asked for, if one was.
    pub time: Option<DateTime<Utc>>,
}

/// Why there is no such place.
#[derive(Debug, thiserror::Error)]
pub enum PointError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no such position.
    #[error("position {asked}: the store ends at position {head}; allowed: 1 to {head}")]
    NoSuchPosition {
        /// What was asked for.
        asked: Position,
        /// Where the store ends.
        head: Position,
    },
    /// Something may still be recorded by then.
    #[error("{}: it is {now}", is_to_come(.asked))]
    InTheFuture {
        /// What was asked for.
        asked: DateTime<Utc>,
        /// The time, by the store's clock.
        now: DateTime<Utc>,
    },
    /// The store begins later.
    #[error("nothing was recorded by {asked}: the first event was recorded at {first}")]
    BeforeTheFirst {
        /// What was asked for.
        asked: DateTime<Utc>,
        /// When the first event was recorded.
        first: DateTime<Utc>,
    },
    /// There is nothing to look back at.
    #[error("the store has no events")]
    Empty,
}

/// Says that this is in the future: of the last instant of a day, as that of the day.
fn is_to_come(asked: &DateTime<Utc>) -> String {
    let next = *asked + TimeDelta::nanoseconds(1);
    match next.time() == NaiveTime::MIN {
        true => format!("{} is not over in UTC", asked.date_naive()),
        false => format!("{asked} is in the future"),
    }
}

impl Point {
    /// Finds the place; `now` is the time by the store's clock, which is that of all times recorded: by another
    /// one, something may still be recorded by the time that is asked for.
    ///
    /// # Errors
    /// There is none, or the store cannot be read.
    pub async fn find(
        reader: &dyn EventReader,
        until: Until,
        now: DateTime<Utc>,
    ) -> Result<Self, PointError> {
        let head = reader.head().await?;
        let (position, time) = match until {
            Until::Time(asked) if asked > now => {
                return Err(PointError::InTheFuture { asked, now });
            }
            Until::Time(time) => (by(reader, time).await?, Some(time)),
            _ if head.position == Position::ZERO => return Err(PointError::Empty),
            Until::Position(asked) if asked > head.position || asked == Position::ZERO => {
                return Err(PointError::NoSuchPosition {
                    asked,
                    head: head.position,
                });
            }
            Until::Position(position) => (position, None),
        };
        Ok(Self {
            at: reader.bookmark(position).await?,
            store_epoch: head.epoch,
            time,
        })
    }
}

/// The position of the last event that was recorded by then.
async fn by(reader: &dyn EventReader, asked: DateTime<Utc>) -> Result<Position, PointError> {
    let position = reader.position_at(asked).await?;
    if position > Position::ZERO {
        return Ok(position);
    }
    let first = reader.read_all(Position::ZERO, 1).await?;
    let first = first.first().ok_or(PointError::Empty)?;
    Err(PointError::BeforeTheFirst {
        asked,
        first: first.envelope.recorded_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_a_time_or_a_day_is_said() {
        let time = |text: &str| Until::Time(text.parse().unwrap());
        for (text, until) in [
            ("1200000", Until::Position(Position::new(1_200_000))),
            ("2026-01-31T18:00:00Z", time("2026-01-31T18:00:00Z")),
            ("2026-01-31T18:00:00+02:00", time("2026-01-31T16:00:00Z")),
            ("2026-01-31", time("2026-01-31T23:59:59.999999999Z")),
        ] {
            assert_eq!(text.parse(), Ok(until), "{text}");
        }
        for text in [
            "",
            "-1",
            "2026-02-30",
            "2026-01-31T18:00:00",
            "yesterday",
            "99999999999999999999",
        ] {
            assert_eq!(text.parse::<Until>(), Err(UntilError), "{text}");
        }
    }

    #[test]
    fn what_is_to_come_is_said_as_it_was_asked_for() {
        let now = "2026-01-31T18:00:00Z".parse().unwrap();
        for (text, said) in [
            (
                "2026-01-31",
                "2026-01-31 is not over in UTC: it is 2026-01-31 18:00:00 UTC",
            ),
            (
                "2026-01-31T18:00:01Z",
                "2026-01-31 18:00:01 UTC is in the future: it is 2026-01-31 18:00:00 UTC",
            ),
        ] {
            let Ok(Until::Time(asked)) = text.parse() else {
                panic!("{text} is a time");
            };
            assert_eq!(PointError::InTheFuture { asked, now }.to_string(), said);
        }
    }
}
