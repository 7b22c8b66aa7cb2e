//! What a running development platform leaves for the command line to find: where everything is.

use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::Write,
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
    /// The database, with its password.
    pub store_url: String,
    /// NATS, where there is one.
    pub bus_url: Option<String>,
    /// The payment provider.
    pub payment_url: String,
    /// Every process, and the address that says how it is.
    pub processes: Vec<(String, String)>,
}

/// Takes the file away with the platform.
pub(super) struct Announced(PathBuf);

impl Running {
    /// Writes it where [`find`](Self::find) looks, readable by its owner alone.
    pub(super) fn announce(&self, data: &Path) -> anyhow::Result<Announced> {
        let path = data.join(FILE);
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
        file.write_all(&serde_json::to_vec_pretty(self)?)
            .with_context(failed)?;
        Ok(Announced(path))
    }

    /// The platform that runs from this directory's data, if one does.
    pub fn find() -> Option<Self> {
        let named = std::env::var_os("ORDERS_DATA_DIR").map(PathBuf::from);
        let path = named.unwrap_or_else(|| super::DATA_DIR.into()).join(FILE);
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }
}

impl Drop for Announced {
    fn drop(&mut self) {
        // A file that stays behind is replaced by the next start.
        let _ = fs::remove_file(&self.0);
    }
}
