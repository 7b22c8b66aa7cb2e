//! Makes the deliveries that are due: several at once, few to one endpoint.
//!
//! Each is taken for a while and recorded when it is done. A process that dies in between leaves it to
//! whoever takes it next: what was under way then may arrive twice, under the same id.

use crate::{
    error::NotifyError,
    status::Status,
    storage::{Attempted, Channel, Claim, Claimed, NotifyStore, Recorded, Settled},
    telemetry,
};
use chrono::TimeDelta;
use std::{collections::HashMap, sync::Arc, time::Duration};
use store::Clock;
use tokio::{
    sync::Notify,
    task::JoinSet,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How much longer than an attempt may take nobody else takes a delivery.
const GRACE: Duration = Duration::from_secs(30);

/// The longest wait after the database failed; the first is a poll.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Makes a delivery, and says what is to be recorded of it.
pub(crate) trait Deliver: Clone + Send + Sync + 'static {
    /// Which deliveries it makes.
    const CHANNEL: Channel;
    /// What it is called.
    const PART: &'static str;

    /// What must be known before those of one round are made.
    type Prepared: Clone + Send + Sync + 'static;

    /// Whether one may be tried that has been begun so often, this time included.
    fn allows(&self, attempts: u32) -> bool;

    /// Reads what these need.
    fn prepare(
        &self,
        claimed: &[Claimed],
    ) -> impl Future<Output = Result<Self::Prepared, NotifyError>> + Send;

    /// Makes one.
    fn deliver(
        &self,
        claimed: &Claimed,
        prepared: &Self::Prepared,
    ) -> impl Future<Output = Attempted> + Send;
}

/// Makes deliveries of one channel.
pub(crate) struct Dispatcher<D> {
    pub deliver: D,
    pub store: NotifyStore,
    pub clock: Arc<dyn Clock>,
    /// So many at once.
    pub concurrency: usize,
    /// Those of them to one endpoint.
    pub per_endpoint: usize,
    /// What one attempt may take.
    pub timeout: Duration,
    pub poll: Duration,
    /// Tells that something may be due.
    pub due: Arc<Notify>,
    pub status: Status,
}

/// What came of one, and whose it was.
type Done = (Option<Uuid>, Result<(), NotifyError>);

impl<D: Deliver> Dispatcher<D> {
    /// Makes deliveries until `stop`; then what is under way is waited for.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut under_way: JoinSet<Done> = JoinSet::new();
        let mut busy: HashMap<Uuid, usize> = HashMap::new();
        let mut wait = self.poll;
        while !stop.is_cancelled() {
            // Asked for before the look, so that no signal is missed in between.
            let signal = self.due.notified();
            let room = self.concurrency.saturating_sub(under_way.len());
            let pause = match self.take(room, &busy).await {
                Ok(taken) => {
                    self.status.works(D::PART);
                    wait = self.poll;
                    self.start(taken, &mut under_way, &mut busy);
                    self.poll
                }
                Err(error) => {
                    self.status.failed(D::PART, error);
                    wait = LONGEST_WAIT.min(wait * 2);
                    wait
                }
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                Some(done) = under_way.join_next() => self.done(done, &mut busy),
                () = signal => {}
                () = sleep(pause) => {}
            }
            while let Some(done) = under_way.try_join_next() {
                self.done(done, &mut busy);
            }
        }
        while let Some(done) = under_way.join_next().await {
            self.done(done, &mut busy);
        }
    }

    async fn take(
        &self,
        room: usize,
        busy: &HashMap<Uuid, usize>,
    ) -> Result<Option<(Vec<Claimed>, D::Prepared)>, NotifyError> {
        if room == 0 {
            return Ok(None);
        }
        let lease = TimeDelta::from_std(self.timeout + GRACE);
        let claim = Claim {
            channel: D::CHANNEL,
            limit: room,
            per_endpoint: self.per_endpoint,
            busy,
            lease: lease.unwrap_or(TimeDelta::MAX),
        };
        let claimed = self.store.claim(&claim, self.clock.now()).await?;
        if claimed.is_empty() {
            return Ok(None);
        }
        match self.deliver.prepare(&claimed).await {
            Ok(prepared) => Ok(Some((claimed, prepared))),
            Err(error) => {
                self.give_back(&claimed).await?;
                Err(error)
            }
        }
    }

    /// What was not tried after all is due again soon, and was no attempt.
    async fn give_back(&self, claimed: &[Claimed]) -> Result<(), NotifyError> {
        let soon = TimeDelta::from_std(LONGEST_WAIT).unwrap_or_default();
        for one in claimed {
            let now = self.clock.now();
            let attempted = Attempted {
                status: None,
                problem: None,
                settled: Settled::Deferred(now + soon),
            };
            self.store.settle(one, &attempted, now).await?;
        }
        Ok(())
    }

    fn start(
        &self,
        taken: Option<(Vec<Claimed>, D::Prepared)>,
        under_way: &mut JoinSet<Done>,
        busy: &mut HashMap<Uuid, usize>,
    ) {
        let Some((claimed, prepared)) = taken else {
            return;
        };
        for one in claimed {
            if let Some(endpoint) = one.endpoint {
                *busy.entry(endpoint).or_default() += 1;
            }
            let (deliver, prepared) = (self.deliver.clone(), prepared.clone());
            let (store, clock) = (self.store.clone(), self.clock.clone());
            under_way.spawn(async move {
                let began = Instant::now();
                let attempted = match deliver.allows(one.attempts) {
                    true => deliver.deliver(&one, &prepared).await,
                    false => never_ended(),
                };
                telemetry::attempted(D::CHANNEL, outcome(&attempted), began.elapsed());
                let settled = store.settle(&one, &attempted, clock.now()).await;
                (
                    one.endpoint,
                    settled.map(|recorded| tell(&one, &attempted, recorded)),
                )
            });
        }
    }

    fn done(&self, done: Result<Done, tokio::task::JoinError>, busy: &mut HashMap<Uuid, usize>) {
        match done {
            Ok((endpoint, settled)) => {
                if let Some(endpoint) = endpoint
                    && let Some(calls) = busy.get_mut(&endpoint)
                {
                    *calls -= 1;
                    if *calls == 0 {
                        busy.remove(&endpoint);
                    }
                }
                if let Err(error) = settled {
                    // Whoever takes it next makes it once more, under the same id.
                    self.status.failed(D::PART, error);
                }
            }
            Err(error) => {
                // Which endpoint it was of is lost with it, so its place is not counted right any
                // more: it is counted anew.
                tracing::error!(part = D::PART, %error, "a delivery broke off");
                busy.clear();
            }
        }
    }
}

/// What is recorded of a delivery that no attempt came back from: each of them is counted when it
/// begins, and what brings the process down is not tried for ever.
fn never_ended() -> Attempted {
    Attempted {
        status: None,
        problem: Some("it was begun as often as may be, and never ended".into()),
        settled: Settled::Failed { disable: None },
    }
}

const fn outcome(attempted: &Attempted) -> &'static str {
    match attempted.settled {
        Settled::Delivered => "delivered",
        Settled::Again(_) => "again",
        Settled::Deferred(_) => "deferred",
        Settled::Failed { .. } => "failed",
        Settled::Skipped => "skipped",
    }
}

/// Says in the log what somebody may have to do something about.
fn tell(claimed: &Claimed, attempted: &Attempted, recorded: Recorded) {
    let (delivery, problem) = (claimed.id, attempted.problem.as_deref());
    if !recorded.ours {
        tracing::info!(%delivery, "delivery {delivery} took too long: somebody else has taken it");
        return;
    }
    match (attempted.settled, claimed.endpoint) {
        (
            Settled::Failed {
                disable: Some(reason),
            },
            Some(endpoint),
        ) if recorded.disabled => tracing::error!(
            %delivery,
            %endpoint,
            reason,
            problem,
            "webhook {endpoint} is disabled ({reason}): an operator must look (`orders webhooks show`)"
        ),
        (Settled::Failed { .. }, endpoint) => tracing::error!(
            %delivery,
            endpoint = endpoint.map(tracing::field::display),
            problem,
            "delivery {delivery} was given up: an operator must look"
        ),
        (settled, _) => {
            tracing::debug!(%delivery, problem, ?settled, "delivery {delivery} was tried")
        }
    }
}
