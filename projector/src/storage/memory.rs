//! Read models in memory: for tests and the simulation.

use super::{
    Change, Checkpoint, CheckpointRecord, Commit, KeyOf, ReadModelError, ReadModels, parked::Parked,
};
use crate::{
    parking::{ParkedCount, ParkedSequence, Parking},
    projection::Projection,
    row::Row,
};
use chrono::{DateTime, Utc};
use domain::Position;
use std::{
    any::Any,
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use store::{Bookmark, Clock, SystemClock};
use uuid::Uuid;

/// Read models in memory, gone with the process. Clones share them.
#[derive(Clone)]
pub struct MemoryReadModels {
    state: Arc<Mutex<State>>,
    clock: Arc<dyn Clock>,
}

#[derive(Default)]
struct State {
    checkpoints: BTreeMap<&'static str, CheckpointRecord>,
    /// By projection: its `Table`.
    tables: BTreeMap<&'static str, Box<dyn AnyTable>>,
    parked: Parked,
}

/// A table whose rows only its projection knows.
trait AnyTable: Send {
    fn copied(&self) -> Box<dyn AnyTable>;
    fn as_any_mut(&mut self) -> &mut dyn Any;
}

impl<K, R> AnyTable for BTreeMap<K, R>
where
    K: Clone + Send + 'static,
    R: Clone + Send + 'static,
{
    fn copied(&self) -> Box<dyn AnyTable> {
        Box::new(self.clone())
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

/// Read models as they were at some time.
pub struct MemorySnapshot(State);

type Table<P> = BTreeMap<KeyOf<P>, <P as Projection>::Row>;

impl MemoryReadModels {
    /// Empty ones that take their times from `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            state: Arc::default(),
            clock,
        }
    }

    /// All rows of `P`, by key.
    pub fn rows<P: Projection>(&self) -> Vec<P::Row> {
        let mut state = self.state();
        state.table::<P>().values().cloned().collect()
    }

    /// All of them as they are now.
    pub fn snapshot(&self) -> MemorySnapshot {
        let state = self.state();
        let tables = state.tables.iter();
        MemorySnapshot(State {
            checkpoints: state.checkpoints.clone(),
            parked: state.parked.clone(),
            tables: tables
                .map(|(name, table)| (*name, table.copied()))
                .collect(),
        })
    }

    /// Makes them what they were: as a database does that had not written the rest to disk when it
    /// crashed.
    pub fn restore(&self, snapshot: MemorySnapshot) {
        *self.state() = snapshot.0;
    }

    /// What an operator asks for, of the sequence of `P` that stops at `position`: that it is tried again, or
    /// with a reason that the event there is skipped. False if no sequence stops there.
    pub fn ask<P: Projection>(&self, position: i64, skip: bool) -> bool {
        self.state().parked.ask(P::NAME, position, skip)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryReadModels {
    fn default() -> Self {
        Self::new(Arc::new(SystemClock))
    }
}

impl State {
    fn table<P: Projection>(&mut self) -> &mut Table<P> {
        let table = self.tables.entry(P::NAME);
        let table = table.or_insert_with(|| Box::new(Table::<P>::new()));
        table
            .as_any_mut()
            .downcast_mut()
            .expect("a table is only ever made here, under the name of its projection")
    }

    fn checkpoint<P: Projection>(&mut self) -> &mut CheckpointRecord {
        self.checkpoints
            .entry(P::NAME)
            .or_insert_with(|| CheckpointRecord {
                name: P::NAME.to_owned(),
                version: P::VERSION,
                position: Position::ZERO,
                event_id: None,
                store_epoch: None,
                leader_epoch: 0,
                updated_at: DateTime::<Utc>::MIN_UTC,
            })
    }

    /// Refuses whoever does not lead, or did not begin at the checkpoint.
    fn fence<P: Projection>(&mut self, commit: &Commit<P::Row>) -> Result<(), ReadModelError> {
        let checkpoint = self.checkpoint::<P>();
        let leads = checkpoint.leader_epoch == commit.leader_epoch;
        // With that planted bug, whoever led once goes on writing.
        let is_let_in = store::planted!("two_leaders");
        match is_let_in || (leads && checkpoint.position == commit.from) {
            true => Ok(()),
            false => Err(ReadModelError::Fenced(P::NAME)),
        }
    }

    fn advance<P: Projection>(&mut self, to: Bookmark, epoch: Uuid, now: DateTime<Utc>) {
        let checkpoint = self.checkpoint::<P>();
        checkpoint.position = to.position;
        checkpoint.event_id = to.event_id;
        checkpoint.store_epoch = Some(epoch);
        checkpoint.updated_at = now;
    }

    fn write<P: Projection>(&mut self, changes: Vec<Change<P::Row>>) -> Result<(), ReadModelError> {
        let table = self.table::<P>();
        for change in changes {
            match change {
                Change::Insert(row) => {
                    if table.insert(row.key(), row).is_some() {
                        return Err(broken::<P>("a row that should be new was there"));
                    }
                }
                Change::Update(row) => match table.get_mut(&row.key()) {
                    Some(before) => *before = before.changed(row),
                    None => return Err(broken::<P>("a row that should change was not there")),
                },
                Change::Delete(key) => {
                    table.remove(&key);
                }
            }
        }
        Ok(())
    }
}

fn broken<P: Projection>(detail: &str) -> ReadModelError {
    ReadModelError::Corrupt {
        table: P::Row::TABLE,
        column: "key",
        detail: detail.to_owned(),
    }
}

impl ReadModels for MemoryReadModels {
    async fn take_over<P: Projection>(
        &self,
        leader_epoch: i64,
    ) -> Result<Checkpoint, ReadModelError> {
        let mut state = self.state();
        let checkpoint = state.checkpoint::<P>();
        if checkpoint.leader_epoch > leader_epoch {
            return Err(ReadModelError::Fenced(P::NAME));
        }
        checkpoint.leader_epoch = leader_epoch;
        Ok(Checkpoint {
            at: Bookmark {
                position: checkpoint.position,
                event_id: checkpoint.event_id,
            },
            store_epoch: checkpoint.store_epoch,
        })
    }

    async fn load<P: Projection>(&self, keys: &[KeyOf<P>]) -> Result<Vec<P::Row>, ReadModelError> {
        let mut state = self.state();
        let table = state.table::<P>();
        let found = keys.iter().filter_map(|key| table.get(key));
        Ok(found.cloned().map(Row::loaded).collect())
    }

    async fn commit<P: Projection>(&self, commit: Commit<P::Row>) -> Result<(), ReadModelError> {
        let now = self.clock.now();
        let (from, to, epoch) = (commit.from, commit.to, commit.store_epoch);
        {
            let mut state = self.state();
            state.fence::<P>(&commit)?;
            let parked = state.parked.changed(P::NAME, commit.parking, now);
            let parked = parked.ok_or(ReadModelError::Fenced(P::NAME))?;
            state.write::<P>(commit.changes)?;
            state.parked = parked;
            if !store::planted!("checkpoint_outside_transaction") {
                state.advance::<P>(to, epoch, now);
                return Ok(());
            }
        }
        // Only with that bug: a crash may come in between.
        tokio::task::yield_now().await;
        let mut state = self.state();
        if state.checkpoint::<P>().position == from {
            state.advance::<P>(to, epoch, now);
        }
        Ok(())
    }

    async fn checkpoints(&self) -> Result<Vec<CheckpointRecord>, ReadModelError> {
        Ok(self.state().checkpoints.values().cloned().collect())
    }

    async fn parking<P: Projection>(&self) -> Result<Parking, ReadModelError> {
        Ok(self.state().parked.of(P::NAME))
    }

    async fn parked_sequences<P: Projection>(&self) -> Result<Vec<ParkedSequence>, ReadModelError> {
        Ok(self.state().parked.of(P::NAME).sequences)
    }

    async fn parked_counts(&self) -> Result<Vec<ParkedCount>, ReadModelError> {
        Ok(self.state().parked.counts())
    }
}
