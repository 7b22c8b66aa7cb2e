//! What happened in a run, for people who look into a failure.

use std::sync::{Mutex, PoisonError};
use tokio::time::Instant;

/// The lines of a run; kept only when somebody will read them.
pub(super) struct Trace {
    started: Instant,
    lines: Option<Mutex<Vec<String>>>,
}

impl Trace {
    /// An empty trace; times count from now.
    pub(super) fn new(kept: bool) -> Self {
        Self {
            started: Instant::now(),
            lines: kept.then(Mutex::default),
        }
    }

    /// Adds what `line` says, if it is to be kept.
    pub(super) fn add(&self, line: impl FnOnce() -> String) {
        if let Some(lines) = &self.lines {
            let at = self.started.elapsed().as_millis();
            let line = format!("{:>4}.{:03} {}", at / 1_000, at % 1_000, line());
            lines
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(line);
        }
    }

    /// Everything so far.
    pub(super) fn lines(&self) -> Vec<String> {
        let lines = self.lines.as_ref();
        lines.map_or_else(Vec::new, |lines| {
            lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
        })
    }
}
