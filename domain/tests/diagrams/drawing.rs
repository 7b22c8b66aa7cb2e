//! How a life is drawn: by going wherever commands lead.

use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Where Mermaid's diagrams of states begin.
pub const BEGINNING: &str = "[*]";

/// The most states that a search may come to: far more than there are.
const MAX_STATES: usize = 200_000;

/// What searches have come to.
#[derive(Default)]
pub struct Drawing<S> {
    /// The events that lead from one status to another.
    ways: BTreeMap<(&'static str, &'static str), BTreeSet<&'static str>>,
    /// The statuses, as they were come to.
    order: Vec<&'static str>,
    /// A state of each.
    pub states: BTreeMap<&'static str, S>,
    /// The types of all events on the way.
    pub events: BTreeSet<&'static str>,
    /// The names of the commands that were put.
    pub commands: BTreeSet<String>,
}

/// Goes wherever commands lead from `first`, one event at a time, and notes the ways between statuses.
pub fn drawn<S: Clone + std::fmt::Debug, E: Clone>(
    first: S,
    decide: impl Fn(&S) -> Vec<Vec<E>>,
    evolve: impl Fn(S, &E) -> S,
    status: impl Fn(&S) -> &'static str,
    event_type: impl Fn(&E) -> &'static str,
) -> Drawing<S> {
    let mut seen = BTreeSet::from([format!("{first:?}")]);
    let mut drawing = Drawing {
        ways: BTreeMap::new(),
        order: vec![],
        states: BTreeMap::from([(status(&first), first.clone())]),
        events: BTreeSet::new(),
        commands: BTreeSet::new(),
    };
    let mut waiting = VecDeque::from([first]);
    while let Some(state) = waiting.pop_front() {
        for events in decide(&state) {
            let mut reached = state.clone();
            for event in &events {
                let from = status(&reached);
                reached = evolve(reached, event);
                let to = status(&reached);
                drawing.events.insert(event_type(event));
                drawing.goes(from, to);
                if from != to {
                    let way = drawing.ways.entry((from, to)).or_default();
                    way.insert(event_type(event));
                }
                let known = drawing.states.entry(to);
                known.or_insert_with(|| reached.clone());
            }
            if seen.insert(format!("{reached:?}")) {
                waiting.push_back(reached);
            }
        }
        assert!(seen.len() < MAX_STATES, "the search has no end");
    }
    drawing
}

impl<S> Drawing<S> {
    fn goes(&mut self, from: &'static str, to: &'static str) {
        for name in [from, to] {
            if !self.order.contains(&name) {
                self.order.push(name);
            }
        }
    }

    /// The same, with the names of `commands`, which were put.
    pub fn by<C: Serialize>(mut self, commands: &[C]) -> Self {
        self.commands.extend(commands.iter().map(name));
        self
    }

    /// Both together.
    pub fn and(mut self, other: Self) -> Self {
        for name in other.order {
            self.goes(name, name);
        }
        for (way, events) in other.ways {
            self.ways.entry(way).or_default().extend(events);
        }
        for (status, state) in other.states {
            self.states.entry(status).or_insert(state);
        }
        self.events.extend(other.events);
        self.commands.extend(other.commands);
        self
    }

    /// As Mermaid has it.
    pub fn diagram(&self) -> String {
        let place = |name: &str| self.order.iter().position(|known| *known == name);
        let mut sorted: Vec<_> = self.ways.iter().collect();
        sorted.sort_by_key(|((from, to), _)| (place(from), place(to)));
        let mut diagram = String::from("stateDiagram-v2\n");
        if let Some(begins) = self.order.first().filter(|name| **name != BEGINNING) {
            diagram += &format!("    {BEGINNING} --> {begins}\n");
        }
        for ((from, to), events) in sorted {
            let events: Vec<&str> = events.iter().copied().collect();
            diagram += &format!("    {from} --> {to} : {}\n", events.join(", "));
        }
        for name in &self.order {
            if !self.ways.keys().any(|(from, _)| from == name) {
                diagram += &format!("    {name} --> {BEGINNING}\n");
            }
        }
        diagram
    }
}

/// The name of a command among all of its kind.
pub fn name(command: &impl Serialize) -> String {
    match serde_json::to_value(command) {
        Ok(Value::String(name)) => name,
        Ok(Value::Object(one)) => one.into_iter().next().expect("an enum has a variant").0,
        other => panic!("no enum: {other:?}"),
    }
}
