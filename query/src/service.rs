//! The read side as part of a process: the API, and the task that watches how fresh its answers are.

use crate::{
    QueryApi,
    api::Api,
    database::{Database, DatabaseOptions, missing},
    freshness::{Freshness, FreshnessParts},
};
use anyhow::Context;
use chassis::{Lifecycle, config::Settings, health::Health, token::Signer};
use domain::TenantId;
use secrecy::ExposeSecret;
use std::{error::Error, sync::Arc};
use store::{Clock, EventReader, SystemClock};
use tokio::sync::{Notify, Semaphore};
use vault::Vault;

/// How many watches and feeds may be open at once.
const MAX_STREAMS: usize = 500;

/// The read API over the read models that the settings name, and over `reader` for orders as they
/// were; `vault` opens what is personal in them. `moved` is notified by projections of the same process when they have moved: it makes those
/// who wait for their own write wait less.
///
/// Neither database needs to be there yet: until then, the process is not ready and says why, and
/// reads are answered 503.
///
/// # Errors
/// A setting that cannot be used.
pub fn start(
    reader: Arc<dyn EventReader>,
    vault: Vault,
    moved: Option<Arc<Notify>>,
    settings: &Settings,
    lifecycle: &Lifecycle,
    health: &Health,
) -> anyhow::Result<QueryApi> {
    let tenant = TenantId::parse(&settings.tenant.id).context("tenant.id")?;
    let url = settings.read_url();
    let options = DatabaseOptions::parse(url.expose_secret(), settings.query.statement_timeout())
        .context("read.url")?;

    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let freshness = Freshness::new(clock.clone());
    let watched = FreshnessParts {
        database: Database::new(options.clone(), 1),
        reader: reader.clone(),
        moved,
    };
    let watch = watched.watch(freshness.clone(), lifecycle.soft().clone());
    lifecycle.spawn_critical("query freshness", async move {
        watch.await;
        Ok(())
    });
    register(health, Arc::new(Database::new(options.clone(), 1)));

    let key = settings.query.cursor_key.as_ref().unwrap_or(url);
    Ok(QueryApi(Arc::new(Api {
        database: Database::new(options, settings.read.pool_size),
        reader,
        vault,
        freshness,
        clock,
        tenant,
        cursors: Signer::new(key, "page cursor"),
        default_limit: settings.query.default_limit,
        max_limit: settings.query.max_limit,
        max_wait: settings.query.max_wait(),
        streams: Arc::new(Semaphore::new(MAX_STREAMS)),
        stopping: lifecycle.soft().clone(),
    })))
}

/// Ready as soon as the read models can be read; how far they are is no matter of readiness.
fn register(health: &Health, database: Arc<Database>) {
    health.register("read models", move || {
        let database = database.clone();
        async move {
            match missing(&database).await {
                Ok(missing) if missing.is_empty() => Ok(()),
                Ok(missing) => Err(format!(
                    "read.{} not there yet: the projector makes them when it starts",
                    missing.join(", read.")
                )),
                Err(error) => {
                    let cause = error.source().map(ToString::to_string);
                    tracing::debug!(%error, cause, "the read models cannot be checked");
                    Err(error.to_string())
                }
            }
        }
    });
}
