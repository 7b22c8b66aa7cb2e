//! Runs one policy over all events, from its own durable checkpoint.
//!
//! A batch is: read, react in order, put the commands through the lane, write states, tasks and
//! checkpoint as a whole. A crash anywhere repeats the batch from the last checkpoint: the commands
//! have the same ids, so they have no second effect.

use super::{
    Progress, RunError, actor, parking,
    plan::{Plan, Planner},
    remembered::{Memory, Remembered},
    spans,
};
use crate::{
    storage::{Checkpoint, Commit, SagaStore, StoredTask},
    telemetry,
};
use bus::Feed;
use domain::{
    Actor, CommandEnvelope, Event, OrderId, Position, Recorded, RefusalKind,
    order::OrderEvent,
    policy::{Limits, Policy},
};
use futures::future::join_all;
use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    marker::PhantomData,
    sync::Arc,
    time::Duration,
};
use store::{
    Bookmark, Clock, Delivered, StoreError,
    lane::{Lane, Outcome},
};
use tokio::{
    sync::Notify,
    task::unconstrained,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;
use traces::Span;
use uuid::Uuid;

/// From the beginning of a batch to that of the next, unless there is much to do: batches of single
/// events would cost most of what there is under load.
const PACE: Duration = Duration::from_millis(25);

/// While so many callers wait for an answer of this process, a policy that has much to do rests as
/// long as it worked, up to a limit: an order that somebody waits to see accepted goes before what
/// follows from those that are, as far as half of the time goes.
const BUSY: usize = 64;
const LONGEST_REST: Duration = Duration::from_millis(200);

/// The bounds of a policy's runtime.
#[derive(Debug, Clone)]
pub struct PolicyOptions {
    /// The most events reacted to at once.
    pub batch: usize,
    /// How long to wait for events before looking again.
    pub patience: Duration,
    /// How often the checkpoint is written while no event concerns the policy.
    pub idle_checkpoint: Duration,
}

impl Default for PolicyOptions {
    fn default() -> Self {
        Self {
            batch: 256,
            patience: Duration::from_millis(250),
            idle_checkpoint: Duration::from_secs(1),
        }
    }
}

/// Runs one policy.
pub struct PolicyRunner<P> {
    feed: Arc<dyn Feed>,
    lane: Lane,
    storage: Arc<dyn SagaStore>,
    clock: Arc<dyn Clock>,
    limits: Limits,
    options: PolicyOptions,
    tasks: Arc<Notify>,
    progress: Progress,
    actor: Actor,
    policy: PhantomData<fn() -> P>,
}

/// One leader's time: what it holds on to between batches.
struct Term<P: Policy> {
    leader_epoch: i64,
    store_epoch: Uuid,
    /// Up to where everything is written.
    written: Position,
    written_at: Instant,
    memory: Memory<P::State>,
    /// What is remembered of an order that nothing happened to, as it would be stored.
    nothing: String,
}

impl<P: Policy> PolicyRunner<P> {
    /// A runner of `P`; it notifies `tasks` when it has scheduled something.
    pub fn new(
        feed: Arc<dyn Feed>,
        lane: Lane,
        storage: Arc<dyn SagaStore>,
        clock: Arc<dyn Clock>,
        limits: Limits,
        options: PolicyOptions,
        tasks: Arc<Notify>,
    ) -> Self {
        let actor = actor("policy", P::NAME);
        Self {
            feed,
            lane,
            storage,
            clock,
            limits,
            options,
            tasks,
            progress: Arc::new(|| {}),
            actor,
            policy: PhantomData,
        }
    }

    /// The same, and `progress` is told whenever it has got on.
    #[must_use]
    pub fn with_progress(mut self, progress: Progress) -> Self {
        self.progress = progress;
        self
    }

    /// Runs until `stop`, as the leader of `leader_epoch`. After an error it may be run again, under
    /// a new epoch: it goes on from the last checkpoint. What is half done when it stops is repeated by
    /// the next leader.
    pub async fn run(&self, leader_epoch: i64, stop: CancellationToken) -> Result<(), RunError> {
        tokio::select! {
            biased;
            () = stop.cancelled() => Ok(()),
            failed = self.lead(leader_epoch) => failed.map(|never| match never {}),
        }
    }

    async fn lead(&self, leader_epoch: i64) -> Result<Infallible, RunError> {
        let checkpoint = self.storage.take_over(P::NAME, leader_epoch).await?;
        let mut at = checkpoint.at;
        let mut term = Term {
            leader_epoch,
            store_epoch: self.check_epoch(checkpoint).await?,
            written: at.position,
            written_at: Instant::now(),
            memory: Memory::default(),
            nothing: String::new(),
        };
        term.nothing = serde_json::to_string(&P::State::default()).map_err(|source| {
            let order_id = OrderId::new(Uuid::nil());
            RunError::State { order_id, source }
        })?;
        loop {
            let began = Instant::now();
            let events = self
                .feed
                .next(at, self.options.batch, self.options.patience);
            let events = events.await.map_err(rewound::<P>)?;
            let came = Instant::now();
            let Some(last) = events.last() else {
                telemetry::idle(P::NAME);
                if term.written < at.position {
                    // What concerns nobody is read all the same: whoever looks must see that.
                    self.handle(&mut term, &[], at).await?;
                }
                (self.progress)();
                continue;
            };
            at = place(last);
            let reacted = self.handle(&mut term, &events, at).await?;
            self.tell(last);
            if reacted {
                let pause = match events.len() >= self.options.batch {
                    true => rest(came.elapsed(), self.lane.callers()),
                    // What comes until then is reacted to together.
                    false => PACE.saturating_sub(began.elapsed()),
                };
                if !pause.is_zero() {
                    sleep(pause).await;
                }
            }
        }
    }

    /// The store's epoch, if the checkpoint is of this store.
    async fn check_epoch(&self, checkpoint: Checkpoint) -> Result<Uuid, RunError> {
        let head = self.feed.head().await?;
        let other = checkpoint
            .store_epoch
            .is_some_and(|epoch| epoch != head.epoch);
        if other || head.position < checkpoint.at.position {
            return Err(RunError::Rewound {
                policy: P::NAME,
                position: checkpoint.at.position,
            });
        }
        Ok(head.epoch)
    }

    /// Reacts to a batch of events that ends at `to`; says whether there was anything to react to.
    async fn handle(
        &self,
        term: &mut Term<P>,
        events: &[Arc<Delivered>],
        to: Bookmark,
    ) -> Result<bool, RunError> {
        let concerned = concerned::<P>(term, events)?;
        if concerned.is_empty() && term.written_at.elapsed() < self.options.idle_checkpoint {
            return Ok(false);
        }
        let mut states = self.load(term, &concerned).await?;
        let mut plan = Plan::default();
        let planner = Planner {
            policy: P::NAME,
            actor: &self.actor,
            now: self.clock.now(),
        };
        let mut spans = vec![];
        for (order_id, event) in &concerned {
            let known = states.entry(*order_id).or_insert_with(|| term.nothing());
            let state = std::mem::take(&mut known.state);
            let (state, reactions) = P::react(&self.limits, state, event);
            known.state = state;
            let span = spans::reacting(P::NAME, event, &reactions);
            plan.add(&planner, *order_id, event, &span, reactions);
            spans.extend(Some(span).filter(Span::is_recorded));
        }
        let done = self.carry_out(term, plan, &mut states, to).await;
        spans::reacted(spans, &done);
        done?;
        telemetry::reacted(P::NAME, concerned.len());
        for (order_id, known) in states {
            term.memory.put(order_id, known);
        }
        Ok(!concerned.is_empty())
    }

    /// Puts what is planned, and writes down what is left to do, what is remembered, and how far that
    /// is.
    async fn carry_out(
        &self,
        term: &mut Term<P>,
        mut plan: Plan,
        states: &mut BTreeMap<OrderId, Remembered<P::State>>,
        to: Bookmark,
    ) -> Result<(), RunError> {
        for (order_id, command, problem) in self.put(std::mem::take(&mut plan.commands)).await? {
            plan.park(order_id, command, problem);
        }
        let (schedule, unschedule) = plan.into_tasks();
        let busy = !schedule.is_empty();
        let parked = parking::alarms(&schedule);
        self.tell_of(&schedule).await?;
        let commit = Commit {
            policy: P::NAME,
            leader_epoch: term.leader_epoch,
            from: term.written,
            to,
            store_epoch: term.store_epoch,
            states: changed::<P>(states, &term.nothing)?,
            schedule,
            unschedule,
        };
        self.storage.commit(commit).await?;
        for (order_id, problem) in parked {
            tracing::error!(policy = P::NAME, %order_id, problem, "what is to be done about order {order_id} is parked: an operator must look (`saga parked`)");
        }
        if busy {
            self.tasks.notify_one();
        }
        term.written = to.position;
        term.written_at = Instant::now();
        Ok(())
    }

    /// What the policy remembers of the orders of `events`, where it remembers anything.
    async fn load(
        &self,
        term: &mut Term<P>,
        events: &[(OrderId, &Recorded)],
    ) -> Result<BTreeMap<OrderId, Remembered<P::State>>, RunError> {
        let orders: BTreeSet<OrderId> = events.iter().map(|(order_id, _)| *order_id).collect();
        let mut states = BTreeMap::new();
        let mut missing = vec![];
        for order_id in orders {
            match term.memory.take(order_id) {
                Some(known) => {
                    states.insert(order_id, known);
                }
                None => missing.push(order_id),
            }
        }
        if !missing.is_empty() {
            // The database does not wait for the disk: a crash of it may have taken back what this
            // leader wrote, and then what there is to read is older than the events at hand. Commands
            // that follow from that must not be put: they would have the ids of the right ones.
            let (epoch, from) = (term.leader_epoch, term.written);
            let stored = self.storage.states(P::NAME, epoch, from, &missing).await?;
            for (order_id, stored) in stored {
                let state = serde_json::from_str(&stored)
                    .map_err(|source| RunError::State { order_id, source })?;
                states.insert(order_id, Remembered { state, stored });
            }
        }
        Ok(states)
    }

    /// Puts the commands in their order. A refusal because of a state is an answer: what the policy
    /// wanted is not wanted any more. One that no state would accept is none: those come back, with
    /// what is wrong with them.
    async fn put(
        &self,
        commands: Vec<(OrderId, CommandEnvelope)>,
    ) -> Result<Vec<(OrderId, CommandEnvelope, String)>, RunError> {
        let put = commands
            .iter()
            .map(|(_, command)| self.lane.execute_in_turn(command.clone()));
        // Unconstrained: where the runtime makes a task with many futures pause, it goes on with
        // them in another order. There are no more than the events of a batch lead to.
        let executed = unconstrained(join_all(put)).await;
        let (mut accepted, mut refused) = (0, 0);
        let mut senseless = vec![];
        for ((order_id, command), executed) in commands.into_iter().zip(executed) {
            let executed = executed?;
            let Outcome::Refused(refusal) = executed.outcome else {
                accepted += 1;
                continue;
            };
            refused += 1;
            let (stream, name) = (executed.stream, command.command.name());
            if refusal.kind == RefusalKind::Meaning {
                let problem = format!("{name} to {stream} makes no sense: {refusal}");
                senseless.push((order_id, command, problem));
            } else {
                tracing::debug!(policy = P::NAME, command = name, %stream, %refusal, "refused");
            }
        }
        telemetry::commanded(P::NAME, "accepted", accepted);
        telemetry::commanded(P::NAME, "refused", refused);
        Ok(senseless)
    }

    /// Has it stand with its order that something waits for an operator.
    async fn tell_of(&self, schedule: &[StoredTask]) -> Result<(), RunError> {
        for task in schedule {
            if let Some(problem) = task.parked.clone() {
                let now = self.clock.now();
                let command = parking::parked(task, false, problem, self.actor.clone(), now);
                self.lane.execute_in_turn(command).await?;
            }
        }
        Ok(())
    }

    fn tell(&self, last: &Delivered) {
        let envelope = match last {
            Ok(event) => &event.envelope,
            Err(error) => &error.envelope,
        };
        let lag = (self.clock.now() - envelope.recorded_at).to_std();
        telemetry::progress(P::NAME, envelope.position.get(), lag.unwrap_or_default());
        (self.progress)();
    }
}

impl<P: Policy> Term<P> {
    /// What is remembered of an order that nothing happened to.
    fn nothing(&self) -> Remembered<P::State> {
        Remembered {
            state: P::State::default(),
            stored: self.nothing.clone(),
        }
    }
}

/// How long to rest after so much work, with more of it to do, while so many callers wait.
fn rest(worked: Duration, callers: usize) -> Duration {
    match callers >= BUSY {
        true => worked.min(LONGEST_REST),
        false => Duration::ZERO,
    }
}

/// The events that concern the policy, with their orders. Of an order that begins among them,
/// nothing can be stored: it need not be looked for.
fn concerned<'a, P: Policy>(
    term: &mut Term<P>,
    events: &'a [Arc<Delivered>],
) -> Result<Vec<(OrderId, &'a Recorded)>, RunError> {
    let mut concerned = Vec::with_capacity(events.len());
    for event in events {
        let event = event.as_ref().as_ref().map_err(Clone::clone)?;
        if let Event::Order(OrderEvent::OrderPlaced(placed)) = &event.event {
            let nothing = term.nothing();
            term.memory.put(placed.order_id, nothing);
        }
        concerned.extend(P::key(event).map(|order_id| (order_id, event)));
    }
    Ok(concerned)
}

/// The states that are not what is stored, as they are to be stored: not at all where they are
/// `nothing` again.
fn changed<P: Policy>(
    states: &mut BTreeMap<OrderId, Remembered<P::State>>,
    nothing: &str,
) -> Result<Vec<(OrderId, Option<String>)>, RunError> {
    let mut changed = vec![];
    for (&order_id, known) in states {
        let json = serde_json::to_string(&known.state)
            .map_err(|source| RunError::State { order_id, source })?;
        if json != known.stored {
            known.stored.clone_from(&json);
            changed.push((order_id, Some(json).filter(|json| json != nothing)));
        }
    }
    Ok(changed)
}

fn place(event: &Delivered) -> Bookmark {
    Bookmark::at(match event {
        Ok(event) => &event.envelope,
        Err(error) => &error.envelope,
    })
}

/// Says which policy it was that had read what the store does not have any more.
fn rewound<P: Policy>(error: StoreError) -> RunError {
    match error {
        StoreError::Rewound { checkpoint, .. } => RunError::Rewound {
            policy: P::NAME,
            position: checkpoint,
        },
        error => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rest_is_as_long_as_the_work_while_many_wait() {
        let worked = Duration::from_millis(80);
        assert_eq!(rest(worked, 0), Duration::ZERO);
        assert_eq!(rest(worked, BUSY - 1), Duration::ZERO);
        assert_eq!(rest(worked, BUSY), worked);
        assert_eq!(rest(LONGEST_REST * 3, BUSY), LONGEST_REST);
    }
}
