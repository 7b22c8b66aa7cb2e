//! Where the last event is.
//!
//! Leases are prolonged all the time, also where no orders come: looked for backwards from the end of
//! the log, the last event of a platform that was idle for days is behind a million records. So it is
//! remembered how far the log was looked through, and only what has come since is looked at.

use super::{
    connection::Connections,
    event::Read,
    reading::{Answer, Question},
};
use crate::StoreError;
use domain::{EventId, Position};

const WHAT: &str = "reading the head";

/// How many records are looked at that have come since. With more of them events come often, so the
/// last one is near the end.
const NEWS: usize = 256;

/// How far the log was looked through.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// The last record of any kind.
    end: (Position, EventId),
    /// The last event there was then.
    head: Position,
}

/// The position of the last event; zero if there is none.
pub(super) async fn head(connections: &Connections) -> Result<Position, StoreError> {
    let since = match connections.seen() {
        Some(seen) => look_on(connections, seen).await?,
        None => None,
    };
    let seen = match since {
        Some(seen) => Some(seen),
        None => look_back(connections).await?,
    };
    connections.remember(seen);
    Ok(seen.map_or(Position::ZERO, |seen| seen.head))
}

/// Looks at what has come since. None if that is much, or if the log is another one.
async fn look_on(connections: &Connections, seen: Seen) -> Result<Option<Seen>, StoreError> {
    let question = Question::everything_from(seen.end.0, NEWS);
    let Answer::Events(read) = connections.read_at(WHAT, &question).await? else {
        return Ok(None);
    };
    let (Some(first), Some(last)) = (read.first(), read.last()) else {
        return Ok(None);
    };
    if place(first)? != seen.end || read.len() >= NEWS {
        return Ok(None);
    }
    let names = connections.names();
    let event = read.iter().rfind(|record| record.is_event(names));
    Ok(Some(Seen {
        end: place(last)?,
        head: event.map_or(Ok(seen.head), Read::position)?,
    }))
}

/// Looks for it from the end of the log. None if there is nothing at all.
async fn look_back(connections: &Connections) -> Result<Option<Seen>, StoreError> {
    // First: events that come after it are looked at the next time, too.
    let end = connections.read(WHAT, &Question::end()).await?;
    let Some(end) = end.first() else {
        return Ok(None);
    };
    let question = Question::all_before(connections.names(), None, 1);
    let read = connections.read(WHAT, &question).await?;
    Ok(Some(Seen {
        end: place(end)?,
        head: read.first().map_or(Ok(Position::ZERO), Read::position)?,
    }))
}

fn place(record: &Read) -> Result<(Position, EventId), StoreError> {
    Ok((record.position()?, record.id()?))
}
