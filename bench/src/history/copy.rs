//! History as PostgreSQL's `COPY` takes it.

use chrono::{DateTime, Utc};
use domain::Recorded;
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
    pub fn add(&mut self, recorded: &Recorded) -> bool {
        let Recorded { envelope, event } = recorded;
        let out = &mut self.bytes;
        let (occurred_at, recorded_at) = (envelope.occurred_at, envelope.recorded_at);
        // Writing to a vector cannot fail.
        let _ = write!(
            out,
            "{}\t{}\t{}\t{}\t{}\t{}\t{}\t",
            envelope.position,
            envelope.version,
            micros(occurred_at),
            micros(recorded_at),
            envelope.event_id,
            envelope.command_id,
            envelope.correlation_id
        );
        let _ = match envelope.causation_id {
            Some(cause) => write!(out, "{cause}"),
            None => write!(out, "\\N"),
        };
        let _ = write!(
            out,
            "\t{}\t{}\t{}\t{}\t{}\t",
            event.schema_version(),
            envelope.stream.as_str(),
            event.event_type(),
            envelope.tenant,
            envelope.actor,
        );
        // JSON holds no line breaks and no tabs but escaped ones.
        for byte in event.encode() {
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
