//! A server's home: the one directory with its data, log, secret and lock.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::account::Account;
use crate::{Error, Result};

/// Where data live when the place asked for cannot be reached by the server's account.
const ELSEWHERE: &str = "/var/lib/orders";

/// An open home. While it is open, no other process can open it.
#[derive(Debug)]
pub(crate) struct Home {
    path: PathBuf,
    /// Removed when this is dropped.
    temporary: Option<TempDir>,
    _lock: File,
}

impl Home {
    /// Opens the home at `requested`, made if need be; `None` is a temporary one.
    ///
    /// Root may ask for a place under a closed directory such as `/root`, which the account that
    /// the server runs as cannot enter. The home is then made under `/var/lib/orders`, and
    /// `requested` becomes a symbolic link to it.
    pub(crate) fn open(requested: Option<&Path>, name: &str, account: &Account) -> Result<Self> {
        let (path, temporary) = match requested {
            Some(requested) => (place(requested, account)?, None),
            None => {
                let directory = temporary(name, account)?;
                (directory.path().to_owned(), Some(directory))
            }
        };
        account
            .own(&path, 0o700)
            .map_err(Error::io("make private", &path))?;
        let lock = lock(&path)?;
        Ok(Self {
            path,
            temporary,
            _lock: lock,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What to remove when nobody else can.
    pub(crate) fn to_remove(&self) -> Option<&Path> {
        self.temporary.as_ref().map(TempDir::path)
    }

    pub(crate) fn is_temporary(&self) -> bool {
        self.temporary.is_some()
    }
}

/// The directory for temporary files, or another that the account can reach.
pub(crate) fn temporary_root(account: &Account) -> Result<PathBuf> {
    let usual = std::env::temp_dir();
    let candidates = [usual.clone(), "/tmp".into(), "/var/tmp".into()];
    let reachable = |root: &PathBuf| account.can_reach(root).unwrap_or(false);
    candidates
        .into_iter()
        .find(reachable)
        .ok_or_else(|| Error::Home {
            path: usual,
            problem: "the server's account cannot enter it; set TMPDIR to a directory it can enter"
                .into(),
        })
}

fn temporary(name: &str, account: &Account) -> Result<TempDir> {
    let root = temporary_root(account)?;
    tempfile::Builder::new()
        .prefix(&format!("orders-{name}-"))
        .tempdir_in(&root)
        .map_err(Error::io("make a directory in", &root))
}

/// Finds or makes the directory behind `requested`, absolute and without links.
fn place(requested: &Path, account: &Account) -> Result<PathBuf> {
    if requested.is_symlink() && !requested.exists() {
        // What it pointed at was removed on purpose: start afresh.
        fs::remove_file(requested).map_err(Error::io("remove the dangling link", requested))?;
    }
    if requested.exists() {
        return existing(requested, account);
    }
    let parent = match requested.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(parent).map_err(Error::io("make", parent))?;
    if account
        .can_reach(parent)
        .map_err(Error::io("look at", parent))?
    {
        fs::create_dir(requested).map_err(Error::io("make", requested))?;
        return fs::canonicalize(requested).map_err(Error::io("resolve", requested));
    }
    let elsewhere = make_elsewhere(requested)?;
    std::os::unix::fs::symlink(&elsewhere, requested).map_err(Error::io("link", requested))?;
    tracing::info!(
        requested = %requested.display(),
        actual = %elsewhere.display(),
        "the server's account cannot enter the directory asked for; the data live elsewhere",
    );
    Ok(elsewhere)
}

fn existing(requested: &Path, account: &Account) -> Result<PathBuf> {
    let actual = fs::canonicalize(requested).map_err(Error::io("resolve", requested))?;
    let parent = actual.parent().unwrap_or(&actual);
    let owner = fs::metadata(&actual)
        .map_err(Error::io("look at", &actual))?
        .uid();
    if !account.may_own(owner) {
        return Err(Error::Home {
            path: actual,
            problem: format!(
                "belongs to another user (uid {owner}); run as that user, or choose another \
                 data directory"
            ),
        });
    }
    if account
        .can_reach(parent)
        .map_err(Error::io("look at", parent))?
    {
        Ok(actual)
    } else {
        Err(Error::Home {
            path: actual,
            problem: "the server's account cannot enter the directories above it; \
                      move it to where every account can go"
                .into(),
        })
    }
}

fn make_elsewhere(requested: &Path) -> Result<PathBuf> {
    let root = Path::new(ELSEWHERE);
    fs::create_dir_all(root).map_err(Error::io("make", root))?;
    let name = requested.file_name().unwrap_or_default().to_string_lossy();
    tempfile::Builder::new()
        .prefix(&format!("{name}-"))
        .tempdir_in(root)
        .map(TempDir::keep)
        .map_err(Error::io("make a directory in", root))
}

/// Takes the lock that says: a live process owns this home. The kernel gives it back at our death.
fn lock(home: &Path) -> Result<File> {
    let path = home.join("lock");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(Error::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut owner = String::new();
            file.read_to_string(&mut owner)
                .map_err(Error::io("read", &path))?;
            return Err(Error::InUse {
                home: home.to_owned(),
                owner: owner.trim().into(),
            });
        }
        Err(TryLockError::Error(error)) => return Err(Error::io("lock", &path)(error)),
    }
    sign(&mut file).map_err(Error::io("write", &path))?;
    Ok(file)
}

fn sign(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_has_one_owner_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("deep/home");
        let account = Account::current();
        let first = Home::open(Some(&path), "test", &account).unwrap();
        let refused = Home::open(Some(&path), "test", &account).unwrap_err();
        let expected = format!("in use by the running process {}", std::process::id());
        assert!(refused.to_string().contains(&expected), "{refused}");
        drop(first);
        Home::open(Some(&path), "test", &account).unwrap();
    }

    #[test]
    fn a_link_to_data_that_were_removed_starts_afresh() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("home");
        std::os::unix::fs::symlink(directory.path().join("gone"), &path).unwrap();
        Home::open(Some(&path), "test", &Account::current()).unwrap();
        assert!(path.is_dir() && !path.is_symlink());
    }

    #[test]
    fn a_temporary_home_goes_with_its_owner() {
        let home = Home::open(None, "test", &Account::current()).unwrap();
        let path = home.path().to_owned();
        assert!(path.is_dir());
        drop(home);
        assert!(!path.exists());
    }
}
