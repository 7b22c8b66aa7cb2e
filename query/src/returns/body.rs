//! A return as an answer.

use crate::{
    api::Api,
    body::Money,
    database::{Column, ReadError, corrupt, word},
    freshness::Projection,
    problem,
    read_your_writes::ReadYourWrites,
    sql::Sql,
};
use chassis::Problem;
use chrono::{DateTime, Utc};
use domain::{
    ReturnId,
    returns::{InspectedLine, ReturnLine, ReturnStatus},
};
use serde::{Serialize, de::DeserializeOwned};
use sqlx::postgres::PgRow;
use std::collections::HashMap;
use utoipa::ToSchema;
use uuid::Uuid;

const TABLE: &str = "return_summary";

/// What a customer sends back of an order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Return)]
pub(crate) struct ReturnBody<'r> {
    /// The return's id.
    pub return_id: Uuid,
    /// The order.
    pub order_id: Uuid,
    /// How many events its stream has; also its ETag.
    pub version: i64,
    /// Where it is.
    #[schema(example = "in_transit")]
    pub status: &'static str,
    /// Where it is to be sent; absent before it may be.
    #[schema(example = "main")]
    pub location: Option<&'r str>,
    /// What is to come back, what has come, and what that is like.
    pub lines: Vec<ReturnedLine<'r>>,
    /// What all of it is worth.
    pub amount: Money<'r>,
    /// What is given back for what was accepted; absent before it was looked at.
    pub refund: Option<Money<'r>>,
    /// Why, as the customer says.
    pub reason: &'r str,
    /// Why it was declined or cancelled.
    pub problem: Option<&'r str>,
    /// What the carrier calls it.
    pub tracking_number: Option<&'r str>,
    /// What may be asked of it now.
    pub allowed_commands: Vec<&'static str>,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// When the last of it came.
    pub received_at: Option<DateTime<Utc>>,
    /// When it was looked at.
    pub inspected_at: Option<DateTime<Utc>>,
    /// When what was accepted was given back for.
    pub refunded_at: Option<DateTime<Utc>>,
    /// When nothing of it was to come any more.
    pub ended_at: Option<DateTime<Utc>>,
    /// When its last event was recorded.
    pub updated_at: DateTime<Utc>,
}

/// What is to come back of a line of the order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReturnedLine<'r> {
    /// The order's line.
    pub line: u32,
    /// What.
    #[schema(example = "85123A")]
    pub sku: String,
    /// How many.
    pub quantity: i64,
    /// Price of one, before discounts.
    pub unit_price: Money<'r>,
    /// What they are worth: of what was paid for the line, with its discounts and tax, their share.
    pub amount: Money<'r>,
    /// How many have come.
    pub received: i64,
    /// How many of those can be sold again.
    pub restocked: i64,
    /// How many are accepted, but cannot be sold as they are.
    pub quarantined: i64,
    /// How many are not accepted, and not paid back.
    pub refused: i64,
    /// Why some are not restocked.
    pub reason: Option<String>,
}

impl<'r> ReturnBody<'r> {
    /// The return in a row of `columns.sql`.
    pub(super) fn read(row: &'r PgRow) -> Result<Self, ReadError> {
        let status: ReturnStatus = word(row, TABLE, 3)?;
        let currency = row.column(TABLE, 5)?;
        let money = |amount| Money { amount, currency };
        let lines: Vec<ReturnLine> = parse(row, 17)?;
        let received: HashMap<u32, i64> = parse(row, 18)?;
        let inspected: Option<Vec<InspectedLine>> = parse(row, 19)?;
        let inspected = inspected.unwrap_or_default();
        let line = |line: ReturnLine| {
            let seen = inspected.iter().find(|seen| seen.line == line.line);
            let part = |of: fn(&InspectedLine) -> i64| seen.map_or(0, of);
            ReturnedLine {
                line: line.line,
                sku: line.sku.into(),
                quantity: line.quantity,
                unit_price: money(line.unit_price),
                amount: money(line.amount),
                received: received.get(&line.line).copied().unwrap_or_default(),
                restocked: part(|seen| seen.restocked),
                quarantined: part(|seen| seen.quarantined),
                refused: part(|seen| seen.refused),
                reason: seen.and_then(|seen| seen.reason.clone()),
            }
        };
        let refund: Option<i64> = row.column(TABLE, 6)?;
        Ok(Self {
            return_id: row.column(TABLE, 0)?,
            order_id: row.column(TABLE, 1)?,
            location: row.column(TABLE, 2)?,
            status: status.as_str(),
            amount: money(row.column(TABLE, 4)?),
            refund: refund.map(money),
            reason: row.column(TABLE, 7)?,
            problem: row.column(TABLE, 8)?,
            tracking_number: row.column(TABLE, 9)?,
            requested_at: row.column(TABLE, 10)?,
            received_at: row.column(TABLE, 11)?,
            inspected_at: row.column(TABLE, 12)?,
            refunded_at: row.column(TABLE, 13)?,
            ended_at: row.column(TABLE, 14)?,
            updated_at: row.column(TABLE, 15)?,
            version: row.column(TABLE, 16)?,
            lines: lines.into_iter().map(line).collect(),
            allowed_commands: status.allowed_commands(),
        })
    }

    /// Where it stands in the list.
    pub(super) const fn key(&self) -> (i64, Uuid) {
        (self.requested_at.timestamp_micros(), self.return_id)
    }
}

/// A column that holds JSON as text; an absent one reads as `null`.
fn parse<T: DeserializeOwned>(row: &PgRow, index: usize) -> Result<T, ReadError> {
    let text: Option<&str> = row.column(TABLE, index)?;
    serde_json::from_str(text.unwrap_or("null")).map_err(|error| corrupt(row, TABLE, index, error))
}

/// The return, as `answer` makes it of its row.
///
/// # Errors
/// 404: there is no such return; 503: not now, or not yet.
pub(crate) async fn get<T>(
    api: &Api,
    id: ReturnId,
    writes: &ReadYourWrites,
    answer: impl FnOnce(&ReturnBody<'_>) -> Result<T, Problem>,
) -> Result<T, Problem> {
    let mut sql = Sql::new(include_str!("columns.sql"));
    sql.push("WHERE tenant = ")
        .bind(api.tenant.as_str())
        .push("\n  AND return_id = ")
        .bind(id.uuid());
    writes.insist(api, Projection::Returns).await?;
    let rows = api.fetch(sql).await?;
    let row = rows.first();
    let row = row.ok_or_else(|| problem::no_such_return(id))?;
    answer(&ReturnBody::read(row).map_err(problem::unreadable)?)
}
