//! Records of commands: each in a stream of its own, so that the server lets only one be the first.
//!
//! They are forgotten in two ways. The port's: whoever forgets writes down up to which position, and
//! what is not after it counts as not there. The server's: each stream says after how long its
//! events may go (`$maxAge`), so that the next scavenge takes them.

use super::{
    connection::Connections,
    event::{Read, record},
    names::Namespace,
    reading::Question,
    wire::{AppendRecord, Check, NO_STREAM},
    writing::{NotAppended, kept},
};
use crate::{Answer, Append, CommandRecord, StoreError, StoredCommand};
use chrono::{DateTime, Utc};
use domain::{CommandId, Position, Version};
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};
use serde_json::{
    json,
    value::{RawValue, to_raw_value},
};
use std::{array::TryFromSliceError, time::Duration};
use uuid::Uuid;

const TYPE: &str = "CommandRecorded";
const FORGOTTEN_TYPE: &str = "CommandsForgotten";

/// The most records forgotten at once.
const FORGET_AT_ONCE: usize = 10_000;

const WHAT: &str = "looking up commands";

/// Where the last event was when the command was recorded, its own included.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum LastEvent {
    /// It is this one, which was appended with it: its position was not known yet.
    Version(String, Version),
    /// It was there.
    Position(Position),
}

/// What is stored. Names, and why a command was refused, are as they were written: a build that cannot
/// read them can still carry them.
#[derive(Serialize, Deserialize)]
pub(super) struct Recorded {
    pub(super) stream: String,
    pub(super) version: Version,
    pub(super) last_event: LastEvent,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fingerprint: Option<[u8; 32]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refusal: Option<Box<RawValue>>,
}

#[derive(Serialize, Deserialize)]
struct Forgotten {
    position: Position,
}

/// The record of the command of `append`, and how long it is kept.
pub(super) fn encode(
    names: &Namespace,
    append: &Append,
    last_event: LastEvent,
    keep: Duration,
) -> Result<[AppendRecord; 2], StoreError> {
    let refusal = match &append.answer {
        Answer::Accepted => None,
        Answer::Refused(refusal) => Some(to_raw_value(refusal).map_err(unwritable)?),
    };
    let recorded = Recorded {
        stream: append.streams[0].stream.as_str().to_owned(),
        version: append.version_after(),
        last_event,
        fingerprint: append.fingerprint,
        refusal,
    };
    records(names.of_command(append.command_id), &recorded, keep)
}

/// The same for a record that another store had.
pub(super) fn restored(
    stream: String,
    command: &StoredCommand,
    keep: Duration,
) -> Result<[AppendRecord; 2], StoreError> {
    let corrupt = |column, detail: String| StoreError::Corrupt {
        table: "commands",
        column,
        row: format!("command {}", command.id.uuid()),
        detail,
    };
    let fingerprint = command.fingerprint.as_deref().map(TryInto::try_into);
    let refusal = command.refusal.clone().map(RawValue::from_string);
    let recorded = Recorded {
        stream: command.stream.clone(),
        version: command.version,
        last_event: match &command.last_event {
            None => LastEvent::Position(Position::ZERO),
            Some(place) => LastEvent::Version(place.stream.clone(), place.version),
        },
        fingerprint: fingerprint
            .transpose()
            .map_err(|error: TryFromSliceError| corrupt("fingerprint", error.to_string()))?,
        refusal: refusal
            .transpose()
            .map_err(|error: serde_json::Error| corrupt("refusal", error.to_string()))?,
    };
    records(stream, &recorded, keep)
}

fn records(
    stream: String,
    recorded: &Recorded,
    keep: Duration,
) -> Result<[AppendRecord; 2], StoreError> {
    let payload = to_json(recorded)?;
    let keep = kept(&stream, &json!({"$maxAge": keep.as_secs()}));
    // Its id is another one each time, so that the server never takes a second attempt for the first.
    Ok([record(stream, Uuid::new_v4(), TYPE, payload, vec![]), keep])
}

fn to_json(value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(value).map_err(unwritable)
}

fn unwritable(error: serde_json::Error) -> StoreError {
    StoreError::Misuse(error.to_string())
}

/// What is recorded of those of the commands of which anything is.
pub(super) async fn last_of(
    connections: &Connections,
    ids: &[CommandId],
) -> Result<Vec<(CommandId, Read)>, StoreError> {
    let questions: Vec<_> = ids
        .iter()
        .map(|id| Question::last_of(&connections.names().of_command(*id)))
        .collect();
    let read: Vec<_> = connections.read_each(WHAT, questions).try_collect().await?;
    let read = ids.iter().zip(read);
    Ok(read
        .filter_map(|(id, read)| Some((*id, read.into_iter().next()?)))
        .collect())
}

/// The records of those of the commands that were recorded, and are not forgotten.
pub(super) async fn find(
    connections: &Connections,
    ids: &[CommandId],
) -> Result<Vec<CommandRecord>, StoreError> {
    let read = last_of(connections, ids).await?;
    if read.is_empty() {
        return Ok(vec![]);
    }
    let (forgotten, _) = forgotten(connections).await?;
    let mut found = Vec::with_capacity(read.len());
    for (id, read) in read {
        if read.position()? > forgotten {
            let recorded: Recorded = serde_json::from_slice(&read.0.data)
                .map_err(|error| read.corrupt("data", error))?;
            found.push((id, read, recorded));
        }
    }
    let questions = found
        .iter()
        .filter_map(|(.., recorded)| last_event(connections, recorded));
    let events: Vec<_> = connections
        .read_each(WHAT, questions.collect())
        .try_collect()
        .await?;
    let mut events = events.into_iter();
    found
        .into_iter()
        .map(|(id, read, recorded)| {
            let position = match &recorded.last_event {
                LastEvent::Position(position) => *position,
                LastEvent::Version(_, version) => {
                    let event = events.next().and_then(|read| read.into_iter().next());
                    let event = event.filter(|event| event.version() == *version);
                    let missing = || read.corrupt("data.last_event", "there is no such event");
                    event.ok_or_else(missing)?.position()?
                }
            };
            let stream = recorded.stream.parse();
            let refusal = recorded.refusal.as_ref();
            let refusal = refusal.map(|json| serde_json::from_str(json.get()));
            Ok(CommandRecord {
                id,
                fingerprint: recorded.fingerprint,
                stream: stream.map_err(|error| read.corrupt("data.stream", error))?,
                version: recorded.version,
                position,
                refusal: refusal
                    .transpose()
                    .map_err(|error| read.corrupt("data.refusal", error))?,
                recorded_at: read.recorded_at()?,
            })
        })
        .collect()
}

/// Where it is to be read which position a record has.
pub(super) fn last_event(connections: &Connections, recorded: &Recorded) -> Option<Question> {
    match &recorded.last_event {
        LastEvent::Position(_) => None,
        LastEvent::Version(stream, version) => {
            let name = connections.names().of_events(stream);
            let revision = version.get().unsigned_abs().saturating_sub(1);
            Some(Question::stream(&name, revision, 1))
        }
    }
}

/// Up to where records are forgotten, and the revision of the stream that says so.
pub(super) async fn forgotten(connections: &Connections) -> Result<(Position, i64), StoreError> {
    let question = Question::last_of(&connections.names().forgotten());
    let read = connections
        .read("looking up what is forgotten", &question)
        .await?;
    let Some(last) = read.first() else {
        return Ok((Position::ZERO, NO_STREAM));
    };
    let forgotten: Forgotten =
        serde_json::from_slice(&last.0.data).map_err(|error| last.corrupt("data", error))?;
    Ok((forgotten.position, last.version().get() - 1))
}

/// Forgets the records from before `before`, the oldest first; says how many.
pub(super) async fn forget(
    connections: &Connections,
    before: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let (from, revision) = forgotten(connections).await?;
    let records = connections.names().commands();
    // Where commands are rare, a read of so many of them goes through all of the log; what is behind the
    // first that stays is of no matter.
    let question = Question::all_from(&records, from, FORGET_AT_ONCE, usize::MAX).until(before);
    let read = connections
        .read("looking for old command records", &question)
        .await?;
    let (mut position, mut count) = (from, 0);
    for record in &read {
        let at = record.position()?;
        if at <= from {
            continue;
        }
        if record.recorded_at()? >= before {
            break;
        }
        (position, count) = (at, count + 1);
    }
    if count == 0 {
        return Ok(0);
    }
    let payload = to_json(&Forgotten { position })?;
    let stream = connections.names().forgotten();
    let mut records = vec![record(
        stream.clone(),
        Uuid::new_v4(),
        FORGOTTEN_TYPE,
        payload,
        vec![],
    )];
    if revision == NO_STREAM {
        records.push(kept(&stream, &json!({"$maxCount": 1})));
    }
    let checks = vec![Check::state(stream, revision)];
    match connections.append(records, checks).await {
        Ok(_) => Ok(count),
        // Another process has forgotten them.
        Err(NotAppended::Violated(_)) => Ok(0),
        Err(NotAppended::Store(error) | NotAppended::Broken(error)) => Err(error),
    }
}
