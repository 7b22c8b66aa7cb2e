//! A batch as the parameters of `append.sql`.

use crate::{Answer, Append, NewEvent, StreamAppend, plan::Plan, plan::Verdict};
use domain::{StreamId, Version};
use sqlx::{
    Arguments, Postgres, Type,
    encode::{Encode, IsNull},
    error::BoxDynError,
    postgres::{
        PgArgumentBuffer, PgArguments, PgBindIterExt, PgHasArrayType, PgTypeInfo, types::Oid,
    },
};
use std::collections::HashSet;

/// About how many bytes an event takes besides its payload.
const EVENT_OVERHEAD: usize = 320;

/// An event with what it shares with its neighbours.
struct Row<'a> {
    append: &'a Append,
    stream: &'a StreamAppend,
    event: &'a NewEvent,
    version: Version,
}

/// How much the statement looks at before it writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Care {
    /// Only at what no unique key would refuse. Where nothing stands against the batch, as is usual,
    /// that saves a sixth of the server's work; where something does, all of it was for nothing.
    Light,
    /// At everything, so that what stands against the batch is named and nothing is undone.
    Full,
}

/// The parameters, and how many events they hold.
pub(super) fn encode(
    batch: &[Append],
    plan: &Plan<'_>,
    care: Care,
    notify: bool,
) -> Result<(PgArguments, usize), BoxDynError> {
    let doable = || {
        let verdicts = batch.iter().zip(&plan.verdicts);
        verdicts.filter_map(|(append, verdict)| (*verdict == Verdict::Append).then_some(append))
    };
    let rows = rows(doable());
    let watched = watched(doable(), &rows, plan);
    let refusals: Vec<Option<Vec<u8>>> = doable().map(refusal).collect::<Result<_, _>>()?;

    let mut to = PgArguments::default();
    let payloads: usize = rows.iter().map(|row| row.event.payload.len()).sum();
    to.reserve(25, payloads + EVENT_OVERHEAD * (rows.len() + batch.len()));

    let written = match care {
        Care::Light => written(&rows),
        Care::Full => HashSet::new(),
    };
    // A stream's first version cannot be written twice, so whoever writes it need not look.
    let looked_at = plan
        .assumed
        .iter()
        .filter(|(stream, version)| *version != Version::ZERO || !written.contains(stream));
    to.add(
        looked_at
            .clone()
            .map(|(stream, _)| stream.as_str())
            .bind_iter(),
    )?;
    to.add(looked_at.map(|(_, version)| version.get()).bind_iter())?;
    to.add(
        watched
            .iter()
            .map(|(stream, _)| stream.as_str())
            .bind_iter(),
    )?;
    to.add(watched.iter().map(|(_, version)| version.get()).bind_iter())?;

    to.add(doable().map(|append| append.command_id.uuid()).bind_iter())?;
    to.add(
        doable()
            .map(|append| append.version_after().get())
            .bind_iter(),
    )?;
    let so_far = doable().scan(0, |events, append| {
        *events += append.event_count() as i64;
        Some(*events)
    });
    to.add(so_far.bind_iter())?;
    to.add(
        doable()
            .map(|append| append.streams[0].stream.as_str())
            .bind_iter(),
    )?;
    let fingerprints = doable().map(|append| append.fingerprint.as_ref().map(<[u8; 32]>::as_slice));
    to.add(fingerprints.bind_iter())?;
    let refusals = refusals.iter().map(|json| json.as_deref().map(Json));
    to.add(refusals.bind_iter())?;

    let rows = rows.as_slice();
    to.add(rows.iter().map(|row| row.version.get()).bind_iter())?;
    to.add(rows.iter().map(|row| row.append.occurred_at).bind_iter())?;
    to.add(rows.iter().map(|row| row.event.id.uuid()).bind_iter())?;
    to.add(
        rows.iter()
            .map(|row| row.append.command_id.uuid())
            .bind_iter(),
    )?;
    to.add(rows.iter().map(|row| row.append.correlation_id).bind_iter())?;
    to.add(
        rows.iter()
            .map(|row| row.append.causation_id.map(|id| id.uuid()))
            .bind_iter(),
    )?;
    to.add(rows.iter().map(|row| row.event.schema_version).bind_iter())?;
    to.add(
        rows.iter()
            .map(|row| row.stream.stream.as_str())
            .bind_iter(),
    )?;
    to.add(rows.iter().map(|row| row.event.event_type).bind_iter())?;
    to.add(
        rows.iter()
            .map(|row| row.append.tenant.as_str())
            .bind_iter(),
    )?;
    to.add(rows.iter().map(|row| row.append.actor.as_str()).bind_iter())?;
    to.add(
        rows.iter()
            .map(|row| row.append.traceparent.as_deref())
            .bind_iter(),
    )?;
    to.add(rows.iter().map(|row| Json(&row.event.payload)).bind_iter())?;

    to.add(notify && !rows.is_empty())?;
    to.add(rows.len() as i64)?;
    // Also those of conflicts: what was recorded before is a duplicate first of all.
    let commands = batch.iter().zip(&plan.verdicts);
    let commands =
        commands.filter(|(_, verdict)| care == Care::Full && **verdict != Verdict::Duplicate);
    to.add(
        commands
            .map(|(append, _)| append.command_id.uuid())
            .bind_iter(),
    )?;
    Ok((to, rows.len()))
}

fn rows<'a>(appends: impl Iterator<Item = &'a Append>) -> Vec<Row<'a>> {
    let mut rows = Vec::new();
    for append in appends {
        for stream in &append.streams {
            rows.extend(stream.events.iter().enumerate().map(|(nr, event)| Row {
                append,
                stream,
                event,
                version: stream.expected.plus(nr + 1),
            }));
        }
    }
    rows
}

fn written<'a>(rows: &[Row<'a>]) -> HashSet<&'a StreamId> {
    rows.iter().map(|row| &row.stream.stream).collect()
}

/// The streams that this statement must look at once more when nobody else can write.
///
/// Those that it writes to are guarded by their unique key. An append that writes to no stream of
/// this statement takes effect at the statement's snapshot, as nothing ties it to a later moment.
/// What remains is the streams that an append only requires to be at a version while it depends on
/// others that are written: two such appends in two processes, each requiring what the other
/// writes, would both see the old versions and both be done.
fn watched<'a>(
    appends: impl Iterator<Item = &'a Append> + Clone,
    rows: &[Row<'a>],
    plan: &Plan<'a>,
) -> Vec<(&'a StreamId, Version)> {
    // Almost always: one stream each.
    if appends.clone().all(|append| append.streams.len() == 1) {
        return vec![];
    }
    let written = written(rows);
    let is_written = |stream: &StreamAppend| written.contains(&stream.stream);
    let tied: HashSet<&StreamId> = appends
        .filter(|append| append.streams.iter().any(is_written))
        .flat_map(|append| &append.streams)
        .filter(|stream| !is_written(stream))
        .map(|stream| &stream.stream)
        .collect();
    let assumed = plan.assumed.iter().copied();
    assumed
        .filter(|(stream, _)| tied.contains(stream))
        .collect()
}

fn refusal(append: &Append) -> Result<Option<Vec<u8>>, BoxDynError> {
    match &append.answer {
        Answer::Accepted => Ok(None),
        Answer::Refused(refusal) => Ok(Some(serde_json::to_vec(refusal)?)),
    }
}

/// JSON that is already text. The server checks it.
pub(super) struct Json<'a>(pub(super) &'a [u8]);

impl Type<Postgres> for Json<'_> {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(114))
    }
}

impl PgHasArrayType for Json<'_> {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(199))
    }
}

impl Encode<'_, Postgres> for Json<'_> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buffer.extend_from_slice(self.0);
        Ok(IsNull::No)
    }

    fn size_hint(&self) -> usize {
        self.0.len()
    }
}
