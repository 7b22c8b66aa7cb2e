//! Where spans wait to be sent.

use tokio::sync::mpsc::{Receiver, Sender, channel};
use traces::{Ended, Sink};

use super::dropped;

/// The most spans that wait: some megabytes.
const ROOM: usize = 16_384;

/// The way into the queue. What it has no room for is dropped.
pub(super) struct Queue(Sender<Ended>);

impl Queue {
    pub(super) fn new() -> (Self, Receiver<Ended>) {
        Self::with_room(ROOM)
    }

    pub(super) fn with_room(room: usize) -> (Self, Receiver<Ended>) {
        let (sender, receiver) = channel(room);
        (Self(sender), receiver)
    }
}

impl Sink for Queue {
    fn take(&self, span: Ended) {
        // Full, or closed by the end of the process.
        if self.0.try_send(span).is_err() {
            dropped(1, "queue");
        }
    }
}
