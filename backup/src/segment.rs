//! Segments: files of a bounded size, whose names say what they hold.

use crate::{
    blocks::{BlockWriter, Blocks, sha256},
    damage::Damage,
    error::BackupError,
    manifest::Segment,
};
use bytes::Bytes;
use chrono::{DateTime, Utc};

/// What a segment is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Events,
    Commands,
}

impl Kind {
    /// The folder of its files.
    pub(crate) const fn folder(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Commands => "commands",
        }
    }
}

/// How large blocks and segments are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    /// A block ends with the line that makes it so large.
    pub(crate) block_bytes: usize,
    /// A segment ends with the block that makes it so large, compressed.
    pub(crate) segment_bytes: usize,
}

/// Lines on their way into a segment.
pub(crate) struct SegmentWriter {
    kind: Kind,
    sizes: Sizes,
    blocks: BlockWriter,
    first: Option<i64>,
    last: Option<i64>,
    newest: Option<DateTime<Utc>>,
}

impl SegmentWriter {
    pub(crate) fn new(kind: Kind, sizes: Sizes) -> Self {
        Self {
            kind,
            sizes,
            blocks: BlockWriter::default(),
            first: None,
            last: None,
            newest: None,
        }
    }

    /// Adds a line, of an event at `position`, or of a record of a command without one.
    pub(crate) fn push(
        &mut self,
        line: &[u8],
        position: Option<i64>,
        recorded_at: DateTime<Utc>,
    ) -> Result<(), BackupError> {
        self.first = self.first.or(position);
        self.last = position;
        self.newest = self.newest.max(Some(recorded_at));
        self.blocks
            .push(line, position, self.sizes.block_bytes)
            .map_err(|error| BackupError::Unwritable(error.into()))
    }

    /// Whether it is large enough.
    pub(crate) const fn is_full(&self) -> bool {
        self.blocks.len() >= self.sizes.segment_bytes
    }

    /// The segment and its content; none if there is no line. Another is begun.
    pub(crate) fn take(&mut self) -> Result<Option<(Segment, Bytes)>, BackupError> {
        let Self {
            blocks,
            first,
            last,
            newest,
            ..
        } = std::mem::replace(self, Self::new(self.kind, self.sizes));
        let (lines, Some(newest)) = (blocks.lines(), newest) else {
            return Ok(None);
        };
        let content = blocks.finish();
        let content = content.map_err(|error| BackupError::Unwritable(error.into()))?;
        let sha256 = sha256(&content);
        let folder = self.kind.folder();
        // By its content: whoever writes the same again writes over the same.
        let name = match (first, last) {
            (Some(first), Some(last)) => {
                format!(
                    "{folder}/{first:020}-{last:020}-{}.ndjson.zst",
                    &sha256[..12]
                )
            }
            _ => {
                let until = newest.format("%Y%m%dT%H%M%S%6f");
                format!("{folder}/{until}-{}.ndjson.zst", &sha256[..12])
            }
        };
        let segment = Segment {
            name,
            lines,
            first,
            last,
            newest,
            bytes: content.len() as u64,
            sha256,
        };
        Ok(Some((segment, content.into())))
    }
}

/// The blocks of `content`, which must be that of `segment`.
pub(crate) fn blocks<'a>(segment: &'a Segment, content: &'a [u8]) -> Blocks<'a> {
    Blocks::new(&segment.name, content, segment.first.map(|first| first - 1))
}

/// Finds out whether `content` is that of `segment`; if not, where it is damaged. `others` are what else
/// there is, which may have taken its place.
pub(crate) fn check(segment: &Segment, content: &[u8], others: &[Segment]) -> Result<(), Damage> {
    let found = sha256(content);
    let bytes = content.len() as u64;
    if found == segment.sha256 && bytes == segment.bytes {
        return Ok(());
    }
    if let Some(other) = others.iter().find(|other| other.sha256 == found) {
        let what = format!("it holds what {} should", other.name);
        return Err(Damage::of(&segment.name, what));
    }
    if let Some(Err(damage)) = blocks(segment, content).find(Result::is_err) {
        return Err(damage);
    }
    let what = match bytes == segment.bytes {
        true => "its content is not what the manifest says".to_owned(),
        false => format!("it has {bytes} bytes, and not {}", segment.bytes),
    };
    Err(Damage::of(&segment.name, what))
}
