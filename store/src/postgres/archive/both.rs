//! Reading from both tables, and when to.

use crate::StoredEvent;
use domain::{Position, StreamId, Version};
use std::sync::LazyLock;

/// What stands for the table of events in a statement, and for both tables.
const USUAL: &str = "store.events AS e";
const BOTH: &str =
    "(SELECT * FROM store.events UNION ALL SELECT * FROM store.archived_events) AS e";

pub(in crate::postgres) static READ_STREAM: LazyLock<String> =
    LazyLock::new(|| over_both(include_str!("../read_stream.sql")));
pub(in crate::postgres) static READ_STREAMS: LazyLock<String> =
    LazyLock::new(|| over_both(include_str!("../read_streams.sql")));
pub(in crate::postgres) static READ_ALL: LazyLock<String> =
    LazyLock::new(|| over_both(include_str!("../read_all.sql")));
pub(in crate::postgres) static READ_TYPES: LazyLock<String> =
    LazyLock::new(|| over_both(include_str!("../read_types.sql")));

/// The same statement over both tables.
fn over_both(statement: &str) -> String {
    statement.replace(USUAL, BOTH)
}

/// Whether a stream's events do not begin with the one that was asked for: those before are archived.
/// Both are in the same order.
pub(in crate::postgres) fn begins_late(
    from: &[(StreamId, Version)],
    events: &[StoredEvent],
) -> bool {
    let mut asked = from.iter();
    let mut before: Option<&StreamId> = None;
    events.iter().any(|event| {
        let stream = &event.envelope.stream;
        if before == Some(stream) {
            return false;
        }
        before = Some(stream);
        let after = asked.find(|(asked, _)| asked == stream);
        after.is_some_and(|(_, after)| event.envelope.version != after.plus(1))
    })
}

/// Whether positions are missing in what follows on `after`: those are archived.
pub(in crate::postgres) fn has_gap(after: Position, events: &[StoredEvent]) -> bool {
    let last = events.last().map(|event| event.envelope.position);
    last.is_some_and(|last| last != after.plus(events.len()))
}
