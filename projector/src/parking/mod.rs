//! Parking: an event that cannot be read or folded stops its own sequence, and no other.
//!
//! A sequence is what has to be folded in order: the events of one row. It is named by the row's key. Where
//! an event cannot be read, its key is what its stream says ([`Projection::key_of_stream`]); where that says
//! nothing, the stream itself is parked, and so is each row that a later event of the stream is about, from
//! that event on. What waits is not copied: it is in the event store, behind the position at which its
//! sequence stops.
//!
//! So at any time, rows = fold(events up to the checkpoint, without those of parked sequences from where they
//! stop, and without what was skipped). Live ([`crate::live`]), [`crate::rebuild`] and [`crate::verify`] all
//! ask the same [`Lot`] which events those are.
//!
//! [`Projection::key_of_stream`]: crate::Projection::key_of_stream

mod lot;
mod name;
mod sort;

pub(crate) use lot::{Lot, Room, Verdict};
pub(crate) use name::{
    Poison, key_of_unreadable, passed_over, sequence_of_key, sequence_of_stream, waiting_behind,
};
pub(crate) use sort::{Sorted, sort};

use crate::live::Place;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// The longest error that is kept, in bytes; a longer one is cut.
const LONGEST_ERROR: usize = 2_000;

/// The most sequences that may wait behind parked streams, whatever the setting.
pub(crate) const MOST_BEHIND: usize = 10_000;

/// Where a sequence stops, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Stop {
    /// The event: stream, version and position.
    #[serde(flatten)]
    pub place: Place,
    /// Its id.
    pub event_id: Uuid,
    /// Its stored type.
    pub event_type: String,
    /// A position to read on from to find it: all events of the sequence up to there are folded.
    #[serde(skip)]
    pub after: i64,
    /// Why it cannot be folded, with causes.
    pub error: String,
    /// The sequence that it waits behind: the event itself could be folded, but one before it cannot be
    /// read.
    pub behind: Option<String>,
}

/// A sequence that is parked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ParkedSequence {
    /// The columns of the row's key, or `stream NAME`, or `event POSITION`.
    #[schema(example = "tenant=main order_id=0198c5a2-51ab-7000-8000-0123456789ab")]
    pub sequence: String,
    /// Where it stops.
    #[serde(flatten)]
    pub stop: Stop,
    /// How many events of it wait behind that one.
    pub queued: i64,
    /// How often it was tried to fold it.
    pub attempts: i32,
    /// Since when the sequence is parked.
    pub since: DateTime<Utc>,
    /// When it was tried last.
    pub tried_at: DateTime<Utc>,
    /// Whether somebody has asked to try it again, and that is still to come.
    pub wanted: bool,
    /// Counts changes.
    #[serde(skip)]
    pub revision: i32,
}

/// All that is parked of a projection, and what is left out of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parking {
    /// The sequences.
    pub sequences: Vec<ParkedSequence>,
    /// The events that an operator has had skipped: their ids by position.
    pub skipped: HashMap<i64, Uuid>,
}

/// A change of what is parked, written with rows and checkpoint or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParkingChange {
    /// A sequence is parked, or stops further on.
    Park {
        /// Which.
        sequence: String,
        /// Where it stops.
        stop: Stop,
        /// How many events wait behind that.
        queued: i64,
        /// How often it was tried.
        attempts: i32,
        /// The revision of the same sequence, if it was parked before.
        replaces: Option<i32>,
        /// Whether it is to be tried again at once.
        wanted: bool,
    },
    /// More events of it wait.
    Queue {
        /// Which.
        sequence: String,
        /// How many more.
        more: i64,
    },
    /// It is not parked any more.
    Release {
        /// Which.
        sequence: String,
        /// At which revision.
        revision: i32,
    },
}

/// How much of a projection is parked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedCount {
    /// The projection.
    pub projection: String,
    /// How many sequences.
    pub sequences: i64,
    /// How many events wait in them, those that stop them included.
    pub events: i64,
    /// Since when the oldest is parked.
    pub oldest: DateTime<Utc>,
}

/// The error and its causes, in one line, without values of a payload.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        match error.downcast_ref::<serde_json::Error>() {
            // Its text quotes values, which may be of people.
            Some(error) => text.push_str(&format!(
                "{:?} error at line {} column {}",
                error.classify(),
                error.line(),
                error.column()
            )),
            None => text.push_str(&error.to_string()),
        }
        cause = error.source();
    }
    if text.len() > LONGEST_ERROR {
        text.truncate(text.floor_char_boundary(LONGEST_ERROR));
        text.push('…');
    }
    text.replace('\0', "")
}

/// The longest reason for which an event is skipped, and the longest name of who says so, in characters.
pub const LONGEST_REASON: usize = 500;
/// See [`LONGEST_REASON`].
pub const LONGEST_NAME: usize = 128;

/// What somebody said, without blanks around it.
///
/// # Errors
/// The rule that it breaks: it is empty, longer than `most` characters, or has control characters.
pub fn said(text: &str, most: usize) -> Result<&str, String> {
    let text = text.trim();
    let is_right =
        (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    match is_right {
        true => Ok(text),
        false => Err(format!(
            "must be 1 to {most} characters, none of them a control character"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::DecodeError;

    #[test]
    fn an_error_tells_nothing_of_a_payload() {
        let source = serde_json::from_str::<u32>("\n \"Ada Lovelace\"").unwrap_err();
        assert!(source.to_string().contains("Ada"));
        let error = DecodeError::Payload {
            event_type: "OrderPlaced".into(),
            schema_version: 2,
            source,
        };
        assert_eq!(
            with_causes(&error),
            "event OrderPlaced v2 has a payload of another shape: Data error at line 2 column 15"
        );
    }
}
