//! History folded into a read model, against what the database alone takes to hand the events out and
//! to take the rows in.

use super::{
    Bench,
    archive::ARCHIVE,
    loaded::{Cost, Workers},
};
use anyhow::{Context, ensure};
use futures::TryStreamExt;
use sqlx::{Connection, PgConnection};
use std::time::{Duration, Instant};

/// All events, as a plain copy of the table.
const EVENTS: &str = "COPY store.events TO STDOUT (FORMAT binary)";

/// Those that the projection folds, as it gets them: in the order of positions.
const FOLDED: &str = "COPY (
    SELECT *
    FROM store.events
    WHERE stream >= 'order-' AND stream < 'order.' OR stream >= 'payment-' AND stream < 'payment.'
    ORDER BY position
) TO STDOUT (FORMAT binary)";

const ROWS: &str = "COPY read.order_summary TO STDOUT (FORMAT binary)";

/// As the read models' connections do.
const RELAXED: &str = "SET synchronous_commit = off";

/// Tables of the same shape: for the rows alone, and with the indexes of the read model.
const PLAIN: &str = "DROP TABLE IF EXISTS copied; CREATE TABLE copied (LIKE read.order_summary)";
const INDEXED: &str = "DROP TABLE IF EXISTS copied;
    CREATE TABLE copied (LIKE read.order_summary INCLUDING INDEXES INCLUDING CONSTRAINTS)";

const INTO: &str = "COPY copied FROM STDIN (FORMAT binary)";

/// About how many bytes are sent at once.
const CHUNK: usize = 256 << 10;

impl Bench {
    /// Rebuild and copies in turns.
    pub(super) async fn replay(&mut self) -> anyhow::Result<()> {
        self.archive().await?;
        let workers = Workers {
            services: Vec::new(),
            database: true,
        };
        for _ in 0..self.extent.rounds {
            let mark = self.mark(&workers).await?;
            let took = self.rebuild().await?;
            let cost = self.cost(mark, &workers).await?;
            let cost = Cost {
                services: cost.children,
                ..cost
            };
            let events = self.extent.events;
            self.write_down_cost("replay", events as u64, &cost, None);
            let copies = Copies::of(&self.postgres.url(ARCHIVE)).await?;
            ensure!(copies.rows > 0, "the rebuild made no rows");
            let seconds = [
                ("seconds", took),
                ("copy_seconds", copies.events + copies.plain),
                ("copy_events_out_seconds", copies.events),
                ("copy_folded_events_out_seconds", copies.folded),
                ("copy_rows_in_seconds", copies.plain),
                ("copy_rows_in_with_indexes_seconds", copies.indexed),
            ];
            for (called, time) in seconds {
                self.figures
                    .add(format!("replay/{called}"), time.as_secs_f64());
            }
            self.figures.add("replay/rows", copies.rows as f64);
            let rate = events as f64 / took.as_secs_f64();
            self.figures.add("replay/events_per_second", rate);
            self.say(&format!(
                "replay           {rate:>8.0} /s   {took:.2?}; events out {:.2?}, rows in {:.2?}, \
                 with indexes {:.2?}",
                copies.events, copies.plain, copies.indexed
            ));
        }
        Ok(())
    }
}

/// What the database alone took.
struct Copies {
    events: Duration,
    folded: Duration,
    plain: Duration,
    indexed: Duration,
    rows: u64,
}

impl Copies {
    async fn of(url: &str) -> anyhow::Result<Self> {
        let mut connection = PgConnection::connect(url).await?;
        sqlx::raw_sql(RELAXED).execute(&mut connection).await?;
        let events = out_to_nowhere(&mut connection, EVENTS).await?;
        let folded = out_to_nowhere(&mut connection, FOLDED).await?;
        let mut content = Vec::new();
        let mut copy = connection.copy_out_raw(ROWS).await?;
        while let Some(chunk) = copy.try_next().await? {
            content.extend_from_slice(&chunk);
        }
        drop(copy);
        let (plain, rows) = take_in(&mut connection, PLAIN, &content).await?;
        let (indexed, _) = take_in(&mut connection, INDEXED, &content).await?;
        sqlx::raw_sql("DROP TABLE copied")
            .execute(&mut connection)
            .await?;
        connection.close().await?;
        Ok(Self {
            events,
            folded,
            plain,
            indexed,
            rows,
        })
    }
}

async fn out_to_nowhere(
    connection: &mut PgConnection,
    statement: &'static str,
) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let mut copy = connection.copy_out_raw(statement).await?;
    while copy.try_next().await?.is_some() {}
    Ok(began.elapsed())
}

/// How long `content` takes into a new table, and how many rows it is.
async fn take_in(
    connection: &mut PgConnection,
    table: &'static str,
    content: &[u8],
) -> anyhow::Result<(Duration, u64)> {
    sqlx::raw_sql(table).execute(&mut *connection).await?;
    let began = Instant::now();
    let mut copy = connection.copy_in_raw(INTO).await?;
    for chunk in content.chunks(CHUNK) {
        copy.send(chunk).await?;
    }
    let rows = copy.finish().await.context("copy the rows in")?;
    Ok((began.elapsed(), rows))
}
