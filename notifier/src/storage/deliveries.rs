//! Deliveries that are due: who makes them has them to itself for a while.

use super::NotifyStore;
use crate::error::NotifyError;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{Row, postgres::PgRow};
use std::collections::HashMap;
use uuid::Uuid;

/// How deliveries are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channel {
    Webhook,
    Email,
}

impl Channel {
    /// What it is called in metrics.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Email => "email",
        }
    }
}

/// What may be taken.
#[derive(Debug, Clone)]
pub(crate) struct Claim<'a> {
    pub channel: Channel,
    /// So many at most.
    pub limit: usize,
    /// So many of one endpoint, with those under way.
    pub per_endpoint: usize,
    /// How many of each endpoint are under way.
    pub busy: &'a HashMap<Uuid, usize>,
    /// How long it is this process's.
    pub lease: TimeDelta,
}

/// A delivery that is this process's to make.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Claimed {
    pub id: Uuid,
    /// Under which it was taken: what comes of it is recorded only while it still is.
    pub lease: Uuid,
    pub tenant: String,
    pub endpoint: Option<Uuid>,
    /// Where to, unless it is an e-mail.
    pub url: Option<String>,
    pub event_type: String,
    pub order_id: Uuid,
    pub body: String,
    /// How often it was tried, this time included.
    pub attempts: u32,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Attempted {
    pub status: Option<u16>,
    pub problem: Option<String>,
    pub settled: Settled,
}

/// What becomes of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settled {
    Delivered,
    /// It is tried again then.
    Again(DateTime<Utc>),
    /// It was not tried, and is later: that is no attempt.
    Deferred(DateTime<Utc>),
    /// It is not tried any more.
    Failed {
        /// Nor is anything else to its endpoint: why. One that only fails stays enabled if it took
        /// anything within a day.
        disable: Option<&'static str>,
    },
    /// There is nobody to tell.
    Skipped,
}

/// What came of recording an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Recorded {
    /// Whether it was still this process's.
    pub ours: bool,
    /// Whether its endpoint was disabled with it.
    pub disabled: bool,
}

impl NotifyStore {
    /// Takes deliveries that are due, for a while: whoever is silent for longer loses them. Several
    /// processes take different ones.
    pub(crate) async fn claim(
        &self,
        claim: &Claim<'_>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Claimed>, NotifyError> {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let until = now.checked_add_signed(claim.lease).unwrap_or(now);
        let lease = Uuid::now_v7();
        let busy: Vec<Uuid> = claim.busy.keys().copied().collect();
        let calls: Vec<i64> = claim.busy.values().map(|count| number(*count)).collect();
        let query = match claim.channel {
            Channel::Webhook => sqlx::query(include_str!("claim_webhooks.sql"))
                .bind(now)
                .bind(until)
                .bind(lease)
                .bind(number(claim.limit))
                .bind(number(claim.per_endpoint))
                .bind(busy)
                .bind(calls),
            Channel::Email => sqlx::query(include_str!("claim_emails.sql"))
                .bind(now)
                .bind(until)
                .bind(lease)
                .bind(number(claim.limit)),
        };
        let rows = query.fetch_all(&self.pool).await?;
        rows.iter().map(|row| claimed(row, lease)).collect()
    }

    /// Records what came of an attempt, if it is still this process's.
    pub(crate) async fn settle(
        &self,
        claimed: &Claimed,
        attempted: &Attempted,
        now: DateTime<Utc>,
    ) -> Result<Recorded, NotifyError> {
        let (state, due, disable) = match attempted.settled {
            Settled::Delivered => ("delivered", None, None),
            Settled::Again(at) | Settled::Deferred(at) => ("pending", Some(at), None),
            Settled::Failed { disable } => ("failed", None, disable),
            Settled::Skipped => ("skipped", None, None),
        };
        let uncounted = matches!(attempted.settled, Settled::Deferred(_));
        let row = sqlx::query(include_str!("settle.sql"))
            .bind(claimed.id)
            .bind(claimed.lease)
            .bind(now)
            .bind(state)
            .bind(due)
            .bind(attempted.status.map(i32::from))
            .bind(attempted.problem.as_deref())
            .bind(i32::from(uncounted))
            .bind(disable)
            .fetch_one(&self.pool)
            .await?;
        let settled: i64 = row.try_get("settled")?;
        let disabled: i64 = row.try_get("disabled")?;
        Ok(Recorded {
            ours: settled == 1,
            disabled: disabled == 1,
        })
    }
}

fn claimed(row: &PgRow, lease: Uuid) -> Result<Claimed, NotifyError> {
    let attempts: i32 = row.try_get("attempts")?;
    Ok(Claimed {
        id: row.try_get("id")?,
        lease,
        tenant: row.try_get("tenant")?,
        endpoint: row.try_get("endpoint_id")?,
        url: row.try_get("url")?,
        event_type: row.try_get("event_type")?,
        order_id: row.try_get("order_id")?,
        body: row.try_get("body")?,
        attempts: u32::try_from(attempts).unwrap_or_default(),
    })
}
