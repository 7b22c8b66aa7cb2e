//! Whether the read models are there at all: the projector makes them, in its own time.

use super::{Column, Database, ReadError};
use crate::sql::Sql;

/// What this service reads.
const TABLES: [&str; 11] = [
    "checkpoint",
    "customer_summary",
    "order_process",
    "order_summary",
    "order_timeline",
    "payments_daily",
    "product_summary",
    "return_summary",
    "sales_daily",
    "shipment_summary",
    "stock_level",
];

/// The tables that are not there.
pub(crate) async fn missing(database: &Database) -> Result<Vec<String>, ReadError> {
    let mut sql = Sql::new(include_str!("missing.sql"));
    sql.value(&TABLES[..]);
    let rows = database.fetch(sql).await?;
    rows.iter().map(|row| row.column("pg_class", 0)).collect()
}
