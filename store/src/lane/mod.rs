//! The lane: every command of a process goes through it, in order.
//!
//! One task owns the states. It drains what is queued, loads what it does not have in one read,
//! decides in order on top of what the same batch has just decided, appends the batch in one call,
//! and then answers everyone. So a hot stream is a batch and not a storm of conflicts, a command
//! over several streams is nothing special, and at depth one it is simply a direct write. While the
//! store works on a batch, the lane decides what comes in meanwhile and has nothing to do with it.
//!
//! Other processes may write to the same streams. The store tells by a conflict; the lane then
//! forgets the states concerned, loads them and decides again. Refusals, and commands that lead to
//! nothing, are appended too, with no events but with the versions they were decided on, so that a
//! stale state never answers. Except those of what was already begun otherwise, which no state is
//! too old to know.

mod batch;
mod cache;
mod decide;
mod draft;
mod error;
mod intake;
mod run;
mod spans;
#[cfg(test)]
mod tests;

pub use error::LaneError;

use crate::EventStore;
use cache::StateCache;
use domain::{CommandEnvelope, Position, Refusal, State, StreamId, Version};
use std::{
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// The bounds of a lane.
#[derive(Debug, Clone)]
pub struct LaneOptions {
    /// The most commands decided and appended together.
    pub max_batch: usize,
    /// The most streams a batch may be decided over, unless one command alone needs more.
    pub max_batch_streams: usize,
    /// The most commands that may wait.
    pub queue: usize,
    /// The most states kept.
    pub cached_streams: NonZeroUsize,
    /// About how many bytes they may take.
    pub cached_bytes: usize,
    /// How often a command is decided again because another process was faster.
    pub max_attempts: u32,
    /// How long the lane goes on trying while the store cannot be reached.
    pub patience: Duration,
}

impl Default for LaneOptions {
    fn default() -> Self {
        Self {
            max_batch: 256,
            max_batch_streams: 4_096,
            queue: 4_096,
            cached_streams: NonZeroUsize::MIN.saturating_add(19_999),
            cached_bytes: 64 << 20,
            max_attempts: 16,
            patience: Duration::from_secs(10),
        }
    }
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It was done, or there was nothing left to do.
    Accepted,
    /// It was refused.
    Refused(Refusal),
}

/// A command that was executed, now or before.
#[derive(Debug, Clone)]
pub struct Executed {
    /// What became of it.
    pub outcome: Outcome,
    /// The stream it was about.
    pub stream: StreamId,
    /// That stream's version after it.
    pub version: Version,
    /// The position of its last event; the head's of that time, if it had none.
    pub position: Position,
    /// Whether it had been executed before, and this is the first answer again. A command that
    /// begins a stream shows it by that stream, also when its record is long forgotten.
    pub replayed: bool,
    /// The state of the stream it was about, after it; where it was asked for and the command was
    /// executed now. For a replayed one, fold the stream up to `version`.
    pub state: Option<Arc<State>>,
}

impl Outcome {
    /// For traces.
    const fn name(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused(_) => "refused",
        }
    }
}

struct Job {
    command: CommandEnvelope,
    wants_state: bool,
    /// Whether it must not overtake what was put before it, whatever that is about.
    in_turn: bool,
    answer: oneshot::Sender<Result<Executed, LaneError>>,
}

/// The way into the lane.
#[derive(Clone)]
pub struct Lane {
    queue: mpsc::Sender<Job>,
    callers: Arc<AtomicUsize>,
}

/// One who waits for an answer, for as long as it is kept.
struct Caller(Arc<AtomicUsize>);

impl Caller {
    fn of(lane: &Lane) -> Self {
        lane.callers.fetch_add(1, Ordering::Relaxed);
        Self(lane.callers.clone())
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The lane's work: to be run as one task of the process.
pub struct LaneWork {
    jobs: mpsc::Receiver<Job>,
    store: Arc<dyn EventStore>,
    options: LaneOptions,
    cache: StateCache,
}

impl Lane {
    /// A lane over `store`. It does nothing until its [work](LaneWork::run) runs.
    pub fn new(store: Arc<dyn EventStore>, options: LaneOptions) -> (Self, LaneWork) {
        let (queue, jobs) = mpsc::channel(options.queue.max(1));
        let cache = StateCache::new(options.cached_streams, options.cached_bytes);
        (
            Self {
                queue,
                callers: Arc::default(),
            },
            LaneWork {
                jobs,
                store,
                options,
                cache,
            },
        )
    }

    /// Executes `command`, once however often it is put. Commands over one stream are decided in the
    /// order in which they were put; of different streams, one may overtake another.
    pub async fn execute(&self, command: CommandEnvelope) -> Result<Executed, LaneError> {
        self.put(command, false).await
    }

    /// As [`execute`](Self::execute), and answers with the state that it leads to.
    pub async fn execute_for_state(&self, command: CommandEnvelope) -> Result<Executed, LaneError> {
        self.put(command, true).await
    }

    /// As [`execute`](Self::execute), but waits for its turn when too many commands wait: for
    /// callers that are themselves bounded. Calls that are polled in order keep their order.
    pub async fn execute_in_turn(&self, command: CommandEnvelope) -> Result<Executed, LaneError> {
        let (answer, answered) = oneshot::channel();
        let job = Job {
            command,
            wants_state: false,
            in_turn: true,
            answer,
        };
        self.queue.send(job).await.map_err(|_| LaneError::Stopped)?;
        answered.await.unwrap_or(Err(LaneError::Stopped))
    }

    async fn put(
        &self,
        command: CommandEnvelope,
        wants_state: bool,
    ) -> Result<Executed, LaneError> {
        let _caller = Caller::of(self);
        let (answer, answered) = oneshot::channel();
        let job = Job {
            command,
            wants_state,
            in_turn: false,
            answer,
        };
        self.queue.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => LaneError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => LaneError::Stopped,
        })?;
        answered.await.unwrap_or(Err(LaneError::Stopped))
    }

    /// How many callers wait for an answer, but for those that wait [in turn](Self::execute_in_turn):
    /// what these do, nobody waits for.
    pub fn callers(&self) -> usize {
        self.callers.load(Ordering::Relaxed)
    }
}

impl LaneWork {
    /// Works until `stop`, or until every way in is gone; then finishes what is queued.
    pub async fn run(self, stop: CancellationToken) {
        run::run(self, stop).await;
    }
}
