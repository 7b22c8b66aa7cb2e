//! What can go wrong with what is remembered of deliveries.

use domain::Position;
use sqlx::migrate::MigrateError;
use store::{StoreError, Undecodable, postgres::is_lost};
use vault::VaultError;

/// Why something was not read, recorded or sealed.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// The database cannot be reached, did not answer in time, or failed.
    #[error("the database of notifications failed")]
    Database(#[from] sqlx::Error),
    /// The events cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An event cannot be read: nothing after it can be told of.
    #[error(transparent)]
    Undecodable(#[from] Undecodable),
    /// A secret cannot be sealed or opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A row holds what it cannot.
    #[error("notify.{table}.{column} of {row} cannot be read: {problem}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// Which row.
        row: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Another process has recorded what this one was about to.
    #[error("another process reads the events for notifications now")]
    Fenced,
    /// The store is not the one that the checkpoint is of, or lost its tail.
    #[error(
        "the event store is another one, or was restored, or lost its tail: what notifications have \
         read up to position {0} is not what is there: delete the row of notify.checkpoint, which \
         makes them begin at the head again (docs/webhooks.md)"
    )]
    Rewound(Position),
}

impl NotifyError {
    /// Whether the same may go well in a while: nobody need do anything about it.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Database(error) => passes_by_itself(error),
            Self::Store(error) => error.is_transient(),
            Self::Vault(error) => error.is_transient(),
            Self::Fenced => true,
            Self::Undecodable(_) | Self::Corrupt { .. } | Self::Rewound(_) => false,
        }
    }

    /// What may be said of it to whoever asks: nothing of what the databases said.
    pub fn in_short(&self) -> String {
        match self {
            Self::Store(error) => error.in_short().into(),
            _ => self.to_string(),
        }
    }
}

fn passes_by_itself(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut => true,
        sqlx::Error::Migrate(error) => match error.as_ref() {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
                passes_by_itself(error)
            }
            _ => false,
        },
        sqlx::Error::Database(said) => {
            is_lost(error) || said.code().is_some_and(|code| passes(&code))
        }
        error => is_lost(error),
    }
}

/// SQLSTATEs of what passes: no connection to be had, a lock or a time-out, a server that starts or
/// stops.
fn passes(code: &str) -> bool {
    matches!(
        code,
        "40001" | "40P01" | "53300" | "55P03" | "57014" | "57P01" | "57P02" | "57P03"
    )
}
