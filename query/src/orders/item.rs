//! An order in a list.

use super::Sort;
use crate::{
    body::Money,
    database::{Column, ReadError},
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::postgres::PgRow;
use utoipa::ToSchema;
use uuid::Uuid;

const TABLE: &str = "order_summary";

/// An order in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrderItem<'r> {
    /// The order.
    pub order_id: Uuid,
    /// Where it is in its life.
    #[schema(example = "confirmed")]
    pub status: &'r str,
    /// Where its payment is.
    #[schema(example = "authorized")]
    pub payment_status: &'r str,
    /// How much of it was delivered.
    #[schema(example = "unfulfilled")]
    pub fulfilment_status: &'r str,
    /// How much of it has come back.
    #[schema(example = "none")]
    pub return_status: &'r str,
    /// Who ordered.
    #[schema(example = "17850")]
    pub customer_id: &'r str,
    /// The shop's own order number.
    pub reference: Option<&'r str>,
    /// The sum of its lines.
    pub total: Money<'r>,
    /// How many lines it has.
    pub line_count: i32,
    /// How many pieces.
    pub unit_count: i64,
    /// How many holds are on it.
    pub hold_count: i32,
    /// When the customer ordered.
    pub placed_at: DateTime<Utc>,
    /// When the last event of it or of its payment was recorded.
    pub updated_at: DateTime<Utc>,
    /// The version of its stream.
    pub version: i64,
    /// How much of its total was taken, given back, and lost by disputes: its payment shows it.
    #[serde(skip)]
    #[schema(ignore)]
    pub settled: [i64; 3],
}

impl<'r> OrderItem<'r> {
    /// The order in a row of `list.sql`.
    pub(super) fn read(row: &'r PgRow) -> Result<Self, ReadError> {
        Ok(Self {
            order_id: row.column(TABLE, 0)?,
            placed_at: row.column(TABLE, 1)?,
            total: Money {
                amount: row.column(TABLE, 2)?,
                currency: row.column(TABLE, 12)?,
            },
            version: row.column(TABLE, 3)?,
            updated_at: row.column(TABLE, 4)?,
            unit_count: row.column(TABLE, 5)?,
            line_count: row.column(TABLE, 6)?,
            hold_count: row.column(TABLE, 7)?,
            status: row.column(TABLE, 8)?,
            payment_status: row.column(TABLE, 9)?,
            fulfilment_status: row.column(TABLE, 10)?,
            customer_id: row.column(TABLE, 11)?,
            reference: row.column(TABLE, 13)?,
            return_status: row.column(TABLE, 14)?,
            settled: [
                row.column(TABLE, 15)?,
                row.column(TABLE, 16)?,
                row.column(TABLE, 17)?,
            ],
        })
    }

    /// Where it stands in a list that is sorted so.
    pub(super) fn key(&self, sort: Sort) -> (i64, Uuid) {
        let value = match sort.is_by_total() {
            true => self.total.amount,
            false => self.placed_at.timestamp_micros(),
        };
        (value, self.order_id)
    }
}
