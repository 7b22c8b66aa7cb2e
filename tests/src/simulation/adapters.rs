//! The ports as one process has them: over connections that are as bad as the run makes them.

mod broker;
mod leases;
mod sagas;
mod store;

pub(super) use broker::NodeBroker;
pub(super) use leases::NodeLeases;
pub(super) use sagas::NodeSagaStore;
pub(super) use store::NodeStore;

use super::node::Broken;
use ::store::StoreError;

/// As a store says it, of what changes something.
fn unknown(broken: Broken) -> StoreError {
    match broken {
        Broken::Refused => StoreError::Unavailable(Box::new(broken)),
        Broken::Unknown => StoreError::OutcomeUnknown(Box::new(broken)),
    }
}

/// As a store says it, of what changes nothing.
fn unavailable(broken: Broken) -> StoreError {
    StoreError::Unavailable(Box::new(broken))
}
