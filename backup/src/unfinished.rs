//! What an interrupted backup has written, so that the next one goes on with it.

use crate::{
    blocks::sha256,
    error::BackupError,
    manifest::{Manifest, seal, unseal},
    target::Target,
};
use serde::{Deserialize, Serialize};

/// Its name.
const FILE: &str = "unfinished.json";

/// The events that were written since the manifest.
#[derive(Serialize, Deserialize)]
struct Unfinished {
    /// The checksum of the manifest that it goes on from, if there is one.
    base: Option<String>,
    /// What will be the manifest.
    manifest: Manifest,
}

/// What was written on top of the manifest `base`, if anything. Of a file that cannot be read, nothing
/// was: what it would have said is written again.
pub(crate) async fn find(
    target: &Target,
    base: Option<&[u8]>,
) -> Result<Option<Manifest>, BackupError> {
    let Some(bytes) = target.get(FILE).await? else {
        return Ok(None);
    };
    let found = unseal(&bytes)
        .ok()
        .and_then(|json| serde_json::from_str::<Unfinished>(json.get()).ok());
    Ok(found
        .filter(|found| found.base == base.map(sha256))
        .map(|found| found.manifest))
}

/// Remembers what was written on top of `base`.
pub(crate) async fn keep(
    target: &Target,
    base: Option<&[u8]>,
    manifest: &Manifest,
) -> Result<(), BackupError> {
    let unfinished = Unfinished {
        base: base.map(sha256),
        manifest: manifest.clone(),
    };
    let bytes = seal(&unfinished).map_err(|error| BackupError::Unwritable(error.into()))?;
    target.put(FILE, bytes.into()).await
}

/// Forgets it.
pub(crate) async fn forget(target: &Target) -> Result<(), BackupError> {
    target.delete(FILE).await
}
