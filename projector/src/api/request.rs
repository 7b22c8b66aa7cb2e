//! What paths and queries name.

use super::problem;
use crate::projections::names;
use chassis::{Problem, extract::invalid_path};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// The most that is listed at once.
const MOST: u32 = 1_000;

/// There is nothing to be said: an empty object.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoBody {}

/// How much is listed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Limit {
    /// How many at most: from 1 to 1000.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
}

impl Limit {
    pub(crate) fn checked(&self) -> Result<u32, Problem> {
        match self.limit.unwrap_or(100) {
            limit @ 1..=MOST => Ok(limit),
            _ => {
                let rule = format!("must be from 1 to {MOST}");
                Err(Problem::bad_request(
                    "INVALID_QUERY",
                    format!("The query is wrong: limit {rule}."),
                )
                .with_error("query:limit", "INVALID", rule))
            }
        }
    }
}

/// The projection of that name.
pub(crate) fn projection(name: &str) -> Result<&'static str, Problem> {
    let mut known = names().into_iter();
    known
        .find(|known| *known == name)
        .ok_or_else(|| problem::no_such_projection(name))
}

/// The position of an event.
pub(crate) fn position(text: &str) -> Result<i64, Problem> {
    let position = text.parse().ok().filter(|position: &i64| *position > 0);
    position.ok_or_else(|| {
        let rule = "must be a whole number from 1";
        invalid_path("position", &format_args!("position {rule}"), rule)
    })
}
