//! Reading from both tables, and when to.

use crate::StoredEvent;
use domain::{Position, StreamId, Version};
use std::sync::LazyLock;

/// What stands for the table of events in a statement.
const USUAL: &str = "store.events AS e";

/// All columns of both tables.
const COLUMNS: &str = "position, version, occurred_at, recorded_at, event_id, command_id, \
                       correlation_id, causation_id, schema_version, stream, type, tenant, actor, \
                       traceparent, payload";

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
    let both = format!(
        "(SELECT {COLUMNS} FROM store.events UNION ALL SELECT {COLUMNS} FROM store.archived_events) AS e"
    );
    statement.replace(USUAL, &both)
}

/// Whether versions are missing in the events of these streams, which are in the order asked: those are
/// archived.
pub(in crate::postgres) fn lacks_versions(
    from: &[(StreamId, Version)],
    events: &[StoredEvent],
) -> bool {
    let mut asked = from.iter();
    let mut before: Option<(&StreamId, Version)> = None;
    events.iter().any(|event| {
        let (stream, version) = (&event.envelope.stream, event.envelope.version);
        let after = match before {
            Some((same, after)) if same == stream => Some(after),
            _ => asked
                .find(|(asked, _)| asked == stream)
                .map(|(_, after)| *after),
        };
        before = Some((stream, version));
        after.is_some_and(|after| version != after.plus(1))
    })
}

/// Whether positions are missing in what follows on `after`: those are archived.
pub(in crate::postgres) fn lacks_positions(after: Position, events: &[StoredEvent]) -> bool {
    let last = events.last().map(|event| event.envelope.position);
    last.is_some_and(|last| last != after.plus(events.len()))
}
