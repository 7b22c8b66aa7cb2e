//! The vault that the settings name.

use crate::patiently;
use anyhow::{Context, bail};
use chassis::{config::Settings, health::Health};
use secrecy::{ExposeSecret, SecretString};
use std::{num::NonZeroUsize, sync::Arc};
use vault::{CacheOptions, MasterKeys, PostgresKeys, Vault, VaultError};

/// The vault that the settings name; it has asked nobody for anything yet.
///
/// # Errors
/// There is no master key, or no database that keys could be in: nothing personal is ever taken without
/// them, so the process must not start.
pub fn name_vault(settings: &Settings) -> anyhow::Result<Vault> {
    let personal = &settings.personal_data;
    let Some(master) = &personal.master_key else {
        bail!(
            "personal_data.master_key (ORDERS__PERSONAL_DATA__MASTER_KEY, or ..._FILE with the path of \
             a file) is not set; allowed: 64 hexadecimal digits, the same in every process and kept for \
             as long as the data: `openssl rand -hex 32` makes one; `orders dev` and `orders up` make \
             one by themselves"
        );
    };
    let former = personal.former_master_key.as_ref();
    let former = former.map(SecretString::expose_secret);
    let masters = MasterKeys::parse(master.expose_secret(), former)
        .context("personal_data.master_key, personal_data.former_master_key")?;
    let url = settings.keys_url().expose_secret();
    let keys = PostgresKeys::new(url).with_context(|| {
        format!(
            "{}: the keys of personal data cannot be there",
            key(settings)
        )
    })?;
    let options = CacheOptions {
        keys: NonZeroUsize::new(personal.cached_keys).unwrap_or(NonZeroUsize::MIN),
        time: personal.cache_time(),
    };
    Ok(Vault::new(Arc::new(keys), masters, options))
}

/// Makes what the keys need, and checks that the master key is theirs. Waits a while for a server that is
/// still starting.
///
/// # Errors
/// The keys cannot be used.
pub async fn prepare_vault(vault: &Vault, settings: &Settings) -> anyhow::Result<()> {
    let prepared = patiently(
        "the database of keys",
        VaultError::is_transient,
        async || {
            vault::migrate(settings.keys_url().expose_secret()).await?;
            vault.check().await
        },
    );
    prepared.await.with_context(|| {
        format!(
            "{}: the keys of personal data cannot be used",
            key(settings)
        )
    })
}

/// Warns while a key of a customer that this process has found lost is not back: whoever restored the
/// wrong keys is to notice, before more is sealed with others. All other customers' are there, so the
/// process goes on taking traffic.
pub fn watch_keys(health: &Health, vault: Vault) {
    health.warn_of("keys", move || {
        let vault = vault.clone();
        async move {
            match vault.lost().await {
                Ok(None) => Ok(()),
                Ok(Some(customer_id)) => {
                    tracing::debug!(%customer_id, "the key of customer {customer_id} is lost still");
                    Err("a customer's key is lost: bring the keys back, or erase the customer".into())
                }
                Err(error) => {
                    tracing::debug!(%error, "the keys cannot be checked");
                    Ok(())
                }
            }
        }
    });
}

/// What says where the keys are.
fn key(settings: &Settings) -> &'static str {
    match (&settings.personal_data.url, &settings.saga.url) {
        (Some(_), _) => "personal_data.url",
        (None, Some(_)) => "saga.url",
        (None, None) => "store.url",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(set: &[(&str, &str)]) -> Settings {
        let set = set.iter().map(|(name, value)| (name.into(), value.into()));
        Settings::load_from(None, set).expect("the settings are allowed")
    }

    #[test]
    fn without_a_master_key_there_is_no_vault() {
        let refused = name_vault(&settings(&[])).err().expect("there is none");
        let text = refused.to_string();
        assert!(text.starts_with("personal_data.master_key"), "{text}");
        let key = "1".repeat(64);
        let set = [("ORDERS__PERSONAL_DATA__MASTER_KEY", &*key)];
        assert!(name_vault(&settings(&set)).is_ok());
    }
}
