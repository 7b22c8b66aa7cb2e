//! What an error of the database means for whoever asked.

use sqlx::{Error, error::BoxDynError, postgres::PgDatabaseError};
use store::postgres::{is_lost, passes_by_itself};

/// Why the read models could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// It cannot be reached, or refuses work for now.
    #[error("the read models' database cannot be reached")]
    Unavailable(#[source] BoxDynError),
    /// All connections are in use.
    #[error("all connections to the read models are in use")]
    Busy,
    /// The statement took longer than it may.
    #[error("reading took longer than it may")]
    TooSlow,
    /// The projector has not made them yet.
    #[error("the read models are not there yet")]
    NotMigrated(#[source] BoxDynError),
    /// A row holds what it cannot hold.
    #[error("column {column} of a row of read.{table} holds what it cannot")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: String,
        /// What is wrong with it.
        #[source]
        source: BoxDynError,
    },
    /// A bug, or a database that is not as it must be.
    #[error("reading failed")]
    Failed(#[source] BoxDynError),
}

impl ReadError {
    /// A value could not be sent.
    pub(super) fn encoding(error: BoxDynError) -> Self {
        Self::Failed(error)
    }

    /// A statement failed.
    pub(super) fn of(error: Error) -> Self {
        let code = database(&error).map_or("", PgDatabaseError::code);
        match code {
            // Cancelled: by the limit on a statement's time, or by a person.
            "57014" => Self::TooSlow,
            // No such schema, table or column.
            "3F000" | "42P01" | "42703" => Self::NotMigrated(error.into()),
            code if is_lost(&error) || passes_by_itself(code) => Self::Unavailable(error.into()),
            _ => Self::Failed(error.into()),
        }
    }

    /// A connection could not be made.
    pub(super) fn of_connecting(error: Error) -> Self {
        match &error {
            Error::Configuration(_) => Self::Failed(error.into()),
            _ => Self::Unavailable(error.into()),
        }
    }
}

fn database(error: &Error) -> Option<&PgDatabaseError> {
    error
        .as_database_error()
        .and_then(|error| error.try_downcast_ref())
}
