//! A broker in memory, that can be made to fail: for tests and for the simulation.

use crate::broker::{
    Acknowledged, Acknowledgement, Broker, BrokerError, Duplicates, Holding, Last, Message,
    Subscription,
};
use async_trait::async_trait;
use domain::EventId;
use futures::{FutureExt, StreamExt, future::ready, stream};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use store::Bookmark;
use tokio::sync::Notify;

/// A broker in memory. Clones share it.
#[derive(Clone)]
pub struct MemoryBroker(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    changes: Notify,
    /// The most messages kept.
    keep: usize,
}

#[derive(Default)]
struct State {
    /// By sequence number, without a gap, the last one being `sequence`'s.
    messages: VecDeque<Message>,
    sequence: u64,
    /// The events that are remembered against duplicates.
    known: HashMap<EventId, u64>,
    /// Which stream of this name it is; none while there is none.
    life: Option<u64>,
    lives: u64,
    down: bool,
}

/// Where a subscription is.
struct Reading {
    broker: MemoryBroker,
    life: u64,
    after: u64,
    ended: bool,
}

impl MemoryBroker {
    /// A broker without a stream, which keeps the latest `keep` messages.
    pub fn new(keep: usize) -> Self {
        Self(Arc::new(Shared {
            state: Mutex::default(),
            changes: Notify::new(),
            keep: keep.max(1),
        }))
    }

    /// Loses the stream, and all that is known of it.
    pub fn lose_stream(&self) {
        self.change(|state| {
            *state = State {
                lives: state.lives,
                down: state.down,
                ..State::default()
            };
        });
    }

    /// Goes down, or comes back with what it had.
    pub fn set_down(&self, down: bool) {
        self.change(|state| state.down = down);
    }

    /// All messages that it keeps, with their sequence numbers.
    pub fn messages(&self) -> Vec<(u64, Message)> {
        let state = self.state();
        let numbers = state.first()..;
        numbers.zip(state.messages.iter().cloned()).collect()
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.state());
        self.0.changes.notify_waiters();
        result
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way through a change.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn up(&self) -> Result<(), BrokerError> {
        if self.down {
            return Err(BrokerError::Unavailable("it is down".into()));
        }
        Ok(())
    }

    /// The sequence number of the oldest message kept.
    fn first(&self) -> u64 {
        self.sequence + 1 - self.messages.len() as u64
    }

    fn get(&self, sequence: u64) -> Option<&Message> {
        let at = sequence.checked_sub(self.first())?;
        self.messages.get(usize::try_from(at).ok()?)
    }

    fn add(
        &mut self,
        message: &Message,
        after: u64,
        duplicates: Duplicates,
        keep: usize,
    ) -> Result<Acknowledged, BrokerError> {
        let id = message.event.envelope.event_id;
        if self.sequence != after {
            return Err(BrokerError::OutOfStep);
        }
        if duplicates == Duplicates::Refuse
            && let Some(sequence) = self.known.get(&id)
        {
            return Ok(Acknowledged {
                sequence: *sequence,
                duplicate: true,
            });
        }
        self.sequence += 1;
        self.known.insert(id, self.sequence);
        self.messages.push_back(message.clone());
        if self.messages.len() > keep
            && let Some(oldest) = self.messages.pop_front()
        {
            self.known.remove(&oldest.event.envelope.event_id);
        }
        Ok(Acknowledged {
            sequence: self.sequence,
            duplicate: false,
        })
    }
}

#[async_trait]
impl Broker for MemoryBroker {
    async fn look(&self) -> Result<Holding, BrokerError> {
        let mut state = self.state();
        state.up()?;
        if state.life.is_none() {
            state.lives += 1;
            state.life = Some(state.lives);
        }
        Ok(Holding {
            sequence: state.sequence,
            last: state
                .messages
                .back()
                .map_or(Last::Nothing, |message| Last::Event {
                    at: Bookmark::at(&message.event.envelope),
                    epoch: message.epoch,
                }),
        })
    }

    async fn publish(
        &self,
        message: &Message,
        after: u64,
        duplicates: Duplicates,
    ) -> Result<Acknowledgement, BrokerError> {
        let keep = self.0.keep;
        let answer = self.change(|state| {
            state.up()?;
            state.life.ok_or(BrokerError::Missing)?;
            Ok::<_, BrokerError>(state.add(message, after, duplicates, keep))
        })?;
        Ok(ready(answer).boxed())
    }

    async fn clear(&self, up_to: u64) -> Result<(), BrokerError> {
        self.change(|state| {
            state.up()?;
            while state.first() <= up_to && state.messages.pop_front().is_some() {}
            Ok(())
        })
    }

    async fn subscribe(&self) -> Result<Subscription, BrokerError> {
        let state = self.state();
        state.up()?;
        let reading = Reading {
            broker: self.clone(),
            life: state.life.ok_or(BrokerError::Missing)?,
            after: state.sequence.saturating_sub(1),
            ended: false,
        };
        Ok(stream::unfold(reading, |mut reading| async move {
            if reading.ended {
                return None;
            }
            let next = reading.next().await;
            reading.ended = next.is_err();
            Some((next, reading))
        })
        .boxed())
    }
}

impl Reading {
    async fn next(&mut self) -> Result<Message, BrokerError> {
        let shared = Arc::clone(&self.broker.0);
        loop {
            // Made before the look, so that no change is missed in between.
            let change = shared.changes.notified();
            {
                let state = self.broker.state();
                state.up()?;
                if state.life != Some(self.life) {
                    return Err(BrokerError::Lost("the stream is gone".into()));
                }
                self.after = self.after.max(state.first() - 1);
                if let Some(message) = state.get(self.after + 1) {
                    self.after += 1;
                    return Ok(message.clone());
                }
            }
            change.await;
        }
    }
}
