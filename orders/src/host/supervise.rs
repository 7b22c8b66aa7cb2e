//! The platform's programs, each kept running as a process of its own, and stopped with us.

use super::restart::Restarts;
use crate::cli::say;
use anyhow::Context;
use local::Companion;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// A program to be kept running.
pub(super) struct Program {
    pub name: &'static str,
    pub path: PathBuf,
    pub environment: BTreeMap<String, String>,
    pub log: PathBuf,
}

impl Program {
    /// Keeps it running until `stop`, then ends it within `patience`.
    pub(super) async fn keep(
        self,
        stop: CancellationToken,
        patience: Duration,
    ) -> anyhow::Result<()> {
        let mut process = Companion::new(self.name, self.log.clone(), patience)?;
        let mut restarts = Restarts::new();
        loop {
            process
                .start(self.command())
                .with_context(|| format!("{} cannot be started", self.path.display()))?;
            restarts.started();
            let ended = tokio::select! {
                biased;
                () = stop.cancelled() => return process.stop().await.map_err(Into::into),
                ended = process.ended() => ended?,
            };
            let wait = restarts.wait();
            say(&format!(
                "{} ended ({ended}) and is started again in {} s; see {}",
                self.name,
                wait.as_secs(),
                self.log.display()
            ));
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                () = sleep(wait) => {}
            }
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.envs(&self.environment);
        command
    }
}

/// The program `name` beside our own.
pub(super) fn beside_us(name: &str) -> anyhow::Result<PathBuf> {
    let us = std::env::current_exe().context("our own program cannot be found")?;
    let path = us.parent().unwrap_or(Path::new(".")).join(name);
    anyhow::ensure!(
        path.is_file(),
        "{} is not there; build it with `make up`",
        path.display()
    );
    Ok(path)
}
