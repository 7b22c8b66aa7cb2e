//! The way of events from the store to their readers.
//!
//! The relay publishes the store's events to a JetStream stream; a feed gives readers all events in
//! order after a position. NATS is never the record: whatever it loses is taken from the store.

mod arrivals;
mod back_off;
pub mod broker;
mod broker_feed;
mod feed;
mod jetstream;
mod memory;
mod options;
mod pump;
mod relay;
mod ring;
mod store_feed;
mod tail;
mod watch;

pub use async_nats::ConnectOptions;
pub use broker::Broker;
pub use broker_feed::BrokerFeed;
pub use feed::Feed;
pub use jetstream::{JetStream, JetStreamOptions};
pub use memory::MemoryBroker;
pub use options::{RelayOptions, TailOptions};
pub use relay::Relay;
pub use store_feed::StoreFeed;
