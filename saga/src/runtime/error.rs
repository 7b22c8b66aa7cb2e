//! Why a policy or the task runner stopped.

use crate::storage::SagaStoreError;
use domain::{OrderId, Position, StreamId};
use store::{StoreError, Undecodable, lane::LaneError};

/// Why a policy stopped.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The sagas' storage failed, or another leader took over.
    #[error(transparent)]
    Storage(#[from] SagaStoreError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An event cannot be read: nothing after it can be decided.
    #[error(transparent)]
    Undecodable(#[from] Undecodable),
    /// A command could not be put.
    #[error("a command of the policy could not be put")]
    Lane(#[from] LaneError),
    /// What the policy remembers cannot be read.
    #[error("the state of order {order_id} cannot be read")]
    State {
        /// Which order.
        order_id: OrderId,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// The store is not the one that the checkpoint is of, or lost its tail.
    #[error(
        "the event store is another one, or was restored, or lost its tail: what {policy} has read \
         up to position {position} is not what is there: stop the sagas, delete all rows of \
         saga.task, saga.policy_state and saga.checkpoint, and start them again \
         (docs/restoring.md)"
    )]
    Rewound {
        /// The policy.
        policy: &'static str,
        /// Its checkpoint.
        position: Position,
    },
}

impl RunError {
    /// The stream that cannot be read, if that is the reason: all that comes after it waits.
    pub fn stream(&self) -> Option<&StreamId> {
        let unreadable = match self {
            Self::Undecodable(error) | Self::Store(StoreError::Undecodable(error)) => error,
            Self::Lane(LaneError::Broken(error)) => match error.as_ref() {
                StoreError::Undecodable(error) => error,
                _ => return None,
            },
            _ => return None,
        };
        Some(&unreadable.envelope.stream)
    }

    /// Whether somebody else leads: nothing is wrong.
    pub const fn is_fenced(&self) -> bool {
        matches!(self, Self::Storage(SagaStoreError::Fenced(_)))
    }

    /// What may be said of it to whoever asks: nothing of what the databases said, and nothing of
    /// what they hold.
    pub fn in_short(&self) -> String {
        match self {
            Self::Store(error) => error.in_short().into(),
            // Each is one sentence without its cause.
            Self::Storage(_)
            | Self::Undecodable(_)
            | Self::Lane(_)
            | Self::State { .. }
            | Self::Rewound { .. } => self.to_string(),
        }
    }
}
