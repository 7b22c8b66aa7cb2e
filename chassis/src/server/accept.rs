//! Accepting connections, and living through the errors of it.

use std::{future::Future, io, time::Duration};

use tokio::net::{TcpListener, TcpStream};

const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Where connections come from.
pub(super) trait Accept: Send + Sync + 'static {
    fn accept(&self) -> impl Future<Output = io::Result<TcpStream>> + Send;
}

impl Accept for TcpListener {
    async fn accept(&self) -> io::Result<TcpStream> {
        TcpListener::accept(self).await.map(|(stream, _)| stream)
    }
}

/// The pauses between failed attempts.
#[derive(Debug, Default)]
pub(super) struct BackOff {
    failures: u32,
}

impl BackOff {
    /// Waits as long as the error calls for.
    pub(super) async fn after(&mut self, error: &io::Error) {
        if concerns_one_client(error) {
            return;
        }
        // Such as EMFILE: it passes when something closes. The descriptors that are short are our
        // own or the system's, and a tight loop would take the processor from whoever could help.
        let pause = LONGEST_PAUSE.min(FIRST_PAUSE * 2_u32.saturating_pow(self.failures.min(10)));
        self.failures += 1;
        // The first of a row, and then once every second or so.
        if self.failures == 1 || pause == LONGEST_PAUSE {
            tracing::error!("connections cannot be accepted at the moment: {error}");
        }
        tokio::time::sleep(pause).await;
    }
}

/// The client was gone before it was accepted.
fn concerns_one_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}
