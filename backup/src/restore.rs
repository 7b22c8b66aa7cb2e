//! Putting a backup into an empty store.

use crate::{
    blocks::Block,
    error::BackupError,
    line,
    manifest::Manifest,
    segment::blocks,
    target::Target,
    verify::{check, content, manifest, unreadable},
    watch::Watch,
};
use chrono::{DateTime, TimeDelta, Utc};
use store::{Head, RestoreTarget, StoredEvent};

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

/// What was put in, and is not seen by anybody before it is [finished](PutIn::finish).
#[derive(Debug)]
pub struct PutIn {
    told: Vec<StoredEvent>,
    events: u64,
    events_before: u64,
    commands: u64,
    position: i64,
    taken_at: DateTime<Utc>,
}

impl PutIn {
    /// All events of the type that was asked for: what must hold before anybody sees what is restored
    /// can be made to hold.
    pub fn told(&self) -> &[StoredEvent] {
        &self.told
    }

    /// Makes what was put into `into` its content.
    ///
    /// # Errors
    /// Somebody has used the store meanwhile, or it fails. A restore that is begun anew goes on from here.
    pub async fn finish(self, into: &dyn RestoreTarget) -> Result<Restored, BackupError> {
        Ok(Restored {
            events: self.events,
            events_before: self.events_before,
            commands: self.commands,
            position: self.position,
            head: into.finish().await?,
            taken_at: self.taken_at,
        })
    }
}

/// Puts the backup in `source` into `into`, which is empty, and keeps the events of the type `told` at
/// hand. All of it is there once that is [finished](PutIn::finish), and before it, for whoever uses the
/// store, nothing. All of the backup is checked before anything is written. An interrupted restore of the
/// same backup goes on. Records of commands from more than `keep_commands` before the backup are left out.
///
/// # Errors
/// The backup is damaged, or the store is not empty or fails.
pub async fn put_in(
    source: &Target,
    into: &dyn RestoreTarget,
    keep_commands: TimeDelta,
    told: &str,
    watch: &mut dyn Watch,
) -> Result<PutIn, BackupError> {
    let manifest = manifest(source).await?;
    let name = manifest.source()?;
    // First, so that a store that is not empty is refused at once; and nothing begins that is damaged.
    into.look(name).await?;
    let mut kept = vec![];
    check(source, &manifest, watch, |event| {
        if event.event_type == told {
            kept.push(event);
        }
    })
    .await?;
    let begun = into.begin(name).await?;
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
    Ok(PutIn {
        told: kept,
        events,
        events_before: begun.events,
        commands,
        position: manifest.position(),
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

/// Puts the records in that are from `since` or after it, the newest first; says how many those are. Such
/// as are there already stay: of a command that was forgotten and done once more, the older record is one
/// of what no longer counts.
async fn put_commands(
    source: &Target,
    into: &dyn RestoreTarget,
    manifest: &Manifest,
    since: DateTime<Utc>,
    watch: &mut dyn Watch,
) -> Result<u64, BackupError> {
    let lines = manifest
        .command_segments
        .iter()
        .map(|segment| segment.lines);
    watch.begin("command records", lines.sum());
    let mut count = 0;
    for segment in manifest.command_segments.iter().rev() {
        let content = content(source, segment, &manifest.command_segments).await?;
        // A segment is of one run, which reads each record once, in the order of their times.
        let blocks: Vec<Block> = blocks(segment, &content).collect::<Result<_, _>>()?;
        for block in blocks.iter().rev() {
            let (mut records, mut lines) = (Vec::new(), 0);
            for line in block.lines() {
                let record = line::to_command(line);
                let record = record.map_err(|what| unreadable(segment, block, what))?;
                lines += 1;
                if record.recorded_at >= since {
                    records.push(record);
                }
            }
            records.reverse();
            into.put_commands(&records).await?;
            count += records.len() as u64;
            watch.advance(lines);
        }
    }
    Ok(count)
}
