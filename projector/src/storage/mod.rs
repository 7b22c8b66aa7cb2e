//! Where read models are kept: rows, and with them the checkpoint.

mod memory;
mod parked;
pub mod postgres;

pub use memory::{MemoryReadModels, MemorySnapshot};
pub use postgres::{Asked, ParkedOf, PostgresReadModels, SkippedEvent};

use crate::{
    parking::{ParkedCount, ParkedSequence, Parking, ParkingChange},
    projection::Projection,
    rebuild::Rebuilding,
    row::Row,
};
use chrono::{DateTime, Utc};
use domain::{EventId, Position};
use serde::Serialize;
use std::cmp::Ordering;
use store::Bookmark;
use uuid::Uuid;

/// Why read models could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ReadModelError {
    /// Another leader has taken over, or the read model was built anew. Nothing was written; stop.
    #[error("another process leads {0} now")]
    Fenced(&'static str),
    /// The rows were made by another version of the fold.
    #[error(
        "read.{name} was made by version {found} of its fold, and this build folds version \
         {expected}: {}",
        way_on(name, *found, *expected)
    )]
    Version {
        /// The projection.
        name: &'static str,
        /// The version that made the rows.
        found: i32,
        /// The version that would go on.
        expected: i32,
    },
    /// The database cannot be reached, or refuses work for now. Nothing was written; try again.
    #[error("the database of the read models cannot be reached")]
    Unavailable(#[source] sqlx::Error),
    /// The database refused what it should do, which trying again does not help.
    #[error("the database of the read models failed: {what}")]
    Failed {
        /// What was being done.
        what: String,
        /// What the database said.
        #[source]
        source: sqlx::Error,
    },
    /// A row holds what it cannot.
    #[error("read.{table}.{column} holds what it cannot: {detail}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// What is wrong with it.
        detail: String,
    },
}

impl ReadModelError {
    /// Whether trying again can help.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Fenced(_) | Self::Unavailable(_))
    }

    /// Whether the rows are of an older or of a newer version of the fold than this build's.
    pub const fn other_version(&self) -> Option<Ordering> {
        match self {
            Self::Version {
                found, expected, ..
            } if *found < *expected => Some(Ordering::Less),
            Self::Version { .. } => Some(Ordering::Greater),
            _ => None,
        }
    }

    /// What may be said of it to whoever asks: nothing of what the database said.
    pub fn in_short(&self) -> String {
        match self {
            Self::Failed { .. } | Self::Corrupt { .. } => {
                "the database of the read models failed; the log says how".into()
            }
            Self::Fenced(_) | Self::Version { .. } | Self::Unavailable(_) => self.to_string(),
        }
    }
}

/// What may be done about rows of version `found` by whoever has a build of version `build`.
fn way_on(name: &str, found: i32, build: i32) -> String {
    match found < build {
        true => format!("run `projector rebuild {name}`"),
        false => format!(
            "it waits for a newer build; to go on with this one, run `projector rollback {name}`, or \
             `projector rebuild {name}`, with it"
        ),
    }
}

/// How far a projection has folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// Up to here.
    pub at: Bookmark,
    /// In which life of the store; none before the first event.
    pub store_epoch: Option<Uuid>,
}

/// A checkpoint, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckpointRecord {
    /// The projection; with `__new` at its end one that is being built.
    pub name: String,
    /// The version of the fold.
    pub version: i32,
    /// Up to here.
    pub position: Position,
    /// The event at `position`, if that is known.
    pub event_id: Option<EventId>,
    /// In which life of the store.
    pub store_epoch: Option<Uuid>,
    /// The fencing token of the leader.
    pub leader_epoch: i64,
    /// When it was written.
    pub updated_at: DateTime<Utc>,
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Change<R: Row> {
    /// It is new.
    Insert(R),
    /// It has changed. What is set once has not.
    Update(R),
    /// It is gone. It does not come back in the same batch.
    Delete(R::Key),
}

/// What a projection has made of a batch of events: written as a whole, or not at all.
#[derive(Debug, Clone)]
pub struct Commit<R: Row> {
    /// The leader's fencing token.
    pub leader_epoch: i64,
    /// Up to where it had folded.
    pub from: Position,
    /// Up to where it has folded now.
    pub to: Bookmark,
    /// In which life of the store.
    pub store_epoch: Uuid,
    /// The rows that changed, each once.
    pub changes: Vec<Change<R>>,
    /// What changed of what is parked.
    pub parking: Vec<ParkingChange>,
}

/// The keys of a projection's rows.
pub type KeyOf<P> = <<P as Projection>::Row as Row>::Key;

/// Keeps read models.
pub trait ReadModels: Clone + Send + Sync + 'static {
    /// Makes `leader_epoch` the only one that may commit for `P`, and says how far it is.
    fn take_over<P: Projection>(
        &self,
        leader_epoch: i64,
    ) -> impl Future<Output = Result<Checkpoint, ReadModelError>> + Send;

    /// Whether that leader still leads `P`; it does where nobody builds anew.
    fn leads<P: Projection>(
        &self,
        leader_epoch: i64,
    ) -> impl Future<Output = Result<bool, ReadModelError>> + Send {
        let _ = leader_epoch;
        std::future::ready(Ok(true))
    }

    /// Those of the rows that are there, without what is set once.
    fn load<P: Projection>(
        &self,
        keys: &[KeyOf<P>],
    ) -> impl Future<Output = Result<Vec<P::Row>, ReadModelError>> + Send;

    /// Writes rows, what is parked and checkpoint, if the leader still leads, the checkpoint is where it
    /// began, and nobody has changed what it saw of what is parked; else nothing.
    fn commit<P: Projection>(
        &self,
        commit: Commit<P::Row>,
    ) -> impl Future<Output = Result<(), ReadModelError>> + Send;

    /// All checkpoints.
    fn checkpoints(
        &self,
    ) -> impl Future<Output = Result<Vec<CheckpointRecord>, ReadModelError>> + Send;

    /// What is parked of `P`, and what is left out of it.
    fn parking<P: Projection>(
        &self,
    ) -> impl Future<Output = Result<Parking, ReadModelError>> + Send;

    /// The sequences that are parked of `P`.
    fn parked_sequences<P: Projection>(
        &self,
    ) -> impl Future<Output = Result<Vec<ParkedSequence>, ReadModelError>> + Send;

    /// How much is parked of each projection of which anything is.
    fn parked_counts(
        &self,
    ) -> impl Future<Output = Result<Vec<ParkedCount>, ReadModelError>> + Send;

    /// The rebuilds that run, and what is kept of earlier ones; none where there are no rebuilds.
    fn rebuilding(&self) -> impl Future<Output = Result<Rebuilding, ReadModelError>> + Send {
        std::future::ready(Ok(Rebuilding::default()))
    }
}
