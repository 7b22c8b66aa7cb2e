//! Taking a store's whole content out, and putting it into an empty one: what backups are made with.
//!
//! Events come out by [`EventReader::read_all`]; what is here is the rest of it: the records of
//! commands, so that what was answered once is answered the same, and the way in.

use crate::{Bookmark, EventReader, Head, StoreError, StoredEvent};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{CommandId, EventId, Position, Version};
use uuid::Uuid;

/// The record of a command as it is stored: what it says is not looked into, so that a build that
/// cannot read all of it can still carry it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCommand {
    /// The command.
    pub id: CommandId,
    /// The name of the stream it was about.
    pub stream: String,
    /// That stream's version after it.
    pub version: Version,
    /// The last event there was when it was recorded, its own included; none before the first.
    pub last_event: Option<EventPlace>,
    /// When it was recorded, by the store's clock.
    pub recorded_at: DateTime<Utc>,
    /// The digest of what was asked.
    pub fingerprint: Option<Vec<u8>>,
    /// Why it was refused, if it was: JSON.
    pub refusal: Option<String>,
}

/// An event by what it is called in every store: positions are each store's own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EventPlace {
    /// The name of its stream.
    pub stream: String,
    /// Its number there.
    pub version: Version,
}

impl EventPlace {
    /// Where `event` is.
    pub fn of(event: &StoredEvent) -> Self {
        Self {
            stream: event.stored_names().0.to_owned(),
            version: event.envelope.version,
        }
    }
}

/// Where a store was when its content was taken: at its last event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// The event's position.
    pub position: Position,
    /// Its id.
    pub event_id: EventId,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// What it is called in every store.
    pub place: EventPlace,
}

impl Cut {
    /// At `event`.
    pub fn at(event: &StoredEvent) -> Self {
        Self {
            position: event.envelope.position,
            event_id: event.envelope.event_id,
            recorded_at: event.envelope.recorded_at,
            place: EventPlace::of(event),
        }
    }

    /// As whoever has read up to there remembers it.
    pub const fn bookmark(&self) -> Bookmark {
        Bookmark {
            position: self.position,
            event_id: Some(self.event_id),
        }
    }
}

/// How far command records were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandCursor {
    /// Records from before this time are of no matter, or were read.
    pub(crate) recorded_at: DateTime<Utc>,
    /// Of those of that very time, those up to here were read.
    pub(crate) id: Uuid,
    /// Records whose last event is before this are of no matter.
    pub(crate) position: Position,
    /// In a store that keeps records among its events: where the last one is that was read.
    pub(crate) place: Position,
}

impl CommandCursor {
    /// Before the first record.
    pub const START: Self = Self {
        recorded_at: DateTime::<Utc>::UNIX_EPOCH,
        id: Uuid::nil(),
        position: Position::ZERO,
        place: Position::ZERO,
    };

    /// Before the records whose last event was the one at `cut`, or one after it.
    pub const fn since(cut: &Cut) -> Self {
        Self {
            recorded_at: cut.recorded_at,
            id: Uuid::nil(),
            position: cut.position,
            place: cut.position,
        }
    }
}

/// Some records, and where to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandPage {
    /// The records.
    pub records: Vec<StoredCommand>,
    /// Where to go on; none if these were the last.
    pub next: Option<CommandCursor>,
}

/// Reads all that is in a store.
#[async_trait]
pub trait BackupSource: EventReader {
    /// The records of commands after `from` whose last event is `until` or one before it, at most
    /// about `limit` at once. With none, there is no event yet.
    ///
    /// A record commits with its events: whoever takes `until` from a store that is in use, and then
    /// reads these, has the record of every event up to `until` that is not forgotten.
    async fn read_commands(
        &self,
        from: CommandCursor,
        until: Option<&Cut>,
        limit: usize,
    ) -> Result<CommandPage, StoreError>;

    /// The time by the store's own clock.
    async fn time(&self) -> Result<DateTime<Utc>, StoreError>;

    /// Whether the store still has the very event that `cut` is at. Its id alone does not tell: it
    /// follows from the command's, and the same command may have been done once more, at the same
    /// position of another history. So the time counts, too.
    async fn still_at(&self, cut: &Cut) -> Result<bool, StoreError> {
        let before = Position::new(cut.position.get() - 1);
        let found = self.read_all(before, 1).await?;
        Ok(found.first().is_some_and(|event| Cut::at(event) == *cut))
    }
}

/// What is put into a store, and how far that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restoring {
    /// What is restored: another thing is not mixed with it.
    pub source: Uuid,
    /// How many events are there.
    pub events: u64,
    /// How many command records are there.
    pub commands: u64,
}

impl Restoring {
    /// Nothing of `source` is there yet.
    pub(crate) const fn of(source: Uuid) -> Self {
        Self {
            source,
            events: 0,
            commands: 0,
        }
    }

    /// Whether nothing is there yet: something else may take its place.
    pub(crate) const fn is_nothing(&self) -> bool {
        self.events == 0 && self.commands == 0
    }
}

/// Takes what another store had, while it is empty. Nothing of it is there for anybody else before
/// [`finish`](Self::finish); who is interrupted begins again with the same source and goes on.
///
/// An adapter gives events positions of its own, in the order they come in. One whose positions are
/// contiguous from 1 gives them those that they had in a store of which the same is true.
#[async_trait]
pub trait RestoreTarget: Send + Sync + 'static {
    /// Looks whether [`begin`](Self::begin) would take what is called `source`, and changes nothing.
    ///
    /// # Errors
    /// The store is not empty, or something else is being restored into it.
    async fn look(&self, source: Uuid) -> Result<(), StoreError>;

    /// Begins, or goes on with, what is called `source`; says how much of it is there.
    ///
    /// # Errors
    /// The store is not empty, or something else is being restored into it.
    async fn begin(&self, source: Uuid) -> Result<Restoring, StoreError>;

    /// Puts the next events in, in the order of their positions. They are on disk afterwards, or as
    /// much of them as `begin` will say.
    async fn put_events(&self, events: &[StoredEvent]) -> Result<(), StoreError>;

    /// Puts the next command records in, after all events. Of a command of which there is a record
    /// already, that one stays.
    async fn put_commands(&self, records: &[StoredCommand]) -> Result<(), StoreError>;

    /// Makes what is there the store's content, at once, under a new epoch.
    ///
    /// # Errors
    /// Somebody has meanwhile used the store. Nothing was finished.
    async fn finish(&self) -> Result<Head, StoreError>;

    /// Throws away what was put in and is not finished.
    async fn give_up(&self) -> Result<(), StoreError>;
}

/// That a store cannot be restored into.
pub(crate) fn not_empty(what: impl Into<String>) -> StoreError {
    StoreError::Failed {
        what: "a restore goes into an empty store, and nothing was changed".into(),
        source: what.into().into(),
    }
}

/// That it is not empty.
pub(crate) fn is_used() -> StoreError {
    not_empty(
        "it has events, or records of commands; if a restore has put them there, and you do not know \
         whether it came to its end, it did: `orders personal-data erase-again` does again what may be \
         left to do",
    )
}

/// That somebody else has written into it between the beginning and the end.
pub(crate) fn used_meanwhile() -> StoreError {
    StoreError::Failed {
        what: "the restore is not finished: somebody else has written into the store meanwhile"
            .into(),
        source: "stop all processes that use it, and run this again; if it says the same, restore \
                 into another empty database or namespace"
            .into(),
    }
}

/// That a command's record is of an event that there is none of.
pub(crate) fn no_such_event() -> StoreError {
    StoreError::Failed {
        what: "the record of a command names an event that the backup has not".into(),
        source: "restore another backup".into(),
    }
}

/// That the events of `stream` are not numbered from 1, one after the other.
pub(crate) fn not_contiguous(stream: &str) -> StoreError {
    StoreError::Failed {
        what: format!("the backup has not all events of {stream}, or some twice"),
        source: "restore another backup".into(),
    }
}

/// That something else is being restored.
pub(crate) fn another_restore(other: Uuid) -> StoreError {
    not_empty(format!(
        "the restore of another backup, or of this one before something was added to it, was begun here \
         and not finished (it is called {other}): run `orders restore` with what it was to its end, or \
         `orders restore --give-up`"
    ))
}

/// That events and records were put in before it was begun.
pub(crate) fn not_begun() -> StoreError {
    StoreError::Misuse("the restore was not begun".into())
}
