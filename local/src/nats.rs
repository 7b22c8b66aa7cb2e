//! A private nats-server with JetStream on disk.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::sleep;

use crate::account::Account;
use crate::binaries::NatsServerBinary;
use crate::home::Home;
use crate::ports::free_port;
use crate::server::{Kind, LOOK, Manners, Server, end_leftover};
use crate::{Error, Result};

const MANNERS: Manners = Manners {
    name: "nats-server",
    stop: Signal::SIGTERM,
    abort: Signal::SIGKILL,
};

/// The server's log, in its home.
const LOG: &str = "server.log";

/// How often another free port is tried when somebody was faster.
const PORT_TRIES: u32 = 5;

/// How long a restart waits for its port.
const SETTLE_WITHIN: Duration = Duration::from_secs(15);

/// No greeting is longer than this.
const GREETING_BYTES: u64 = 64 << 10;

/// How often JetStream flushes its files to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncInterval {
    /// Before every acknowledgement.
    Always,
    /// Every so often; a power cut may lose that much (a killed process loses nothing).
    Every(Duration),
}

impl fmt::Display for SyncInterval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Always => f.write_str("always"),
            Self::Every(interval) => write!(f, "{}ms", interval.as_millis().max(1)),
        }
    }
}

/// How to run a private nats-server.
#[derive(Debug, Clone)]
pub struct NatsOptions {
    /// Its home directory, made when absent and reused with its streams when present. `None`: a
    /// temporary one, removed with the server.
    pub store_dir: Option<PathBuf>,
    /// Client port on 127.0.0.1. `None`: a free one.
    pub port: Option<u16>,
    /// Port of the monitoring pages on 127.0.0.1, if wanted.
    pub monitoring_port: Option<u16>,
    /// How often streams are flushed.
    pub sync_interval: SyncInterval,
    /// Whether the server ends with this process even when this process is killed.
    pub die_with_parent: bool,
}

impl Default for NatsOptions {
    fn default() -> Self {
        Self {
            store_dir: None,
            port: None,
            monitoring_port: None,
            // The event store is the record, and what the broker lost is published again.
            sync_interval: SyncInterval::Every(Duration::from_secs(10)),
            die_with_parent: true,
        }
    }
}

/// A running private nats-server; dropping it stops it.
#[derive(Debug)]
pub struct Nats {
    // Dropped in this order: the process ends before its home goes.
    server: Mutex<Server>,
    home: Home,
    binary: NatsServerBinary,
    options: NatsOptions,
    /// Random; in the server's greeting it tells ours from somebody else's.
    name: String,
    port: u16,
    pid: AtomicU32,
}

impl Nats {
    /// Starts a server and waits until it greets a client. A server that an earlier, dead process
    /// left running on this home is stopped first.
    ///
    /// # Errors
    /// When nats-server is missing, the home is in use, the port asked for is taken, or the server
    /// does not come up within a minute.
    pub async fn start(options: NatsOptions) -> Result<Self> {
        let binary = NatsServerBinary::find()?;
        let account = Account::current();
        let home = Home::open(options.store_dir.as_deref(), "nats", &account)?;
        let log = home.path().join(LOG);
        let mut server = Server::new(MANNERS, log, home.is_temporary());
        if options.die_with_parent {
            server.die_with_parent(home.to_remove())?;
        }
        heal(home.path()).await?;
        let port = options.port.map_or_else(free_port, Ok)?;
        let any_port = options.port.is_none();
        let mut nats = Self {
            server: Mutex::new(server),
            home,
            binary,
            options,
            name: format!("orders-{:016x}", rand::random::<u64>()),
            port,
            pid: AtomicU32::new(0),
        };
        for _ in 0..PORT_TRIES {
            match nats.come_up(Duration::ZERO).await {
                Err(Error::PortTaken { port, .. }) if port == nats.port && any_port => {
                    nats.port = free_port()?;
                }
                other => return other.map(|()| nats),
            }
        }
        Err(Error::PortTaken {
            server: MANNERS.name,
            port: nats.port,
        })
    }

    /// Client URL. Whoever is on this machine may connect: the client library takes no password
    /// from a URL, and the broker is never the record.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Client port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where the home really is.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The program it runs.
    pub fn binary(&self) -> &NatsServerBinary {
        &self.binary
    }

    /// Process id of the last start.
    pub fn pid(&self) -> u32 {
        self.pid.load(Ordering::Relaxed)
    }

    /// Waits until the server does not run, and says how it ended.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub async fn ended(&self) -> Result<String> {
        loop {
            if let Some(how) = self.server.lock().await.ended()? {
                return Ok(how);
            }
            sleep(LOOK).await;
        }
    }

    /// Where the server writes its log.
    pub fn log(&self) -> PathBuf {
        self.home.path().join(LOG)
    }

    /// Kills the server as a crash does (SIGKILL), and waits for its end.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub async fn kill9(&self) -> Result<()> {
        self.server.lock().await.kill().await
    }

    /// Stops the server if it runs, and starts it again on the same port with the same streams.
    ///
    /// # Errors
    /// As [`Nats::start`].
    pub async fn restart(&self) -> Result<()> {
        self.stop().await?;
        self.come_up(SETTLE_WITHIN).await
    }

    /// Stops the server in good order. It can be started again by [`Nats::restart`].
    ///
    /// # Errors
    /// When it does not end even by force.
    pub async fn stop(&self) -> Result<()> {
        self.server.lock().await.stop().await
    }

    /// Starts the process until it answers, on the one port; waits at most `for_port` for it.
    async fn come_up(&self, for_port: Duration) -> Result<()> {
        let began = Instant::now();
        let mut server = self.server.lock().await;
        let config = self.home.path().join("nats.conf");
        fs::write(&config, self.config())
            .and_then(|()| Account::current().own(&config, 0o600))
            .map_err(Error::io("write", &config))?;
        loop {
            let mut command = Command::new(self.binary.path());
            command
                .arg("--config")
                .arg(&config)
                .current_dir(self.home.path());
            server.spawn(command)?;
            self.pid
                .store(server.id().unwrap_or_default(), Ordering::Relaxed);
            let Some(stumble) = server.ready(|| self.probe(), judge).await? else {
                return Ok(());
            };
            if began.elapsed() >= for_port {
                return Err(stumble.error);
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    fn config(&self) -> String {
        let home = self.home.path();
        let monitoring = self
            .options
            .monitoring_port
            .map(|port| format!("http: \"127.0.0.1:{port}\"\n"))
            .unwrap_or_default();
        format!(
            "server_name: {}\nlisten: \"127.0.0.1:{}\"\n{monitoring}pid_file: {}\n\
             jetstream {{\n  store_dir: {}\n  sync_interval: \"{}\"\n}}\n",
            self.name,
            self.port,
            quoted(&home.join("server.pid")),
            quoted(&home.join("streams")),
            self.options.sync_interval,
        )
    }

    /// The greeting (`INFO {…}`) is this server's, with JetStream ready.
    async fn probe(&self) -> Result<(), String> {
        let stream = TcpStream::connect(("127.0.0.1", self.port))
            .await
            .map_err(|error| error.to_string())?;
        let mut line = String::new();
        BufReader::new(stream.take(GREETING_BYTES))
            .read_line(&mut line)
            .await
            .map_err(|error| error.to_string())?;
        let info: serde_json::Value = line
            .strip_prefix("INFO ")
            .and_then(|json| serde_json::from_str(json).ok())
            .ok_or("no NATS server answers on this port")?;
        if info["server_name"] != *self.name {
            Err("another NATS server answers on this port".into())
        } else if info["jetstream"] != true {
            Err("JetStream is not ready".into())
        } else {
            Ok(())
        }
    }
}

/// Which port was taken, the clients' or the monitoring one: `… 127.0.0.1:4222: bind: address …`.
fn judge(tail: &str) -> Option<Kind> {
    let (before, _) = tail.split_once(": bind: address already in use")?;
    let (_, port) = before.rsplit_once(':')?;
    port.parse().ok().map(Kind::PortTaken)
}

/// Stops a server that an earlier start left running.
async fn heal(home: &Path) -> Result<()> {
    let Ok(text) = fs::read_to_string(home.join("server.pid")) else {
        return Ok(());
    };
    let Ok(pid) = text.trim().parse() else {
        return Ok(());
    };
    let config = home.join("nats.conf");
    let config = config.to_string_lossy();
    end_leftover(MANNERS, pid, |line| line.contains(config.as_ref()))
        .await
        .map(drop)
}

fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
