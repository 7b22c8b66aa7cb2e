//! What signs webhooks: kept sealed.

use super::NotifyStore;
use crate::{
    error::NotifyError,
    webhook::{WebhookSecret, place},
};
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Row, postgres::PgRow};
use std::collections::HashMap;
use uuid::Uuid;
use vault::{SealedSecret, Vault, VaultError};

/// Adds a secret that signs for `endpoint` from now on; those of before sign until `until`, and no more
/// than one of them.
pub(super) async fn add(
    tx: &mut PgConnection,
    vault: &Vault,
    endpoint: Uuid,
    secret: &WebhookSecret,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<(), NotifyError> {
    let id = Uuid::now_v7();
    let kept = vault.seal_secret(place(id), secret.bytes())?;
    sqlx::query(
        "DELETE FROM notify.secret
         WHERE endpoint_id = $1
           AND (expires_at IS NOT NULL OR $2::timestamptz <= $3::timestamptz)",
    )
    .bind(endpoint)
    .bind(until)
    .bind(now)
    .execute(&mut *tx)
    .await?;
    sqlx::query("UPDATE notify.secret SET expires_at = $2 WHERE endpoint_id = $1")
        .bind(endpoint)
        .bind(until)
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "INSERT INTO notify.secret (id, endpoint_id, master, sealed, created_at)
         VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(id)
    .bind(endpoint)
    .bind(kept.master)
    .bind(kept.sealed)
    .bind(now)
    .execute(&mut *tx)
    .await?;
    Ok(())
}

impl NotifyStore {
    /// What signs for each of `endpoints` now, the newest first. One that no configured key opens is left
    /// out, and an error in the log: the others are none the worse for it.
    pub(crate) async fn secrets(
        &self,
        vault: &Vault,
        endpoints: &[Uuid],
        now: DateTime<Utc>,
    ) -> Result<HashMap<Uuid, Vec<WebhookSecret>>, NotifyError> {
        let rows = sqlx::query(
            "SELECT id, endpoint_id, master, sealed
             FROM notify.secret
             WHERE endpoint_id = ANY ($1)
               AND (expires_at IS NULL OR expires_at > $2)
             ORDER BY created_at DESC, id DESC",
        )
        .bind(endpoints)
        .bind(now)
        .fetch_all(&self.pool)
        .await?;
        let mut secrets: HashMap<Uuid, Vec<WebhookSecret>> = HashMap::new();
        for row in rows {
            let (id, kept) = sealed(&row)?;
            let endpoint: Uuid = row.try_get("endpoint_id")?;
            match vault.open_secret(place(id), &kept) {
                Ok(bytes) => {
                    let of = secrets.entry(endpoint).or_default();
                    of.push(WebhookSecret::new(bytes));
                }
                Err(error) => unreadable(endpoint, &error),
            }
        }
        Ok(secrets)
    }

    /// Seals anew what a former master key has sealed, and forgets what signs nothing any more; says
    /// how many secrets were sealed anew. One that no configured key opens stays as it is, and is an
    /// error in the log.
    pub(crate) async fn renew_secrets(
        &self,
        vault: &Vault,
        now: DateTime<Utc>,
    ) -> Result<usize, NotifyError> {
        sqlx::query("DELETE FROM notify.secret WHERE expires_at <= $1")
            .bind(now)
            .execute(&self.pool)
            .await?;
        let rows = sqlx::query("SELECT id, endpoint_id, master, sealed FROM notify.secret")
            .fetch_all(&self.pool)
            .await?;
        let mut renewed = 0;
        for row in rows {
            let (id, kept) = sealed(&row)?;
            if vault.is_sealed_anew(&kept) {
                continue;
            }
            let bytes = match vault.open_secret(place(id), &kept) {
                Ok(bytes) => bytes,
                Err(error) => {
                    unreadable(row.try_get("endpoint_id")?, &error);
                    continue;
                }
            };
            let anew = vault.seal_secret(place(id), &bytes)?;
            sqlx::query(
                "UPDATE notify.secret
                 SET master = $2,
                     sealed = $3
                 WHERE id = $1",
            )
            .bind(id)
            .bind(anew.master)
            .bind(anew.sealed)
            .execute(&self.pool)
            .await?;
            renewed += 1;
        }
        Ok(renewed)
    }
}

fn unreadable(endpoint: Uuid, error: &VaultError) {
    tracing::error!(
        %endpoint,
        %error,
        "a secret of webhook {endpoint} cannot be opened, and signs nothing: bring its master key back, \
         or replace it (`orders webhooks rotate`)"
    );
}

fn sealed(row: &PgRow) -> Result<(Uuid, SealedSecret), NotifyError> {
    let kept = SealedSecret {
        master: row.try_get("master")?,
        sealed: row.try_get("sealed")?,
    };
    Ok((row.try_get("id")?, kept))
}
