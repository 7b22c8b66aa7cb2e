//! The way of events from the store to their readers.
//!
//! The relay publishes the store's events to a JetStream stream; a feed gives readers all events in
//! order after a position. NATS is never the record: whatever it loses is taken from the store.

mod feed;

pub use feed::Feed;
