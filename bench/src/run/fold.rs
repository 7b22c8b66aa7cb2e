//! The projector as a program that does something and ends: what it said, how long it took, and how much
//! memory it had.

use super::{Bench, platform::Settings};
use crate::usage::peak_memory_of;
use anyhow::Context;
use std::{
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};
use tokio::process::Command;

/// Longer than any of it can take.
const DONE_WITHIN: Duration = Duration::from_secs(1_200);

/// Between two looks at its memory.
const LOOK: Duration = Duration::from_millis(10);

/// A program that has ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub status: ExitStatus,
    /// From its start to its end.
    pub took: Duration,
    /// The most memory that it had at a time (resident), in bytes; `None` where that cannot be seen.
    pub memory: Option<u64>,
    /// What it printed, its complaints last.
    pub said: String,
}

impl Ended {
    /// The same, if it did what it was to do.
    ///
    /// # Errors
    /// It says that it did not.
    pub fn done(self) -> anyhow::Result<Self> {
        let (status, said) = (self.status, &self.said);
        anyhow::ensure!(status.success(), "the projector ended ({status}): {said}");
        Ok(self)
    }
}

impl Bench {
    /// Runs the projector over a database, with arguments.
    pub(super) async fn projector(
        &self,
        database: &str,
        arguments: &[&str],
    ) -> anyhow::Result<Ended> {
        let program = self.programs.path("projector");
        let settings = Settings::new(&self.postgres, database);
        let mut command = Command::new(&program);
        command
            .args(arguments)
            .envs(settings.environment())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let began = Instant::now();
        let child = command.spawn();
        let child = child.with_context(|| format!("run {}", program.display()))?;
        let pid = child.id();
        let output = tokio::time::timeout(DONE_WITHIN, child.wait_with_output());
        tokio::pin!(output);
        let mut memory = None;
        let output = loop {
            tokio::select! {
                output = &mut output => break output,
                () = tokio::time::sleep(LOOK) => memory = memory.max(pid.and_then(peak_memory_of)),
            }
        };
        let took = began.elapsed();
        let output = output.with_context(|| format!("it did not end within {DONE_WITHIN:?}"))??;
        let said = [output.stdout, output.stderr].concat();
        Ok(Ended {
            status: output.status,
            took,
            memory,
            said: String::from_utf8_lossy(&said).into_owned(),
        })
    }
}
