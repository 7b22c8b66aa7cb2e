//! A server as a process of its own, for as long as it is measured.

use crate::http::{Connection, get};
use anyhow::{Context, bail};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    fs,
    net::SocketAddr,
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::noop;

/// How long a server may take until it answers.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// How often it is asked meanwhile.
const LOOK: Duration = Duration::from_millis(50);

/// How long it may take to end in good order: longer than the services drain.
const STOP_WITHIN: Duration = Duration::from_secs(40);

/// How much of its log is shown when it fails.
const LOG_TAIL: usize = 4_000;

/// A running server; dropping it kills it.
#[derive(Debug)]
pub(super) struct Server {
    name: String,
    child: Child,
    pid: u32,
    address: SocketAddr,
    log: Option<tempfile::TempPath>,
}

impl Server {
    /// Starts the handler that does nothing.
    pub(super) async fn noop() -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("find this program")?;
        let mut child = Command::new(program)
            .arg("noop-server")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("start the handler that does nothing")?;
        let output = child.stdout.take().context("it has no output")?;
        let mut lines = BufReader::new(output).lines();
        let line = tokio::time::timeout(READY_WITHIN, lines.next_line())
            .await
            .context("the handler that does nothing does not start")??
            .context("the handler that does nothing ended")?;
        let address = line
            .strip_prefix(noop::LISTENING)
            .and_then(|address| address.parse().ok())
            .with_context(|| format!("it says `{line}` and not where it listens"))?;
        Ok(Self {
            name: "noop-server".into(),
            pid: child.id().context("it ended at once")?,
            child,
            address,
            log: None,
        })
    }

    /// Starts a program that serves on `address`, and waits until it is ready.
    pub(super) async fn start(
        name: &str,
        program: &PathBuf,
        arguments: &[&str],
        environment: &[(&str, String)],
        address: SocketAddr,
    ) -> anyhow::Result<Self> {
        let log = tempfile::NamedTempFile::new().context("make a log file")?;
        let (output, log) = log.into_parts();
        let child = Command::new(program)
            .args(arguments)
            .envs(environment.iter().map(|(key, value)| (key, value)))
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("start {}", program.display()))?;
        let mut server = Self {
            name: name.into(),
            pid: child.id().context("it ended at once")?,
            child,
            address,
            log: Some(log),
        };
        server.ready().await?;
        Ok(server)
    }

    /// Where it listens.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process id.
    pub(super) const fn pid(&self) -> u32 {
        self.pid
    }

    /// Ends it in good order.
    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        // The handler that does nothing ends with its input.
        drop(self.child.stdin.take());
        if let Ok(pid) = i32::try_from(self.pid)
            && self.child.try_wait()?.is_none()
        {
            kill(Pid::from_raw(pid), Signal::SIGTERM)
                .with_context(|| format!("stop {}", self.name))?;
        }
        let ended = tokio::time::timeout(STOP_WITHIN, self.child.wait()).await;
        if ended.is_err() {
            self.child.kill().await?;
            bail!("{} did not stop within {STOP_WITHIN:?}", self.name);
        }
        Ok(())
    }

    async fn ready(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + READY_WITHIN;
        let request = get(self.address, "/readyz");
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended ({status}): {}", self.name, self.log_tail());
            }
            let answered = match Connection::open(self.address).await {
                Ok(mut connection) => connection
                    .exchange(&request)
                    .await
                    .is_ok_and(|answer| answer.is_success()),
                Err(_) => false,
            };
            if answered {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!(
                    "{} is not ready within {READY_WITHIN:?}: {}",
                    self.name,
                    self.log_tail()
                );
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The end of what it printed.
    fn log_tail(&self) -> String {
        let Some(log) = &self.log else {
            return String::new();
        };
        let text = fs::read(log).unwrap_or_default();
        String::from_utf8_lossy(&text[text.len().saturating_sub(LOG_TAIL)..]).into_owned()
    }
}
