//! How many calls came to nothing lately.

use std::time::Duration;
use tokio::time::Instant;

/// In how many parts the window is counted: it moves on by one at a time, and takes the same room
/// however many calls there are.
const PARTS: u64 = 8;

/// The calls that ended within a window, and how many of them came to nothing.
#[derive(Debug)]
pub(super) struct Tally {
    since: Instant,
    /// How long a part of the window is.
    part: Duration,
    parts: [Part; PARTS as usize],
}

#[derive(Debug, Clone, Copy, Default)]
struct Part {
    /// Which part of the time, counted from the beginning.
    number: u64,
    calls: u64,
    ill: u64,
}

impl Tally {
    pub(super) fn new(window: Duration, now: Instant) -> Self {
        Self {
            since: now,
            part: (window / PARTS as u32).max(Duration::from_millis(1)),
            parts: Default::default(),
        }
    }

    /// A call has ended, and came to nothing or not.
    pub(super) fn count(&mut self, ill: bool, now: Instant) {
        let number = self.number(now);
        let part = &mut self.parts[(number % PARTS) as usize];
        if part.number != number {
            *part = Part {
                number,
                ..Part::default()
            };
        }
        part.calls += 1;
        part.ill += u64::from(ill);
    }

    /// How many calls ended lately, and how many of them came to nothing.
    pub(super) fn sums(&self, now: Instant) -> (u64, u64) {
        let number = self.number(now);
        let lately = self.parts.iter();
        lately
            .filter(|part| part.number + PARTS > number)
            .fold((0, 0), |(calls, ill), part| {
                (calls + part.calls, ill + part.ill)
            })
    }

    fn number(&self, now: Instant) -> u64 {
        let passed = now.saturating_duration_since(self.since);
        u64::try_from(passed.as_nanos() / self.part.as_nanos()).unwrap_or(u64::MAX - PARTS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_older_than_the_window_does_not_count() {
        let began = Instant::now();
        let mut tally = Tally::new(Duration::from_secs(8), began);
        for second in 0..20 {
            let now = began + Duration::from_secs(second);
            tally.count(second % 2 == 0, now);
            assert_eq!(tally.sums(now).0, (second + 1).min(8));
        }
        assert_eq!(tally.sums(began + Duration::from_secs(19)), (8, 4));
        assert_eq!(tally.sums(began + Duration::from_secs(26)), (1, 0));
        assert_eq!(tally.sums(began + Duration::from_secs(60)), (0, 0));
    }
}
