//! Ends a server whose starter is gone.
//!
//! A parent that is killed with SIGKILL runs no destructor. So a small shell waits at the other end
//! of a pipe: when the parent dies, however it dies, the kernel closes the pipe, the shell's `read`
//! ends, and it stops the server and removes what was temporary. (Linux has `PR_SET_PDEATHSIG`, but
//! that fires when the *thread* that spawned ends, knows nothing of temporary files, and is not to
//! be had elsewhere.)

use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

/// Arguments: the signal to end the server with, how many tenths of a second it may take, and the
/// directory to remove ("" for none). Input: the server's process id, a line each time it changes.
const SCRIPT: &str = r#"
trap '' HUP INT QUIT TERM
# A dead process that nobody reaps, as in a container without an init, still takes signals.
runs() { kill -0 "$1" && ! grep -q '^State:[[:space:]]*Z' "/proc/$1/status"; }
pid=0
while read -r line; do pid=$line; done
if [ "$pid" -gt 0 ]; then
    kill -s "$1" "$pid"
    tenths=0
    while runs "$pid" && [ "$tenths" -lt "$2" ]; do
        sleep 0.1
        tenths=$((tenths + 1))
    done
    kill -s KILL "$pid"
fi
if [ -n "$3" ]; then rm -rf -- "$3"; fi
"#;

#[derive(Debug)]
pub(crate) struct Watchdog {
    shell: Child,
    pipe: ChildStdin,
}

impl Watchdog {
    /// Starts to watch over this process; the server's id is told by [`Watchdog::guard`].
    pub(crate) fn start(signal: &str, tenths: u32, remove: Option<&Path>) -> io::Result<Self> {
        let mut shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "watchdog", signal, &tenths.to_string()])
            .arg(remove.unwrap_or(Path::new("")))
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Not in our process group: Ctrl-C in a terminal must not reach it.
            .process_group(0)
            .spawn()?;
        let pipe = shell.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Self { shell, pipe })
    }

    /// From now on this process is the one to end; 0 for none.
    pub(crate) fn guard(&mut self, pid: u32) -> io::Result<()> {
        writeln!(self.pipe, "{pid}")
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        // Ended before it sees the pipe close: its server was stopped by us in good order.
        let killed = self.shell.kill().and_then(|()| self.shell.wait());
        if let Err(error) = killed {
            tracing::warn!(%error, "a watchdog could not be ended");
        }
    }
}
