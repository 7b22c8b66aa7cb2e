//! Commands: what was answered was done, once, and is remembered as it was answered.

use super::{
    super::{
        clients::{self, Answer},
        world::World,
    },
    Wrong,
    history::History,
};
use domain::{
    Command, CommandId, Event, EventId, Recorded, RefusalKind, Version,
    order::{OrderCommand, OrderEvent},
    stock::{StockCommand, StockEvent},
};
use std::collections::{BTreeMap, BTreeSet};
use store::{
    CommandRecord,
    lane::{Executed, LaneError, Outcome},
};

pub(super) fn check(history: &History, world: &World, wrong: &Wrong<'_>) {
    let commands: BTreeSet<CommandId> = history
        .events
        .iter()
        .map(|event| event.envelope.command_id)
        .collect();
    for id in commands {
        whole(history, id, wrong);
    }
    let answers = world.journal.answers();
    let mut first_hand: BTreeMap<CommandId, u32> = BTreeMap::new();
    for answer in &answers {
        let id = answer.asked.id;
        match &answer.told {
            Ok(executed) if never_recorded(executed) => {}
            Ok(executed) => {
                *first_hand.entry(id).or_default() += u32::from(!executed.replayed);
                kept(history, answer, executed, wrong);
            }
            Err(error) => honest(history, world, answer, error, wrong),
        }
    }
    for (id, times) in first_hand {
        wrong.unless(times <= 1, || {
            format!("command {id} was executed {times} times")
        });
    }
}

/// What breaks a rule of meaning is refused and not remembered.
fn never_recorded(executed: &Executed) -> bool {
    matches!(&executed.outcome, Outcome::Refused(refusal) if refusal.kind == RefusalKind::Meaning)
}

/// The events of a command were appended together, with its record.
fn whole(history: &History, id: CommandId, wrong: &Wrong<'_>) {
    let events = history.of(id);
    let Some(record) = history.records.get(&id) else {
        wrong.unless(false, || {
            format!("there are events of command {id}, but no record")
        });
        return;
    };
    for (index, event) in events.iter().enumerate() {
        let envelope = &event.envelope;
        let due = events[0].envelope.position.plus(index * history.step);
        wrong.unless(envelope.position == due, || {
            format!("the events of command {id} are not together: {due} is not its")
        });
        wrong.unless(envelope.event_id == EventId::of(id, index), || {
            format!("event {index} of command {id} has another id")
        });
    }
    let last = events.last().map(|event| event.envelope.position);
    wrong.unless(last == Some(record.position), || {
        format!(
            "command {id} ends at {last:?}, its record says {}",
            record.position
        )
    });
    wrong.unless(record.refusal.is_none(), || {
        format!("command {id} was refused, and has events")
    });
    wrong.unless(record.version == version_at(history, record), || {
        format!("the record of command {id} has version {}", record.version)
    });
}

/// The version of a record's stream at its position.
fn version_at(history: &History, record: &CommandRecord) -> Version {
    let before = history.events.iter().rev().find(|event| {
        event.envelope.position <= record.position && event.envelope.stream == record.stream
    });
    before.map_or(Version::ZERO, |event| event.envelope.version)
}

/// What was answered is what is remembered, and was done.
fn kept(history: &History, answer: &Answer, executed: &Executed, wrong: &Wrong<'_>) {
    let asked = &answer.asked;
    let id = asked.id;
    let Some(record) = history.records.get(&id) else {
        wrong.unless(false, || {
            format!("command {id} was answered and is not recorded")
        });
        return;
    };
    let refusal = match &executed.outcome {
        Outcome::Accepted => None,
        Outcome::Refused(refusal) => Some(refusal),
    };
    let same = record.fingerprint == asked.fingerprint
        && record.refusal.as_ref() == refusal
        && record.stream == executed.stream
        && record.version == executed.version
        && record.position == executed.position;
    wrong.unless(same, || {
        format!("command {id} was answered with {executed:?}, and is recorded as {record:?}")
    });
    let events = history.of(id);
    if refusal.is_some() {
        wrong.unless(events.is_empty(), || {
            format!("command {id} was refused, and has events")
        });
    } else if let Some(is_effect) = effect(&asked.command) {
        let all = history.events.iter();
        let all: Vec<&Recorded> = all.filter(|event| is_effect(&event.event)).collect();
        // What comes in may be for orders that wait for it, and what is missing may be waited for.
        let follows = |event: &Event| {
            use StockEvent::{BackorderCovered, Backordered};
            matches!(event, Event::Stock(BackorderCovered(_) | Backordered(_)))
        };
        let mut own = events.iter().filter(|event| !follows(&event.event));
        let once = all.len() == 1 && own.next() == Some(&all[0]) && own.next().is_none();
        wrong.unless(once, || {
            format!("command {id} has its effect {} times", all.len())
        });
    }
}

/// Whether an event is what a command leads to.
type Effect<'a> = Box<dyn Fn(&Event) -> bool + 'a>;

/// Tells the one event that a command of a client leads to, where that is certain.
fn effect(command: &Command) -> Option<Effect<'_>> {
    match command {
        Command::Order(id, OrderCommand::Place(_)) => Some(Box::new(
            move |event| matches!(event, Event::Order(OrderEvent::OrderPlaced(event)) if event.order_id == *id),
        )),
        Command::Order(_, OrderCommand::AddNote(note)) => Some(Box::new(
            move |event| matches!(event, Event::Order(OrderEvent::NoteAdded(event)) if event.note_id == note.note_id),
        )),
        Command::Stock(StockCommand::Receive(receipt)) => Some(Box::new(
            move |event| matches!(event, Event::Stock(StockEvent::StockReceived(event)) if event.receipt_id == receipt.receipt_id),
        )),
        Command::Stock(StockCommand::Adjust(count)) => Some(Box::new(
            move |event| matches!(event, Event::Stock(StockEvent::StockAdjusted(event)) if event.adjustment_id == count.adjustment_id),
        )),
        _ => None,
    }
}

/// What was answered with an error is as the error says.
fn honest(history: &History, world: &World, answer: &Answer, error: &LaneError, wrong: &Wrong<'_>) {
    let id = answer.asked.id;
    let record = history.records.get(&id);
    let own = record.filter(|record| record.fingerprint == answer.asked.fingerprint);
    match error {
        LaneError::VersionMismatch { .. } => wrong.unless(own.is_none(), || {
            format!("command {id} was answered with {error:?}, and was done")
        }),
        LaneError::KeyReused => {
            let others = clients::of(&world.journal, id).len() > 1;
            wrong.unless(others && own.is_none() && record.is_some(), || {
                format!("command {id} was said to be another's, which is not so")
            });
        }
        LaneError::Broken(why) => wrong.unless(false, || {
            format!("command {id} was answered with a broken store: {why:?}")
        }),
        LaneError::NoStreams => {
            wrong.unless(false, || format!("command {id} was put over no stream"))
        }
        // Nobody knows, or nothing was done then: it may have been put again.
        LaneError::Overloaded
        | LaneError::Stopped
        | LaneError::Unavailable(_)
        | LaneError::Contended => {}
    }
}
