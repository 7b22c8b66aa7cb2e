//! Which store this is: an id that is made once, in a stream of its own.

use super::{
    connection::Connections,
    event::record,
    reading::Question,
    wire::{AppendRecord, Check, NO_STREAM},
    writing::NotAppended,
};
use crate::{Restoring, StoreError};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

const TYPE: &str = "StoreBegan";

/// The type of what says instead that the store is being restored, and how far that is.
pub(super) const RESTORING_TYPE: &str = "StoreRestoring";

#[derive(Serialize, Deserialize)]
struct Began {
    epoch: Uuid,
}

#[derive(Serialize, Deserialize)]
struct Underway {
    source: Uuid,
    events: u64,
    commands: u64,
}

/// What is said of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StoreState {
    /// Nothing: nobody has begun to use it.
    New,
    /// It is in use, under this epoch.
    Begun(Uuid),
    /// It is being restored, and of no use until that is finished.
    Restoring(Restoring),
}

/// What is said of the store, and the revision of the stream that says it.
pub(super) async fn state(connections: &Connections) -> Result<(StoreState, i64), StoreError> {
    let question = Question::last_of(&connections.names().store());
    let read = connections.read("reading the epoch", &question).await?;
    let Some(last) = read.first() else {
        return Ok((StoreState::New, NO_STREAM));
    };
    let said = &last.0.data;
    let corrupt = |error: serde_json::Error| last.corrupt("data", error);
    let is_restoring = last.0.metadata.get("type").map(String::as_str) == Some(RESTORING_TYPE);
    let state = if is_restoring {
        let underway: Underway = serde_json::from_slice(said).map_err(corrupt)?;
        StoreState::Restoring(Restoring {
            source: underway.source,
            events: underway.events,
            commands: underway.commands,
        })
    } else {
        let began: Began = serde_json::from_slice(said).map_err(corrupt)?;
        StoreState::Begun(began.epoch)
    };
    Ok((state, last.version().get() - 1))
}

/// The store's epoch, if it has begun. Whoever knows that the store is another one appends another
/// event to the stream by hand.
pub(super) async fn epoch(connections: &Connections) -> Result<Option<Uuid>, StoreError> {
    match state(connections).await?.0 {
        StoreState::New => Ok(None),
        StoreState::Begun(epoch) => Ok(Some(epoch)),
        StoreState::Restoring(restoring) => Err(StoreError::Failed {
            what: format!(
                "the backup {} is being restored into this store, or that was interrupted",
                restoring.source
            ),
            source: "run `orders restore` to its end".into(),
        }),
    }
}

/// What says that the store is being restored, and how far.
pub(super) fn restoring(restoring: Restoring) -> Result<Vec<u8>, StoreError> {
    to_json(&Underway {
        source: restoring.source,
        events: restoring.events,
        commands: restoring.commands,
    })
}

/// What makes the store begin under `epoch`, where the stream is at `revision`.
pub(super) fn began(
    connections: &Connections,
    epoch: Uuid,
    revision: i64,
) -> Result<(Vec<AppendRecord>, Vec<Check>), StoreError> {
    let payload = to_json(&Began { epoch })?;
    let stream = connections.names().store();
    let checks = vec![Check::state(stream.clone(), revision)];
    let began = record(stream, Uuid::new_v4(), TYPE, payload, vec![]);
    Ok((vec![began], checks))
}

fn to_json(said: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(said).map_err(|error| StoreError::Failed {
        what: "writing the epoch".into(),
        source: error.into(),
    })
}

/// The store's epoch; begins it if nobody has.
pub(super) async fn begin(connections: &Connections) -> Result<Uuid, StoreError> {
    if let Some(epoch) = epoch(connections).await? {
        return Ok(epoch);
    }
    let new = Uuid::new_v4();
    let (records, checks) = began(connections, new, NO_STREAM)?;
    match connections.append(records, checks).await {
        Ok(_) => Ok(new),
        Err(NotAppended::Store(error) | NotAppended::Broken(error)) => Err(error),
        // Somebody else was faster.
        Err(NotAppended::Violated(_)) => epoch(connections).await?.ok_or_else(|| {
            StoreError::Unavailable("the store has begun, and does not say as which".into())
        }),
    }
}
