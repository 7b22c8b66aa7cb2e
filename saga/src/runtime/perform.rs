//! One task, from its time to its end.

use super::{
    actor,
    calls::{CallOutcome, call, moves_money},
    envelope,
};
use crate::{
    provider::PaymentProvider,
    storage::{SagaStore, SagaStoreError, StoredTask},
    telemetry,
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    CommandId,
    policy::{Task, TimerName},
};
use futures::FutureExt;
use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};
use store::{
    Clock,
    lane::{Lane, LaneError, Outcome},
};

/// The longest problem that is kept with a task, in characters.
const MAX_PROBLEM: usize = 500;

/// What becomes of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    /// What it led to is recorded.
    Forget,
    /// It was put off, or given up: the storage knows when it is due again.
    Again,
    /// This process can do no more about it.
    Left,
}

/// How a try ended.
enum Tried {
    Recorded,
    Problem(String),
    /// Trying again will not help.
    Hopeless(String),
    /// The lane has stopped.
    Stopped,
}

/// Does single tasks.
pub(super) struct Performer {
    pub lane: Lane,
    pub storage: Arc<dyn SagaStore>,
    pub provider: Arc<dyn PaymentProvider>,
    pub clock: Arc<dyn Clock>,
    /// When a task that failed is tried again; after the last it is parked.
    pub retries: Vec<Duration>,
}

impl Performer {
    /// Does a task. One that panics has failed as any other.
    pub(super) async fn perform(&self, task: &StoredTask) -> Done {
        let lateness = self.clock.now() - task.due_at;
        telemetry::begun(lateness.to_std().unwrap_or_default());
        let tried = AssertUnwindSafe(self.attempt(task)).catch_unwind().await;
        match tried {
            Ok(Tried::Recorded) => {
                telemetry::tried("done");
                Done::Forget
            }
            Ok(Tried::Problem(problem)) => self.put_off(task, &problem).await,
            Ok(Tried::Hopeless(problem)) => self.park(task, &problem).await,
            Ok(Tried::Stopped) => Done::Left,
            // The panic hook has logged what happened.
            Err(_) => self.put_off(task, "doing it panicked").await,
        }
    }

    async fn attempt(&self, task: &StoredTask) -> Tried {
        let (command, actor) = match &task.task {
            Task::Execute(command) => {
                let name = task.name.map_or("task", TimerName::as_str);
                (command.clone(), actor("timer", name))
            }
            Task::Call(what) => match call(self.provider.as_ref(), what, task.attempts).await {
                CallOutcome::Record(command) => (*command, actor("participant", "payment")),
                CallOutcome::Again(problem) => return Tried::Problem(problem),
                CallOutcome::GiveUp(problem) => return Tried::Hopeless(problem),
            },
        };
        let moves_money = moves_money(&command);
        let id = CommandId::new(task.id);
        let command = envelope(id, actor, &task.context, self.clock.now(), command);
        match self
            .lane
            .execute_in_turn(command)
            .await
            .map(|done| done.outcome)
        {
            Ok(Outcome::Refused(refusal)) if moves_money => {
                Tried::Hopeless(format!("the provider did what our books refuse: {refusal}"))
            }
            // A refusal is an answer: what the task wanted is not wanted any more.
            Ok(Outcome::Accepted | Outcome::Refused(_)) => Tried::Recorded,
            Err(LaneError::Stopped) => Tried::Stopped,
            Err(error) => Tried::Problem(error.to_string()),
        }
    }

    async fn put_off(&self, task: &StoredTask, problem: &str) -> Done {
        let Some(wait) = self.retries.get(task.attempts as usize) else {
            return self.park(task, problem).await;
        };
        telemetry::tried("put_off");
        let problem = cleaned(problem);
        tracing::warn!(order_id = %task.order_id, task = %task.id, attempts = task.attempts + 1, problem, "a task of order {} is tried again", task.order_id);
        let wait = TimeDelta::from_std(*wait).unwrap_or(TimeDelta::MAX);
        let due_at = self.clock.now().checked_add_signed(wait);
        let due_at = due_at.unwrap_or(DateTime::<Utc>::MAX_UTC);
        let result = self.storage.postpone(task.id, due_at, &problem).await;
        written(task, result)
    }

    async fn park(&self, task: &StoredTask, problem: &str) -> Done {
        telemetry::tried("parked");
        let problem = cleaned(problem);
        tracing::error!(order_id = %task.order_id, task = %task.id, problem, "a task of order {} was given up: an operator must look", task.order_id);
        let now = self.clock.now();
        let result = self.storage.park(task.id, now, &problem).await;
        written(task, result)
    }
}

fn written(task: &StoredTask, written: Result<(), SagaStoreError>) -> Done {
    if let Err(error) = written {
        // It stays due, and is tried again at the next look.
        tracing::warn!(%error, task = %task.id, "a task could not be put off");
    }
    Done::Again
}

/// The problem without what databases and terminals choke on, and not too long.
fn cleaned(problem: &str) -> String {
    problem
        .chars()
        .take(MAX_PROBLEM)
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect()
}
