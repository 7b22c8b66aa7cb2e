//! How long a client may take to begin a request and to finish its head.
//!
//! hyper has one limit for both: a short one closes idle connections under their clients' feet, a
//! long one lets a client drip header bytes for ever. It asks a timer for a sleep whenever it
//! starts to wait for a head, and polls that sleep after every read that does not complete it. So
//! this timer hands out sleeps that know the connection: while no byte has come the idle limit
//! holds, from the first byte on the header limit. And they share one clock entry for the life of
//! the connection, instead of entering and leaving the runtime's timer wheel at every request.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use hyper::rt::{Sleep, Timer};

use super::{Limits, watched::Activity};

/// The timer of one connection.
pub(super) struct ConnectionTimer {
    shared: Arc<Shared>,
}

struct Shared {
    activity: Arc<Activity>,
    header_timeout: Duration,
    keep_alive_timeout: Duration,
    /// The connection's only entry in the runtime's timer wheel. It may ring early: whoever is
    /// woken looks at the true deadline and winds it again.
    alarm: Mutex<Option<Pin<Box<tokio::time::Sleep>>>>,
}

impl ConnectionTimer {
    pub(super) fn new(activity: Arc<Activity>, limits: &Limits) -> Self {
        Self {
            shared: Arc::new(Shared {
                activity,
                header_timeout: limits.header_timeout,
                keep_alive_timeout: limits.keep_alive_timeout,
                alarm: Mutex::default(),
            }),
        }
    }
}

impl Timer for ConnectionTimer {
    fn sleep(&self, _: Duration) -> Pin<Box<dyn Sleep>> {
        Box::pin(HeadSleep::new(Arc::clone(&self.shared)))
    }

    fn sleep_until(&self, _: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(HeadSleep::new(Arc::clone(&self.shared)))
    }
}

/// The wait for one request's head.
struct HeadSleep {
    shared: Arc<Shared>,
    /// What had been read when the wait began.
    bytes_before: u64,
    /// Until when the first byte must come.
    first_byte: Instant,
    /// Until when the head must be whole; known from its first byte on.
    whole_head: Option<Instant>,
}

impl HeadSleep {
    fn new(shared: Arc<Shared>) -> Self {
        let bytes_before = shared.activity.bytes_read();
        // A new connection was opened to send something; only later may it idle.
        let patience = if bytes_before == 0 {
            shared.header_timeout
        } else {
            shared.keep_alive_timeout
        };
        Self {
            bytes_before,
            first_byte: Instant::now() + patience,
            whole_head: None,
            shared,
        }
    }

    fn deadline(&mut self) -> Instant {
        if self.whole_head.is_none() && self.shared.activity.bytes_read() > self.bytes_before {
            self.whole_head = Some(Instant::now() + self.shared.header_timeout);
        }
        self.whole_head.unwrap_or(self.first_byte)
    }
}

impl Future for HeadSleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let deadline = this.deadline();
        let mut alarm = this
            .shared
            .alarm
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let alarm =
            alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline.into())));
        // Earlier than the deadline is fine, later is not.
        if alarm.deadline() > deadline.into() {
            alarm.as_mut().reset(deadline.into());
        }
        while alarm.as_mut().poll(context).is_ready() {
            if Instant::now() >= deadline {
                return Poll::Ready(());
            }
            alarm.as_mut().reset(deadline.into());
        }
        Poll::Pending
    }
}

impl Sleep for HeadSleep {}
