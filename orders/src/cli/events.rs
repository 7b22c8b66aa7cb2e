//! `orders events`: the events themselves.

mod check;

use clap::Subcommand;
use std::process::ExitCode;

/// Looks at the events themselves.
#[derive(Debug, Subcommand)]
pub(super) enum Events {
    /// Read all events of the store, and say which of them this build cannot read: with their stream,
    /// position, type and version, and why. Exits 0 if it reads them all, 1 if not, 2 if that could not
    /// be found out.
    Check(check::CheckArgs),
}

pub(super) async fn run(command: Events) -> ExitCode {
    match command {
        Events::Check(args) => check::run(args).await,
    }
}
