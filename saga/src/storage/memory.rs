//! The sagas' storage in memory: for tests and the simulation.

use super::{Backlog, Checkpoint, Commit, SagaStore, SagaStoreError, StoredTask};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::OrderId;
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};
use store::Bookmark;
use uuid::Uuid;

#[derive(Default)]
struct Tables {
    checkpoints: HashMap<String, (Checkpoint, i64)>,
    states: HashMap<(String, OrderId), String>,
    /// Tasks with the problem of those that were given up.
    tasks: BTreeMap<Uuid, (StoredTask, Option<String>)>,
}

/// The sagas' storage in memory.
#[derive(Default)]
pub struct MemorySagaStore(Mutex<Tables>);

impl MemorySagaStore {
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
        orders: &[OrderId],
    ) -> Result<Vec<(OrderId, String)>, SagaStoreError> {
        let tables = self.tables();
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
            tables
                .states
                .insert((commit.policy.to_owned(), order), state);
        }
        for (order, name) in commit.unschedule {
            tables
                .tasks
                .retain(|_, (task, _)| task.order_id != order || task.name != Some(name));
        }
        for task in commit.schedule {
            if task.name.is_some() {
                tables.tasks.retain(|_, (other, _)| {
                    other.order_id != task.order_id || other.name != task.name
                });
            }
            tables.tasks.entry(task.id).or_insert((task, None));
        }
        Ok(())
    }

    async fn due(
        &self,
        now: DateTime<Utc>,
        except: &[Uuid],
        limit: usize,
    ) -> Result<Vec<StoredTask>, SagaStoreError> {
        let tables = self.tables();
        let mut due: Vec<_> = tables
            .tasks
            .values()
            .filter(|(task, parked)| parked.is_none() && task.due_at <= now)
            .filter(|(task, _)| !except.contains(&task.id))
            .map(|(task, _)| task.clone())
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
        if let Some((task, _)) = self.tables().tasks.get_mut(&task) {
            task.due_at = due_at;
            task.attempts += 1;
        }
        Ok(())
    }

    async fn park(
        &self,
        task: Uuid,
        _now: DateTime<Utc>,
        problem: &str,
    ) -> Result<(), SagaStoreError> {
        if let Some((_, parked)) = self.tables().tasks.get_mut(&task) {
            *parked = Some(problem.into());
        }
        Ok(())
    }

    async fn backlog(&self, now: DateTime<Utc>) -> Result<Backlog, SagaStoreError> {
        let tables = self.tables();
        let count = |wanted: &dyn Fn(&StoredTask, bool) -> bool| {
            tables
                .tasks
                .values()
                .filter(|(task, parked)| wanted(task, parked.is_some()))
                .count() as u64
        };
        Ok(Backlog {
            due: count(&|task, parked| !parked && task.due_at <= now),
            scheduled: count(&|task, parked| !parked && task.due_at > now),
            parked: count(&|_, parked| parked),
        })
    }
}
