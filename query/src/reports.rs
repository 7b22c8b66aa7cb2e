//! What reports by day and currency do the same way.

use crate::{
    api::Api,
    parameters::{Day, refused},
    sql::Sql,
};
use chassis::Problem;
use domain::Currency;
use serde::Deserialize;
use utoipa::IntoParams;

/// Days and currencies in one report at most: ten years of three currencies.
const MAX_ITEMS: u32 = 11_000;

/// Which days.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DayRange {
    /// The first day (UTC); the first there is, if it is left out.
    #[param(value_type = Option<String>, format = Date, example = "2010-12-01")]
    from: Option<Day>,
    /// The last day (UTC), included; the last there is, if it is left out.
    #[param(value_type = Option<String>, format = Date, example = "2010-12-31")]
    to: Option<Day>,
    /// ISO 4217; all, if it is left out.
    #[param(value_type = Option<String>, example = "GBP")]
    currency: Option<Currency>,
}

impl DayRange {
    /// The rows of a report that begins with `select`: those of these days, and one more than there may be.
    ///
    /// # Errors
    /// The last day is before the first.
    pub(crate) fn select(&self, api: &Api, select: &'static str) -> Result<Sql, Problem> {
        let mut sql = Sql::new(select);
        sql.push("WHERE tenant = ").bind(api.tenant.as_str());
        if let Some(from) = self.from {
            sql.push("\n  AND day >= ").bind(from.0);
        }
        if let Some(to) = self.to {
            if self.from.is_some_and(|from| from.0 > to.0) {
                return Err(refused("to", "EMPTY_RANGE", "it must not be before from"));
            }
            sql.push("\n  AND day <= ").bind(to.0);
        }
        if let Some(currency) = &self.currency {
            sql.push("\n  AND currency = ").bind(currency.as_str());
        }
        sql.push("\nORDER BY day, currency").limit(MAX_ITEMS + 1);
        Ok(sql)
    }
}

/// Refuses a report of more rows than there may be.
///
/// # Errors
/// There are more.
pub(crate) fn check_size(rows: usize) -> Result<(), Problem> {
    if rows > MAX_ITEMS as usize {
        let rule = format!(
            "the range holds more than {MAX_ITEMS} days and currencies; narrow it with from, to or \
             currency"
        );
        return Err(refused("to", "RANGE_TOO_WIDE", &rule));
    }
    Ok(())
}
