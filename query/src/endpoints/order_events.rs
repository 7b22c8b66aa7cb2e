//! `GET /v1/orders/{order_id}/events`

use super::{Named, OrderPath};
use crate::{
    answer,
    api::Api,
    cursor::Scope,
    database::{Column, ReadError, corrupt},
    documentation::{ReadHeaders, ReadProblems},
    freshness::Projection,
    page::{Page, Paging},
    problem,
    read_your_writes::ReadYourWrites,
    sql::Sql,
};
use axum::{extract::State, response::Response};
use chassis::{Problem, extract::StrictQuery, problem::ProblemDetails};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sqlx::postgres::PgRow;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

const TABLE: &str = "order_timeline";

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OrderEventsQuery {
    /// Items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` or `prev_cursor` of a page of the same list.
    cursor: Option<String>,
}

/// Something that happened to an order, to its payment or to the stock for it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TimelineEvent<'r> {
    /// Its place among all events.
    position: i64,
    /// What happened.
    #[serde(rename = "type")]
    #[schema(example = "OrderConfirmed")]
    kind: &'r str,
    /// Who did it: a principal, a policy, a timer or a participant.
    #[schema(example = "policy/order")]
    actor: &'r str,
    /// When it was decided.
    occurred_at: DateTime<Utc>,
    /// When it was recorded.
    recorded_at: DateTime<Utc>,
    /// The event's id.
    event_id: Uuid,
    /// The stream that it is in.
    stream: &'r str,
    /// Its number in that stream.
    version: i64,
    /// Why: the command that led to it,
    command_id: Uuid,
    /// the event that caused that command, if a policy sent it,
    causation_id: Option<Uuid>,
    /// and what started it all.
    correlation_id: Uuid,
    /// What happened, as the event says it; with the reason, where there is one.
    #[schema(value_type = Object)]
    data: &'r RawValue,
}

impl<'r> TimelineEvent<'r> {
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

/// List what happened to an order: who, when, why.
///
/// In the order in which it happened, with its payment and the stock for it.
#[utoipa::path(
    get,
    path = "/v1/orders/{order_id}/events",
    tag = "orders",
    params(
        ("order_id" = Uuid, Path, description = "The order."),
        OrderEventsQuery,
        ReadHeaders,
    ),
    responses(
        (status = 200, description = "A page.", body = Page<TimelineEvent>),
        (status = 404, description = "There is no such order.", body = ProblemDetails, content_type = "application/problem+json"),
        ReadProblems,
    )
)]
pub(crate) async fn order_events(
    State(api): State<Arc<Api>>,
    Named(order_id): OrderPath,
    writes: ReadYourWrites,
    StrictQuery(query): StrictQuery<OrderEventsQuery>,
) -> Result<Response, Problem> {
    let scope = Scope::new("order events", &order_id);
    let paging = Paging::<i64>::parse(&api, scope, query.limit, query.cursor.as_deref())?;
    let bounds = paging.bounds(false);
    let mut sql = Sql::new(include_str!("order_events.sql"));
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

    writes.insist(&api, Projection::Timeline).await?;
    let as_of = api.freshness.as_of(Projection::Timeline);
    let rows = api.fetch(sql).await?;
    if rows.is_empty() && paging.is_first() {
        // Every order has at least been placed.
        return Err(problem::no_such_order(order_id));
    }
    let items: Result<Vec<TimelineEvent<'_>>, _> = rows.iter().map(TimelineEvent::read).collect();
    let items = items.map_err(problem::unreadable)?;
    answer::json(&paging.page(&api, items, |event| event.position, as_of))
}
