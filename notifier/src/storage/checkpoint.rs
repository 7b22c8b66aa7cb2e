//! How far the events were read, and the deliveries that follow from them: recorded together.

use super::NotifyStore;
use crate::error::NotifyError;
use chrono::{DateTime, Utc};
use domain::{EventId, Position};
use sqlx::Row;
use store::Bookmark;
use uuid::Uuid;

/// The one reader there is.
const NAME: &str = "events";

/// How far the events were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    pub at: Bookmark,
    pub store_epoch: Uuid,
}

/// A delivery that is to be made.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Planned {
    pub id: Uuid,
    pub tenant: String,
    pub endpoint: Option<Uuid>,
    pub event_id: Uuid,
    pub position: i64,
    pub event_type: &'static str,
    pub order_id: Uuid,
    pub occurred_at: DateTime<Utc>,
    pub body: String,
    pub due_at: DateTime<Utc>,
    /// Why it is not made, if it is only to be known that it was not.
    pub skipped: Option<&'static str>,
}

impl NotifyStore {
    /// The checkpoint; where there is none, `head` is made one.
    pub(crate) async fn checkpoint(&self, head: Checkpoint) -> Result<Checkpoint, NotifyError> {
        sqlx::query(
            "INSERT INTO notify.checkpoint (name, position, event_id, store_epoch)
             VALUES ($1, $2, $3, $4)
             ON CONFLICT (name) DO NOTHING",
        )
        .bind(NAME)
        .bind(head.at.position.get())
        .bind(head.at.event_id.map(EventId::uuid))
        .bind(head.store_epoch)
        .execute(&self.pool)
        .await?;
        self.read_checkpoint().await?.ok_or(NotifyError::Fenced)
    }

    /// The checkpoint, if there is one.
    pub(crate) async fn read_checkpoint(&self) -> Result<Option<Checkpoint>, NotifyError> {
        let row = sqlx::query(
            "SELECT position, event_id, store_epoch
             FROM notify.checkpoint
             WHERE name = $1",
        )
        .bind(NAME)
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let event_id: Option<Uuid> = row.try_get("event_id")?;
        Ok(Some(Checkpoint {
            at: Bookmark {
                position: Position::new(row.try_get("position")?),
                event_id: event_id.map(EventId::new),
            },
            store_epoch: row.try_get("store_epoch")?,
        }))
    }

    /// Records `planned` and moves the checkpoint from `from` to `to`, as a whole. What was recorded
    /// before stays as it is.
    ///
    /// # Errors
    /// [`NotifyError::Fenced`] where the checkpoint is not at `from` any more.
    pub(crate) async fn record(
        &self,
        from: Position,
        to: Bookmark,
        planned: &[Planned],
        now: DateTime<Utc>,
    ) -> Result<(), NotifyError> {
        let column = |of: fn(&Planned) -> Uuid| planned.iter().map(of).collect::<Vec<Uuid>>();
        let endpoints: Vec<Option<Uuid>> = planned.iter().map(|one| one.endpoint).collect();
        let row = sqlx::query(include_str!("record.sql"))
            .bind(NAME)
            .bind(from.get())
            .bind(to.position.get())
            .bind(to.event_id.map(EventId::uuid))
            .bind(now)
            .bind(column(|one| one.id))
            .bind(texts(planned, |one| &one.tenant))
            .bind(endpoints)
            .bind(column(|one| one.event_id))
            .bind(planned.iter().map(|one| one.position).collect::<Vec<_>>())
            .bind(texts(planned, |one| one.event_type))
            .bind(column(|one| one.order_id))
            .bind(
                planned
                    .iter()
                    .map(|one| one.occurred_at)
                    .collect::<Vec<_>>(),
            )
            .bind(texts(planned, |one| &one.body))
            .bind(planned.iter().map(|one| one.due_at).collect::<Vec<_>>())
            .bind(planned.iter().map(|one| one.skipped).collect::<Vec<_>>())
            .fetch_one(&self.pool)
            .await?;
        match row.try_get("moved")? {
            1_i64 => Ok(()),
            _ => Err(NotifyError::Fenced),
        }
    }
}

fn texts(planned: &[Planned], of: fn(&Planned) -> &str) -> Vec<&str> {
    planned.iter().map(of).collect()
}
