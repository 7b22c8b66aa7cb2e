//! Appending a batch: one call if nothing stands against it, and one to see where it is.

use super::{
    commands::{self, LastEvent},
    connection::Connections,
    event::{self, Read},
    reading::Question,
    wire::{AppendRecord, Check},
    writing::NotAppended,
};
use crate::{
    Append, AppendOutcome, CommandRecord, StoreError,
    plan::{Missed, Plan, Verdict, check_rules, plan_on},
};
use domain::{CommandId, Position, StreamId, Version};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

mod learned;
mod parts;

use learned::Learned;
use parts::parts;

/// How often a part is tried. Each time but the first, either what stood against it has been taken
/// out, or another process has made progress.
const ROUNDS: usize = 16;

/// How far a batch has come.
struct Progress<'a> {
    outcomes: Vec<AppendOutcome>,
    missed: Missed<'a>,
    /// The last event that it has appended, and where.
    last: Option<(LastEvent, Position)>,
}

/// Appends `batch`; says also where the head is afterwards, if it moved.
pub(super) async fn append(
    connections: &Connections,
    batch: &[Append],
) -> Result<(Vec<AppendOutcome>, Option<Position>), StoreError> {
    check_rules(batch)?;
    let mut progress = Progress {
        outcomes: Vec::with_capacity(batch.len()),
        missed: Missed::default(),
        last: None,
    };
    for part in parts(batch, connections.options().bytes_at_once()) {
        rounds(connections, part, &mut progress).await?;
    }
    let head = progress.last.map(|(_, position)| position);
    Ok((progress.outcomes, head))
}

async fn rounds<'a>(
    connections: &Connections,
    part: &'a [Append],
    progress: &mut Progress<'a>,
) -> Result<(), StoreError> {
    let mut learned = Learned::default();
    for _ in 0..ROUNDS {
        let mut plan = plan_on(progress.missed.clone(), part, &learned);
        // What was recorded before is a duplicate, also where it would conflict now.
        while learned.look_up(connections, part, &plan).await? {
            plan = plan_on(progress.missed.clone(), part, &learned);
        }
        let request = match request(connections, part, &plan, &learned, progress).await? {
            Some(request) => request,
            None => {
                let appended = HashMap::new();
                return finish(connections, part, plan, learned, &appended, None, progress).await;
            }
        };
        let Request {
            records,
            checks,
            events,
            head,
        } = request;
        match connections.append(records, checks).await {
            Ok(appended) => {
                let end = Position::new(appended.position);
                let places = places(connections, end, &events).await?;
                return finish(connections, part, plan, learned, &places, head, progress).await;
            }
            Err(NotAppended::Violated(violations)) if !violations.is_empty() => {
                learned.learn(connections, violations).await?;
            }
            Err(NotAppended::Violated(_)) => {
                learned.look(connections, part).await?;
                if plan_on(progress.missed.clone(), part, &learned).verdicts == plan.verdicts {
                    return Err(StoreError::Unavailable(
                        "the server objects, and nothing shows to what".into(),
                    ));
                }
            }
            Err(NotAppended::Broken(error)) => {
                // If that cannot be looked up now, it may still have been done.
                let looked = learned.look(connections, part).await;
                if looked.is_err()
                    || plan_on(progress.missed.clone(), part, &learned).verdicts == plan.verdicts
                {
                    return Err(error);
                }
            }
            Err(NotAppended::Store(error)) => return Err(error),
        }
        tracing::debug!("a batch was undone");
    }
    Err(StoreError::Unavailable(
        "other processes were faster every time".into(),
    ))
}

/// What is sent.
struct Request {
    records: Vec<AppendRecord>,
    checks: Vec<Check>,
    /// The ids of the events, the last first.
    events: Vec<Uuid>,
    /// Where the head was, if an append without events has to know.
    head: Option<Position>,
}

/// What is to be sent for `plan`, if anything.
async fn request(
    connections: &Connections,
    part: &[Append],
    plan: &Plan<'_>,
    learned: &Learned,
    progress: &Progress<'_>,
) -> Result<Option<Request>, StoreError> {
    let done = || {
        let appends = part.iter().zip(&plan.verdicts);
        appends.filter_map(|(append, verdict)| (*verdict == Verdict::Append).then_some(append))
    };
    let Some(first) = done().next() else {
        return Ok(None);
    };
    let mut last = progress.last.as_ref().map(|(last, _)| last.clone());
    let mut head = None;
    if last.is_none() && first.event_count() == 0 {
        let position = super::head(connections).await?;
        head = Some(position);
        last = Some(LastEvent::Position(position));
    }
    let keep = connections.options().keeping_commands();
    let (mut records, mut events) = (Vec::new(), Vec::new());
    let mut checks: Vec<_> = plan
        .assumed
        .iter()
        .map(|(stream, version)| {
            Check::state(
                connections.names().of_events(stream.as_str()),
                version.get() - 1,
            )
        })
        .collect();
    for append in done() {
        for stream in &append.streams {
            for (nr, event) in stream.events.iter().enumerate() {
                records.push(event::encode(connections.names(), append, stream, event));
                events.push(event.id.uuid());
                let version = stream.expected.plus(nr + 1);
                last = Some(LastEvent::Version(
                    stream.stream.as_str().to_owned(),
                    version,
                ));
            }
        }
        let at = last.clone().unwrap_or(LastEvent::Position(Position::ZERO));
        records.extend(commands::encode(connections.names(), append, at, keep)?);
        let id = append.command_id;
        checks.push(Check::state(
            connections.names().of_command(id),
            learned.record_at(id),
        ));
    }
    events.reverse();
    Ok(Some(Request {
        records,
        checks,
        events,
        head,
    }))
}

/// Where the events are that were just appended: the last before `end`, which is where the last
/// record is.
async fn places(
    connections: &Connections,
    end: Position,
    events: &[Uuid],
) -> Result<HashMap<Uuid, Position>, StoreError> {
    if events.is_empty() {
        return Ok(HashMap::new());
    }
    let question = Question::all_before(connections.names(), Some(end), events.len());
    let unknown = |error: StoreError| match error {
        StoreError::Unavailable(source) => StoreError::OutcomeUnknown(source),
        other => other,
    };
    let read = connections
        .read("looking where events are", &question)
        .await
        .map_err(unknown)?;
    let place = |read: &Read| Ok((read.id()?.uuid(), read.position()?));
    let places: HashMap<_, _> = read.iter().map(place).collect::<Result<_, StoreError>>()?;
    match events.iter().all(|id| places.contains_key(id)) {
        true => Ok(places),
        false => Err(StoreError::OutcomeUnknown(
            "the server does not show what it has appended".into(),
        )),
    }
}

/// Adds the outcomes of a part that is settled.
async fn finish<'a>(
    connections: &Connections,
    part: &'a [Append],
    plan: Plan<'a>,
    learned: Learned,
    places: &HashMap<Uuid, Position>,
    head: Option<Position>,
    progress: &mut Progress<'a>,
) -> Result<(), StoreError> {
    let repeated = repeated(connections, part, &plan, &learned).await?;
    let mut last = progress.last.take();
    for (append, verdict) in part.iter().zip(&plan.verdicts) {
        progress.outcomes.push(match verdict {
            Verdict::Conflict(at) => AppendOutcome::Conflict {
                stream: append.streams[*at].stream.clone(),
            },
            Verdict::Duplicate => {
                let id = append.command_id;
                let record = learned.command(id).or_else(|| repeated.get(&id));
                let record = record.ok_or_else(|| {
                    StoreError::Unavailable("the record of a command is gone meanwhile".into())
                })?;
                AppendOutcome::Duplicate(record.clone())
            }
            Verdict::Append => {
                if let Some((stream, version, id)) = last_event(append) {
                    let position = places[&id.uuid()];
                    last = Some((
                        LastEvent::Version(stream.as_str().to_owned(), version),
                        position,
                    ));
                }
                let position = last.as_ref().map(|(_, position)| *position);
                let position = position.or(head).unwrap_or(Position::ZERO);
                AppendOutcome::Done { position }
            }
        });
    }
    progress.last = last;
    progress.missed = plan.missed;
    Ok(())
}

/// The records of commands that are twice in this part, and of which the first was done.
async fn repeated(
    connections: &Connections,
    part: &[Append],
    plan: &Plan<'_>,
    learned: &Learned,
) -> Result<HashMap<CommandId, CommandRecord>, StoreError> {
    let appends = part.iter().zip(&plan.verdicts);
    let repeated = appends.filter_map(|(append, verdict)| {
        let id = append.command_id;
        (*verdict == Verdict::Duplicate && learned.command(id).is_none()).then_some(id)
    });
    let ids: HashSet<CommandId> = repeated.collect();
    let ids: Vec<CommandId> = ids.into_iter().collect();
    let records = commands::find(connections, &ids).await?;
    Ok(records
        .into_iter()
        .map(|record| (record.id, record))
        .collect())
}

fn last_event(append: &Append) -> Option<(&StreamId, Version, domain::EventId)> {
    let streams = append.streams.iter().rev();
    let mut with_events = streams.filter_map(|stream| {
        let last = stream.events.last()?;
        let version = stream.expected.plus(stream.events.len());
        Some((&stream.stream, version, last.id))
    });
    with_events.next()
}
