//! A shipment as an answer.

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
        let line = |line: ShipmentLine| ShippedLine {
            line: line.line,
            sku: line.sku.into(),
            quantity: line.quantity,
        };
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
            lines: lines.into_iter().map(line).collect(),
            allowed_commands: status.allowed_commands(),
        })
    }

    /// Where it stands in the list.
    pub(super) const fn key(&self) -> (i64, Uuid) {
        (self.created_at.timestamp_micros(), self.shipment_id)
    }
}

/// The shipment, as `answer` makes it of its row.
///
/// # Errors
/// 404: there is no such shipment; 503: not now, or not yet.
pub(crate) async fn get<T>(
    api: &Api,
    shipment: ShipmentId,
    writes: &ReadYourWrites,
    answer: impl FnOnce(&ShipmentBody<'_>) -> Result<T, Problem>,
) -> Result<T, Problem> {
    let mut sql = Sql::new(include_str!("columns.sql"));
    sql.push("WHERE tenant = ")
        .bind(api.tenant.as_str())
        .push("\n  AND shipment_id = ")
        .bind(shipment.uuid());
    writes.insist(api, Projection::Shipments).await?;
    let rows = api.fetch(sql).await?;
    let row = rows.first();
    let row = row.ok_or_else(|| problem::no_such_shipment(shipment))?;
    answer(&ShipmentBody::read(row).map_err(problem::unreadable)?)
}
