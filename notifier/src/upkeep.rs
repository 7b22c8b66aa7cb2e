//! Tells what is left undone, and forgets what is old.

use crate::{status::Status, storage::NotifyStore};
use chrono::TimeDelta;
use std::{sync::Arc, time::Duration};
use store::Clock;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// How often it is told what is left undone.
const REPORT_EVERY: Duration = Duration::from_secs(5);

/// In how many of those rounds old things are looked for once.
const FORGET_EVERY: u32 = 60;

/// How long the answer to an Idempotency-Key is kept.
const REQUESTS: TimeDelta = TimeDelta::days(7);

/// The name of what tells, among the parts.
pub(crate) const PART: &str = "upkeep";

/// Does both until `stop`; what is settled is kept for `keep`.
pub(crate) async fn run(
    store: NotifyStore,
    clock: Arc<dyn Clock>,
    keep: TimeDelta,
    status: Status,
    stop: CancellationToken,
) {
    let mut round = 0_u32;
    loop {
        status.forget_old();
        let now = clock.now();
        let done = async {
            status.is_left(store.backlog(now).await?);
            // A few at a time, and more of them soon.
            if round.is_multiple_of(FORGET_EVERY)
                && store.forget(now - keep, now - REQUESTS).await? > 0
            {
                return Ok(0);
            }
            Ok(round.wrapping_add(1))
        };
        match done.await {
            Ok(next) => {
                round = next;
                status.works(PART);
            }
            Err(error) => status.failed(PART, error),
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = sleep(REPORT_EVERY) => {}
        }
    }
}
