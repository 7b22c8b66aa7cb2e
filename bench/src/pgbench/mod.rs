//! PostgreSQL's own load generator: what the database does when nobody stands before it.

mod log;
mod tables;

pub use tables::Reference;

use anyhow::{Context, bail, ensure};
use std::{fs, path::PathBuf, process::Stdio, time::Duration};
use tokio::process::Command;

use crate::load::Latencies;

/// How much longer than asked a run may take.
const GRACE: Duration = Duration::from_secs(60);

/// Where and how pgbench connects.
#[derive(Debug, Clone)]
pub struct Pgbench {
    program: PathBuf,
    port: u16,
    user: String,
    password: String,
    database: String,
}

/// One run.
#[derive(Debug, Clone)]
pub struct Run<'a> {
    /// The script that each client repeats; each time is a transaction.
    pub script: &'a str,
    /// Its variables.
    pub variables: Vec<(&'a str, &'a str)>,
    /// Clients at once.
    pub clients: usize,
    /// How long.
    pub time: Duration,
    /// Whether every transaction's time is wanted: writing it down takes pgbench a little time.
    pub latencies: bool,
}

/// What a run found.
#[derive(Debug, Clone)]
pub struct Found {
    /// Transactions a second.
    pub rate: f64,
    /// Their mean time, in milliseconds.
    pub mean_ms: f64,
    /// Each one's time, if it was wanted.
    pub latencies: Option<Latencies>,
}

impl Pgbench {
    /// pgbench of the server's own installation, on one of its databases.
    ///
    /// # Errors
    /// When the installation has none.
    pub fn of(postgres: &local::Postgres, database: &str) -> anyhow::Result<Self> {
        let url = postgres.url(database);
        let (user, password) = url
            .strip_prefix("postgres://")
            .and_then(|rest| rest.split_once('@'))
            .and_then(|(credentials, _)| credentials.split_once(':'))
            .context("the server's URL holds no user and password")?;
        Ok(Self {
            program: postgres.binaries().program("pgbench")?,
            port: postgres.port(),
            user: user.into(),
            password: password.into(),
            database: database.into(),
        })
    }

    /// Runs a script, as prepared statements.
    ///
    /// # Errors
    /// When pgbench fails, or a transaction of it.
    pub async fn run(&self, run: Run<'_>) -> anyhow::Result<Found> {
        let directory = tempfile::tempdir().context("make a directory for pgbench")?;
        let script = directory.path().join("script.sql");
        fs::write(&script, run.script).context("write the script of pgbench")?;
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let mut command = Command::new(&self.program);
        command
            .current_dir(directory.path())
            .env("PGPASSWORD", &self.password)
            .args(["--host", "127.0.0.1", "--port", &self.port.to_string()])
            .args(["--username", &self.user])
            .args(["--no-vacuum", "--protocol", "prepared"])
            .args(["--client", &run.clients.to_string()])
            .args(["--jobs", &run.clients.min(threads).to_string()])
            .args(["--time", &run.time.as_secs().max(1).to_string()])
            .arg("--file")
            .arg(&script)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        for (name, value) in run.variables {
            command.arg("--define").arg(format!("{name}={value}"));
        }
        if run.latencies {
            command.arg("--log");
        }
        command.arg(&self.database);
        let output = tokio::time::timeout(run.time + GRACE, command.output())
            .await
            .context("pgbench does not end")?
            .with_context(|| format!("run {}", self.program.display()))?;
        let printed = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            bail!(
                "pgbench failed ({}): {}",
                output.status,
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        let failed = number_after(&printed, "number of failed transactions: ");
        ensure!(
            failed.unwrap_or(0.0) == 0.0,
            "pgbench's transactions failed: {printed}"
        );
        let latencies = if run.latencies {
            Some(log::read(directory.path())?)
        } else {
            None
        };
        Ok(Found {
            rate: number_after(&printed, "tps = ")
                .with_context(|| format!("pgbench printed no rate: {printed}"))?,
            mean_ms: number_after(&printed, "latency average = ")
                .with_context(|| format!("pgbench printed no latency: {printed}"))?,
            latencies,
        })
    }
}

/// The number that stands after `label`.
fn number_after(text: &str, label: &str) -> Option<f64> {
    let (_, rest) = text.split_once(label)?;
    let end = rest
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(rest.len());
    rest[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_as_pgbench_prints_them() {
        let printed = "number of failed transactions: 0 (0.000%)\n\
                       latency average = 0.762 ms\n\
                       tps = 20985.871036 (without initial connection time)\n";
        assert_eq!(number_after(printed, "tps = "), Some(20_985.871_036));
        assert_eq!(number_after(printed, "latency average = "), Some(0.762));
        assert_eq!(
            number_after(printed, "number of failed transactions: "),
            Some(0.0)
        );
        assert_eq!(number_after(printed, "clients: "), None);
    }

    #[tokio::test]
    async fn the_reference_inserts_one_event_per_transaction() {
        let server = local::SharedPostgres::server().await.unwrap();
        let database = local::SharedPostgres::database().await.unwrap();
        let pgbench = Pgbench::of(server, database.name()).unwrap();
        let payload = r#"{"order_id":"a:b","note":"it's"}"#;
        let reference = Reference::create(database.url(), payload.into())
            .await
            .unwrap();
        let found = pgbench
            .run(reference.run(2, Duration::from_secs(1), true))
            .await
            .unwrap();
        let rows = reference.rows().await.unwrap();
        assert!(found.rate > 0.0 && rows > 0);
        assert_eq!(found.latencies.unwrap().count(), rows);
    }

    #[tokio::test]
    async fn a_script_that_fails_is_told() {
        let server = local::SharedPostgres::server().await.unwrap();
        let pgbench = Pgbench::of(server, "postgres").unwrap();
        let run = Run {
            script: "SELECT 1 FROM nothing_of_that_name;",
            variables: Vec::new(),
            clients: 1,
            time: Duration::from_secs(1),
            latencies: false,
        };
        let error = pgbench.run(run).await.unwrap_err().to_string();
        assert!(error.contains("nothing_of_that_name"), "{error}");
    }
}
