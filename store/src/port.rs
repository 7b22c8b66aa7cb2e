//! The port that every event store adapter implements.

use crate::{Append, AppendOutcome, Bookmark, CommandRecord, HeadSignal, StoreError, StoredEvent};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{CommandId, Event, Position, StreamId, Version};
use uuid::Uuid;

/// A page of [`read_all`](EventReader::read_all) ends early once it holds so many bytes of payload:
/// a store that compresses payloads counts them as it keeps them.
pub const PAGE_BYTES: usize = 2 << 20;

/// The same for [`read_types`](EventReader::read_types), which reads much of history.
pub const HISTORY_PAGE_BYTES: usize = 8 << 20;

/// Events that follow on a bookmark.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The events.
    pub events: Vec<StoredEvent>,
    /// Whether it may have ended at one of its limits: there may be more.
    pub is_full: bool,
}

/// Whether a page of [`read_all`](EventReader::read_all) may have ended at one of its limits, so that
/// there may be more.
pub fn is_full(page: &[StoredEvent], limit: usize) -> bool {
    holds(page, limit, PAGE_BYTES)
}

/// The same for a page of [`read_types`](EventReader::read_types).
pub fn is_full_of_history(page: &[StoredEvent], limit: usize) -> bool {
    holds(page, limit, HISTORY_PAGE_BYTES)
}

fn holds(page: &[StoredEvent], limit: usize, bytes: usize) -> bool {
    page.len() >= limit || page.iter().map(|event| event.payload.len()).sum::<usize>() >= bytes
}

/// How far a store is, and which life of it this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The position of the last event; zero if there is none.
    pub position: Position,
    /// Positions of another epoch mean nothing in this one. It is changed by hand, by whoever knows
    /// that the store is another one; what a restore or a failover does, [`Bookmark`]s tell.
    pub epoch: Uuid,
}

/// Reads events.
#[async_trait]
pub trait EventReader: Send + Sync + 'static {
    /// The events of each stream after the given version, by stream in the order asked and then by
    /// version; at most `limit` in all. Whoever gets `limit` asks again from where it ended.
    async fn read_streams(
        &self,
        from: &[(StreamId, Version)],
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError>;

    /// The events after `after` in the order of all events; at most `limit`, and no more once they
    /// hold [`PAGE_BYTES`]: [`is_full`] tells whether there may be more. What was not in an answer
    /// that ended before it never turns up at or below that answer's last position.
    async fn read_all(&self, after: Position, limit: usize)
    -> Result<Vec<StoredEvent>, StoreError>;

    /// The events that follow on `from`, as [`read_all`](Self::read_all) gives them. This reads from
    /// right before `from`; a store that reads only from places of events has its own way. If another
    /// event is at the bookmark's position, or none, the store is
    /// [rewound](StoreError::Rewound): that is found out with the same read, so no page that follows
    /// on another history is ever given.
    async fn read_on(&self, from: Bookmark, limit: usize) -> Result<Page, StoreError> {
        let Some(known) = from.event_id else {
            let events = self.read_all(from.position, limit).await?;
            let is_full = is_full(&events, limit);
            return Ok(Page { events, is_full });
        };
        let before = Position::new(from.position.get() - 1);
        let limit = limit.saturating_add(1);
        let mut events = self.read_all(before, limit).await?;
        let first = events.first().map(|event| &event.envelope);
        if first.map(|first| (first.position, first.event_id)) != Some((from.position, known)) {
            let head = self.head().await?.position;
            return Err(StoreError::Rewound {
                checkpoint: from.position,
                head,
            });
        }
        let is_full = is_full(&events, limit);
        events.remove(0);
        if is_full && events.is_empty() {
            // The bookmark's event alone filled the page.
            return self.read_on(from.position.into(), limit - 1).await;
        }
        Ok(Page { events, is_full })
    }

    /// The bookmark at `position`: with the event that is there now, if there is one.
    async fn bookmark(&self, position: Position) -> Result<Bookmark, StoreError> {
        if position == Position::ZERO {
            return Ok(Bookmark::START);
        }
        let before = Position::new(position.get() - 1);
        let event_id = self.read_all(before, 1).await?.first().and_then(|event| {
            let envelope = &event.envelope;
            (envelope.position == position).then_some(envelope.event_id)
        });
        Ok(Bookmark { position, event_id })
    }

    /// Where to go on for whoever has come to `from`, if anywhere, and wants no more than about the
    /// latest `count` events of a store that is at `head`: at `from`, or further on. This takes
    /// positions for contiguous; a store that leaves gaps has its own way.
    async fn no_further_back(
        &self,
        from: Option<Bookmark>,
        head: Position,
        count: u64,
    ) -> Result<Bookmark, StoreError> {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let oldest = Position::new(head.get().saturating_sub(count));
        match from {
            Some(from) if from.position >= oldest => Ok(from),
            _ => self.bookmark(oldest).await,
        }
    }

    /// Whether the event that `known` is at is still where it was. One that is taken on trust is.
    async fn still_has(&self, known: Bookmark) -> Result<bool, StoreError> {
        match known.event_id {
            None => Ok(true),
            Some(_) => Ok(self.bookmark(known.position).await? == known),
        }
    }

    /// The position of the last event that was recorded at `time` or before, by the store's own clock; zero
    /// if there is none. Times of recording never go back from one position to the next, so this looks at
    /// a few events alone. It asks for positions between those of events; a store that cannot be asked
    /// for them has its own way.
    async fn position_at(&self, time: DateTime<Utc>) -> Result<Position, StoreError> {
        let (mut found, mut end) = (0, self.head().await?.position.get());
        while found < end {
            // More than `found`, and at most `end`.
            let middle = end - (end - found) / 2;
            let page = self.read_all(Position::new(middle - 1), 1).await?;
            let next = page.first().map(|event| &event.envelope);
            match next.filter(|next| next.recorded_at <= time) {
                Some(next) => found = next.position.get(),
                None => end = middle - 1,
            }
        }
        Ok(Position::new(found))
    }

    /// As [`read_all`](Self::read_all), but only the events of `types` and those of types that this
    /// build does not know, and none after `until`: for whoever folds all of history, and must stop
    /// at what it cannot read. At most `limit`, and no more once they hold [`HISTORY_PAGE_BYTES`]:
    /// [`is_full_of_history`] tells whether there may be more.
    async fn read_types(
        &self,
        types: &[&'static str],
        after: Position,
        until: Position,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let (mut found, mut end) = (vec![], after);
        while !is_full_of_history(&found, limit) && end < until {
            let page = self.read_all(end, limit).await?;
            let Some(last) = page.last() else { break };
            end = last.envelope.position;
            let within = page.into_iter().filter(|event| {
                let event_type = event.event_type.as_str();
                event.envelope.position <= until
                    && (types.contains(&event_type) || !Event::is_known(event_type))
            });
            found.extend(within.take(limit - found.len()));
        }
        Ok(found)
    }

    /// How far the store is.
    async fn head(&self) -> Result<Head, StoreError>;

    /// The records of those of the commands that were recorded.
    async fn find_commands(&self, ids: &[CommandId]) -> Result<Vec<CommandRecord>, StoreError>;

    /// Hints about a moved head.
    fn signal(&self) -> HeadSignal;
}

/// Appends events.
#[async_trait]
pub trait EventStore: EventReader {
    /// Appends a batch in its order, and says for each append what became of it. Appends are
    /// independent, but for one thing: an append that expects what an earlier one of the batch
    /// leads to is done only if that one is.
    ///
    /// After an error that is [transient](StoreError::is_transient) the same batch may be appended
    /// again: what was done is then a [duplicate](AppendOutcome::Duplicate).
    async fn append(&self, batch: &[Append]) -> Result<Vec<AppendOutcome>, StoreError>;

    /// The time by the store's own clock, which is that of all times recorded.
    async fn now(&self) -> Result<DateTime<Utc>, StoreError>;

    /// The store's epoch as the last append found it; none before the first. So whoever says where
    /// something was appended can say of which epoch that is, without asking again.
    fn epoch(&self) -> Option<Uuid>;

    /// The database that it is, as OpenTelemetry names it; none where it is none.
    fn system(&self) -> Option<&'static str> {
        None
    }

    /// Forgets command records older than `before`; says how many. Bounded work per call.
    async fn forget_commands(&self, before: DateTime<Utc>) -> Result<u64, StoreError>;
}
