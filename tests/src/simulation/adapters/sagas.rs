//! The sagas' storage of one process.

use super::super::node::{Broken, Node};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{OrderId, Position, policy::Task};
use saga::storage::{
    Backlog, Checkpoint, Commit, ParkedTask, SagaStore, SagaStoreError, StoredTask, Work,
};
use std::{io, sync::Arc};
use uuid::Uuid;

/// The shared storage of the sagas, over this process's connection.
pub(in super::super) struct NodeSagaStore(pub Arc<Node>);

fn broken(broken: Broken) -> SagaStoreError {
    SagaStoreError::Database(sqlx::Error::Io(io::Error::other(broken)))
}

#[async_trait]
impl SagaStore for NodeSagaStore {
    async fn take_over(
        &self,
        policy: &str,
        leader_epoch: i64,
    ) -> Result<Checkpoint, SagaStoreError> {
        let sagas = Arc::clone(&self.0.world.sagas);
        let policy = policy.to_owned();
        let take_over = async move { sagas.take_over(&policy, leader_epoch).await };
        self.0.call("take over", take_over).await.map_err(broken)?
    }

    async fn states(
        &self,
        policy: &str,
        leader_epoch: i64,
        from: Position,
        orders: &[OrderId],
    ) -> Result<Vec<(OrderId, String)>, SagaStoreError> {
        let sagas = Arc::clone(&self.0.world.sagas);
        let policy = policy.to_owned();
        let orders = orders.to_vec();
        let states = async move { sagas.states(&policy, leader_epoch, from, &orders).await };
        self.0.call("load states", states).await.map_err(broken)?
    }

    async fn commit(&self, commit: Commit<'_>) -> Result<(), SagaStoreError> {
        let node = Arc::clone(&self.0);
        let policy = commit.policy.to_owned();
        let Commit {
            policy: _,
            leader_epoch,
            from,
            to,
            store_epoch,
            states,
            schedule,
            unschedule,
        } = commit;
        let commit = async move {
            let commit = Commit {
                policy: &policy,
                leader_epoch,
                from,
                to,
                store_epoch,
                states,
                schedule,
                unschedule,
            };
            let done = node.world.sagas.commit(commit).await;
            if matches!(done, Err(SagaStoreError::Fenced(_))) {
                node.world.count("policy fenced");
            }
            node.trace(|| format!("policy {policy}: from {from} to {}: {done:?}", to.position));
            done
        };
        self.0.call("commit policy", commit).await.map_err(broken)?
    }

    async fn due(
        &self,
        now: DateTime<Utc>,
        work: Work,
        except: &[Uuid],
        limit: usize,
    ) -> Result<Vec<StoredTask>, SagaStoreError> {
        let sagas = Arc::clone(&self.0.world.sagas);
        let except = except.to_vec();
        let due = async move { sagas.due(now, work, &except, limit).await };
        self.0.call("due tasks", due).await.map_err(broken)?
    }

    async fn finish(&self, tasks: &[Uuid]) -> Result<(), SagaStoreError> {
        let sagas = Arc::clone(&self.0.world.sagas);
        let tasks = tasks.to_vec();
        let finish = async move { sagas.finish(&tasks).await };
        self.0.call("finish tasks", finish).await.map_err(broken)?
    }

    async fn postpone(
        &self,
        task: Uuid,
        due_at: DateTime<Utc>,
        problem: &str,
    ) -> Result<(), SagaStoreError> {
        let sagas = Arc::clone(&self.0.world.sagas);
        let problem = problem.to_owned();
        let postpone = async move { sagas.postpone(task, due_at, &problem).await };
        self.0
            .call("postpone task", postpone)
            .await
            .map_err(broken)?
    }

    async fn defer(
        &self,
        task: Uuid,
        due_at: DateTime<Utc>,
        problem: &str,
    ) -> Result<(), SagaStoreError> {
        let sagas = Arc::clone(&self.0.world.sagas);
        let problem = problem.to_owned();
        let defer = async move { sagas.defer(task, due_at, &problem).await };
        self.0.call("defer task", defer).await.map_err(broken)?
    }

    async fn park(
        &self,
        task: Uuid,
        now: DateTime<Utc>,
        problem: &str,
    ) -> Result<(), SagaStoreError> {
        let sagas = Arc::clone(&self.0.world.sagas);
        let problem = problem.to_owned();
        let park = async move { sagas.park(task, now, &problem).await };
        self.0.call("park task", park).await.map_err(broken)?
    }

    async fn parked(&self, limit: usize) -> Result<Vec<ParkedTask>, SagaStoreError> {
        let sagas = Arc::clone(&self.0.world.sagas);
        let parked = async move { sagas.parked(limit).await };
        self.0.call("parked tasks", parked).await.map_err(broken)?
    }

    async fn find_parked(&self, task: Uuid) -> Result<Option<ParkedTask>, SagaStoreError> {
        let sagas = Arc::clone(&self.0.world.sagas);
        let find = async move { sagas.find_parked(task).await };
        self.0.call("parked task", find).await.map_err(broken)?
    }

    async fn resume(
        &self,
        task: Uuid,
        instead: Option<&Task>,
        now: DateTime<Utc>,
    ) -> Result<bool, SagaStoreError> {
        let sagas = Arc::clone(&self.0.world.sagas);
        let instead = instead.cloned();
        let resume = async move { sagas.resume(task, instead.as_ref(), now).await };
        self.0.call("resume task", resume).await.map_err(broken)?
    }

    async fn backlog(&self, now: DateTime<Utc>) -> Result<Backlog, SagaStoreError> {
        let sagas = Arc::clone(&self.0.world.sagas);
        let backlog = async move { sagas.backlog(now).await };
        self.0.call("backlog", backlog).await.map_err(broken)?
    }
}
