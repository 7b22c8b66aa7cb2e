//! A program of the project that runs beside this process, and never longer.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::time::sleep;

use crate::Result;
use crate::server::{LOOK, Manners, Server};

/// A program that belongs to this process. It is in a process group of its own, because Ctrl-C in a
/// terminal is for us, and we stop it in order; its output is in a log that is set aside when it has
/// grown; and it ends with us even when we are killed. Dropping it stops it.
#[derive(Debug)]
pub struct Companion {
    server: Server,
}

impl Companion {
    /// A program that does not run yet. `log` is where its output goes, and `patience` is how long
    /// it may take to end after SIGTERM.
    ///
    /// # Errors
    /// When no watchdog can be started.
    pub fn new(name: &'static str, log: PathBuf, patience: Duration) -> Result<Self> {
        let manners = Manners {
            name,
            stop: Signal::SIGTERM,
            abort: Signal::SIGKILL,
        };
        let mut server = Server::new(manners, log, false).stop_within(patience);
        server.die_with_parent(None)?;
        Ok(Self { server })
    }

    /// Starts it; the one that was started before must have ended.
    ///
    /// # Errors
    /// When the program or its log cannot be opened.
    pub fn start(&mut self, command: Command) -> Result<()> {
        self.server.spawn(command)
    }

    /// Process id of the last start.
    pub fn pid(&self) -> Option<u32> {
        self.server.id()
    }

    /// Where its output goes.
    pub fn log(&self) -> &Path {
        self.server.log()
    }

    /// Waits until it does not run, and says how it ended.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub async fn ended(&mut self) -> Result<String> {
        loop {
            if let Some(how) = self.server.ended()? {
                return Ok(how);
            }
            sleep(LOOK).await;
        }
    }

    /// Ends it in good order, or by force when its patience is over.
    ///
    /// # Errors
    /// When it does not end even by force.
    pub async fn stop(&mut self) -> Result<()> {
        self.server.stop().await
    }
}
