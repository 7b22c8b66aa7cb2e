//! The read API over HTTP, on a real PostgreSQL.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, and says where"
)]

mod authorization;
mod bad_requests;
mod cursors;
mod faults;
mod filters;
mod freshness;
mod history;
mod orders;
mod others;
mod pages;
mod payments;
mod processes;
mod products;
mod returns;
mod shipments;
mod stage;
