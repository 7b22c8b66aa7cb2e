//! What readers were told is what happened.

use super::{super::world::World, Wrong, history::History};

pub(super) fn check(history: &History, world: &World, wrong: &Wrong<'_>) {
    let mut seen = world.seen.all();
    for event in &history.events {
        let envelope = &event.envelope;
        if let Some(id) = seen.remove(&envelope.position) {
            wrong.unless(id == envelope.event_id, || {
                let place = envelope.position;
                format!(
                    "readers were told of {id} at {place}, where {} is",
                    envelope.event_id
                )
            });
        }
    }
    wrong.unless(seen.is_empty(), || {
        format!("readers were told of what never happened: {seen:?}")
    });
}
