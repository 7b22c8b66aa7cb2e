//! Statistics for tables that are too young to have any.
//!
//! The server plans a statement once, and knows nothing of a new table by then: to it, any index that
//! begins with the tenant finds a row as well as the primary key does. It would walk through all of
//! the tenant's rows for each row that changes until its own upkeep comes by, a minute or more
//! later. So whoever fills a new table has it analysed as soon as there is something to be seen.

use sqlx::{AssertSqlSafe, PgPool};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// How many rows say enough. Fewer could all be of different tenants.
const ENOUGH: usize = 256;

/// What this process has added to each table, until that is enough.
#[derive(Debug, Clone, Default)]
pub(super) struct Statistics(Arc<Mutex<HashMap<&'static str, usize>>>);

impl Statistics {
    /// Takes note of rows that were added to `table`, and analyses it once there are enough. Should
    /// that fail, statements are slow for a while and not wrong.
    pub(super) async fn added(&self, pool: &PgPool, table: &'static str, rows: usize) {
        if !self.is_enough(table, rows) {
            return;
        }
        if let Err(error) = analyse_if_young(pool, table).await {
            tracing::warn!(%error, table, "table {table} could not be analysed");
        }
    }

    /// Whether the rows are the ones that make it enough.
    fn is_enough(&self, table: &'static str, rows: usize) -> bool {
        let mut tables = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let added = tables.entry(table).or_default();
        let before = *added;
        *added = before.saturating_add(rows).min(ENOUGH);
        before < ENOUGH && *added == ENOUGH
    }
}

async fn analyse_if_young(pool: &PgPool, table: &'static str) -> Result<(), sqlx::Error> {
    let is_young: bool = sqlx::query_scalar(
        "SELECT c.reltuples < $2
         FROM pg_class AS c
         WHERE c.oid = format('read.%I', $1)::regclass",
    )
    .bind(table)
    .bind(ENOUGH as f32)
    .fetch_one(pool)
    .await?;
    if is_young {
        let analyse = format!("ANALYZE read.\"{table}\"");
        sqlx::query(AssertSqlSafe(analyse)).execute(pool).await?;
        tracing::debug!(table, "analysed the young table {table}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_table_is_enough_once() {
        let statistics = Statistics::default();
        assert!(!statistics.is_enough("a", ENOUGH - 1));
        assert!(!statistics.is_enough("b", 1));
        assert!(statistics.is_enough("a", 5));
        assert!(!statistics.is_enough("a", ENOUGH));
        assert!(statistics.is_enough("b", usize::MAX));
    }
}
