//! Keeping a read model up to date: feed, keys, rows, fold, commit; again and again.

mod cache;
mod error;
mod folding;
mod replay;
mod runner;
mod spans;
mod step;
mod upkeep;

pub use error::{Place, RunError};
pub use runner::{RunOptions, Runner};
pub(crate) use step::Step;
