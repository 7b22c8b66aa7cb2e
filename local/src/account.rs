//! The system account that a server runs under.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::unistd::{Gid, Uid, User};

use crate::{Error, Result};

/// Who owns a server's files and runs its process.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    uid: u32,
    gid: u32,
    /// Whether that is somebody else than who we are (only root can).
    other: bool,
}

impl Account {
    /// Who we are.
    pub(crate) fn current() -> Self {
        Self {
            uid: Uid::effective().as_raw(),
            gid: Gid::effective().as_raw(),
            other: false,
        }
    }

    /// Who we are, unless that is root: then whoever owns `home` already, else `postgres`, else
    /// `nobody`.
    pub(crate) fn unprivileged(home: Option<&Path>) -> Result<Self> {
        if !Uid::effective().is_root() {
            return Ok(Self::current());
        }
        if let Some(owner) = home.and_then(|home| fs::metadata(home).ok())
            && owner.uid() != 0
        {
            return Ok(Self {
                uid: owner.uid(),
                gid: owner.gid(),
                other: true,
            });
        }
        for name in ["postgres", "nobody"] {
            let found = User::from_name(name).map_err(|errno| Error::Io {
                action: format!("look up the account {name}"),
                source: errno.into(),
            })?;
            if let Some(user) = found {
                return Ok(Self {
                    uid: user.uid.as_raw(),
                    gid: user.gid.as_raw(),
                    other: true,
                });
            }
        }
        Err(Error::Missing {
            program: "PostgreSQL",
            problem: "refuses to run as root, and there is neither an account postgres nor nobody"
                .into(),
            install: "add one with: useradd --system postgres",
        })
    }

    /// The numeric user id.
    pub(crate) fn uid(&self) -> u32 {
        self.uid
    }

    /// Whether files that belong to `owner` are, or can be made, this account's.
    pub(crate) fn may_own(&self, owner: u32) -> bool {
        self.other || owner == self.uid
    }

    /// Makes a file or directory belong to this account alone.
    pub(crate) fn own(&self, path: &Path, mode: u32) -> io::Result<()> {
        if self.other {
            chown(path, Some(self.uid), Some(self.gid))?;
        }
        fs::set_permissions(path, fs::Permissions::from_mode(mode))
    }

    /// Makes a command run as this account, without any of our groups.
    pub(crate) fn run(&self, command: &mut Command) {
        if self.other {
            command.uid(self.uid).gid(self.gid);
        }
    }

    /// Whether this account may pass through `directory` and everything above it.
    ///
    /// # Errors
    /// When one of them cannot be looked at.
    pub(crate) fn can_reach(&self, directory: &Path) -> io::Result<bool> {
        if !self.other {
            return Ok(true);
        }
        for ancestor in fs::canonicalize(directory)?.ancestors() {
            let metadata = fs::metadata(ancestor)?;
            let passes = if metadata.uid() == self.uid {
                0o100
            } else if metadata.gid() == self.gid {
                0o010
            } else {
                0o001
            };
            if metadata.mode() & passes == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_gives_way_to_an_unprivileged_account() {
        let account = Account::unprivileged(None).unwrap();
        assert_ne!(account.uid(), 0);
        assert_eq!(account.other, Uid::effective().is_root());
    }

    #[test]
    fn a_closed_directory_is_out_of_reach_for_another_account() {
        let directory = tempfile::tempdir().unwrap();
        let stranger = Account {
            uid: 4_000_000,
            gid: 4_000_000,
            other: true,
        };
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        assert!(stranger.can_reach(directory.path()).unwrap());
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o700)).unwrap();
        assert!(!stranger.can_reach(directory.path()).unwrap());
    }
}
