//! The sagas' storage in memory: for tests and the simulation.

use super::{
    Backlog, Checkpoint, Commit, MOST_COUNTED, ParkedTask, SagaStore, SagaStoreError, StoredTask,
    Work, resumed,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{OrderId, Position, policy::Task};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};
use store::Bookmark;
use uuid::Uuid;

#[derive(Default, Clone)]
struct Tables {
    checkpoints: HashMap<String, (Checkpoint, i64)>,
    states: HashMap<(String, OrderId), String>,
    tasks: BTreeMap<Uuid, Kept>,
}

#[derive(Clone)]
struct Kept {
    task: StoredTask,
    /// Since when it waits for an operator, and why.
    parked: Option<(DateTime<Utc>, String)>,
}

impl Kept {
    fn parked(&self) -> Option<ParkedTask> {
        let (parked_at, problem) = self.parked.clone()?;
        Some(ParkedTask {
            id: self.task.id,
            order_id: self.task.order_id,
            parked_at,
            problem,
            task: Some(self.task.task.clone()),
        })
    }
}

/// The sagas' storage in memory.
#[derive(Default)]
pub struct MemorySagaStore(Mutex<Tables>);

/// The sagas' storage as it was at some time.
pub struct MemorySnapshot(Tables);

impl MemorySagaStore {
    /// All of it as it is now.
    pub fn snapshot(&self) -> MemorySnapshot {
        MemorySnapshot(self.tables().clone())
    }

    /// Makes it what it was: as a database does that had not written the rest to disk when it
    /// crashed.
    pub fn restore(&self, snapshot: MemorySnapshot) {
        *self.tables() = snapshot.0;
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const START: Checkpoint = Checkpoint {
    at: Bookmark::START,
    store_epoch: None,
};

#[async_trait]
impl SagaStore for MemorySagaStore {
    async fn take_over(
        &self,
        policy: &str,
        leader_epoch: i64,
    ) -> Result<Checkpoint, SagaStoreError> {
        let mut tables = self.tables();
        let (checkpoint, epoch) = tables
            .checkpoints
            .entry(policy.into())
            .or_insert((START, 0));
        if *epoch > leader_epoch {
            return Err(SagaStoreError::Fenced(policy.into()));
        }
        *epoch = leader_epoch;
        Ok(*checkpoint)
    }

    async fn states(
        &self,
        policy: &str,
        leader_epoch: i64,
        from: Position,
        orders: &[OrderId],
    ) -> Result<Vec<(OrderId, String)>, SagaStoreError> {
        let tables = self.tables();
        let is_there = |(there, epoch): &(Checkpoint, i64)| {
            *epoch == leader_epoch && there.at.position == from
        };
        if !tables.checkpoints.get(policy).is_some_and(is_there) {
            return Err(SagaStoreError::Fenced(policy.into()));
        }
        let state = |order: &OrderId| {
            tables
                .states
                .get(&(policy.to_owned(), *order))
                .map(|state| (*order, state.clone()))
        };
        Ok(orders.iter().filter_map(state).collect())
    }

    async fn commit(&self, commit: Commit<'_>) -> Result<(), SagaStoreError> {
        let mut tables = self.tables();
        let fenced = || SagaStoreError::Fenced(commit.policy.into());
        let (checkpoint, epoch) = tables
            .checkpoints
            .get_mut(commit.policy)
            .ok_or_else(fenced)?;
        if *epoch != commit.leader_epoch || checkpoint.at.position != commit.from {
            return Err(fenced());
        }
        *checkpoint = Checkpoint {
            at: commit.to,
            store_epoch: Some(commit.store_epoch),
        };
        for (order, state) in commit.states {
            let key = (commit.policy.to_owned(), order);
            match state {
                Some(state) => drop(tables.states.insert(key, state)),
                None => drop(tables.states.remove(&key)),
            }
        }
        for (order, name) in commit.unschedule {
            tables
                .tasks
                .retain(|_, Kept { task, .. }| task.order_id != order || task.name != Some(name));
        }
        for mut task in commit.schedule {
            if task.name.is_some() {
                tables.tasks.retain(|_, Kept { task: other, .. }| {
                    other.order_id != task.order_id || other.name != task.name
                });
            }
            let parked = task.parked.take().map(|problem| (task.due_at, problem));
            let kept = tables.tasks.entry(task.id);
            kept.or_insert(Kept { task, parked });
        }
        Ok(())
    }

    async fn due(
        &self,
        now: DateTime<Utc>,
        work: Work,
        except: &[Uuid],
        limit: usize,
    ) -> Result<Vec<StoredTask>, SagaStoreError> {
        let tables = self.tables();
        let mut due: Vec<_> = tables
            .tasks
            .values()
            .filter(|kept| kept.parked.is_none() && kept.task.due_at <= now)
            .filter(|kept| Work::of(&kept.task.task) == work)
            .filter(|kept| !except.contains(&kept.task.id))
            .map(|kept| kept.task.clone())
            .collect();
        due.sort_by_key(|task| (task.due_at, task.id));
        due.truncate(limit);
        Ok(due)
    }

    async fn finish(&self, tasks: &[Uuid]) -> Result<(), SagaStoreError> {
        let mut tables = self.tables();
        for task in tasks {
            tables.tasks.remove(task);
        }
        Ok(())
    }

    async fn postpone(
        &self,
        task: Uuid,
        due_at: DateTime<Utc>,
        _problem: &str,
    ) -> Result<(), SagaStoreError> {
        if let Some(Kept { task, .. }) = self.tables().tasks.get_mut(&task) {
            task.due_at = due_at;
            task.attempts += 1;
        }
        Ok(())
    }

    async fn defer(
        &self,
        task: Uuid,
        due_at: DateTime<Utc>,
        _problem: &str,
    ) -> Result<(), SagaStoreError> {
        if let Some(Kept { task, .. }) = self.tables().tasks.get_mut(&task) {
            task.due_at = due_at;
        }
        Ok(())
    }

    async fn park(
        &self,
        task: Uuid,
        now: DateTime<Utc>,
        problem: &str,
    ) -> Result<(), SagaStoreError> {
        if let Some(kept) = self.tables().tasks.get_mut(&task) {
            kept.parked = Some((now, problem.into()));
        }
        Ok(())
    }

    async fn parked(&self, limit: usize) -> Result<Vec<ParkedTask>, SagaStoreError> {
        let tables = self.tables();
        let mut parked: Vec<_> = tables.tasks.values().filter_map(Kept::parked).collect();
        parked.sort_by_key(|task| (task.parked_at, task.id));
        parked.truncate(limit);
        Ok(parked)
    }

    async fn find_parked(&self, task: Uuid) -> Result<Option<ParkedTask>, SagaStoreError> {
        Ok(self.tables().tasks.get(&task).and_then(Kept::parked))
    }

    async fn resume(
        &self,
        task: Uuid,
        instead: Option<&Task>,
        now: DateTime<Utc>,
    ) -> Result<bool, SagaStoreError> {
        let mut tables = self.tables();
        let parked = |kept: &&mut Kept| kept.parked.is_some();
        if tables.tasks.get_mut(&task).filter(parked).is_none() {
            return Ok(false);
        }
        if let Some(Kept { task, .. }) = tables.tasks.remove(&task) {
            let task = StoredTask {
                id: resumed(task.id),
                resumes: Some(task.id),
                due_at: now,
                attempts: 0,
                task: instead.cloned().unwrap_or(task.task),
                ..task
            };
            let parked = None;
            tables.tasks.insert(task.id, Kept { task, parked });
        }
        Ok(true)
    }

    async fn backlog(&self, now: DateTime<Utc>) -> Result<Backlog, SagaStoreError> {
        let tables = self.tables();
        let mut backlog = Backlog::default();
        for work in Work::ALL {
            let tasks = tables.tasks.values();
            let (parked, open): (Vec<&Kept>, Vec<&Kept>) = tasks
                .filter(|kept| Work::of(&kept.task.task) == work)
                .partition(|kept| kept.parked.is_some());
            let due_at = || open.iter().map(|kept| kept.task.due_at);
            let due = due_at().filter(|due_at| *due_at <= now).count() as u64;
            backlog.add(
                work,
                due.min(MOST_COUNTED),
                due_at().min(),
                (parked.len() as u64).min(MOST_COUNTED),
            );
        }
        Ok(backlog)
    }
}
