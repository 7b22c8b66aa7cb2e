//! Where an order is on its way, as an answer.

use super::milestones::{Milestone, milestones};
use crate::{
    api::Api,
    database::{Column, ReadError, corrupt},
    freshness::{AsOf, Projection},
    problem,
    read_your_writes::ReadYourWrites,
    sql::Sql,
};
use chassis::Problem;
use chrono::{DateTime, Utc};
use domain::{
    OrderId,
    process::{Expectation, Process},
};
use serde::Serialize;
use sqlx::postgres::PgRow;
use utoipa::ToSchema;
use uuid::Uuid;

const TABLE: &str = "order_process";

/// Where an order is on its way.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Process)]
pub(crate) struct ProcessBody {
    /// The order.
    pub order_id: Uuid,
    /// Where the order is in its life.
    #[schema(example = "confirmed")]
    pub status: &'static str,
    /// `reserving`, `paying`, `deciding`, `allocating`, `packing`, `charging`, `dispatching`,
    /// `delivering`, `completing`, `cancelling`, `settling` or `ended`.
    #[schema(example = "packing")]
    pub stage: &'static str,
    /// What is expected.
    pub expected: Vec<ExpectationBody>,
    /// When the first of that should have happened.
    pub due_at: Option<DateTime<Utc>>,
    /// Whether it should have happened by now.
    pub overdue: bool,
    /// Why an operator must look, if one must.
    pub parked: Option<String>,
    /// When the order was placed, as it was recorded.
    pub started_at: DateTime<Utc>,
    /// When the last event that moved it was recorded.
    pub updated_at: DateTime<Utc>,
}

/// Something that is expected.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Expectation)]
pub(crate) struct ExpectationBody {
    /// What.
    #[schema(example = "packing")]
    pub what: &'static str,
    /// Of which one, where there may be several: the shipment, the return, the hold, or
    /// the number of the refund.
    pub of: Option<String>,
    /// Of whom: `provider`, `carrier`, `warehouse`, `operator` or `platform`.
    #[schema(example = "warehouse")]
    pub who: &'static str,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when; null where there is no limit, or where a hold keeps it.
    pub until: Option<DateTime<Utc>>,
    /// Whether it should have happened by now.
    pub overdue: bool,
}

/// Where an order is on its way, and how it came there.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrderProcess {
    #[serde(flatten)]
    pub process: ProcessBody,
    /// What has happened, in a few words: the last 100 of them. All of it is among the order's events.
    pub milestones: Vec<Milestone>,
    /// How old it is.
    pub as_of: AsOf,
}

impl ExpectationBody {
    fn at(now: DateTime<Utc>, expected: Expectation) -> Self {
        Self {
            what: expected.what.as_str(),
            of: expected.of,
            who: expected.who.as_str(),
            since: expected.since,
            until: expected.until,
            overdue: expected.until.is_some_and(|until| until < now),
        }
    }
}

impl ProcessBody {
    /// The process in a row of `columns.sql`.
    pub(super) fn read(row: &PgRow) -> Result<Self, ReadError> {
        let text: &str = row.column(TABLE, 7)?;
        let process: Process =
            serde_json::from_str(text).map_err(|error| corrupt(row, TABLE, 7, error))?;
        let now: DateTime<Utc> = row.column(TABLE, 8)?;
        let due_at: Option<DateTime<Utc>> = row.column(TABLE, 3)?;
        Ok(Self {
            order_id: row.column(TABLE, 0)?,
            status: process.status.as_str(),
            stage: process.stage().as_str(),
            due_at,
            overdue: due_at.is_some_and(|due_at| due_at < now),
            parked: row.column(TABLE, 4)?,
            started_at: row.column(TABLE, 2)?,
            updated_at: row.column(TABLE, 6)?,
            expected: process
                .expected
                .into_iter()
                .map(|expected| ExpectationBody::at(now, expected))
                .collect(),
        })
    }
}

/// Where the order is on its way.
///
/// # Errors
/// 404: there is no such order; 503: not now, or not yet.
pub(crate) async fn get(
    api: &Api,
    order_id: OrderId,
    writes: &ReadYourWrites,
) -> Result<OrderProcess, Problem> {
    let mut sql = Sql::new(include_str!("columns.sql"));
    sql.push("WHERE tenant = ")
        .bind(api.tenant.as_str())
        .push("\n  AND order_id = ")
        .bind(order_id.uuid());
    writes.insist(api, Projection::Timeline).await?;
    writes.insist(api, Projection::Processes).await?;
    let as_of = api.freshness.as_of(Projection::Processes);
    let rows = api.fetch(sql).await?;
    let row = rows.first();
    let row = row.ok_or_else(|| problem::no_such_order(order_id))?;
    Ok(OrderProcess {
        process: ProcessBody::read(row).map_err(problem::unreadable)?,
        milestones: milestones(api, order_id).await?,
        as_of,
    })
}
