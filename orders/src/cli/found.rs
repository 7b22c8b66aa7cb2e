//! The settings of what is worked on directly, beside the API.

use crate::host::Running;
use anyhow::{Context, bail};
use chassis::config::Settings;
use secrecy::SecretString;

/// The settings; the databases and the broker are those of the platform that runs from this directory's
/// data, where one does.
///
/// # Errors
/// The settings are wrong, or do not say where KurrentDB is.
pub(super) fn settings() -> anyhow::Result<Settings> {
    let mut settings = Settings::load().context("the settings are wrong")?;
    if let Some(running) = Running::find() {
        match running.kurrentdb {
            true if !settings.store_is_kurrentdb() => {
                bail!("the events are in KurrentDB: set ORDERS__STORE__URL");
            }
            true => settings.saga.url = Some(SecretString::from(running.store_url)),
            false => settings.store.url = SecretString::from(running.store_url),
        }
        if let Some(keys_url) = running.keys_url {
            settings.personal_data.url = Some(SecretString::from(keys_url));
        }
        settings.read.url = Some(SecretString::from(running.read_url));
        settings.bus.url = running.bus_url.map(SecretString::from);
        settings.bus.stream = running.bus_stream;
    }
    Ok(settings)
}
