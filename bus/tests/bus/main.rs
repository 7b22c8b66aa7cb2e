//! Feeds and relay over real stores and brokers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod broker;
mod broker_feed;
mod harness;
mod jetstream;
mod jetstream_faults;

mod relay;
mod store_feed;
