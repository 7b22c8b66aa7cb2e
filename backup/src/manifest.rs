//! The manifest: what a backup consists of.

use crate::{blocks::sha256, damage::Damage, error::BackupError, line::PlaceLine};
use chrono::{DateTime, Utc};
use domain::{EventId, Position};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use store::Cut;
use uuid::Uuid;

/// The manifest's name.
pub const MANIFEST: &str = "manifest.json";

/// The format that this build writes, and the only one there is.
pub const FORMAT: u32 = 1;

/// What a backup consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// Which target this is: it stays, whatever is added.
    pub id: Uuid,
    /// The store's epoch when it was taken.
    pub epoch: Uuid,
    /// When it was taken, by the store's clock.
    pub taken_at: DateTime<Utc>,
    /// The last event; none if there is none.
    pub(crate) cut: Option<CutLine>,
    /// How many events there are.
    pub events: u64,
    /// The segments of events, in the order of positions.
    pub event_segments: Vec<Segment>,
    /// Those of the records of commands, in the order in which they were written.
    pub command_segments: Vec<Segment>,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    /// Its name in the target.
    pub name: String,
    /// How many lines it has: events, or records.
    pub lines: u64,
    /// The position of its first event; none if it has records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<i64>,
    /// That of its last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<i64>,
    /// When the newest of what it holds was recorded.
    pub newest: DateTime<Utc>,
    /// How many bytes it has.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: String,
}

/// The last event of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CutLine {
    position: i64,
    event_id: Uuid,
    recorded_at: DateTime<Utc>,
    place: PlaceLine,
}

impl From<&Cut> for CutLine {
    fn from(cut: &Cut) -> Self {
        Self {
            position: cut.position.get(),
            event_id: cut.event_id.uuid(),
            recorded_at: cut.recorded_at,
            place: PlaceLine::from(&cut.place),
        }
    }
}

impl From<CutLine> for Cut {
    fn from(line: CutLine) -> Self {
        Self {
            position: Position::new(line.position),
            event_id: EventId::new(line.event_id),
            recorded_at: line.recorded_at,
            place: line.place.into(),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    manifest: Box<RawValue>,
    sha256: String,
}

#[derive(Deserialize)]
struct Formatted {
    format: u32,
}

impl Manifest {
    /// The last event; none if there is none.
    pub fn cut(&self) -> Option<Cut> {
        self.cut.clone().map(Cut::from)
    }

    /// The position of the last event; zero if there is none.
    pub fn position(&self) -> i64 {
        self.cut.as_ref().map_or(0, |cut| cut.position)
    }

    /// How many bytes its segments have.
    pub fn bytes(&self) -> u64 {
        let segments = self.event_segments.iter().chain(&self.command_segments);
        segments.map(|segment| segment.bytes).sum()
    }

    /// What a restore of exactly this is called.
    pub(crate) fn source(&self) -> Result<Uuid, BackupError> {
        Ok(Uuid::new_v5(&self.id, &self.encode()?))
    }

    /// As a file, with what it must be checked by.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, BackupError> {
        seal(self).map_err(|error| BackupError::Unwritable(error.into()))
    }

    /// Reads what [`encode`](Self::encode) wrote to `file`.
    pub(crate) fn decode(file: &str, bytes: &[u8]) -> Result<Self, BackupError> {
        let json = unseal(bytes).map_err(|what| Damage::of(file, what))?;
        let format = serde_json::from_str(json.get()).map(|it: Formatted| it.format);
        match format {
            Ok(FORMAT) | Err(_) => {}
            Ok(found) => return Err(BackupError::Format { found }),
        }
        let manifest: Self = serde_json::from_str(json.get())
            .map_err(|error| Damage::of(file, format!("it is no manifest: {error}")))?;
        manifest.check(file)?;
        Ok(manifest)
    }

    /// Whether it is one: its segments follow on each other, up to its end.
    fn check(&self, file: &str) -> Result<(), Damage> {
        let (mut lines, mut last) = (0, 0);
        for segment in &self.event_segments {
            match (segment.first, segment.last) {
                (Some(first), Some(end)) if first > last && end >= first => last = end,
                _ => {
                    let what = format!("{} does not follow on what is before it", segment.name);
                    return Err(Damage::of(file, what));
                }
            }
            lines += segment.lines;
        }
        match (lines, last) == (self.events, self.position()) {
            true => Ok(()),
            false => Err(Damage::of(file, "its segments are not all its events")),
        }
    }
}

/// `content` as a file, with its checksum.
pub(crate) fn seal(content: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let manifest = serde_json::value::to_raw_value(content)?;
    let sha256 = sha256(manifest.get().as_bytes());
    let mut file = serde_json::to_vec(&Sealed { manifest, sha256 })?;
    file.push(b'\n');
    Ok(file)
}

/// What was [sealed](seal), if it is that to the last bit.
pub(crate) fn unseal(bytes: &[u8]) -> Result<Box<RawValue>, String> {
    let sealed: Sealed =
        serde_json::from_slice(bytes).map_err(|error| format!("it cannot be read: {error}"))?;
    let mut again = serde_json::to_vec(&sealed).unwrap_or_default();
    again.push(b'\n');
    let right = sha256(sealed.manifest.get().as_bytes()) == sealed.sha256 && again == bytes;
    match right {
        true => Ok(sealed.manifest),
        false => Err("its content is not what its checksum says".into()),
    }
}
