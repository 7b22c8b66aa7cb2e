//! How a process lives and ends: tracked tasks, two-stage shutdown, an honest exit code.

use std::{
    fmt,
    future::Future,
    panic::AssertUnwindSafe,
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Time that tasks have to end once they are cancelled hard: dropping a future takes no longer
/// unless it blocks its thread.
const HARD_GRACE: Duration = Duration::from_secs(2);

/// The tasks of a process and the two tokens that end them.
///
/// 1. `soft` is cancelled by the first SIGTERM or SIGINT, by a failed critical task or by
///    [`shut_down`](Self::shut_down): take no new work, finish what runs.
/// 2. `hard` is cancelled when the shutdown time is over: every tracked task is dropped where it
///    waits.
///
/// A second signal ends the process at once.
#[derive(Debug, Clone)]
pub struct Lifecycle {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    soft: CancellationToken,
    hard: CancellationToken,
    tasks: TaskTracker,
    /// Names of tasks that run, for the log line about what did not finish.
    running: Mutex<Vec<&'static str>>,
    failed: Mutex<Option<&'static str>>,
    last: Last,
    shutdown_timeout: Duration,
}

/// What is done when everything else has ended.
#[derive(Default)]
struct Last(Mutex<Option<BoxFuture<'static, ()>>>);

impl fmt::Debug for Last {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Last")
    }
}

impl Default for Lifecycle {
    fn default() -> Self {
        Self::new(Duration::from_secs(30))
    }
}

impl Lifecycle {
    /// A lifecycle whose running work has `shutdown_timeout` to finish.
    #[must_use]
    pub fn new(shutdown_timeout: Duration) -> Self {
        Self {
            inner: Arc::new(Inner {
                soft: CancellationToken::new(),
                hard: CancellationToken::new(),
                tasks: TaskTracker::new(),
                running: Mutex::default(),
                failed: Mutex::default(),
                last: Last::default(),
                shutdown_timeout,
            }),
        }
    }

    /// Cancelled when the process should take no new work.
    #[must_use]
    pub fn soft(&self) -> &CancellationToken {
        &self.inner.soft
    }

    /// Cancelled when running work must end where it is; never before `soft`.
    #[must_use]
    pub fn hard(&self) -> &CancellationToken {
        &self.inner.hard
    }

    /// Starts the shutdown, as a signal would.
    pub fn shut_down(&self) {
        self.inner.soft.cancel();
    }

    /// Runs a task that the process cannot do without: when it ends with an error or a panic, the
    /// process shuts down and exits non-zero. `Ok` means that it had nothing more to do.
    pub fn spawn_critical<F>(&self, name: &'static str, task: F)
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let this = self.clone();
        this.started(name);
        self.inner.tasks.spawn(async move {
            let hard = this.inner.hard.clone();
            match hard
                .run_until_cancelled(AssertUnwindSafe(task).catch_unwind())
                .await
            {
                Some(Ok(Ok(()))) => tracing::debug!(task = name, "task {name} ended"),
                Some(Ok(Err(error))) => {
                    tracing::error!(task = name, "critical task {name} failed: {error:#}");
                    this.fail(name);
                }
                // The panic hook has logged what happened.
                Some(Err(_)) => {
                    tracing::error!(task = name, "critical task {name} panicked");
                    this.fail(name);
                }
                None => tracing::warn!(task = name, "task {name} did not finish in time"),
            }
            this.ended(name);
        });
    }

    /// Does this when all tasks have ended, however they have, unless a second signal wants the end
    /// at once. It must be bounded in time; what was to come last before comes before it.
    pub fn run_last<F>(&self, work: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut last = lock(&self.inner.last.0);
        *last = Some(match last.take() {
            Some(before) => before.then(|()| work).boxed(),
            None => work.boxed(),
        });
    }

    /// Waits for SIGTERM, SIGINT, a failed critical task or [`shut_down`](Self::shut_down), then
    /// ends everything within the shutdown time.
    ///
    /// Success only if no critical task failed and everything finished in time.
    pub async fn run_until_shutdown(&self) -> ExitCode {
        let (terminate, interrupt) = match (
            signal(SignalKind::terminate()),
            signal(SignalKind::interrupt()),
        ) {
            (Ok(terminate), Ok(interrupt)) => (terminate, interrupt),
            (Err(error), _) | (_, Err(error)) => {
                tracing::error!("stop signals cannot be listened for: {error}");
                return ExitCode::FAILURE;
            }
        };
        match self.run(terminate, interrupt).await {
            Outcome::Clean => ExitCode::SUCCESS,
            Outcome::Failed | Outcome::CutOff => ExitCode::FAILURE,
            // What a shell reports for a process ended by SIGINT.
            Outcome::Aborted => ExitCode::from(130),
        }
    }

    async fn run(&self, mut terminate: Signal, mut interrupt: Signal) -> Outcome {
        let inner = &self.inner;
        tokio::select! {
            _ = terminate.recv() => tracing::info!("SIGTERM: shutting down"),
            _ = interrupt.recv() => tracing::info!("SIGINT: shutting down"),
            () = inner.soft.cancelled() => tracing::info!("shutting down"),
        }
        inner.soft.cancel();
        inner.tasks.close();

        let in_time = tokio::select! {
            done = tokio::time::timeout(inner.shutdown_timeout, inner.tasks.wait()) => done.is_ok(),
            _ = terminate.recv() => return self.abort(),
            _ = interrupt.recv() => return self.abort(),
        };
        inner.hard.cancel();
        if !in_time {
            tracing::warn!(
                running = ?self.running(),
                "running work did not finish within {:?}; cancelling it", inner.shutdown_timeout
            );
            if tokio::time::timeout(HARD_GRACE, inner.tasks.wait())
                .await
                .is_err()
            {
                tracing::error!(running = ?self.running(), "tasks did not end when cancelled");
            }
        }
        let last = lock(&inner.last.0).take();
        if let Some(last) = last {
            tokio::select! {
                () = last => {}
                _ = terminate.recv() => return self.abort(),
                _ = interrupt.recv() => return self.abort(),
            }
        }
        if let Some(task) = *lock(&inner.failed) {
            tracing::error!(task, "stopped because critical task {task} failed");
            return Outcome::Failed;
        }
        if in_time {
            tracing::info!("stopped");
            Outcome::Clean
        } else {
            Outcome::CutOff
        }
    }

    fn abort(&self) -> Outcome {
        tracing::warn!(running = ?self.running(), "second stop signal: ending at once");
        self.inner.hard.cancel();
        Outcome::Aborted
    }

    fn fail(&self, name: &'static str) {
        lock(&self.inner.failed).get_or_insert(name);
        self.inner.soft.cancel();
    }

    fn started(&self, name: &'static str) {
        lock(&self.inner.running).push(name);
    }

    fn ended(&self, name: &'static str) {
        let mut running = lock(&self.inner.running);
        if let Some(at) = running.iter().position(|running| *running == name) {
            running.swap_remove(at);
        }
    }

    fn running(&self) -> Vec<&'static str> {
        lock(&self.inner.running).clone()
    }
}

/// How a shutdown went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Clean,
    Failed,
    CutOff,
    Aborted,
}

/// The data behind these locks is whole at every step, so a panic elsewhere does not spoil it.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead, BufReader},
        process::{Child, Command, Stdio},
        time::Instant,
    };

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    async fn outcome(lifecycle: &Lifecycle) -> Outcome {
        let terminate = signal(SignalKind::user_defined1()).unwrap();
        let interrupt = signal(SignalKind::user_defined2()).unwrap();
        tokio::time::timeout(10 * SECOND, lifecycle.run(terminate, interrupt))
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn a_shutdown_waits_for_running_work() {
        let lifecycle = Lifecycle::new(5 * SECOND);
        let (finished, seen) = tokio::sync::oneshot::channel();
        let soft = lifecycle.soft().clone();
        lifecycle.spawn_critical("worker", async move {
            soft.cancelled().await;
            tokio::task::yield_now().await;
            finished
                .send(())
                .map_err(|()| anyhow::anyhow!("nobody waits"))
        });
        lifecycle.shut_down();
        assert_eq!(outcome(&lifecycle).await, Outcome::Clean);
        seen.await.unwrap();
        assert!(lifecycle.running().is_empty());
    }

    #[tokio::test]
    async fn an_error_in_a_critical_task_stops_the_process() {
        let lifecycle = Lifecycle::new(SECOND);
        lifecycle.spawn_critical("broken", async { anyhow::bail!("no database") });
        assert_eq!(outcome(&lifecycle).await, Outcome::Failed);
    }

    #[tokio::test]
    async fn a_panic_in_a_critical_task_stops_the_process() {
        let lifecycle = Lifecycle::new(SECOND);
        lifecycle.spawn_critical("broken", async { panic!("on purpose") });
        assert_eq!(outcome(&lifecycle).await, Outcome::Failed);
    }

    #[tokio::test]
    async fn a_task_that_is_done_stops_nothing() {
        let lifecycle = Lifecycle::new(SECOND);
        lifecycle.spawn_critical("one-off", async { Ok(()) });
        while !lifecycle.running().is_empty() {
            tokio::task::yield_now().await;
        }
        assert!(!lifecycle.soft().is_cancelled());
    }

    #[tokio::test]
    async fn work_that_does_not_finish_is_cut_off() {
        let lifecycle = Lifecycle::new(Duration::from_millis(50));
        lifecycle.spawn_critical("stuck", std::future::pending());
        lifecycle.shut_down();
        let began = Instant::now();
        assert_eq!(outcome(&lifecycle).await, Outcome::CutOff);
        assert!(began.elapsed() < 5 * SECOND);
        assert!(lifecycle.running().is_empty());
    }

    /// Two things that come last: each says so when it is its turn.
    fn tell_of_the_end(lifecycle: &Lifecycle) -> std::sync::mpsc::Receiver<(&'static str, bool)> {
        let (tell, told) = std::sync::mpsc::channel();
        for name in ["first", "second"] {
            let (tell, all) = (tell.clone(), lifecycle.clone());
            lifecycle.run_last(async move {
                let alone = all.running().is_empty();
                tell.send((name, alone)).unwrap();
            });
        }
        told
    }

    #[tokio::test]
    async fn what_comes_last_comes_after_all_tasks_however_they_end() {
        let finished = Lifecycle::new(SECOND);
        finished.shut_down();
        let broken = Lifecycle::new(SECOND);
        broken.spawn_critical("broken", async { anyhow::bail!("no database") });
        let stuck = Lifecycle::new(Duration::from_millis(50));
        stuck.spawn_critical("stuck", std::future::pending());
        stuck.shut_down();
        for (lifecycle, how) in [
            (finished, Outcome::Clean),
            (broken, Outcome::Failed),
            (stuck, Outcome::CutOff),
        ] {
            let told = tell_of_the_end(&lifecycle);
            assert_eq!(outcome(&lifecycle).await, how);
            let told: Vec<_> = told.try_iter().collect();
            assert_eq!(told, [("first", true), ("second", true)]);
        }
    }

    /// What the processes in the tests below run, when this test binary starts itself again.
    #[test]
    fn child_process() {
        let Ok(task) = std::env::var("CHASSIS_LIFECYCLE_CHILD") else {
            return;
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let code = runtime.block_on(async {
            let lifecycle = Lifecycle::new(60 * SECOND);
            let soft = lifecycle.soft().clone();
            lifecycle.spawn_critical("worker", async move {
                soft.cancelled().await;
                println!("stopping");
                match task.as_str() {
                    "polite" => Ok(()),
                    _ => std::future::pending().await,
                }
            });
            let run = lifecycle.run_until_shutdown();
            tokio::pin!(run);
            // The first poll listens for signals; only then may the parent send one.
            assert!(futures::poll!(&mut run).is_pending());
            println!("ready");
            run.await
        });
        let code = [ExitCode::SUCCESS, ExitCode::from(130)]
            .iter()
            .position(|c| *c == code);
        std::process::exit(match code {
            Some(0) => 0,
            Some(_) => 130,
            None => 1,
        });
    }

    fn start(task: &str) -> (Child, impl FnMut(&str)) {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "lifecycle::tests::child_process", "--nocapture"])
            .env("CHASSIS_LIFECYCLE_CHILD", task)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let wait_for = move |word: &str| {
            assert!(
                lines.by_ref().any(|line| line.unwrap().ends_with(word)),
                "no line {word}"
            );
        };
        (child, wait_for)
    }

    fn send(signal: &str, child: &Child) {
        let sent = Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    #[test]
    fn sigterm_ends_a_process_cleanly() {
        let (mut child, mut wait_for) = start("polite");
        wait_for("ready");
        send("-TERM", &child);
        wait_for("stopping");
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }

    #[test]
    fn a_second_signal_ends_a_process_that_hangs() {
        let (mut child, mut wait_for) = start("stuck");
        wait_for("ready");
        send("-INT", &child);
        wait_for("stopping");
        send("-TERM", &child);
        assert_eq!(child.wait().unwrap().code(), Some(130));
    }
}
