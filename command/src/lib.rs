//! The write API: requests become commands, commands go through the lane, answers say what became
//! of them.
//!
//! One endpoint, one file, in `endpoints`. What they share is in [`execution`]: idempotency, the
//! way into the lane, and the answer's headers.

mod api;
mod body;
mod endpoints;
mod execution;
mod in_flight;
mod problem;
mod service;

pub use api::{CommandApi, openapi, router};
pub use service::start;
