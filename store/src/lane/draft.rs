//! A batch in the making: what is decided, and waits to be appended together.

use super::{
    Executed, LaneError,
    batch::Pending,
    cache::WorkingSet,
    decide::{Decided, Decision, decide},
    spans,
};
use crate::Append;
use domain::CommandId;
use std::collections::HashSet;

/// Decided commands, and the states that they lead to.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) states: WorkingSet,
    pub(super) appends: Vec<Append>,
    /// Those who wait for an append each, in the order of `appends`.
    pub(super) decided: Vec<Decided>,
    /// Those whose answers are not recorded.
    pub(super) unrecorded: Vec<(Pending, Result<Executed, LaneError>)>,
    /// Those to be decided again, on states that are read anew.
    pub(super) left: Vec<Pending>,
    ids: HashSet<CommandId>,
    streams: usize,
}

impl Draft {
    /// How many commands were added.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// How many streams they were decided over, one that several share as often.
    pub(super) const fn streams(&self) -> usize {
        self.streams
    }

    pub(super) fn has(&self, id: CommandId) -> bool {
        self.ids.contains(&id)
    }

    /// Whether what `pending` is decided over, or it itself, is in this batch: then it must wait until
    /// it is known what becomes of that.
    pub(super) fn concerns(&self, pending: &Pending) -> bool {
        self.has(pending.job.command.id)
            || pending
                .streams
                .iter()
                .any(|stream| self.states.knows(stream))
    }

    /// Makes room for as many more.
    pub(super) fn reserve(&mut self, more: usize) {
        self.appends.reserve(more);
        self.decided.reserve(more);
        self.ids.reserve(more);
    }

    /// Decides a command, whose states are there.
    pub(super) fn add(&mut self, mut pending: Pending) {
        self.ids.insert(pending.job.command.id);
        self.streams += pending.streams.len();
        pending.attempts += 1;
        match check_expected(&pending, &self.states) {
            Expected::Met => {}
            Expected::Stale => {
                // The state may be older than what the asker saw: look again before refusing.
                self.left.push(pending);
                return;
            }
            Expected::Missed(error) => {
                self.unrecorded.push((pending, Err(error)));
                return;
            }
        }
        let span = spans::deciding(&pending);
        let decision = decide(pending, &mut self.states);
        spans::decided(span, &decision);
        match decision {
            Decision::Append(append, settled) => {
                self.appends.push(append);
                self.decided.push(settled);
            }
            Decision::Unrecorded(pending, executed) => {
                self.unrecorded.push((pending, Ok(executed)));
            }
            Decision::Answered => {}
        }
    }

    /// All who wait for an answer, since nothing was done.
    pub(super) fn undone(self) -> Vec<Pending> {
        let unrecorded = self.unrecorded.into_iter().map(|(pending, _)| pending);
        let decided = self.decided.into_iter().map(|settled| settled.pending);
        let mut all = self.left;
        all.extend(unrecorded.chain(decided));
        all
    }
}

enum Expected {
    Met,
    Stale,
    Missed(LaneError),
}

fn check_expected(pending: &Pending, states: &WorkingSet) -> Expected {
    let (Some(expected), Some(primary)) = (pending.job.command.expected, pending.streams.first())
    else {
        return Expected::Met;
    };
    match states.get(primary) {
        Some(cached) if cached.version == expected => Expected::Met,
        Some(cached) if cached.fresh => Expected::Missed(LaneError::VersionMismatch {
            expected,
            current: cached.version,
        }),
        _ => Expected::Stale,
    }
}
