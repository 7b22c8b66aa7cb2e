//! Named checks of what a process needs to take traffic.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures::future::join_all;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

/// A dependency that takes longer than this is not ready.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);
/// However often it is asked, a dependency is looked at once in this time.
const KEPT_FOR: Duration = Duration::from_secs(1);

type Outcome = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;
type Check = Arc<dyn Fn() -> Outcome + Send + Sync>;

/// The health of a process; clones share it.
#[derive(Clone)]
pub struct Health {
    inner: Arc<Inner>,
}

struct Inner {
    stopping: CancellationToken,
    started: AtomicBool,
    checks: Mutex<Vec<(&'static str, Check)>>,
    // Held while the checks run, so that a crowd of askers runs them once.
    latest: tokio::sync::Mutex<Option<(Instant, BTreeMap<&'static str, CheckReport>)>>,
}

/// Whether a process may take traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It may.
    Ready,
    /// Start-up is not finished.
    Starting,
    /// A check failed.
    NotReady,
    /// It finishes what runs and takes nothing new.
    ShuttingDown,
}

/// The answer to "may it take traffic?".
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The answer.
    pub status: State,
    /// Each check by its name.
    pub checks: BTreeMap<&'static str, CheckReport>,
}

/// How one check went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// Whether it passed.
    pub ok: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Health {
    /// A registry without checks, of a process that is still starting. `stopping` is the
    /// lifecycle's soft token.
    #[must_use]
    pub fn new(stopping: CancellationToken) -> Self {
        Self {
            inner: Arc::new(Inner {
                stopping,
                started: AtomicBool::new(false),
                checks: Mutex::default(),
                latest: tokio::sync::Mutex::default(),
            }),
        }
    }

    /// Adds a check of something this process needs to take traffic. The reason of a failure is
    /// shown to whoever may ask: no secrets, no internals.
    pub fn register<F, R>(&self, name: &'static str, check: F)
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), String>> + Send + 'static,
    {
        let check: Check = Arc::new(move || Box::pin(check()));
        self.inner
            .checks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((name, check));
    }

    /// Says that start-up is finished; until then the process is not ready.
    pub fn mark_started(&self) {
        self.inner.started.store(true, Ordering::Release);
    }

    /// Whether start-up is finished.
    #[must_use]
    pub fn is_started(&self) -> bool {
        self.inner.started.load(Ordering::Acquire)
    }

    /// Whether the process is being stopped.
    pub(crate) fn is_stopping(&self) -> bool {
        self.inner.stopping.is_cancelled()
    }

    /// Waits until the process is being stopped.
    pub(crate) async fn stopping(&self) {
        self.inner.stopping.cancelled().await;
    }

    /// Whether this process may take traffic. Takes at most two seconds.
    pub async fn report(&self) -> Report {
        let checks = self.checked().await;
        let status = if self.inner.stopping.is_cancelled() {
            State::ShuttingDown
        } else if !self.is_started() {
            State::Starting
        } else if checks.values().all(|check| check.ok) {
            State::Ready
        } else {
            State::NotReady
        };
        Report { status, checks }
    }

    async fn checked(&self) -> BTreeMap<&'static str, CheckReport> {
        let mut latest = self.inner.latest.lock().await;
        if let Some((at, checks)) = &*latest
            && at.elapsed() < KEPT_FOR
        {
            return checks.clone();
        }
        let checks = self
            .inner
            .checks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let reports = join_all(checks.into_iter().map(async |(name, check)| {
            let outcome = tokio::time::timeout(CHECK_TIMEOUT, check()).await;
            let reason = match outcome {
                Ok(Ok(())) => None,
                Ok(Err(reason)) => Some(reason),
                Err(_) => Some(format!("no answer within {} s", CHECK_TIMEOUT.as_secs())),
            };
            (
                name,
                CheckReport {
                    ok: reason.is_none(),
                    reason,
                },
            )
        }));
        let reports: BTreeMap<_, _> = reports.await.into_iter().collect();
        *latest = Some((Instant::now(), reports.clone()));
        reports
    }
}
