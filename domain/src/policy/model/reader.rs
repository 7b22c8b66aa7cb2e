//! A policy's place among all events, and what it remembers of each order.

use crate::{
    OrderId, Recorded,
    policy::{Limits, Policy, Reaction},
};
use std::collections::BTreeMap;

pub(super) struct Reader<P: Policy> {
    read: usize,
    states: BTreeMap<OrderId, P::State>,
}

impl<P: Policy> Default for Reader<P> {
    fn default() -> Self {
        Self {
            read: 0,
            states: BTreeMap::new(),
        }
    }
}

impl<P: Policy> Reader<P> {
    /// Reads one event further; what is to be done, for which order, and why.
    pub(super) fn react(&mut self, limits: &Limits, log: &[Recorded]) -> Vec<(OrderId, Reaction)> {
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

    pub(super) fn behind(&self, log: &[Recorded]) -> bool {
        self.read < log.len()
    }
}
