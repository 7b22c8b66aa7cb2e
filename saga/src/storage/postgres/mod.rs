//! The sagas' storage in Postgres.
//!
//! Its connections commit without waiting for the disk: what a crash of the server loses is a tail
//! of states, tasks and checkpoint together, and it is done again under the same command ids.

mod database;
mod rows;

use super::{
    Backlog, Checkpoint, Commit, MOST_COUNTED, ParkedTask, SagaStore, SagaStoreError, StoredTask,
    Work, resumed,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use database::{Database, LOCK_TIMEOUT, PATIENCE, STATEMENT_TIMEOUT};
use domain::{EventId, OrderId, Position, policy::Task};
use rows::{TaskColumns, json, parked_task, stored_task};
use sqlx::{
    Row,
    postgres::{PgConnectOptions, PgRow},
};
use std::{error::Error, str::FromStr, time::Duration};
use store::{Bookmark, postgres::PLAN_BY_KEYS};
use uuid::Uuid;

/// The sagas' storage in Postgres.
#[derive(Clone)]
pub struct PostgresSagaStore(Database);

impl PostgresSagaStore {
    /// Connects to `url` with at most `connections`, and creates what is missing.
    pub async fn connect(url: &str, connections: u32) -> Result<Self, SagaStoreError> {
        Self::connect_within(url, connections, PATIENCE).await
    }

    /// The same, and no statement is waited for longer than `patience`.
    pub async fn connect_within(
        url: &str,
        connections: u32,
        patience: Duration,
    ) -> Result<Self, SagaStoreError> {
        let options = PgConnectOptions::from_str(url)?
            .application_name("orders-saga")
            .options([
                ("synchronous_commit", "off"),
                ("statement_timeout", STATEMENT_TIMEOUT),
                ("lock_timeout", LOCK_TIMEOUT),
            ])
            // Tasks come and go, so that the server takes their table for empty or for full, as it
            // happens, and would read through all of it.
            .options(PLAN_BY_KEYS);
        let database = Database::connect(options, connections, patience).await?;
        Ok(Self(database))
    }

    /// Gives up a task that nobody can read, so that the others go on.
    async fn park_unreadable(
        &self,
        row: &PgRow,
        now: DateTime<Utc>,
        error: &SagaStoreError,
    ) -> Result<(), SagaStoreError> {
        let task: Uuid = row.try_get("id")?;
        let order_id: Uuid = row.try_get("order_id")?;
        let problem = match error.source() {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
        tracing::error!(%order_id, %task, problem, "a task of order {order_id} was given up: an operator must look");
        self.park(task, now, &problem).await
    }
}

#[async_trait]
impl SagaStore for PostgresSagaStore {
    async fn take_over(
        &self,
        policy: &str,
        leader_epoch: i64,
    ) -> Result<Checkpoint, SagaStoreError> {
        let query = sqlx::query(
            "INSERT INTO saga.checkpoint AS checkpoint (name, leader_epoch)
             VALUES ($1, $2)
             ON CONFLICT (name) DO UPDATE
             SET leader_epoch = EXCLUDED.leader_epoch
             WHERE checkpoint.leader_epoch <= EXCLUDED.leader_epoch
             RETURNING position, event_id, store_epoch",
        )
        .bind(policy)
        .bind(leader_epoch);
        let row = self.0.row(query).await?;
        let row = row.ok_or_else(|| SagaStoreError::Fenced(policy.into()))?;
        Ok(Checkpoint {
            at: Bookmark {
                position: Position::new(row.try_get("position")?),
                event_id: row
                    .try_get::<Option<Uuid>, _>("event_id")?
                    .map(EventId::new),
            },
            store_epoch: row.try_get("store_epoch")?,
        })
    }

    async fn states(
        &self,
        policy: &str,
        leader_epoch: i64,
        from: Position,
        orders: &[OrderId],
    ) -> Result<Vec<(OrderId, String)>, SagaStoreError> {
        let orders: Vec<Uuid> = orders.iter().map(|order| order.uuid()).collect();
        // One row without an order where nothing is remembered; none where the checkpoint is another.
        let query = sqlx::query(
            "SELECT policy_state.order_id, policy_state.state::text
             FROM saga.checkpoint
             LEFT JOIN saga.policy_state
                 ON policy_state.policy = checkpoint.name
                 AND policy_state.order_id = ANY ($4)
             WHERE checkpoint.name = $1
               AND checkpoint.leader_epoch = $2
               AND checkpoint.position = $3",
        )
        .bind(policy)
        .bind(leader_epoch)
        .bind(from.get())
        .bind(orders);
        let rows = self.0.rows(query).await?;
        if rows.is_empty() {
            return Err(SagaStoreError::Fenced(policy.into()));
        }
        let state = |row: &PgRow| {
            let order: Option<Uuid> = row.try_get("order_id")?;
            let Some(order) = order else { return Ok(None) };
            Ok(Some((OrderId::new(order), row.try_get("state")?)))
        };
        rows.iter()
            .filter_map(|row| state(row).transpose())
            .collect()
    }

    async fn commit(&self, commit: Commit<'_>) -> Result<(), SagaStoreError> {
        let (mut orders, mut states, mut forgotten) = (vec![], vec![], vec![]);
        for (order, state) in commit.states {
            match state {
                Some(state) => {
                    orders.push(order.uuid());
                    states.push(state);
                }
                None => forgotten.push(order.uuid()),
            }
        }
        let (called_off, names): (Vec<Uuid>, Vec<String>) = commit
            .unschedule
            .iter()
            .map(|(order, name)| (order.uuid(), name.to_string()))
            .unzip();
        let mut rows = TaskColumns::default();
        for task in &commit.schedule {
            rows.push(task)?;
        }
        let query = sqlx::query(include_str!("commit.sql"))
            .bind(commit.policy)
            .bind(commit.leader_epoch)
            .bind(commit.from.get())
            .bind(commit.to.position.get())
            .bind(commit.store_epoch)
            .bind(orders)
            .bind(states)
            .bind(called_off)
            .bind(names)
            .bind(rows.ids)
            .bind(rows.orders)
            .bind(rows.names)
            .bind(rows.due)
            .bind(rows.tasks)
            .bind(rows.contexts)
            .bind(commit.to.event_id.map(|id| id.uuid()))
            .bind(rows.problems)
            .bind(forgotten)
            .bind(rows.work);
        match self.0.row(query).await? {
            None => Err(SagaStoreError::Fenced(commit.policy.into())),
            Some(_) => Ok(()),
        }
    }

    async fn due(
        &self,
        now: DateTime<Utc>,
        work: Work,
        except: &[Uuid],
        limit: usize,
    ) -> Result<Vec<StoredTask>, SagaStoreError> {
        let query = sqlx::query(
            "SELECT id, order_id, name, due_at, attempts, resumes, task::text, context::text
             FROM saga.task
             WHERE parked_at IS NULL
               AND work = $4
               AND due_at <= $1
               AND id <> ALL ($2)
             ORDER BY due_at, id
             LIMIT $3",
        )
        .bind(now)
        .bind(except)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .bind(work.as_str());
        let rows = self.0.rows(query).await?;
        let mut due = Vec::with_capacity(rows.len());
        for row in &rows {
            match stored_task(row) {
                Ok(task) => due.push(task),
                Err(error @ SagaStoreError::Corrupt { .. }) => {
                    self.park_unreadable(row, now, &error).await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(due)
    }

    async fn finish(&self, tasks: &[Uuid]) -> Result<(), SagaStoreError> {
        // Locked in the order of ids, as every statement does that locks several tasks: they never
        // wait for each other in a circle.
        let query = sqlx::query(
            "WITH locked AS (
                 SELECT id
                 FROM saga.task
                 WHERE id = ANY ($1)
                 ORDER BY id
                 FOR UPDATE
             )
             DELETE FROM saga.task
             USING locked
             WHERE task.id = locked.id",
        )
        .bind(tasks);
        self.0.rows(query).await.map(drop)
    }

    async fn postpone(
        &self,
        task: Uuid,
        due_at: DateTime<Utc>,
        problem: &str,
    ) -> Result<(), SagaStoreError> {
        let query = sqlx::query(
            "UPDATE saga.task SET due_at = $2, attempts = attempts + 1, problem = $3 WHERE id = $1",
        )
        .bind(task)
        .bind(due_at)
        .bind(problem);
        self.0.rows(query).await.map(drop)
    }

    async fn defer(
        &self,
        task: Uuid,
        due_at: DateTime<Utc>,
        problem: &str,
    ) -> Result<(), SagaStoreError> {
        let query = sqlx::query("UPDATE saga.task SET due_at = $2, problem = $3 WHERE id = $1")
            .bind(task)
            .bind(due_at)
            .bind(problem);
        self.0.rows(query).await.map(drop)
    }

    async fn park(
        &self,
        task: Uuid,
        now: DateTime<Utc>,
        problem: &str,
    ) -> Result<(), SagaStoreError> {
        let query = sqlx::query("UPDATE saga.task SET parked_at = $2, problem = $3 WHERE id = $1")
            .bind(task)
            .bind(now)
            .bind(problem);
        self.0.rows(query).await.map(drop)
    }

    async fn parked(&self, limit: usize) -> Result<Vec<ParkedTask>, SagaStoreError> {
        let query = sqlx::query(
            "SELECT id, order_id, parked_at, COALESCE(problem, '') AS problem, task::text
             FROM saga.task
             WHERE parked_at IS NOT NULL
             ORDER BY parked_at, id
             LIMIT $1",
        )
        .bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let rows = self.0.rows(query).await?;
        rows.iter().map(parked_task).collect()
    }

    async fn find_parked(&self, task: Uuid) -> Result<Option<ParkedTask>, SagaStoreError> {
        let query = sqlx::query(
            "SELECT id, order_id, parked_at, COALESCE(problem, '') AS problem, task::text
             FROM saga.task
             WHERE id = $1
               AND parked_at IS NOT NULL",
        )
        .bind(task);
        let row = self.0.row(query).await?;
        row.as_ref().map(parked_task).transpose()
    }

    async fn resume(
        &self,
        task: Uuid,
        instead: Option<&Task>,
        now: DateTime<Utc>,
    ) -> Result<bool, SagaStoreError> {
        let work = instead.map(|instead| Work::of(instead).as_str());
        let instead = instead.map(serde_json::to_string).transpose();
        // What an operator was told is done stays done: nothing would do this again, should the
        // server crash before it is on disk.
        let query = sqlx::query(
            "WITH durable AS MATERIALIZED (
                 SELECT set_config('synchronous_commit', 'on', true) AS setting
             )
             UPDATE saga.task
             SET id        = $2,
                 resumes   = $1,
                 due_at    = $3,
                 attempts  = 0,
                 parked_at = NULL,
                 problem   = NULL,
                 task      = COALESCE($4::json, task),
                 work      = COALESCE($5, work)
             FROM durable
             WHERE id = $1
               AND parked_at IS NOT NULL
               AND durable.setting = 'on'
             RETURNING id",
        )
        .bind(task)
        .bind(resumed(task))
        .bind(now)
        .bind(json("task", task, instead)?)
        .bind(work);
        Ok(self.0.row(query).await?.is_some())
    }

    async fn backlog(&self, now: DateTime<Utc>) -> Result<Backlog, SagaStoreError> {
        let mut backlog = Backlog::default();
        for work in Work::ALL {
            let query = sqlx::query(include_str!("backlog.sql"))
                .bind(work.as_str())
                .bind(now)
                .bind(MOST_COUNTED as i64);
            let row = self.0.row(query).await?.ok_or(sqlx::Error::RowNotFound)?;
            let count = |column| {
                row.try_get::<i64, _>(column)
                    .map(|count| count.max(0) as u64)
            };
            backlog.add(
                work,
                count("due")?,
                row.try_get("first_due")?,
                count("parked")?,
            );
        }
        Ok(backlog)
    }
}
