//! A store in memory: what the port means, in the fewest words. For tests, for the simulation, and
//! for trying things out.

use crate::{
    Append, AppendOutcome, Bookmark, Clock, CommandRecord, EventReader, EventStore, Head,
    HeadSignal, PAGE_BYTES, Signaller, StoreError, StoredEvent,
    plan::{Knowledge, Plan, Verdict, check_rules, plan},
};
use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use domain::{CommandId, Envelope, Position, StreamId, Version};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use uuid::Uuid;

mod transfer;

/// The most records forgotten at once.
const FORGET_AT_ONCE: usize = 10_000;

/// A store in memory, gone with the process. Clones share it.
#[derive(Clone)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
    clock: Arc<dyn Clock>,
    signaller: Signaller,
    epoch: Uuid,
    /// What is restored into it, until it is there.
    restore: Arc<Mutex<Option<transfer::Restore>>>,
}

#[derive(Default)]
#[cfg_attr(planted, derive(Clone))]
struct State {
    /// In the order of positions.
    events: Vec<StoredEvent>,
    /// How many positions there are between two events: none, unless it is told otherwise.
    gap: usize,
    /// The indices in `events` of a stream's events, by version.
    streams: HashMap<StreamId, Vec<usize>>,
    commands: BTreeMap<CommandId, CommandRecord>,
    last_recorded_at: DateTime<Utc>,
    /// Only with that bug: what readers are shown though it may never be.
    #[cfg(planted)]
    early: Vec<StoredEvent>,
}

impl MemoryStore {
    /// An empty store that takes its times from `clock`.
    pub fn new(clock: Arc<dyn Clock>, epoch: Uuid) -> Self {
        Self {
            state: Arc::default(),
            clock,
            signaller: Signaller::new(),
            epoch,
            restore: Arc::default(),
        }
    }

    /// Leaves so many positions between two events, as a store does whose positions are places in a
    /// log. To be said before the first event.
    #[must_use]
    pub fn with_gaps(self, gap: usize) -> Self {
        self.state().gap = gap;
        self
    }

    #[cfg(planted)]
    async fn publish_early(&self, batch: &[Append]) {
        let head = {
            let mut state = self.state();
            let mut done = state.clone();
            done.append(batch, self.clock.now());
            state.early = done.events.split_off(state.events.len());
            done.head().plus(state.early.len())
        };
        self.signaller.hint(head);
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        self.state().early.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn restore(&self) -> MutexGuard<'_, Option<transfer::Restore>> {
        self.restore.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl EventReader for MemoryStore {
    async fn read_streams(
        &self,
        from: &[(StreamId, Version)],
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let state = self.state();
        let events = from.iter().flat_map(|(stream, after)| {
            let indices = state.streams.get(stream).map_or(&[][..], Vec::as_slice);
            let after = usize::try_from(after.get()).unwrap_or(usize::MAX);
            indices
                .get(after..)
                .unwrap_or_default()
                .iter()
                .map(|index| state.events[*index].clone())
        });
        Ok(events.take(limit).collect())
    }

    async fn read_all(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let after = usize::try_from(after.get()).unwrap_or(usize::MAX);
        let state = self.state();
        let rest = state
            .events
            .get(after / (state.gap + 1)..)
            .unwrap_or_default();
        #[cfg(planted)]
        let rest = &[rest, &state.early].concat();
        let mut bytes = 0;
        let page = rest.iter().take(limit).take_while(|event| {
            let fits = bytes < PAGE_BYTES;
            bytes += event.payload.len();
            fits
        });
        Ok(page.cloned().collect())
    }

    async fn no_further_back(
        &self,
        from: Option<Bookmark>,
        head: Position,
        count: u64,
    ) -> Result<Bookmark, StoreError> {
        let oldest = {
            let state = self.state();
            let events = usize::try_from(head.get()).unwrap_or(usize::MAX) / (state.gap + 1);
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            state.after(events.saturating_sub(count))
        };
        match from {
            Some(from) if from.position >= oldest => Ok(from),
            _ => self.bookmark(oldest).await,
        }
    }

    async fn head(&self) -> Result<Head, StoreError> {
        Ok(Head {
            position: self.state().head(),
            epoch: self.epoch,
        })
    }

    async fn find_commands(&self, ids: &[CommandId]) -> Result<Vec<CommandRecord>, StoreError> {
        let state = self.state();
        let found = ids.iter().filter_map(|id| state.commands.get(id));
        Ok(found.cloned().collect())
    }

    fn signal(&self) -> HeadSignal {
        self.signaller.signal()
    }
}

#[async_trait]
impl EventStore for MemoryStore {
    fn epoch(&self) -> Option<Uuid> {
        Some(self.epoch)
    }

    async fn append(&self, batch: &[Append]) -> Result<Vec<AppendOutcome>, StoreError> {
        check_rules(batch)?;
        #[cfg(planted)]
        if crate::planted!("publish_before_commit") {
            self.publish_early(batch).await;
        }
        let (outcomes, late) = {
            let mut state = self.state();
            let now = self.clock.now().max(state.last_recorded_at);
            state.last_recorded_at = now;
            let (outcomes, records) = state.append(batch, now);
            if crate::planted!("command_record_outside_transaction") {
                (outcomes, records)
            } else {
                state.remember(records);
                (outcomes, vec![])
            }
        };
        if !late.is_empty() {
            // Only with that bug: a crash may come in between.
            tokio::task::yield_now().await;
            self.state().remember(late);
        }
        self.signaller.hint(self.state().head());
        Ok(outcomes)
    }

    async fn now(&self) -> Result<DateTime<Utc>, StoreError> {
        Ok(self.clock.now())
    }

    async fn forget_commands(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let mut state = self.state();
        let old = state.commands.values();
        let old = old.filter(|record| record.recorded_at < before);
        let ids: Vec<_> = old.map(|record| record.id).take(FORGET_AT_ONCE).collect();
        for id in &ids {
            state.commands.remove(id);
        }
        Ok(ids.len() as u64)
    }
}

impl Knowledge for State {
    fn is_recorded(&self, command: CommandId) -> bool {
        self.commands.contains_key(&command)
    }

    fn version(&self, stream: &StreamId) -> Option<Version> {
        let events = self.streams.get(stream).map_or(0, Vec::len);
        Some(Version::ZERO.plus(events))
    }
}

impl State {
    fn head(&self) -> Position {
        self.after(self.events.len())
    }

    /// The position of the last of the first `count` events.
    const fn after(&self, count: usize) -> Position {
        Position::ZERO.plus(count * (self.gap + 1))
    }

    /// Does what can be done of `batch`; the records are still to be remembered.
    fn append(
        &mut self,
        batch: &[Append],
        now: DateTime<Utc>,
    ) -> (Vec<AppendOutcome>, Vec<CommandRecord>) {
        let Plan { verdicts, .. } = plan(batch, self);
        let mut records: Vec<CommandRecord> = Vec::with_capacity(batch.len());
        let outcomes = batch.iter().zip(verdicts).map(|(append, verdict)| {
            let id = append.command_id;
            match verdict {
                Verdict::Conflict(at) => AppendOutcome::Conflict {
                    stream: append.streams[at].stream.clone(),
                },
                Verdict::Duplicate => {
                    let before = self.commands.get(&id);
                    let record = before.or_else(|| records.iter().find(|record| record.id == id));
                    let record = record.expect("a duplicate is of a record, old or of this batch");
                    AppendOutcome::Duplicate(record.clone())
                }
                Verdict::Append => {
                    self.push(append, now);
                    let position = self.head();
                    records.push(append.record(position, now));
                    AppendOutcome::Done { position }
                }
            }
        });
        (outcomes.collect(), records)
    }

    fn push(&mut self, append: &Append, now: DateTime<Utc>) {
        for stream in &append.streams {
            for (nr, event) in stream.events.iter().enumerate() {
                let index = self.events.len();
                let envelope = Envelope {
                    event_id: event.id,
                    stream: stream.stream.clone(),
                    version: stream.expected.plus(nr + 1),
                    position: self.after(index + 1),
                    occurred_at: append.occurred_at,
                    recorded_at: now,
                    tenant: append.tenant.clone(),
                    actor: append.actor.clone(),
                    command_id: append.command_id,
                    correlation_id: append.correlation_id,
                    causation_id: append.causation_id,
                    traceparent: append.traceparent.clone(),
                };
                self.events.push(StoredEvent {
                    envelope,
                    event_type: event.event_type.to_owned(),
                    schema_version: event.schema_version,
                    payload: Bytes::copy_from_slice(&event.payload),
                    raw_names: None,
                });
                let of_stream = self.streams.entry(stream.stream.clone());
                of_stream.or_default().push(index);
            }
        }
    }

    fn remember(&mut self, records: Vec<CommandRecord>) {
        let records = records.into_iter().map(|record| (record.id, record));
        self.commands.extend(records);
    }
}
