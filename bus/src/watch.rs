//! Waiting for the store's head to move.

use crate::back_off::BackOff;
use domain::Position;
use std::time::Duration;
use store::HeadSignal;
use tokio::time::{Instant, sleep, sleep_until};

/// Hints for speed, polling for truth.
pub(crate) struct HeadWatch {
    signal: HeadSignal,
    poll: Duration,
    /// For hints of what cannot be read yet.
    early: BackOff,
}

impl HeadWatch {
    pub(crate) const fn new(signal: HeadSignal, poll: Duration) -> Self {
        Self {
            signal,
            poll,
            early: BackOff::new(poll),
        }
    }

    /// Waits for a hint of something after `end`; false if there was none for the time of a poll.
    pub(crate) async fn hint_after(&mut self, end: Position) -> bool {
        let began = Instant::now();
        self.signal.after(end, self.poll).await;
        let hinted = self.signal.latest() > end;
        if !hinted {
            // A signal that nobody gives any more ends the wait at once.
            sleep_until(began + self.poll).await;
        }
        hinted
    }

    /// Takes in how many events were found, and waits a little: for `pace`, so that what comes soon
    /// after is read together, or for longer after a hint that was early.
    pub(crate) async fn found(&mut self, events: usize, pace: Duration) {
        if events == 0 {
            sleep(self.early.take()).await;
        } else {
            self.early.reset();
            sleep(pace).await;
        }
    }
}
