//! What the sagas remember between events and over crashes.

mod memory;
mod postgres;

pub use memory::{MemorySagaStore, MemorySnapshot};
pub use postgres::PostgresSagaStore;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    CommandId, EventId, OrderId, Position, TenantId,
    policy::{Call, Task, TimerName},
};
use serde::{Deserialize, Serialize};
use sqlx::migrate::MigrateError;
use store::{
    Bookmark,
    postgres::{is_lost, passes_by_itself as passes},
};
use uuid::Uuid;

/// Why the sagas' storage could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum SagaStoreError {
    /// Another leader has taken over. Nothing was written; stop.
    #[error("another process leads {0} now")]
    Fenced(String),
    /// The database cannot be reached, did not answer in time, or failed. Whether something was
    /// written is unknown: what is there tells.
    #[error("the database of the sagas failed")]
    Database(#[from] sqlx::Error),
    /// A row holds what it cannot.
    #[error("saga.{table}.{column} of {row} cannot be read")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// Which row.
        row: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
}

impl SagaStoreError {
    /// Whether the same may go well in a while: nobody need do anything about it.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Fenced(_) => true,
            Self::Database(error) => passes_by_itself(error),
            Self::Corrupt { .. } => false,
        }
    }
}

fn passes_by_itself(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut => true,
        sqlx::Error::Migrate(error) => match error.as_ref() {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
                passes_by_itself(error)
            }
            _ => false,
        },
        sqlx::Error::Database(said) => {
            let code = said.code();
            is_lost(error) || code.is_some_and(|code| passes(&code))
        }
        error => is_lost(error),
    }
}

/// What a task does, for those who do tasks: a participant that hangs keeps only those waiting that
/// call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// It puts a command.
    Inside,
    /// It calls the payment provider.
    Provider,
    /// It calls the carrier.
    Carrier,
}

impl Work {
    /// All there is.
    const ALL: [Self; 3] = [Self::Inside, Self::Provider, Self::Carrier];

    /// What `task` does.
    pub const fn of(task: &Task) -> Self {
        match task {
            Task::Execute(_) => Self::Inside,
            Task::Call(
                Call::Authorize { .. }
                | Call::Reauthorize { .. }
                | Call::Inquire { .. }
                | Call::Void { .. }
                | Call::Capture { .. }
                | Call::Refund { .. },
            ) => Self::Provider,
            Task::Call(Call::Dispatch { .. } | Call::Track { .. }) => Self::Carrier,
        }
    }

    /// The word for it in the database.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Inside => "inside",
            Self::Provider => "provider",
            Self::Carrier => "carrier",
        }
    }
}

impl ParkedTask {
    /// What it does, in a word.
    pub const fn what(&self) -> &'static str {
        match &self.task {
            None => "unreadable",
            Some(task) => what(task),
        }
    }
}

impl StoredTask {
    /// What it does, in a word.
    pub(crate) const fn what(&self) -> &'static str {
        what(&self.task)
    }
}

const fn what(task: &Task) -> &'static str {
    match task {
        Task::Execute(command) => command.name(),
        Task::Call(call) => call.name(),
    }
}

/// The id of a task that an operator has done again.
fn resumed(task: Uuid) -> Uuid {
    CommandId::of(EventId::new(task), "operator", 0).uuid()
}

/// How far a policy has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// Up to here.
    pub at: Bookmark,
    /// In which life of the store; none before the first event.
    pub store_epoch: Option<Uuid>,
}

/// What a task's command says of its origin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Context {
    /// The shop.
    pub tenant: TenantId,
    /// What started it all.
    pub correlation_id: Uuid,
    /// The event that the task follows from.
    pub causation_id: EventId,
    /// The W3C trace context of the request.
    pub traceparent: Option<String>,
}

/// Something to be done now or later.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredTask {
    /// Derived from the event it follows from; its commands' ids are derived from it.
    pub id: Uuid,
    /// The order it is about.
    pub order_id: OrderId,
    /// What for, if it is a timer.
    pub name: Option<TimerName>,
    /// When.
    pub due_at: DateTime<Utc>,
    /// How often it was tried in vain.
    pub attempts: u32,
    /// Why it waits for an operator, if it does so from the start.
    pub parked: Option<String>,
    /// The id under which it was given up, if an operator has it done again.
    pub resumes: Option<Uuid>,
    /// What.
    pub task: Task,
    /// Where it comes from.
    pub context: Context,
}

/// What a policy has made of a batch of events: written as a whole, or not at all.
#[derive(Debug, Clone)]
pub struct Commit<'a> {
    /// The policy.
    pub policy: &'a str,
    /// The leader's fencing token.
    pub leader_epoch: i64,
    /// Up to where it had read.
    pub from: Position,
    /// Up to where it has read now.
    pub to: Bookmark,
    /// In which life of the store.
    pub store_epoch: Uuid,
    /// What it remembers of orders now, as JSON; none where that is nothing any more.
    pub states: Vec<(OrderId, Option<String>)>,
    /// What is to be done; a timer replaces the one of its name.
    pub schedule: Vec<StoredTask>,
    /// The timers that are called off.
    pub unschedule: Vec<(OrderId, TimerName)>,
}

/// The most that is counted of each kind of work: who looks for trouble need not know of more.
const MOST_COUNTED: u64 = 10_000;

/// What is left undone; of more than 10,000 of a kind it is only said that there are as many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Backlog {
    /// Calls and timers whose time has come.
    pub due: u64,
    /// When the first of all that is not parked is to be done; none where there is nothing. How many
    /// timers wait for their time is not counted: they are nearly as many as there are orders.
    pub first_due: Option<DateTime<Utc>>,
    /// Commands that were given up: an operator must look.
    pub parked_commands: u64,
    /// Calls to the payment provider that were given up.
    pub parked_payments: u64,
    /// Calls to the carrier that were given up.
    pub parked_shipments: u64,
}

impl Backlog {
    /// All that waits for an operator.
    pub const fn parked(&self) -> u64 {
        self.parked_commands + self.parked_payments + self.parked_shipments
    }

    /// Adds what there is of one kind of work.
    fn add(&mut self, work: Work, due: u64, first_due: Option<DateTime<Utc>>, parked: u64) {
        self.due += due;
        self.first_due = self.first_due.into_iter().chain(first_due).min();
        *match work {
            Work::Inside => &mut self.parked_commands,
            Work::Provider => &mut self.parked_payments,
            Work::Carrier => &mut self.parked_shipments,
        } += parked;
    }
}

/// A task that waits for an operator.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ParkedTask {
    /// Its id.
    pub id: Uuid,
    /// The order it is about.
    pub order_id: OrderId,
    /// Since when it waits.
    pub parked_at: DateTime<Utc>,
    /// Why.
    pub problem: String,
    /// What it does; none if that cannot be read.
    pub task: Option<Task>,
}

/// The sagas' storage.
#[async_trait]
pub trait SagaStore: Send + Sync + 'static {
    /// Makes `leader_epoch` the only one that may commit for `policy`, and says how far it is. An
    /// older one than that is [fenced](SagaStoreError::Fenced).
    async fn take_over(
        &self,
        policy: &str,
        leader_epoch: i64,
    ) -> Result<Checkpoint, SagaStoreError>;

    /// What `policy` remembers of `orders`, as JSON, if this leader has it and it is at `from`;
    /// [fenced](SagaStoreError::Fenced) otherwise.
    async fn states(
        &self,
        policy: &str,
        leader_epoch: i64,
        from: Position,
        orders: &[OrderId],
    ) -> Result<Vec<(OrderId, String)>, SagaStoreError>;

    /// Writes what a policy made of a batch of events, as a whole; nothing of it if another leader
    /// has taken over, or the policy is not where the batch began.
    async fn commit(&self, commit: Commit<'_>) -> Result<(), SagaStoreError>;

    /// The tasks that do such `work` and are due at `now`, the longest due first, without those of
    /// `except`. What cannot be read is [parked](Self::park), so that it keeps nothing else from being
    /// done.
    async fn due(
        &self,
        now: DateTime<Utc>,
        work: Work,
        except: &[Uuid],
        limit: usize,
    ) -> Result<Vec<StoredTask>, SagaStoreError>;

    /// Forgets tasks that are done.
    async fn finish(&self, tasks: &[Uuid]) -> Result<(), SagaStoreError>;

    /// Puts off a task that failed. One that is no more, because it was called off or replaced
    /// meanwhile, stays so; as with all that is done to tasks.
    async fn postpone(
        &self,
        task: Uuid,
        due_at: DateTime<Utc>,
        problem: &str,
    ) -> Result<(), SagaStoreError>;

    /// Puts off a task that was not tried: as [`postpone`](Self::postpone), but it is no attempt.
    async fn defer(
        &self,
        task: Uuid,
        due_at: DateTime<Utc>,
        problem: &str,
    ) -> Result<(), SagaStoreError>;

    /// Gives a task up: it stays for an operator to look at.
    async fn park(
        &self,
        task: Uuid,
        now: DateTime<Utc>,
        problem: &str,
    ) -> Result<(), SagaStoreError>;

    /// The tasks that wait for an operator, the longest waiting first.
    async fn parked(&self, limit: usize) -> Result<Vec<ParkedTask>, SagaStoreError>;

    /// The task of this id, if it waits for an operator.
    async fn find_parked(&self, task: Uuid) -> Result<Option<ParkedTask>, SagaStoreError>;

    /// Has a task that waits for an operator done at `now`, or `instead` in its place; says whether
    /// there was one. It gets another id: what comes of it is decided anew, and not answered with
    /// what was decided before.
    async fn resume(
        &self,
        task: Uuid,
        instead: Option<&Task>,
        now: DateTime<Utc>,
    ) -> Result<bool, SagaStoreError>;

    /// What is left undone at `now`.
    async fn backlog(&self, now: DateTime<Utc>) -> Result<Backlog, SagaStoreError>;
}
