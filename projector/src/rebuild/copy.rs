//! Rows in the binary format of `COPY`.

use crate::{row::Row, storage::postgres::write_field};
use bytes::Bytes;

/// What a stream of rows begins with: the signature, no flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// What it ends with.
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();

/// About how many bytes are sent at once.
const CHUNK: usize = 256 << 10;

/// Makes chunks of rows.
pub(super) struct Encoder {
    buffer: Vec<u8>,
    rows: u64,
}

impl Encoder {
    pub(super) fn new() -> Self {
        let mut buffer = Vec::with_capacity(CHUNK + CHUNK / 8);
        buffer.extend_from_slice(HEADER);
        Self { buffer, rows: 0 }
    }

    /// How many rows there were.
    pub(super) const fn rows(&self) -> u64 {
        self.rows
    }

    /// Adds a row; gives a chunk when there is enough for one.
    pub(super) fn add<R: Row>(&mut self, row: &R) -> Option<Bytes> {
        let count = i16::try_from(R::COLUMNS.len()).unwrap_or(i16::MAX);
        self.buffer.extend_from_slice(&count.to_be_bytes());
        for index in 0..R::COLUMNS.len() {
            write_field(&mut self.buffer, |out| row.write(index, out));
        }
        self.rows += 1;
        (self.buffer.len() >= CHUNK).then(|| self.chunk())
    }

    /// The last chunk.
    pub(super) fn finish(&mut self) -> Bytes {
        self.buffer.extend_from_slice(&TRAILER);
        self.chunk()
    }

    fn chunk(&mut self) -> Bytes {
        let next = Vec::with_capacity(CHUNK + CHUNK / 8);
        std::mem::replace(&mut self.buffer, next).into()
    }
}
