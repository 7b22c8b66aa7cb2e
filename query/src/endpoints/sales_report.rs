//! `GET /v1/reports/sales`

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
    sales::{Counts, Sales, wide},
};
use axum::{extract::State, response::Response};
use chassis::{Problem, extract::StrictQuery};
use chrono::NaiveDate;
use serde::Serialize;
use sqlx::postgres::PgRow;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

const TABLE: &str = "sales_daily";

/// What was sold.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SalesReport<'r> {
    /// By day and currency; days without orders are left out.
    items: Vec<SalesOfDay<'r>>,
    /// All days together, by currency.
    totals: Vec<SalesOfCurrency<'r>>,
    /// How old it is.
    as_of: AsOf,
}

/// What was sold on one day in one currency.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SalesOfDay<'r> {
    /// The day (UTC) on which the orders were placed.
    day: NaiveDate,
    #[serde(flatten)]
    sales: SalesOfCurrency<'r>,
}

/// What was sold in one currency.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SalesOfCurrency<'r> {
    #[serde(flatten)]
    sales: Sales<'r>,
    /// How many lines the orders have.
    lines: i128,
    /// How many pieces.
    units: i128,
    /// Prices times quantities.
    gross: MoneySum<'r>,
    /// What all discounts took off those.
    discount: MoneySum<'r>,
    /// The tax in `total`, whether prices include it or it was added.
    tax: MoneySum<'r>,
    /// `total` without its tax.
    net: MoneySum<'r>,
}

/// A row of `sales_report.sql`.
#[derive(Debug, Clone, Copy, Default)]
struct Sold {
    lines: i128,
    units: i128,
    counts: Counts,
    gross: i128,
    discount: i128,
    tax: i128,
}

impl Sold {
    fn read(row: &PgRow) -> Result<Self, ReadError> {
        Ok(Self {
            lines: wide(row, TABLE, 2)?,
            units: wide(row, TABLE, 3)?,
            counts: Counts::read(row, TABLE, 4)?,
            gross: wide(row, TABLE, 16)?,
            discount: wide(row, TABLE, 17)?,
            tax: wide(row, TABLE, 18)?,
        })
    }

    fn plus(self, other: Self) -> Self {
        Self {
            lines: self.lines.saturating_add(other.lines),
            units: self.units.saturating_add(other.units),
            counts: self.counts.plus(other.counts),
            gross: self.gross.saturating_add(other.gross),
            discount: self.discount.saturating_add(other.discount),
            tax: self.tax.saturating_add(other.tax),
        }
    }

    fn of(self, currency: &str) -> SalesOfCurrency<'_> {
        let money = |amount| MoneySum { amount, currency };
        SalesOfCurrency {
            sales: self.counts.of(currency),
            lines: self.lines,
            units: self.units,
            gross: money(self.gross),
            discount: money(self.discount),
            tax: money(self.tax),
            net: money(self.counts.all.amount.saturating_sub(self.tax)),
        }
    }
}

/// Report sales, by day and currency.
///
/// An order counts on the day on which it was placed, whatever became of it later, and with what was
/// placed: what lines are worth that were cancelled since stays in it.
#[utoipa::path(
    get,
    path = "/v1/reports/sales",
    tag = "reports",
    params(
        DayRange,
        ReadHeaders,
    ),
    responses(
        (status = 200, description = "The report.", body = SalesReport),
        ReadProblems,
    )
)]
pub(crate) async fn sales_report(
    State(api): State<Arc<Api>>,
    writes: ReadYourWrites,
    StrictQuery(days): StrictQuery<DayRange>,
) -> Result<Response, Problem> {
    let sql = days.select(&api, include_str!("sales_report.sql"))?;
    writes.insist(&api, Projection::Sales).await?;
    let as_of = api.freshness.as_of(Projection::Sales);
    let rows = api.fetch(sql).await?;
    check_size(rows.len())?;
    let mut items = Vec::with_capacity(rows.len());
    let mut totals: BTreeMap<&str, Sold> = BTreeMap::new();
    for row in &rows {
        let sold = Sold::read(row).map_err(problem::unreadable)?;
        let currency: &str = row.column(TABLE, 1).map_err(problem::unreadable)?;
        items.push(SalesOfDay {
            day: row.column(TABLE, 0).map_err(problem::unreadable)?,
            sales: sold.of(currency),
        });
        let total = totals.entry(currency).or_default();
        *total = total.plus(sold);
    }
    let totals = totals
        .into_iter()
        .map(|(currency, total)| total.of(currency));
    answer::json(&SalesReport {
        items,
        totals: totals.collect(),
        as_of,
    })
}
