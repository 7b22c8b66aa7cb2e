//! What relay and feed need of a message broker. It keeps the latest events, and may lose them.

use async_trait::async_trait;
use futures::{future::BoxFuture, stream::BoxStream};
use store::{Bookmark, StoredEvent};
use uuid::Uuid;

/// An event on its way to readers.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The event as it is stored.
    pub event: StoredEvent,
    /// No event of the store is between this one and the event's own: a reader that has read this
    /// far, and the same events, misses nothing.
    pub previous: Bookmark,
    /// The epoch of the store it was read from.
    pub epoch: Uuid,
}

/// What a broker's stream ends with, apart from a few messages of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Last {
    /// It has no message.
    Nothing,
    /// An event.
    Event {
        /// Where it is in the store, and which one it is.
        at: Bookmark,
        /// The epoch of the store it was read from.
        epoch: Uuid,
    },
    /// None of the latest messages is ours.
    Foreign,
}

/// How far a broker's stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holding {
    /// The sequence number of the last message it ever had; zero if there was none.
    pub sequence: u64,
    /// What it ends with.
    pub last: Last,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledged {
    /// The sequence number it has in the stream.
    pub sequence: u64,
    /// The stream had it before; nothing was added.
    pub duplicate: bool,
}

/// Whether a broker is to look for duplicates of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duplicates {
    /// It is added only if the broker does not remember its event.
    Refuse,
    /// It is added again: the stream may have lost what the broker remembers.
    Allow,
}

/// The coming acknowledgement of a message that was sent. Dropping it does not call it back.
pub type Acknowledgement = BoxFuture<'static, Result<Acknowledged, BrokerError>>;

/// Messages as they arrive, in the stream's order. After an error other than
/// [`Malformed`](BrokerError::Malformed) nothing more comes.
pub type Subscription = BoxStream<'static, Result<Message, BrokerError>>;

/// Why a broker could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// It cannot be reached, or did not answer in time. It may have done it all the same.
    #[error("the broker cannot be reached: {0}")]
    Unavailable(String),
    /// It has no such stream.
    #[error("the broker has no such stream")]
    Missing,
    /// The stream does not end where the sender believes.
    #[error("the broker's stream does not end where it was believed to")]
    OutOfStep,
    /// It does not take messages of this size.
    #[error("the message is too large for the broker: {0}")]
    TooLarge(String),
    /// A message that is none of ours.
    #[error("a message of the broker's stream is none of ours: {0}")]
    Malformed(String),
    /// Nothing more will come of a subscription.
    #[error("the subscription ended: {0}")]
    Lost(String),
    /// It refused for a reason of its own.
    #[error("the broker refused: {0}")]
    Refused(String),
}

/// A broker with one stream of events, bounded by its own limits.
#[async_trait]
pub trait Broker: Send + Sync + 'static {
    /// How far the stream is. Makes it where it is missing.
    async fn look(&self) -> Result<Holding, BrokerError>;

    /// Sends a message that is added only if the stream's last sequence number is `after` then, and
    /// if it is not known as a duplicate. Returns when it is on its way; messages are taken in the
    /// order they were sent.
    async fn publish(
        &self,
        message: &Message,
        after: u64,
        duplicates: Duplicates,
    ) -> Result<Acknowledgement, BrokerError>;

    /// Removes all messages up to the sequence number `up_to`; later ones stay.
    async fn clear(&self, up_to: u64) -> Result<(), BrokerError>;

    /// The last message and all that come after it.
    async fn subscribe(&self) -> Result<Subscription, BrokerError>;
}
