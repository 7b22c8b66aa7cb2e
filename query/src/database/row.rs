//! Columns of a row, by their place in the statement.

use super::ReadError;
use serde::de::{DeserializeOwned, value::StrDeserializer};
use sqlx::{Column as _, Decode, Postgres, Row, Type, error::BoxDynError, postgres::PgRow};

/// Reads a row's columns; an error names table and column.
pub(crate) trait Column {
    /// The column at `index`, counted from 0.
    fn column<'r, T>(&'r self, table: &'static str, index: usize) -> Result<T, ReadError>
    where
        T: Decode<'r, Postgres> + Type<Postgres>;
}

impl Column for PgRow {
    fn column<'r, T>(&'r self, table: &'static str, index: usize) -> Result<T, ReadError>
    where
        T: Decode<'r, Postgres> + Type<Postgres>,
    {
        self.try_get(index)
            .map_err(|error| corrupt(self, table, index, error))
    }
}

/// A column that holds one of the words that serde knows `T` by.
pub(crate) fn word<T: DeserializeOwned>(
    row: &PgRow,
    table: &'static str,
    index: usize,
) -> Result<T, ReadError> {
    let text: &str = Column::column(row, table, index)?;
    let word = StrDeserializer::<serde::de::value::Error>::new(text);
    T::deserialize(word).map_err(|error| corrupt(row, table, index, error))
}

/// A column holds what it cannot.
pub(crate) fn corrupt(
    row: &PgRow,
    table: &'static str,
    index: usize,
    source: impl Into<BoxDynError>,
) -> ReadError {
    let named = row.columns().get(index).map(|column| column.name());
    ReadError::Corrupt {
        table,
        column: named.map_or_else(|| index.to_string(), str::to_owned),
        source: source.into(),
    }
}
