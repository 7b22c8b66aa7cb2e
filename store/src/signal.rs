//! Signalled for speed, polled for truth: a hint that the store's head may have moved.

use domain::Position;
use std::time::Duration;
use tokio::sync::watch;

/// Gives the hints.
#[derive(Debug, Clone)]
pub struct Signaller(watch::Sender<Position>);

/// Gets the hints. They may be late, early or lost, so whoever waits also polls.
#[derive(Debug, Clone)]
pub struct HeadSignal(watch::Receiver<Position>);

impl Signaller {
    /// A signaller that has not hinted yet.
    pub fn new() -> Self {
        Self(watch::Sender::new(Position::ZERO))
    }

    /// Hints that the head is at `position` or beyond.
    pub fn hint(&self, position: Position) {
        self.0.send_if_modified(|known| {
            let news = position > *known;
            if news {
                *known = position;
            }
            news
        });
    }

    /// Whom to give to those who wait.
    pub fn signal(&self) -> HeadSignal {
        HeadSignal(self.0.subscribe())
    }
}

impl Default for Signaller {
    fn default() -> Self {
        Self::new()
    }
}

impl HeadSignal {
    /// Waits for a hint of something after `position`, at most for `patience`.
    pub async fn after(&mut self, position: Position, patience: Duration) {
        // A closed or silent signal is no error: the caller looks for itself afterwards.
        let hinted = self.0.wait_for(|known| *known > position);
        let _ = tokio::time::timeout(patience, hinted).await;
    }

    /// The latest hint.
    pub fn latest(&self) -> Position {
        *self.0.borrow()
    }
}
