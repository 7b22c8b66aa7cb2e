//! The cases, by area.

pub mod append;
pub mod batch;
pub mod command;
pub mod concurrency;
pub mod lease;
pub mod read;
