//! Why a rebuild ends without a new table.

use crate::{batch::Unfoldable, live::RunError, storage::ReadModelError};
use store::{StoreError, Undecodable};

/// Why a read model could not be built anew. The live one is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// The read models' database failed.
    #[error(transparent)]
    ReadModels(#[from] ReadModelError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An event cannot be read.
    #[error(transparent)]
    Undecodable(#[from] Undecodable),
    /// An event cannot be folded.
    #[error(transparent)]
    Unfoldable(#[from] Unfoldable),
    /// More cannot be read or folded than may be parked.
    #[error(transparent)]
    TooMuchParked(RunError),
    /// An operator had an event skipped meanwhile.
    #[error(
        "an event of {0} was skipped, or parked, while read.{0} was built anew: build it once more"
    )]
    SkippedMeanwhile(&'static str),
    /// Two at once would build on each other's table.
    #[error("read.{0} is being built anew, or verified, by somebody else")]
    UnderWay(&'static str),
    /// The store became another one meanwhile.
    #[error("the event store became another one, or lost its tail, while read.{0} was built anew")]
    Rewound(&'static str),
    /// Readers, or a leader, were always in the way.
    #[error("read.{0} could not be swapped: readers held it, or its leader was always further")]
    NotSwapped(&'static str),
    /// Its own work was cut off.
    #[error("the rebuild was cut off")]
    CutOff,
    /// No such projection.
    #[error("there is no projection {name}; there are {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
}

impl From<RunError> for RebuildError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::ReadModels(error) => error.into(),
            RunError::Store(error) => error.into(),
            RunError::Undecodable(error) => error.into(),
            RunError::Unfoldable(error) => error.into(),
            RunError::TooManyParked { .. } | RunError::TooMuchWaits { .. } => {
                Self::TooMuchParked(error)
            }
            RunError::NotBuilt { error, .. } => *error,
            RunError::ShutOut { name } => ReadModelError::Fenced(name).into(),
            RunError::Rewound { name, .. } => Self::Rewound(name),
        }
    }
}

impl RebuildError {
    /// Whether trying again can help without anybody doing anything.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::ReadModels(error) => error.is_transient(),
            Self::Store(error) => error.is_transient(),
            Self::SkippedMeanwhile(_) | Self::UnderWay(_) | Self::NotSwapped(_) | Self::CutOff => {
                true
            }
            Self::Undecodable(_)
            | Self::Unfoldable(_)
            | Self::TooMuchParked(_)
            | Self::Rewound(_)
            | Self::Unknown { .. } => false,
        }
    }

    /// What may be said of it to whoever asks: nothing of what the databases said.
    pub fn in_short(&self) -> String {
        match self {
            Self::ReadModels(error) => error.in_short(),
            Self::Store(error) => error.in_short().into(),
            Self::TooMuchParked(error) => error.in_short(),
            Self::Undecodable(_)
            | Self::Unfoldable(_)
            | Self::SkippedMeanwhile(_)
            | Self::UnderWay(_)
            | Self::Rewound(_)
            | Self::NotSwapped(_)
            | Self::CutOff
            | Self::Unknown { .. } => self.to_string(),
        }
    }
}
