//! The store that the settings name, for whoever takes all out of it, or puts all into it.

use crate::{events::kurrentdb, patiently};
use anyhow::Context;
use chassis::config::Settings;
use secrecy::ExposeSecret;
use std::sync::Arc;
use store::{
    BackupSource, KurrentRestore, KurrentStore, PostgresOptions, PostgresReader, PostgresRestore,
    RestoreTarget, StoreError,
};

/// Connects to the store that `store.url` names, to read all of it. Waits a while for a server that is
/// still starting.
///
/// # Errors
/// It cannot be used.
pub async fn open_backup_source(settings: &Settings) -> anyhow::Result<Arc<dyn BackupSource>> {
    patiently("the event store", StoreError::is_transient, async || {
        Ok(match settings.store_is_kurrentdb() {
            true => Arc::new(KurrentStore::connect_to_read(kurrentdb(settings)?).await?),
            false => {
                let url = settings.store.url.expose_secret();
                // It writes nothing, so it does not matter to it how durable the server is.
                let options = PostgresOptions::new(url).accept_data_loss();
                Arc::new(PostgresReader::connect(options).await?) as Arc<dyn BackupSource>
            }
        })
    })
    .await
    .context("store.url: the event store cannot be used")
}

/// Connects to the store that `store.url` names, to put all into it. Waits a while for a server that is
/// still starting.
///
/// # Errors
/// It cannot be used.
pub async fn open_restore_target(settings: &Settings) -> anyhow::Result<Arc<dyn RestoreTarget>> {
    patiently("the event store", StoreError::is_transient, async || {
        Ok(match settings.store_is_kurrentdb() {
            true => Arc::new(KurrentRestore::new(kurrentdb(settings)?)?) as Arc<dyn RestoreTarget>,
            false => {
                let options = PostgresOptions::new(settings.store.url.expose_secret());
                Arc::new(PostgresRestore::connect(options).await?)
            }
        })
    })
    .await
    .context("store.url: the event store cannot be used")
}
