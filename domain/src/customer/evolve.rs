//! What events make of a customer.

use super::{Customer, CustomerEvent};

pub(super) fn evolve(state: Customer, event: &CustomerEvent) -> Customer {
    match (state, event) {
        // Nothing comes after it.
        (Customer::Erased, _) | (_, CustomerEvent::CustomerErased(_)) => Customer::Erased,
        (_, CustomerEvent::CustomerRegistered(event)) => Customer::Registered {
            profile: event.profile.clone(),
        },
        (_, CustomerEvent::CustomerChanged(event)) => Customer::Registered {
            profile: event.profile.clone(),
        },
    }
}
