//! `GET /v1/reports/payments`

use crate::{
    answer,
    api::Api,
    body::MoneySum,
    database::{Column, ReadError},
    documentation::{ReadHeaders, ReadProblems},
    freshness::{AsOf, Projection},
    parameters::{Day, refused},
    problem,
    read_your_writes::ReadYourWrites,
    sales::wide,
    sql::Sql,
};
use axum::{extract::State, response::Response};
use chassis::{Problem, extract::StrictQuery};
use chrono::NaiveDate;
use domain::Currency;
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgRow;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

const TABLE: &str = "payments_daily";

/// Days and currencies in one report at most: ten years of three currencies.
const MAX_ITEMS: u32 = 11_000;

/// Which days.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PaymentsReportQuery {
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

/// What came in and went back.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaymentsReport<'r> {
    /// By day and currency; days on which no money moved are left out.
    items: Vec<PaymentsOfDay<'r>>,
    /// All days together, by currency.
    totals: Vec<PaymentsOfCurrency<'r>>,
    /// How old it is.
    as_of: AsOf,
}

/// What came in and went back on one day in one currency.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaymentsOfDay<'r> {
    /// The day (UTC) on which it was recorded.
    day: NaiveDate,
    #[serde(flatten)]
    payments: PaymentsOfCurrency<'r>,
}

/// What came in and went back in one currency.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaymentsOfCurrency<'r> {
    /// ISO 4217.
    #[schema(example = "GBP")]
    currency: &'r str,
    /// What was taken.
    captured: Moved<'r>,
    /// What was given back.
    refunded: Moved<'r>,
    /// What is gone with disputes that were lost.
    lost: Moved<'r>,
    /// What is left of `captured` after both.
    net: MoneySum<'r>,
}

/// How often money moved, and how much.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Moved<'r> {
    /// How often.
    count: i64,
    /// The sum.
    total: MoneySum<'r>,
}

/// A row of `payments_report.sql`.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    captured: (i64, i128),
    refunded: (i64, i128),
    lost: (i64, i128),
}

impl Sums {
    fn read(row: &PgRow) -> Result<Self, ReadError> {
        let sum = |first: usize| -> Result<(i64, i128), ReadError> {
            Ok((row.column(TABLE, first)?, wide(row, TABLE, first + 1)?))
        };
        Ok(Self {
            captured: sum(2)?,
            refunded: sum(4)?,
            lost: sum(6)?,
        })
    }

    fn plus(self, other: Self) -> Self {
        let plus =
            |a: (i64, i128), b: (i64, i128)| (a.0.saturating_add(b.0), a.1.saturating_add(b.1));
        Self {
            captured: plus(self.captured, other.captured),
            refunded: plus(self.refunded, other.refunded),
            lost: plus(self.lost, other.lost),
        }
    }

    fn of(self, currency: &str) -> PaymentsOfCurrency<'_> {
        let money = |amount| MoneySum { amount, currency };
        let moved = |(count, amount)| Moved {
            count,
            total: money(amount),
        };
        let gone = self.refunded.1.saturating_add(self.lost.1);
        PaymentsOfCurrency {
            currency,
            captured: moved(self.captured),
            refunded: moved(self.refunded),
            lost: moved(self.lost),
            net: money(self.captured.1.saturating_sub(gone)),
        }
    }
}

/// Report payments, by day and currency.
///
/// Money counts on the day on which it was recorded that it moved: what is given back later is of a later
/// day, and `net` of a day may be negative.
#[utoipa::path(
    get,
    path = "/v1/reports/payments",
    tag = "reports",
    params(
        PaymentsReportQuery,
        ReadHeaders,
    ),
    responses(
        (status = 200, description = "The report.", body = PaymentsReport),
        ReadProblems,
    )
)]
pub(crate) async fn payments_report(
    State(api): State<Arc<Api>>,
    writes: ReadYourWrites,
    StrictQuery(query): StrictQuery<PaymentsReportQuery>,
) -> Result<Response, Problem> {
    let sql = select(&api, &query)?;
    writes.insist(&api, Projection::PaymentsDaily).await?;
    let as_of = api.freshness.as_of(Projection::PaymentsDaily);
    let rows = api.fetch(sql).await?;
    if rows.len() > MAX_ITEMS as usize {
        let rule = format!(
            "the range holds more than {MAX_ITEMS} days and currencies; narrow it with from, to or \
             currency"
        );
        return Err(refused("to", "RANGE_TOO_WIDE", &rule));
    }
    let mut items = Vec::with_capacity(rows.len());
    let mut totals: BTreeMap<&str, Sums> = BTreeMap::new();
    for row in &rows {
        let sums = Sums::read(row).map_err(problem::unreadable)?;
        let currency: &str = row.column(TABLE, 1).map_err(problem::unreadable)?;
        items.push(PaymentsOfDay {
            day: row.column(TABLE, 0).map_err(problem::unreadable)?,
            payments: sums.of(currency),
        });
        let total = totals.entry(currency).or_default();
        *total = total.plus(sums);
    }
    let totals = totals
        .into_iter()
        .map(|(currency, total)| total.of(currency));
    answer::json(&PaymentsReport {
        items,
        totals: totals.collect(),
        as_of,
    })
}

fn select(api: &Api, query: &PaymentsReportQuery) -> Result<Sql, Problem> {
    let mut sql = Sql::new(include_str!("payments_report.sql"));
    sql.push("WHERE tenant = ").bind(api.tenant.as_str());
    if let Some(from) = query.from {
        sql.push("\n  AND day >= ").bind(from.0);
    }
    if let Some(to) = query.to {
        if query.from.is_some_and(|from| from.0 > to.0) {
            return Err(refused("to", "EMPTY_RANGE", "it must not be before from"));
        }
        sql.push("\n  AND day <= ").bind(to.0);
    }
    if let Some(currency) = &query.currency {
        sql.push("\n  AND currency = ").bind(currency.as_str());
    }
    sql.push("\nORDER BY day, currency").limit(MAX_ITEMS + 1);
    Ok(sql)
}
