//! Ways to host the platform: all in one, that on a private PostgreSQL, or separate processes.

mod dev;
mod master_key;
mod participants;
mod ports;
mod restart;
mod running;
mod serve;
mod servers;
mod supervise;
mod up;

pub use dev::dev;
pub use participants::Ledger;
pub use running::Running;
pub use serve::serve;
pub use up::up;

use chassis::config::Settings;
use std::path::{Path, PathBuf};

/// Where a development platform keeps its data, unless told otherwise.
const DATA_DIR: &str = ".data";

/// Takes the master key of this directory's data into the settings, where they have none.
///
/// # Errors
/// Its file cannot be read, or others than its owner may read it.
pub fn find_master_key(settings: &mut Settings) -> anyhow::Result<()> {
    master_key::find(settings, &named_data_dir())
}

/// The directory that `ORDERS_DATA_DIR` names, or `.data`, whether it is there or not.
fn named_data_dir() -> PathBuf {
    let named = std::env::var_os("ORDERS_DATA_DIR").filter(|named| !named.is_empty());
    named.map_or_else(|| Path::new(DATA_DIR).to_owned(), PathBuf::from)
}

/// The same, as an absolute path; it is made where it is missing.
fn data_dir() -> anyhow::Result<PathBuf> {
    let path = named_data_dir();
    std::fs::create_dir_all(&path)
        .and_then(|()| path.canonicalize())
        .map_err(|error| {
            anyhow::anyhow!(
                "the data directory {} cannot be used: {error}",
                path.display()
            )
        })
}
