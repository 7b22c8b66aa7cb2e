//! The event store: a port, its adapters, and the lane that executes commands over it.
//!
//! The port appends batches of atomic appends, each with the record of the command that it came
//! from, and reads events by stream or in the order of all events. Every adapter passes the one
//! contract suite.

mod append;
mod bookmark;
pub mod clock;
mod error;
mod fold;
#[cfg(feature = "kurrentdb")]
pub mod kurrentdb;
pub mod lane;
pub mod lease;
mod memory;
mod plan;
#[cfg(planted)]
pub mod planted;
mod port;
pub mod postgres;
mod signal;
mod stored;
mod transfer;

pub use append::{Answer, Append, AppendOutcome, CommandRecord, NewEvent, StreamAppend};
pub use bookmark::Bookmark;
pub use clock::{Clock, SystemClock};
pub use error::{StoreError, Undecodable};
pub use fold::{Folded, Until, fold_stream};
#[cfg(feature = "kurrentdb")]
pub use kurrentdb::{KurrentOptions, KurrentRestore, KurrentStore};
pub use memory::MemoryStore;
pub use port::{
    EventReader, EventStore, HISTORY_PAGE_BYTES, Head, PAGE_BYTES, Page, is_full,
    is_full_of_history,
};
pub use postgres::{
    OldStream, OldStreams, PostgresArchive, PostgresOptions, PostgresReader, PostgresRestore,
    PostgresStore,
};
pub use signal::{HeadSignal, Signaller};
pub use stored::{Delivered, Names, RawNames, StoredEvent};
pub use transfer::{
    BackupSource, CommandCursor, CommandPage, Cut, EventPlace, RestoreTarget, Restoring,
    StoredCommand,
};

/// Whether this known bug is planted in this run: never in a build without `--cfg planted`.
#[macro_export]
macro_rules! planted {
    ($bug:literal) => {{
        #[cfg(planted)]
        {
            $crate::planted::is_planted($bug)
        }
        #[cfg(not(planted))]
        {
            false
        }
    }};
}
