//! The platform as real processes, for tests that speak to it as its clients and operators do.
//!
//! A test starts a [`Platform`] in one of two [`Shape`]s, on free ports, with a private PostgreSQL
//! (and NATS, and what stands in for KurrentDB), talks to it through [`Api`], and kills, stops or pauses what it likes. When the test
//! fails, the end of every process's log is shown. [`Load`] writes as many clients do and keeps
//! what was acknowledged; [`audit`] then looks whether all of it is there, once.

mod api;
mod at_rest;
mod audit;
mod barrier;
mod collector;
mod command_line;
mod descriptors;
mod family;
mod history;
mod kurrentdb;
mod load;
mod operator;
mod placement;
mod process;
mod programs;
mod provider;
mod read_models;
mod remains;
mod scenarios;
mod start;
mod up;
mod wait;
mod watchdog;

pub use api::{Answer, Api};
pub use at_rest::at_rest;
pub use audit::{Audit, audit};
pub use barrier::Barrier;
pub use collector::{Collector, Received};
pub use command_line::{CommandLine, Ran};
pub use family::{Relative, descendants};
pub use history::History;
pub use kurrentdb::KurrentDb;
pub use load::{Acked, Load, LoadOptions, stock_up};
pub use placement::Placement;
pub use process::Process;
pub use programs::program;
pub use provider::Provider;
pub use read_models::{
    Checkpoints, projections_are_at, read_model_rows, rebuild, rebuild_equals_live,
};
pub use remains::remains_of;
pub use scenarios::{Scenario, run_all};
pub use start::{MASTER_KEY, Platform, Shape, WEBHOOK_SECRET};
pub use up::Up;
pub use wait::{PATIENCE, eventually, eventually_within};

/// Says something to whoever watches the tests: it is shown when a test fails, or with
/// `--nocapture`.
#[expect(
    clippy::print_stderr,
    reason = "tests speak to people on standard error"
)]
pub fn say(text: &str) {
    eprintln!("{text}");
}
