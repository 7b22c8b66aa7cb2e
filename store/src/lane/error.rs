//! Why a command could not be executed. A refusal is not among these: it is an answer.

use crate::StoreError;
use domain::Version;
use std::sync::Arc;

/// Why a command could not be executed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LaneError {
    /// Too many commands wait. Nothing was done; try again later.
    #[error("too many commands are waiting")]
    Overloaded,
    /// The lane has stopped. Whether the command was executed is unknown; putting it again under
    /// the same id is safe.
    #[error("the process is stopping")]
    Stopped,
    /// The store could not be reached for long. Whether the command was executed is unknown;
    /// putting it again under the same id is safe.
    #[error("the event store cannot be reached")]
    Unavailable(#[source] Arc<StoreError>),
    /// Other processes were faster every time. Nothing was done; try again.
    #[error("the streams are written by others too fast")]
    Contended,
    /// The command names nothing that it could be decided over, as giving back nothing does.
    /// Nothing was done.
    #[error("the command is about no stream")]
    NoStreams,
    /// Another command was recorded under the same id.
    #[error("another command was put under the same id")]
    KeyReused,
    /// The stream is not at the version that the asker saw.
    #[error("the version is {current}, not {expected}")]
    VersionMismatch {
        /// The version that the asker saw.
        expected: Version,
        /// The version that it is at.
        current: Version,
    },
    /// The store holds something that cannot be read, or broke its own rules.
    #[error("the event store failed")]
    Broken(#[source] Arc<StoreError>),
}

impl From<StoreError> for LaneError {
    fn from(error: StoreError) -> Self {
        if error.is_transient() {
            Self::Unavailable(Arc::new(error))
        } else {
            Self::Broken(Arc::new(error))
        }
    }
}
