//! A ledger's file: one JSON object a line, only ever appended to.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, BufRead, BufReader, Read, Write},
    marker::PhantomData,
    path::{Path, PathBuf},
};

use serde::{Serialize, de::DeserializeOwned};

use crate::kept::Numbered;

/// Longest line; the longest entry is well below it.
const MAX_LINE: u64 = 16 * 1024;

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file system says no.
    #[error("journal {}: {source}", path.display())]
    Io {
        /// The journal.
        path: PathBuf,
        /// What the file system says.
        #[source]
        source: io::Error,
    },
    /// Two sandboxes would overwrite each other's numbers.
    #[error("journal {} is in use by another process", path.display())]
    InUse {
        /// The journal.
        path: PathBuf,
    },
    /// A whole line is not an entry of this ledger.
    #[error("journal {}, line {line}: not an entry of this ledger", path.display())]
    Corrupt {
        /// The journal.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// An entry is missing, or is there twice.
    #[error("journal {}, line {line}: sequence {found} where {expected} was expected", path.display())]
    OutOfOrder {
        /// The journal.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The sequence in the line.
        found: u64,
        /// The one that comes next.
        expected: u64,
    },
}

/// An open journal, locked against other processes.
///
/// A line is handed to the operating system before the answer is given, so it survives the death
/// of this process, however sudden. It is not synced to the disk: the death of the machine may
/// lose the newest lines, which a development tool can live with and a real provider could not.
/// The file grows by some 400 bytes an entry, for as long as it is used.
#[derive(Debug)]
pub(crate) struct Journal<T> {
    file: File,
    /// Bytes of whole lines.
    length: u64,
    /// Whether a failed write may have left bytes behind the whole lines.
    torn: bool,
    line: Vec<u8>,
    entries: PhantomData<fn(T)>,
}

impl<T: Numbered + Serialize + DeserializeOwned> Journal<T> {
    /// Opens or creates a journal, and hands every entry in it to `replay`. A last line
    /// without its end was never answered: it is dropped.
    pub(crate) fn open(path: &Path, mut replay: impl FnMut(T)) -> Result<Self, JournalError> {
        let failed = |source| JournalError::Io {
            path: path.to_owned(),
            source,
        };
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)
            .map_err(failed)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => JournalError::InUse {
                path: path.to_owned(),
            },
            TryLockError::Error(source) => failed(source),
        })?;

        let mut journal = Self {
            file,
            length: 0,
            torn: false,
            line: Vec::new(),
            entries: PhantomData,
        };
        let mut reader = BufReader::new(&journal.file);
        let mut lines = 0;
        loop {
            journal.line.clear();
            let read = reader
                .by_ref()
                .take(MAX_LINE)
                .read_until(b'\n', &mut journal.line)
                .map_err(failed)?;
            let whole = journal.line.ends_with(b"\n");
            if !whole && (read as u64) < MAX_LINE {
                break;
            }
            lines += 1;
            let entry: T =
                serde_json::from_slice(&journal.line).map_err(|source| JournalError::Corrupt {
                    path: path.to_owned(),
                    line: lines,
                    source,
                })?;
            if entry.sequence() != lines {
                return Err(JournalError::OutOfOrder {
                    path: path.to_owned(),
                    line: lines,
                    found: entry.sequence(),
                    expected: lines,
                });
            }
            replay(entry);
            journal.length += read as u64;
        }
        let half = journal.line.len();
        if half > 0 {
            tracing::warn!(
                bytes = half,
                "the journal's last line is half-written: dropped"
            );
            journal.file.set_len(journal.length).map_err(failed)?;
        }
        Ok(journal)
    }

    /// A journal that cannot be written.
    #[cfg(test)]
    pub(crate) fn read_only(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok(Self {
            file,
            length,
            torn: false,
            line: Vec::new(),
            entries: PhantomData,
        })
    }

    /// Appends one line, whole or not at all.
    pub(crate) fn append(&mut self, entry: &T) -> io::Result<()> {
        if self.torn {
            self.file.set_len(self.length)?;
            self.torn = false;
        }
        self.line.clear();
        serde_json::to_writer(&mut self.line, entry)?;
        self.line.push(b'\n');
        if let Err(error) = self.file.write_all(&self.line) {
            self.torn = self.file.set_len(self.length).is_err();
            return Err(error);
        }
        self.length += self.line.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::ledger::Operation;

    const LINE: &str = r#"{"sequence":1,"at":"2026-01-01T00:00:00Z","idempotency_key":"k","authorization_id":"auth_00000000000000000000000000000001","reference":"r","currency":"EUR","operation":"void","amount":5}"#;

    fn replayed(path: &Path) -> Result<Vec<u64>, JournalError> {
        let mut sequences = Vec::new();
        Journal::open(path, |operation: Operation| {
            sequences.push(operation.sequence);
        })?;
        Ok(sequences)
    }

    #[test]
    fn a_half_written_last_line_is_dropped_wherever_it_breaks() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal");
        let second = LINE.replace(":1,", ":2,");
        for cut in 1..=second.len() {
            fs::write(&path, format!("{LINE}\n{}", &second[..cut])).unwrap();
            assert_eq!(replayed(&path).unwrap(), [1], "cut at {cut}");
            assert_eq!(fs::read_to_string(&path).unwrap(), format!("{LINE}\n"));
        }
        let mut journal = Journal::<Operation>::open(&path, |_| {}).unwrap();
        journal
            .append(&serde_json::from_str(&second).unwrap())
            .unwrap();
        drop(journal);
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            format!("{LINE}\n{second}\n")
        );
        assert_eq!(replayed(&path).unwrap(), [1, 2]);
    }

    #[test]
    fn damage_within_is_an_error_that_names_the_line() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal");
        fs::write(&path, format!("{LINE}\n{{}}\n")).unwrap();
        assert!(matches!(
            replayed(&path),
            Err(JournalError::Corrupt { line: 2, .. })
        ));
        fs::write(&path, format!("{LINE}\n{LINE}\n")).unwrap();
        let error = replayed(&path).unwrap_err().to_string();
        assert!(
            error.contains("line 2: sequence 1 where 2 was expected"),
            "{error}"
        );
        fs::write(&path, "x".repeat(100_000)).unwrap();
        assert!(matches!(
            replayed(&path),
            Err(JournalError::Corrupt { line: 1, .. })
        ));
    }

    #[test]
    fn a_journal_has_one_writer() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal");
        let first = Journal::<Operation>::open(&path, |_| {}).unwrap();
        assert!(matches!(replayed(&path), Err(JournalError::InUse { .. })));
        drop(first);
        assert!(replayed(&path).unwrap().is_empty());
    }
}
