//! What is parked, in PostgreSQL.

use super::{PostgresReadModels, of, within};
use crate::{
    live::Place,
    parking::{ParkedCount, ParkedSequence, Parking, ParkingChange, Stop},
    storage::ReadModelError,
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{PgConnection, PgPool, Row as _, postgres::PgRow};
use utoipa::ToSchema;
use uuid::Uuid;

/// An event that an operator has had left out of a projection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SkippedEvent {
    /// The event: stream, version and position.
    #[serde(flatten)]
    pub place: Place,
    /// Its id.
    pub event_id: Uuid,
    /// Its stored type.
    pub event_type: String,
    /// The sequence that it stopped.
    pub sequence: String,
    /// Why it could not be folded.
    pub error: String,
    /// Why it is left out.
    pub reason: String,
    /// Who had it left out.
    pub skipped_by: String,
    /// When.
    pub skipped_at: DateTime<Utc>,
}

/// A parked sequence, and the projection that it is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ParkedOf {
    /// The projection.
    pub projection: String,
    /// The sequence.
    #[serde(flatten)]
    pub sequence: ParkedSequence,
}

/// What became of an operator's wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// The leader does it when it looks next.
    Noted,
    /// No sequence stops at that position.
    NotParked,
    /// The event there could be folded: it only waits behind this sequence, which is to be seen to.
    Behind(String),
}

/// Makes the change; false if it does not fit what is there.
pub(super) async fn change(
    connection: &mut PgConnection,
    projection: &str,
    change: &ParkingChange,
) -> Result<bool, sqlx::Error> {
    let query = match change {
        ParkingChange::Park {
            sequence,
            stop,
            queued,
            attempts,
            replaces,
            wanted,
        } => sqlx::query(match replaces {
            None => include_str!("park.sql"),
            Some(_) => include_str!("park_again.sql"),
        })
        .bind(projection)
        .bind(sequence)
        .bind(stop.place.position)
        .bind(stop.event_id)
        .bind(&stop.place.stream)
        .bind(stop.place.version)
        .bind(&stop.event_type)
        .bind(stop.after)
        .bind(&stop.error)
        .bind(stop.behind.as_deref())
        .bind(queued)
        .bind(attempts)
        .bind(replaces.unwrap_or_default())
        .bind(wanted),
        ParkingChange::Queue { sequence, more } => sqlx::query(
            "UPDATE read.parked_sequence
             SET queued = queued + $3
             WHERE projection = $1
               AND sequence = $2",
        )
        .bind(projection)
        .bind(sequence)
        .bind(more),
        ParkingChange::Release { sequence, revision } => sqlx::query(
            "DELETE FROM read.parked_sequence
             WHERE projection = $1
               AND sequence = $2
               AND revision = $3",
        )
        .bind(projection)
        .bind(sequence)
        .bind(revision),
    };
    let done = query.execute(connection).await?;
    Ok(done.rows_affected() == 1)
}

/// What is parked under `name`, and what is left out of `projection`.
pub(super) async fn read(
    pool: &PgPool,
    name: &str,
    projection: &str,
) -> Result<Parking, ReadModelError> {
    let mut connection = within("connecting", pool.acquire()).await?;
    in_session(&mut connection, name, projection).await
}

/// The same over a connection of one's own: in a transaction, as of its snapshot.
pub(crate) async fn in_session(
    connection: &mut PgConnection,
    name: &str,
    projection: &str,
) -> Result<Parking, ReadModelError> {
    // What is skipped after what is parked: an operator skips what is parked, and so nothing that was
    // skipped in between is missed by one who finds it released.
    let sequences = sequences(&mut *connection, name).await?;
    let skipped = sqlx::query_as::<_, (i64, Uuid)>(
        "SELECT position, event_id
         FROM read.skipped_event
         WHERE projection = $1",
    )
    .bind(projection);
    let skipped = within("reading what is skipped", skipped.fetch_all(connection)).await?;
    Ok(Parking {
        sequences,
        skipped: skipped.into_iter().collect(),
    })
}

/// The sequences that are parked under `name`.
pub(super) async fn sequences(
    connection: &mut PgConnection,
    name: &str,
) -> Result<Vec<ParkedSequence>, ReadModelError> {
    let parked = sqlx::query(include_str!("parked.sql"))
        .bind(Some(name))
        .bind(i64::MAX);
    let rows = within("reading what is parked", parked.fetch_all(connection)).await?;
    rows.iter().map(sequence).collect()
}

pub(super) async fn counts(pool: &PgPool) -> Result<Vec<ParkedCount>, ReadModelError> {
    let query = sqlx::query_as::<_, (String, i64, i64, DateTime<Utc>)>(
        "SELECT projection, count(*), (sum(queued) + count(*))::bigint, min(since)
         FROM read.parked_sequence
         GROUP BY projection",
    );
    let rows = within("counting what is parked", query.fetch_all(pool)).await?;
    let counts = rows
        .into_iter()
        .map(|(projection, sequences, events, oldest)| ParkedCount {
            projection,
            sequences,
            events,
            oldest,
        });
    Ok(counts.collect())
}

impl PostgresReadModels {
    /// What is parked of the projection, or of all of them, in the order of projections and positions; at
    /// most `limit`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn parked(
        &self,
        projection: Option<&str>,
        limit: i64,
    ) -> Result<Vec<ParkedOf>, ReadModelError> {
        let query = sqlx::query(include_str!("parked.sql"))
            .bind(projection)
            .bind(limit);
        let rows = within("reading what is parked", query.fetch_all(&self.pool)).await?;
        let named = rows.iter().map(|row| {
            let projection = row.try_get("projection");
            Ok(ParkedOf {
                projection: projection.map_err(of("reading what is parked"))?,
                sequence: sequence(row)?,
            })
        });
        named.collect()
    }

    /// The sequence of the projection that stops at `position`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_parked(
        &self,
        projection: &str,
        position: i64,
    ) -> Result<Option<ParkedSequence>, ReadModelError> {
        // There are no more than may be.
        let parked = self.parked(Some(projection), i64::MAX).await?;
        let mut sequences = parked.into_iter().map(|parked| parked.sequence);
        Ok(sequences.find(|parked| parked.stop.place.position == position))
    }

    /// The events that were skipped of the projection, the latest first; at most `limit`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn skipped(
        &self,
        projection: &str,
        limit: i64,
    ) -> Result<Vec<SkippedEvent>, ReadModelError> {
        self.read_skipped(projection, None, limit).await
    }

    /// The event at `position`, if it was skipped of the projection.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_skipped(
        &self,
        projection: &str,
        position: i64,
    ) -> Result<Option<SkippedEvent>, ReadModelError> {
        Ok(self
            .read_skipped(projection, Some(position), 1)
            .await?
            .pop())
    }

    async fn read_skipped(
        &self,
        projection: &str,
        position: Option<i64>,
        limit: i64,
    ) -> Result<Vec<SkippedEvent>, ReadModelError> {
        let query = sqlx::query(include_str!("skipped.sql"))
            .bind(projection)
            .bind(limit)
            .bind(position);
        let rows = within("reading what is skipped", query.fetch_all(&self.pool)).await?;
        rows.iter().map(skipped).collect()
    }

    /// Has the leader try again the sequence that stops at `position`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn retry_parked(
        &self,
        projection: &str,
        position: i64,
    ) -> Result<Asked, ReadModelError> {
        let query = sqlx::query_scalar(include_str!("want.sql"))
            .bind(projection)
            .bind(position);
        let found: i64 = within("asking for a retry", query.fetch_one(&self.pool)).await?;
        Ok(match found {
            0 => Asked::NotParked,
            _ => Asked::Noted,
        })
    }

    /// Records that the event at `position`, which stops a sequence, is left out of the projection, and has
    /// the leader go on with what waits behind it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn skip_parked(
        &self,
        projection: &str,
        position: i64,
        reason: &str,
        by: &str,
    ) -> Result<Asked, ReadModelError> {
        let skipping = async {
            let mut transaction = self.pool.begin().await?;
            // An operator's word is not a fold that could be made again.
            sqlx::query("SET LOCAL synchronous_commit = on")
                .execute(&mut *transaction)
                .await?;
            // A stream and a row can stop at one event; that it only waits is said if all do.
            let behind: Vec<Option<String>> = sqlx::query_scalar(
                "SELECT behind
                 FROM read.parked_sequence
                 WHERE projection = $1
                   AND position = $2
                 ORDER BY sequence
                 FOR UPDATE",
            )
            .bind(projection)
            .bind(position)
            .fetch_all(&mut *transaction)
            .await?;
            if behind.is_empty() {
                return Ok(Asked::NotParked);
            }
            if let Some(stream) = behind.into_iter().collect::<Option<Vec<_>>>() {
                return Ok(Asked::Behind(stream.join(", ")));
            }
            let skipped = sqlx::query(include_str!("skip.sql"))
                .bind(projection)
                .bind(position)
                .bind(reason)
                .bind(by)
                .execute(&mut *transaction)
                .await?;
            if skipped.rows_affected() == 0 {
                // It is skipped already, and why and by whom stands.
                return Ok(Asked::Noted);
            }
            sqlx::query(
                "UPDATE read.parked_sequence
                 SET wanted   = true,
                     revision = revision + 1
                 WHERE projection = $1
                   AND position = $2",
            )
            .bind(projection)
            .bind(position)
            .execute(&mut *transaction)
            .await?;
            transaction.commit().await?;
            Ok(Asked::Noted)
        };
        within("skipping an event", skipping).await
    }
}

fn sequence(row: &PgRow) -> Result<ParkedSequence, ReadModelError> {
    let read = || {
        Ok(ParkedSequence {
            sequence: row.try_get("sequence")?,
            stop: Stop {
                place: place(row)?,
                event_id: row.try_get("event_id")?,
                event_type: row.try_get("event_type")?,
                after: row.try_get("after")?,
                error: row.try_get("error")?,
                behind: row.try_get("behind")?,
            },
            queued: row.try_get("queued")?,
            attempts: row.try_get("attempts")?,
            since: row.try_get("since")?,
            tried_at: row.try_get("tried_at")?,
            wanted: row.try_get("wanted")?,
            revision: row.try_get("revision")?,
        })
    };
    read().map_err(of("reading what is parked"))
}

fn place(row: &PgRow) -> Result<Place, sqlx::Error> {
    Ok(Place {
        stream: row.try_get("stream")?,
        version: row.try_get("version")?,
        position: row.try_get("position")?,
    })
}

fn skipped(row: &PgRow) -> Result<SkippedEvent, ReadModelError> {
    let read = || {
        Ok(SkippedEvent {
            place: place(row)?,
            event_id: row.try_get("event_id")?,
            event_type: row.try_get("event_type")?,
            sequence: row.try_get("sequence")?,
            error: row.try_get("error")?,
            reason: row.try_get("reason")?,
            skipped_by: row.try_get("skipped_by")?,
            skipped_at: row.try_get("skipped_at")?,
        })
    };
    read().map_err(of("reading what is skipped"))
}
