//! How far a reader has come, so that it notices when the store is not the one it has read.

use domain::{Envelope, EventId, Position};

/// How far a reader has come: a position, and which event it knows to be there.
///
/// A store that was restored, or that failed over to a copy without its tail, may have grown past
/// that position again. Then another event is there, which the position alone would not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bookmark {
    /// Everything up to here was read.
    pub position: Position,
    /// The event at `position`. With none, the position is taken on trust.
    pub event_id: Option<EventId>,
}

impl Bookmark {
    /// Before the first event.
    pub const START: Self = Self {
        position: Position::ZERO,
        event_id: None,
    };

    /// At the event with this envelope.
    pub const fn at(envelope: &Envelope) -> Self {
        Self {
            position: envelope.position,
            event_id: Some(envelope.event_id),
        }
    }

    /// Whether both can be of one history: they are at different positions, or know of no different
    /// events there.
    pub fn agrees_with(&self, other: &Self) -> bool {
        self.position != other.position
            || match (self.event_id, other.event_id) {
                (Some(one), Some(other)) => one == other,
                _ => true,
            }
    }
}

impl From<Position> for Bookmark {
    /// A position that is taken on trust.
    fn from(position: Position) -> Self {
        Self {
            position,
            event_id: None,
        }
    }
}
