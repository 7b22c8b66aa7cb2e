//! The write API as part of a process, and the upkeep of command records.

use crate::{CommandApi, Webhooks};
use anyhow::Context;
use chassis::{Lifecycle, config::Settings};
use chrono::TimeDelta;
use domain::TenantId;
use std::{sync::Arc, time::Duration};
use store::{EventStore, SystemClock, lane::Lane};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use vault::Vault;

/// How often old command records are looked for.
const FORGET_EVERY: Duration = Duration::from_secs(600);

/// How many times as long as it took to forget some of them nothing more is done: commands are to
/// have the database.
const FORGET_PACE: u32 = 4;

/// The write API over `lane`, with the upkeep of command records. What is personal is sealed by `vault`.
pub async fn start(
    store: Arc<dyn EventStore>,
    lane: Lane,
    vault: Vault,
    settings: &Settings,
    lifecycle: &Lifecycle,
) -> anyhow::Result<CommandApi> {
    let tenant = TenantId::parse(&settings.tenant.id).context("tenant.id")?;
    let webhooks = Webhooks::try_new(&settings.providers)?;
    let head = store
        .head()
        .await
        .context("the event store cannot be read")?;
    let days = i64::from(settings.store.command_record_days);
    let upkeep = forget(
        store.clone(),
        TimeDelta::days(days),
        lifecycle.soft().clone(),
    );
    lifecycle.spawn_critical("command records", upkeep);
    Ok(CommandApi::new(
        lane,
        store,
        vault,
        Arc::new(SystemClock),
        tenant,
        head.epoch,
    )
    .taking_only_listed(settings.tenant.only_listed)
    .with_amendments_for(TimeDelta::seconds(i64::from(
        settings.tenant.amendment_ttl_s,
    )))
    .with_webhooks(webhooks)
    .stopped_by(lifecycle.soft().clone()))
}

/// Forgets command records after their time, until `stop`.
async fn forget(
    store: Arc<dyn EventStore>,
    keep: TimeDelta,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    loop {
        let began = Instant::now();
        // By the store's clock: one of ours that is days ahead would have them all forgotten.
        let forgotten = async { store.forget_commands(store.now().await? - keep).await };
        let pause = match forgotten.await {
            // There may be more.
            Ok(forgotten) if forgotten > 0 => {
                tracing::debug!(forgotten, "{forgotten} old command records are forgotten");
                began.elapsed() * FORGET_PACE
            }
            Ok(_) => FORGET_EVERY,
            Err(error) => {
                tracing::warn!(%error, "old command records stay for now");
                FORGET_EVERY
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
            () = sleep(pause) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(id: &str) -> Option<String> {
        let set = ("ORDERS__TENANT__ID".into(), id.into());
        let settings = Settings::load_from(None, [set]).ok()?;
        Some(settings.tenant.id)
    }

    /// Neither room knows the other: were the setting's rule wider, a process would find out only
    /// after it has migrated its database.
    #[test]
    fn a_tenant_may_be_set_exactly_where_it_is_one() {
        let mut names: Vec<String> = (0..=255_u8).map(|byte| char::from(byte).into()).collect();
        names.extend((0..70).map(|length| "x".repeat(length)));
        names
            .extend(["main", "shop-2", "007", "Main_Shop", "a.b", "-", " a", "a "].map(Into::into));
        for name in names
            .iter()
            .filter(|name| !name.is_empty() && *name != "\0")
        {
            let tenant = TenantId::parse(name).ok();
            let tenant = tenant.map(|tenant| tenant.as_str().to_owned());
            assert_eq!(setting(name), tenant, "{name:?}");
        }
    }
}
