//! Query parameters that need more than a type of the standard library.

use crate::orders::At;
use chassis::Problem;
use chrono::{DateTime, NaiveDate, Utc};
use domain::Version;
use serde::{Deserialize, Deserializer, Serialize, de::Error};

/// A time in a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Time(pub DateTime<Utc>);

/// A day in a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Day(pub NaiveDate);

/// A moment in an order's life, in a query: a version, or a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment(pub At);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if let Ok(version) = text.parse() {
            return match version {
                1_i64.. => Ok(Self(At::Version(Version::new(version)))),
                _ => Err(D::Error::custom("a version is 1 or more")),
            };
        }
        match DateTime::parse_from_rfc3339(&text) {
            Ok(time) => Ok(Self(At::Time(time.to_utc()))),
            Err(_) => Err(D::Error::custom(
                "a version such as 1, or a time such as 2010-12-01T08:26:00Z, is expected (an \
                 offset's + is written %2B)",
            )),
        }
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match DateTime::parse_from_rfc3339(&text) {
            Ok(time) => Ok(Self(time.to_utc())),
            Err(_) => Err(D::Error::custom(
                "a time such as 2010-12-01T08:26:00Z is expected (an offset's + is written %2B)",
            )),
        }
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match NaiveDate::parse_from_str(&text, "%Y-%m-%d") {
            // More digits than four would parse, and could be more than a database knows.
            Ok(day) if text.len() == 10 => Ok(Self(day)),
            _ => Err(D::Error::custom("a day such as 2010-12-01 is expected")),
        }
    }
}

/// 400 that names a parameter.
pub(crate) fn refused(name: &str, code: &'static str, rule: &str) -> Problem {
    Problem::bad_request("INVALID_QUERY", format!("Query parameter {name}: {rule}.")).with_error(
        format!("query:{name}"),
        code,
        rule,
    )
}
