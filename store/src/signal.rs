//! Signalled for speed, polled for truth: a hint that the store's head may have moved.

use domain::Position;
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Notify, time::timeout};

/// Gives the hints.
#[derive(Debug, Clone, Default)]
pub struct Signaller(Arc<Hints>);

/// Gets the hints. They may be late, early or lost, so whoever waits also polls.
#[derive(Debug, Clone)]
pub struct HeadSignal(Arc<Hints>);

/// Not a `watch`: that wakes those who wait in a random order, and a simulation could not replay.
#[derive(Debug, Default)]
struct Hints {
    latest: AtomicI64,
    news: Notify,
}

impl Signaller {
    /// A signaller that has not hinted yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Hints that the head is at `position` or beyond.
    pub fn hint(&self, position: Position) {
        let known = self.0.latest.fetch_max(position.get(), Ordering::AcqRel);
        if known < position.get() {
            self.0.news.notify_waiters();
        }
    }

    /// Whom to give to those who wait.
    pub fn signal(&self) -> HeadSignal {
        HeadSignal(Arc::clone(&self.0))
    }
}

impl HeadSignal {
    /// Waits for a hint of something after `position`, at most for `patience`.
    pub async fn after(&mut self, position: Position, patience: Duration) {
        let hinted = async {
            loop {
                // Made before the look, so that no hint is missed in between.
                let news = self.0.news.notified();
                if self.latest() > position {
                    return;
                }
                news.await;
            }
        };
        // A silent signal is no error: the caller looks for itself afterwards.
        let _ = timeout(patience, hinted).await;
    }

    /// The latest hint.
    pub fn latest(&self) -> Position {
        Position::new(self.0.latest.load(Ordering::Acquire))
    }
}
