//! The reference table: what pgbench inserts events into.

use super::Run;
use anyhow::Context;
use sqlx::{Connection, PgConnection};
use std::time::Duration;

/// The table of events as a plain program would have it: the columns and indexes of the event
/// store's, positions from a sequence.
const EVENTS: &str = include_str!("events.sql");

/// One event, one transaction.
const INSERT: &str = include_str!("insert.sql");

/// The reference table in a database.
#[derive(Debug, Clone)]
pub struct Reference {
    url: String,
    payload: String,
}

impl Reference {
    /// Makes the table. Every event that is inserted has this payload.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn create(url: &str, payload: String) -> anyhow::Result<Self> {
        let mut connection = PgConnection::connect(url).await?;
        sqlx::raw_sql(EVENTS)
            .execute(&mut connection)
            .await
            .context("make the reference table")?;
        connection.close().await?;
        Ok(Self {
            url: url.into(),
            payload,
        })
    }

    /// Single-row inserts by so many clients.
    pub fn run(&self, clients: usize, time: Duration, latencies: bool) -> Run<'_> {
        Run {
            script: INSERT,
            variables: vec![("payload", &self.payload)],
            clients,
            time,
            latencies,
        }
    }

    /// How many events were inserted.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn rows(&self) -> anyhow::Result<u64> {
        let mut connection = PgConnection::connect(&self.url).await?;
        let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM events")
            .fetch_one(&mut connection)
            .await?;
        connection.close().await?;
        Ok(rows.unsigned_abs())
    }
}
