//! One run of publishing: from a look at the stream to the first mismatch.

use super::Relay;
use crate::{
    broker::{Acknowledged, Acknowledgement, BrokerError, Duplicates, Last, Message},
    watch::HeadWatch,
};
use domain::Position;
use std::collections::VecDeque;
use store::{Bookmark, Head, Page, StoreError, StoredEvent};
use tokio::time::Instant;
use uuid::Uuid;

/// The most bytes of payload sent and not yet acknowledged, but for the last message.
const WINDOW_BYTES: usize = 4 << 20;

/// Why a session ended. Each of them is healed by the next session.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stumble {
    #[error("the event store did not answer: {0}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Broker(#[from] BrokerError),
    #[error("the broker has had a message that its stream does not end with")]
    Duplicate,
    #[error("the event store was restored or lost its tail")]
    OtherStore,
}

impl Stumble {
    /// For metrics.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Store(StoreError::Rewound { .. }) | Self::OtherStore => "other_store",
            Self::Store(_) => "store",
            Self::Broker(BrokerError::OutOfStep) => "out_of_step",
            Self::Broker(BrokerError::Missing) => "missing",
            Self::Broker(_) => "broker",
            Self::Duplicate => "duplicate",
        }
    }
}

/// A message that was sent.
struct Sent {
    at: Bookmark,
    /// The size of its payload.
    bytes: usize,
    /// The sequence number it has to get.
    sequence: u64,
    acknowledgement: Acknowledgement,
}

/// One run of publishing.
pub(super) struct Session<'a> {
    relay: &'a Relay,
    /// The last event that was sent, or need not be.
    at: Bookmark,
    /// The sequence number of the last message, once all that was sent is there.
    sequence: u64,
    epoch: Uuid,
    sent: VecDeque<Sent>,
    /// How many bytes of payload those are.
    under_way: usize,
    checked: Instant,
    lessons: &'a mut Lessons,
    /// Up to here the broker is not asked for duplicates.
    repeat_to: Position,
    /// How many messages were acknowledged.
    pub(super) acknowledged: u64,
}

/// What a session leaves to the next one.
#[derive(Default)]
pub(super) struct Lessons {
    /// How far it was published.
    furthest: Position,
    /// An event that the broker refused for good, after everything before it was acknowledged.
    left_out: Option<Bookmark>,
    /// The broker remembers messages that its stream may have lost, and would refuse them for as
    /// long as it does.
    repeat: bool,
}

impl<'a> Session<'a> {
    pub(super) fn new(relay: &'a Relay, lessons: &'a mut Lessons) -> Self {
        Self {
            relay,
            at: Bookmark::START,
            sequence: 0,
            epoch: Uuid::nil(),
            sent: VecDeque::new(),
            under_way: 0,
            checked: Instant::now(),
            lessons,
            repeat_to: Position::ZERO,
            acknowledged: 0,
        }
    }

    /// Publishes until something is not as it should be.
    pub(super) async fn run(&mut self) -> Stumble {
        match self.begin().await {
            Ok(()) => self
                .follow()
                .await
                .map_or_else(|stumble| stumble, |never| match never {}),
            Err(stumble) => stumble,
        }
    }

    /// Finds out what the stream ends with, and so where to go on.
    async fn begin(&mut self) -> Result<(), Stumble> {
        // In this order, so that what another relay publishes meanwhile is not beyond the head.
        let holding = self.relay.broker.look().await?;
        let head = self.relay.reader.head().await?;
        let left_out = self.lessons.left_out.take();
        let mut repeat = std::mem::take(&mut self.lessons.repeat);
        let end = match holding.last {
            Last::Event { at, epoch }
                if epoch == head.epoch && self.relay.reader.still_has(at).await? =>
            {
                left_out
                    .filter(|left_out| left_out.position > at.position)
                    .or(Some(at))
            }
            Last::Nothing => left_out,
            Last::Event { .. } | Last::Foreign => {
                tracing::warn!(
                    sequence = holding.sequence,
                    "the stream ends with what this store does not have: it is emptied"
                );
                self.relay.broker.clear(holding.sequence).await?;
                repeat = true;
                None
            }
        };
        let reader = &self.relay.reader;
        let history = self.relay.options.history;
        self.at = reader.no_further_back(end, head.position, history).await?;
        self.sequence = holding.sequence;
        self.epoch = head.epoch;
        if self.at.position < self.lessons.furthest {
            repeat = true;
            metrics::counter!("relay_rewinds_total").increment(1);
        }
        if repeat {
            self.repeat_to = head.position;
        }
        tracing::info!(
            position = self.at.position.get(),
            sequence = self.sequence,
            head = head.position.get(),
            "the relay publishes from position {}",
            self.at.position
        );
        self.check(head)
    }

    async fn follow(&mut self) -> Result<std::convert::Infallible, Stumble> {
        let relay = self.relay;
        let mut watch = HeadWatch::new(relay.reader.signal(), relay.options.poll);
        loop {
            let page = relay.reader.read_on(self.at, relay.options.page).await?;
            let Page { events, is_full } = page;
            let found = events.len();
            for event in events {
                self.send(event).await?;
            }
            if self.checked.elapsed() >= relay.options.check {
                // Also while there is much to catch up with.
                self.look().await?;
            }
            if is_full {
                continue;
            }
            while !self.sent.is_empty() {
                self.settle().await?;
            }
            watch.found(found, relay.pace()).await;
            self.wait(&mut watch).await?;
        }
    }

    /// Waits until there may be something to publish.
    async fn wait(&mut self, watch: &mut HeadWatch) -> Result<(), Stumble> {
        loop {
            let hinted = watch.hint_after(self.at.position).await;
            if hinted && self.checked.elapsed() < self.relay.options.check {
                return Ok(());
            }
            if self.look().await?.position > self.at.position {
                return Ok(());
            }
        }
    }

    /// Looks how far the store is, and whether it still has what was sent.
    async fn look(&mut self) -> Result<Head, Stumble> {
        let reader = &self.relay.reader;
        let head = reader.head().await?;
        if !reader.still_has(self.at).await? {
            return Err(Stumble::OtherStore);
        }
        self.check(head)?;
        Ok(head)
    }

    fn check(&mut self, head: Head) -> Result<(), Stumble> {
        self.checked = Instant::now();
        if head.epoch != self.epoch || head.position < self.at.position {
            return Err(Stumble::OtherStore);
        }
        let lag = head.position.get() - self.at.position.get();
        metrics::gauge!("relay_lag_events").set(lag as f64);
        Ok(())
    }

    /// Sends one event, as soon as few enough others are under way.
    async fn send(&mut self, event: StoredEvent) -> Result<(), Stumble> {
        // The first one goes alone: if it fits, those after it do as well, or not at all. Sent
        // together with a wrong idea of the stream, a later one could fit by chance.
        let window = match self.acknowledged {
            0 => 1,
            _ => self.relay.options.window.max(1),
        };
        while self.sent.len() >= window || self.under_way >= WINDOW_BYTES {
            self.settle().await?;
        }
        let (at, bytes) = (Bookmark::at(&event.envelope), event.payload.len());
        let message = Message {
            event,
            previous: self.at,
            epoch: self.epoch,
        };
        let duplicates = if at.position > self.repeat_to {
            Duplicates::Refuse
        } else {
            Duplicates::Allow
        };
        let sent = (self.relay.broker).publish(&message, self.sequence, duplicates);
        match sent.await {
            Ok(acknowledgement) => {
                self.sequence += 1;
                self.under_way += bytes;
                self.sent.push_back(Sent {
                    at,
                    bytes,
                    sequence: self.sequence,
                    acknowledgement,
                });
            }
            Err(BrokerError::TooLarge(detail)) => self.leave_out(at.position, &detail),
            Err(error) => return Err(error.into()),
        }
        self.at = at;
        Ok(())
    }

    /// Waits for the answer to the oldest message that is under way.
    async fn settle(&mut self) -> Result<(), Stumble> {
        let Some(sent) = self.sent.pop_front() else {
            return Ok(());
        };
        self.under_way -= sent.bytes;
        match sent.acknowledgement.await {
            Ok(Acknowledged {
                duplicate: true, ..
            }) => {
                self.lessons.repeat = true;
                Err(Stumble::Duplicate)
            }
            Ok(Acknowledged { sequence, .. }) if sequence == sent.sequence => {
                self.acknowledged += 1;
                self.lessons.furthest = self.lessons.furthest.max(sent.at.position);
                metrics::counter!("relay_published_total").increment(1);
                Ok(())
            }
            Ok(_) => Err(BrokerError::OutOfStep.into()),
            Err(error) => {
                if let BrokerError::TooLarge(detail) = &error {
                    self.leave_out(sent.at.position, detail);
                    self.lessons.left_out = Some(sent.at);
                }
                Err(error.into())
            }
        }
    }

    /// The next message will not follow on what readers have, so that they read the store.
    fn leave_out(&self, position: Position, detail: &str) {
        metrics::counter!("relay_left_out_total").increment(1);
        tracing::warn!(
            position = position.get(),
            detail,
            "the event at position {position} is too large for the broker: readers take it from \
             the store"
        );
    }
}
