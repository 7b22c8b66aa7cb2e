//! What can go wrong with a backup.

use crate::{Damage, manifest::FORMAT};
use store::StoreError;
use uuid::Uuid;

/// Why a backup could not be written, verified or restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The target is no directory and no URL of a storage, or cannot be used.
    #[error("{target}: {what}")]
    Target {
        /// What was named.
        target: String,
        /// What was being done.
        what: String,
        /// Why it failed.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// There is nothing.
    #[error("{target}: there is no backup here (no manifest.json)")]
    NoBackup {
        /// What was named.
        target: String,
    },
    /// Something in the backup is not what was written.
    #[error("the backup is damaged: {0}")]
    Damaged(Damage),
    /// Another build wrote it.
    #[error(
        "the backup has the format {found}, and this build knows {FORMAT}: use the build that wrote it"
    )]
    Format {
        /// What it says.
        found: u32,
    },
    /// The target holds the history of another store.
    #[error(
        "the target holds another history: at position {position} it has the event {event_id}, and the \
         store has another one there, or none; it was restored, or lost its tail, or is another store: \
         back it up to another target"
    )]
    AnotherHistory {
        /// Where the backup ends.
        position: i64,
        /// The event there.
        event_id: Uuid,
    },
    /// Somebody else has written to the target.
    #[error("another backup to the same target has finished meanwhile: run this one again")]
    Raced,
    /// Somebody else is writing to the target.
    #[error("{target}: another backup is being written there right now")]
    Busy {
        /// What was named.
        target: String,
    },
    /// The store could not do what it was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something could not be written as JSON, or not compressed.
    #[error("what was read from the store cannot be written")]
    Unwritable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The store took less, or more, than there is.
    #[error("{restored} events were restored, and the backup has {expected}")]
    Incomplete {
        /// How many the store has taken.
        restored: u64,
        /// How many there are.
        expected: u64,
    },
}

impl From<Damage> for BackupError {
    fn from(damage: Damage) -> Self {
        Self::Damaged(damage)
    }
}
