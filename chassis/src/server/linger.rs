//! How a connection is closed whose client may still be sending.
//!
//! To close a socket with unread bytes in it resets the connection, and a reset throws away what
//! the other side has not read yet: the answer itself, such as the 413 that says why no more of a
//! body was wanted. So the end of our side is said first, and what still comes is read and thrown
//! away until the client has seen it and closes too, or has had time enough.

use std::{
    future::Future,
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};

/// How long a client has to close after we did.
pub(super) const LONGEST: Duration = Duration::from_secs(2);
/// How much it may still send meanwhile: a body that was on its way, and no flood.
const MAX_BYTES: usize = 4 * 1024 * 1024;
const AT_ONCE: usize = 16 * 1024;

/// A connection of which our side is closed.
#[derive(Debug)]
pub(super) struct Linger {
    until: Pin<Box<Sleep>>,
    left: usize,
}

impl Linger {
    pub(super) fn new() -> Self {
        Self {
            until: Box::pin(sleep(LONGEST)),
            left: MAX_BYTES,
        }
    }

    /// Ready when the stream may be closed for good.
    pub(super) fn poll(&mut self, stream: &mut TcpStream, context: &mut Context<'_>) -> Poll<()> {
        let mut space = [MaybeUninit::uninit(); AT_ONCE];
        loop {
            let mut buffer = ReadBuf::uninit(&mut space);
            match Pin::new(&mut *stream).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    self.left = self.left.saturating_sub(buffer.filled().len());
                    if self.left == 0 {
                        return Poll::Ready(());
                    }
                }
                // It closed as well, or is gone.
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return self.until.as_mut().poll(context),
            }
        }
    }
}
