//! One task, from its time to its end.

use super::{
    actor,
    books::{Books, Subject},
    calls::{CallOutcome, Participants, call, is_parked},
    envelope,
    outcome::{is_done_outside, is_in_the_books, kind},
    parking, spans, spread,
};
use crate::{
    participant::called_by,
    storage::{SagaStore, SagaStoreError, StoredTask, Work},
    telemetry,
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    Actor, Command, CommandEnvelope, CommandId, EventId, RefusalKind, StreamId,
    policy::{Call, Task, TimerName},
};
use futures::FutureExt;
use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};
use store::{
    Clock, EventReader, Undecodable,
    lane::{Executed, Lane, LaneError, Outcome},
};

/// The longest problem that is kept with a task, in characters.
const MAX_PROBLEM: usize = 500;

/// For how long a task is put off that is of no use yet: never so briefly that it is looked at all
/// the time, nor so long that nobody would notice that it is of use again.
const SHORTEST_DEFERRAL: Duration = Duration::from_millis(50);
const LONGEST_DEFERRAL: Duration = Duration::from_secs(600);

/// For how long a task is put off that is to be given up, while that cannot be recorded.
const UNTIL_IT_IS_SAID: Duration = Duration::from_secs(10);

/// For how long an order is not looked at whose time is up while the provider is away: longer than the
/// circuit rests, so that it is paid first once the provider is back.
const UNTIL_IT_IS_BACK: Duration = Duration::from_secs(30);

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
    /// Nobody waits for it any more.
    NotAwaited,
    Problem(String),
    /// It was not tried: it is of no use before so long.
    Deferred(String, Duration),
    /// Trying again will not help.
    Hopeless(String),
    /// Nor here: it was done out there, and our books refuse that.
    Unbooked(String),
    /// The lane has stopped.
    Stopped,
}

/// Does single tasks.
pub(super) struct Performer {
    pub lane: Lane,
    pub reader: Arc<dyn EventReader>,
    pub storage: Arc<dyn SagaStore>,
    pub participants: Participants,
    pub clock: Arc<dyn Clock>,
    /// When a task that failed is tried again; after the last it is parked.
    pub retries: Vec<Duration>,
    /// For how long orders wait for a payment provider that is away, before they expire.
    pub outage: Duration,
}

impl Performer {
    /// Does a task; one that calls a participant, about `subject`. One that panics has failed as any
    /// other.
    pub(super) async fn perform(
        &self,
        task: &StoredTask,
        subject: Option<Result<Subject, Undecodable>>,
    ) -> Done {
        let lateness = self.clock.now() - task.due_at;
        telemetry::begun(lateness.to_std().unwrap_or_default());
        let (mut span, traced) = spans::performing(task);
        let attempt = called_by(span.context(), self.attempt(&traced, subject));
        let tried = AssertUnwindSafe(attempt).catch_unwind().await;
        match &tried {
            Ok(Tried::Recorded) => span.set("orders.outcome", "done"),
            Ok(Tried::NotAwaited) => span.set("orders.outcome", "not_awaited"),
            Ok(Tried::Deferred(..)) => span.set("orders.outcome", "deferred"),
            Ok(Tried::Problem(problem) | Tried::Hopeless(problem) | Tried::Unbooked(problem)) => {
                span.fail(cleaned(problem))
            }
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
            Ok(Tried::Deferred(problem, wait)) => self.defer(task, &problem, wait).await,
            Ok(Tried::Hopeless(problem)) => self.park(task, false, &problem).await,
            Ok(Tried::Unbooked(problem)) => self.park(task, true, &problem).await,
            Ok(Tried::Stopped) => Done::Left,
            // The panic hook has logged what happened.
            Err(_) => self.put_off(task, "doing it panicked").await,
        }
    }

    async fn attempt(
        &self,
        task: &StoredTask,
        subject: Option<Result<Subject, Undecodable>>,
    ) -> Tried {
        if let Some(parked) = task.resumes {
            let actor = actor("operator", "saga");
            let command = parking::resumed(task, parked, actor, self.clock.now());
            if let Err(tried) = self.execute_in_turn(command).await {
                return tried;
            }
        }
        match (&task.task, subject) {
            (Task::Execute(command), _) => self.execute(task, command.clone()).await,
            (Task::Call(what), Some(Ok(subject))) => self.call(task, what, &subject).await,
            (Task::Call(_), Some(Err(error))) => {
                let reason = &error.source;
                Tried::Problem(format!("what it is about is not known: {error}: {reason}"))
            }
            (Task::Call(_), None) => Tried::Problem("what it is about is not known".into()),
        }
    }

    async fn execute(&self, task: &StoredTask, command: Command) -> Tried {
        if task.name == Some(TimerName::Reservation) && self.is_provider_away() {
            let problem = "the payment provider is away: the order is given its time";
            return Tried::Deferred(problem.into(), UNTIL_IT_IS_BACK);
        }
        match self.put(task, CommandId::new(task.id), command).await {
            Ok(executed) => answered(executed.outcome),
            Err(tried) => tried,
        }
    }

    /// Whether the provider is away, and orders still wait for it: nobody can pay, and to have them expire
    /// would take their stock away for what is no fault of theirs.
    fn is_provider_away(&self) -> bool {
        let away = self.participants.provider.away();
        away.is_some_and(|away| away < self.outage)
    }

    /// Calls a participant, if the payment or the shipment still waits for that: what was called
    /// before a crash, or before the sagas' tables lost their tail, is not called again once its
    /// outcome is recorded.
    async fn call(&self, task: &StoredTask, what: &Call, subject: &Subject) -> Tried {
        if !what.is_awaited_by(&subject.state) {
            return Tried::NotAwaited;
        }
        let command = match call(&self.participants, what, task.attempts, subject).await {
            CallOutcome::Record(command) => *command,
            CallOutcome::Again(problem) => return Tried::Problem(problem),
            CallOutcome::Defer(problem, wait) => return Tried::Deferred(problem, wait),
            CallOutcome::GiveUp(problem) => return Tried::Hopeless(problem),
        };
        let who = match Work::of(&task.task) {
            Work::Carrier => "the carrier",
            Work::Provider | Work::Inside => "the provider",
        };
        let id = CommandId::of(EventId::new(task.id), kind(&command), 0);
        let executed = match self.put(task, id, command.clone()).await {
            Ok(executed) => executed,
            Err(tried) => return tried,
        };
        match executed.outcome {
            Outcome::Refused(refusal) if is_done_outside(&command) => {
                Tried::Unbooked(format!("{who} did what our books refuse: {refusal}"))
            }
            // What was accepted before, or changed nothing, may have been something else.
            Outcome::Accepted
                if is_done_outside(&command)
                    && (executed.replayed || is_parked(&subject.state)) =>
            {
                self.check_the_books(&executed.stream, &command, who).await
            }
            outcome => answered(outcome),
        }
    }

    async fn check_the_books(&self, stream: &StreamId, command: &Command, who: &str) -> Tried {
        let books = Books::read(self.reader.as_ref(), [stream.clone()]).await;
        match books.map(|books| books.state(stream)) {
            Ok(Some(Ok(state))) if is_in_the_books(&state, command) => Tried::Recorded,
            Ok(Some(Ok(_))) => Tried::Unbooked(format!("{who} did what our books do not have")),
            Ok(Some(Err(error))) => Tried::Problem(error.to_string()),
            Ok(None) => Tried::Problem("what it is about is not known".into()),
            Err(error) => Tried::Problem(error.to_string()),
        }
    }

    async fn put(
        &self,
        task: &StoredTask,
        id: CommandId,
        command: Command,
    ) -> Result<Executed, Tried> {
        let (actor, now) = (doer(task), self.clock.now());
        let command = envelope(id, actor, &task.context, now, command);
        self.execute_in_turn(command).await
    }

    async fn execute_in_turn(&self, command: CommandEnvelope) -> Result<Executed, Tried> {
        let executed = self.lane.execute_in_turn(command).await;
        executed.map_err(|error| match error {
            LaneError::Stopped => Tried::Stopped,
            error => Tried::Problem(error.to_string()),
        })
    }

    async fn put_off(&self, task: &StoredTask, problem: &str) -> Done {
        let Some(wait) = self.retries.get(task.attempts as usize) else {
            return self.park(task, false, problem).await;
        };
        telemetry::tried("put_off");
        let problem = cleaned(problem);
        tracing::warn!(order_id = %task.order_id, task = %task.id, attempts = task.attempts + 1, problem, "a task of order {} is tried again", task.order_id);
        let wait = *wait + spread::failed(task.id, task.attempts, *wait);
        let result = self
            .storage
            .postpone(task.id, self.after(wait), &problem)
            .await;
        written(task, result)
    }

    /// Puts off what was not tried. Whoever did not call says so to operators, once for all tasks.
    async fn defer(&self, task: &StoredTask, problem: &str, wait: Duration) -> Done {
        telemetry::tried("deferred");
        let problem = cleaned(problem);
        tracing::debug!(order_id = %task.order_id, task = %task.id, problem, "a task of order {} waits", task.order_id);
        let wait = wait.clamp(SHORTEST_DEFERRAL, LONGEST_DEFERRAL);
        let wait = wait + spread::deferred(task.id, wait);
        let result = self
            .storage
            .defer(task.id, self.after(wait), &problem)
            .await;
        written(task, result)
    }

    /// The time `wait` from now.
    fn after(&self, wait: Duration) -> DateTime<Utc> {
        let wait = TimeDelta::from_std(wait).unwrap_or(TimeDelta::MAX);
        let due_at = self.clock.now().checked_add_signed(wait);
        due_at.unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// Gives a task up, for an operator to look at; and has that stand with its order first, so that it
    /// does where this is not done.
    async fn park(&self, task: &StoredTask, done: bool, problem: &str) -> Done {
        let problem = cleaned(problem);
        let now = self.clock.now();
        let command = parking::parked(task, done, problem.clone(), doer(task), now);
        match self.lane.execute_in_turn(command).await {
            Ok(executed) => {
                if let Outcome::Refused(refusal) = executed.outcome {
                    tracing::warn!(%refusal, order_id = %task.order_id, "it does not stand with order {} that a task of it is given up", task.order_id);
                }
            }
            Err(LaneError::Stopped) => return Done::Left,
            Err(
                error @ (LaneError::Overloaded | LaneError::Unavailable(_) | LaneError::Contended),
            ) => {
                let problem = format!("{problem} (and that cannot be said: {error})");
                return self.defer(task, &problem, UNTIL_IT_IS_SAID).await;
            }
            // An order that cannot be read keeps nobody from looking.
            Err(error) => {
                tracing::warn!(%error, order_id = %task.order_id, "it does not stand with order {} that a task of it is given up", task.order_id);
            }
        }
        telemetry::tried("parked");
        tracing::error!(order_id = %task.order_id, task = %task.id, problem, "a task of order {} was given up: an operator must look", task.order_id);
        let result = self.storage.park(task.id, now, &problem).await;
        written(task, result)
    }
}

/// Who acts where a task is done.
fn doer(task: &StoredTask) -> Actor {
    match Work::of(&task.task) {
        Work::Inside => actor("timer", task.name.map_or("task", TimerName::kind)),
        Work::Provider => actor("participant", "payment"),
        Work::Carrier => actor("participant", "carrier"),
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
