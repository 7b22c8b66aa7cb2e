//! A server's log file: appended to, kept small, quoted in errors.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Above this a log is set aside at the next start, and the one set aside before goes.
const ROTATE_BYTES: u64 = 16 << 20;

/// How much of the end is read for an error.
const TAIL_BYTES: u64 = 16 << 10;

const TAIL_LINES: usize = 12;

/// One log file, and where the present run began in it.
#[derive(Debug)]
pub(crate) struct Log {
    path: PathBuf,
    began: u64,
}

impl Log {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, began: 0 }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the file for the next run.
    pub(crate) fn open(&mut self) -> io::Result<File> {
        if fs::metadata(&self.path).is_ok_and(|metadata| metadata.len() > ROTATE_BYTES) {
            fs::rename(&self.path, self.path.with_extension("log.1"))?;
        }
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.path)?;
        self.began = file.metadata()?.len();
        Ok(file)
    }

    /// The last lines that the present run wrote. Never fails: it serves error messages.
    pub(crate) fn tail(&self) -> String {
        let mut bytes = Vec::new();
        let read = File::open(&self.path).and_then(|mut file| {
            let from = self
                .began
                .max(file.metadata()?.len().saturating_sub(TAIL_BYTES));
            file.seek(SeekFrom::Start(from))?;
            file.take(TAIL_BYTES).read_to_end(&mut bytes)
        });
        if let Err(error) = read {
            return format!("(unreadable: {error})");
        }
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
    }
}
