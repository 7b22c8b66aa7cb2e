//! What a run came to, case by case: a line of JSON for each, in the directory that
//! `ORDERS_TEST_REPORT` names, for `docs/backends.md`.

use std::{env, fs::OpenOptions, io::Write, path::PathBuf};

/// Names the directory.
pub const REPORT: &str = "ORDERS_TEST_REPORT";

/// A case that runs. One that panics is reported as failed.
pub struct Case {
    backend: &'static str,
    name: String,
    result: &'static str,
    reason: String,
}

impl Case {
    pub fn begin(backend: &'static str, area: &str, case: &str) -> Self {
        Self {
            backend,
            name: format!("{area}::{case}"),
            result: "failed",
            reason: String::new(),
        }
    }

    pub fn passed(mut self) {
        self.result = "passed";
    }

    /// It cannot be run here; says so by name.
    #[cfg(feature = "kurrentdb")]
    pub fn skipped(mut self, reason: String) {
        servers::skipped(&format!("{}::{}", self.backend, self.name), &reason);
        (self.result, self.reason) = ("skipped", reason);
    }
}

impl Drop for Case {
    fn drop(&mut self) {
        let Some(directory) = env::var_os(REPORT).map(PathBuf::from) else {
            return;
        };
        let line = serde_json::json!({
            "backend": self.backend,
            "case": self.name,
            "result": self.result,
            "reason": self.reason,
        });
        // A file for each, as every case may be a process of its own.
        let file = format!("{}-{}.jsonl", self.backend, self.name.replace("::", "-"));
        let file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .open(directory.join(file));
        let written = file.and_then(|mut file| writeln!(file, "{line}"));
        // A drop while a test fails must not panic again.
        if let Err(error) = written
            && !std::thread::panicking()
        {
            panic!("the report of {} cannot be written: {error}", self.name);
        }
    }
}
