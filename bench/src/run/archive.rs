//! A database with a history in it, for those who read.

use super::{Bench, platform::Settings};
use crate::history::{History, Writer};
use anyhow::{Context, ensure};
use sqlx::{Connection, PgConnection};
use std::{
    process::Stdio,
    time::{Duration, Instant},
};
use store::{PostgresOptions, PostgresStore};
use tokio::process::Command;

/// Its name.
pub(super) const ARCHIVE: &str = "bench_history";

const SEED: u64 = 20_101_201;

/// Longer than a rebuild of such a history can take.
const REBUILT_WITHIN: Duration = Duration::from_secs(600);

impl Bench {
    /// Makes sure that there is a history.
    pub(super) async fn archive(&mut self) -> anyhow::Result<()> {
        if self.has_archive {
            return Ok(());
        }
        self.fresh_database(ARCHIVE).await?;
        let url = self.postgres.url(ARCHIVE);
        make_schema(&url).await?;
        let began = Instant::now();
        let mut connection = PgConnection::connect(&url).await?;
        fill(&mut connection, self.extent.events).await?;
        // As autovacuum leaves a table: with a map of what all can see, and statistics.
        sqlx::query("VACUUM (ANALYZE) store.events")
            .execute(&mut connection)
            .await?;
        sqlx::query("CHECKPOINT").execute(&mut connection).await?;
        connection.close().await?;
        self.say(&format!(
            "history: {} events written in {:.1?}",
            self.extent.events,
            began.elapsed()
        ));
        self.has_archive = true;
        Ok(())
    }

    /// Has the projector fold the history into the table of orders; how long the program took, from
    /// its start to its end.
    pub(super) async fn rebuild(&mut self) -> anyhow::Result<Duration> {
        let program = self.programs.path("projector");
        let settings = Settings::new(&self.postgres, ARCHIVE);
        let mut command = Command::new(&program);
        command
            .args(["rebuild", "order_summary"])
            .envs(settings.environment())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let began = Instant::now();
        let output = tokio::time::timeout(REBUILT_WITHIN, command.output())
            .await
            .with_context(|| format!("no rebuild within {REBUILT_WITHIN:?}"))?
            .with_context(|| format!("run {}", program.display()))?;
        let took = began.elapsed();
        ensure!(
            output.status.success(),
            "the rebuild failed ({}): {}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        self.is_folded = true;
        Ok(took)
    }
}

/// Makes the store's tables.
pub(super) async fn make_schema(url: &str) -> anyhow::Result<()> {
    let store = PostgresStore::connect(PostgresOptions::new(url)).await?;
    store.migrate().await?;
    Ok(())
}

async fn fill(connection: &mut PgConnection, events: usize) -> anyhow::Result<()> {
    let mut copy = connection.copy_in_raw(Writer::statement()).await?;
    let mut writer = Writer::default();
    for row in History::new(SEED).take(events) {
        if writer.add(&row) {
            copy.send(writer.bytes()).await?;
            writer.clear();
        }
    }
    copy.send(writer.bytes()).await?;
    let written = copy.finish().await.context("copy the history in")?;
    ensure!(
        written == events as u64,
        "{written} events were written instead of {events}"
    );
    Ok(())
}
