//! One attempt at a batch: load, decide, append, answer.

use super::{
    Executed, Job, LaneError, Outcome,
    cache::{StateCache, WorkingSet},
    decide::Decided,
    draft::Draft,
    intake::Intake,
    spans,
};
use crate::{Append, AppendOutcome, CommandRecord, EventStore, StoreError};
use domain::{CommandEnvelope, CommandId, StreamId};
use std::{collections::HashSet, mem, sync::Arc};
use traces::TraceContext;

/// How many appends that were tried alone may fail one after the other before the rest of their
/// batch is given up: then it is not about some of the commands.
const FAILED_ALONE: usize = 8;

/// A command of the batch, with the streams it is decided over.
pub(super) struct Pending {
    pub job: Job,
    /// The one that it is about first; at least that.
    pub streams: Vec<StreamId>,
    /// How often it was decided already.
    pub attempts: u32,
    /// What its spans follow from, if they are recorded.
    pub trace: Option<TraceContext>,
}

impl Pending {
    /// The job, unless its command is about nothing: that is answered here.
    pub(super) fn new(job: Job) -> Option<Self> {
        let streams = job.command.command.streams(&job.command.tenant);
        let trace = traces::recorded(job.command.traceparent.as_deref());
        let pending = Self {
            job,
            streams,
            attempts: 0,
            trace,
        };
        if pending.streams.is_empty() {
            pending.answer(Err(LaneError::NoStreams));
            return None;
        }
        Some(pending)
    }

    /// The stream that it is about.
    pub(super) fn primary(&self) -> &StreamId {
        &self.streams[0]
    }

    pub(super) fn answer(self, answer: Result<Executed, LaneError>) {
        // Whoever asked may have gone; the command is executed all the same.
        let _ = self.job.answer.send(answer);
    }
}

/// What an attempt leaves to be done: commands to decide again, and why they could not be done.
pub(super) type Left = (Vec<Pending>, Option<StoreError>);

/// Decides `batch` on top of `draft`, appends all of it, and answers what is settled; returns the rest.
/// While it is appended, what comes in meanwhile is decided. `draft` stays as it is where `batch` cannot
/// be decided.
pub(super) async fn attempt(
    store: &dyn EventStore,
    cache: &mut StateCache,
    draft: &mut Draft,
    batch: Vec<Pending>,
    intake: &mut Intake,
) -> Left {
    match gather(store, cache, &draft.states, &batch).await {
        Ok(states) => draft.states.add(states),
        Err(error) => return (batch, Some(error)),
    }
    let mut draft = mem::take(draft);
    draft.reserve(batch.len());
    for pending in answer_unreadable(batch, &draft.states) {
        draft.add(pending);
    }
    let mut spans = Vec::with_capacity(draft.appends.len());
    for (append, settled) in draft.appends.iter_mut().zip(&draft.decided) {
        spans.push(spans::appending(store, &settled.pending, append));
    }
    let appended = match draft.appends.is_empty() {
        true => Ok(vec![]),
        false => {
            let appending = append(store, &draft.appends);
            intake.while_appending(appending, cache, &draft).await
        }
    };
    let outcomes = match appended {
        Ok(outcomes) => outcomes,
        // What was decided may or may not have been done, so none of these states can be kept.
        Err(error) => {
            for span in spans {
                spans::failed(span, &error);
            }
            return (draft.undone(), Some(error));
        }
    };
    let Draft {
        mut states,
        appends,
        decided,
        unrecorded,
        mut left,
        ..
    } = draft;
    for pending in &left {
        states.doubt(pending.primary());
    }
    for ((settled, span), outcome) in decided.into_iter().zip(spans).zip(outcomes) {
        left.extend(match outcome {
            Alone::Settled(outcome) => {
                spans::appended(span, appends.len(), &outcome);
                settle(settled, outcome, &mut states)
            }
            Alone::Failed(error) => {
                spans::failed(span, &error);
                fail(settled, error, &mut states)
            }
            Alone::Moot => again(settled, &mut states),
        });
    }
    let error = refuse(store, unrecorded, &states, &mut left).await.err();
    cache.put_back(states);
    (left, error)
}

/// Appends all of a batch; one by one if it is refused as a whole.
async fn append(store: &dyn EventStore, appends: &[Append]) -> Result<Vec<Alone>, StoreError> {
    match store.append(appends).await {
        Err(error) if !error.is_transient() && appends.len() > 1 => {
            tracing::warn!(%error, appends = appends.len(), "appending one by one");
            append_alone(store, appends).await
        }
        Err(error) if !error.is_transient() => Ok(vec![Alone::Failed(Arc::new(error))]),
        appended => appended.map(|outcomes| outcomes.into_iter().map(Alone::Settled).collect()),
    }
}

/// Answers the commands on streams that cannot be read; gives back the others.
fn answer_unreadable(batch: Vec<Pending>, states: &WorkingSet) -> Vec<Pending> {
    let readable = batch.into_iter().filter_map(|pending| {
        let Some(error) = states.objection(&pending.streams) else {
            return Some(pending);
        };
        let error = LaneError::Broken(Arc::clone(error));
        pending.answer(Err(error));
        None
    });
    readable.collect()
}

/// What became of an append whose batch as a whole could not be appended.
enum Alone {
    Settled(AppendOutcome),
    Failed(Arc<StoreError>),
    /// It was decided on an earlier one that was not done.
    Moot,
}

/// Does the appends of a batch that was refused as a whole, one by one, so that only those fail
/// that are the reason. An error may pass by itself: then the rest is to be decided again.
async fn append_alone(
    store: &dyn EventStore,
    appends: &[Append],
) -> Result<Vec<Alone>, StoreError> {
    let mut outcomes = Vec::with_capacity(appends.len());
    let mut undone: HashSet<&StreamId> = HashSet::new();
    let mut failures = 0;
    let mut last: Option<Arc<StoreError>> = None;
    for append in appends {
        let streams = append.streams.iter().map(|stream| &stream.stream);
        let outcome = match &last {
            Some(error) if failures >= FAILED_ALONE => Alone::Failed(Arc::clone(error)),
            _ if streams.clone().any(|stream| undone.contains(stream)) => Alone::Moot,
            _ => match store.append(std::slice::from_ref(append)).await {
                Ok(outcomes) => match outcomes.into_iter().next() {
                    Some(outcome) => Alone::Settled(outcome),
                    None => Alone::Moot,
                },
                Err(error) if error.is_transient() => return Err(error),
                Err(error) => Alone::Failed(Arc::new(error)),
            },
        };
        match &outcome {
            Alone::Settled(AppendOutcome::Done { .. }) => failures = 0,
            Alone::Failed(error) => {
                failures += 1;
                last = Some(Arc::clone(error));
                undone.extend(streams);
            }
            Alone::Settled(_) | Alone::Moot => undone.extend(streams),
        }
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

/// Gives the answers that are not recorded, because of what is in the streams: unless the commands
/// were executed before, and what they did themselves is why.
async fn refuse(
    store: &dyn EventStore,
    unrecorded: Vec<(Pending, Result<Executed, LaneError>)>,
    states: &WorkingSet,
    left: &mut Vec<Pending>,
) -> Result<(), StoreError> {
    let (unrecorded, unsure): (Vec<_>, Vec<_>) = unrecorded
        .into_iter()
        .partition(|(pending, _)| states.get(pending.primary()).is_some());
    // They were compared with what turned out not to be.
    left.extend(unsure.into_iter().map(|(pending, _)| pending));
    if unrecorded.is_empty() {
        return Ok(());
    }
    let ids: Vec<CommandId> = unrecorded
        .iter()
        .map(|(pending, _)| pending.job.command.id)
        .collect();
    let records = match store.find_commands(&ids).await {
        Ok(records) => records,
        Err(error) if error.is_transient() => {
            left.extend(unrecorded.into_iter().map(|(pending, _)| pending));
            return Err(error);
        }
        Err(error) => {
            tracing::error!(%error, commands = unrecorded.len(), "commands cannot be looked up");
            let error = LaneError::from(error);
            for (pending, _) in unrecorded {
                pending.answer(Err(error.clone()));
            }
            return Ok(());
        }
    };
    for (pending, answer) in unrecorded {
        let id = pending.job.command.id;
        let record = records.iter().find(|record| record.id == id);
        let answer = match record {
            Some(record) => replay(&pending.job.command, record.clone()),
            None => answer,
        };
        pending.answer(answer);
    }
    Ok(())
}

/// Brings together the states of all streams of the batch, but for those that are `known`.
async fn gather(
    store: &dyn EventStore,
    cache: &mut StateCache,
    known: &WorkingSet,
    batch: &[Pending],
) -> Result<WorkingSet, StoreError> {
    let mut states = WorkingSet::default();
    let mut missing = Vec::new();
    let mut seen = HashSet::new();
    for pending in batch {
        for stream in &pending.streams {
            if !seen.insert(stream) || known.knows(stream) {
                continue;
            }
            match cache.take(stream) {
                Some(cached) if cached.doubted => missing.push((stream.clone(), Some(cached))),
                Some(cached) => states.insert(stream.clone(), cached),
                None if pending.attempts == 0 && pending.job.command.command.begins_stream() => {
                    states.insert_empty(stream.clone());
                }
                None => missing.push((stream.clone(), None)),
            }
        }
    }
    if !missing.is_empty() {
        states.load(store, missing).await?;
    }
    Ok(states)
}

/// Answers a command whose append is settled; gives it back if it must be decided again.
fn settle(decided: Decided, outcome: AppendOutcome, states: &mut WorkingSet) -> Option<Pending> {
    let Decided {
        pending,
        version,
        outcome: decision,
        again,
        state,
    } = decided;
    match outcome {
        AppendOutcome::Done { position } => {
            let stream = pending.primary().clone();
            let executed = Executed {
                outcome: decision,
                stream,
                version,
                position,
                replayed: again,
                state,
            };
            pending.answer(Ok(executed));
            return None;
        }
        AppendOutcome::Duplicate(_) | AppendOutcome::Conflict { .. } => {
            for stream in &pending.streams {
                states.forget(stream);
            }
        }
    }
    match outcome {
        AppendOutcome::Duplicate(record) => {
            let answer = replay(&pending.job.command, record);
            pending.answer(answer);
            None
        }
        _ => Some(pending),
    }
}

/// Answers a command whose append the store refuses for good.
fn fail(decided: Decided, error: Arc<StoreError>, states: &mut WorkingSet) -> Option<Pending> {
    let pending = again(decided, states)?;
    let id = pending.job.command.id;
    tracing::error!(
        %error,
        source = ?std::error::Error::source(&*error),
        command = %id,
        "the command {id} failed"
    );
    pending.answer(Err(LaneError::Broken(error)));
    None
}

/// Gives back a command that was decided on what turned out not to be.
fn again(decided: Decided, states: &mut WorkingSet) -> Option<Pending> {
    for stream in &decided.pending.streams {
        states.forget(stream);
    }
    Some(decided.pending)
}

/// The first answer again, if it is the same command.
fn replay(command: &CommandEnvelope, record: CommandRecord) -> Result<Executed, LaneError> {
    if record.fingerprint != command.fingerprint {
        return Err(LaneError::KeyReused);
    }
    Ok(Executed {
        outcome: record.refusal.map_or(Outcome::Accepted, Outcome::Refused),
        stream: record.stream,
        version: record.version,
        position: record.position,
        replayed: true,
        state: None,
    })
}
