//! The read models as their tables hold them.

use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use std::collections::BTreeMap;

/// Where they are.
const SCHEMA: &str = "read";

/// How far each projection is, and under which leader: name to position and epoch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checkpoints(pub BTreeMap<String, (i64, i64)>);

impl Checkpoints {
    /// Reads them; an error while the database is away.
    ///
    /// # Errors
    /// What the database says.
    pub async fn read(database: &str) -> Result<Self, sqlx::Error> {
        let mut connection = PgConnection::connect(database).await?;
        let rows = sqlx::query("SELECT name, position, leader_epoch FROM read.checkpoint")
            .fetch_all(&mut connection)
            .await?;
        connection.close().await?;
        let all = rows
            .iter()
            .map(|row| (row.get(0), (row.get(1), row.get(2))));
        Ok(Self(all.collect()))
    }

    /// What is further back, or under an older leader, than it was.
    pub fn behind(&self, earlier: &Self) -> Vec<String> {
        let back = earlier.0.iter().filter_map(|(name, before)| {
            let now = self.0.get(name)?;
            let worse = now.0 < before.0 || now.1 < before.1;
            worse.then(|| format!("{name}: (position, epoch) {before:?} became {now:?}"))
        });
        back.collect()
    }
}

/// Every row of every read model, as JSON: table to sorted rows.
///
/// # Panics
/// When the database does not answer.
pub async fn read_model_rows(database: &str) -> BTreeMap<String, Vec<String>> {
    let mut connection = PgConnection::connect(database)
        .await
        .expect("the database answers");
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT tablename::text FROM pg_tables WHERE schemaname = $1 AND tablename <> 'checkpoint'",
    )
    .bind(SCHEMA)
    .fetch_all(&mut connection)
    .await
    .expect("tables are listed");
    let mut all = BTreeMap::new();
    for table in tables {
        let rows = format!("SELECT to_jsonb(t)::text AS row FROM {SCHEMA}.{table} AS t ORDER BY 1");
        let rows = sqlx::query_scalar(AssertSqlSafe(rows))
            .fetch_all(&mut connection)
            .await
            .expect("rows are read");
        all.insert(table, rows);
    }
    all
}
