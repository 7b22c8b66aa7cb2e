//! A page of processes, by one statement.

use super::ProcessBody;
use crate::{
    api::Api,
    cursor::Scope,
    freshness::Projection,
    page::{Page, Paging},
    problem,
    read_your_writes::ReadYourWrites,
    sql::Sql,
};
use chassis::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Which processes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ProcessState {
    /// Those of which something is expected, the oldest order first.
    #[default]
    Open,
    /// Those of which something should have happened, what is longest due first.
    Overdue,
    /// Those that wait for an operator, the oldest order first.
    Parked,
}

impl ProcessState {
    /// The condition on the rows; each is that of an index.
    const fn condition(self) -> &'static str {
        match self {
            Self::Open => "\n  AND stage <> 'ended'",
            Self::Overdue => "\n  AND due_at IS NOT NULL\n  AND due_at < now()",
            Self::Parked => "\n  AND parked IS NOT NULL",
        }
    }

    /// What they are sorted by, before their ids.
    const fn is_by_due(self) -> bool {
        matches!(self, Self::Overdue)
    }

    fn key(self, process: &ProcessBody) -> (i64, Uuid) {
        let time = match process.due_at {
            Some(due_at) if self.is_by_due() => due_at,
            _ => process.started_at,
        };
        (time.timestamp_micros(), process.order_id)
    }
}

/// The page of the processes in that state, as `answer` makes it of them.
///
/// # Errors
/// 400: a limit or a cursor that cannot be; 503: not now, or not yet.
pub(crate) async fn list<T>(
    api: &Api,
    state: ProcessState,
    (limit, cursor): (Option<u32>, Option<&str>),
    writes: &ReadYourWrites,
    answer: impl FnOnce(&Page<ProcessBody>) -> Result<T, Problem>,
) -> Result<T, Problem> {
    let scope = Scope::new("processes", &state);
    let paging = Paging::<(i64, Uuid)>::parse(api, scope, limit, cursor)?;
    let bounds = paging.bounds(false);
    let mut sql = Sql::new(include_str!("columns.sql"));
    sql.push("WHERE tenant = ")
        .bind(api.tenant.as_str())
        .push(state.condition());
    if let (Some(compare), Some((micros, order_id))) = (bounds.compare, paging.key()) {
        let time = chrono::DateTime::from_timestamp_micros(*micros).unwrap_or_default();
        sql.push(match state.is_by_due() {
            true => "\n  AND (due_at, order_id)",
            false => "\n  AND (started_at, order_id)",
        })
        .push(compare)
        .push("(")
        .bind(time)
        .push(", ")
        .bind(*order_id)
        .push(")");
    }
    sql.push(match (state.is_by_due(), bounds.descending) {
        (true, false) => "\nORDER BY due_at, order_id",
        (true, true) => "\nORDER BY due_at DESC, order_id DESC",
        (false, false) => "\nORDER BY started_at, order_id",
        (false, true) => "\nORDER BY started_at DESC, order_id DESC",
    });
    paging.limit(&mut sql);

    writes.insist(api, Projection::Processes).await?;
    let as_of = api.freshness.as_of(Projection::Processes);
    let rows = api.fetch(sql).await?;
    let items: Result<Vec<_>, _> = rows.iter().map(ProcessBody::read).collect();
    let items = items.map_err(problem::unreadable)?;
    answer(&paging.page(api, items, |process| state.key(process), as_of))
}
