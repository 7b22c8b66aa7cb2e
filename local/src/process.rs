//! One process: a child of ours, or one that an earlier start left behind.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::log::Log;

/// How often a state that nobody signals is looked at.
pub(crate) const POLL: Duration = Duration::from_millis(10);

/// A child process. It is not reaped before its end was seen, so its id is never anybody else's.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    status: Option<ExitStatus>,
}

impl Process {
    /// Starts it in a process group of its own (Ctrl-C in a terminal is for us, and we stop it in
    /// order), with its output in the log.
    pub(crate) fn spawn(mut command: Command, log: &mut Log) -> io::Result<Self> {
        let output = log.open()?;
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .process_group(0)
            .spawn()?;
        Ok(Self {
            child,
            status: None,
        })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it did.
    pub(crate) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        if self.status.is_none() {
            self.status = self.child.try_wait()?;
        }
        Ok(self.status)
    }

    /// Sends a signal, unless it has ended.
    pub(crate) fn signal(&mut self, signal: Signal) -> io::Result<()> {
        match self.ended()? {
            Some(_) => Ok(()),
            None => signal_to(self.id(), signal),
        }
    }

    /// Waits for its end; false when that takes longer than `limit`.
    pub(crate) async fn wait(&mut self, limit: Duration) -> io::Result<bool> {
        let deadline = Instant::now() + limit;
        while self.ended()?.is_none() {
            if Instant::now() >= deadline {
                return Ok(false);
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(true)
    }

    /// As [`Process::wait`], for destructors.
    pub(crate) fn wait_blocking(&mut self, limit: Duration) -> io::Result<bool> {
        let deadline = Instant::now() + limit;
        while self.ended()?.is_none() {
            if Instant::now() >= deadline {
                return Ok(false);
            }
            std::thread::sleep(POLL);
        }
        Ok(true)
    }
}

/// Sends a signal to any process; one that is gone is fine.
pub(crate) fn signal_to(pid: u32, signal: Signal) -> io::Result<()> {
    let Ok(pid) = i32::try_from(pid) else {
        return Ok(());
    };
    match kill(Pid::from_raw(pid), signal) {
        Ok(()) | Err(Errno::ESRCH) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// The command line of a running process, words separated by blanks; none when it does not run
/// (or is dead and not reaped yet).
pub(crate) fn command_line(pid: u32) -> Option<String> {
    let text = if cfg!(target_os = "linux") {
        let raw = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        String::from_utf8_lossy(&raw).replace('\0', " ")
    } else {
        let output = Command::new("ps")
            .args(["-o", "command=", "-p", &pid.to_string()])
            .output()
            .ok()?;
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
