//! A shipment as an answer.

use super::history::{History, fold};
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
    ShipmentId,
    shipment::{ShipmentLine, ShipmentStatus},
};
use serde::Serialize;
use sqlx::postgres::PgRow;
use utoipa::ToSchema;
use uuid::Uuid;

const TABLE: &str = "shipment_summary";

/// What leaves for an order from one place.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Shipment)]
pub(crate) struct ShipmentBody<'r> {
    /// The shipment's id.
    pub shipment_id: Uuid,
    /// The order whose goods are in it.
    pub order_id: Uuid,
    /// How many events its stream has; also its ETag.
    pub version: i64,
    /// Where it is.
    #[schema(example = "dispatched")]
    pub status: &'static str,
    /// From where it leaves.
    #[schema(example = "main")]
    pub location: &'r str,
    /// What is in it.
    pub lines: Vec<ShippedLine>,
    /// What the customer pays for it.
    pub amount: Money<'r>,
    /// Who carries it.
    pub carrier: Option<&'r str>,
    /// What the carrier calls it.
    pub tracking_number: Option<&'r str>,
    /// How often the carrier was asked to take it.
    pub attempts: i32,
    /// How often the carrier was asked where it is.
    pub inquiries: i32,
    /// What went wrong last, or why it is kept.
    pub problem: Option<&'r str>,
    /// What may be asked of it now.
    pub allowed_commands: Vec<&'static str>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was packed.
    pub packed_at: Option<DateTime<Utc>>,
    /// When the carrier took it.
    pub dispatched_at: Option<DateTime<Utc>>,
    /// When it arrived.
    pub delivered_at: Option<DateTime<Utc>>,
    /// When its last event was recorded.
    pub updated_at: DateTime<Utc>,
}

/// What a shipment holds of a line of its order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShippedLine {
    /// The order's line.
    pub line: u32,
    /// What.
    #[schema(example = "85123A")]
    pub sku: String,
    /// How many.
    pub quantity: i64,
}

impl<'r> ShipmentBody<'r> {
    /// The shipment in a row of `columns.sql`.
    pub(super) fn read(row: &'r PgRow) -> Result<Self, ReadError> {
        let status: ShipmentStatus = word(row, TABLE, 3)?;
        let lines: &str = row.column(TABLE, 17)?;
        let lines: Vec<ShipmentLine> =
            serde_json::from_str(lines).map_err(|error| corrupt(row, TABLE, 17, error))?;
        Ok(Self {
            shipment_id: row.column(TABLE, 0)?,
            order_id: row.column(TABLE, 1)?,
            location: row.column(TABLE, 2)?,
            status: status.as_str(),
            amount: Money {
                amount: row.column(TABLE, 4)?,
                currency: row.column(TABLE, 5)?,
            },
            carrier: row.column(TABLE, 6)?,
            tracking_number: row.column(TABLE, 7)?,
            attempts: row.column(TABLE, 8)?,
            inquiries: row.column(TABLE, 9)?,
            problem: row.column(TABLE, 10)?,
            created_at: row.column(TABLE, 11)?,
            packed_at: row.column(TABLE, 12)?,
            dispatched_at: row.column(TABLE, 13)?,
            delivered_at: row.column(TABLE, 14)?,
            updated_at: row.column(TABLE, 15)?,
            version: row.column(TABLE, 16)?,
            lines: lines.into_iter().map(shipped).collect(),
            allowed_commands: status.allowed_commands(),
        })
    }

    /// The same, folded from its events.
    fn of_history(history: &'r History) -> Self {
        let created = &history.created;
        let number = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
        Self {
            shipment_id: created.shipment_id.uuid(),
            order_id: created.order_id.uuid(),
            version: history.version,
            status: history.status.as_str(),
            location: created.location.as_str(),
            lines: created.lines.iter().cloned().map(shipped).collect(),
            amount: Money {
                amount: created.amount.amount,
                currency: created.amount.currency.as_str(),
            },
            carrier: history.carrier.as_deref(),
            tracking_number: history.tracking_number.as_deref(),
            attempts: number(history.attempts),
            inquiries: number(history.inquiries),
            problem: history.problem.as_deref(),
            allowed_commands: history.status.allowed_commands(),
            created_at: history.created_at,
            packed_at: history.packed_at,
            dispatched_at: history.dispatched_at,
            delivered_at: history.delivered_at,
            updated_at: history.updated_at,
        }
    }

    /// Where it stands in the list.
    pub(super) const fn key(&self) -> (i64, Uuid) {
        (self.created_at.timestamp_micros(), self.shipment_id)
    }
}

fn shipped(line: ShipmentLine) -> ShippedLine {
    ShippedLine {
        line: line.line,
        sku: line.sku.into(),
        quantity: line.quantity,
    }
}

/// The shipment, as `answer` makes it of its row; or of its events, as it is then told, where the read
/// model does not have in time what `writes` must see.
///
/// # Errors
/// 404: there is no such shipment; 503: not now.
pub(crate) async fn get<T>(
    api: &Api,
    shipment: ShipmentId,
    writes: &ReadYourWrites,
    answer: impl FnOnce(&ShipmentBody<'_>, bool) -> Result<T, Problem>,
) -> Result<T, Problem> {
    if !writes.is_seen(api, Projection::Shipments).await? {
        let history = fold(api.reader.as_ref(), &api.tenant, shipment).await;
        let history = history.map_err(|error| {
            problem::unfoldable_stream(error, format_args!("shipment {shipment}"))
        })?;
        let history = history.ok_or_else(|| problem::no_such_shipment(shipment))?;
        return answer(&ShipmentBody::of_history(&history), true);
    }
    let mut sql = Sql::new(include_str!("columns.sql"));
    sql.push("WHERE tenant = ")
        .bind(api.tenant.as_str())
        .push("\n  AND shipment_id = ")
        .bind(shipment.uuid());
    let rows = api.fetch(sql).await?;
    let row = rows.first();
    let row = row.ok_or_else(|| problem::no_such_shipment(shipment))?;
    answer(
        &ShipmentBody::read(row).map_err(problem::unreadable)?,
        false,
    )
}
