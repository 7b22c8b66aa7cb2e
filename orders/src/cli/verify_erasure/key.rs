//! Whether the customer's key is gone.

use super::{Check, Wanted, tables::connect};
use anyhow::Context;
use chassis::config::Settings;
use secrecy::ExposeSecret;

pub(super) async fn check(settings: &Settings, wanted: &Wanted) -> anyhow::Result<Check> {
    let mut connection = connect(settings.keys_url().expose_secret()).await?;
    let wrapped: Option<bool> = sqlx::query_scalar(
        "SELECT wrapped IS NOT NULL FROM personal.key WHERE tenant = $1 AND customer_id = $2",
    )
    .bind(wanted.tenant.as_str())
    .bind(wanted.customer_id.as_str())
    .fetch_optional(&mut connection)
    .await
    .context("personal.key cannot be read")?;
    let problem = match wrapped {
        Some(true) => Some("the key is there: the customer was not erased"),
        Some(false) => None,
        None => Some("there is no key, and no erasure: it is another customer, or the key is lost"),
    };
    Ok(Check {
        place: "key of the customer".into(),
        looked_at: wrapped.map_or(0, |_| 1),
        problem: problem.map(Into::into),
    })
}
