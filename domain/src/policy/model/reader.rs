//! A policy's place among all events, and what it remembers of each order.

use crate::{
    OrderId, Recorded,
    policy::{ForEachPolicy, Limits, Policy, Reaction, for_each_policy},
};
use std::collections::BTreeMap;

/// A policy at its place.
pub(super) trait Reads {
    fn name(&self) -> &'static str;

    /// Whether there is something that it has not read.
    fn behind(&self, log: &[Recorded]) -> bool;

    /// The type of the event that it reads next, if it cares for that.
    fn next(&self, log: &[Recorded]) -> Option<&'static str>;

    /// Whether it cares for the event, wherever it is.
    fn takes(&self, event: &Recorded) -> bool;

    /// Reads one event further; what is to be done, for which order, and why.
    fn react(&mut self, limits: &Limits, log: &[Recorded]) -> Vec<(OrderId, Reaction)>;

    /// The same, at the same place.
    fn boxed(&self) -> Box<dyn Reads>;
}

struct Reader<P: Policy> {
    read: usize,
    states: BTreeMap<OrderId, P::State>,
}

/// All policies, which have read nothing yet.
pub(super) fn all() -> Vec<Box<dyn Reads>> {
    struct Readers(Vec<Box<dyn Reads>>);

    impl ForEachPolicy for Readers {
        fn policy<P: Policy>(&mut self) {
            let states = BTreeMap::new();
            self.0.push(Box::new(Reader::<P> { read: 0, states }));
        }
    }

    let mut readers = Readers(vec![]);
    for_each_policy(&mut readers);
    readers.0
}

impl<P: Policy> Reads for Reader<P> {
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn behind(&self, log: &[Recorded]) -> bool {
        self.read < log.len()
    }

    fn next(&self, log: &[Recorded]) -> Option<&'static str> {
        let event = log.get(self.read)?;
        P::key(event).map(|_| event.event.event_type())
    }

    fn takes(&self, event: &Recorded) -> bool {
        P::key(event).is_some()
    }

    fn react(&mut self, limits: &Limits, log: &[Recorded]) -> Vec<(OrderId, Reaction)> {
        let Some(event) = log.get(self.read) else {
            return vec![];
        };
        self.read += 1;
        let Some(order_id) = P::key(event) else {
            return vec![];
        };
        // As the runtime does: what is remembered goes through JSON.
        let state = self.states.remove(&order_id).unwrap_or_default();
        let json = serde_json::to_string(&state).expect("states are plain");
        let state = serde_json::from_str(&json).expect("states read what they write");
        let (state, reactions) = P::react(limits, state, event);
        self.states.insert(order_id, state);
        reactions
            .into_iter()
            .map(|reaction| (order_id, reaction))
            .collect()
    }

    fn boxed(&self) -> Box<dyn Reads> {
        Box::new(Self {
            read: self.read,
            states: self.states.clone(),
        })
    }
}

impl Clone for Box<dyn Reads> {
    fn clone(&self) -> Self {
        self.boxed()
    }
}
