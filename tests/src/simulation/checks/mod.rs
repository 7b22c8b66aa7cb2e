//! What must hold in the end. Each check says what is wrong in a sentence.

mod commands;
mod history;
mod orders;
mod readers;
mod stock;

use super::{Report, projections, world::World};
use history::History;
pub(super) use history::read_to_end;
use saga::storage::SagaStore;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Collects what is wrong.
pub(super) struct Wrong<'a>(&'a World);

impl Wrong<'_> {
    /// Says `what` is wrong unless `holds`.
    pub(super) fn unless(&self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.0.wrong(what());
        }
    }
}

/// Checks everything.
pub(super) async fn check(world: &World) -> Report {
    let wrong = Wrong(world);
    let history = match History::read(world).await {
        Ok(history) => history,
        Err(why) => {
            world.wrong(why);
            return unchecked(world);
        }
    };
    history::check(&history, &wrong);
    commands::check(&history, world, &wrong);
    stock::check(&history, &wrong);
    let waiting = match world.sagas.parked(usize::MAX).await {
        Ok(parked) => parked.into_iter().map(|task| task.order_id).collect(),
        Err(error) => {
            world.wrong(error.to_string());
            return unchecked(world);
        }
    };
    orders::check(&history, world, &waiting, &wrong);
    readers::check(&history, world, &wrong);
    if let Err(why) = projections::check(world, &history.events).await {
        world.wrong(why);
    }
    for event in &history.events {
        world.count(event.event.event_type());
    }
    Report {
        events: history.events.len(),
        digest: digest(&history),
        ..unchecked(world)
    }
}

/// The report of a run that cannot be checked.
pub(super) fn unchecked(world: &World) -> Report {
    Report {
        events: 0,
        digest: 0,
        happened: world.happened(),
        wrong: world.all_wrong(),
        trace: world.trace.lines(),
    }
}

/// A digest of what happened and when.
fn digest(history: &History) -> u64 {
    let mut hasher = DefaultHasher::new();
    for event in &history.events {
        event.envelope.event_id.hash(&mut hasher);
        event.envelope.stream.hash(&mut hasher);
        event.envelope.recorded_at.hash(&mut hasher);
        event.envelope.occurred_at.hash(&mut hasher);
    }
    hasher.finish()
}
