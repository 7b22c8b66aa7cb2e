//! What comes in while a batch is appended.
//!
//! The store works on one batch at a time, and while it does, the lane would have nothing to do. So it
//! decides what will be the next batch: only commands that have nothing to do with the one that is
//! appended, over states that are at hand. Whatever becomes of that batch, these decisions stand. All
//! others wait for it, and so does what comes after them over the same streams. Of what is put in turn,
//! nothing is decided ahead, since its order counts over all streams.

use super::{Job, LaneOptions, batch::Pending, cache::StateCache, draft::Draft};
use domain::{CommandId, StreamId};
use std::{collections::HashSet, mem, pin::pin};
use tokio::sync::mpsc::Receiver;

/// The way in, and what has come.
pub(super) struct Intake {
    jobs: Receiver<Job>,
    max_batch: usize,
    max_streams: usize,
    /// Decided already.
    ahead: Draft,
    /// Not decided yet, in the order in which they came.
    waiting: Vec<Pending>,
}

/// What waits, as far as others must wait behind it.
#[derive(Default)]
struct Queue {
    ids: HashSet<CommandId>,
    streams: HashSet<StreamId>,
    /// One that several share counts as often.
    count: usize,
}

impl Queue {
    fn add(&mut self, pending: &Pending) {
        self.ids.insert(pending.job.command.id);
        self.streams.extend(pending.streams.iter().cloned());
        self.count += pending.streams.len();
    }

    fn concerns(&self, pending: &Pending) -> bool {
        !self.ids.is_empty()
            && (self.ids.contains(&pending.job.command.id)
                || pending
                    .streams
                    .iter()
                    .any(|stream| self.streams.contains(stream)))
    }
}

impl Intake {
    pub(super) fn new(jobs: Receiver<Job>, options: &LaneOptions) -> Self {
        Self {
            jobs,
            max_batch: options.max_batch,
            max_streams: options.max_batch_streams,
            ahead: Draft::default(),
            waiting: Vec::with_capacity(options.max_batch),
        }
    }

    /// Lets nobody in any more. What has come in is still done.
    pub(super) fn close(&mut self) {
        self.jobs.close();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.jobs.is_closed()
    }

    /// Whether there is nothing to be done.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.ahead.len() == 0
    }

    /// How many commands wait for a later batch than the next.
    pub(super) fn depth(&self) -> usize {
        self.waiting.len() + self.jobs.len()
    }

    fn room(&self) -> usize {
        let taken = self.waiting.len() + self.ahead.len();
        self.max_batch.saturating_sub(taken)
    }

    /// Waits for the first command; `false` if none will come any more.
    pub(super) async fn first(&mut self) -> bool {
        match self.jobs.recv().await {
            Some(job) => {
                self.waiting.extend(Pending::new(job));
                true
            }
            None => false,
        }
    }

    /// The next batch: what was decided already, and what is to be decided on top of that, with what has
    /// come since. That is the longest run, from its front, that is within the bounds and has no command
    /// id twice, so that a repetition finds the record of the first.
    pub(super) fn next_batch(&mut self) -> (Draft, Vec<Pending>) {
        for _ in 0..self.room() {
            let Ok(job) = self.jobs.try_recv() else {
                break;
            };
            self.waiting.extend(Pending::new(job));
        }
        let draft = mem::take(&mut self.ahead);
        let mut ids = HashSet::with_capacity(self.waiting.len());
        let mut streams = draft.streams();
        let mut batch = Vec::with_capacity(self.waiting.len());
        let mut rest = Vec::new();
        for pending in self.waiting.drain(..) {
            let id = pending.job.command.id;
            if !rest.is_empty() || draft.has(id) || !ids.insert(id) {
                rest.push(pending);
                continue;
            }
            streams += pending.streams.len();
            let is_empty = batch.is_empty() && draft.len() == 0;
            match streams > self.max_streams && !is_empty {
                true => rest.push(pending),
                false => batch.push(pending),
            }
        }
        self.waiting = rest;
        (draft, batch)
    }

    /// What `appending` comes to. Meanwhile what comes in is decided, unless it has to do with
    /// `appended`, which is what is appended.
    pub(super) async fn while_appending<T>(
        &mut self,
        appending: impl Future<Output = T>,
        cache: &mut StateCache,
        appended: &Draft,
    ) -> T {
        let mut appending = pin!(appending);
        let mut queue = Queue::default();
        for pending in &self.waiting {
            queue.add(pending);
        }
        let mut comes = true;
        loop {
            tokio::select! {
                biased;
                outcome = &mut appending => return outcome,
                job = self.jobs.recv(), if comes && self.room() > 0 => match job.map(Pending::new) {
                    Some(None) => {}
                    Some(Some(pending)) => {
                        let waits = queue.concerns(&pending)
                            || appended.concerns(&pending)
                            || !self.is_ready(&pending, queue.count, cache);
                        if waits {
                            queue.add(&pending);
                            self.waiting.push(pending);
                        } else {
                            self.ahead.add(pending);
                        }
                    }
                    None => comes = false,
                },
            }
        }
    }

    /// Whether a command can be decided now: then its states are with those of the next batch. That has
    /// room for what waits first, over `waiting` streams.
    fn is_ready(&mut self, pending: &Pending, waiting: usize, cache: &mut StateCache) -> bool {
        let command = &pending.job.command;
        let streams = self.ahead.streams() + waiting + pending.streams.len();
        // Who expects a version may have to be told by what is read anew.
        if pending.job.in_turn
            || command.expected.is_some()
            || self.ahead.has(command.id)
            || streams > self.max_streams
        {
            return false;
        }
        let begins = command.command.begins_stream();
        let states = &mut self.ahead.states;
        let at_hand =
            |stream: &StreamId| states.knows(stream) || cache.is_good(stream).unwrap_or(begins);
        if !pending.streams.iter().all(at_hand) {
            return false;
        }
        for stream in &pending.streams {
            if states.knows(stream) {
                continue;
            }
            match cache.take(stream) {
                Some(cached) => states.insert(stream.clone(), cached),
                None => states.insert_empty(stream.clone()),
            }
        }
        true
    }
}
