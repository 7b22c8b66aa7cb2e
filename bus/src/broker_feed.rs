//! The feed over a broker: its messages for speed, the store for truth.
//!
//! A message says which position it follows on. Where that is not the end of what is known, where a
//! message cannot be read, or where the store has more than the broker brings, the store is read.

use crate::{
    Feed, TailOptions,
    arrivals::{Arrival, arrivals},
    back_off::BackOff,
    broker::{Broker, Message},
    pump::{Pump, Run, end_of},
};
use domain::Position;
use futures::{StreamExt, stream::BoxStream, stream::ReadyChunks};
use std::sync::Arc;
use store::{EventReader, HeadSignal, StoreError};
use tokio::{task::JoinHandle, time::Instant};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The most messages taken in at once.
const CHUNK: usize = 256;

/// Takes new events from a broker, once for all readers of this process, and from the store where
/// the broker fails.
pub struct BrokerFeed {
    pump: Pump,
    broker: Arc<dyn Broker>,
    arrivals: ReadyChunks<BoxStream<'static, Arrival>>,
    signal: HeadSignal,
    /// Whether the broker brings what is new. If not, the store is polled as without a broker.
    live: bool,
    /// Something arrived since the last look at the store.
    heard: bool,
    /// A head that the store had and the broker has not brought yet.
    suspect: Option<Position>,
    /// When to look at the store.
    look_at: Instant,
    /// The store is not read before.
    not_before: Instant,
    back_off: BackOff,
    /// Hints are not followed before: they may come earlier than what they are about.
    hints_from: Instant,
    early: BackOff,
    /// Messages that cannot be read were told of.
    warned: bool,
}

/// What a turn is about.
enum Turn {
    Look,
    Arrived(Vec<Arrival>),
}

impl BrokerFeed {
    /// Starts a feed that is kept up to date by a task of `tasks` until `stop`. Without that task it
    /// still gives all events, by reading the store for each reader. Before `stop` the task ends
    /// only if the store was [rewound](StoreError::Rewound): then the process has states of events
    /// that are no more, and should end too.
    pub fn start(
        broker: Arc<dyn Broker>,
        reader: Arc<dyn EventReader>,
        options: TailOptions,
        tasks: &TaskTracker,
        stop: CancellationToken,
    ) -> (Arc<dyn Feed>, JoinHandle<Result<(), StoreError>>) {
        let signal = reader.signal();
        let back_off = BackOff::new(options.back_off);
        let early = BackOff::new(options.poll);
        let pump = Pump::new(reader, options);
        let tail = Arc::clone(&pump.tail);
        let running = tasks.spawn(async move {
            let feed = Self {
                arrivals: joined(&broker, &pump.options),
                pump,
                broker,
                signal,
                live: false,
                heard: false,
                suspect: None,
                look_at: Instant::now(),
                not_before: Instant::now(),
                back_off,
                hints_from: Instant::now(),
                early,
                warned: false,
            };
            let ended = stop.run_until_cancelled_owned(feed.run()).await;
            ended.unwrap_or(Ok(()))
        });
        (tail, running)
    }

    async fn run(mut self) -> Result<(), StoreError> {
        loop {
            let result = match self.wait().await {
                Turn::Look => self.look().await,
                Turn::Arrived(arrivals) => self.take_in(arrivals).await,
            };
            if self.pump.took(result)?.is_none() {
                // Messages go on coming in meanwhile.
                self.live = false;
                self.not_before = Instant::now() + self.back_off.take();
                self.look_at = self.not_before;
            }
        }
    }

    async fn wait(&mut self) -> Turn {
        let (look_at, hints_from) = (self.look_at, self.hints_from);
        let signal = &mut self.signal;
        // While the broker brings what is new, hints would only lead to reading it twice.
        let hints = match self.pump.tail.end().map(|end| end.position) {
            Some(end) if !self.live && self.not_before <= Instant::now() => Some(end),
            _ => None,
        };
        let due = async {
            if let Some(end) = hints {
                tokio::time::sleep_until(hints_from.min(look_at)).await;
                let patience = look_at.saturating_duration_since(Instant::now());
                signal.after(end, patience).await;
                if signal.latest() > end {
                    return;
                }
            }
            tokio::time::sleep_until(look_at).await;
        };
        tokio::select! {
            biased;
            () = due => Turn::Look,
            arrived = self.arrivals.next() => Turn::Arrived(arrived.unwrap_or_default()),
        }
    }

    /// Looks how far the store is, and reads from it what the broker does not bring.
    async fn look(&mut self) -> Result<(), StoreError> {
        let known = self.pump.tail.end().map(|end| end.position);
        let head = self.pump.check().await?;
        self.back_off.reset();
        let end = known.unwrap_or(head.position);
        let heard = std::mem::take(&mut self.heard);
        let suspect = self.suspect.take();
        let options = &self.pump.options;
        let now = Instant::now();
        self.look_at = now
            + if self.live {
                options.check
            } else {
                options.poll
            };
        if head.position <= end {
            self.hints_from = now + self.early.take();
            return Ok(());
        }
        self.early.reset();
        if self.live && suspect.is_none_or(|suspect| suspect <= end) {
            // It may be on its way: look again soon.
            self.suspect = Some(head.position);
            self.look_at = now + options.poll;
            return Ok(());
        }
        if self.live {
            self.live = false;
            metrics::counter!("feed_silences_total").increment(1);
            tracing::debug!(
                position = end.get(),
                head = head.position.get(),
                "the broker does not bring what the store has: the feed reads the store"
            );
            if !heard {
                // Nobody may be at the other end any more.
                self.arrivals = joined(&self.broker, options);
            }
        }
        self.look_at = now + options.poll;
        if self.pump.catch_up().await? > 0 {
            // As with the store alone: what comes soon after is read together.
            tokio::time::sleep(self.pump.options.pace).await;
        }
        Ok(())
    }

    /// Adds messages that follow on what is known, and reads the store where they do not.
    async fn take_in(&mut self, arrivals: Vec<Arrival>) -> Result<(), StoreError> {
        self.heard = true;
        let mut run = Run::new();
        for arrival in arrivals {
            match arrival {
                Arrival::Joined => {
                    self.warned = false;
                    tracing::debug!("the feed is subscribed to the broker");
                }
                Arrival::Message(message) => self.message(*message, &mut run).await?,
                Arrival::Malformed(error) => {
                    if !std::mem::replace(&mut self.warned, true) {
                        tracing::warn!(%error, "the feed skips messages that are none of ours");
                    }
                    self.look_soon();
                }
                Arrival::Lost(error) => {
                    if std::mem::take(&mut self.live) {
                        tracing::warn!(%error, "the feed goes on from the store alone");
                    }
                    self.look_at = self.not_before;
                }
            }
        }
        self.add(run);
        Ok(())
    }

    fn add(&self, run: Run) {
        metrics::counter!("feed_broker_events_total").increment(run.len() as u64);
        self.pump.tail.extend(run);
    }

    async fn message(&mut self, message: Message, run: &mut Run) -> Result<(), StoreError> {
        let (Some(end), Some(epoch)) = (self.pump.tail.end(), self.pump.tail.epoch()) else {
            return Ok(());
        };
        if message.epoch != epoch {
            // Left over of another life of the store; or this one is over.
            self.look_soon();
            return Ok(());
        }
        let end = end_of(run).unwrap_or(end);
        let position = message.event.envelope.position;
        if position < end.position {
            return Ok(());
        }
        let follows =
            message.previous.position <= end.position && message.previous.agrees_with(&end);
        // With that planted bug, what is between is never read.
        if !follows && !store::planted!("skipped_gap") {
            if Instant::now() < self.not_before {
                return Ok(());
            }
            metrics::counter!("feed_gaps_total").increment(1);
            self.add(std::mem::take(run));
            self.pump.catch_up().await?;
        } else if position > end.position {
            let bytes = message.event.payload.len();
            run.push((Arc::new(message.event.decode()), bytes));
        }
        // The broker is no further back than we are.
        self.live = true;
        Ok(())
    }

    /// Looks at the store soon, however many doubts there are.
    fn look_soon(&mut self) {
        let soon = Instant::now() + self.pump.options.poll;
        self.look_at = self.look_at.min(soon);
    }
}

fn joined(
    broker: &Arc<dyn Broker>,
    options: &TailOptions,
) -> ReadyChunks<BoxStream<'static, Arrival>> {
    arrivals(Arc::clone(broker), options.back_off).ready_chunks(CHUNK)
}
