//! Reading the records of all commands, in the order of the log.

use super::{
    commands::{LastEvent, Recorded, forgotten, last_event},
    connection::Connections,
    event::Read,
    reader::event_at,
    reading::Question,
};
use crate::{CommandCursor, CommandPage, Cut, EventPlace, StoreError, StoredCommand};
use domain::Position;
use futures::TryStreamExt;

const WHAT: &str = "reading command records";

/// As [`BackupSource::read_commands`](crate::BackupSource::read_commands). Records come after their
/// events in the log: those up to the place of `until` all belong to events before it. Behind it are,
/// among those of later events, such as name it or an event before it; in a store that was restored,
/// all of them. So the rest is looked through to its end.
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
    let (mut found, mut place) = (Vec::with_capacity(read.len()), from.place);
    for read in read {
        let at = read.position()?;
        if at <= from.place {
            continue;
        }
        place = at;
        if at > forgotten {
            let recorded: Recorded = serde_json::from_slice(&read.0.data)
                .map_err(|error| read.corrupt("data", error))?;
            found.push((read, recorded));
        }
    }
    let mut records = Vec::with_capacity(found.len());
    let belong = belong(connections, &found, until).await?;
    for ((read, recorded), belongs) in found.into_iter().zip(belong) {
        if belongs {
            records.push(stored(connections, &read, recorded).await?);
        }
    }
    let next = is_full.then_some(CommandCursor { place, ..from });
    Ok(CommandPage { records, next })
}

/// Which of `records` belong to what was there at `until`.
async fn belong(
    connections: &Connections,
    records: &[(Read, Recorded)],
    until: Option<&Cut>,
) -> Result<Vec<bool>, StoreError> {
    let until = until.map_or(Position::ZERO, |until| until.position);
    let mut belong = Vec::with_capacity(records.len());
    let mut asked = vec![];
    for (nr, (read, recorded)) in records.iter().enumerate() {
        let last = match recorded.last_event {
            LastEvent::Position(position) => position,
            // It comes after its event.
            LastEvent::Version(..) => read.position()?,
        };
        belong.push(last <= until);
        if last > until && until > Position::ZERO {
            asked.extend(last_event(connections, recorded).map(|question| (nr, question)));
        }
    }
    let (asked, questions): (Vec<_>, Vec<_>) = asked.into_iter().unzip();
    let events: Vec<_> = connections.read_each(WHAT, questions).try_collect().await?;
    for (nr, event) in asked.into_iter().zip(events) {
        if let Some(event) = event.first() {
            belong[nr] = event.position()? <= until;
        }
    }
    Ok(belong)
}

async fn stored(
    connections: &Connections,
    read: &Read,
    recorded: Recorded,
) -> Result<StoredCommand, StoreError> {
    let id = std::str::from_utf8(read.stream())
        .ok()
        .and_then(|name| connections.names().command_of(name));
    Ok(StoredCommand {
        id: id.ok_or_else(|| read.corrupt("stream", "it is not one of a command"))?,
        stream: recorded.stream,
        version: recorded.version,
        last_event: match recorded.last_event {
            LastEvent::Position(Position::ZERO) => None,
            LastEvent::Position(position) => {
                let event = event_at(connections, position).await?;
                let missing = || read.corrupt("data.last_event", "there is no such event");
                Some(EventPlace::of(&event.ok_or_else(missing)?))
            }
            LastEvent::Version(stream, version) => Some(EventPlace { stream, version }),
        },
        recorded_at: read.recorded_at()?,
        fingerprint: recorded.fingerprint.map(|digest| digest.to_vec()),
        refusal: recorded.refusal.map(|json| json.get().to_owned()),
    })
}
