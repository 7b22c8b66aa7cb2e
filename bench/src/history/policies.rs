//! The policies, each with what it remembers of the orders that are under way.

use domain::{
    Actor, OrderId, Recorded,
    policy::{ForEachPolicy, Limits, Policy, Reaction, for_each_policy},
};
use std::collections::HashMap;

/// A policy at work.
pub(super) trait React {
    /// What is to be done, for which order, if it cares for the event.
    fn react(&mut self, limits: &Limits, event: &Recorded) -> Option<(OrderId, Vec<Reaction>)>;

    /// Forgets an order of which no more is to come.
    fn forget(&mut self, order: OrderId);
}

/// A policy, and as whom it acts.
pub(super) struct Acting {
    pub(super) actor: Actor,
    pub(super) policy: Box<dyn React>,
}

struct Remembering<P: Policy>(HashMap<OrderId, P::State>);

/// All policies there are, which remember nothing yet.
pub(super) fn all() -> Vec<Acting> {
    struct All(Vec<Acting>);

    impl ForEachPolicy for All {
        fn policy<P: Policy>(&mut self) {
            let name = format!("policy:{}", P::NAME);
            self.0.push(Acting {
                actor: Actor::parse(&name).expect("names of policies are plain words"),
                policy: Box::new(Remembering::<P>(HashMap::new())),
            });
        }
    }

    let mut all = All(Vec::new());
    for_each_policy(&mut all);
    all.0
}

impl<P: Policy> React for Remembering<P> {
    fn react(&mut self, limits: &Limits, event: &Recorded) -> Option<(OrderId, Vec<Reaction>)> {
        let order = P::key(event)?;
        let state = self.0.remove(&order).unwrap_or_default();
        let (state, reactions) = P::react(limits, state, event);
        self.0.insert(order, state);
        Some((order, reactions))
    }

    fn forget(&mut self, order: OrderId) {
        self.0.remove(&order);
    }
}
