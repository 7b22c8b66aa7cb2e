//! Waiting for a server in a container.

use crate::{Error, Result, container::Container};
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

/// How long a start may take: a database recovers its log first.
const READY_WITHIN: Duration = Duration::from_secs(90);

/// How long one try may take.
const TRY_WITHIN: Duration = Duration::from_secs(5);

/// How long between two of them.
const LOOK: Duration = Duration::from_millis(50);

/// Waits until `probe` succeeds.
pub(crate) async fn ready<F>(
    server: &'static str,
    container: &Container,
    probe: impl Fn() -> F,
) -> Result<()>
where
    F: Future<Output = Result<(), String>>,
{
    let deadline = Instant::now() + READY_WITHIN;
    loop {
        let reason = match timeout(TRY_WITHIN, probe()).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(reason)) => reason,
            Err(_) => "no answer".into(),
        };
        let ended = !container.runs().await?;
        if ended || Instant::now() >= deadline {
            return Err(Error::NotReady {
                server,
                seconds: READY_WITHIN.as_secs(),
                reason: if ended { "it has ended".into() } else { reason },
                log: container.log_tail(),
            });
        }
        sleep(LOOK).await;
    }
}
