//! Runs one policy over all events, from its own durable checkpoint.
//!
//! A batch is: read, react in order, put the commands through the lane, write states, tasks and
//! checkpoint as a whole. A crash anywhere repeats the batch from the last checkpoint: the commands
//! have the same ids, so they have no second effect.

use super::{actor, envelope};
use crate::storage::{Checkpoint, Commit, Context, SagaStore, SagaStoreError, StoredTask};
use bus::Feed;
use domain::{
    Actor, CommandEnvelope, CommandId, OrderId, Position, Recorded,
    policy::{Limits, Policy, Reaction, Task, TimerName},
};
use futures::future::join_all;
use std::{
    collections::{BTreeMap, BTreeSet},
    marker::PhantomData,
    sync::Arc,
    time::Duration,
};
use store::{
    Clock, Delivered, StoreError, Undecodable,
    lane::{Lane, LaneError},
};
use tokio::{sync::Notify, time::Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

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

/// Why a policy stopped.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The sagas' storage failed, or another leader took over.
    #[error(transparent)]
    Storage(#[from] SagaStoreError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An event cannot be read: nothing after it can be decided.
    #[error(transparent)]
    Undecodable(#[from] Undecodable),
    /// A command could not be put.
    #[error("a command of the policy could not be put")]
    Lane(#[from] LaneError),
    /// What the policy remembers cannot be read.
    #[error("the state of order {order_id} cannot be read")]
    State {
        /// Which order.
        order_id: OrderId,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// The store is not the one that the checkpoint is of, or lost its tail.
    #[error("the event store is another one, or lost its tail: {policy} has read up to {position}")]
    Rewound {
        /// The policy.
        policy: &'static str,
        /// Its checkpoint.
        position: Position,
    },
}

/// Runs one policy.
pub struct PolicyRunner<P> {
    feed: Arc<dyn Feed>,
    lane: Lane,
    storage: Arc<dyn SagaStore>,
    clock: Arc<dyn Clock>,
    limits: Limits,
    options: PolicyOptions,
    /// Tells the task runner that there is something to do.
    tasks: Arc<Notify>,
    actor: Actor,
    policy: PhantomData<fn() -> P>,
}

/// What a batch of events leads to.
#[derive(Default)]
struct Plan {
    commands: Vec<CommandEnvelope>,
    schedule: Vec<StoredTask>,
    /// What became of each timer in the batch: set anew, or called off.
    timers: BTreeMap<(OrderId, TimerName), Option<StoredTask>>,
}

impl<P: Policy> PolicyRunner<P> {
    /// A runner of `P`.
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
            actor,
            policy: PhantomData,
        }
    }

    /// Runs until `stop`, as the leader of `leader_epoch`.
    pub async fn run(&self, leader_epoch: i64, stop: CancellationToken) -> Result<(), RunError> {
        let mut checkpoint = self.storage.take_over(P::NAME, leader_epoch).await?;
        let store_epoch = self.check_epoch(checkpoint).await?;
        let mut position = checkpoint.position;
        let mut written = Instant::now();
        loop {
            let events = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                events = self.feed.next(position, self.options.batch, self.options.patience) => events?,
            };
            metrics::gauge!("saga_position", "policy" => P::NAME).set(position.get() as f64);
            let Some(last) = events.last() else {
                continue;
            };
            position = place(last);
            let concerned = concerned::<P>(&events)?;
            if concerned.is_empty() && written.elapsed() < self.options.idle_checkpoint {
                continue;
            }
            let from = checkpoint.position;
            let done = self.handle(&concerned, from, position, store_epoch, leader_epoch);
            tokio::select! {
                biased;
                done = done => done?,
                // What is half done is repeated by the next leader.
                () = stop.cancelled() => return Ok(()),
            }
            checkpoint.position = position;
            written = Instant::now();
        }
    }

    /// The store's epoch, if the checkpoint is of this store.
    async fn check_epoch(&self, checkpoint: Checkpoint) -> Result<Uuid, RunError> {
        let head = self.feed.head().await?;
        let other = checkpoint
            .store_epoch
            .is_some_and(|epoch| epoch != head.epoch);
        if other || head.position < checkpoint.position {
            return Err(RunError::Rewound {
                policy: P::NAME,
                position: checkpoint.position,
            });
        }
        Ok(head.epoch)
    }

    async fn handle(
        &self,
        events: &[(OrderId, &Recorded)],
        from: Position,
        to: Position,
        store_epoch: Uuid,
        leader_epoch: i64,
    ) -> Result<(), RunError> {
        let mut states = self.load(events).await?;
        let mut plan = Plan::default();
        for (order_id, event) in events {
            let state = states.remove(order_id).unwrap_or_default();
            let (state, reactions) = P::react(&self.limits, state, event);
            states.insert(*order_id, state);
            self.plan(&mut plan, *order_id, event, reactions);
        }
        self.put(plan.commands).await?;
        let mut schedule = plan.schedule;
        let mut unschedule = vec![];
        for (timer, task) in plan.timers {
            match task {
                Some(task) => schedule.push(task),
                None => unschedule.push(timer),
            }
        }
        let states = states.iter().map(|(order_id, state)| {
            let json = serde_json::to_string(state);
            json.map(|json| (*order_id, json))
                .map_err(|source| RunError::State {
                    order_id: *order_id,
                    source,
                })
        });
        let states = states.collect::<Result<_, _>>()?;
        let busy = !schedule.is_empty();
        let policy = P::NAME;
        let commit = Commit {
            policy,
            leader_epoch,
            from,
            to,
            store_epoch,
            states,
            schedule,
            unschedule,
        };
        self.storage.commit(commit).await?;
        if busy {
            self.tasks.notify_one();
        }
        Ok(())
    }

    /// What the policy remembers of the orders of `events`.
    async fn load(
        &self,
        events: &[(OrderId, &Recorded)],
    ) -> Result<BTreeMap<OrderId, P::State>, RunError> {
        let orders: BTreeSet<OrderId> = events.iter().map(|(order_id, _)| *order_id).collect();
        if orders.is_empty() {
            return Ok(BTreeMap::new());
        }
        let orders: Vec<_> = orders.into_iter().collect();
        let states = self.storage.states(P::NAME, &orders).await?;
        let parse = |(order_id, json): (OrderId, String)| {
            let state = serde_json::from_str(&json);
            state
                .map(|state| (order_id, state))
                .map_err(|source| RunError::State { order_id, source })
        };
        states.into_iter().map(parse).collect()
    }

    fn plan(&self, plan: &mut Plan, order_id: OrderId, event: &Recorded, reactions: Vec<Reaction>) {
        let context = Context {
            tenant: event.envelope.tenant.clone(),
            correlation_id: event.envelope.correlation_id,
            causation_id: event.envelope.event_id,
            traceparent: event.envelope.traceparent.clone(),
        };
        for (index, reaction) in reactions.into_iter().enumerate() {
            let id = CommandId::of(event.envelope.event_id, P::NAME, index);
            let stored = |name, due_at, task| StoredTask {
                id: id.uuid(),
                order_id,
                name,
                due_at,
                attempts: 0,
                task,
                context: context.clone(),
            };
            match reaction {
                Reaction::Execute(command) => {
                    let now = self.clock.now();
                    plan.commands
                        .push(envelope(id, self.actor.clone(), &context, now, command));
                }
                Reaction::Call(call) => {
                    let due_at = event.envelope.recorded_at;
                    plan.schedule.push(stored(None, due_at, Task::Call(call)));
                }
                Reaction::Schedule(timer) => {
                    let task = stored(Some(timer.name), timer.due, timer.task);
                    plan.timers.insert((order_id, timer.name), Some(task));
                }
                Reaction::Unschedule(name) => {
                    plan.timers.insert((order_id, name), None);
                }
            }
        }
    }

    /// Puts the commands in their order. A refusal is an answer: what the policy wanted is not
    /// wanted any more.
    async fn put(&self, commands: Vec<CommandEnvelope>) -> Result<(), RunError> {
        let names: Vec<_> = commands
            .iter()
            .map(|command| command.command.name())
            .collect();
        let put = commands
            .into_iter()
            .map(|command| self.lane.execute_in_turn(command));
        for (name, executed) in names.into_iter().zip(join_all(put).await) {
            let executed = executed?;
            if let store::lane::Outcome::Refused(refusal) = executed.outcome {
                tracing::debug!(policy = P::NAME, command = name, stream = %executed.stream, %refusal, "refused");
            }
        }
        Ok(())
    }
}

/// The events that concern the policy, with their orders.
fn concerned<P: Policy>(events: &[Arc<Delivered>]) -> Result<Vec<(OrderId, &Recorded)>, RunError> {
    let mut concerned = Vec::with_capacity(events.len());
    for event in events {
        let event = event.as_ref().as_ref().map_err(Clone::clone)?;
        concerned.extend(P::key(event).map(|order_id| (order_id, event)));
    }
    Ok(concerned)
}

fn place(event: &Delivered) -> Position {
    match event {
        Ok(event) => event.envelope.position,
        Err(error) => error.envelope.position,
    }
}
