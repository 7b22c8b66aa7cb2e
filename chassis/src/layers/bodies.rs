//! What the bodies of all requests take together.
//!
//! A limit for each body and one for the requests at once multiply to far more than a process
//! should take, and a slow client keeps what it has sent in memory without anything being done
//! for it.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
};

use axum::{
    body::{Body, HttpBody},
    extract::Request,
    http::Extensions,
};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tonic::Status;

/// The memory that bodies may take, shared by all requests of a server.
#[derive(Debug)]
pub(crate) struct BodyBudget {
    max_bytes: usize,
    taken: AtomicUsize,
}

impl BodyBudget {
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            taken: AtomicUsize::new(0),
        }
    }
}

/// What one body takes of the budget: as much as has arrived, until it is dropped.
#[derive(Debug)]
pub(crate) struct BodyShare {
    /// None where no layer has set one.
    budget: Option<Arc<BodyBudget>>,
    bytes: usize,
}

impl BodyShare {
    /// The share of a new request: nothing yet.
    pub(crate) fn of(extensions: &Extensions) -> Self {
        Self {
            budget: extensions.get().cloned(),
            bytes: 0,
        }
    }

    /// Takes `bytes` more, if there are as many.
    #[must_use]
    pub(crate) fn take(&mut self, bytes: usize) -> bool {
        let Some(budget) = &self.budget else {
            return true;
        };
        let before = budget.taken.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) > budget.max_bytes {
            budget.taken.fetch_sub(bytes, Ordering::Relaxed);
            return false;
        }
        self.bytes += bytes;
        true
    }

    /// Gives all of it back.
    fn release(&mut self) {
        if let Some(budget) = &self.budget {
            budget.taken.fetch_sub(self.bytes, Ordering::Relaxed);
        }
        self.bytes = 0;
    }

    /// The whole body, which gives its share back when the last of it is dropped.
    pub(crate) fn hold(self, body: Bytes) -> Bytes {
        Bytes::from_owner(Held { body, _share: self })
    }
}

impl Drop for BodyShare {
    fn drop(&mut self) {
        self.release();
    }
}

/// A call whose body takes its share as it arrives, until it was read. Where it is streamed, each part of it
/// is worked off by itself: the share is that of one.
pub(super) fn budgeted(request: Request, budget: &Arc<BodyBudget>, is_streamed: bool) -> Request {
    request.map(|body| {
        let share = BodyShare {
            budget: Some(Arc::clone(budget)),
            bytes: 0,
        };
        Body::new(BudgetedBody {
            body,
            share,
            is_streamed,
        })
    })
}

struct BudgetedBody {
    body: Body,
    share: BodyShare,
    is_streamed: bool,
}

impl HttpBody for BudgetedBody {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let Some(frame) = ready!(Pin::new(&mut self.body).poll_frame(context)) else {
            return Poll::Ready(None);
        };
        let frame = frame?;
        if self.is_streamed {
            self.share.release();
        }
        let bytes = frame.data_ref().map_or(0, Bytes::len);
        if !self.share.take(bytes) {
            let full = match self.is_streamed {
                true => "Too much is being received at once; what was done is not done twice.",
                false => "Too much is being received at once; nothing was done.",
            };
            return Poll::Ready(Some(Err(Status::unavailable(full).into())));
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

struct Held {
    body: Bytes,
    _share: BodyShare,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_given_back_with_the_body() {
        let budget = Arc::new(BodyBudget::new(10));
        let mut extensions = Extensions::new();
        extensions.insert(Arc::clone(&budget));
        let taken = || budget.taken.load(Ordering::Relaxed);

        let mut first = BodyShare::of(&extensions);
        assert!(first.take(4) && first.take(2));
        let mut second = BodyShare::of(&extensions);
        assert!(!second.take(5), "more than there is");
        assert!(second.take(4));
        assert_eq!(taken(), 10);
        drop(second);
        assert_eq!(taken(), 6);
        let body = first.hold(Bytes::from_static(b"abcdef"));
        let part = body.slice(2..4);
        drop(body);
        assert_eq!((&part[..], taken()), (&b"cd"[..], 6));
        drop(part);
        assert_eq!(taken(), 0);
    }
}
