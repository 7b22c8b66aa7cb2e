//! Holds containers for tests.
//!
//! - `containers hold` starts one, as a line of JSON on its input says ([`servers::Request`]), and
//!   removes it when its input ends, however whoever started it comes to his end;
//! - `containers run COMMAND…` runs a command with servers in containers that its tests share: a
//!   PostgreSQL, and a KurrentDB where `ORDERS_TEST_KURRENTDB_IMAGE` names an image of one. With
//!   `ORDERS_TEST_KURRENTDB_OPTIONAL` its cases are skipped where that does not come up.

mod hold;
mod run;

use std::{env, process::ExitCode};

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stderr, reason = "a program says what is wrong")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let ran = match arguments.split_first() {
        Some((mode, [])) if mode == "hold" => hold::hold().await,
        Some((mode, command)) if mode == "run" && !command.is_empty() => run::run(command).await,
        _ => Err("usage: containers hold | containers run COMMAND…".into()),
    };
    ran.unwrap_or_else(|error| {
        eprintln!("containers: {error}");
        ExitCode::FAILURE
    })
}
