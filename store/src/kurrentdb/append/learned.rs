//! What the server has said that stands against a batch.

use crate::{
    Append, CommandRecord, StoreError,
    kurrentdb::{
        commands,
        connection::Connections,
        reading::Question,
        wire::{NO_STREAM, StreamStateViolation},
    },
    plan::{Knowledge, Plan, Verdict},
};
use domain::{CommandId, StreamId, Version};
use futures::TryStreamExt;
use std::collections::{HashMap, HashSet};

/// What the server has said.
#[derive(Default)]
pub(super) struct Learned {
    versions: HashMap<StreamId, Version>,
    commands: HashMap<CommandId, CommandRecord>,
    /// Where the streams of records are that are forgotten, or have expired.
    forgotten: HashMap<CommandId, i64>,
    /// Those that were looked for.
    looked_up: HashSet<CommandId>,
}

impl Learned {
    /// The record of a command that was recorded before.
    pub(super) fn command(&self, id: CommandId) -> Option<&CommandRecord> {
        self.commands.get(&id)
    }

    /// Where the stream of the record of `id` has to be, for it to be recorded now.
    pub(super) fn record_at(&self, id: CommandId) -> i64 {
        self.forgotten.get(&id).copied().unwrap_or(NO_STREAM)
    }

    /// Learns from what the server names.
    pub(super) async fn learn(
        &mut self,
        connections: &Connections,
        violations: Vec<StreamStateViolation>,
    ) -> Result<(), StoreError> {
        let mut recorded = HashMap::new();
        for violation in violations {
            let StreamStateViolation { stream, actual, .. } = violation;
            if let Some(id) = connections.names().command_of(&stream) {
                recorded.insert(id, actual);
                continue;
            }
            if actual < NO_STREAM {
                return Err(odd(&stream, "was deleted"));
            }
            let events = connections
                .names()
                .events_of(&stream)
                .and_then(|events| events.parse().ok());
            let events: StreamId = events.ok_or_else(|| odd(&stream, "is not one of events"))?;
            self.versions.insert(events, Version::new(actual + 1));
        }
        let ids: Vec<CommandId> = recorded.keys().copied().collect();
        for record in commands::find(connections, &ids).await? {
            recorded.remove(&record.id);
            self.commands.insert(record.id, record);
        }
        self.forgotten.extend(recorded);
        Ok(())
    }

    /// Looks for the records of commands that conflict with others of their batch: no condition tells
    /// of them. Says whether there are any.
    pub(super) async fn look_up(
        &mut self,
        connections: &Connections,
        part: &[Append],
        plan: &Plan<'_>,
    ) -> Result<bool, StoreError> {
        let appends = part.iter().zip(&plan.verdicts);
        let conflicting = appends.filter(|(_, it)| matches!(it, Verdict::Conflict(_)));
        let ids = conflicting.map(|(append, _)| append.command_id);
        let ids: Vec<CommandId> = ids.filter(|id| self.looked_up.insert(*id)).collect();
        let records = commands::find(connections, &ids).await?;
        let found = !records.is_empty();
        let records = records.into_iter().map(|record| (record.id, record));
        self.commands.extend(records);
        Ok(found)
    }

    /// Learns where everything is that `part` touches: the server has not said what is wrong.
    pub(super) async fn look(
        &mut self,
        connections: &Connections,
        part: &[Append],
    ) -> Result<(), StoreError> {
        let ids: Vec<CommandId> = part.iter().map(|append| append.command_id).collect();
        for record in commands::find(connections, &ids).await? {
            self.commands.insert(record.id, record);
        }
        let streams = part.iter().flat_map(|append| &append.streams);
        let streams: HashSet<&StreamId> = streams.map(|stream| &stream.stream).collect();
        let streams: Vec<&StreamId> = streams.into_iter().collect();
        let questions: Vec<_> = streams
            .iter()
            .map(|stream| Question::last_of(&connections.names().of_events(stream.as_str())))
            .collect();
        let reading = connections.read_each("looking where streams are", questions);
        let read: Vec<_> = reading.try_collect().await?;
        for (stream, read) in streams.into_iter().zip(read) {
            let version = read.first().map_or(Version::ZERO, |last| last.version());
            self.versions.insert(stream.clone(), version);
        }
        Ok(())
    }
}

fn odd(stream: &str, what: &str) -> StoreError {
    StoreError::Corrupt {
        table: "KurrentDB",
        column: "stream",
        row: stream.to_owned(),
        detail: format!("it {what}"),
    }
}

impl Knowledge for Learned {
    fn is_recorded(&self, command: CommandId) -> bool {
        self.commands.contains_key(&command)
    }

    fn version(&self, stream: &StreamId) -> Option<Version> {
        self.versions.get(stream).copied()
    }
}
