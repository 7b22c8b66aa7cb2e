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

use std::path::{Path, PathBuf};

/// Where a development platform keeps its data, unless told otherwise.
const DATA_DIR: &str = ".data";

/// The directory that `ORDERS_DATA_DIR` names, or `.data`; as an absolute path.
fn data_dir() -> anyhow::Result<PathBuf> {
    let named = std::env::var_os("ORDERS_DATA_DIR").filter(|named| !named.is_empty());
    let path = named.map_or_else(|| Path::new(DATA_DIR).to_owned(), PathBuf::from);
    std::fs::create_dir_all(&path)
        .and_then(|()| path.canonicalize())
        .map_err(|error| {
            anyhow::anyhow!(
                "the data directory {} cannot be used: {error}",
                path.display()
            )
        })
}
