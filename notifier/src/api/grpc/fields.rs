//! Fields of messages, read as the API has them.

use crate::api::body::RedeliverRangeBody;
use chassis::Problem;
use chrono::{DateTime, Utc};
use prost_types::Timestamp;
use uuid::Uuid;

/// The id in the field `name`.
///
/// # Errors
/// 400: it is none.
pub(super) fn id(name: &str, text: &str) -> Result<Uuid, Problem> {
    Uuid::parse_str(text).map_err(|_| invalid(name, "it must be a UUID"))
}

/// A page as lists take it: its size and its token.
pub(super) fn page(size: Option<u32>, token: &str) -> (Option<u32>, Option<&str>) {
    (size, Some(token).filter(|token| !token.is_empty()))
}

/// From when to when something is sent again.
///
/// # Errors
/// 400: one of them is missing, or no time.
pub(super) fn range(
    from: Option<&Timestamp>,
    to: Option<&Timestamp>,
    include_delivered: bool,
) -> Result<RedeliverRangeBody, Problem> {
    Ok(RedeliverRangeBody {
        from: time("from", from)?,
        to: time("to", to)?,
        include_delivered,
    })
}

fn time(name: &str, time: Option<&Timestamp>) -> Result<DateTime<Utc>, Problem> {
    let time = time.ok_or_else(|| invalid(name, "it is required"))?;
    let rule = "it must be a time, with 0 to 999,999,999 nanos";
    proto::from_timestamp(time).ok_or_else(|| invalid(name, rule))
}

fn invalid(name: &str, rule: &str) -> Problem {
    Problem::bad_request(
        "INVALID_BODY",
        format!("The message is wrong: {name}: {rule}."),
    )
    .with_error(format!("/{name}"), "INVALID", rule)
}
