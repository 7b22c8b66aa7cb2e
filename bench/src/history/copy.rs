//! History as PostgreSQL's `COPY` takes it.

use super::Row;
use chrono::{DateTime, Utc};
use domain::TenantId;
use std::io::Write;

/// Where the rows go.
const STATEMENT: &str = "COPY store.events (
    position,
    version,
    occurred_at,
    recorded_at,
    event_id,
    command_id,
    correlation_id,
    causation_id,
    schema_version,
    stream,
    type,
    tenant,
    actor,
    payload
) FROM STDIN";

/// About how many bytes are sent at once.
const CHUNK: usize = 256 << 10;

/// Makes chunks of rows.
#[derive(Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// What to begin with.
    pub const fn statement() -> &'static str {
        STATEMENT
    }

    /// Adds a row; whether it is time to send what there is.
    pub fn add(&mut self, row: &Row) -> bool {
        let out = &mut self.bytes;
        let time = micros(row.time);
        // Writing to a vector cannot fail.
        let _ = write!(
            out,
            "{}\t{}\t{time}\t{time}\t{}\t{}\t{}\t",
            row.position, row.version, row.id, row.command, row.correlation
        );
        let actor = match row.causation {
            Some(cause) => {
                let _ = write!(out, "{cause}");
                "policy:history"
            }
            None => {
                out.extend_from_slice(b"\\N");
                "anonymous"
            }
        };
        let _ = write!(
            out,
            "\t{}\t{}\t{}\t{}\t{actor}\t",
            row.event.schema_version(),
            row.stream.as_str(),
            row.event.event_type(),
            TenantId::default(),
        );
        // JSON holds no line breaks and no tabs but escaped ones.
        for byte in row.event.encode() {
            if byte == b'\\' {
                out.push(b'\\');
            }
            out.push(byte);
        }
        out.push(b'\n');
        out.len() >= CHUNK
    }

    /// What there is to send.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Begins the next chunk.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }
}

fn micros(time: DateTime<Utc>) -> impl std::fmt::Display {
    time.format("%Y-%m-%d %H:%M:%S%.6f+00")
}
