//! What a start waits for: a database that is still starting itself.

use std::{error::Error, time::Duration};
use tokio::time::{Instant, sleep};

/// How long a start waits for a database that does not answer yet.
const START_PATIENCE: Duration = Duration::from_secs(30);
const START_RETRY: Duration = Duration::from_millis(500);

/// Connects to `what`, again and again for as long as a start waits, while `passes` says that the
/// error may pass by itself.
///
/// # Errors
/// The first error that does not pass, or the last one.
pub async fn patiently<T, E: Error>(
    what: &'static str,
    passes: impl Fn(&E) -> bool,
    mut connect: impl AsyncFnMut() -> Result<T, E>,
) -> Result<T, E> {
    let deadline = Instant::now() + START_PATIENCE;
    loop {
        match connect().await {
            Err(error) if passes(&error) && Instant::now() < deadline => {
                tracing::warn!(%error, "{what} does not answer yet");
                sleep(START_RETRY).await;
            }
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    fn refused() -> io::Error {
        io::ErrorKind::ConnectionRefused.into()
    }

    #[tokio::test(start_paused = true)]
    async fn a_start_waits_for_what_passes_and_not_for_ever() {
        let passes = |error: &io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
        let mut tries = 0;
        let connected = patiently("it", passes, async || {
            tries += 1;
            if tries < 4 { Err(refused()) } else { Ok(tries) }
        });
        assert_eq!(connected.await.ok(), Some(4));

        let began = Instant::now();
        let failed = patiently("it", passes, async || Err::<(), _>(refused())).await;
        assert!(failed.is_err() && began.elapsed() >= START_PATIENCE);

        let mut tries = 0;
        let other = patiently("it", passes, async || {
            tries += 1;
            Err::<(), _>(io::Error::from(io::ErrorKind::PermissionDenied))
        });
        assert!(other.await.is_err());
        assert_eq!(tries, 1);
    }
}
