//! Whether a backup is what was written.

use crate::{
    blocks::Block,
    damage::Damage,
    error::BackupError,
    line,
    manifest::{MANIFEST, Manifest, Segment},
    segment::{self, blocks},
    target::Target,
    watch::Watch,
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use store::StoredEvent;

/// What was found right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// How many events there are.
    pub events: u64,
    /// How many records of commands; some of them twice.
    pub commands: u64,
    /// The position of the last event; zero if there is none.
    pub position: i64,
    /// When it was taken, by the store's clock.
    pub taken_at: DateTime<Utc>,
    /// How many files there are, beside the manifest.
    pub segments: u64,
    /// How many bytes they have.
    pub bytes: u64,
}

/// Reads all of the backup in `target`, and checks it to the last bit.
///
/// # Errors
/// [`BackupError::Damaged`] names the first thing that is not as it was written.
pub async fn verify(target: &Target, watch: &mut dyn Watch) -> Result<Verified, BackupError> {
    let manifest = manifest(target).await?;
    check(target, &manifest, watch, drop).await
}

/// The manifest of the backup in `target`.
pub(crate) async fn manifest(target: &Target) -> Result<Manifest, BackupError> {
    match target.get(MANIFEST).await? {
        Some(bytes) => Manifest::decode(MANIFEST, &bytes),
        None => Err(BackupError::NoBackup {
            target: target.name().to_owned(),
        }),
    }
}

/// The same for a manifest that was read. `each` gets the events, in their order.
pub(crate) async fn check(
    target: &Target,
    manifest: &Manifest,
    watch: &mut dyn Watch,
    mut each: impl FnMut(StoredEvent),
) -> Result<Verified, BackupError> {
    watch.begin("bytes verified", manifest.bytes());
    let (events, records) = (&manifest.event_segments, &manifest.command_segments);
    let mut verified = Verified {
        events: 0,
        commands: 0,
        position: manifest.position(),
        taken_at: manifest.taken_at,
        segments: (events.len() + records.len()) as u64,
        bytes: manifest.bytes(),
    };
    for segment in events {
        let content = content(target, segment, events).await?;
        verified.events += check_events(segment, &content, &mut each)?;
        watch.advance(segment.bytes);
    }
    for segment in records {
        let content = content(target, segment, records).await?;
        verified.commands += check_commands(segment, &content)?;
        watch.advance(segment.bytes);
    }
    Ok(verified)
}

/// The content of `segment`, which is what was written.
pub(crate) async fn content(
    target: &Target,
    segment: &Segment,
    others: &[Segment],
) -> Result<Bytes, BackupError> {
    let content = target.content(segment).await?;
    segment::check(segment, &content, others)?;
    Ok(content)
}

/// How many events `segment` has, each of which can be read, and follows on the one before.
fn check_events(
    segment: &Segment,
    content: &[u8],
    each: &mut impl FnMut(StoredEvent),
) -> Result<u64, Damage> {
    let (mut last, mut count) = (segment.first.unwrap_or_default() - 1, 0);
    for block in blocks(segment, content) {
        let block = block?;
        for line in block.lines() {
            let event = line::to_event(line).map_err(|what| unreadable(segment, &block, what))?;
            let position = event.envelope.position.get();
            if position <= last {
                let what = format!("position {position} comes after {last}");
                return Err(unreadable(segment, &block, what));
            }
            (last, count) = (position, count + 1);
            each(event);
        }
    }
    match (count, Some(last)) == (segment.lines, segment.last) {
        true => Ok(count),
        false => Err(Damage::of(
            &segment.name,
            "it has not the events that the manifest says",
        )),
    }
}

/// How many records `segment` has, each of which can be read.
fn check_commands(segment: &Segment, content: &[u8]) -> Result<u64, Damage> {
    let mut count = 0;
    for block in blocks(segment, content) {
        let block = block?;
        for line in block.lines() {
            line::to_command(line).map_err(|what| unreadable(segment, &block, what))?;
            count += 1;
        }
    }
    match count == segment.lines {
        true => Ok(count),
        false => Err(Damage::of(
            &segment.name,
            "it has not the records that the manifest says",
        )),
    }
}

/// A line of `block` that says what none says.
pub(crate) fn unreadable(segment: &Segment, block: &Block, what: impl Into<String>) -> Damage {
    Damage {
        file: segment.name.clone(),
        place: Some(block.place),
        what: what.into(),
    }
}
