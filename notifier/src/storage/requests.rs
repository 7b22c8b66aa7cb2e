//! What requests were answered, by their keys.

use super::NotifyStore;
use crate::error::NotifyError;
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Row};
use uuid::Uuid;
use vault::SealedSecret;

/// A request that came before under the same key.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Kept {
    pub fingerprint: Vec<u8>,
    pub answer: Option<SealedSecret>,
}

impl NotifyStore {
    /// The request `id`, if it was executed.
    pub(crate) async fn request(&self, id: Uuid) -> Result<Option<Kept>, NotifyError> {
        let row = sqlx::query(
            "SELECT fingerprint, master, answer
             FROM notify.request
             WHERE id = $1",
        )
        .bind(id)
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let master: Option<String> = row.try_get("master")?;
        let sealed: Option<Vec<u8>> = row.try_get("answer")?;
        let answer = master.zip(sealed);
        Ok(Some(Kept {
            fingerprint: row.try_get("fingerprint")?,
            answer: answer.map(|(master, sealed)| SealedSecret { master, sealed }),
        }))
    }
}

/// Takes down that the request `id` is executed; false if it was. The same at once waits for this
/// transaction's end.
pub(crate) async fn begin(
    tx: &mut PgConnection,
    id: Uuid,
    fingerprint: &[u8],
    now: DateTime<Utc>,
) -> Result<bool, NotifyError> {
    let done = sqlx::query(
        "INSERT INTO notify.request (id, fingerprint, created_at)
         VALUES ($1, $2, $3)
         ON CONFLICT (id) DO NOTHING",
    )
    .bind(id)
    .bind(fingerprint)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes down what it was answered.
pub(crate) async fn answered(
    tx: &mut PgConnection,
    id: Uuid,
    answer: SealedSecret,
) -> Result<(), NotifyError> {
    sqlx::query(
        "UPDATE notify.request
         SET master = $2,
             answer = $3
         WHERE id = $1",
    )
    .bind(id)
    .bind(answer.master)
    .bind(answer.sealed)
    .execute(tx)
    .await?;
    Ok(())
}
