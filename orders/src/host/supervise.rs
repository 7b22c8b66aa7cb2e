//! Child processes that are kept running, and are stopped with us.

use crate::cli::say;
use anyhow::Context;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{
    process::{Child, Command},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// How soon a process that ended is started again.
const RESTART_AFTER: Duration = Duration::from_secs(1);

/// A program to be kept running.
pub(super) struct Program {
    pub name: &'static str,
    pub path: PathBuf,
    pub environment: BTreeMap<String, String>,
    pub log: PathBuf,
}

impl Program {
    fn spawn(&self) -> anyhow::Result<Child> {
        let failed = || format!("{} cannot be started", self.path.display());
        let log = File::options()
            .create(true)
            .append(true)
            .open(&self.log)
            .with_context(|| format!("{} cannot be written", self.log.display()))?;
        // With its parent gone, a child would go on for ever.
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "TERM", "--"])
            .arg(&self.path)
            .envs(&self.environment)
            .stdin(Stdio::null())
            .stdout(log.try_clone().with_context(failed)?)
            .stderr(log)
            .kill_on_drop(true);
        command.spawn().with_context(failed)
    }

    /// Keeps it running until `stop`, then ends it within `patience`.
    pub(super) async fn keep(
        self,
        stop: CancellationToken,
        patience: Duration,
    ) -> anyhow::Result<()> {
        loop {
            let mut child = self.spawn()?;
            let ended = tokio::select! {
                biased;
                () = stop.cancelled() => return end(&mut child, patience).await,
                ended = child.wait() => ended?,
            };
            say(&format!(
                "{} ended ({ended}) and is started again; see {}",
                self.name,
                self.log.display()
            ));
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                () = sleep(RESTART_AFTER) => {}
            }
        }
    }
}

async fn end(child: &mut Child, patience: Duration) -> anyhow::Result<()> {
    let Some(pid) = child.id().and_then(|id| i32::try_from(id).ok()) else {
        return Ok(());
    };
    // It may have ended by itself meanwhile, which is as well.
    let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
    match timeout(patience, child.wait()).await {
        Ok(ended) => ended.map(drop).context("a process cannot be waited for"),
        Err(_) => child.kill().await.context("a process cannot be killed"),
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
