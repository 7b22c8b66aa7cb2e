//! A simulated process: it may be slow, stand still or crash wherever it waits for something.

use super::{
    faults::{Fate, LONGEST_PAUSE},
    world::World,
};
use chassis::Lifecycle;
use futures::FutureExt;
use std::{
    future::pending,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};
use store::{Signaller, lane::Lane};
use tokio::time::{Instant, sleep, sleep_until};

/// One life of a process. All of its tasks are its lifecycle's, and all of its waiting for the
/// world outside is done by [`Node::step`] and [`Node::call`].
pub(super) struct Node {
    /// Which process, and which life of it: `saga-1#3`.
    pub name: String,
    pub world: Arc<World>,
    pub life: Lifecycle,
    /// The process's own hints of new events.
    pub hints: Signaller,
    /// Where clients' commands go, if it takes any.
    pub lane: OnceLock<Lane>,
    dead: AtomicBool,
    paused_until: Mutex<Instant>,
    skew_ms: AtomicI64,
}

/// A call came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Broken {
    #[error("simulated: refused")]
    Refused,
    #[error("simulated: the connection broke")]
    Unknown,
}

impl Node {
    pub(super) fn new(name: String, world: &Arc<World>) -> Arc<Self> {
        let node = Self {
            name,
            world: Arc::clone(world),
            life: Lifecycle::default(),
            hints: Signaller::new(),
            lane: OnceLock::new(),
            dead: AtomicBool::new(false),
            paused_until: Mutex::new(Instant::now()),
            skew_ms: AtomicI64::new(0),
        };
        node.jump();
        Arc::new(node)
    }

    pub(super) fn skew_ms(&self) -> i64 {
        self.skew_ms.load(Ordering::Relaxed)
    }

    /// Sets the process's clock anew.
    pub(super) fn jump(&self) {
        let bound = match self.world.is_calm() {
            true => 0,
            false => self.world.faults.skew_ms,
        };
        let skew = self.world.dice.number(-bound..=bound);
        self.skew_ms.store(skew, Ordering::Relaxed);
    }

    pub(super) fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Relaxed)
    }

    /// Asks the process to stop in good order.
    pub(super) fn stop(&self) {
        self.life.shut_down();
    }

    /// Ends the process where it is: nothing of it runs any further.
    pub(super) fn crash(&self, where_: &str) {
        if !self.dead.swap(true, Ordering::Relaxed) {
            if !self.world.is_calm() {
                self.world.count("crash");
            }
            self.trace(|| format!("CRASHES at {where_}"));
            self.life.hard().cancel();
        }
    }

    pub(super) fn trace(&self, line: impl FnOnce() -> String) {
        self.world
            .trace
            .add(|| format!("{:<13} {}", self.name, line()));
    }

    /// A wait for something outside of the process, where anything may happen to it.
    pub(super) async fn step(&self, what: &'static str) {
        let world = &self.world;
        if !world.is_calm() && !self.is_dead() {
            if world.dice.happens(world.faults.crash) {
                self.crash(what);
            } else if world.dice.happens(world.faults.pause) {
                self.pause(what);
            } else if world.dice.happens(world.faults.slow) {
                sleep(world.dice.millis(0..=world.faults.slow_ms)).await;
            }
        }
        loop {
            if self.is_dead() {
                return pending().await;
            }
            let until = *self
                .paused_until
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if until <= Instant::now() {
                return;
            }
            sleep_until(until).await;
        }
    }

    fn pause(&self, what: &'static str) {
        let longest = LONGEST_PAUSE.as_millis() as u64;
        let time = self.world.dice.millis(1_000..=longest);
        self.world.count("pause");
        self.trace(|| format!("stands still for {time:?} at {what}"));
        *self
            .paused_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Instant::now() + time;
    }

    /// Has `op` done at the other end of a connection. The other end does it whole or not at all,
    /// as far as it knows how to; whether it did is not always known here.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        what: &'static str,
        op: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Broken> {
        self.step(what).await;
        let fate = self.world.fate();
        if fate != Fate::Done {
            self.world.count(fate.name());
            self.trace(|| format!("{what}: {fate:?}"));
        }
        match fate {
            Fate::Done => {
                let answer = op.await;
                self.step(what).await;
                Ok(answer)
            }
            Fate::Refused => Err(Broken::Refused),
            Fate::LostRequest => {
                self.step(what).await;
                Err(Broken::Unknown)
            }
            Fate::LostAnswer => {
                // A whole thing is done within one poll; what is half done then is dropped.
                let _ = op.now_or_never();
                self.step(what).await;
                Err(Broken::Unknown)
            }
            Fate::Late(time) => {
                tokio::spawn(async move {
                    sleep(time).await;
                    op.await;
                });
                self.step(what).await;
                Err(Broken::Unknown)
            }
            Fate::Slow(time) => {
                let answer = tokio::spawn(async move {
                    sleep(time).await;
                    op.await
                });
                let answer = answer.await.map_err(|_| Broken::Unknown);
                self.step(what).await;
                answer
            }
        }
    }
}
