//! Which of the traces that begin here are recorded.

use crate::TraceContext;

/// The share of traces that are recorded, of those that begin here. Those that a caller began are
/// recorded as the caller says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// Traces whose number is below this one are recorded.
    below: u64,
}

/// The numbers that are drawn from: as many as a trace id has bits that are random by every standard.
const NUMBERS: u64 = 1 << 56;

impl Sampling {
    /// This share, from 0 for none to 1 for all; what is beyond that counts as the nearer of them.
    #[must_use]
    pub fn share(share: f64) -> Self {
        // Both are exact: powers of two, and numbers that have fewer bits than a float holds.
        let below = (share.clamp(0.0, 1.0) * NUMBERS as f64) as u64;
        Self { below }
    }

    /// Whether the trace is among them. Every process that is told the same share says the same.
    pub(crate) fn takes(self, trace: &TraceContext) -> bool {
        trace.number() % NUMBERS < self.below
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(share: f64) -> usize {
        let sampling = Sampling::share(share);
        let traces = (0..10_000).map(|_| TraceContext::new_root(true));
        traces.filter(|trace| sampling.takes(trace)).count()
    }

    #[test]
    fn a_share_of_all_traces_is_taken() {
        assert_eq!(taken(0.0), 0);
        assert_eq!(taken(-1.0), 0);
        assert_eq!(taken(1.0), 10_000);
        assert_eq!(taken(7.5), 10_000);
        assert_eq!(taken(f64::NAN), 0);
        // Twenty standard deviations to either side.
        let quarter = taken(0.25);
        assert!((1_600..=3_400).contains(&quarter), "{quarter}");
    }
}
