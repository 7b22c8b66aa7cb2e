//! Does what is due: calls to participants, and timers.
//!
//! A task is forgotten only after what it led to is recorded, so a crash repeats it: the provider
//! sees the same key, the lane the same command id.

use super::{
    actor,
    calls::{CallOutcome, call},
    envelope,
};
use crate::{
    provider::PaymentProvider,
    storage::{SagaStore, SagaStoreError, StoredTask},
};
use chrono::TimeDelta;
use domain::{CommandId, policy::Task};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use store::{
    Clock,
    lane::{Lane, LaneError},
};
use tokio::{sync::Notify, task::JoinSet, time::sleep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The bounds of the task runner.
#[derive(Debug, Clone)]
pub struct TaskOptions {
    /// The most tasks under way at once.
    pub concurrency: usize,
    /// How long to wait for a hint before looking again.
    pub poll: Duration,
    /// When a task that failed is tried again; after the last it is parked.
    pub retries: Vec<Duration>,
}

impl Default for TaskOptions {
    fn default() -> Self {
        Self {
            concurrency: 64,
            poll: Duration::from_millis(250),
            retries: [1, 5, 30, 120, 600, 3_600, 21_600, 57_600]
                .map(Duration::from_secs)
                .to_vec(),
        }
    }
}

/// Does what is due.
pub struct TaskRunner {
    inner: Arc<Inner>,
    hint: Arc<Notify>,
}

struct Inner {
    lane: Lane,
    storage: Arc<dyn SagaStore>,
    provider: Arc<dyn PaymentProvider>,
    clock: Arc<dyn Clock>,
    options: TaskOptions,
}

impl TaskRunner {
    /// A runner; `hint` tells it that there is something to do.
    pub fn new(
        lane: Lane,
        storage: Arc<dyn SagaStore>,
        provider: Arc<dyn PaymentProvider>,
        clock: Arc<dyn Clock>,
        options: TaskOptions,
        hint: Arc<Notify>,
    ) -> Self {
        let inner = Arc::new(Inner {
            lane,
            storage,
            provider,
            clock,
            options,
        });
        Self { inner, hint }
    }

    /// Runs until `stop`. What is under way then is dropped, and done again by the next leader.
    pub async fn run(&self, stop: CancellationToken) -> Result<(), SagaStoreError> {
        let mut running: JoinSet<(Uuid, bool)> = JoinSet::new();
        let mut under_way: BTreeSet<Uuid> = BTreeSet::new();
        let mut done: Vec<Uuid> = vec![];
        loop {
            while let Some(joined) = running.try_join_next() {
                note(joined, &mut under_way, &mut done);
            }
            // Forgotten before looking again, or it would be found as due once more.
            if !done.is_empty() {
                self.inner.storage.finish(&done).await?;
                for id in done.drain(..) {
                    under_way.remove(&id);
                }
            }
            let free = self
                .inner
                .options
                .concurrency
                .saturating_sub(under_way.len());
            let mut found = 0;
            if free > 0 {
                let except: Vec<Uuid> = under_way.iter().copied().collect();
                let now = self.inner.clock.now();
                let due = self.inner.storage.due(now, &except, free).await?;
                found = due.len();
                for task in due {
                    under_way.insert(task.id);
                    let inner = self.inner.clone();
                    running.spawn(async move { (task.id, inner.perform(&task).await) });
                }
            }
            if found > 0 && found == free && running.len() < self.inner.options.concurrency {
                continue;
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                Some(joined) = running.join_next() => note(joined, &mut under_way, &mut done),
                () = self.hint.notified() => {}
                () = sleep(self.inner.options.poll) => {}
            }
        }
    }
}

fn note(
    joined: Result<(Uuid, bool), tokio::task::JoinError>,
    under_way: &mut BTreeSet<Uuid>,
    done: &mut Vec<Uuid>,
) {
    match joined {
        Ok((id, true)) => done.push(id),
        Ok((id, false)) => {
            under_way.remove(&id);
        }
        // Its id is unknown; it stays under way until the next leader, which does it again.
        Err(error) => tracing::error!(%error, "a task of the sagas crashed"),
    }
}

impl Inner {
    /// Does a task; says whether it is done with.
    async fn perform(&self, task: &StoredTask) -> bool {
        let (command, actor) = match &task.task {
            Task::Execute(command) => {
                let name = task.name.map_or("task", domain::policy::TimerName::as_str);
                (command.clone(), actor("timer", name))
            }
            Task::Call(what) => match call(self.provider.as_ref(), what).await {
                CallOutcome::Record(command) => (command, actor("participant", "payment")),
                CallOutcome::Again(problem) => return self.put_off(task, &problem).await,
            },
        };
        let id = CommandId::new(task.id);
        let command = envelope(id, actor, &task.context, self.clock.now(), command);
        match self.lane.execute_in_turn(command).await {
            Ok(_) => true,
            Err(LaneError::Stopped) => false,
            Err(error) => self.put_off(task, &error.to_string()).await,
        }
    }

    async fn put_off(&self, task: &StoredTask, problem: &str) -> bool {
        let now = self.clock.now();
        let written = match self.options.retries.get(task.attempts as usize) {
            Some(wait) => {
                let wait = TimeDelta::from_std(*wait).unwrap_or(TimeDelta::MAX);
                tracing::warn!(order_id = %task.order_id, task = %task.id, problem, "a task of order {} is tried again", task.order_id);
                self.storage.postpone(task.id, now + wait, problem).await
            }
            None => {
                metrics::counter!("saga_tasks_parked_total").increment(1);
                tracing::error!(order_id = %task.order_id, task = %task.id, problem, "a task of order {} was given up: an operator must look", task.order_id);
                self.storage.park(task.id, now, problem).await
            }
        };
        if let Err(error) = written {
            // It stays due, and is tried again soon.
            tracing::warn!(%error, task = %task.id, "a task could not be put off");
        }
        false
    }
}
