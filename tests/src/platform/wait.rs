//! Waiting for a state, with a deadline.

use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The longest that a test waits for a state, on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// How often a state that nobody signals is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// Looks until `look` finds what it wants. `Err` says what is there instead; the last of them is
/// shown when the time is over.
///
/// # Panics
/// When it does not come within [`PATIENCE`].
pub async fn eventually<T, L>(what: &str, look: L) -> T
where
    L: AsyncFnMut() -> Result<T, String>,
{
    eventually_within(PATIENCE, what, look).await
}

/// As [`eventually`], with a limit of one's own.
///
/// # Panics
/// When it does not come within `limit`.
pub async fn eventually_within<T, L>(limit: Duration, what: &str, mut look: L) -> T
where
    L: AsyncFnMut() -> Result<T, String>,
{
    let deadline = Instant::now() + limit;
    loop {
        match look().await {
            Ok(found) => return found,
            Err(instead) if Instant::now() > deadline => {
                panic!("{what}: not within {limit:?}; instead: {instead}")
            }
            Err(_) => sleep(LOOK).await,
        }
    }
}
