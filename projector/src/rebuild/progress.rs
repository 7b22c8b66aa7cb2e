//! How far a rebuild is.

use domain::Position;
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;

use super::OnProgress;

/// How far a rebuild is.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// The projection.
    pub name: &'static str,
    /// How many events were folded.
    pub events: u64,
    /// Up to where.
    pub position: Position,
    /// Up to where this pass goes.
    pub until: Position,
    /// For how long it has been going on.
    pub elapsed: Duration,
    /// How long this pass has been going on.
    pub pass_elapsed: Duration,
}

impl Progress {
    /// Events a second.
    pub fn rate(&self) -> f64 {
        self.events as f64 / self.elapsed.as_secs_f64().max(1e-6)
    }

    /// How much of this pass is done: from 0 to 1.
    pub fn done(&self) -> f64 {
        match self.until.get() {
            0 => 1.0,
            until => (self.position.get() as f64 / until as f64).min(1.0),
        }
    }

    /// How long the rest of this pass takes at this pace; none while nobody can tell.
    pub fn left(&self) -> Option<Duration> {
        let done = self.done();
        let left = self.pass_elapsed.as_secs_f64() * (1.0 - done) / done;
        Duration::try_from_secs_f64(left).ok()
    }
}

/// Tells how far it is. Clones share it.
#[derive(Clone)]
pub(crate) struct Report {
    name: &'static str,
    on_progress: OnProgress,
    began: Instant,
    counters: Arc<Counters>,
}

#[derive(Default)]
struct Counters {
    events: AtomicU64,
    position: AtomicI64,
}

impl Report {
    pub(crate) fn new(name: &'static str, on_progress: OnProgress) -> Self {
        Self {
            name,
            on_progress,
            began: Instant::now(),
            counters: Arc::default(),
        }
    }

    pub(crate) fn events(&self) -> u64 {
        self.counters.events.load(Ordering::Relaxed)
    }

    pub(super) fn position(&self) -> Position {
        Position::new(self.counters.position.load(Ordering::Relaxed))
    }

    /// `events` more were folded, up to `position`, in a pass that began at `pass_began`.
    pub(super) fn folded(
        &self,
        events: usize,
        position: Position,
        until: Position,
        pass_began: Instant,
    ) {
        let before = self
            .counters
            .events
            .fetch_add(events as u64, Ordering::Relaxed);
        self.counters
            .position
            .store(position.get(), Ordering::Relaxed);
        (self.on_progress)(&Progress {
            name: self.name,
            events: before + events as u64,
            position,
            until,
            elapsed: self.began.elapsed(),
            pass_elapsed: pass_began.elapsed(),
        });
    }

    /// All is done, up to `position`.
    pub(super) fn done(&self, position: Position) {
        self.folded(0, position, position, self.began);
    }
}
