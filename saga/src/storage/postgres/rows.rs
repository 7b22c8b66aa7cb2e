//! Tasks as rows: to and from the columns of saga.task.

use super::super::{Context, ParkedTask, SagaStoreError, StoredTask, Work};
use chrono::{DateTime, Utc};
use domain::{OrderId, policy::Task};
use sqlx::{Row, postgres::PgRow};
use uuid::Uuid;

/// Tasks as the columns of one statement.
#[derive(Default)]
pub(super) struct TaskColumns<'a> {
    pub(super) ids: Vec<Uuid>,
    pub(super) orders: Vec<Uuid>,
    pub(super) names: Vec<Option<String>>,
    pub(super) due: Vec<DateTime<Utc>>,
    pub(super) tasks: Vec<String>,
    pub(super) contexts: Vec<String>,
    pub(super) problems: Vec<Option<&'a str>>,
    pub(super) work: Vec<&'static str>,
}

impl<'a> TaskColumns<'a> {
    pub(super) fn push(&mut self, task: &'a StoredTask) -> Result<(), SagaStoreError> {
        self.ids.push(task.id);
        self.orders.push(task.order_id.uuid());
        self.names.push(task.name.map(String::from));
        self.due.push(task.due_at);
        self.problems.push(task.parked.as_deref());
        self.work.push(Work::of(&task.task).as_str());
        self.tasks
            .push(json("task", task.id, serde_json::to_string(&task.task))?);
        self.contexts.push(json(
            "context",
            task.id,
            serde_json::to_string(&task.context),
        )?);
        Ok(())
    }
}

pub(super) fn stored_task(row: &PgRow) -> Result<StoredTask, SagaStoreError> {
    let id: Uuid = row.try_get("id")?;
    let name: Option<String> = row.try_get("name")?;
    let name = name.map(|name| serde_json::from_value(serde_json::Value::String(name)));
    let task: String = row.try_get("task")?;
    let context: String = row.try_get("context")?;
    Ok(StoredTask {
        id,
        order_id: OrderId::new(row.try_get("order_id")?),
        name: json("name", id, name.transpose())?,
        due_at: row.try_get("due_at")?,
        attempts: row.try_get::<i32, _>("attempts")?.max(0) as u32,
        parked: None,
        resumes: row.try_get("resumes")?,
        task: json::<Task>("task", id, serde_json::from_str(&task))?,
        context: json::<Context>("context", id, serde_json::from_str(&context))?,
    })
}

/// What waits for an operator is shown, whether or not it can be read.
pub(super) fn parked_task(row: &PgRow) -> Result<ParkedTask, SagaStoreError> {
    let task: String = row.try_get("task")?;
    Ok(ParkedTask {
        id: row.try_get("id")?,
        order_id: OrderId::new(row.try_get("order_id")?),
        parked_at: row.try_get("parked_at")?,
        problem: row.try_get("problem")?,
        task: serde_json::from_str(&task).ok(),
    })
}

pub(super) fn json<T>(
    column: &'static str,
    row: Uuid,
    result: Result<T, serde_json::Error>,
) -> Result<T, SagaStoreError> {
    result.map_err(|source| SagaStoreError::Corrupt {
        table: "task",
        column,
        row: row.to_string(),
        source,
    })
}
