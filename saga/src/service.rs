//! The sagas as part of a process: what runs, under which lease, and what is said of it.

use crate::{
    provider::{HttpPaymentProvider, PaymentProvider},
    runtime::{PolicyOptions, PolicyRunner, TaskOptions, TaskRunner},
    storage::SagaStore,
};
use anyhow::Context;
use bus::Feed;
use chassis::{Lifecycle, config::SagaSettings, health::Health};
use chrono::TimeDelta;
use domain::policy::{Inventory, Limits, OrderPolicy, PaymentPolicy, Policy};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use store::{
    Clock,
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

/// What the sagas work with.
#[derive(Clone)]
pub struct SagaParts {
    /// All events in order.
    pub feed: Arc<dyn Feed>,
    /// The way of commands.
    pub lane: Lane,
    /// Who leads.
    pub leases: Arc<dyn Leases>,
    /// What they remember.
    pub storage: Arc<dyn SagaStore>,
    /// Who is asked for payments.
    pub provider: Arc<dyn PaymentProvider>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The payment provider that the settings name.
pub fn provider(settings: &SagaSettings) -> anyhow::Result<Arc<dyn PaymentProvider>> {
    let provider = HttpPaymentProvider::new(&settings.payment_url, settings.payment_timeout())
        .context("saga.payment_url: no client for the payment provider can be made")?;
    Ok(Arc::new(provider))
}

/// What the policies are told by the settings.
pub fn limits(settings: &SagaSettings) -> Limits {
    let seconds =
        |seconds: &u64| TimeDelta::seconds(i64::try_from(*seconds).unwrap_or(i64::MAX / 1_000));
    Limits {
        reservation: seconds(&settings.reservation_ttl_s),
        payment_attempts: settings.max_payment_attempts,
        inquiries: settings.inquiry_schedule_s.iter().map(seconds).collect(),
    }
}

/// Starts all policies and the task runner as tasks of `lifecycle`. Each works while this process
/// leads it, and waits otherwise.
pub fn start(parts: &SagaParts, settings: &SagaSettings, lifecycle: &Lifecycle, health: &Health) {
    let worker = Worker {
        parts: parts.clone(),
        limits: limits(settings),
        policies: PolicyOptions {
            batch: settings.batch,
            patience: settings.poll(),
            ..PolicyOptions::default()
        },
        tasks: TaskOptions {
            concurrency: settings.payment_concurrency,
            poll: settings.poll(),
            ..TaskOptions::default()
        },
        hint: Arc::new(Notify::new()),
        lease: settings.lease(),
        failing: Failing::default(),
    };
    worker.start_policy::<Inventory>(lifecycle);
    worker.start_policy::<PaymentPolicy>(lifecycle);
    worker.start_policy::<OrderPolicy>(lifecycle);
    worker.start_tasks(lifecycle);
    let failing = worker.failing.clone();
    health.register("sagas", move || {
        let verdict = failing.verdict();
        async move { verdict }
    });
    lifecycle.spawn_critical(
        "saga metrics",
        report(parts.clone(), lifecycle.soft().clone()),
    );
}

/// Which parts of the sagas fail, and why.
#[derive(Clone, Default)]
struct Failing(Arc<Mutex<BTreeMap<&'static str, String>>>);

impl Failing {
    fn set(&self, name: &'static str, reason: Option<String>) {
        let mut failing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        metrics::gauge!("saga_failing", "part" => name).set(f64::from(u8::from(reason.is_some())));
        match reason {
            Some(reason) => failing.insert(name, reason),
            None => failing.remove(name),
        };
    }

    fn verdict(&self) -> Result<(), String> {
        let failing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match failing.iter().next() {
            None => Ok(()),
            Some((name, reason)) => Err(format!("{name}: {reason}")),
        }
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
    failing: Failing,
}

impl Worker {
    fn start_policy<P: Policy>(&self, lifecycle: &Lifecycle) {
        let runner = Arc::new(PolicyRunner::<P>::new(
            self.parts.feed.clone(),
            self.parts.lane.clone(),
            self.parts.storage.clone(),
            self.parts.clock.clone(),
            self.limits.clone(),
            self.policies.clone(),
            self.hint.clone(),
        ));
        let worker = self.clone();
        let stop = lifecycle.soft().clone();
        lifecycle.spawn_critical(P::NAME, async move {
            worker
                .keep(P::NAME, stop, move |epoch, lost| {
                    let runner = runner.clone();
                    async move { runner.run(epoch, lost).await.map_err(anyhow::Error::from) }
                })
                .await;
            Ok(())
        });
    }

    fn start_tasks(&self, lifecycle: &Lifecycle) {
        let runner = Arc::new(TaskRunner::new(
            self.parts.lane.clone(),
            self.parts.storage.clone(),
            self.parts.provider.clone(),
            self.parts.clock.clone(),
            self.tasks.clone(),
            self.hint.clone(),
        ));
        let worker = self.clone();
        let stop = lifecycle.soft().clone();
        lifecycle.spawn_critical("saga tasks", async move {
            worker
                .keep("tasks", stop, move |_, lost| {
                    let runner = runner.clone();
                    async move { runner.run(lost).await.map_err(anyhow::Error::from) }
                })
                .await;
            Ok(())
        });
    }

    /// Leads `name` again and again until `stop`: after an error from the last checkpoint.
    async fn keep<W, F>(&self, name: &'static str, stop: CancellationToken, work: W)
    where
        W: Fn(i64, CancellationToken) -> F + Send + Sync,
        F: Future<Output = anyhow::Result<()>> + Send,
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
                Some(Err(error)) => {
                    tracing::error!(part = name, "the sagas' part {name} failed: {error:#}");
                    self.failing.set(name, Some(error.root_cause().to_string()));
                }
                Some(Ok(())) => {
                    self.failing.set(name, None);
                    continue;
                }
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
async fn report(parts: SagaParts, stop: CancellationToken) -> anyhow::Result<()> {
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
            () = sleep(Duration::from_secs(5)) => {}
        }
        match parts.storage.backlog(parts.clock.now()).await {
            Ok(backlog) => {
                metrics::gauge!("saga_tasks_due").set(backlog.due as f64);
                metrics::gauge!("saga_tasks_scheduled").set(backlog.scheduled as f64);
                metrics::gauge!("saga_tasks_parked").set(backlog.parked as f64);
            }
            Err(error) => tracing::warn!(%error, "the sagas' backlog cannot be told"),
        }
    }
}
