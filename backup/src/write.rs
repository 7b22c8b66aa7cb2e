//! Writing a backup: what the store has since the one before.

use crate::{
    damage::Damage,
    error::BackupError,
    line,
    manifest::{FORMAT, MANIFEST, Manifest, Segment},
    segment::{Kind, SegmentWriter, Sizes},
    target::{Found, Seen, Target},
    unfinished,
    watch::Watch,
};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use domain::Position;
use std::collections::{HashMap, HashSet};
use store::{BackupSource, Bookmark, CommandCursor, Cut, StoreError};
use uuid::Uuid;

/// How many events, and how many records of commands, are read at once.
const EVENTS_AT_ONCE: usize = 1_000;
const COMMANDS_AT_ONCE: usize = 1_000;

/// How long a file stays that no manifest names.
const UNNAMED_FOR: TimeDelta = TimeDelta::days(1);

/// How a backup is written.
#[derive(Debug, Clone)]
pub struct BackupOptions {
    /// How long the record of a command counts; older ones need not be kept.
    pub keep_commands: TimeDelta,
    /// A block, which is the least that damage is told of, ends with the line that makes it so large.
    pub block_bytes: usize,
    /// A segment, which is held in memory, ends with the block that makes it so large, compressed.
    pub segment_bytes: usize,
}

impl Default for BackupOptions {
    fn default() -> Self {
        Self {
            keep_commands: TimeDelta::days(7),
            block_bytes: 256 << 10,
            segment_bytes: 8 << 20,
        }
    }
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// What the target has now.
    pub manifest: Manifest,
    /// How many events were written, by this run or by one before it that was interrupted.
    pub events: u64,
    /// How many records of commands.
    pub commands: u64,
    /// How many bytes.
    pub bytes: u64,
}

/// Writes to `target` what `source` has since the backup there, or all of it. The store may be in use:
/// what is written is what it was at one position.
///
/// # Errors
/// The store cannot be read or is not the one of the backup there, or the target cannot be written to.
/// The backup that was there is still there then, and the next one goes on with what was written.
pub async fn back_up(
    source: &dyn BackupSource,
    target: &Target,
    options: &BackupOptions,
    watch: &mut dyn Watch,
) -> Result<Written, BackupError> {
    let _lock = target.lock()?;
    let seen = target.see(MANIFEST).await?;
    let before = seen.as_ref().map(Seen::content);
    let base = before.map(|bytes| Manifest::decode(MANIFEST, bytes));
    let base = base.transpose()?;
    let mut files = target.list(Kind::Events.folder()).await?;
    files.extend(target.list(Kind::Commands.folder()).await?);
    if let Some(base) = &base {
        // What is added to a backup that has lost something would be of no use.
        are_there(base, &files)?;
    }
    let head = source.head().await?;
    let taken_at = source.time().await?;
    let unfinished = unfinished::find(target, before.map(AsRef::as_ref)).await?;
    let unfinished = unfinished.filter(|manifest| are_there(manifest, &files).is_ok());
    let manifest = match unfinished {
        // What was begun on a history that is lost is of no use, whatever the manifest is of.
        Some(manifest) if is_of(&manifest, source, head.position).await? => Some(manifest),
        _ => base.clone(),
    };
    let mut manifest = manifest.unwrap_or_else(|| Manifest {
        format: FORMAT,
        id: Uuid::new_v4(),
        epoch: head.epoch,
        taken_at,
        cut: None,
        events: 0,
        event_segments: vec![],
        command_segments: vec![],
    });
    (manifest.epoch, manifest.taken_at) = (head.epoch, taken_at);
    let mut backup = Backup {
        source,
        target,
        sizes: Sizes {
            block_bytes: options.block_bytes,
            segment_bytes: options.segment_bytes,
        },
        before,
        manifest,
        watch,
    };
    backup.events(head.position).await?;
    let since = base.as_ref().and_then(Manifest::cut);
    backup.commands(since.as_ref()).await?;
    backup.forget(taken_at - options.keep_commands);
    let manifest = backup.manifest;
    let encoded = manifest.encode()?.into();
    target.replace(MANIFEST, seen.as_ref(), encoded).await?;
    // What was in the backup until now, somebody may be reading: the next run deletes it.
    let needed = [base.as_ref(), Some(&manifest)];
    tidy(target, &needed, &files).await;
    Ok(written(base.as_ref(), manifest))
}

/// A backup on its way.
struct Backup<'a> {
    source: &'a dyn BackupSource,
    target: &'a Target,
    sizes: Sizes,
    /// The manifest that is there.
    before: Option<&'a Bytes>,
    /// The one that will be.
    manifest: Manifest,
    watch: &'a mut dyn Watch,
}

impl Backup<'_> {
    /// Writes the events up to `until`.
    async fn events(&mut self, until: Position) -> Result<(), BackupError> {
        let mut end = match self.manifest.cut() {
            Some(cut) => cut.bookmark(),
            None => Bookmark::START,
        };
        let left = until.get().saturating_sub(end.position.get());
        self.watch
            .begin("positions", u64::try_from(left).unwrap_or(0));
        if !is_of(&self.manifest, self.source, until).await? {
            return Err(another_history(end));
        }
        let mut writer = SegmentWriter::new(Kind::Events, self.sizes);
        let mut cut: Option<Cut> = None;
        while end.position < until {
            let page = match self.source.read_on(end, EVENTS_AT_ONCE).await {
                Err(StoreError::Rewound { .. }) => return Err(another_history(end)),
                page => page?,
            };
            let before = end.position;
            for event in &page.events {
                let position = event.envelope.position;
                if position > until {
                    break;
                }
                let line = line::of_event(event).map_err(unwritable)?;
                writer.push(&line, Some(position.get()), event.envelope.recorded_at)?;
                let here = Cut::at(event);
                end = here.bookmark();
                cut = Some(here);
                if writer.is_full() {
                    self.end_events(&mut writer, cut.as_ref()).await?;
                }
            }
            let read = end.position.get().saturating_sub(before.get());
            self.watch.advance(u64::try_from(read).unwrap_or(0));
            if end.position == before {
                // Nothing more is there, though the head said so: the tail is gone.
                return Err(another_history(end));
            }
        }
        self.end_events(&mut writer, cut.as_ref()).await
    }

    /// Writes the segment that ends at `cut`, and remembers that.
    async fn end_events(
        &mut self,
        writer: &mut SegmentWriter,
        cut: Option<&Cut>,
    ) -> Result<(), BackupError> {
        let (Some((segment, content)), Some(cut)) = (writer.take()?, cut) else {
            return Ok(());
        };
        self.target.put(&segment.name, content).await?;
        self.manifest.events += segment.lines;
        self.manifest.event_segments.push(segment);
        self.manifest.cut = Some(cut.into());
        let before = self.before.map(AsRef::as_ref);
        unfinished::keep(self.target, before, &self.manifest).await
    }

    /// Writes the records of the commands whose last event was at `since`, or after it.
    async fn commands(&mut self, since: Option<&Cut>) -> Result<(), BackupError> {
        let until = self.manifest.cut();
        let mut from = Some(since.map_or(CommandCursor::START, CommandCursor::since));
        let mut writer = SegmentWriter::new(Kind::Commands, self.sizes);
        self.watch.begin("command records", 0);
        while let Some(cursor) = from {
            let page = self
                .source
                .read_commands(cursor, until.as_ref(), COMMANDS_AT_ONCE)
                .await?;
            for record in &page.records {
                let line = line::of_command(record).map_err(unwritable)?;
                writer.push(&line, None, record.recorded_at)?;
                if writer.is_full() {
                    self.end_commands(&mut writer).await?;
                }
            }
            self.watch.advance(page.records.len() as u64);
            from = page.next;
        }
        self.end_commands(&mut writer).await
    }

    async fn end_commands(&mut self, writer: &mut SegmentWriter) -> Result<(), BackupError> {
        let Some((segment, content)) = writer.take()? else {
            return Ok(());
        };
        self.target.put(&segment.name, content).await?;
        // What an idle store has said before is there already.
        if !self.manifest.command_segments.contains(&segment) {
            self.manifest.command_segments.push(segment);
        }
        Ok(())
    }

    /// Takes the segments out whose records are all from before `before`.
    fn forget(&mut self, before: DateTime<Utc>) {
        self.manifest
            .command_segments
            .retain(|segment| segment.newest >= before);
    }
}

/// Whether the last event of `manifest` is where it was in `source`, which is at `head`.
async fn is_of(
    manifest: &Manifest,
    source: &dyn BackupSource,
    head: Position,
) -> Result<bool, StoreError> {
    match manifest.cut() {
        Some(cut) => Ok(head >= cut.position && source.still_at(&cut).await?),
        None => Ok(true),
    }
}

/// Whether all segments of `manifest` are among `files`, with the sizes that they should have.
fn are_there(manifest: &Manifest, files: &HashMap<String, Found>) -> Result<(), Damage> {
    for segment in manifest
        .event_segments
        .iter()
        .chain(&manifest.command_segments)
    {
        let what = match files.get(&segment.name) {
            None => "it is missing".to_owned(),
            Some(found) if found.bytes != segment.bytes => {
                format!("it has {} bytes, and not {}", found.bytes, segment.bytes)
            }
            Some(_) => continue,
        };
        return Err(Damage::of(&segment.name, what));
    }
    Ok(())
}

/// Removes what nothing needs any more: of `files`, those that no one of the manifests names, unless they
/// are of today, as those of another run that goes on. The backup is done, with it or without.
async fn tidy(target: &Target, needed: &[Option<&Manifest>], files: &HashMap<String, Found>) {
    let mut left = vec![];
    left.extend(unfinished::forget(target).await.err());
    let needed: HashSet<&str> = needed
        .iter()
        .flatten()
        .flat_map(|manifest| {
            manifest
                .event_segments
                .iter()
                .chain(&manifest.command_segments)
        })
        .map(|segment| segment.name.as_str())
        .collect();
    let until = Utc::now() - UNNAMED_FOR;
    for (name, found) in files {
        if !needed.contains(name.as_str()) && found.written_at < until {
            left.extend(target.delete(name).await.err());
        }
    }
    for error in left {
        tracing::warn!(%error, "something of no more use stays in the backup's target");
    }
}

fn written(base: Option<&Manifest>, manifest: Manifest) -> Written {
    let is_new = |segment: &&Segment| {
        base.is_none_or(|base| {
            !base.event_segments.contains(segment) && !base.command_segments.contains(segment)
        })
    };
    let records = manifest.command_segments.iter().filter(is_new);
    let segments = manifest
        .event_segments
        .iter()
        .chain(&manifest.command_segments);
    Written {
        events: manifest.events - base.map_or(0, |base| base.events),
        commands: records.map(|segment| segment.lines).sum(),
        bytes: segments.filter(is_new).map(|segment| segment.bytes).sum(),
        manifest,
    }
}

fn another_history(end: Bookmark) -> BackupError {
    BackupError::AnotherHistory {
        position: end.position.get(),
        event_id: end.event_id.map_or(Uuid::nil(), |id| id.uuid()),
    }
}

fn unwritable(error: serde_json::Error) -> BackupError {
    BackupError::Unwritable(error.into())
}
