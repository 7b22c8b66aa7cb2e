//! The archive: a table of its own for the events of streams that ended long ago.
//!
//! A stream's first and last event stay where they were, so nothing changes for those who append: who
//! takes it for new runs into its first version, as ever, and versions and the head are found where they
//! were. What is moved is far older than any append that is under way. Readers notice that something is missing by the gap that it leaves, since
//! versions and positions have none, and only then look into both tables. Hence nothing that is not
//! archived is read any slower.

pub(super) mod both;

use super::{
    PostgresOptions,
    connections::Connections,
    error::{of_encoding, of_reading},
};
use crate::StoreError;
use chrono::{DateTime, Utc};
use domain::Position;
use sqlx::{
    Arguments, Executor, PgConnection, Row,
    postgres::{PgArguments, PgBindIterExt},
};
use tokio::sync::Mutex;

/// How many positions are looked through at once.
const WINDOW: i64 = 10_000;

/// With one of these an order has ended.
const ENDS: [&str; 4] = [
    "OrderCompleted",
    "OrderRejected",
    "OrderExpired",
    "OrderCancelled",
];

/// Moves old streams into the archive.
pub struct PostgresArchive {
    connection: Mutex<PgConnection>,
}

/// A stream that can be archived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldStream {
    /// Its name.
    pub stream: String,
    /// How many of its events would be moved: all but the first and the last.
    pub events: u64,
}

/// The old streams among those that began in a window of positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldStreams {
    /// The streams.
    pub streams: Vec<OldStream>,
    /// Where the window ends; none if there is nothing that old any more.
    pub next: Option<Position>,
}

impl PostgresArchive {
    /// Connects.
    pub async fn connect(options: PostgresOptions) -> Result<Self, StoreError> {
        let connections = Connections::for_writer(&options)?;
        let connection = connections.connect_for_migration().await?;
        Ok(Self {
            connection: Mutex::new(connection),
        })
    }

    /// The streams that began after `after`, in a bounded number of positions, and that can be
    /// archived: those of orders, payments, shipments and returns of which nothing has come since `before`,
    /// and whose order has ended and had nothing since then either.
    pub async fn find(
        &self,
        after: Position,
        before: DateTime<Utc>,
    ) -> Result<OldStreams, StoreError> {
        let failed = |error| of_reading("looking for old streams", error);
        let mut connection = self.connection.lock().await;
        let first: Option<i64> = sqlx::query_scalar(
            "SELECT position
             FROM (
                 SELECT position, recorded_at
                 FROM store.events
                 WHERE position > $1
                 ORDER BY position
                 LIMIT 1
             ) AS first
             WHERE recorded_at < $2",
        )
        .bind(after.get())
        .bind(before)
        .fetch_optional(&mut *connection)
        .await
        .map_err(failed)?;
        // Times follow positions.
        let Some(first) = first else {
            return Ok(OldStreams {
                streams: vec![],
                next: None,
            });
        };
        let until = first.saturating_add(WINDOW - 1);
        let rows = sqlx::query(include_str!("find.sql"))
            .bind(first - 1)
            .bind(until)
            .bind(before)
            .bind(ENDS.map(str::to_owned).to_vec())
            .fetch_all(&mut *connection)
            .await
            .map_err(failed)?;
        let streams = rows.iter().map(|row| {
            let events: i64 = row.try_get(1)?;
            Ok(OldStream {
                stream: row.try_get(0)?,
                events: events.unsigned_abs(),
            })
        });
        Ok(OldStreams {
            streams: streams.collect::<Result<_, _>>().map_err(failed)?,
            next: Some(Position::new(until)),
        })
    }

    /// Moves all events but the first and the last of those of `streams` of which nothing has come since
    /// `before`, at once; says how many. Whoever may read the table of events may read the archive then.
    ///
    /// `before` must be longer ago than any append may take: what was added since an append began is what it
    /// runs into.
    ///
    /// # Errors
    /// The database cannot be used; or this user may not give those who read the events the right to
    /// read the archive.
    pub async fn archive(
        &self,
        streams: impl Iterator<Item = &str>,
        before: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let mut arguments = PgArguments::default();
        arguments
            .add(streams.collect::<Vec<_>>().iter().copied().bind_iter())
            .and_then(|()| arguments.add(before))
            .map_err(of_encoding)?;
        let mut connection = self.connection.lock().await;
        connection
            .execute(include_str!("rights.sql"))
            .await
            .map_err(|error| {
                of_reading("letting readers of store.events read the archive", error)
            })?;
        let moved = sqlx::query_with(include_str!("move.sql"), arguments)
            .execute(&mut *connection)
            .await
            .map_err(|error| of_reading("moving old streams", error))?;
        Ok(moved.rows_affected())
    }
}
