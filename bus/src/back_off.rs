//! The time between attempts at what does not work.

use std::time::Duration;

/// The first wait; each next one is twice as long, up to a bound.
const FIRST: Duration = Duration::from_millis(50);

/// Waits that grow. No randomness: there is one relay at a time, and one pump per process.
#[derive(Debug)]
pub(crate) struct BackOff {
    next: Duration,
    longest: Duration,
}

impl BackOff {
    pub(crate) const fn new(longest: Duration) -> Self {
        Self {
            next: FIRST,
            longest,
        }
    }

    /// How long to wait now.
    pub(crate) fn take(&mut self) -> Duration {
        let now = self.next.min(self.longest);
        self.next = (now * 2).min(self.longest);
        now
    }

    /// Something worked: begin anew.
    pub(crate) const fn reset(&mut self) {
        self.next = FIRST;
    }
}
