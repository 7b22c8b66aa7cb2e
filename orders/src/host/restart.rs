//! How soon something that ended is started again: at once at first, and ever less often while it
//! keeps on ending, so that a crash loop neither fills the disk nor takes the machine.

use std::time::Duration;
use tokio::time::Instant;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);
/// What ran this long is not in a crash loop.
const STEADY: Duration = Duration::from_secs(60);

/// The wait before the next start.
#[derive(Debug)]
pub(super) struct Restarts {
    started: Instant,
    next: Duration,
}

impl Restarts {
    /// It has just been started for the first time.
    pub(super) fn new() -> Self {
        Self {
            started: Instant::now(),
            next: FIRST,
        }
    }

    /// It is started again.
    pub(super) fn started(&mut self) {
        self.started = Instant::now();
    }

    /// It has ended: how long to wait now.
    pub(super) fn wait(&mut self) -> Duration {
        if self.started.elapsed() >= STEADY {
            self.next = FIRST;
        }
        let wait = self.next;
        self.next = LONGEST.min(wait * 2);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    #[tokio::test(start_paused = true)]
    async fn a_crash_loop_slows_down_and_a_steady_run_ends_it() {
        let mut restarts = Restarts::new();
        let waits: Vec<u64> = (0..7).map(|_| restarts.wait().as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
        restarts.started();
        advance(STEADY).await;
        assert_eq!(restarts.wait(), FIRST);
    }
}
