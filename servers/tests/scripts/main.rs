//! The scripts that see to what tests need, with programs in the place of those that they start.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod containers;
mod engine;
mod grpc_client;
mod images;
mod skeleton;

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};
use tempfile::TempDir;

/// A directory with parts of this clone, and with programs that are found before all others.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    /// A file or directory of this clone, at the same place.
    fn copy(&self, path: &str) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let to = self.at(path);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        let mut copy = Command::new("cp");
        copy.arg("-r").arg(root.join(path)).arg(to);
        assert!(copy.status().unwrap().success());
    }

    /// A program: `bin/NAME` is found by its name.
    fn program(&self, path: &str, text: &str) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("#!/bin/bash\n{text}")).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    }

    /// A script of this place; the programs know it as `$PLACE`.
    fn script(&self, path: &str) -> Command {
        let programs = std::env::var("PATH").unwrap();
        let mut command = Command::new(self.at(path));
        command
            .env("PATH", format!("{}:{programs}", self.at("bin").display()))
            .env("PLACE", self.0.path());
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("ORDERS_") || text.starts_with("CARGO_TARGET") {
                command.env_remove(&name);
            }
        }
        command
    }

    /// The lines of a file, none where there is no such file.
    fn lines(&self, path: &str) -> Vec<String> {
        let text = fs::read_to_string(self.at(path)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

/// All that was said.
fn words(output: &Output) -> String {
    let said = [&output.stdout, &output.stderr];
    said.map(|said| String::from_utf8_lossy(said).into_owned())
        .concat()
}

/// The same of what must have succeeded.
fn said(output: &Output) -> String {
    let said = words(output);
    assert!(output.status.success(), "{said}");
    said
}
