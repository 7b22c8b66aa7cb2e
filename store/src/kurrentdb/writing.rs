//! One append, and what became of it.

use super::{
    connection::{ATTEMPTS, Connections, Node},
    event::record,
    methods, names,
    status::{Meaning, failed},
    wire::{AppendRecord, AppendRecords, Appended, Check, StreamStateViolation},
};
use crate::StoreError;
use tokio::time::timeout;
use tonic::{Code, Status};
use uuid::Uuid;

/// Why nothing, or nobody knows what, was appended.
#[derive(Debug)]
pub(super) enum NotAppended {
    /// Nothing was: streams are elsewhere. None is named if the server is not sure of any.
    Violated(Vec<StreamStateViolation>),
    /// The server failed in the middle of it, which it also does where some of the events are there
    /// already and others are not.
    Broken(StoreError),
    /// Anything else.
    Store(StoreError),
}

/// A record of type `$metadata`, which says of `stream` how long its events are kept.
pub(super) fn kept(stream: &str, said: &serde_json::Value) -> AppendRecord {
    record(
        names::of_metadata(stream),
        Uuid::new_v4(),
        "$metadata",
        said.to_string().into_bytes(),
        vec![],
    )
}

impl Connections {
    /// Appends `records` if all `checks` hold. Tried again only where nothing can have been done.
    pub(super) async fn append(
        &self,
        records: Vec<AppendRecord>,
        checks: Vec<Check>,
    ) -> Result<Appended, NotAppended> {
        let message = AppendRecords { records, checks };
        let mut asked = None;
        let appending = self.try_append(message, &mut asked);
        match timeout(self.options().appending(), appending).await {
            Ok(appended) => appended,
            Err(elapsed) => {
                self.doubt(asked.as_ref());
                Err(NotAppended::Store(match asked {
                    Some(_) => StoreError::OutcomeUnknown(elapsed.into()),
                    // There was no connection all the time.
                    None => StoreError::Unavailable(elapsed.into()),
                }))
            }
        }
    }

    async fn try_append(
        &self,
        message: AppendRecords,
        asked: &mut Option<Node>,
    ) -> Result<Appended, NotAppended> {
        let mut attempt = 1;
        loop {
            let node = self.node().await.map_err(NotAppended::Store)?;
            *asked = Some(node.clone());
            let request = self.request(message.clone(), Some(self.options().appending()));
            let mut calls = node.calls();
            let appending = methods::unary(&mut calls, methods::APPEND, request);
            let status: Status = match appending.await {
                Ok(appended) => return Ok(appended),
                Err(status) => status,
            };
            self.refused(&node, &status);
            return Err(match Meaning::of(&status) {
                Meaning::NotLeader(_) if attempt < ATTEMPTS => {
                    attempt += 1;
                    continue;
                }
                Meaning::NotLeader(_) | Meaning::NotNow => {
                    NotAppended::Store(StoreError::Unavailable(status.into()))
                }
                Meaning::Lost => NotAppended::Store(StoreError::OutcomeUnknown(status.into())),
                Meaning::Violated(violations) => NotAppended::Violated(violations),
                Meaning::Broken => NotAppended::Broken(StoreError::OutcomeUnknown(status.into())),
                Meaning::TooLarge { size, max_size } => {
                    NotAppended::Store(StoreError::Misuse(format!(
                        "it has {size} bytes, and the server takes {max_size} at once \
                         (its setting MaxAppendSize)"
                    )))
                }
                Meaning::Refused | Meaning::NoSuchPosition => {
                    NotAppended::Store(match status.code() {
                        Code::InvalidArgument => StoreError::Misuse(status.message().to_owned()),
                        _ => failed("appending", status),
                    })
                }
            });
        }
    }
}
