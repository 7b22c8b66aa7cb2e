//! Making a new data directory, and keeping a packed copy of one to make test servers quickly.
//!
//! `initdb` takes most of a second of CPU, and a test runner that gives every test its own process
//! would pay it for every test. So the first throw-away server of an account and PostgreSQL version
//! packs what `initdb` made into one file among the temporary files; later ones unpack it. One file
//! appears whole or not at all, and whoever cleans temporary files takes all or nothing of it.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::account::Account;
use crate::binaries::PostgresBinaries;
use crate::home::{Home, temporary_root};
use crate::postgres::{prepare, superuser};
use crate::{Error, Result};

/// Fills an empty home with `password` and `data`; `cached` allows the packed copy.
pub(crate) async fn create(
    binaries: &PostgresBinaries,
    account: &Account,
    home: &Home,
    cached: bool,
) -> Result<()> {
    let job = Job {
        binaries: binaries.clone(),
        account: account.clone(),
        home: home.path().to_owned(),
    };
    let made = tokio::task::spawn_blocking(move || {
        if !cached {
            return job.initdb(false);
        }
        let packed = job.packed()?;
        if job.unpack(&packed) {
            return Ok(());
        }
        job.initdb(true)?;
        job.pack(&packed);
        Ok(())
    });
    made.await.unwrap_or_else(|panic| {
        Err(Error::Io {
            action: "make the data directory".into(),
            source: panic.into(),
        })
    })
}

struct Job {
    binaries: PostgresBinaries,
    account: Account,
    home: PathBuf,
}

impl Job {
    /// Makes the data directory under another name first, so that a half-made one is never used.
    fn initdb(&self, throwaway: bool) -> Result<()> {
        let password = self.home.join("password");
        fs::write(&password, format!("{:032x}\n", rand::random::<u128>()))
            .and_then(|()| self.account.own(&password, 0o600))
            .map_err(Error::io("write", &password))?;
        let half_made = self.home.join("data.new");
        if half_made.exists() {
            fs::remove_dir_all(&half_made).map_err(Error::io("remove", &half_made))?;
        }
        let program = self.binaries.program("initdb")?;
        let mut command = Command::new(&program);
        prepare(&mut command, &self.account, &self.home);
        command
            .args(["--username", superuser()])
            .args(["--encoding", "UTF8", "--locale", "C", "--no-instructions"])
            .arg("--pwfile")
            .arg(&password)
            .arg("--pgdata")
            .arg(&half_made);
        if throwaway {
            // SCRAM costs a client built without optimisation a tenth of a second per connection.
            command.args(["--auth", "password", "--wal-segsize", "4", "--no-sync"]);
        } else {
            command.args(["--auth", "scram-sha-256"]);
        }
        let output = command
            .stdin(Stdio::null())
            .output()
            .map_err(Error::io("run", &program))?;
        if !output.status.success() {
            return Err(Error::Initdb {
                status: output.status.to_string(),
                output: printed(&output),
            });
        }
        let data = self.home.join("data");
        fs::rename(&half_made, &data).map_err(Error::io("rename", &half_made))
    }

    /// The packed copy's path: per version, account and superuser.
    fn packed(&self) -> Result<PathBuf> {
        let name = format!(
            "{}-initdb-{}-{}.tar",
            superuser(),
            self.binaries.version(),
            self.account.uid()
        );
        Ok(temporary_root(&self.account)?.join(name))
    }

    /// False when there is no copy to be trusted: then `initdb` does it.
    fn unpack(&self, packed: &Path) -> bool {
        let ours = fs::symlink_metadata(packed).is_ok_and(|metadata| {
            metadata.is_file()
                && metadata.uid() == self.account.uid()
                && metadata.permissions().mode() & 0o077 == 0
        });
        if !ours {
            return false;
        }
        let unpacked = self.tar(&["-xpf"], packed, &[]);
        if !unpacked {
            for leftover in [self.home.join("data"), self.home.join("password")] {
                let removed = fs::remove_dir_all(&leftover).or_else(|_| fs::remove_file(&leftover));
                if let Err(error) = removed {
                    tracing::debug!(path = %leftover.display(), %error, "nothing to remove");
                }
            }
        }
        unpacked
    }

    /// Best effort: without it, the next server is only slower to make.
    fn pack(&self, packed: &Path) {
        let own = self.home.join("template.tar");
        let made = self.tar(&["-cf"], &own, &["password", "data"]);
        let published = made
            && self.account.own(&own, 0o600).is_ok()
            // Across file systems this fails, and the copy is simply not kept.
            && fs::rename(&own, packed).is_ok();
        if !published {
            tracing::debug!(path = %packed.display(), "the data directory was not packed");
        }
    }

    fn tar(&self, mode: &[&str], archive: &Path, members: &[&str]) -> bool {
        let mut command = Command::new("tar");
        prepare(&mut command, &self.account, &self.home);
        command.args(mode).arg(archive).args(members);
        command
            .stdin(Stdio::null())
            .output()
            .is_ok_and(|output| output.status.success())
    }
}

fn printed(output: &Output) -> String {
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    text.trim().to_owned()
}
