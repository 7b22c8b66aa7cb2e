//! What can go wrong with a store.

use crate::RawNames;
use domain::{DecodeError, Envelope, Position};
use std::sync::Arc;

/// Why a store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store cannot be reached, or refuses work for now. Nothing was done; try again.
    #[error("the event store cannot be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The connection broke while an append was under way: it may have been done. Appending the
    /// same again is safe, since each append carries its command's id.
    #[error("it is unknown whether the append was done")]
    OutcomeUnknown(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The store refuses what it should do: it is not migrated, or not allowed, or damaged. Nothing
    /// was done, and trying again does not help.
    #[error("the event store failed: {what}")]
    Failed {
        /// What was being done, and with which table and column as far as that is known.
        what: String,
        /// What the store said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The store holds something that it cannot hold.
    #[error("{table}.{column} of {row} holds what it cannot: {detail}")]
    Corrupt {
        /// The table, or its like.
        table: &'static str,
        /// The column, or its like.
        column: &'static str,
        /// Which row.
        row: String,
        /// What is wrong with it.
        detail: String,
    },
    /// An event that this build cannot read.
    #[error(transparent)]
    Undecodable(#[from] Undecodable),
    /// The store was restored, or lost its tail: what was read from it before may never have
    /// happened. Whoever has read from it stops, and builds anew what it made of it.
    #[error(
        "the event store was restored or lost its tail: what was read up to position {checkpoint} is not what it has there now, at head {head}; rebuild what was made of it"
    )]
    Rewound {
        /// How far was read.
        checkpoint: Position,
        /// How far the store is now, maybe in another epoch.
        head: Position,
    },
    /// The adapter was asked for something that breaks the port's rules: a bug of the caller.
    #[error("the append breaks a rule of the port: {0}")]
    Misuse(String),
}

impl StoreError {
    /// Whether trying again can help.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::OutcomeUnknown(_))
    }

    /// What may be said of it to whoever asks: nothing of what the database said, and nothing of
    /// what it holds.
    pub const fn in_short(&self) -> &'static str {
        match self {
            Self::Unavailable(_) | Self::OutcomeUnknown(_) => "the event store cannot be reached",
            Self::Failed { .. } | Self::Misuse(_) => "the event store failed; the log says how",
            Self::Corrupt { .. } | Self::Undecodable(_) => {
                "the event store holds what cannot be read; the log says where"
            }
            Self::Rewound { .. } => "the event store was restored or lost its tail",
        }
    }
}

/// An event that this build cannot read: history is never guessed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("event {version} of {stream} at position {position} cannot be read", stream = self.stream_name(), version = envelope.version, position = envelope.position)]
pub struct Undecodable {
    /// Where it is, and where it came from; with stand-ins for names that cannot be read.
    pub envelope: Arc<Envelope>,
    /// The names as they are stored, if one of them cannot be read.
    pub raw_names: Option<Arc<RawNames>>,
    /// Why it cannot be read.
    #[source]
    pub source: Arc<DecodeError>,
}

impl Undecodable {
    /// The name of its stream, as it is stored.
    pub fn stream_name(&self) -> &str {
        match &self.raw_names {
            Some(raw) => &raw.stream,
            None => self.envelope.stream.as_str(),
        }
    }
}
