//! What a command of a batch is decided to.

use super::{Executed, Outcome, batch::Pending, cache::WorkingSet};
use crate::{Answer, Append, NewEvent, StreamAppend};
use domain::{CommandEnvelope, Event, Position, Refusal, RefusalKind, State, StreamId, Version};
use std::sync::Arc;

/// A command that was decided, and waits for its append.
pub(super) struct Decided {
    pub(super) pending: Pending,
    pub(super) version: Version,
    pub(super) outcome: Outcome,
    /// Whether the stream that it begins had begun with the same.
    pub(super) again: bool,
    pub(super) state: Option<Arc<State>>,
}

/// What a command is decided to.
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every command is appended: a box would cost it an allocation"
)]
pub(super) enum Decision {
    /// It is to be appended.
    Append(Append, Decided),
    /// It has this answer, unless it was executed before.
    Unrecorded(Pending, Executed),
    /// It was answered.
    Answered,
}

/// Decides a command over the states so far, and lets its events change them.
///
/// What breaks a rule of meaning does so in every state: it is answered at once, and not
/// remembered, so that it may be put right under the same id. What would begin a stream that has
/// begun otherwise is not remembered either: the stream itself says so for ever, and a record would
/// stand in the way of the command that did begin it, once that one's own is forgotten.
pub(super) fn decide(pending: Pending, states: &mut WorkingSet) -> Decision {
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
            let executed = unrecorded(&pending, states, refusal);
            pending.answer(Ok(executed));
            return Decision::Answered;
        }
        Err(refusal) if command.command.begins_stream() => {
            let executed = unrecorded(&pending, states, refusal);
            return Decision::Unrecorded(pending, executed);
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
    // Notes on an order must not keep others from what is reserved for it, with all that was decided
    // on top of that.
    let looked_at = match events.iter().all(Vec::is_empty) {
        true => 0,
        false => command.command.looks_at(),
    };
    let held = &pending.streams[..pending.streams.len() - looked_at];
    let append = append(command, held, &versions, &events, answer);
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
    Decision::Append(append, decided)
}

fn unrecorded(pending: &Pending, states: &WorkingSet, refusal: Refusal) -> Executed {
    let stream = pending.primary().clone();
    let version = states
        .get(&stream)
        .map_or(Version::ZERO, |cached| cached.version);
    Executed {
        outcome: Outcome::Refused(refusal),
        stream,
        version,
        position: Position::ZERO,
        replayed: false,
        state: None,
    }
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
