//! What the database tells of rebuilds: those that run, in whatever process, and what they replaced.

use super::progress::Stage;
use crate::storage::{PostgresReadModels, ReadModelError, postgres::of};
use chrono::{DateTime, Utc};
use domain::{EventId, Position};
use serde::Serialize;
use sqlx::{PgConnection, Row as _, postgres::PgRow};
use store::Bookmark;
use utoipa::ToSchema;
use uuid::Uuid;

/// What had a rebuild started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RebuildStartedBy)]
pub enum StartedBy {
    /// `projector rebuild`.
    Command,
    /// A request.
    Api,
    /// The rows were of an older version of the fold than that of the process that leads.
    NewVersion,
}

impl StartedBy {
    /// Its name, as it is stored.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Api => "api",
            Self::NewVersion => "new_version",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        let all = [Self::Command, Self::Api, Self::NewVersion];
        all.into_iter().find(|by| by.as_str() == name)
    }
}

/// How far a rebuild is that is under way, in whatever process.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = ProjectionRebuild)]
pub struct RebuildStatus {
    /// What it is at.
    pub stage: Stage,
    /// The version of the fold that it builds.
    pub version: i32,
    /// How many events were folded; where the rows take several passes, those of further passes again.
    pub events: i64,
    /// Up to where this pass has folded.
    pub position: i64,
    /// Up to where it goes: the store's head when the rebuild began. What came since is folded at the end.
    pub until: i64,
    /// How much of the fold is done, all passes together, in percent. It goes back where the rows turn out to
    /// be too many for one pass.
    pub percent: f64,
    /// How many events were folded a second, so far.
    pub events_per_s: f64,
    /// How long the rest of the fold takes at this pace, in seconds; absent while nobody can tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eta_s: Option<f64>,
    /// When it was started.
    pub started_at: DateTime<Utc>,
    /// What had it started.
    pub by: StartedBy,
}

/// A rebuild that is under way, and of what.
#[derive(Debug, Clone, PartialEq)]
pub struct RebuildRecord {
    /// The projection.
    pub projection: String,
    /// How far it is.
    pub status: RebuildStatus,
}

/// What a rebuild replaced, and is kept for a rollback.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = ReplacedProjection)]
pub struct Replaced {
    /// The version of the fold that made its rows.
    pub version: i32,
    /// Up to where its rows are folded.
    pub position: i64,
    /// When it was replaced.
    pub replaced_at: DateTime<Utc>,
    /// How much room it takes on the database's disk, in bytes.
    pub bytes: i64,
    /// The event at `position`, if that is known.
    #[serde(skip)]
    pub(crate) event_id: Option<Uuid>,
    /// In which life of the store.
    #[serde(skip)]
    pub(crate) store_epoch: Uuid,
}

impl Replaced {
    /// Up to where its rows are folded, and the event there.
    pub(super) fn at(&self) -> Bookmark {
        Bookmark {
            position: Position::new(self.position),
            event_id: self.event_id.map(EventId::new),
        }
    }
}

/// What a rebuild replaced, and of what.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplacedRecord {
    /// The projection.
    pub projection: String,
    /// What is kept.
    pub replaced: Replaced,
}

/// The rebuilds that are under way, and what is kept of earlier ones.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rebuilding {
    /// Those that run, by projection.
    pub under_way: Vec<RebuildRecord>,
    /// What they could be rolled back to, by projection.
    pub replaced: Vec<ReplacedRecord>,
}

impl PostgresReadModels {
    /// The rebuilds that run, in whatever process, and what is kept for rollbacks.
    ///
    /// # Errors
    /// The database failed.
    pub async fn read_rebuilding(&self) -> Result<Rebuilding, ReadModelError> {
        let pool = self.pool();
        let rows = sqlx::query(include_str!("under_way.sql")).fetch_all(pool);
        let rows = rows.await.map_err(of("reading how far rebuilds are"))?;
        let under_way: Result<_, _> = rows.iter().map(record).collect();
        let rows = sqlx::query(include_str!("replaced.sql"))
            .bind(None::<&str>)
            .fetch_all(pool);
        let rows = rows.await.map_err(of("reading what was replaced"))?;
        let replaced: Result<_, _> = rows.iter().map(replaced_record).collect();
        Ok(Rebuilding {
            under_way: under_way?,
            replaced: replaced?,
        })
    }
}

/// What is kept for a rollback of this projection, if anything is.
pub(super) async fn find_replaced(
    connection: &mut PgConnection,
    projection: &str,
) -> Result<Option<Replaced>, ReadModelError> {
    let row = sqlx::query(include_str!("replaced.sql"))
        .bind(projection)
        .fetch_optional(connection)
        .await
        .map_err(of("reading what was replaced"))?;
    let record = row.as_ref().map(replaced_record).transpose()?;
    Ok(record.map(|record| record.replaced))
}

/// A row of `read.rebuild`.
pub(super) fn record(row: &PgRow) -> Result<RebuildRecord, ReadModelError> {
    let read = || {
        let started_by: String = row.try_get("started_by")?;
        let stage: String = row.try_get("stage")?;
        Ok(RebuildRecord {
            projection: row.try_get("projection")?,
            status: RebuildStatus {
                stage: known("stage", &stage, Stage::parse)?,
                version: row.try_get("version")?,
                events: row.try_get("events")?,
                position: row.try_get("position")?,
                until: row.try_get("until")?,
                percent: row.try_get::<f64, _>("done")? * 100.0,
                events_per_s: row.try_get("rate")?,
                eta_s: row.try_get("left_s")?,
                started_at: row.try_get("started_at")?,
                by: known("started_by", &started_by, StartedBy::parse)?,
            },
        })
    };
    read().map_err(of("reading how far a rebuild is"))
}

fn known<T>(
    column: &str,
    name: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<T, sqlx::Error> {
    parse(name).ok_or_else(|| sqlx::Error::ColumnDecode {
        index: column.to_owned(),
        source: format!("{name} is nothing that this build knows").into(),
    })
}

fn replaced_record(row: &PgRow) -> Result<ReplacedRecord, ReadModelError> {
    let read = || {
        Ok(ReplacedRecord {
            projection: row.try_get("projection")?,
            replaced: Replaced {
                version: row.try_get("version")?,
                position: row.try_get("position")?,
                replaced_at: row.try_get("replaced_at")?,
                bytes: row.try_get("bytes")?,
                event_id: row.try_get("event_id")?,
                store_epoch: row.try_get("store_epoch")?,
            },
        })
    };
    read().map_err(of("reading what was replaced"))
}
