//! Backups of the event store: portable, compressed, checksummed files in a directory or in
//! S3-compatible storage, and the way back into an empty store of any kind.
//!
//! A backup is what a manifest lists: segments of events, and of the records of commands, each a file
//! of NDJSON that `zstd -d` reads. The manifest is replaced last and at once, so a target holds the
//! backup before or the one after, whatever becomes of the process. See
//! `docs/adr/0017-backups.md`.

mod blocks;
mod damage;
mod error;
mod line;
mod manifest;
mod restore;
mod segment;
mod target;
mod unfinished;
mod verify;
mod watch;
mod write;

pub use damage::Damage;
pub use error::BackupError;
pub use manifest::{FORMAT, MANIFEST, Manifest, Segment};
pub use restore::{PutIn, Restored, put_in};
pub use target::Target;
pub use verify::{Verified, verify};
pub use watch::{Unwatched, Watch};
pub use write::{BackupOptions, Written, back_up};
