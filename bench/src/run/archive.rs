//! A database with a history in it, for those who read.

use super::{Bench, fold::Ended, real};
use crate::{
    history::{History, Source, Writer},
    invoices::Invoice,
};
use anyhow::{Context, ensure};
use domain::Recorded;
use sqlx::{Connection, PgConnection};
use std::{
    path::{Path, PathBuf},
    time::Instant,
};
use store::{PostgresOptions, PostgresStore};

/// Its name.
pub(super) const ARCHIVE: &str = "bench_history";

/// Which history is written, unless another is asked for.
pub(super) const SEED: u64 = 20_101_201;

impl Bench {
    /// Makes sure that there is a history.
    pub(super) async fn archive(&mut self) -> anyhow::Result<()> {
        if self.has_archive {
            return Ok(());
        }
        self.fresh_database(ARCHIVE).await?;
        let began = Instant::now();
        let events = self.extent.events;
        let source = self.history()?;
        if matches!(source, Source::Drawn) {
            self.troubles
                .push("the history is of drawn orders: there is no file of real ones".into());
        }
        write(&self.postgres.url(ARCHIVE), source, SEED, events).await?;
        self.say(&format!(
            "history: {events} events written in {:.1?}",
            began.elapsed()
        ));
        self.has_archive = true;
        Ok(())
    }

    /// The orders that histories are of: real ones, if there is a file of them.
    pub(super) fn history(&self) -> anyhow::Result<Source> {
        source(self.real_orders.as_deref())
    }

    /// Makes sure that the archive's read model of orders is there.
    pub(super) async fn folded(&mut self) -> anyhow::Result<()> {
        if !self.is_folded {
            self.rebuild(&["order_summary"]).await?;
        }
        Ok(())
    }

    /// Has the projector fold the history into a table, or all of them.
    pub(super) async fn rebuild(&mut self, which: &[&str]) -> anyhow::Result<Ended> {
        let arguments = [&["rebuild"], which].concat();
        let ended = self.projector(ARCHIVE, &arguments).await?.done()?;
        self.is_folded = true;
        Ok(ended)
    }
}

/// Where a history goes, and of what it is.
#[derive(Debug, Clone, clap::Args)]
pub struct FillArguments {
    /// The database of the event store, which has no events yet.
    #[arg(long, value_name = "URL", env = "ORDERS__STORE__URL")]
    url: String,
    /// How many events.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    events: u64,
    /// The same number writes the same history.
    #[arg(long, default_value_t = SEED)]
    seed: u64,
    /// The file of *Online Retail* whose orders are placed again and again; one beside the clone, if not
    /// told. Without one, orders are drawn.
    #[arg(long, value_name = "FILE", env = "ORDERS_DATA")]
    data: Option<PathBuf>,
}

/// Writes a history into an empty event store.
///
/// # Errors
/// The database is not to be reached, or has events already, or the file cannot be read.
pub async fn fill(arguments: FillArguments) -> anyhow::Result<()> {
    let began = Instant::now();
    let source = source(real::file(arguments.data.as_deref())?.as_deref())?;
    let events = usize::try_from(arguments.events)?;
    write(&arguments.url, source, arguments.seed, events).await?;
    println!("{events} events written in {:.1?}", began.elapsed());
    Ok(())
}

fn source(file: Option<&Path>) -> anyhow::Result<Source> {
    match file {
        Some(file) => Source::real(Invoice::read(file)?),
        None => Ok(Source::Drawn),
    }
}

/// Makes the store's tables, and writes a history into them.
pub(super) async fn write(
    url: &str,
    source: Source,
    seed: u64,
    events: usize,
) -> anyhow::Result<()> {
    make_schema(url).await?;
    let mut connection = PgConnection::connect(url).await?;
    let has_events: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM store.events)")
        .fetch_one(&mut connection)
        .await?;
    ensure!(!has_events, "the event store is not empty");
    let mut transaction = connection.begin().await?;
    copy(&mut transaction, History::new(seed, source).take(events)).await?;
    transaction.commit().await?;
    // As autovacuum leaves a table: with a map of what all can see, and statistics.
    sqlx::query("VACUUM (ANALYZE) store.events")
        .execute(&mut connection)
        .await?;
    sqlx::query("CHECKPOINT").execute(&mut connection).await?;
    connection.close().await?;
    Ok(())
}

/// Makes the store's tables.
pub(super) async fn make_schema(url: &str) -> anyhow::Result<()> {
    let store = PostgresStore::connect(PostgresOptions::new(url)).await?;
    store.migrate().await?;
    Ok(())
}

/// Copies the events into the store's table; its head is where they end.
async fn copy(
    connection: &mut PgConnection,
    events: impl Iterator<Item = Recorded>,
) -> anyhow::Result<()> {
    let mut copy = connection.copy_in_raw(Writer::statement()).await?;
    let mut writer = Writer::default();
    let mut written = 0;
    for event in events {
        written += 1;
        if writer.add(&event) {
            copy.send(writer.bytes()).await?;
            writer.clear();
        }
    }
    copy.send(writer.bytes()).await?;
    let copied = copy.finish().await.context("copy the history in")?;
    ensure!(
        copied == written,
        "{copied} events were written instead of {written}"
    );
    Ok(())
}
