//! The only place the store, the bus and the runtimes take the time from.

use chrono::{DateTime, SubsecRound, Utc};

/// Tells the time. Injected, so that tests and the simulation can bend it.
pub trait Clock: Send + Sync + 'static {
    /// Now, to the microsecond: what databases keep.
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        let now = std::time::SystemTime::now();
        DateTime::<Utc>::from(now).trunc_subsecs(6)
    }
}
