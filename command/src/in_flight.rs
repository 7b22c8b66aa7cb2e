//! Which commands are being executed for a client right now.

use domain::CommandId;
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The commands that are being executed; bounded by the requests in work.
#[derive(Clone, Default)]
pub(crate) struct InFlight(Arc<Mutex<HashSet<CommandId>>>);

/// One of them, until it is dropped.
pub(crate) struct Entry {
    of: InFlight,
    id: CommandId,
}

impl InFlight {
    /// Enters a command; `None` if it is being executed already.
    pub(crate) fn enter(&self, id: CommandId) -> Option<Entry> {
        self.lock().insert(id).then(|| Entry {
            of: self.clone(),
            id,
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<CommandId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.of.lock().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_command_is_in_flight_until_its_entry_is_dropped() {
        let in_flight = InFlight::default();
        let id = CommandId::new(Uuid::from_u128(1));
        let entry = in_flight.enter(id).expect("nothing is in flight");
        assert!(in_flight.enter(id).is_none());
        drop(entry);
        assert!(in_flight.enter(id).is_some());
    }
}
