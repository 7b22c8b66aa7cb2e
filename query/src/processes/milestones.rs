//! What has happened to an order, in a few words.

use crate::{
    api::Api,
    database::{Column, ReadError},
    problem,
    sql::Sql,
};
use chassis::Problem;
use chrono::{DateTime, Utc};
use domain::{OrderId, Recorded, process};
use serde::Serialize;
use sqlx::postgres::PgRow;
use utoipa::ToSchema;

const TABLE: &str = "order_timeline";

/// Something that people would tell of an order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Milestone {
    /// What happened.
    #[serde(rename = "type")]
    #[schema(example = "OrderConfirmed")]
    pub kind: String,
    /// Who did it.
    #[schema(example = "policy/order")]
    pub actor: String,
    /// Why, where it does not speak for itself and somebody said so: the provider's or the carrier's code,
    /// the rule that refused it, what was written with it.
    #[schema(example = "insufficient_funds")]
    pub reason: Option<String>,
    /// When it was recorded.
    pub at: DateTime<Utc>,
    /// Its place among all events.
    pub position: i64,
}

impl Milestone {
    fn read(row: &PgRow) -> Result<Self, ReadError> {
        let kind: String = row.column(TABLE, 0)?;
        let data: Option<&str> = row.column(TABLE, 4)?;
        Ok(Self {
            reason: data.and_then(|data| process::reason(&kind, data.as_bytes())),
            kind,
            actor: row.column(TABLE, 1)?,
            at: row.column(TABLE, 2)?,
            position: row.column(TABLE, 3)?,
        })
    }
}

/// How many are told.
const MOST: usize = 100;

/// Adds what was recorded since `known` was read, and keeps the last 100.
pub(super) fn with(mut known: Vec<Milestone>, tail: &[Recorded]) -> Vec<Milestone> {
    let last = known.last().map_or(0, |milestone| milestone.position);
    let further = tail.iter().filter(|recorded| {
        recorded.envelope.position.get() > last
            && process::MILESTONES.contains(&recorded.event.event_type())
    });
    known.extend(further.map(|recorded| Milestone {
        kind: recorded.event.event_type().into(),
        reason: process::reason(recorded.event.event_type(), &recorded.event.encode()),
        actor: recorded.envelope.actor.as_str().into(),
        at: recorded.envelope.recorded_at,
        position: recorded.envelope.position.get(),
    }));
    let surplus = known.len().saturating_sub(MOST);
    known.split_off(surplus)
}

/// The last 100 milestones of the order, in the order in which they happened.
pub(super) async fn milestones(api: &Api, order_id: OrderId) -> Result<Vec<Milestone>, Problem> {
    let mut sql = Sql::new(include_str!("milestones.sql"));
    sql.value(api.tenant.as_str())
        .value(order_id.uuid())
        .value(process::MILESTONES)
        .value(process::SELF_EVIDENT);
    let rows = api.fetch(sql).await?;
    let read: Result<Vec<_>, _> = rows.iter().rev().map(Milestone::read).collect();
    read.map_err(problem::unreadable)
}
