//! Why a projection stops.

use crate::{batch::Unfoldable, rebuild::RebuildError, storage::ReadModelError};
use domain::{Envelope, Position};
use serde::Serialize;
use std::cmp::Ordering;
use store::{StoreError, Undecodable};
use utoipa::ToSchema;
use uuid::Uuid;

/// Why a projection stopped before it was told to.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The read models' database failed, or another leader took over.
    #[error(transparent)]
    ReadModels(#[from] ReadModelError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An event cannot be read. What comes after it waits.
    #[error(transparent)]
    Undecodable(#[from] Undecodable),
    /// An event cannot be folded. What comes after it waits.
    #[error(transparent)]
    Unfoldable(#[from] Unfoldable),
    /// An event cannot be read or folded, and as many sequences are parked as may be: a build that parks so
    /// much is more likely to be wrong than the events.
    #[error(
        "as many sequences of {name} are parked as may be ({limit}: projector.max_parked); see \
         `projector parked list`"
    )]
    TooManyParked {
        /// The projection.
        name: &'static str,
        /// How many may be.
        limit: usize,
        /// What would be parked.
        #[source]
        error: Box<RunError>,
    },
    /// More rows wait behind streams that cannot be read than may.
    #[error(
        "as many rows of {name} as may wait behind streams of which an event cannot be read; see \
         `projector parked list`"
    )]
    TooMuchWaits {
        /// The projection.
        name: &'static str,
    },
    /// The one that has the lease is refused as a leader, again and again.
    #[error(
        "read.checkpoint knows a later leader of {name} than the leases do, as after one of the two \
         was restored: run `projector rebuild {name}`"
    )]
    ShutOut {
        /// The projection.
        name: &'static str,
    },
    /// The rows are of an older version of the fold, and could not be made anew.
    #[error(
        "read.{name} is of an older version of its fold, and could not be built anew: it is tried again"
    )]
    NotBuilt {
        /// The projection.
        name: &'static str,
        /// Why.
        #[source]
        error: Box<RebuildError>,
    },
    /// The store is not the one that the checkpoint is of, or lost its tail.
    #[error(
        "the event store is another one, or was restored, or lost its tail: read.{name} was folded \
         up to position {position} of store {checkpoint:?}, and what store {store} has there, at \
         head {head}, is something else: run `projector rebuild {name}`"
    )]
    Rewound {
        /// The projection.
        name: &'static str,
        /// Its checkpoint.
        position: Position,
        /// The store that the checkpoint is of.
        checkpoint: Option<Uuid>,
        /// The store.
        store: Uuid,
        /// How far the store is.
        head: Position,
    },
}

/// Where an event is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Place {
    /// Its stream.
    pub stream: String,
    /// Its number in the stream.
    pub version: i64,
    /// Its place among all events.
    pub position: i64,
}

impl RunError {
    /// Whether somebody else leads: nothing is wrong.
    pub const fn is_fenced(&self) -> bool {
        matches!(self, Self::ReadModels(ReadModelError::Fenced(_)))
    }

    /// Whether the rows are of another version of the fold: whether of an older one than this build's, which it
    /// can make anew, or of a newer one.
    pub const fn other_version(&self) -> Option<Ordering> {
        match self {
            Self::ReadModels(error) => error.other_version(),
            _ => None,
        }
    }

    /// Whether trying again can help without anybody doing anything.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::ReadModels(error) => error.is_transient(),
            Self::Store(error) => error.is_transient(),
            Self::NotBuilt { error, .. } => error.is_transient(),
            Self::Undecodable(_)
            | Self::Unfoldable(_)
            | Self::TooManyParked { .. }
            | Self::TooMuchWaits { .. }
            | Self::ShutOut { .. }
            | Self::Rewound { .. } => false,
        }
    }

    /// What may be said of it to whoever asks: what stops it and where, and nothing of what the
    /// databases said.
    pub fn in_short(&self) -> String {
        match self {
            Self::ReadModels(error) => error.in_short(),
            Self::Store(error) => error.in_short().into(),
            Self::NotBuilt { error, .. } => format!("{self}: {}", error.in_short()),
            Self::TooManyParked { error, .. } => format!("{self}: {}", error.in_short()),
            // These say what to do, and each is one sentence without its cause.
            Self::Undecodable(_)
            | Self::Unfoldable(_)
            | Self::TooMuchWaits { .. }
            | Self::ShutOut { .. }
            | Self::Rewound { .. } => self.to_string(),
        }
    }

    /// The event that is the reason, if it is one.
    pub fn place(&self) -> Option<Place> {
        let (stream, envelope): (String, &Envelope) = match self {
            Self::Undecodable(error) => (error.stream_name().to_owned(), &error.envelope),
            Self::Unfoldable(error) => (error.envelope.stream.to_string(), &error.envelope),
            Self::TooManyParked { error, .. } => return error.place(),
            Self::ReadModels(_)
            | Self::NotBuilt { .. }
            | Self::Store(_)
            | Self::TooMuchWaits { .. }
            | Self::ShutOut { .. }
            | Self::Rewound { .. } => return None,
        };
        Some(Place {
            stream,
            version: envelope.version.get(),
            position: envelope.position.get(),
        })
    }
}
