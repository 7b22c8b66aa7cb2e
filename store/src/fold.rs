//! The state of a stream as it is, or as it was.

use crate::{EventReader, StoreError};
use chrono::{DateTime, Utc};
use domain::{Position, State, StreamId, Version};

/// How many events are read at once.
const PAGE: usize = 1_000;

/// Up to where a stream is folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// To its end.
    End,
    /// To this version.
    Version(Version),
    /// To what was recorded at this time.
    Time(DateTime<Utc>),
    /// To what is at this position of the store.
    Position(Position),
}

/// A stream's state at some point.
#[derive(Debug, Clone, PartialEq)]
pub struct Folded {
    /// The state.
    pub state: State,
    /// The version it is of; zero if the stream has no event by then.
    pub version: Version,
    /// The position of the last event in it.
    pub position: Position,
    /// When that event was recorded.
    pub recorded_at: Option<DateTime<Utc>>,
}

/// How many events to read at once on the way from one version to another.
fn left(from: Version, to: Version) -> usize {
    usize::try_from(to.get() - from.get()).map_or(0, |left| left.min(PAGE))
}

/// Folds `stream` as far as `until` says.
pub async fn fold_stream(
    reader: &dyn EventReader,
    stream: &StreamId,
    until: Until,
) -> Result<Folded, StoreError> {
    let mut folded = Folded {
        state: State::empty(stream.category()),
        version: Version::ZERO,
        position: Position::ZERO,
        recorded_at: None,
    };
    loop {
        let limit = match until {
            // Not more than is wanted: the first version of a long stream is one event.
            Until::Version(version) => left(folded.version, version),
            Until::End | Until::Time(_) | Until::Position(_) => PAGE,
        };
        if limit == 0 {
            return Ok(folded);
        }
        let page = reader
            .read_streams(&[(stream.clone(), folded.version)], limit)
            .await?;
        let full = page.len() == limit;
        for stored in page {
            let recorded = stored.decode()?;
            let within = match until {
                Until::End => true,
                Until::Version(version) => recorded.envelope.version <= version,
                Until::Time(time) => recorded.envelope.recorded_at <= time,
                Until::Position(position) => recorded.envelope.position <= position,
            };
            if !within {
                return Ok(folded);
            }
            folded.state = folded.state.evolve(&recorded.event);
            folded.version = recorded.envelope.version;
            folded.position = recorded.envelope.position;
            folded.recorded_at = Some(recorded.envelope.recorded_at);
        }
        if !full {
            return Ok(folded);
        }
    }
}
