//! Which store this is: an id that is made once, in a stream of its own.

use super::{
    connection::Connections,
    event::record,
    reading::Question,
    wire::{Check, NO_STREAM},
    writing::NotAppended,
};
use crate::StoreError;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

const TYPE: &str = "StoreBegan";

#[derive(Serialize, Deserialize)]
struct Began {
    epoch: Uuid,
}

/// The store's epoch, if it has begun. Whoever knows that the store is another one appends another
/// event to the stream by hand.
pub(super) async fn epoch(connections: &Connections) -> Result<Option<Uuid>, StoreError> {
    let read = connections
        .read(
            "reading the epoch",
            &Question::last_of(&connections.names().store()),
        )
        .await?;
    let Some(last) = read.first() else {
        return Ok(None);
    };
    let began: Began =
        serde_json::from_slice(&last.0.data).map_err(|error| last.corrupt("data", error))?;
    Ok(Some(began.epoch))
}

/// The store's epoch; begins it if nobody has.
pub(super) async fn begin(connections: &Connections) -> Result<Uuid, StoreError> {
    if let Some(epoch) = epoch(connections).await? {
        return Ok(epoch);
    }
    let began = Began {
        epoch: Uuid::new_v4(),
    };
    let payload = serde_json::to_vec(&began).map_err(|error| StoreError::Failed {
        what: "writing the epoch".into(),
        source: error.into(),
    })?;
    let stream = connections.names().store();
    let records = vec![record(
        stream.clone(),
        Uuid::new_v4(),
        TYPE,
        payload,
        vec![],
    )];
    let checks = vec![Check::state(stream, NO_STREAM)];
    match connections.append(records, checks).await {
        Ok(_) => Ok(began.epoch),
        Err(NotAppended::Store(error) | NotAppended::Broken(error)) => Err(error),
        // Somebody else was faster.
        Err(NotAppended::Violated(_)) => epoch(connections).await?.ok_or_else(|| {
            StoreError::Unavailable("the store has begun, and does not say as which".into())
        }),
    }
}
