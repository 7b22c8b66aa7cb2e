//! Does what is due: calls to participants, and timers.
//!
//! A task is forgotten only after what it led to is recorded, so a crash repeats it: the provider
//! sees the same key, the lane the same command id. That is also why nothing here is fenced: a
//! leader that was paused repeats at worst what another has done.

use super::{
    Progress, RunError,
    payments::payments,
    perform::{Done, Performer},
};
use crate::{
    provider::PaymentProvider,
    storage::{SagaStore, StoredTask},
};
use domain::{StreamId, policy::Task};
use std::{collections::BTreeSet, panic::resume_unwind, sync::Arc, time::Duration};
use store::{Clock, EventReader, lane::Lane};
use tokio::{
    sync::Notify,
    task::{JoinError, JoinSet},
    time::{Instant, sleep_until},
};
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
    performer: Arc<Performer>,
    reader: Arc<dyn EventReader>,
    storage: Arc<dyn SagaStore>,
    clock: Arc<dyn Clock>,
    concurrency: usize,
    poll: Duration,
    hint: Arc<Notify>,
    progress: Progress,
}

impl TaskRunner {
    /// A runner; `hint` tells it that there is something to do.
    pub fn new(
        lane: Lane,
        reader: Arc<dyn EventReader>,
        storage: Arc<dyn SagaStore>,
        provider: Arc<dyn PaymentProvider>,
        clock: Arc<dyn Clock>,
        options: TaskOptions,
        hint: Arc<Notify>,
    ) -> Self {
        let performer = Arc::new(Performer {
            lane,
            reader: reader.clone(),
            storage: storage.clone(),
            provider,
            clock: clock.clone(),
            retries: options.retries,
        });
        Self {
            performer,
            reader,
            storage,
            clock,
            concurrency: options.concurrency.max(1),
            poll: options.poll,
            hint,
            progress: Arc::new(|| {}),
        }
    }

    /// The same, and `progress` is told whenever it has got on.
    #[must_use]
    pub fn with_progress(mut self, progress: Progress) -> Self {
        self.progress = progress;
        self
    }

    /// Runs until `stop`. What is under way then is dropped, and done again by the next leader.
    pub async fn run(&self, stop: CancellationToken) -> Result<(), RunError> {
        let mut work = Work::default();
        // Whether there may be something due that was not looked at, and when to look anyhow.
        let mut look = true;
        let mut look_at = Instant::now();
        loop {
            work.collect();
            // Forgotten before looking again, or it would be found as due once more.
            if !work.done.is_empty() {
                self.storage.finish(&work.done).await?;
                work.forget();
            }
            let free = self.concurrency.saturating_sub(work.under_way.len());
            if look && free > 0 {
                look_at = Instant::now() + self.poll;
                // Less than was asked for is all there is.
                look = self.begin(&mut work, free).await? == free;
            }
            (self.progress)();
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                () = self.hint.notified() => look = true,
                Some(joined) = work.running.join_next() => work.note(joined),
                () = sleep_until(look_at) => {
                    look = true;
                    look_at = Instant::now() + self.poll;
                }
            }
        }
    }

    /// Begins at most `free` tasks that are due; says how many there were.
    async fn begin(&self, work: &mut Work, free: usize) -> Result<usize, RunError> {
        let except: Vec<Uuid> = work.under_way.iter().copied().collect();
        let due = self.storage.due(self.clock.now(), &except, free).await?;
        let found = due.len();
        let payments = match payments(self.reader.as_ref(), due.iter().filter_map(about)).await {
            Ok(payments) => payments,
            // They are due still, and found again at the next look.
            Err(error) if error.is_transient() => {
                tracing::debug!(%error, found, "what is due waits for the store");
                return Ok(0);
            }
            Err(error) => return Err(error.into()),
        };
        for task in due {
            work.under_way.insert(task.id);
            let performer = self.performer.clone();
            let payment = about(&task).and_then(|stream| payments.get(&stream).cloned());
            work.running
                .spawn(async move { (task.id, performer.perform(&task, payment).await) });
        }
        Ok(found)
    }
}

/// The payment that a task calls the provider about.
fn about(task: &StoredTask) -> Option<StreamId> {
    match &task.task {
        Task::Call(call) => Some(StreamId::payment(&task.context.tenant, call.order_id())),
        Task::Execute(_) => None,
    }
}

/// What the runner has in hand.
#[derive(Default)]
struct Work {
    running: JoinSet<(Uuid, Done)>,
    /// Those that run, those that are done and not yet forgotten, those that this runner left.
    under_way: BTreeSet<Uuid>,
    done: Vec<Uuid>,
}

impl Work {
    fn collect(&mut self) {
        while let Some(joined) = self.running.try_join_next() {
            self.note(joined);
        }
    }

    fn note(&mut self, joined: Result<(Uuid, Done), JoinError>) {
        match joined.map_err(JoinError::try_into_panic) {
            Ok((id, Done::Forget)) => self.done.push(id),
            Ok((id, Done::Again)) => {
                self.under_way.remove(&id);
            }
            // It stays under way: this runner does not touch it again.
            Ok((_, Done::Left)) => {}
            // What a task does cannot panic through; so the runner is broken.
            Err(Ok(panic)) => resume_unwind(panic),
            // Nobody aborts tasks but the runtime, when it ends.
            Err(Err(_)) => {}
        }
    }

    fn forget(&mut self) {
        for id in self.done.drain(..) {
            self.under_way.remove(&id);
        }
    }
}
