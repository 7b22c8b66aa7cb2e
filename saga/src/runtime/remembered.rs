//! What a policy remembers of orders, kept at hand between batches.
//!
//! The leader is the only one that changes it, so what it has at hand is what is stored, as long as
//! it leads and nothing fails: whoever stops for an error forgets all of this.

use domain::OrderId;
use std::{collections::HashMap, mem};

/// How much is kept at hand: up to two of each.
const MAX_ORDERS: usize = 16_384;
const MAX_BYTES: usize = 4 << 20;

/// What a policy remembers of one order.
pub(super) struct Remembered<S> {
    pub state: S,
    /// The same as it is stored, to tell whether it changed. Of an order that nothing is stored of,
    /// that is what nothing means.
    pub stored: String,
}

/// A bounded memory in two generations: what was not used while one filled up is forgotten.
pub(super) struct Memory<S> {
    young: HashMap<OrderId, Remembered<S>>,
    old: HashMap<OrderId, Remembered<S>>,
    /// About the size of the young ones.
    bytes: usize,
}

impl<S> Default for Memory<S> {
    fn default() -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
            bytes: 0,
        }
    }
}

impl<S> Memory<S> {
    /// Takes out what is known of an order.
    pub(super) fn take(&mut self, order_id: OrderId) -> Option<Remembered<S>> {
        match self.young.remove(&order_id) {
            Some(known) => {
                self.bytes -= known.stored.len();
                Some(known)
            }
            None => self.old.remove(&order_id),
        }
    }

    /// Puts in what is known of an order now.
    pub(super) fn put(&mut self, order_id: OrderId, known: Remembered<S>) {
        self.take(order_id);
        if self.young.len() >= MAX_ORDERS || self.bytes >= MAX_BYTES {
            self.old = mem::take(&mut self.young);
            self.bytes = 0;
        }
        self.bytes += known.stored.len();
        self.young.insert(order_id, known);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn order(n: usize) -> OrderId {
        OrderId::new(Uuid::from_u128(n as u128))
    }

    fn known(state: usize, bytes: usize) -> Remembered<usize> {
        Remembered {
            state,
            stored: "x".repeat(bytes),
        }
    }

    #[test]
    fn what_is_used_stays_and_the_rest_is_forgotten_within_the_bound() {
        let mut memory = Memory::default();
        for n in 1..=5 * MAX_ORDERS {
            memory.put(order(n), known(n, 1));
            let mine = memory.take(order(1)).expect("it is used all the time");
            memory.put(order(1), mine);
        }
        assert_eq!(memory.take(order(1)).map(|known| known.state), Some(1));
        assert!(memory.take(order(2)).is_none());
        assert!(memory.take(order(5 * MAX_ORDERS - 1)).is_some());
        assert!(memory.young.len() <= MAX_ORDERS && memory.old.len() <= MAX_ORDERS);
    }

    #[test]
    fn big_orders_count_for_what_they_are() {
        let mut memory = Memory::default();
        for n in 0..100 {
            memory.put(order(n), known(n, MAX_BYTES / 8));
        }
        assert!(memory.young.len() + memory.old.len() <= 17);
        while let Some(key) = memory.young.keys().next().copied() {
            memory.take(key);
        }
        assert_eq!(memory.bytes, 0);
    }

    #[test]
    fn the_latest_is_known_and_no_other() {
        let mut memory = Memory::default();
        memory.put(order(1), known(1, 10));
        memory.put(order(1), known(2, 20));
        assert_eq!(memory.take(order(1)).map(|known| known.state), Some(2));
        assert!(memory.take(order(1)).is_none());
    }
}
