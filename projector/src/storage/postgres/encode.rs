//! Values of rows as parameters and as fields of `COPY`.

use crate::row::{Key, Kind, Row};
use sqlx::{
    Postgres, Type,
    encode::{Encode, IsNull},
    error::BoxDynError,
    postgres::{PgArgumentBuffer, PgTypeInfo, types::Oid},
};

/// The values of a column, as an array of the column's type.
pub(crate) struct ColumnArray {
    kind: Kind,
    bytes: Vec<u8>,
}

impl ColumnArray {
    pub(crate) fn of_rows<R: Row>(kind: Kind, rows: &[&R], index: usize) -> Self {
        let values = rows
            .iter()
            .map(|row| |out: &mut Vec<u8>| row.write(index, out));
        Self::of(kind, values)
    }

    pub(crate) fn of_keys<K: Key>(kind: Kind, keys: &[K], index: usize) -> Self {
        let values = keys
            .iter()
            .map(|key| |out: &mut Vec<u8>| key.write(index, out));
        Self::of(kind, values)
    }

    fn of<W>(kind: Kind, values: impl ExactSizeIterator<Item = W>) -> Self
    where
        W: FnOnce(&mut Vec<u8>) -> bool,
    {
        let count = i32::try_from(values.len()).unwrap_or(i32::MAX);
        let mut bytes = Vec::with_capacity(20 + 16 * values.len());
        let (element, _) = kind.oids();
        // One dimension, nulls may be in it, the type, how many, counted from 1.
        bytes.extend_from_slice(&1_i32.to_be_bytes());
        bytes.extend_from_slice(&1_i32.to_be_bytes());
        bytes.extend_from_slice(&element.to_be_bytes());
        bytes.extend_from_slice(&count.to_be_bytes());
        bytes.extend_from_slice(&1_i32.to_be_bytes());
        for value in values {
            write_field(&mut bytes, value);
        }
        Self { kind, bytes }
    }
}

/// Writes a value with its length before it, or that it is null.
pub(crate) fn write_field(out: &mut Vec<u8>, value: impl FnOnce(&mut Vec<u8>) -> bool) {
    let start = out.len();
    out.extend_from_slice(&(-1_i32).to_be_bytes());
    if value(out) {
        // No value comes near to what a length can say: they come from events, which are bounded.
        let length = i32::try_from(out.len() - start - 4).unwrap_or(i32::MAX);
        out[start..start + 4].copy_from_slice(&length.to_be_bytes());
    }
}

impl Type<Postgres> for ColumnArray {
    fn type_info() -> PgTypeInfo {
        // What it really is, each value says for itself.
        PgTypeInfo::with_oid(Oid(Kind::Text.oids().1))
    }
}

impl Encode<'_, Postgres> for ColumnArray {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buffer.extend_from_slice(&self.bytes);
        Ok(IsNull::No)
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        Some(PgTypeInfo::with_oid(Oid(self.kind.oids().1)))
    }

    fn size_hint(&self) -> usize {
        self.bytes.len()
    }
}
