//! What an operator's tools ask a process: is it alive, has it started, may it take traffic.

mod registry;
mod routes;

pub use registry::{CheckReport, Health, Report, State};
