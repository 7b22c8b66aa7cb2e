//! Does what is due: calls to participants, and timers.
//!
//! A task is forgotten only after what it led to is recorded, so a crash repeats it: the provider
//! sees the same key, the lane the same command id. That is also why nothing here is fenced: a
//! leader that was paused repeats at worst what another has done.

use super::{
    Progress, RunError,
    books::{Books, streams},
    calls::Participants,
    perform::{Done, Performer},
};
use crate::storage::{SagaStore, Work};
use std::{
    collections::BTreeSet, convert::Infallible, panic::resume_unwind, sync::Arc, time::Duration,
};
use store::{Clock, EventReader, lane::Lane};
use tokio::{
    sync::Notify,
    task::{JoinError, JoinSet},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The most commands under way at once: the lane takes as many into one batch.
const COMMANDS: usize = 64;

/// The bounds of the task runner.
#[derive(Debug, Clone)]
pub struct TaskOptions {
    /// The most calls to the payment provider under way at once. Commands have slots of their own, as
    /// has each participant: what is due does not wait for one that hangs, unless it calls that one.
    pub payment_concurrency: usize,
    /// The most calls to the carrier under way at once.
    pub carrier_concurrency: usize,
    /// How long to wait for a hint before looking again.
    pub poll: Duration,
    /// When a task that failed is tried again; after the last it is parked.
    pub retries: Vec<Duration>,
    /// For how long orders wait for a payment provider that is away, before they expire.
    pub outage: Duration,
}

/// Does what is due.
pub struct TaskRunner {
    performer: Arc<Performer>,
    reader: Arc<dyn EventReader>,
    storage: Arc<dyn SagaStore>,
    clock: Arc<dyn Clock>,
    payment_concurrency: usize,
    carrier_concurrency: usize,
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
        participants: Participants,
        clock: Arc<dyn Clock>,
        options: TaskOptions,
        hint: Arc<Notify>,
    ) -> Self {
        let performer = Arc::new(Performer {
            lane,
            reader: reader.clone(),
            storage: storage.clone(),
            participants,
            clock: clock.clone(),
            retries: options.retries,
            outage: options.outage,
        });
        Self {
            performer,
            reader,
            storage,
            clock,
            payment_concurrency: options.payment_concurrency.max(1),
            carrier_concurrency: options.carrier_concurrency.max(1),
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
        tokio::select! {
            biased;
            () = stop.cancelled() => Ok(()),
            failed = self.lead() => failed.map(|never| match never {}),
        }
    }

    async fn lead(&self) -> Result<Infallible, RunError> {
        let mut running = Running::default();
        let mut slots = [
            Slots::of(Work::Provider, self.payment_concurrency),
            Slots::of(Work::Carrier, self.carrier_concurrency),
            Slots::of(Work::Inside, COMMANDS),
        ];
        // When to look anyhow.
        let mut look_at = Instant::now();
        loop {
            while let Some(joined) = running.tasks.try_join_next() {
                running.note(joined, &mut slots);
            }
            // Forgotten before looking again, or it would be found as due once more.
            if !running.done.is_empty() {
                self.storage.finish(&running.done).await?;
                for id in running.done.drain(..) {
                    slots.iter_mut().for_each(|slots| slots.free(id));
                }
            }
            for slots in &mut slots {
                let free = slots.most.saturating_sub(slots.under_way.len());
                if slots.look && free > 0 {
                    look_at = Instant::now() + self.poll;
                    // Less than was asked for is all there is.
                    slots.look = self.begin(&mut running.tasks, slots, free).await? == free;
                }
            }
            (self.progress)();
            tokio::select! {
                biased;
                () = self.hint.notified() => slots.iter_mut().for_each(|slots| slots.look = true),
                Some(joined) = running.tasks.join_next() => running.note(joined, &mut slots),
                () = sleep_until(look_at) => {
                    slots.iter_mut().for_each(|slots| slots.look = true);
                    look_at = Instant::now() + self.poll;
                }
            }
        }
    }

    /// Begins at most `free` tasks that are due; says how many there were.
    async fn begin(
        &self,
        running: &mut JoinSet<(Uuid, Done)>,
        slots: &mut Slots,
        free: usize,
    ) -> Result<usize, RunError> {
        let except: Vec<Uuid> = slots.under_way.iter().copied().collect();
        let now = self.clock.now();
        let due = self.storage.due(now, slots.work, &except, free).await?;
        let found = due.len();
        let streams = due.iter().flat_map(streams);
        let books = match Books::read(self.reader.as_ref(), streams).await {
            Ok(books) => books,
            // They are due still, and found again at the next look.
            Err(error) if error.is_transient() => {
                tracing::debug!(%error, found, "what is due waits for the store");
                return Ok(0);
            }
            Err(error) => return Err(error.into()),
        };
        for task in due {
            slots.under_way.insert(task.id);
            let performer = self.performer.clone();
            let subject = books.subject(&task);
            running.spawn(async move { (task.id, performer.perform(&task, subject).await) });
        }
        Ok(found)
    }
}

/// How many tasks of one kind there may be at once, and which there are.
struct Slots {
    work: Work,
    most: usize,
    /// Whether there may be something due that was not looked at.
    look: bool,
    /// Those that run, those that are done and not yet forgotten, those that this runner left.
    under_way: BTreeSet<Uuid>,
}

impl Slots {
    fn of(work: Work, most: usize) -> Self {
        Self {
            work,
            most,
            look: true,
            under_way: BTreeSet::new(),
        }
    }

    fn free(&mut self, task: Uuid) {
        self.under_way.remove(&task);
    }
}

/// What the runner has in hand.
#[derive(Default)]
struct Running {
    tasks: JoinSet<(Uuid, Done)>,
    /// Done, and not yet forgotten.
    done: Vec<Uuid>,
}

impl Running {
    fn note(&mut self, joined: Result<(Uuid, Done), JoinError>, slots: &mut [Slots]) {
        match joined.map_err(JoinError::try_into_panic) {
            Ok((id, Done::Forget)) => self.done.push(id),
            Ok((id, Done::Again)) => slots.iter_mut().for_each(|slots| slots.free(id)),
            // It stays under way: this runner does not touch it again.
            Ok((_, Done::Left)) => {}
            // What a task does cannot panic through; so the runner is broken.
            Err(Ok(panic)) => resume_unwind(panic),
            // Nobody aborts tasks but the runtime, when it ends.
            Err(Err(_)) => {}
        }
    }
}
