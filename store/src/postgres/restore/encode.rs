//! Events and records as the parameters of the statements that put them in.

use crate::{StoredCommand, StoredEvent, postgres::encode::Json};
use sqlx::{
    Arguments,
    error::BoxDynError,
    postgres::{PgArguments, PgBindIterExt},
};

/// About how many bytes an event takes besides its payload.
const EVENT_OVERHEAD: usize = 320;

/// The parameters of `put_events.sql`.
pub(super) fn events(events: &[StoredEvent]) -> Result<PgArguments, BoxDynError> {
    let payloads: usize = events.iter().map(|event| event.payload.len()).sum();
    let mut to = PgArguments::default();
    to.reserve(15, payloads + EVENT_OVERHEAD * events.len());
    to.add(i64::try_from(events.len())?)?;
    let envelopes = || events.iter().map(|event| &event.envelope);
    to.add(envelopes().map(|it| it.version.get()).bind_iter())?;
    to.add(envelopes().map(|it| it.occurred_at).bind_iter())?;
    to.add(envelopes().map(|it| it.recorded_at).bind_iter())?;
    to.add(envelopes().map(|it| it.event_id.uuid()).bind_iter())?;
    to.add(envelopes().map(|it| it.command_id.uuid()).bind_iter())?;
    to.add(envelopes().map(|it| it.correlation_id).bind_iter())?;
    let causes = envelopes().map(|it| it.causation_id.map(|id| id.uuid()));
    to.add(causes.bind_iter())?;
    to.add(events.iter().map(|it| it.schema_version).bind_iter())?;
    // As they are stored, also where this build cannot read them.
    to.add(events.iter().map(|it| it.stored_names().0).bind_iter())?;
    to.add(events.iter().map(|it| it.event_type.as_str()).bind_iter())?;
    to.add(events.iter().map(|it| it.stored_names().1).bind_iter())?;
    to.add(events.iter().map(|it| it.stored_names().2).bind_iter())?;
    let traces = envelopes().map(|it| it.traceparent.as_deref());
    to.add(traces.bind_iter())?;
    to.add(events.iter().map(|it| Json(&it.payload)).bind_iter())?;
    Ok(to)
}

/// The parameters of `put_commands.sql`.
pub(super) fn commands(records: &[StoredCommand]) -> Result<PgArguments, BoxDynError> {
    let mut to = PgArguments::default();
    to.add(i64::try_from(records.len())?)?;
    to.add(records.iter().map(|it| it.id.uuid()).bind_iter())?;
    to.add(records.iter().map(|it| it.version.get()).bind_iter())?;
    to.add(records.iter().map(|it| it.recorded_at).bind_iter())?;
    to.add(records.iter().map(|it| it.stream.as_str()).bind_iter())?;
    to.add(
        records
            .iter()
            .map(|it| it.fingerprint.as_deref())
            .bind_iter(),
    )?;
    let refusals = records
        .iter()
        .map(|it| it.refusal.as_ref().map(|json| Json(json.as_bytes())));
    to.add(refusals.bind_iter())?;
    let last = || records.iter().map(|it| it.last_event.as_ref());
    let streams = last().map(|place| place.map(|place| place.stream.as_str()));
    to.add(streams.bind_iter())?;
    let versions = last().map(|place| place.map(|place| place.version.get()));
    to.add(versions.bind_iter())?;
    Ok(to)
}
