//! What can go wrong, each in one line that says what to do.

use std::io;
use std::path::{Path, PathBuf};

/// Why a local server could not be found, started or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A program is not installed, or too old.
    #[error("{program} {problem}; {install}")]
    Missing {
        /// The program that was looked for.
        program: &'static str,
        /// "is not installed", or which version was found and which is needed.
        problem: String,
        /// What to install, as a command where there is one.
        install: &'static str,
    },

    /// The data were written by another major version of PostgreSQL.
    #[error(
        "{} was written by PostgreSQL {written}, and only PostgreSQL {installed} is installed; \
         install postgresql-{written}, or remove that directory to start with empty data",
        data.display()
    )]
    DataVersion {
        /// The data directory.
        data: PathBuf,
        /// Major version in its `PG_VERSION`.
        written: String,
        /// Major version of the binaries found.
        installed: u32,
    },

    /// Another live process runs a server from the same home.
    #[error(
        "{} is in use by the running process {owner}; stop that one, or choose another data directory",
        home.display()
    )]
    InUse {
        /// The home directory.
        home: PathBuf,
        /// Process id of the owner, as it wrote it.
        owner: String,
    },

    /// The port asked for belongs to somebody else.
    #[error("{server} cannot listen on 127.0.0.1:{port}: the port is taken; choose another")]
    PortTaken {
        /// Which server.
        server: &'static str,
        /// The port asked for.
        port: u16,
    },

    /// No free port was found in a bounded number of tries.
    #[error("no free port on 127.0.0.1 between {from} and {to}")]
    NoFreePort {
        /// First port tried.
        from: u16,
        /// One past the last port tried.
        to: u16,
    },

    /// The server ended by itself while it should have become ready.
    #[error("{server} ended at its start ({status}); the end of {}:\n{tail}", log.display())]
    Ended {
        /// Which server.
        server: &'static str,
        /// Its exit status.
        status: String,
        /// Its log file.
        log: PathBuf,
        /// The last lines of the log.
        tail: String,
    },

    /// The server runs, but did not answer in time.
    #[error(
        "{server} does not answer {seconds} s after its start ({reason}); the end of {}:\n{tail}",
        log.display()
    )]
    NotReady {
        /// Which server.
        server: &'static str,
        /// How long it was waited for.
        seconds: u64,
        /// What the last attempt to connect said.
        reason: String,
        /// Its log file.
        log: PathBuf,
        /// The last lines of the log.
        tail: String,
    },

    /// A process from an earlier start did not end.
    #[error("process {pid} of an earlier start of {server} does not end; end it by hand")]
    Leftover {
        /// Which server.
        server: &'static str,
        /// Its process id.
        pid: u32,
    },

    /// `initdb` failed.
    #[error("initdb failed ({status}): {output}")]
    Initdb {
        /// Its exit status.
        status: String,
        /// What it printed.
        output: String,
    },

    /// The directory cannot be used by the account that the server runs as.
    #[error("{}: {problem}", path.display())]
    Home {
        /// The directory.
        path: PathBuf,
        /// What is wrong, and what to do.
        problem: String,
    },

    /// A database name that would need quoting.
    #[error("database name {0:?}: only a-z, 0-9 and _, 63 at most, and not a digit first")]
    DatabaseName(String),

    /// The server refused a statement.
    #[error("PostgreSQL: {action}")]
    Sql {
        /// What was tried.
        action: String,
        /// What the server or the connection said.
        #[source]
        source: sqlx::Error,
    },

    /// The operating system refused.
    #[error("{action}: {source}")]
    Io {
        /// What was tried, and on what.
        action: String,
        /// What the system said.
        source: io::Error,
    },
}

impl Error {
    /// For `map_err`: an I/O error with what was tried on which path.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let action = format!("{action} {}", path.display());
        move |source| Self::Io { action, source }
    }
}
