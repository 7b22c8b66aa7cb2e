//! A private PostgreSQL server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection, PgConnection};
use tokio::sync::Mutex;
use tokio::time::sleep;

use crate::account::Account;
use crate::binaries::PostgresBinaries;
use crate::databases::create_database;
use crate::home::Home;
use crate::ports::free_port;
use crate::server::{Kind, LOOK, Manners, Server, end_leftover};
use crate::template;
use crate::{Error, Result};

const MANNERS: Manners = Manners {
    name: "PostgreSQL",
    stop: Signal::SIGINT,
    abort: Signal::SIGQUIT,
};

const USER: &str = "orders";

/// The server's log, in its home.
const LOG: &str = "server.log";

/// How often another free port is tried when somebody was faster.
const PORT_TRIES: u32 = 5;

/// How long a start waits for what a killed server left: its sessions, its port.
const SETTLE_WITHIN: Duration = Duration::from_secs(15);

/// For a machine with few cores and little memory; later ones win over these.
const SETTINGS: [(&str, &str); 11] = [
    ("listen_addresses", "127.0.0.1"),
    ("unix_socket_directories", ""),
    ("shared_buffers", "128MB"),
    // In the data directory: /dev/shm is small in containers, and keeps what a killed server had.
    ("dynamic_shared_memory_type", "mmap"),
    ("max_connections", "100"),
    ("wal_buffers", "16MB"),
    ("min_wal_size", "256MB"),
    ("max_wal_size", "2GB"),
    ("password_encryption", "scram-sha-256"),
    ("timezone", "UTC"),
    ("log_timezone", "UTC"),
];

/// Acked may be lost in a power cut: for data that a test throws away.
const NOT_DURABLE: [(&str, &str); 3] = [
    ("fsync", "off"),
    ("synchronous_commit", "off"),
    ("full_page_writes", "off"),
];

/// How to run a private PostgreSQL.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// Its home directory, made when absent and reused with its data when present. `None`: a
    /// temporary one, removed with the server.
    pub data_dir: Option<PathBuf>,
    /// Port on 127.0.0.1. `None`: a free one.
    pub port: Option<u16>,
    /// Whether a commit is on disk when it is acknowledged (`fsync`, `synchronous_commit`).
    pub durable: bool,
    /// Whether the server ends with this process even when this process is killed.
    pub die_with_parent: bool,
    /// Further settings as in `postgresql.conf`; they win over the defaults here.
    pub settings: Vec<(String, String)>,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            data_dir: None,
            port: None,
            durable: true,
            die_with_parent: true,
            settings: Vec::new(),
        }
    }
}

impl PostgresOptions {
    /// Temporary, fast, and not safe against a power cut: for tests.
    pub fn throwaway() -> Self {
        Self {
            durable: false,
            ..Self::default()
        }
    }

    /// Adds a setting as in `postgresql.conf`.
    #[must_use]
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }
}

/// A running private PostgreSQL server; dropping it stops it.
#[derive(Debug)]
pub struct Postgres {
    // Dropped in this order: the process ends before its home goes.
    server: Mutex<Server>,
    home: Home,
    account: Account,
    binaries: PostgresBinaries,
    options: PostgresOptions,
    password: String,
    port: u16,
    pid: AtomicU32,
}

impl Postgres {
    /// Starts a server and waits until it accepts connections. A stale lock file of a crash heals;
    /// a server that an earlier, dead process left running is stopped first.
    ///
    /// # Errors
    /// When PostgreSQL is missing, the home is in use or of another version, the port asked for is
    /// taken, or the server does not come up within a minute.
    pub async fn start(options: PostgresOptions) -> Result<Self> {
        let mut binaries = PostgresBinaries::find()?;
        let account = Account::unprivileged(options.data_dir.as_deref())?;
        let home = Home::open(options.data_dir.as_deref(), "postgres", &account)?;
        let data = home.path().join("data");
        let disposable = home.is_temporary();
        let mut server = Server::new(MANNERS, home.path().join(LOG), disposable);
        if options.die_with_parent {
            server.die_with_parent(home.to_remove())?;
        }
        let fresh = !data.exists();
        if fresh {
            template::create(&binaries, &account, &home, !options.durable && disposable).await?;
        } else {
            let written = read(&data.join("PG_VERSION"))?;
            binaries = binaries.for_data(&data, &written)?;
            heal(&data).await?;
        }
        let password = read(&home.path().join("password"))?;
        let port = options.port.map_or_else(free_port, Ok)?;
        let mut postgres = Self {
            server: Mutex::new(server),
            home,
            account,
            binaries,
            options,
            password,
            port,
            pid: AtomicU32::new(0),
        };
        for _ in 0..PORT_TRIES {
            match postgres.come_up(Duration::ZERO).await {
                Err(Error::PortTaken { .. }) if postgres.options.port.is_none() => {
                    postgres.port = free_port()?;
                }
                other => return other.map(|()| postgres),
            }
        }
        Err(Error::PortTaken {
            server: MANNERS.name,
            port: postgres.port,
        })
    }

    /// Connection URL of a database, password included.
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgres://{USER}:{}@127.0.0.1:{}/{database}",
            self.password, self.port
        )
    }

    /// Port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where the home really is; see [`PostgresOptions::data_dir`].
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The installation it runs from.
    pub fn binaries(&self) -> &PostgresBinaries {
        &self.binaries
    }

    /// Process id of the last start.
    pub fn pid(&self) -> u32 {
        self.pid.load(Ordering::Relaxed)
    }

    /// Creates a database unless it is there.
    ///
    /// # Errors
    /// For a name that would need quoting, or when the server refuses.
    pub async fn create_database(&self, name: &str) -> Result<()> {
        let failed = |source| Error::Sql {
            action: format!("create database {name}"),
            source,
        };
        let mut connection = self.connect("postgres").await.map_err(failed)?;
        create_database(&mut connection, name).await?;
        connection.close().await.map_err(failed)
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

    /// Stops the server if it runs, and starts it again on the same port with the same data.
    ///
    /// # Errors
    /// As [`Postgres::start`].
    pub async fn restart(&self) -> Result<()> {
        self.stop().await?;
        self.come_up(SETTLE_WITHIN).await
    }

    /// Stops the server, ending its sessions. It can be started again by [`Postgres::restart`].
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
        loop {
            server.spawn(self.command()?)?;
            self.pid
                .store(server.id().unwrap_or_default(), Ordering::Relaxed);
            let ready = server.ready(|| self.probe(), |tail| judge(tail, self.port));
            let Some(stumble) = ready.await? else {
                return Ok(());
            };
            let limit = match stumble.kind {
                Kind::PortTaken(_) => for_port,
                Kind::NotYet => SETTLE_WITHIN,
            };
            if began.elapsed() >= limit {
                return Err(stumble.error);
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    fn command(&self) -> Result<Command> {
        let mut command = Command::new(self.binaries.program("postgres")?);
        prepare(&mut command, &self.account, self.home.path());
        command.arg("-D").arg(self.home.path().join("data"));
        let durability: &[_] = if self.options.durable {
            &[]
        } else {
            &NOT_DURABLE
        };
        for (name, value) in SETTINGS.iter().chain(durability) {
            command.args(["-c", &format!("{name}={value}")]);
        }
        for (name, value) in &self.options.settings {
            command.args(["-c", &format!("{name}={value}")]);
        }
        command.args(["-c", &format!("port={}", self.port)]);
        Ok(command)
    }

    /// Our random password is accepted: this is our server, and it is ready.
    async fn probe(&self) -> Result<(), String> {
        let connection = self
            .connect("postgres")
            .await
            .map_err(|error| error.to_string())?;
        connection.close().await.map_err(|error| error.to_string())
    }

    async fn connect(&self, database: &str) -> sqlx::Result<PgConnection> {
        PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(self.port)
            .username(USER)
            .password(&self.password)
            .database(database)
            .ssl_mode(PgSslMode::Disable)
            .connect()
            .await
    }
}

/// Runs a program of PostgreSQL as its account, unmoved by the caller's `PG…` environment.
pub(crate) fn prepare(command: &mut Command, account: &Account, home: &Path) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PG") {
            command.env_remove(name);
        }
    }
    command.env("LC_ALL", "C").current_dir(home);
    account.run(command);
}

/// The superuser's name, for `initdb`.
pub(crate) fn superuser() -> &'static str {
    USER
}

fn judge(tail: &str, port: u16) -> Option<Kind> {
    if tail.contains("could not create any TCP/IP sockets") {
        Some(Kind::PortTaken(port))
    } else if tail.contains("pre-existing shared memory block")
        || tail.contains("lock file \"postmaster.pid\" already exists")
    {
        // Sessions of a killed server notice its death within moments.
        Some(Kind::NotYet)
    } else {
        None
    }
}

/// Deals with `postmaster.pid` of an earlier run. A dead process's file is PostgreSQL's own
/// business; but when its id belongs to somebody else by now (usual after a reboot, and in
/// containers), PostgreSQL would refuse to start.
async fn heal(data: &Path) -> Result<()> {
    let path = data.join("postmaster.pid");
    let Ok(text) = fs::read_to_string(&path) else {
        return Ok(());
    };
    let Some(pid) = text
        .lines()
        .next()
        .and_then(|line| line.trim().parse().ok())
    else {
        return fs::remove_file(&path).map_err(Error::io("remove", &path));
    };
    let directory = data.to_string_lossy();
    let belongs = |line: &str| line.contains("postgres") && line.contains(directory.as_ref());
    let stopped = end_leftover(MANNERS, pid, belongs).await?;
    if !stopped && crate::process::command_line(pid).is_some() {
        fs::remove_file(&path).map_err(Error::io("remove the stale", &path))?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path)
        .map(|text| text.trim().to_owned())
        .map_err(Error::io("read", path))
}
