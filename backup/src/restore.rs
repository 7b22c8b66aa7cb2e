//! Putting a backup into an empty store.

use crate::{
    error::BackupError,
    line,
    manifest::Manifest,
    segment::blocks,
    target::Target,
    verify::{check, content, manifest, unreadable},
    watch::Watch,
};
use chrono::{DateTime, TimeDelta, Utc};
use store::{Head, RestoreTarget};

/// What was restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restored {
    /// How many events.
    pub events: u64,
    /// How many of them an interrupted restore had put in.
    pub events_before: u64,
    /// How many records of commands.
    pub commands: u64,
    /// The position of the last event in the backup; zero if there is none.
    pub position: i64,
    /// Where the store is.
    pub head: Head,
    /// When the backup was taken.
    pub taken_at: DateTime<Utc>,
}

/// Puts the backup in `source` into `into`, which is empty: all of it, or, for whoever uses the store,
/// nothing. All of the backup is checked before anything is written. An interrupted restore of the same
/// backup goes on. Records of commands from more than `keep_commands` before the backup are left out.
///
/// # Errors
/// The backup is damaged, or the store is not empty or fails.
pub async fn restore(
    source: &Target,
    into: &dyn RestoreTarget,
    keep_commands: TimeDelta,
    watch: &mut dyn Watch,
) -> Result<Restored, BackupError> {
    let manifest = manifest(source).await?;
    // First, so that a store that is not empty is refused at once.
    let begun = into.begin(manifest.source()?).await?;
    check(source, &manifest, watch).await?;
    watch.begin("events", manifest.events);
    watch.advance(begun.events);
    let events = put_events(source, into, &manifest, begun.events, watch).await?;
    if events != manifest.events {
        return Err(BackupError::Incomplete {
            restored: events,
            expected: manifest.events,
        });
    }
    let since = manifest.taken_at - keep_commands;
    let commands = put_commands(source, into, &manifest, since, watch).await?;
    Ok(Restored {
        events,
        events_before: begun.events,
        commands,
        position: manifest.position(),
        head: into.finish().await?,
        taken_at: manifest.taken_at,
    })
}

/// Puts all events in but the first `there`; says how many there are then.
async fn put_events(
    source: &Target,
    into: &dyn RestoreTarget,
    manifest: &Manifest,
    there: u64,
    watch: &mut dyn Watch,
) -> Result<u64, BackupError> {
    let mut count = 0;
    for segment in &manifest.event_segments {
        if count + segment.lines <= there {
            count += segment.lines;
            continue;
        }
        // It may have changed since it was checked.
        let content = content(source, segment, &manifest.event_segments).await?;
        for block in blocks(segment, &content) {
            let block = block?;
            let mut events = Vec::new();
            for line in block.lines() {
                count += 1;
                if count > there {
                    let event = line::to_event(line);
                    events.push(event.map_err(|what| unreadable(segment, &block, what))?);
                }
            }
            into.put_events(&events).await?;
            watch.advance(events.len() as u64);
        }
    }
    Ok(count.max(there))
}

/// Puts the records in that are from `since` or after it; says how many those are. Such as are there
/// already, or come twice, stay.
async fn put_commands(
    source: &Target,
    into: &dyn RestoreTarget,
    manifest: &Manifest,
    since: DateTime<Utc>,
    watch: &mut dyn Watch,
) -> Result<u64, BackupError> {
    let lines = manifest.command_segments.iter().map(|segment| segment.lines);
    watch.begin("command records", lines.sum());
    let mut count = 0;
    for segment in &manifest.command_segments {
        let content = content(source, segment, &manifest.command_segments).await?;
        for block in blocks(segment, &content) {
            let block = block?;
            let (mut records, mut lines) = (Vec::new(), 0);
            for line in block.lines() {
                let record = line::to_command(line);
                let record = record.map_err(|what| unreadable(segment, &block, what))?;
                lines += 1;
                if record.recorded_at >= since {
                    records.push(record);
                }
            }
            into.put_commands(&records).await?;
            count += records.len() as u64;
            watch.advance(lines);
        }
    }
    Ok(count)
}
