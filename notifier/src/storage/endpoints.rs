//! Where webhooks go.

use super::{NotifyStore, secrets};
use crate::{error::NotifyError, webhook::WebhookSecret};
use chrono::{DateTime, Utc};
use domain::TenantId;
use sqlx::{PgConnection, Row, postgres::PgRow};
use uuid::Uuid;
use vault::Vault;

/// How much of the log of an endpoint goes by one statement.
const DELETED_AT_ONCE: i64 = 1_000;

/// The columns of an endpoint.
macro_rules! columns {
    () => {
        "endpoint.id,
         endpoint.url,
         endpoint.description,
         endpoint.events,
         endpoint.after_position,
         endpoint.version,
         endpoint.created_at,
         endpoint.updated_at,
         endpoint.disabled_at,
         endpoint.disabled_reason"
    };
}

/// Where webhooks go.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Endpoint {
    pub id: Uuid,
    pub url: String,
    pub description: Option<String>,
    pub events: Vec<String>,
    pub after_position: i64,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub disabled_at: Option<DateTime<Utc>>,
    pub disabled_reason: Option<String>,
}

/// One that is to be.
#[derive(Debug, Clone)]
pub(crate) struct NewEndpoint {
    pub id: Uuid,
    pub url: String,
    pub description: Option<String>,
    pub events: Vec<String>,
    pub after_position: i64,
}

/// What becomes of one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Change {
    pub url: Option<String>,
    pub description: Option<Option<String>>,
    pub events: Option<Vec<String>>,
    /// Enabled, or disabled and why.
    pub disabled: Option<Option<&'static str>>,
}

/// What the reader of events needs of one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Target {
    pub id: Uuid,
    pub tenant: String,
    pub events: Vec<String>,
    pub after_position: i64,
    pub disabled: bool,
}

impl NotifyStore {
    /// All endpoints, as whoever plans deliveries needs them.
    pub(crate) async fn targets(&self) -> Result<Vec<Target>, NotifyError> {
        let rows = sqlx::query(
            "SELECT id, tenant, events, after_position, disabled_at IS NOT NULL AS disabled
             FROM notify.endpoint",
        )
        .fetch_all(&self.pool)
        .await?;
        let target = |row: &PgRow| {
            Ok(Target {
                id: row.try_get("id")?,
                tenant: row.try_get("tenant")?,
                events: row.try_get("events")?,
                after_position: row.try_get("after_position")?,
                disabled: row.try_get("disabled")?,
            })
        };
        rows.iter().map(target).collect()
    }

    /// The endpoints of `tenant` after the one that was made then, the oldest first.
    pub(crate) async fn endpoints(
        &self,
        tenant: &TenantId,
        after: Option<(DateTime<Utc>, Uuid)>,
        limit: i64,
    ) -> Result<Vec<Endpoint>, NotifyError> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            columns!(),
            " FROM notify.endpoint
             WHERE tenant = $1
               AND ($2::timestamptz IS NULL OR (created_at, id) > ($2, $3))
             ORDER BY created_at, id
             LIMIT $4"
        ))
        .bind(tenant.as_str())
        .bind(after.map(|(at, _)| at))
        .bind(after.map(|(_, id)| id))
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(endpoint).collect()
    }

    /// The endpoint `id` of `tenant`.
    pub(crate) async fn endpoint(
        &self,
        tenant: &TenantId,
        id: Uuid,
    ) -> Result<Option<Endpoint>, NotifyError> {
        let row = sqlx::query(concat!(
            "SELECT ",
            columns!(),
            " FROM notify.endpoint WHERE tenant = $1 AND id = $2"
        ))
        .bind(tenant.as_str())
        .bind(id)
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(endpoint).transpose()
    }

    /// Deletes one with all that is known of it; says whether it was there. It is disabled first, and its
    /// log goes a part at a time, as there may be more of it than one statement has time for: what is
    /// interrupted leaves it disabled, and goes on when it is deleted again.
    pub(crate) async fn delete_endpoint(
        &self,
        tenant: &TenantId,
        id: Uuid,
        now: DateTime<Utc>,
    ) -> Result<bool, NotifyError> {
        let disabled = sqlx::query(
            "UPDATE notify.endpoint
             SET disabled_at = $3,
                 disabled_reason = 'operator',
                 version = version + 1,
                 updated_at = $3
             WHERE tenant = $1
               AND id = $2
               AND disabled_at IS NULL",
        )
        .bind(tenant.as_str())
        .bind(id)
        .bind(now)
        .execute(&self.pool)
        .await?;
        if disabled.rows_affected() == 0 && self.endpoint(tenant, id).await?.is_none() {
            return Ok(false);
        }
        loop {
            let gone = sqlx::query(
                "DELETE FROM notify.delivery
                 WHERE id IN (SELECT id FROM notify.delivery WHERE endpoint_id = $1 LIMIT $2)",
            )
            .bind(id)
            .bind(DELETED_AT_ONCE)
            .execute(&self.pool)
            .await?;
            // What is added meanwhile is little, and goes with the endpoint.
            if gone.rows_affected() < DELETED_AT_ONCE.unsigned_abs() {
                break;
            }
        }
        let done = sqlx::query("DELETE FROM notify.endpoint WHERE tenant = $1 AND id = $2")
            .bind(tenant.as_str())
            .bind(id)
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() > 0)
    }
}

/// Makes an endpoint with its first secret; none if `tenant` has as many as it may.
pub(crate) async fn create(
    tx: &mut PgConnection,
    vault: &Vault,
    tenant: &TenantId,
    new: &NewEndpoint,
    secret: &WebhookSecret,
    most: u32,
    now: DateTime<Utc>,
) -> Result<Option<Endpoint>, NotifyError> {
    // Two at once are counted one after the other.
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('notify.endpoint/' || $1, 0))")
        .bind(tenant.as_str())
        .execute(&mut *tx)
        .await?;
    let row = sqlx::query(concat!(
        "INSERT INTO notify.endpoint AS endpoint (
             id, tenant, url, description, events, after_position, created_at, updated_at
         )
         SELECT $1, $2, $3, $4, $5, $6, $7, $7
         WHERE (SELECT count(*) FROM notify.endpoint WHERE tenant = $2) < $8
         RETURNING ",
        columns!()
    ))
    .bind(new.id)
    .bind(tenant.as_str())
    .bind(&new.url)
    .bind(&new.description)
    .bind(&new.events)
    .bind(new.after_position)
    .bind(now)
    .bind(i64::from(most))
    .fetch_optional(&mut *tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    secrets::add(tx, vault, new.id, secret, now, now).await?;
    endpoint(&row).map(Some)
}

/// The endpoint `id`, which nobody else changes until the transaction ends.
pub(crate) async fn lock(
    tx: &mut PgConnection,
    tenant: &TenantId,
    id: Uuid,
) -> Result<Option<Endpoint>, NotifyError> {
    let row = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM notify.endpoint WHERE tenant = $1 AND id = $2 FOR NO KEY UPDATE"
    ))
    .bind(tenant.as_str())
    .bind(id)
    .fetch_optional(tx)
    .await?;
    row.as_ref().map(endpoint).transpose()
}

/// Changes the endpoint `id`.
pub(crate) async fn change(
    tx: &mut PgConnection,
    id: Uuid,
    change: &Change,
    now: DateTime<Utc>,
) -> Result<Endpoint, NotifyError> {
    let row = sqlx::query(concat!(
        "UPDATE notify.endpoint AS endpoint
         SET url = coalesce($2, url),
             description = CASE WHEN $3 THEN $4 ELSE description END,
             events = coalesce($5, events),
             disabled_at = CASE
                 WHEN NOT $6 THEN disabled_at
                 WHEN $7::text IS NULL THEN NULL
                 ELSE coalesce(disabled_at, $8)
             END,
             disabled_reason = CASE WHEN $6 THEN $7 ELSE disabled_reason END,
             version = version + 1,
             updated_at = $8
         WHERE id = $1
         RETURNING ",
        columns!()
    ))
    .bind(id)
    .bind(&change.url)
    .bind(change.description.is_some())
    .bind(change.description.clone().flatten())
    .bind(&change.events)
    .bind(change.disabled.is_some())
    .bind(change.disabled.flatten())
    .bind(now)
    .fetch_one(tx)
    .await?;
    endpoint(&row)
}

/// Replaces what signs for the endpoint `id`; what did signs beside it until `until`.
pub(crate) async fn rotate(
    tx: &mut PgConnection,
    vault: &Vault,
    id: Uuid,
    secret: &WebhookSecret,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Endpoint, NotifyError> {
    secrets::add(tx, vault, id, secret, now, until).await?;
    change(tx, id, &Change::default(), now).await
}

fn endpoint(row: &PgRow) -> Result<Endpoint, NotifyError> {
    Ok(Endpoint {
        id: row.try_get("id")?,
        url: row.try_get("url")?,
        description: row.try_get("description")?,
        events: row.try_get("events")?,
        after_position: row.try_get("after_position")?,
        version: row.try_get("version")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
        disabled_at: row.try_get("disabled_at")?,
        disabled_reason: row.try_get("disabled_reason")?,
    })
}
