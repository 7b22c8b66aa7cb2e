//! The places for connections.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// One place in so many is kept for connections that do not stay.
const PASSING_IN: usize = 32;

/// The places of a server. Most are for connections that stay as long as their clients like. When
/// these are taken, also by clients that say nothing, the few others serve one request each: so
/// probes get through, and whoever has a little patience.
#[derive(Debug)]
pub(super) struct Places {
    lasting: Arc<Semaphore>,
    passing: Arc<Semaphore>,
}

/// A place for one connection.
#[derive(Debug)]
pub(super) struct Place {
    /// Whether it may have further requests.
    pub lasting: bool,
    _permit: OwnedSemaphorePermit,
}

impl Places {
    pub(super) fn new(places: usize) -> Self {
        let places = places.min(Semaphore::MAX_PERMITS);
        let passing = places / PASSING_IN;
        Self {
            lasting: Arc::new(Semaphore::new(places - passing)),
            passing: Arc::new(Semaphore::new(passing)),
        }
    }

    /// A place, once there is one; a lasting one if there is a choice.
    pub(super) async fn take(&self) -> Place {
        tokio::select! {
            biased;
            permit = permit_of(&self.lasting) => Place { lasting: true, _permit: permit },
            permit = permit_of(&self.passing) => Place { lasting: false, _permit: permit },
        }
    }
}

async fn permit_of(places: &Arc<Semaphore>) -> OwnedSemaphorePermit {
    match Arc::clone(places).acquire_owned().await {
        Ok(permit) => permit,
        // They are never closed.
        Err(_) => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn the_last_places_are_for_those_who_do_not_stay() {
        let places = Places::new(64);
        let mut taken: Vec<Place> = (0..64)
            .map(|_| places.take().now_or_never().unwrap())
            .collect();
        assert_eq!(taken.iter().filter(|place| place.lasting).count(), 62);
        assert!(places.take().now_or_never().is_none());
        taken.pop();
        assert!(!places.take().now_or_never().unwrap().lasting);
        taken.remove(0);
        assert!(places.take().now_or_never().unwrap().lasting);
        // Where there are few, all are alike.
        assert!(Places::new(1).take().now_or_never().unwrap().lasting);
    }
}
