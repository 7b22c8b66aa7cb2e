//! How feeds and relay behave.

use std::time::Duration;

/// How a feed behaves.
#[derive(Debug, Clone)]
pub struct TailOptions {
    /// The most events kept for readers.
    pub events: usize,
    /// The most memory for them, about, in bytes.
    pub bytes: usize,
    /// The most events read from the store, or given to a reader, at once.
    pub page: usize,
    /// How often the store is looked at where nothing else tells of new events.
    pub poll: Duration,
    /// How often it is looked at where a broker brings the events, and how often its epoch is
    /// checked.
    pub check: Duration,
    /// The least time from one read of the store to the next while events keep coming: what comes
    /// in between is read together.
    pub pace: Duration,
    /// The longest time from one attempt to the next at what does not work.
    pub back_off: Duration,
}

impl Default for TailOptions {
    fn default() -> Self {
        Self {
            events: 8_192,
            bytes: 16 << 20,
            page: 1_024,
            poll: Duration::from_millis(250),
            check: Duration::from_secs(1),
            pace: Duration::from_millis(2),
            back_off: Duration::from_secs(5),
        }
    }
}

/// How a relay behaves.
#[derive(Debug, Clone)]
pub struct RelayOptions {
    /// The name of the lease that makes a relay the leader.
    pub lease: String,
    /// How long the lease lasts without being renewed.
    pub lease_for: Duration,
    /// The most messages sent and not yet acknowledged.
    pub window: usize,
    /// The most events read from the store at once.
    pub page: usize,
    /// How many positions back an empty stream, or one that lags further, is filled from: at most
    /// that many events. Readers further behind read the store.
    pub history: u64,
    /// How often the store is looked at without a hint.
    pub poll: Duration,
    /// The least time from one read of the store to the next while events keep coming.
    pub pace: Duration,
    /// How often its head is looked at, for the lag and for its epoch.
    pub check: Duration,
    /// The longest time from one attempt to the next at what does not work.
    pub back_off: Duration,
}

impl Default for RelayOptions {
    fn default() -> Self {
        Self {
            lease: "relay".into(),
            lease_for: Duration::from_secs(10),
            window: 256,
            page: 512,
            history: 100_000,
            poll: Duration::from_millis(250),
            pace: Duration::from_millis(2),
            check: Duration::from_secs(1),
            back_off: Duration::from_secs(5),
        }
    }
}
