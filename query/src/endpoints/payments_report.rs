//! `GET /v1/reports/payments`

use crate::{
    answer,
    api::Api,
    body::MoneySum,
    database::{Column, ReadError},
    documentation::{ReadHeaders, ReadProblems},
    freshness::{AsOf, Projection},
    problem,
    read_your_writes::ReadYourWrites,
    reports::{DayRange, check_size},
    sales::wide,
};
use axum::{extract::State, response::Response};
use chassis::{Problem, extract::StrictQuery};
use chrono::NaiveDate;
use serde::Serialize;
use sqlx::postgres::PgRow;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

const TABLE: &str = "payments_daily";

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
        DayRange,
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
    StrictQuery(days): StrictQuery<DayRange>,
) -> Result<Response, Problem> {
    let sql = days.select(&api, include_str!("payments_report.sql"))?;
    writes.insist(&api, Projection::PaymentsDaily).await?;
    let as_of = api.freshness.as_of(Projection::PaymentsDaily);
    let rows = api.fetch(sql).await?;
    check_size(rows.len())?;
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
