//! What the database alone takes to hand the events out and to take the rows in.

use anyhow::Context;
use bytes::Bytes;
use futures::TryStreamExt;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::time::{Duration, Instant};

/// All events, as a plain copy of the table.
const EVENTS: &str = "COPY store.events TO STDOUT (FORMAT binary)";

/// Those that `order_summary` folds, as it gets them: in the order of positions.
const FOLDED: &str = "COPY (
    SELECT *
    FROM store.events
    WHERE stream >= 'order-' AND stream < 'order.' OR stream >= 'payment-' AND stream < 'payment.'
    ORDER BY position
) TO STDOUT (FORMAT binary)";

/// The read models, one for each projection.
const TABLES: &str = "SELECT name FROM read.checkpoint WHERE strpos(name, '__') = 0 ORDER BY name";

/// As the read models' connections do.
const RELAXED: &str = "SET synchronous_commit = off";

const INTO: &str = "COPY copied FROM STDIN (FORMAT binary)";

/// A connection of its own to a database with events and read models.
pub(super) struct Copies(PgConnection);

impl Copies {
    pub(super) async fn over(url: &str) -> anyhow::Result<Self> {
        let mut connection = PgConnection::connect(url).await?;
        sqlx::raw_sql(RELAXED).execute(&mut connection).await?;
        Ok(Self(connection))
    }

    /// How long all events take out, to nowhere, and how many they are.
    pub(super) async fn events_out(&mut self) -> anyhow::Result<(Duration, u64)> {
        self.out(EVENTS).await
    }

    /// The same of those that `order_summary` folds.
    pub(super) async fn folded_events_out(&mut self) -> anyhow::Result<(Duration, u64)> {
        self.out(FOLDED).await
    }

    /// The names of all read models.
    pub(super) async fn tables(&mut self) -> anyhow::Result<Vec<String>> {
        Ok(sqlx::query_scalar(TABLES).fetch_all(&mut self.0).await?)
    }

    /// The rows of a read model, as a copy has them.
    pub(super) async fn rows(&mut self, table: &str) -> anyhow::Result<Vec<Bytes>> {
        let sql = format!("COPY read.{table} TO STDOUT (FORMAT binary)");
        let copy = self.0.copy_out_raw(&sql).await?;
        Ok(copy.try_collect().await?)
    }

    /// How long these rows take into a new table of the same columns, and how many they are: without any
    /// index, or with all those that the read model has.
    pub(super) async fn rows_in(
        &mut self,
        table: &str,
        rows: &[Bytes],
        with_indexes: bool,
    ) -> anyhow::Result<(Duration, u64)> {
        let like = match with_indexes {
            true => "INCLUDING INDEXES INCLUDING CONSTRAINTS",
            false => "",
        };
        let made = format!("CREATE TABLE copied (LIKE read.{table} {like})");
        sqlx::raw_sql(AssertSqlSafe(made))
            .execute(&mut self.0)
            .await?;
        let began = Instant::now();
        let mut copy = self.0.copy_in_raw(INTO).await?;
        for chunk in rows {
            copy.send(chunk.clone()).await?;
        }
        let count = copy.finish().await;
        let took = began.elapsed();
        let count = count.with_context(|| format!("copy the rows of read.{table} in"))?;
        sqlx::raw_sql("DROP TABLE copied")
            .execute(&mut self.0)
            .await?;
        Ok((took, count))
    }

    pub(super) async fn close(self) -> anyhow::Result<()> {
        Ok(self.0.close().await?)
    }

    async fn out(&mut self, statement: &'static str) -> anyhow::Result<(Duration, u64)> {
        let began = Instant::now();
        let mut copy = self.0.copy_out_raw(statement).await?;
        let mut messages = 0_u64;
        // Each row is a message, and so is the end.
        while copy.try_next().await?.is_some() {
            messages += 1;
        }
        Ok((began.elapsed(), messages.saturating_sub(1)))
    }
}
