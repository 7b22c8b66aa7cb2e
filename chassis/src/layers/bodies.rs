//! What the bodies of all requests take together.
//!
//! A limit for each body and one for the requests at once multiply to far more than a process
//! should take, and a slow client keeps what it has sent in memory without anything being done
//! for it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::http::Extensions;
use bytes::Bytes;

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

    /// The whole body, which gives its share back when the last of it is dropped.
    pub(crate) fn hold(self, body: Bytes) -> Bytes {
        Bytes::from_owner(Held { body, _share: self })
    }
}

impl Drop for BodyShare {
    fn drop(&mut self) {
        if let Some(budget) = &self.budget {
            budget.taken.fetch_sub(self.bytes, Ordering::Relaxed);
        }
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
