//! What happened to an order, by one statement.

use crate::{
    api::Api,
    cursor::Scope,
    database::{Column, ReadError, corrupt},
    freshness::Projection,
    page::{Page, Paging},
    problem,
    read_your_writes::ReadYourWrites,
    sql::Sql,
};
use chassis::Problem;
use chrono::{DateTime, Utc};
use domain::{OrderId, Recorded};
use serde::Serialize;
use serde_json::value::RawValue;
use sqlx::postgres::PgRow;
use utoipa::ToSchema;
use uuid::Uuid;

const TABLE: &str = "order_timeline";

/// Something that happened to an order, to its payment or to the stock for it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TimelineEvent<'r> {
    /// Its place among all events.
    pub position: i64,
    /// What happened.
    #[serde(rename = "type")]
    #[schema(example = "OrderConfirmed")]
    pub kind: &'r str,
    /// Who did it: a principal, a policy, a timer or a participant.
    #[schema(example = "policy/order")]
    pub actor: &'r str,
    /// When it was decided.
    pub occurred_at: DateTime<Utc>,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// The event's id.
    pub event_id: Uuid,
    /// The stream that it is in.
    pub stream: &'r str,
    /// Its number in that stream.
    pub version: i64,
    /// Why: the command that led to it,
    pub command_id: Uuid,
    /// the event that caused that command, if a policy sent it,
    pub causation_id: Option<Uuid>,
    /// and what started it all.
    pub correlation_id: Uuid,
    /// What happened, as the event says it; with the reason, where there is one.
    #[schema(value_type = Object)]
    pub data: &'r RawValue,
}

impl<'r> TimelineEvent<'r> {
    /// The event, of which `data` is what it says.
    pub(super) fn of(event: &'r Recorded, data: &'r RawValue) -> Self {
        let envelope = &event.envelope;
        Self {
            position: envelope.position.get(),
            kind: event.event.event_type(),
            actor: envelope.actor.as_str(),
            occurred_at: envelope.occurred_at,
            recorded_at: envelope.recorded_at,
            event_id: envelope.event_id.uuid(),
            stream: envelope.stream.as_str(),
            version: envelope.version.get(),
            command_id: envelope.command_id.uuid(),
            causation_id: envelope.causation_id.map(|id| id.uuid()),
            correlation_id: envelope.correlation_id,
            data,
        }
    }

    fn read(row: &'r PgRow) -> Result<Self, ReadError> {
        let data: &str = row.column(TABLE, 11)?;
        Ok(Self {
            position: row.column(TABLE, 0)?,
            version: row.column(TABLE, 1)?,
            occurred_at: row.column(TABLE, 2)?,
            recorded_at: row.column(TABLE, 3)?,
            event_id: row.column(TABLE, 4)?,
            command_id: row.column(TABLE, 5)?,
            correlation_id: row.column(TABLE, 6)?,
            causation_id: row.column(TABLE, 7)?,
            stream: row.column(TABLE, 8)?,
            kind: row.column(TABLE, 9)?,
            actor: row.column(TABLE, 10)?,
            data: serde_json::from_str(data).map_err(|error| corrupt(row, TABLE, 11, error))?,
        })
    }
}

/// The page of what happened to the order, as `answer` makes it of that.
///
/// # Errors
/// 400: a limit or a cursor that cannot be; 404: there is no such order; 503: not now, or not yet.
pub(crate) async fn timeline<T>(
    api: &Api,
    order_id: OrderId,
    (limit, cursor): (Option<u32>, Option<&str>),
    writes: &ReadYourWrites,
    answer: impl FnOnce(&Page<TimelineEvent<'_>>) -> Result<T, Problem>,
) -> Result<T, Problem> {
    let scope = Scope::new("order events", &order_id);
    let paging = Paging::<i64>::parse(api, scope, limit, cursor)?;
    let bounds = paging.bounds(false);
    let mut sql = Sql::new(include_str!("timeline.sql"));
    sql.push("WHERE tenant = ")
        .bind(api.tenant.as_str())
        .push("\n  AND order_id = ")
        .bind(order_id.uuid());
    if let (Some(compare), Some(position)) = (bounds.compare, paging.key()) {
        sql.push("\n  AND position").push(compare).bind(*position);
    }
    sql.push(match bounds.descending {
        false => "\nORDER BY position",
        true => "\nORDER BY position DESC",
    });
    paging.limit(&mut sql);

    writes.insist(api, Projection::Timeline).await?;
    let as_of = api.freshness.as_of(Projection::Timeline);
    let rows = api.fetch(sql).await?;
    if rows.is_empty() && paging.is_first() {
        // Every order has at least been placed.
        return Err(problem::no_such_order(order_id));
    }
    let items: Result<Vec<TimelineEvent<'_>>, _> = rows.iter().map(TimelineEvent::read).collect();
    let items = items.map_err(problem::unreadable)?;
    answer(&paging.page(api, items, |event| event.position, as_of))
}
