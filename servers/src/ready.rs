//! Waiting for a server in a container.

use crate::{Error, Result, container::Container};
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

/// How long a start may take: a database recovers its log first.
const READY_WITHIN: Duration = Duration::from_secs(90);

/// How long one try may take.
const TRY_WITHIN: Duration = Duration::from_secs(5);

/// How long between two of them, and after how many it is looked whether it runs at all.
const LOOK: Duration = Duration::from_millis(50);
const LOOKS: u64 = 20;

/// Waits until `probe` succeeds.
pub(crate) async fn ready<F>(
    server: &'static str,
    container: &Container,
    probe: impl Fn() -> F,
) -> Result<()>
where
    F: Future<Output = Result<(), String>>,
{
    let began = Instant::now();
    let mut tries = 0;
    loop {
        let reason = match timeout(TRY_WITHIN, probe()).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(reason)) => reason,
            Err(_) => "no answer".into(),
        };
        tries += 1;
        let ended = tries % LOOKS == 0 && !container.runs().await?;
        if ended || began.elapsed() >= READY_WITHIN {
            return Err(Error::NotReady {
                server,
                seconds: began.elapsed().as_secs(),
                reason,
                log: container.log_tail(),
            });
        }
        sleep(LOOK).await;
    }
}
