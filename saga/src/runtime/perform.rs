//! One task, from its time to its end.

use super::{
    actor,
    calls::{CallOutcome, call, is_in_the_books, kind, moves_money},
    envelope,
    payments::{Known, payments},
    spans,
};
use crate::{
    provider::{PaymentProvider, called_by},
    storage::{SagaStore, SagaStoreError, StoredTask},
    telemetry,
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    Actor, Command, CommandId, EventId, RefusalKind, StreamId,
    payment::Payment,
    policy::{Call, Task, TimerName},
};
use futures::FutureExt;
use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};
use store::{
    Clock, EventReader,
    lane::{Executed, Lane, LaneError, Outcome},
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
    /// The payment does not wait for it any more.
    NotAwaited,
    Problem(String),
    /// Trying again will not help.
    Hopeless(String),
    /// The lane has stopped.
    Stopped,
}

/// Does single tasks.
pub(super) struct Performer {
    pub lane: Lane,
    pub reader: Arc<dyn EventReader>,
    pub storage: Arc<dyn SagaStore>,
    pub provider: Arc<dyn PaymentProvider>,
    pub clock: Arc<dyn Clock>,
    /// When a task that failed is tried again; after the last it is parked.
    pub retries: Vec<Duration>,
}

impl Performer {
    /// Does a task; one that calls the provider, about a payment that is as `payment` says. One that
    /// panics has failed as any other.
    pub(super) async fn perform(&self, task: &StoredTask, payment: Option<Known>) -> Done {
        let lateness = self.clock.now() - task.due_at;
        telemetry::begun(lateness.to_std().unwrap_or_default());
        let (mut span, traced) = spans::performing(task);
        let attempt = called_by(span.context(), self.attempt(&traced, payment));
        let tried = AssertUnwindSafe(attempt).catch_unwind().await;
        match &tried {
            Ok(Tried::Recorded) => span.set("orders.outcome", "done"),
            Ok(Tried::NotAwaited) => span.set("orders.outcome", "not_awaited"),
            Ok(Tried::Problem(problem) | Tried::Hopeless(problem)) => span.fail(cleaned(problem)),
            Ok(Tried::Stopped) => span.fail("the process stops"),
            Err(_) => span.fail("doing it panicked"),
        }
        drop(span);
        match tried {
            Ok(Tried::Recorded) => {
                telemetry::tried("done");
                Done::Forget
            }
            Ok(Tried::NotAwaited) => {
                telemetry::tried("not_awaited");
                Done::Forget
            }
            Ok(Tried::Problem(problem)) => self.put_off(task, &problem).await,
            Ok(Tried::Hopeless(problem)) => self.park(task, &problem).await,
            Ok(Tried::Stopped) => Done::Left,
            // The panic hook has logged what happened.
            Err(_) => self.put_off(task, "doing it panicked").await,
        }
    }

    async fn attempt(&self, task: &StoredTask, payment: Option<Known>) -> Tried {
        match (&task.task, payment) {
            (Task::Execute(command), _) => self.execute(task, command.clone()).await,
            (Task::Call(what), Some(Ok(payment))) => self.call(task, what, &payment).await,
            (Task::Call(_), Some(Err(error))) => {
                let reason = &error.source;
                Tried::Problem(format!("the payment is not known: {error}: {reason}"))
            }
            (Task::Call(_), None) => Tried::Problem("the payment is not known".into()),
        }
    }

    async fn execute(&self, task: &StoredTask, command: Command) -> Tried {
        let name = task.name.map_or("task", TimerName::as_str);
        let (id, actor) = (CommandId::new(task.id), actor("timer", name));
        match self.put(task, id, actor, command).await {
            Ok(executed) => answered(executed.outcome),
            Err(tried) => tried,
        }
    }

    /// Calls the provider, if the payment still waits for that: what was called before a crash, or
    /// before the sagas' tables lost their tail, is not called again once its outcome is recorded.
    async fn call(&self, task: &StoredTask, what: &Call, payment: &Payment) -> Tried {
        if !what.is_awaited_by(payment) {
            return Tried::NotAwaited;
        }
        let provider = self.provider.as_ref();
        let command = match call(provider, what, task.attempts, payment.parked).await {
            CallOutcome::Record(command) => *command,
            CallOutcome::Again(problem) => return Tried::Problem(problem),
            CallOutcome::GiveUp(problem) => return Tried::Hopeless(problem),
        };
        let id = CommandId::of(EventId::new(task.id), kind(&command), 0);
        let actor = actor("participant", "payment");
        let executed = match self.put(task, id, actor, command.clone()).await {
            Ok(executed) => executed,
            Err(tried) => return tried,
        };
        match executed.outcome {
            Outcome::Refused(refusal) if moves_money(&command) => {
                Tried::Hopeless(format!("the provider did what our books refuse: {refusal}"))
            }
            // What was accepted before, or changed nothing, may have been something else.
            Outcome::Accepted if moves_money(&command) && (executed.replayed || payment.parked) => {
                self.check_the_books(&executed.stream, &command).await
            }
            outcome => answered(outcome),
        }
    }

    async fn check_the_books(&self, stream: &StreamId, command: &Command) -> Tried {
        let known = payments(self.reader.as_ref(), [stream.clone()]).await;
        match known.map(|mut known| known.remove(stream)) {
            Ok(Some(Ok(payment))) if is_in_the_books(&payment, command) => Tried::Recorded,
            Ok(Some(Ok(_))) => {
                Tried::Hopeless("the provider did what our books do not have".into())
            }
            Ok(Some(Err(error))) => Tried::Problem(error.to_string()),
            Ok(None) => Tried::Problem("the payment is not known".into()),
            Err(error) => Tried::Problem(error.to_string()),
        }
    }

    async fn put(
        &self,
        task: &StoredTask,
        id: CommandId,
        actor: Actor,
        command: Command,
    ) -> Result<Executed, Tried> {
        let command = envelope(id, actor, &task.context, self.clock.now(), command);
        let executed = self.lane.execute_in_turn(command).await;
        executed.map_err(|error| match error {
            LaneError::Stopped => Tried::Stopped,
            error => Tried::Problem(error.to_string()),
        })
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

/// A refusal because of a state is an answer: what the task wanted is not wanted any more.
fn answered(outcome: Outcome) -> Tried {
    match outcome {
        Outcome::Refused(refusal) if refusal.kind == RefusalKind::Meaning => {
            Tried::Hopeless(format!("its command makes no sense: {refusal}"))
        }
        Outcome::Accepted | Outcome::Refused(_) => Tried::Recorded,
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
