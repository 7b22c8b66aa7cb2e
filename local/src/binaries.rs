//! Finding the programs, with their versions checked.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Error, Result};

const POSTGRES_AT_LEAST: u32 = 14;
const NATS_AT_LEAST: (u32, u32) = (2, 10);

const INSTALL_POSTGRES: &str = "install PostgreSQL 14 or newer (Debian, Ubuntu: apt-get install \
     postgresql; macOS: brew install postgresql@17)";
const INSTALL_NATS: &str = "install nats-server 2.10 or newer: run deploy/local/ensure.sh, or set \
     NATS_SERVER_BIN to one";

/// Everything a full local set-up needs.
#[derive(Debug, Clone)]
pub struct Binaries {
    /// The PostgreSQL server and its tools.
    pub postgres: PostgresBinaries,
    /// The message broker.
    pub nats_server: NatsServerBinary,
}

impl Binaries {
    /// Finds PostgreSQL and nats-server.
    ///
    /// # Errors
    /// [`Error::Missing`] for the first that is absent or too old.
    pub fn find() -> Result<Self> {
        Ok(Self {
            postgres: PostgresBinaries::find()?,
            nats_server: NatsServerBinary::find()?,
        })
    }
}

/// One installation of the PostgreSQL server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresBinaries {
    directory: PathBuf,
    version: String,
    major: u32,
}

impl PostgresBinaries {
    /// Finds an installation of at least version 14: the one in `PATH`, else the newest in the
    /// usual places of Debian, Red Hat, Homebrew and Postgres.app, and in `.data/tools/postgresql`
    /// here or in a directory above.
    ///
    /// # Errors
    /// [`Error::Missing`] when there is none, or only older ones.
    pub fn find() -> Result<Self> {
        let installed = Self::installed();
        let recent = installed
            .iter()
            .find(|found| found.major >= POSTGRES_AT_LEAST);
        recent.cloned().ok_or_else(|| Error::Missing {
            program: "PostgreSQL",
            problem: match installed.first() {
                Some(old) => format!("is too old ({})", old.version),
                None => "is not installed".into(),
            },
            install: INSTALL_POSTGRES,
        })
    }

    /// This installation when it is of the major version `written`, else another that is.
    pub(crate) fn for_data(self, data: &Path, written: &str) -> Result<Self> {
        let matches = |found: &Self| found.major.to_string() == written;
        if matches(&self) {
            return Ok(self);
        }
        Self::installed()
            .into_iter()
            .find(matches)
            .ok_or_else(|| Error::DataVersion {
                data: data.to_owned(),
                written: written.to_owned(),
                installed: self.major,
            })
    }

    /// Path of one of its programs (`postgres`, `initdb`, `pgbench`, `psql`).
    ///
    /// # Errors
    /// [`Error::Missing`] when this installation does not have it.
    pub fn program(&self, name: &'static str) -> Result<PathBuf> {
        let beside = self.directory.join(name);
        if beside.is_file() {
            return Ok(beside);
        }
        path_directories()
            .map(|directory| directory.join(name))
            .find(|path| path.is_file())
            .ok_or(Error::Missing {
                program: name,
                problem: "is not installed".into(),
                install: INSTALL_POSTGRES,
            })
    }

    /// Full version, such as `15.14`.
    pub fn version(&self) -> &str {
        &self.version
    }

    fn installed() -> Vec<Self> {
        let in_path = path_directories().filter_map(|directory| Self::at(&directory));
        let mut elsewhere: Vec<Self> = usual_directories()
            .into_iter()
            .chain(tools("postgresql/bin"))
            .filter_map(|directory| Self::at(&directory))
            .collect();
        elsewhere.sort_by_key(|found| std::cmp::Reverse(found.major));
        in_path.chain(elsewhere).collect()
    }

    fn at(directory: &Path) -> Option<Self> {
        // What stands in PATH is often a link; the other programs are beside its target.
        let server = fs::canonicalize(directory.join("postgres")).ok()?;
        let directory = server.parent()?.to_owned();
        directory.join("initdb").is_file().then_some(())?;
        let version = version_of(&server)?;
        let major = version
            .split(|c: char| !c.is_ascii_digit())
            .next()?
            .parse()
            .ok()?;
        Some(Self {
            directory,
            version,
            major,
        })
    }
}

/// The nats-server program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NatsServerBinary {
    path: PathBuf,
    version: String,
}

impl NatsServerBinary {
    /// Finds version 2.10 or newer: the environment's `NATS_SERVER_BIN`, else in `PATH`, else
    /// `.data/tools/nats-server` here or in a directory above.
    ///
    /// # Errors
    /// [`Error::Missing`] when there is none, or only older ones.
    pub fn find() -> Result<Self> {
        let mut old = None;
        for path in Self::candidates() {
            let Some(version) = version_of(&path) else {
                continue;
            };
            if numbers(&version) >= NATS_AT_LEAST {
                return Ok(Self { path, version });
            }
            old.get_or_insert(version);
        }
        Err(Error::Missing {
            program: "nats-server",
            problem: match old {
                Some(version) => format!("is too old ({version})"),
                None => "is not installed".into(),
            },
            install: INSTALL_NATS,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Full version, such as `2.15.1`.
    pub fn version(&self) -> &str {
        &self.version
    }

    fn candidates() -> Vec<PathBuf> {
        if let Some(chosen) = env::var_os("NATS_SERVER_BIN").filter(|value| !value.is_empty()) {
            return vec![chosen.into()];
        }
        let mut candidates: Vec<PathBuf> = path_directories()
            .map(|directory| directory.join("nats-server"))
            .collect();
        candidates.extend(tools("nats-server"));
        candidates
    }
}

/// The first word that starts with a digit in what `--version` prints.
fn version_of(program: &Path) -> Option<String> {
    let output = Command::new(program).arg("--version").output().ok()?;
    first_version(&String::from_utf8_lossy(&output.stdout))
}

fn first_version(text: &str) -> Option<String> {
    text.split_whitespace()
        .map(|word| word.trim_start_matches('v'))
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))
        .map(str::to_owned)
}

fn numbers(version: &str) -> (u32, u32) {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

fn path_directories() -> impl Iterator<Item = PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).collect::<Vec<_>>().into_iter()
}

/// Where `deploy/local/ensure.sh` puts what it can only fetch: here, or in a directory above.
fn tools(name: &str) -> Vec<PathBuf> {
    let Ok(here) = env::current_dir() else {
        return vec![];
    };
    let tools = here.ancestors().map(|above| above.join(".data/tools"));
    tools.map(|tools| tools.join(name)).collect()
}

/// Where packages put servers of several versions side by side.
fn usual_directories() -> Vec<PathBuf> {
    let families = [
        ("/usr/lib/postgresql", "", "bin"),
        ("/usr", "pgsql-", "bin"),
        ("/opt/homebrew/opt", "postgresql", "bin"),
        ("/usr/local/opt", "postgresql", "bin"),
        ("/home/linuxbrew/.linuxbrew/opt", "postgresql", "bin"),
        ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
    ];
    let mut directories = Vec::new();
    for (parent, prefix, bin) in families {
        let Ok(entries) = fs::read_dir(parent) else {
            continue;
        };
        let matching = entries
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
            .map(|entry| entry.path().join(bin));
        directories.extend(matching);
    }
    directories
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_the_programs_print_them() {
        let debian = "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n";
        assert_eq!(first_version(debian).as_deref(), Some("15.14"));
        assert_eq!(
            first_version("nats-server: v2.15.1\n").as_deref(),
            Some("2.15.1")
        );
        assert_eq!(
            first_version("postgres (PostgreSQL) 18beta1").as_deref(),
            Some("18beta1")
        );
        assert_eq!(first_version("no such option"), None);
    }

    #[test]
    fn versions_compare_as_numbers() {
        assert!(numbers("2.9.25") < NATS_AT_LEAST);
        assert!(numbers("2.10.0") >= NATS_AT_LEAST);
        assert!(numbers("10.0") >= NATS_AT_LEAST);
    }

    #[test]
    fn both_servers_are_found_with_their_tools() {
        let found = Binaries::find().unwrap();
        assert!(found.postgres.major >= POSTGRES_AT_LEAST);
        for program in ["postgres", "initdb", "pgbench", "psql"] {
            assert!(found.postgres.program(program).unwrap().is_file());
        }
        assert!(found.nats_server.path().is_file());
    }

    #[test]
    fn data_of_a_version_that_is_not_installed_are_left_alone() {
        let found = PostgresBinaries::find().unwrap();
        let refused = found
            .for_data(Path::new("/data"), "9")
            .unwrap_err()
            .to_string();
        assert!(refused.contains("was written by PostgreSQL 9"), "{refused}");
    }
}
