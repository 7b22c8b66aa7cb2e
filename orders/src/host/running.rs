//! What a running development platform leaves for the command line to find: where everything is.

use anyhow::{Context, bail};
use chassis::config::Settings;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, TryLockError},
    io::{Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

const FILE: &str = "platform.json";

/// Where a running platform's parts are.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Running {
    /// The write API.
    pub url: String,
    /// The read API.
    pub query_url: String,
    /// The database of events and sagas, with its password; of the sagas alone, if the events are in
    /// KurrentDB.
    pub store_url: String,
    /// Whether the events are in KurrentDB.
    #[serde(default)]
    pub kurrentdb: bool,
    /// That of the read models.
    pub read_url: String,
    /// That of the keys of personal data.
    #[serde(default)]
    pub keys_url: Option<String>,
    /// NATS, where there is one.
    pub bus_url: Option<String>,
    /// The JetStream stream.
    pub bus_stream: String,
    /// The payment provider.
    pub payment_url: Option<String>,
    /// The carrier.
    #[serde(default)]
    pub carrier_url: Option<String>,
    /// Every process, and the address that says how it is.
    pub processes: Vec<(String, String)>,
}

/// Takes the file away with the platform. Its lock says that the platform lives: the kernel takes
/// that away however the platform ends.
pub(super) struct Announced {
    path: PathBuf,
    _lock: File,
}

impl Running {
    /// The platform under `settings`, as it is reached at `url` and `query_url`.
    pub fn new(
        settings: &Settings,
        url: &str,
        query_url: &str,
        processes: Vec<(String, String)>,
    ) -> Self {
        let secret = |url: &SecretString| url.expose_secret().to_owned();
        Self {
            url: url.to_owned(),
            query_url: query_url.to_owned(),
            store_url: secret(settings.saga_url()),
            kurrentdb: settings.store_is_kurrentdb(),
            read_url: secret(settings.read_url()),
            keys_url: Some(secret(settings.keys_url())),
            bus_url: settings.bus.url.as_ref().map(secret),
            bus_stream: settings.bus.stream.clone(),
            payment_url: settings.saga.payment_url.clone(),
            carrier_url: settings.saga.carrier_url.clone(),
            processes,
        }
    }

    /// Writes it where [`find`](Self::find) looks, readable by its owner alone.
    pub(super) fn announce(&self, data: &Path) -> anyhow::Result<Announced> {
        let path = data.join(FILE);
        if is_held(&path) {
            bail!(
                "another platform runs with the data in {}: stop it, or set ORDERS_DATA_DIR",
                data.display()
            );
        }
        let failed = || format!("{} cannot be written", path.display());
        // Made anew, so that its mode is ours.
        if path.exists() {
            fs::remove_file(&path).with_context(failed)?;
        }
        let mut file = File::options()
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(&path)
            .with_context(failed)?;
        file.lock().with_context(failed)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)
            .with_context(failed)?;
        Ok(Announced { path, _lock: file })
    }

    /// The platform that runs from this directory's data, if one does.
    pub fn find() -> Option<Self> {
        Self::find_in(&super::named_data_dir())
    }

    fn find_in(data: &Path) -> Option<Self> {
        let path = data.join(FILE);
        if !is_held(&path) {
            // Of a platform that was killed: nothing of it is there any more.
            return None;
        }
        let mut text = String::new();
        File::open(path).ok()?.read_to_string(&mut text).ok()?;
        serde_json::from_str(&text).ok()
    }
}

/// Whether a platform that lives has written this file.
fn is_held(path: &Path) -> bool {
    let Ok(file) = File::open(path) else {
        return false;
    };
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

impl Drop for Announced {
    fn drop(&mut self) {
        // A file that stays behind is replaced by the next start.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn running() -> Running {
        Running::new(&Settings::default(), "http://a", "http://b", vec![])
    }

    #[test]
    fn a_platform_is_found_while_it_lives() {
        let data = tempfile::tempdir().expect("a directory can be made");
        assert!(Running::find_in(data.path()).is_none());
        let announced = running().announce(data.path()).expect("it can be written");
        let found = Running::find_in(data.path()).expect("it is there");
        assert_eq!(found.query_url, "http://b");
        let second = running().announce(data.path()).err().expect("it is taken");
        assert!(second.to_string().contains("another platform runs"));
        drop(announced);
        assert!(Running::find_in(data.path()).is_none());
    }

    #[test]
    fn what_a_killed_platform_left_misleads_nobody() {
        let data = tempfile::tempdir().expect("a directory can be made");
        let text = serde_json::to_vec(&running()).expect("it is JSON");
        fs::write(data.path().join(FILE), text).expect("it can be written");
        assert!(Running::find_in(data.path()).is_none());
        running().announce(data.path()).expect("it is replaced");
    }
}
