//! Named checks of what a process needs to take traffic, and of what people must see to.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
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
/// The metric of what people are warned of.
const WARNING: &str = "health_warning";

type Outcome = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;
type Ask = Arc<dyn Fn() -> Outcome + Send + Sync>;

/// What is looked at.
#[derive(Clone)]
struct Check {
    name: &'static str,
    /// Whether nothing may be taken while it fails.
    needed: bool,
    ask: Ask,
}

/// The health of a process; clones share it.
#[derive(Clone)]
pub struct Health {
    inner: Arc<Inner>,
}

struct Inner {
    stopping: CancellationToken,
    started: AtomicBool,
    checks: Mutex<Vec<Check>>,
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
    /// Whether it passed, or keeps nobody from taking traffic.
    pub ok: bool,
    /// Why it did not pass.
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
        self.add(name, true, check);
    }

    /// Adds a check of something that people must see to, and that keeps nobody from taking traffic:
    /// while it fails, the report has the reason and `health_warning{check}` is 1. The reason is shown
    /// as that of [`register`](Self::register) is.
    pub fn warn_of<F, R>(&self, name: &'static str, check: F)
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), String>> + Send + 'static,
    {
        metrics::describe_gauge!(
            WARNING,
            "1 while a check fails that keeps nobody from taking traffic"
        );
        set_warning(name, false);
        self.add(name, false, check);
    }

    fn add<F, R>(&self, name: &'static str, needed: bool, check: F)
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), String>> + Send + 'static,
    {
        let ask: Ask = Arc::new(move || Box::pin(check()));
        self.checks().push(Check { name, needed, ask });
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

    /// Looks at what people are warned of, if there is such a thing, so that its metric says how it is
    /// now, also where nobody asks whether the process is ready.
    pub(crate) async fn look_at_warnings(&self) {
        let warns = self.checks().iter().any(|check| !check.needed);
        if warns {
            self.checked().await;
        }
    }

    fn checks(&self) -> MutexGuard<'_, Vec<Check>> {
        self.inner
            .checks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    async fn checked(&self) -> BTreeMap<&'static str, CheckReport> {
        let mut latest = self.inner.latest.lock().await;
        if let Some((at, checks)) = &*latest
            && at.elapsed() < KEPT_FOR
        {
            return checks.clone();
        }
        let checks = self.checks().clone();
        let reports = join_all(checks.into_iter().map(async |check| {
            let outcome = tokio::time::timeout(CHECK_TIMEOUT, (check.ask)()).await;
            let reason = match outcome {
                Ok(Ok(())) => None,
                Ok(Err(reason)) => Some(reason),
                Err(_) => Some(format!("no answer within {} s", CHECK_TIMEOUT.as_secs())),
            };
            if !check.needed {
                set_warning(check.name, reason.is_some());
            }
            let ok = !check.needed || reason.is_none();
            (check.name, CheckReport { ok, reason })
        }));
        let reports: BTreeMap<_, _> = reports.await.into_iter().collect();
        *latest = Some((Instant::now(), reports.clone()));
        reports
    }
}

fn set_warning(check: &'static str, failing: bool) {
    metrics::gauge!(WARNING, "check" => check).set(f64::from(u8::from(failing)));
}
