//! Taking all out of a store in memory, and putting it into an empty one.

use super::{MemoryStore, State};
use crate::{
    BackupSource, CommandCursor, CommandPage, CommandRecord, Cut, EventPlace, EventReader, Head,
    RestoreTarget, Restoring, StoreError, StoredCommand, StoredEvent,
    transfer::{another_restore, is_used, no_such_event, not_begun, used_meanwhile},
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::Position;
use std::array::TryFromSliceError;
use uuid::Uuid;

/// What is put in until it is finished.
pub(super) struct Restore {
    source: Uuid,
    state: State,
}

#[async_trait]
impl BackupSource for MemoryStore {
    async fn read_commands(
        &self,
        from: CommandCursor,
        until: Option<&Cut>,
        limit: usize,
    ) -> Result<CommandPage, StoreError> {
        let until = until.map_or(Position::ZERO, |until| until.position);
        let state = self.state();
        let mut left: Vec<&CommandRecord> = state
            .commands
            .values()
            .filter(|record| (from.position..=until).contains(&record.position))
            .filter(|record| key(record) > (from.recorded_at, from.id))
            .collect();
        left.sort_by_key(|record| key(record));
        let next = left.get(limit.saturating_sub(1)).map(|last| CommandCursor {
            recorded_at: last.recorded_at,
            id: last.id.uuid(),
            ..from
        });
        let records = left.iter().take(limit).map(|record| state.stored(record));
        Ok(CommandPage {
            records: records.collect::<Result<_, _>>()?,
            next,
        })
    }

    async fn time(&self) -> Result<DateTime<Utc>, StoreError> {
        Ok(self.clock.now())
    }
}

fn key(record: &CommandRecord) -> (DateTime<Utc>, Uuid) {
    (record.recorded_at, record.id.uuid())
}

#[async_trait]
impl RestoreTarget for MemoryStore {
    async fn look(&self, source: Uuid) -> Result<(), StoreError> {
        if !self.state().is_empty() {
            return Err(is_used());
        }
        match self.restore().as_ref() {
            Some(begun) if begun.source != source && !begun.state.is_empty() => {
                Err(another_restore(begun.source))
            }
            _ => Ok(()),
        }
    }

    async fn begin(&self, source: Uuid) -> Result<Restoring, StoreError> {
        self.look(source).await?;
        let mut restore = self.restore();
        match restore.as_ref() {
            Some(begun) if begun.source == source => {}
            _ => {
                let gap = self.state().gap;
                let state = State {
                    gap,
                    ..State::default()
                };
                *restore = Some(Restore { source, state });
            }
        }
        let state = restore.as_ref().map(|begun| &begun.state);
        Ok(Restoring {
            source,
            events: state.map_or(0, |state| state.events.len() as u64),
            commands: state.map_or(0, |state| state.commands.len() as u64),
        })
    }

    async fn put_events(&self, events: &[StoredEvent]) -> Result<(), StoreError> {
        let mut restore = self.restore();
        let state = &mut restore.as_mut().ok_or_else(not_begun)?.state;
        for event in events {
            let index = state.events.len();
            let of_stream = state.streams.entry(event.envelope.stream.clone());
            of_stream.or_default().push(index);
            state.last_recorded_at = state.last_recorded_at.max(event.envelope.recorded_at);
            let mut event = event.clone();
            event.envelope.position = state.after(index + 1);
            state.events.push(event);
        }
        Ok(())
    }

    async fn put_commands(&self, records: &[StoredCommand]) -> Result<(), StoreError> {
        let mut restore = self.restore();
        let state = &mut restore.as_mut().ok_or_else(not_begun)?.state;
        let records = records.iter().map(|record| state.parsed(record));
        let records: Vec<CommandRecord> = records.collect::<Result<_, _>>()?;
        for record in records {
            state.commands.entry(record.id).or_insert(record);
        }
        Ok(())
    }

    async fn finish(&self) -> Result<Head, StoreError> {
        let restored = self.restore().take().ok_or_else(not_begun)?;
        {
            let mut state = self.state();
            if !state.is_empty() {
                return Err(used_meanwhile());
            }
            *state = restored.state;
        }
        self.signaller.hint(self.state().head());
        self.head().await
    }

    async fn give_up(&self) -> Result<(), StoreError> {
        *self.restore() = None;
        Ok(())
    }
}

impl State {
    fn is_empty(&self) -> bool {
        self.events.is_empty() && self.commands.is_empty()
    }

    fn stored(&self, record: &CommandRecord) -> Result<StoredCommand, StoreError> {
        let count = usize::try_from(record.position.get()).unwrap_or(0) / (self.gap + 1);
        let last = count.checked_sub(1).and_then(|at| self.events.get(at));
        let refusal = record.refusal.as_ref().map(serde_json::to_string);
        let refusal = refusal
            .transpose()
            .map_err(|error| corrupt("refusal", record.id.uuid(), error));
        Ok(StoredCommand {
            id: record.id,
            stream: record.stream.as_str().to_owned(),
            version: record.version,
            last_event: last.map(EventPlace::of),
            recorded_at: record.recorded_at,
            fingerprint: record.fingerprint.map(|digest| digest.to_vec()),
            refusal: refusal?,
        })
    }

    fn parsed(&self, record: &StoredCommand) -> Result<CommandRecord, StoreError> {
        let id = record.id.uuid();
        let stream = record.stream.parse();
        let fingerprint = record.fingerprint.as_deref().map(TryInto::try_into);
        let refusal = record.refusal.as_deref().map(serde_json::from_str);
        Ok(CommandRecord {
            id: record.id,
            fingerprint: fingerprint
                .transpose()
                .map_err(|error: TryFromSliceError| corrupt("fingerprint", id, error))?,
            stream: stream.map_err(|error| corrupt("stream", id, error))?,
            version: record.version,
            position: match &record.last_event {
                None => Position::ZERO,
                Some(place) => self.position(place).ok_or_else(no_such_event)?,
            },
            refusal: refusal
                .transpose()
                .map_err(|error: serde_json::Error| corrupt("refusal", id, error))?,
            recorded_at: record.recorded_at,
        })
    }

    fn position(&self, place: &EventPlace) -> Option<Position> {
        let stream = self.streams.get(&place.stream.parse().ok()?)?;
        let at = usize::try_from(place.version.get()).ok()?.checked_sub(1)?;
        let event = self.events.get(*stream.get(at)?)?;
        Some(event.envelope.position)
    }
}

fn corrupt(column: &'static str, command: Uuid, detail: impl ToString) -> StoreError {
    StoreError::Corrupt {
        table: "commands",
        column,
        row: format!("command {command}"),
        detail: detail.to_string(),
    }
}
