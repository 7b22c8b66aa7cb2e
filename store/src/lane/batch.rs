//! One attempt at a batch: load, decide, append, answer.

use super::{
    Executed, Job, LaneError, Outcome,
    cache::{StateCache, WorkingSet},
};
use crate::{
    Answer, Append, AppendOutcome, CommandRecord, EventStore, NewEvent, StoreError, StreamAppend,
};
use domain::{
    CommandEnvelope, CommandId, Event, Position, Refusal, RefusalKind, State, StreamId, Version,
};
use std::{collections::HashSet, sync::Arc};

/// How many appends that were tried alone may fail one after the other before the rest of their
/// batch is given up: then it is not about some of the commands.
const FAILED_ALONE: usize = 8;

/// A command of the batch, with the streams it is decided over.
pub(super) struct Pending {
    pub job: Job,
    pub streams: Vec<StreamId>,
    /// How often it was decided already.
    pub attempts: u32,
}

impl Pending {
    pub(super) fn new(job: Job) -> Self {
        let streams = job.command.command.streams(&job.command.tenant);
        Self {
            job,
            streams,
            attempts: 0,
        }
    }

    pub(super) fn answer(self, answer: Result<Executed, LaneError>) {
        // Whoever asked may have gone; the command is executed all the same.
        let _ = self.job.answer.send(answer);
    }
}

/// A command that was decided, and waits for its append.
struct Decided {
    pending: Pending,
    version: Version,
    outcome: Outcome,
    /// Whether the stream that it begins had begun with the same.
    again: bool,
    state: Option<Arc<State>>,
}

/// What an attempt leaves to be done: commands to decide again, and why they could not be done.
pub(super) type Left = (Vec<Pending>, Option<StoreError>);

/// Decides and appends `batch`; answers what is settled and returns the rest.
pub(super) async fn attempt(
    store: &dyn EventStore,
    cache: &mut StateCache,
    batch: Vec<Pending>,
) -> Left {
    let mut states = WorkingSet::default();
    if let Err(error) = gather(store, cache, &mut states, &batch).await {
        return (batch, Some(error));
    }
    let batch = answer_unreadable(batch, &states);
    let mut left = Vec::new();
    let mut missed = Vec::new();
    let mut decided = Vec::with_capacity(batch.len());
    let mut appends = Vec::with_capacity(batch.len());
    for mut pending in batch {
        pending.attempts += 1;
        match check_expected(&pending, &states) {
            Expected::Met => {}
            Expected::Stale => {
                // The state may be older than what the asker saw: look again before refusing. Its
                // stream is left out of what is put back, so that it is loaded then.
                left.push(pending);
                continue;
            }
            Expected::Missed(error) => {
                missed.push((pending, error));
                continue;
            }
        }
        if let Some((append, settled)) = decide(pending, &mut states) {
            appends.push(append);
            decided.push(settled);
        }
    }
    for pending in &left {
        for stream in &pending.streams {
            states.forget(stream);
        }
    }
    if !appends.is_empty() {
        let appended = match store.append(&appends).await {
            Err(error) if !error.is_transient() && appends.len() > 1 => {
                tracing::warn!(%error, appends = appends.len(), "appending one by one");
                append_alone(store, &appends).await
            }
            Err(error) if !error.is_transient() => Ok(vec![Alone::Failed(Arc::new(error))]),
            appended => appended.map(|outcomes| outcomes.into_iter().map(Alone::Settled).collect()),
        };
        match appended {
            Ok(outcomes) => {
                for (settled, outcome) in decided.into_iter().zip(outcomes) {
                    left.extend(match outcome {
                        Alone::Settled(outcome) => settle(settled, outcome, &mut states),
                        Alone::Failed(error) => fail(settled, error, &mut states),
                        Alone::Moot => again(settled, &mut states),
                    });
                }
            }
            // What was decided may or may not have been done, so none of these states can be kept.
            Err(error) => {
                left.extend(missed.into_iter().map(|(pending, _)| pending));
                left.extend(decided.into_iter().map(|settled| settled.pending));
                return (left, Some(error));
            }
        }
    }
    let error = refuse(store, missed, &states, &mut left).await.err();
    cache.put_back(states);
    (left, error)
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

/// Answers commands that expect another version than there is: unless they were executed before,
/// and what they did themselves is why.
async fn refuse(
    store: &dyn EventStore,
    missed: Vec<(Pending, LaneError)>,
    states: &WorkingSet,
    left: &mut Vec<Pending>,
) -> Result<(), StoreError> {
    let (missed, unsure): (Vec<_>, Vec<_>) = missed
        .into_iter()
        .partition(|(pending, _)| states.get(&pending.streams[0]).is_some());
    // They were compared with what turned out not to be.
    left.extend(unsure.into_iter().map(|(pending, _)| pending));
    if missed.is_empty() {
        return Ok(());
    }
    let ids: Vec<CommandId> = missed
        .iter()
        .map(|(pending, _)| pending.job.command.id)
        .collect();
    let records = match store.find_commands(&ids).await {
        Ok(records) => records,
        Err(error) if error.is_transient() => {
            left.extend(missed.into_iter().map(|(pending, _)| pending));
            return Err(error);
        }
        Err(error) => {
            tracing::error!(%error, commands = missed.len(), "commands cannot be looked up");
            let error = LaneError::from(error);
            for (pending, _) in missed {
                pending.answer(Err(error.clone()));
            }
            return Ok(());
        }
    };
    for (pending, error) in missed {
        let id = pending.job.command.id;
        let record = records.iter().find(|record| record.id == id);
        let answer = match record {
            Some(record) => replay(&pending.job.command, record.clone()),
            None => Err(error),
        };
        pending.answer(answer);
    }
    Ok(())
}

/// Brings together the states of all streams of the batch.
async fn gather(
    store: &dyn EventStore,
    cache: &mut StateCache,
    states: &mut WorkingSet,
    batch: &[Pending],
) -> Result<(), StoreError> {
    let mut missing = Vec::new();
    let mut seen = HashSet::new();
    for pending in batch {
        for stream in &pending.streams {
            if !seen.insert(stream) {
                continue;
            }
            match cache.take(stream) {
                Some(cached) => states.insert(stream.clone(), cached),
                None if pending.attempts == 0 && pending.job.command.command.begins_stream() => {
                    states.insert_empty(stream.clone());
                }
                None => missing.push(stream.clone()),
            }
        }
    }
    if !missing.is_empty() {
        states.load(store, missing).await?;
    }
    Ok(())
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

/// Decides a command over the states so far, and lets its events change them.
///
/// What breaks a rule of meaning does so in every state: it is answered at once, and not
/// remembered, so that it may be put right under the same id.
fn decide(pending: Pending, states: &mut WorkingSet) -> Option<(Append, Decided)> {
    let command = &pending.job.command;
    let (decision, versions): (_, Vec<Version>) = {
        let cached: Vec<_> = pending
            .streams
            .iter()
            .filter_map(|stream| states.get(stream))
            .collect();
        let before: Vec<&State> = cached.iter().map(|cached| cached.state.as_ref()).collect();
        let versions = cached.iter().map(|cached| cached.version).collect();
        (command.command.decide(&before), versions)
    };
    let (events, outcome, answer) = match decision {
        Err(refusal) if refusal.kind == RefusalKind::Meaning => {
            answer_unrecorded(pending, states, refusal);
            return None;
        }
        Ok(events) => (events, Outcome::Accepted, Answer::Accepted),
        Err(refusal) => (
            vec![],
            Outcome::Refused(refusal.clone()),
            Answer::Refused(refusal),
        ),
    };
    let again = outcome == Outcome::Accepted
        && command.command.begins_stream()
        && events.iter().all(Vec::is_empty);
    let append = append(command, &pending.streams, &versions, &events, answer);
    for (stream, events) in pending.streams.iter().zip(&events) {
        for event in events {
            states.evolve(stream, event);
        }
    }
    let primary = pending
        .streams
        .first()
        .and_then(|stream| states.get(stream));
    let version = primary.map_or(Version::ZERO, |cached| cached.version);
    let state = primary
        .filter(|_| pending.job.wants_state)
        .map(|cached| cached.state.clone());
    let decided = Decided {
        pending,
        version,
        outcome,
        again,
        state,
    };
    Some((append, decided))
}

fn answer_unrecorded(pending: Pending, states: &WorkingSet, refusal: Refusal) {
    let stream = pending.streams[0].clone();
    let version = states
        .get(&stream)
        .map_or(Version::ZERO, |cached| cached.version);
    pending.answer(Ok(Executed {
        outcome: Outcome::Refused(refusal),
        stream,
        version,
        position: Position::ZERO,
        replayed: false,
        state: None,
    }));
}

fn append(
    command: &CommandEnvelope,
    streams: &[StreamId],
    versions: &[Version],
    events: &[Vec<Event>],
    answer: Answer,
) -> Append {
    let mut index = 0;
    let mut number = |event: &Event| {
        let new = NewEvent::of(command.id, index, event);
        index += 1;
        new
    };
    let streams = streams
        .iter()
        .zip(versions)
        .enumerate()
        .map(|(at, (stream, expected))| {
            let events = events.get(at).map(Vec::as_slice).unwrap_or_default();
            StreamAppend {
                stream: stream.clone(),
                expected: *expected,
                events: events.iter().map(&mut number).collect(),
            }
        });
    Append {
        command_id: command.id,
        fingerprint: command.fingerprint,
        tenant: command.tenant.clone(),
        actor: command.actor.clone(),
        correlation_id: command.correlation_id,
        causation_id: command.causation_id,
        traceparent: command.traceparent.clone(),
        occurred_at: command.occurred_at,
        streams: streams.collect(),
        answer,
    }
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
            let stream = pending.streams[0].clone();
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
