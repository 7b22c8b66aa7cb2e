//! How far the read models are behind the event store, and waiting for them.
//!
//! One task looks, for everybody: often while somebody waits, now and then otherwise. A read asks no
//! database how fresh its answer is; it takes what was seen last.

mod completeness;
mod observation;
mod projection;
mod watcher;

pub(crate) use projection::Projection;
pub(crate) use watcher::FreshnessParts;

use chassis::token::ConsistencyToken;
use chrono::{DateTime, Utc};
use domain::Position;
use observation::Observation;
use serde::Serialize;
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use store::Clock;
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};
use utoipa::ToSchema;

/// How old the answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct AsOf {
    /// Everything up to this position of the event store is in the answer.
    pub position: i64,
    /// Everything recorded up to so many milliseconds ago is in the answer: an upper bound, which
    /// counts from the last time that the read model was seen to have it all. Null while that cannot
    /// be told: the event store was not reached yet, or the read model was made from another one.
    pub lag_ms: Option<u64>,
}

/// How waiting for one's own write ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waited {
    /// The read model has it.
    Reached,
    /// The read model does not have it yet.
    Late,
    /// The write was made in another life of the event store.
    OtherEpoch,
}

/// The shortest wait: even who does not want to wait is told what is true now, and not what was true
/// when somebody last looked.
const ONE_LOOK: Duration = Duration::from_millis(100);

/// How far the read models are. Clones share what was seen.
#[derive(Clone)]
pub(crate) struct Freshness(Arc<Shared>);

struct Shared {
    seen: watch::Sender<Observation>,
    waiting: AtomicUsize,
    /// Somebody has begun to wait.
    wanted: Notify,
    asked_at: Mutex<Option<Instant>>,
    clock: Arc<dyn Clock>,
}

impl Freshness {
    /// Nothing was seen yet, and nothing will be until [`FreshnessParts::watch`] runs.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Shared {
            seen: watch::Sender::new(Observation::default()),
            waiting: AtomicUsize::new(0),
            wanted: Notify::new(),
            asked_at: Mutex::default(),
            clock,
        }))
    }

    /// How old an answer is that is read after this call.
    pub(crate) fn as_of(&self, projection: Projection) -> AsOf {
        *self.asked_at() = Some(Instant::now());
        let seen = self.0.seen.borrow();
        AsOf {
            position: seen.position(projection).get(),
            lag_ms: seen
                .complete_until(projection)
                .map(|until| millis_since(until, self.0.clock.now())),
        }
    }

    /// Up to where `projection` has everything, in the life of the store that `token` is of.
    pub(crate) fn holds_up_to(
        &self,
        projection: Projection,
        token: ConsistencyToken,
    ) -> Option<Position> {
        let checkpoint = self.0.seen.borrow().checkpoint(projection);
        let checkpoint = checkpoint.unwrap_or_default();
        match checkpoint.epoch {
            Some(epoch) => (epoch == token.epoch).then_some(checkpoint.position),
            None => Some(Position::ZERO),
        }
    }

    /// Waits until `projection` has what `token` names, at most for `patience`.
    pub(crate) async fn wait(
        &self,
        projection: Projection,
        token: ConsistencyToken,
        patience: Duration,
    ) -> Waited {
        let arrived = Instant::now();
        let mut seen = self.0.seen.subscribe();
        let verdict = |seen: &Observation| seen.verdict(projection, &token, arrived);
        if let Some(verdict) = verdict(&seen.borrow()) {
            return verdict;
        }
        let _waiting = Waiting::begin(&self.0);
        let mut last = None;
        let decided = seen.wait_for(|seen| {
            last = verdict(seen);
            last.is_some()
        });
        let in_time = tokio::time::timeout(patience.max(ONE_LOOK), decided)
            .await
            .is_ok();
        metrics::histogram!("query_wait_seconds", "projection" => projection.name())
            .record(arrived.elapsed());
        match last {
            Some(verdict) if in_time => verdict,
            _ => Waited::Late,
        }
    }

    /// Waits until `projection` is beyond `after`, at most for `patience`. It is nobody's hurry: who
    /// must see a write of their own [waits](Self::wait) for that.
    pub(crate) async fn moved(&self, projection: Projection, after: i64, patience: Duration) {
        *self.asked_at() = Some(Instant::now());
        let mut seen = self.0.seen.subscribe();
        let moved = seen.wait_for(|seen| seen.position(projection).get() > after);
        let _ = tokio::time::timeout(patience, moved).await;
    }

    fn asked_at(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.0
            .asked_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody waits, for as long as this lives.
struct Waiting<'a>(&'a Shared);

impl<'a> Waiting<'a> {
    fn begin(shared: &'a Shared) -> Self {
        shared.waiting.fetch_add(1, Ordering::SeqCst);
        shared.wanted.notify_one();
        Self(shared)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Whole milliseconds, rounded up: a read model that is behind is never said to be current.
fn millis_since(then: DateTime<Utc>, now: DateTime<Utc>) -> u64 {
    let micros = (now - then).num_microseconds().unwrap_or(i64::MAX);
    u64::try_from(micros).unwrap_or(0).div_ceil(1_000)
}
