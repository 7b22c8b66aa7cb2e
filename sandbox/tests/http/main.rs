//! The provider and the carrier over real HTTP.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, and helpers are part of it"
)]

mod actions;
mod captures;
mod cards;
mod carrier;
mod faults;
mod harness;
mod idempotency;
mod ledger;
mod process;
mod refunds;
mod shipments;
