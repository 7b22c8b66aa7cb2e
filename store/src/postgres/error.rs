//! What an error of the database means for whoever asked.

use crate::StoreError;
use sqlx::{
    Error,
    error::BoxDynError,
    postgres::{PgDatabaseError, PgSeverity},
};

/// What became of an append that failed.
#[derive(Debug)]
pub(super) enum AppendError {
    /// Nothing was done: somebody else committed to a stream, or a command, in the meantime.
    Raced,
    /// Anything else.
    Store(StoreError),
}

/// Whether the connection is of no use any more: what every reader of Postgres needs to know.
pub fn is_lost(error: &Error) -> bool {
    match error {
        Error::Database(_) => database(error).is_some_and(|error| {
            matches!(error.severity(), PgSeverity::Fatal | PgSeverity::Panic)
                || error.code().starts_with("08")
        }),
        Error::Io(_) | Error::Tls(_) | Error::Protocol(_) | Error::WorkerCrashed => true,
        _ => false,
    }
}

/// A connection could not be made, so nothing was done.
pub(super) fn of_connecting(error: Error) -> StoreError {
    let hopeless = match &error {
        Error::Configuration(_) | Error::Tls(_) => true,
        // A wrong password, or no such database.
        Error::Database(_) => database(&error)
            .is_some_and(|error| error.code().starts_with("28") || error.code() == "3D000"),
        _ => false,
    };
    if hopeless {
        failed("connecting to the database", error)
    } else {
        StoreError::Unavailable(error.into())
    }
}

/// A statement failed that changes nothing, or that may as well be done twice.
pub(super) fn of_reading(what: &str, error: Error) -> StoreError {
    let passes =
        is_lost(&error) || database(&error).is_some_and(|error| passes_by_itself(error.code()));
    if passes {
        StoreError::Unavailable(error.into())
    } else {
        failed(what, error)
    }
}

/// The statement of an append failed.
pub(super) fn of_append(error: Error) -> AppendError {
    let Some(said) = database(&error).filter(|_| !is_lost(&error)) else {
        // The server ends sessions after commits as well as before.
        return AppendError::Store(if is_lost(&error) {
            StoreError::OutcomeUnknown(error.into())
        } else {
            failed("appending", error)
        });
    };
    // An error of the statement is the end of its transaction: nothing was done.
    match said.code() {
        // A unique key, or take_head.
        "23505" | "OS001" => AppendError::Raced,
        code if passes_by_itself(code) => AppendError::Store(StoreError::Unavailable(error.into())),
        // Values that the columns do not take: not JSON, not text, not allowed.
        code if code.starts_with("22") || code.starts_with("23") => {
            AppendError::Store(StoreError::Misuse(describe(said)))
        }
        _ => AppendError::Store(failed("appending", error)),
    }
}

/// Values could not be made into parameters: they are too large.
pub(crate) fn of_encoding(error: BoxDynError) -> StoreError {
    StoreError::Misuse(format!("it cannot be sent to the database: {error}"))
}

fn failed(what: &str, error: Error) -> StoreError {
    let what = match database(&error) {
        Some(said) if matches!(said.code(), "42P01" | "42883" | "42703" | "3F000") => {
            format!(
                "{what}: the schema `store` is not migrated: {}",
                describe(said)
            )
        }
        Some(said) => format!("{what}: {}", describe(said)),
        None => what.to_owned(),
    };
    StoreError::Failed {
        what,
        source: error.into(),
    }
}

/// Conflicts of locks, exhausted resources, time limits, a server that stops, starts or is a
/// standby: the statement was undone and may succeed later.
pub fn passes_by_itself(code: &str) -> bool {
    ["40", "53", "57"]
        .iter()
        .any(|class| code.starts_with(class))
        || matches!(code, "55P03" | "25006")
}

fn database(error: &Error) -> Option<&PgDatabaseError> {
    error.as_database_error()?.try_downcast_ref()
}

/// What the server said, with the table, column and constraint that it named.
fn describe(error: &PgDatabaseError) -> String {
    let place = [error.table(), error.column(), error.constraint()];
    let place: Vec<_> = place.into_iter().flatten().collect();
    let place = if place.is_empty() {
        String::new()
    } else {
        format!(" ({})", place.join(", "))
    };
    format!("{}{place} [{}]", error.message(), error.code())
}
