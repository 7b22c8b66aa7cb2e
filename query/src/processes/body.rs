//! Where an order is on its way, as an answer.

use super::{
    milestones::{self, Milestone, milestones},
    tail,
};
use crate::{
    api::Api,
    database::{Column, ReadError, corrupt},
    freshness::{AsOf, Projection},
    problem,
    read_your_writes::ReadYourWrites,
    sql::Sql,
};
use chassis::Problem;
use chrono::{DateTime, Utc};
use domain::{
    OrderId, Recorded,
    process::{self, Expectation, Parked, Process, TimeLimits, What},
};
use serde::Serialize;
use sqlx::postgres::PgRow;
use utoipa::ToSchema;
use uuid::Uuid;

const TABLE: &str = "order_process";

/// Where an order is on its way.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Process)]
pub(crate) struct ProcessBody {
    /// The order.
    pub order_id: Uuid,
    /// Where the order is in its life.
    #[schema(example = "confirmed")]
    pub status: &'static str,
    /// `reserving`, `paying`, `deciding`, `backordered`, `allocating`, `packing`, `charging`, `dispatching`,
    /// `delivering`, `completing`, `cancelling`, `settling` or `ended`.
    #[schema(example = "packing")]
    pub stage: &'static str,
    /// What is expected.
    pub expected: Vec<ExpectationBody>,
    /// When the first of that should have happened.
    pub due_at: Option<DateTime<Utc>>,
    /// Whether it should have happened by now.
    pub overdue: bool,
    /// Why an operator must look, if one must.
    pub parked: Option<String>,
    /// All that was given up and waits for an operator, what came first first.
    pub given_up: Vec<GivenUpBody>,
    /// When the order was placed, as it was recorded.
    pub started_at: DateTime<Utc>,
    /// When the last event that moved it was recorded.
    pub updated_at: DateTime<Utc>,
}

/// Something that is expected.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Expectation)]
pub(crate) struct ExpectationBody {
    /// What.
    #[schema(example = "packing")]
    pub what: &'static str,
    /// Of which one, where there may be several: the shipment, the return, the hold, or
    /// the number of the refund.
    pub of: Option<String>,
    /// Of whom: `provider`, `carrier`, `warehouse`, `operator` or `platform`.
    #[schema(example = "warehouse")]
    pub who: &'static str,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when; null where there is no limit, or where a hold keeps it.
    pub until: Option<DateTime<Utc>>,
    /// Whether it should have happened by now.
    pub overdue: bool,
}

/// Something that was given up, and waits for an operator.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GivenUp)]
pub(crate) struct GivenUpBody {
    /// Which task: operators see it under this id. Null where only the payment says so.
    pub task_id: Option<Uuid>,
    /// What settles it when it happens, if anything does but an operator.
    #[schema(example = "refund")]
    pub what: Option<&'static str>,
    /// Of which one, where there may be several: the shipment, the return, or the number of the refund.
    pub of: Option<String>,
    /// What was given up and why, for people.
    pub problem: String,
}

/// Where an order is on its way, and how it came there.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrderProcess {
    #[serde(flatten)]
    pub process: ProcessBody,
    /// What has happened, in a few words: the last 100 of them. All of it is among the order's events.
    pub milestones: Vec<Milestone>,
    /// How old it is.
    pub as_of: AsOf,
}

impl ExpectationBody {
    fn at(now: DateTime<Utc>, expected: Expectation) -> Self {
        Self {
            what: expected.what.as_str(),
            of: expected.of,
            who: expected.who.as_str(),
            since: expected.since,
            until: expected.until,
            overdue: expected.until.is_some_and(|until| until < now),
        }
    }
}

impl From<Parked> for GivenUpBody {
    fn from(parked: Parked) -> Self {
        Self {
            task_id: parked.task_id,
            what: parked.what.map(What::as_str),
            of: parked.of,
            problem: parked.problem,
        }
    }
}

/// A process as it is kept, or as it was folded on.
struct Known {
    process: Process,
    /// The position of the last event that moved it, and when that was recorded.
    position: i64,
    updated_at: DateTime<Utc>,
}

impl Known {
    /// The process in a row of `columns.sql`, and what time it is there.
    fn read(row: &PgRow) -> Result<(Self, DateTime<Utc>), ReadError> {
        let text: &str = row.column(TABLE, 7)?;
        let process = serde_json::from_str(text).map_err(|error| corrupt(row, TABLE, 7, error))?;
        let known = Self {
            process,
            position: row.column(TABLE, 5)?,
            updated_at: row.column(TABLE, 6)?,
        };
        Ok((known, row.column(TABLE, 8)?))
    }

    /// What the event makes of a process, or the one that it begins. What is known already changes
    /// nothing.
    fn after(known: Option<Self>, event: &Recorded) -> Option<Self> {
        let limits = TimeLimits::default();
        let (position, updated_at) = (event.envelope.position.get(), event.envelope.recorded_at);
        let process = match known {
            Some(known) if position <= known.position || !process::moves(&event.event) => {
                return Some(known);
            }
            Some(known) => known.process.after(&limits, event),
            None => Process::begin(&limits, event)?,
        };
        Some(Self {
            process,
            position,
            updated_at,
        })
    }

    fn at(self, now: DateTime<Utc>) -> ProcessBody {
        let process = self.process;
        let due_at = process.due_at();
        ProcessBody {
            order_id: process.order_id.uuid(),
            status: process.status.as_str(),
            stage: process.stage().as_str(),
            due_at,
            overdue: due_at.is_some_and(|due_at| due_at < now),
            parked: process.parked().map(str::to_owned),
            started_at: process.started_at,
            updated_at: self.updated_at,
            given_up: process.parked.into_iter().map(Into::into).collect(),
            expected: process
                .expected
                .into_iter()
                .map(|expected| ExpectationBody::at(now, expected))
                .collect(),
        }
    }
}

impl ProcessBody {
    /// The process in a row of `columns.sql`.
    pub(super) fn read(row: &PgRow) -> Result<Self, ReadError> {
        let (known, now) = Known::read(row)?;
        Ok(Self {
            // What lists are sorted by.
            order_id: row.column(TABLE, 0)?,
            due_at: row.column(TABLE, 3)?,
            started_at: row.column(TABLE, 2)?,
            parked: row.column(TABLE, 4)?,
            ..known.at(now)
        })
    }
}

/// Where the order is on its way; and whether what was recorded since was folded into it, as the read models
/// do not have in time what `writes` must see.
///
/// # Errors
/// 404: there is no such order; 503: not now, or not yet.
pub(crate) async fn get(
    api: &Api,
    order_id: OrderId,
    writes: &ReadYourWrites,
) -> Result<(OrderProcess, bool), Problem> {
    let seen = writes.is_seen(api, Projection::Timeline).await?
        && writes.is_seen(api, Projection::Processes).await?;
    // Before the rows are read: they have all of that, or more.
    let as_of = api.freshness.as_of(Projection::Processes);
    let from = [Projection::Timeline, Projection::Processes]
        .map(|projection| writes.readable_from(api, projection));
    let mut sql = Sql::new(include_str!("columns.sql"));
    sql.push("WHERE tenant = ")
        .bind(api.tenant.as_str())
        .push("\n  AND order_id = ")
        .bind(order_id.uuid());
    let rows = api.fetch(sql).await?;
    let no_such_order = || problem::no_such_order(order_id);
    let milestones = milestones(api, order_id).await?;
    if seen {
        let row = rows.first().ok_or_else(no_such_order)?;
        let process = ProcessBody::read(row).map_err(problem::unreadable)?;
        let found = OrderProcess {
            process,
            milestones,
            as_of,
        };
        return Ok((found, false));
    }
    let [Some(timeline), Some(processes)] = from else {
        return Err(problem::lagging());
    };
    let tail = tail::since(api, order_id, timeline.min(processes)).await?;
    let known = rows.first().map(Known::read).transpose();
    let known = known.map_err(problem::unreadable)?;
    let now = known.as_ref().map(|(_, now)| *now);
    let known = tail
        .events
        .iter()
        .fold(known.map(|(known, _)| known), Known::after);
    let known = known.ok_or_else(no_such_order)?;
    let now = now.unwrap_or(known.updated_at);
    let found = OrderProcess {
        process: known.at(now),
        milestones: milestones::with(milestones, &tail.events),
        as_of: AsOf {
            position: tail.position.get(),
            lag_ms: u64::try_from(tail.took.as_millis()).ok().map(|ms| ms + 1),
        },
    };
    Ok((found, true))
}
