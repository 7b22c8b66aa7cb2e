//! What was delivered, and what is to be delivered again.

use super::NotifyStore;
use crate::error::NotifyError;
use chrono::{DateTime, Utc};
use domain::TenantId;
use sqlx::{PgConnection, Row, postgres::PgRow};
use uuid::Uuid;

/// The most deliveries that are sent again by one request.
const MOST_AGAIN: i64 = 10_000;

/// The columns of a delivery.
macro_rules! columns {
    () => {
        "delivery.id,
         delivery.endpoint_id,
         delivery.event_id,
         delivery.position,
         delivery.event_type,
         delivery.order_id,
         delivery.occurred_at,
         delivery.state,
         delivery.attempts,
         delivery.due_at,
         delivery.lease IS NOT NULL AS under_way,
         delivery.last_attempt_at,
         delivery.last_status,
         delivery.problem,
         delivery.settled_at"
    };
}

/// Has deliveries made once more that are settled, of events within a time.
macro_rules! all_again {
    ($whose:literal) => {
        concat!(
            "UPDATE notify.delivery
             SET state = 'pending',
                 attempts = 0,
                 due_at = $2,
                 problem = NULL,
                 settled_at = NULL
             WHERE id IN (
                 SELECT id
                 FROM notify.delivery
                 WHERE tenant = $7
                   AND ",
            $whose,
            "
                   AND occurred_at >= $3
                   AND occurred_at < $4
                   AND (state IN ('failed', 'skipped') OR ($5 AND state = 'delivered'))
                 ORDER BY position
                 LIMIT $6
             )"
        )
    };
}

/// A delivery, as the log has it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Delivery {
    pub id: Uuid,
    pub endpoint: Option<Uuid>,
    pub event_id: Uuid,
    pub position: i64,
    pub event_type: String,
    pub order_id: Uuid,
    pub occurred_at: DateTime<Utc>,
    pub state: String,
    pub attempts: i32,
    pub due_at: DateTime<Utc>,
    pub under_way: bool,
    pub last_attempt_at: Option<DateTime<Utc>>,
    pub last_status: Option<i32>,
    pub problem: Option<String>,
    pub settled_at: Option<DateTime<Utc>>,
}

/// Which deliveries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogFilter<'a> {
    pub tenant: &'a TenantId,
    /// Of which endpoint; e-mails without one.
    pub endpoint: Option<Uuid>,
    pub state: Option<&'a str>,
    /// Only those of events before this position.
    pub before: Option<i64>,
}

/// Deliveries of events that happened within a time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Range {
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    /// Those that were delivered, too.
    pub delivered: bool,
}

impl NotifyStore {
    /// Deliveries, the latest events first.
    pub(crate) async fn log(
        &self,
        filter: &LogFilter<'_>,
        limit: i64,
    ) -> Result<Vec<Delivery>, NotifyError> {
        let of_endpoint = concat!(
            "SELECT ",
            columns!(),
            " FROM notify.delivery
             WHERE tenant = $1
               AND endpoint_id = $2
               AND ($3::text IS NULL OR state = $3)
               AND ($4::bigint IS NULL OR position < $4)
             ORDER BY position DESC
             LIMIT $5"
        );
        let of_emails = concat!(
            "SELECT ",
            columns!(),
            " FROM notify.delivery
             WHERE tenant = $1
               AND endpoint_id IS NULL
               AND $2::uuid IS NULL
               AND ($3::text IS NULL OR state = $3)
               AND ($4::bigint IS NULL OR position < $4)
             ORDER BY position DESC
             LIMIT $5"
        );
        let text = match filter.endpoint {
            Some(_) => of_endpoint,
            None => of_emails,
        };
        let rows = sqlx::query(text)
            .bind(filter.tenant.as_str())
            .bind(filter.endpoint)
            .bind(filter.state)
            .bind(filter.before)
            .bind(limit)
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(delivery).collect()
    }

    /// Forgets what was settled, and answered, before its time; says how much that was.
    pub(crate) async fn forget(
        &self,
        deliveries: DateTime<Utc>,
        requests: DateTime<Utc>,
    ) -> Result<u64, NotifyError> {
        let forgotten = sqlx::query(
            "DELETE FROM notify.delivery
             WHERE id IN (
                 SELECT id
                 FROM notify.delivery
                 WHERE state <> 'pending'
                   AND settled_at < $1
                 ORDER BY settled_at
                 LIMIT 1000
             )",
        )
        .bind(deliveries)
        .execute(&self.pool)
        .await?;
        let answered = sqlx::query(
            "DELETE FROM notify.request
             WHERE id IN (
                 SELECT id
                 FROM notify.request
                 WHERE created_at < $1
                 ORDER BY created_at
                 LIMIT 1000
             )",
        )
        .bind(requests)
        .execute(&self.pool)
        .await?;
        Ok(forgotten.rows_affected() + answered.rows_affected())
    }
}

/// The endpoint of the delivery `id`, which is the same for ever; none of an e-mail.
pub(crate) async fn endpoint_of(
    tx: &mut PgConnection,
    tenant: &TenantId,
    id: Uuid,
) -> Result<Option<Uuid>, NotifyError> {
    let endpoint = sqlx::query_scalar(
        "SELECT endpoint_id
         FROM notify.delivery
         WHERE tenant = $1
           AND id = $2
           AND endpoint_id IS NOT NULL",
    )
    .bind(tenant.as_str())
    .bind(id)
    .fetch_optional(tx)
    .await?;
    Ok(endpoint)
}

/// The delivery `id`, which nobody else changes until the transaction ends.
pub(crate) async fn lock(
    tx: &mut PgConnection,
    tenant: &TenantId,
    id: Uuid,
    of_email: bool,
) -> Result<Option<Delivery>, NotifyError> {
    let row = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM notify.delivery
         WHERE tenant = $1
           AND id = $2
           AND (endpoint_id IS NULL) = $3
         FOR NO KEY UPDATE"
    ))
    .bind(tenant.as_str())
    .bind(id)
    .bind(of_email)
    .fetch_optional(tx)
    .await?;
    row.as_ref().map(delivery).transpose()
}

/// Has the delivery `id` made once more, from the beginning of its schedule. One that is under way
/// stays so.
pub(crate) async fn again(
    tx: &mut PgConnection,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<Delivery, NotifyError> {
    let row = sqlx::query(concat!(
        "UPDATE notify.delivery
         SET state = 'pending',
             attempts = CASE WHEN state = 'pending' THEN attempts ELSE 0 END,
             due_at = CASE WHEN lease IS NULL THEN $2 ELSE due_at END,
             problem = CASE WHEN state = 'pending' THEN problem END,
             settled_at = NULL
         WHERE id = $1
         RETURNING ",
        columns!()
    ))
    .bind(id)
    .bind(now)
    .fetch_one(tx)
    .await?;
    delivery(&row)
}

/// The same for all of an endpoint's, or all e-mails without one, that are settled and of events within
/// `range`, the oldest first; says how many those are, and whether there are more.
pub(crate) async fn all_again(
    tx: &mut PgConnection,
    tenant: &TenantId,
    endpoint: Option<Uuid>,
    range: Range,
    now: DateTime<Utc>,
) -> Result<(u64, bool), NotifyError> {
    let text = match endpoint {
        Some(_) => all_again!("endpoint_id = $1"),
        None => all_again!("endpoint_id IS NULL AND $1::uuid IS NULL"),
    };
    let done = sqlx::query(text)
        .bind(endpoint)
        .bind(now)
        .bind(range.from)
        .bind(range.to)
        .bind(range.delivered)
        .bind(MOST_AGAIN)
        .bind(tenant.as_str())
        .execute(tx)
        .await?;
    let count = done.rows_affected();
    Ok((
        count,
        i64::try_from(count).is_ok_and(|count| count >= MOST_AGAIN),
    ))
}

fn delivery(row: &PgRow) -> Result<Delivery, NotifyError> {
    Ok(Delivery {
        id: row.try_get("id")?,
        endpoint: row.try_get("endpoint_id")?,
        event_id: row.try_get("event_id")?,
        position: row.try_get("position")?,
        event_type: row.try_get("event_type")?,
        order_id: row.try_get("order_id")?,
        occurred_at: row.try_get("occurred_at")?,
        state: row.try_get("state")?,
        attempts: row.try_get("attempts")?,
        due_at: row.try_get("due_at")?,
        under_way: row.try_get("under_way")?,
        last_attempt_at: row.try_get("last_attempt_at")?,
        last_status: row.try_get("last_status")?,
        problem: row.try_get("problem")?,
        settled_at: row.try_get("settled_at")?,
    })
}
