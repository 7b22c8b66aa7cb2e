//! How much is left undone, for metrics and for whoever looks.

use super::NotifyStore;
use crate::error::NotifyError;
use chrono::{DateTime, Utc};
use sqlx::Row;

/// How much is left undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Backlog {
    /// Webhooks whose time has come; 10,000 at most are counted.
    pub due_webhooks: i64,
    /// E-mails whose time has come.
    pub due_emails: i64,
    /// Webhooks that were given up; 10,000 at most are counted.
    pub failed_webhooks: i64,
    /// E-mails that were given up.
    pub failed_emails: i64,
    /// Endpoints that were disabled, as they failed for too long.
    pub failing_endpoints: i64,
    /// Endpoints that were disabled, as they said that they are no more.
    pub gone_endpoints: i64,
}

impl NotifyStore {
    /// How much is left undone.
    pub(crate) async fn backlog(&self, now: DateTime<Utc>) -> Result<Backlog, NotifyError> {
        let row = sqlx::query(include_str!("backlog.sql"))
            .bind(now)
            .fetch_one(&self.pool)
            .await?;
        Ok(Backlog {
            due_webhooks: row.try_get("due_webhooks")?,
            due_emails: row.try_get("due_emails")?,
            failed_webhooks: row.try_get("failed_webhooks")?,
            failed_emails: row.try_get("failed_emails")?,
            failing_endpoints: row.try_get("failing_endpoints")?,
            gone_endpoints: row.try_get("gone_endpoints")?,
        })
    }
}
