//! The latest events, kept once per process and shared by all of its readers.

use crate::{Feed, TailOptions, ring::Ring};
use async_trait::async_trait;
use domain::Position;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use store::{Bookmark, Delivered, EventReader, Head, StoreError};
use tokio::{sync::Notify, time::Instant};

/// How long a reader that found nothing where there should be something waits before it looks
/// again: such a state is short.
const SETTLE: Duration = Duration::from_millis(10);

/// A bounded ring of the latest events over the store. A pump fills it; readers within it cost no
/// read of the store, and those further behind read the store by themselves, without disturbing it.
pub(crate) struct Tail {
    reader: Arc<dyn EventReader>,
    options: TailOptions,
    state: Mutex<State>,
    /// Told whenever `state` changes. Not a `watch`, which wakes readers in a random order.
    changes: Notify,
}

#[derive(Default)]
struct State {
    /// None until the pump has seen the store.
    ring: Option<Ring>,
    /// The head as it was last seen.
    head: Option<Head>,
    /// Why events may be there that the ring does not have, if the pump knows of something.
    trouble: Option<Arc<StoreError>>,
    /// Where the store is since it lost what was read from it.
    rewound: Option<Position>,
    /// No pump fills the ring any more.
    abandoned: bool,
}

/// What the ring has for a reader.
enum Slice {
    Events(Vec<Arc<Delivered>>),
    /// It has all that the ring has.
    AtEnd,
    /// It is further back than the ring, or the ring is not there.
    Behind,
}

impl Tail {
    pub(crate) fn new(reader: Arc<dyn EventReader>, options: TailOptions) -> Arc<Self> {
        Arc::new(Self {
            reader,
            options,
            state: Mutex::default(),
            changes: Notify::new(),
        })
    }

    /// How far the ring is complete; none while it is not there.
    pub(crate) fn end(&self) -> Option<Bookmark> {
        self.state().ring.as_ref().map(Ring::end)
    }

    /// Begins the ring, at the head.
    pub(crate) fn begin(&self, head: Head, at: Bookmark) {
        {
            let mut state = self.state();
            state.head = Some(head);
            state
                .ring
                .get_or_insert_with(|| Ring::new(at, self.options.events, self.options.bytes));
        }
        self.changes.notify_waiters();
    }

    /// Takes in what the head was found to be, and whether the store still has the event that the
    /// ring ends with. Another epoch, or another event, ends the ring for good.
    pub(crate) fn observe(&self, head: Head, still_there: bool) -> Result<(), StoreError> {
        let end = self.end().unwrap_or_default().position;
        {
            let mut state = self.state();
            let other = state.head.is_some_and(|known| known.epoch != head.epoch);
            if !other && still_there && head.position >= end {
                state.head = Some(head);
                return Ok(());
            }
        }
        Err(self.noticed(rewound(end, head.position)))
    }

    /// Takes in an error of reading on from the ring's end: if the store was rewound, the ring ends
    /// for good.
    pub(crate) fn noticed(&self, error: StoreError) -> StoreError {
        if let StoreError::Rewound { head, .. } = error {
            self.state().rewound = Some(head);
            self.changes.notify_waiters();
        }
        error
    }

    /// The epoch of the store; none while that is not known.
    pub(crate) fn epoch(&self) -> Option<uuid::Uuid> {
        self.state().head.map(|head| head.epoch)
    }

    /// Adds events that follow on the ring's end without a gap; those that it has are dropped.
    pub(crate) fn extend(&self, events: impl IntoIterator<Item = (Arc<Delivered>, usize)>) {
        if let Some(ring) = &mut self.state().ring {
            for (event, bytes) in events {
                ring.push(event, bytes);
            }
        }
        self.changes.notify_waiters();
    }

    /// Remembers, or forgets, why the ring may lack what there is.
    pub(crate) fn set_trouble(&self, trouble: Option<StoreError>) {
        self.state().trouble = trouble.map(Arc::new);
    }

    /// Says that no pump fills the ring any more: readers read the store.
    pub(crate) fn abandon(&self) {
        self.state().abandoned = true;
        self.changes.notify_waiters();
    }

    fn slice(&self, after: Bookmark, limit: usize) -> Result<Slice, StoreError> {
        let state = self.state();
        if let Some(head) = state.rewound {
            return Err(rewound(after.position, head));
        }
        let Some(ring) = state.ring.as_ref() else {
            return Ok(Slice::Behind);
        };
        // With that planted bug, whoever comes back misses what happened meanwhile.
        if after.position < ring.floor() && !store::planted!("at_most_once_feed") {
            return Ok(Slice::Behind);
        }
        let events = ring.after(after, limit).ok_or_else(|| {
            let head = state.head.map_or(ring.end().position, |head| head.position);
            rewound(after.position, head)
        })?;
        Ok(match () {
            () if !events.is_empty() => Slice::Events(events),
            () if state.abandoned => Slice::Behind,
            () => Slice::AtEnd,
        })
    }

    async fn read(&self, after: Bookmark, limit: usize) -> Result<Vec<Arc<Delivered>>, StoreError> {
        let page = self.reader.read_on(after, limit).await?.events;
        metrics::counter!("feed_store_events_total", "by" => "reader").increment(page.len() as u64);
        Ok(page
            .into_iter()
            .map(|stored| Arc::new(stored.decode()))
            .collect())
    }

    /// What a reader at `after` is told that waited in vain.
    async fn nothing(&self, after: Position) -> Result<Vec<Arc<Delivered>>, StoreError> {
        let (head, trouble) = {
            let state = self.state();
            (state.head, state.trouble.clone())
        };
        if let Some(trouble) = trouble {
            return Err(StoreError::Unavailable(Box::new(Trouble(trouble))));
        }
        let ahead = head.is_none_or(|head| after > head.position);
        if ahead && self.end().is_none_or(|end| after > end.position) {
            // It may only be ahead of what the pump has seen.
            let head = self.reader.head().await?;
            if head.position < after {
                return Err(rewound(after, head.position));
            }
        }
        Ok(vec![])
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Feed for Tail {
    async fn next(
        &self,
        after: Bookmark,
        limit: usize,
        patience: Duration,
    ) -> Result<Vec<Arc<Delivered>>, StoreError> {
        let deadline = Instant::now() + patience;
        let limit = limit.clamp(1, self.options.page);
        loop {
            // Made before the look, so that no change is missed in between.
            let change = self.changes.notified();
            let look_again = match self.slice(after, limit)? {
                Slice::Events(events) => return Ok(events),
                Slice::AtEnd => deadline,
                Slice::Behind => {
                    let events = self.read(after, limit).await?;
                    if !events.is_empty() {
                        return Ok(events);
                    }
                    // Nothing is behind the ring; or the ring is only now coming to be.
                    deadline.min(Instant::now() + self.options.poll.max(SETTLE))
                }
            };
            let _ = tokio::time::timeout_at(look_again, change).await;
            if Instant::now() >= deadline {
                return match self.slice(after, limit)? {
                    Slice::Events(events) => Ok(events),
                    Slice::AtEnd | Slice::Behind => self.nothing(after.position).await,
                };
            }
        }
    }

    async fn head(&self) -> Result<Head, StoreError> {
        self.reader.head().await
    }
}

fn rewound(checkpoint: Position, head: Position) -> StoreError {
    StoreError::Rewound { checkpoint, head }
}

/// What keeps the pump from filling the ring, for each of the readers.
#[derive(Debug, thiserror::Error)]
#[error("the feed cannot read the event store")]
struct Trouble(#[source] Arc<StoreError>);
