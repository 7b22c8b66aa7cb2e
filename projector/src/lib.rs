//! Folds events into read models: live, rebuild, verify, park; fenced leadership.
//!
//! A projection is a keyed fold ([`projection::Projection`]), pure and tested without a database. The
//! live runtime ([`live`]) reads the feed, loads the rows of a batch in one read, folds, and writes
//! rows and checkpoint in one statement that a fenced leader cannot do any harm with. [`rebuild`]
//! folds all of history into fresh tables beside the live ones, and swaps them; [`verify`] folds it to
//! compare it with them; [`past`] folds it up to a point, beside them. An event that cannot be read or
//! folded stops its own sequence alone ([`parking`]).

mod api;
mod batch;
pub mod live;
pub mod parking;
pub mod past;
pub mod projection;
pub mod projections;
pub mod rebuild;
mod rebuilds;
pub mod row;
mod service;
mod status;
pub mod storage;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod verify;

pub use api::{openapi, router};
pub use projection::Projection;
pub use rebuilds::{Rebuilds, at_once, rebuild_options};
pub use service::{
    Parts, open_read_models, open_read_models_to_rebuild, options, start, start_with_rebuilds,
    warn_of_parked,
};
pub use status::{Board, ProjectionStatus, State};
pub use storage::{MemoryReadModels, PostgresReadModels, ReadModels};
