//! The sagas as part of a process: what runs, under which lease, and what is said of it.

use crate::{
    participants::limits,
    runtime::{
        Participants, PolicyOptions, PolicyRunner, Progress, RunError, TaskOptions, TaskRunner,
    },
    status::Status,
    storage::{PostgresSagaStore, SagaStore, SagaStoreError},
    telemetry,
};
use anyhow::Context;
use assembly::{connections_beside, patiently};
use bus::Feed;
use chassis::{
    Lifecycle,
    config::{SagaSettings, Settings},
};
use domain::policy::{ForEachPolicy, Limits, Policy, for_each_policy};
use secrecy::ExposeSecret;
use std::{sync::Arc, time::Duration};
use store::{
    Clock, EventReader,
    lane::Lane,
    lease::{Leases, lead},
};
use tokio::{
    sync::Notify,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The first wait after a policy failed; it doubles up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// How often the metrics are told what is left undone.
const REPORT_EVERY: Duration = Duration::from_secs(5);

/// What [`start`] starts that works with what is remembered: four policies, each with one statement at
/// a time, and the task runner, whose tasks take turns where a provider fails and many are put off.
const PARTS: usize = 5;

/// The name of the task runner, as a part that leads and may fail.
const TASKS: &str = "tasks";

/// What the sagas work with.
#[derive(Clone)]
pub struct SagaParts {
    /// All events in order.
    pub feed: Arc<dyn Feed>,
    /// The way of commands.
    pub lane: Lane,
    /// What happened, by stream.
    pub reader: Arc<dyn EventReader>,
    /// Who leads.
    pub leases: Arc<dyn Leases>,
    /// What they remember.
    pub storage: Arc<dyn SagaStore>,
    /// Who is called.
    pub participants: Participants,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Connects to what the sagas remember. Waits while it starts.
pub async fn open_storage(settings: &Settings) -> anyhow::Result<PostgresSagaStore> {
    let url = settings.saga_url().expose_secret();
    let connections = connections_beside(PARTS);
    patiently(
        "the database of the sagas",
        SagaStoreError::is_transient,
        async || PostgresSagaStore::connect(url, connections).await,
    )
    .await
    .with_context(|| {
        let key = match &settings.saga.url {
            Some(_) => "saga.url",
            None => "store.url",
        };
        format!("{key}: the database of the sagas cannot be used")
    })
}

/// When a task that failed is tried again.
fn retries(settings: &SagaSettings) -> Vec<Duration> {
    let waits = settings.retry_schedule_s.iter().copied();
    waits.map(Duration::from_secs).collect()
}

/// Starts all policies and the task runner as tasks of `lifecycle`. Each works while this process
/// leads it, and waits otherwise. The status says how they do; that is no matter of readiness, as the
/// process can take traffic all the same.
pub fn start(parts: &SagaParts, settings: &SagaSettings, lifecycle: &Lifecycle) -> Status {
    let worker = Worker {
        parts: parts.clone(),
        limits: limits(settings),
        policies: PolicyOptions {
            batch: settings.batch,
            patience: settings.poll(),
            ..PolicyOptions::default()
        },
        tasks: TaskOptions {
            payment_concurrency: settings.payment_concurrency,
            carrier_concurrency: settings.carrier_concurrency,
            poll: settings.poll(),
            retries: retries(settings),
            outage: settings.outage_ttl(),
        },
        hint: Arc::new(Notify::new()),
        lease: settings.lease(),
        status: Status::of(parts.participants.clone()),
    };
    telemetry::describe();
    for_each_policy(&mut Start {
        worker: &worker,
        lifecycle,
    });
    worker.start_tasks(lifecycle);
    lifecycle.spawn_critical(
        "saga metrics",
        report(
            parts.clone(),
            worker.status.clone(),
            lifecycle.soft().clone(),
        ),
    );
    worker.status
}

/// Starts each policy.
struct Start<'a> {
    worker: &'a Worker,
    lifecycle: &'a Lifecycle,
}

impl ForEachPolicy for Start<'_> {
    fn policy<P: Policy>(&mut self) {
        self.worker.start_policy::<P>(self.lifecycle);
    }
}

#[derive(Clone)]
struct Worker {
    parts: SagaParts,
    limits: Limits,
    policies: PolicyOptions,
    tasks: TaskOptions,
    hint: Arc<Notify>,
    lease: Duration,
    status: Status,
}

impl Worker {
    fn start_policy<P: Policy>(&self, lifecycle: &Lifecycle) {
        let runner = PolicyRunner::<P>::new(
            self.parts.feed.clone(),
            self.parts.lane.clone(),
            self.parts.storage.clone(),
            self.parts.clock.clone(),
            self.limits.clone(),
            self.policies.clone(),
            self.hint.clone(),
        );
        let runner = Arc::new(runner.with_progress(self.progress(P::NAME)));
        let worker = self.clone();
        let stop = lifecycle.soft().clone();
        lifecycle.spawn_critical(P::NAME, async move {
            worker
                .keep(P::NAME, stop, move |epoch, lost| {
                    let runner = runner.clone();
                    async move { runner.run(epoch, lost).await }
                })
                .await;
            Ok(())
        });
    }

    fn start_tasks(&self, lifecycle: &Lifecycle) {
        let runner = TaskRunner::new(
            self.parts.lane.clone(),
            self.parts.reader.clone(),
            self.parts.storage.clone(),
            self.parts.participants.clone(),
            self.parts.clock.clone(),
            self.tasks.clone(),
            self.hint.clone(),
        );
        let runner = Arc::new(runner.with_progress(self.progress(TASKS)));
        let worker = self.clone();
        let stop = lifecycle.soft().clone();
        lifecycle.spawn_critical("saga tasks", async move {
            worker
                .keep(TASKS, stop, move |_, lost| {
                    let runner = runner.clone();
                    async move { runner.run(lost).await }
                })
                .await;
            Ok(())
        });
    }

    /// What a part says when it gets on.
    fn progress(&self, part: &'static str) -> Progress {
        let status = self.status.clone();
        status.watch(part);
        Arc::new(move || status.works(part))
    }

    /// Leads `name` again and again until `stop`: after an error from the last checkpoint.
    async fn keep<W, F>(&self, name: &'static str, stop: CancellationToken, work: W)
    where
        W: Fn(i64, CancellationToken) -> F + Send + Sync,
        F: Future<Output = Result<(), RunError>> + Send,
    {
        let lease = format!("saga/{name}");
        let mut wait = FIRST_WAIT;
        while !stop.is_cancelled() {
            let began = Instant::now();
            let (leases, work, until) = (self.parts.leases.as_ref(), &work, &stop);
            let led = lead(
                leases,
                &lease,
                Uuid::now_v7(),
                self.lease,
                &stop,
                |lease, lost| async move {
                    tokio::select! {
                        biased;
                        worked = work(lease.epoch, lost) => worked,
                        // What is half done is repeated by the next leader.
                        () = until.cancelled() => Ok(()),
                    }
                },
            );
            match led.await {
                // Somebody else leads: nothing is wrong.
                Some(Err(error)) if error.is_fenced() => {
                    tracing::info!(part = name, "{error}");
                }
                Some(Err(error)) => {
                    let short = error.in_short();
                    let stream = error.stream().map(ToString::to_string);
                    let error = anyhow::Error::from(error);
                    if self
                        .status
                        .failed(name, short, error.root_cause().to_string())
                    {
                        tracing::error!(
                            part = name,
                            stream,
                            "the sagas' part {name} failed, and is tried again: {error:#}"
                        );
                    }
                }
                Some(Ok(())) => continue,
                None => return,
            }
            if began.elapsed() > LONGEST_WAIT {
                wait = FIRST_WAIT;
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = sleep(wait) => wait = LONGEST_WAIT.min(wait * 2),
            }
        }
    }
}

/// Tells the metrics how much is left undone, now and then.
async fn report(parts: SagaParts, status: Status, stop: CancellationToken) -> anyhow::Result<()> {
    let mut known = true;
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
            () = sleep(REPORT_EVERY) => {}
        }
        status.forget_old();
        let backlog = tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
            backlog = parts.storage.backlog(parts.clock.now()) => backlog,
        };
        match backlog {
            Ok(backlog) => {
                known = true;
                telemetry::backlog(&backlog);
            }
            Err(error) => {
                if std::mem::replace(&mut known, false) {
                    let error = anyhow::Error::from(error);
                    tracing::warn!("the sagas' backlog cannot be told: {error:#}");
                }
            }
        }
    }
}
