//! Ends a process when the test that started it is gone without having run a destructor.

use std::{
    io,
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
};

/// Argument: the process. However the test dies, the kernel closes the pipe that `read` waits on.
const SCRIPT: &str = r#"
trap '' HUP INT QUIT TERM
while read -r _; do :; done
kill -s CONT "$1"
kill -s KILL "$1"
"#;

/// A shell that waits for our end.
#[derive(Debug)]
pub(super) struct Watchdog(Child);

impl Watchdog {
    /// Watches over a process of ours.
    pub(super) fn over(pid: u32) -> io::Result<Self> {
        Command::new("/bin/sh")
            .args(["-c", SCRIPT, "watchdog", &pid.to_string()])
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Not in our process group: what ends a whole group must not reach it.
            .process_group(0)
            .spawn()
            .map(Self)
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        // Ended before it sees the pipe close. That it is gone already is as well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
