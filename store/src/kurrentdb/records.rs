//! Reading the records of all commands, in the order of the log.

use super::{
    commands::{LastEvent, Recorded, forgotten},
    connection::Connections,
    event::Read,
    reader::event_at,
    reading::Question,
};
use crate::{CommandCursor, CommandPage, Cut, EventPlace, StoreError, StoredCommand};
use domain::Position;

const WHAT: &str = "reading command records";

/// As [`BackupSource::read_commands`](crate::BackupSource::read_commands). Records come after their
/// events in the log: those up to the place of `until` all belong to events before it, and of those
/// behind it the ones that name it, or what was there before it.
pub(super) async fn read(
    connections: &Connections,
    from: CommandCursor,
    until: Option<&Cut>,
    limit: usize,
) -> Result<CommandPage, StoreError> {
    let (forgotten, _) = forgotten(connections).await?;
    let prefix = connections.names().commands();
    // The first is the one that was read last, or an event that is none of these.
    let question = Question::all_from(&prefix, from.place, limit.saturating_add(1), usize::MAX);
    let read = connections.read(WHAT, &question).await?;
    let is_full = read.len() > limit;
    let (mut records, mut place) = (Vec::with_capacity(read.len()), from.place);
    for read in read {
        let at = read.position()?;
        if at <= from.place {
            continue;
        }
        let recorded: Recorded =
            serde_json::from_slice(&read.0.data).map_err(|error| read.corrupt("data", error))?;
        if !belongs(&recorded.last_event, at, until) {
            return Ok(CommandPage {
                records,
                next: None,
            });
        }
        place = at;
        if at > forgotten {
            records.push(stored(connections, &read, recorded).await?);
        }
    }
    let next = is_full.then_some(CommandCursor { place, ..from });
    Ok(CommandPage { records, next })
}

/// Whether a record that is at `at` belongs to what was there at `until`.
fn belongs(last: &LastEvent, at: Position, until: Option<&Cut>) -> bool {
    let Some(until) = until else {
        return matches!(last, LastEvent::Position(Position::ZERO));
    };
    at <= until.position
        || match last {
            LastEvent::Position(position) => *position <= until.position,
            LastEvent::Version(stream, version) => {
                stream.as_str() == until.place.stream && *version <= until.place.version
            }
        }
}

async fn stored(
    connections: &Connections,
    read: &Read,
    recorded: Recorded,
) -> Result<StoredCommand, StoreError> {
    let id = std::str::from_utf8(read.stream())
        .ok()
        .and_then(|name| connections.names().command_of(name));
    let refusal = recorded.refusal.as_ref().map(serde_json::to_string);
    Ok(StoredCommand {
        id: id.ok_or_else(|| read.corrupt("stream", "it is not one of a command"))?,
        stream: recorded.stream.as_str().to_owned(),
        version: recorded.version,
        last_event: match recorded.last_event {
            LastEvent::Position(Position::ZERO) => None,
            LastEvent::Position(position) => {
                let event = event_at(connections, position).await?;
                let missing = || read.corrupt("data.last_event", "there is no such event");
                Some(EventPlace::of(&event.ok_or_else(missing)?))
            }
            LastEvent::Version(stream, version) => Some(EventPlace {
                stream: stream.as_str().to_owned(),
                version,
            }),
        },
        recorded_at: read.recorded_at()?,
        fingerprint: recorded.fingerprint.map(|digest| digest.to_vec()),
        refusal: refusal
            .transpose()
            .map_err(|error| read.corrupt("data.refusal", error))?,
    })
}
