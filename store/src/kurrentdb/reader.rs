//! Reading events, as the port asks for them.

use super::{
    connection::Connections,
    event::Read,
    reading::{Answer, Question},
};
use crate::{Bookmark, PAGE_BYTES, Page, StoreError, StoredEvent, is_full};
use chrono::{DateTime, Utc};
use domain::{Position, StreamId, Version};
use futures::{TryStreamExt, pin_mut};

/// As [`EventReader::read_streams`](crate::EventReader::read_streams): each stream is a read of its
/// own, several of them at once.
pub(super) async fn streams(
    connections: &Connections,
    from: &[(StreamId, Version)],
    limit: usize,
) -> Result<Vec<StoredEvent>, StoreError> {
    if limit == 0 {
        return Ok(vec![]);
    }
    let questions: Vec<_> = from
        .iter()
        .map(|(stream, after)| {
            let name = connections.names().of_events(stream.as_str());
            // The first after version n has the revision n.
            Question::stream(&name, after.get().unsigned_abs(), limit)
        })
        .collect();
    let reading = connections.read_each("reading streams", questions);
    pin_mut!(reading);
    let mut events = Vec::new();
    while events.len() < limit
        && let Some(read) = reading.try_next().await?
    {
        let room = limit - events.len();
        for event in read.into_iter().take(room) {
            events.push(event.decode(connections.names())?);
        }
    }
    Ok(events)
}

/// As [`EventReader::read_all`](crate::EventReader::read_all).
pub(super) async fn all(
    connections: &Connections,
    after: Position,
    limit: usize,
) -> Result<Vec<StoredEvent>, StoreError> {
    match page(connections, after, limit).await? {
        Some(read) => {
            let news = read.into_iter().filter(|read| is_after(read, after));
            let news = news.take(limit);
            news.map(|read| read.decode(connections.names())).collect()
        }
        None => Err(rewound(connections, after).await),
    }
}

/// As [`EventReader::read_on`](crate::EventReader::read_on): the bookmark's own event comes first.
pub(super) async fn on(
    connections: &Connections,
    from: Bookmark,
    limit: usize,
) -> Result<Page, StoreError> {
    let Some(known) = from.event_id else {
        let events = all(connections, from.position, limit).await?;
        let is_full = is_full(&events, limit);
        return Ok(Page { events, is_full });
    };
    let read = page(connections, from.position, limit)
        .await?
        .unwrap_or_default();
    let first = read
        .first()
        .map(|first| Ok::<_, StoreError>((first.position()?, first.id()?)));
    if first.transpose()? != Some((from.position, known)) {
        return Err(rewound(connections, from.position).await);
    }
    let events = read.into_iter().skip(1).take(limit);
    let events = events.map(|read| read.decode(connections.names()));
    let events: Vec<_> = events.collect::<Result<_, _>>()?;
    let is_full = is_full(&events, limit);
    Ok(Page { events, is_full })
}

/// As [`EventReader::bookmark`](crate::EventReader::bookmark).
pub(super) async fn bookmark(
    connections: &Connections,
    position: Position,
) -> Result<Bookmark, StoreError> {
    if position == Position::ZERO {
        return Ok(Bookmark::START);
    }
    let read = page(connections, position, 0).await?.unwrap_or_default();
    let event_id = match read.first() {
        Some(first) if first.position()? == position => Some(first.id()?),
        _ => None,
    };
    Ok(Bookmark { position, event_id })
}

/// The event at `position`, if there is one.
pub(super) async fn event_at(
    connections: &Connections,
    position: Position,
) -> Result<Option<StoredEvent>, StoreError> {
    let read = page(connections, position, 0).await?.unwrap_or_default();
    match read.into_iter().next() {
        Some(first) if first.position()? == position => first.decode(connections.names()).map(Some),
        _ => Ok(None),
    }
}

/// The most events that are counted, as they have to be read for that.
const COUNTED: u64 = 10_000;

/// As [`EventReader::no_further_back`](crate::EventReader::no_further_back), of at most 10,000 events.
pub(super) async fn no_further_back(
    connections: &Connections,
    from: Option<Bookmark>,
    count: u64,
) -> Result<Bookmark, StoreError> {
    let names = connections.names();
    let count = usize::try_from(count.min(COUNTED)).unwrap_or(usize::MAX);
    if let Some(from) = from {
        let question = Question::all_from(&names.events(), from.position, count + 2, usize::MAX);
        let read = connections.read("counting events", &question).await?;
        if read
            .iter()
            .filter(|read| is_after(read, from.position))
            .count()
            <= count
        {
            return Ok(from);
        }
    }
    let question = Question::all_before(names, None, count + 1);
    let read = connections.read("counting events", &question).await?;
    match read.get(count) {
        None => Ok(Bookmark::START),
        Some(oldest) => Ok(Bookmark {
            position: oldest.position()?,
            event_id: Some(oldest.id()?),
        }),
    }
}

/// How many events are read at once to find one by its time.
const PAGE: usize = 1_000;

/// As [`EventReader::position_at`](crate::EventReader::position_at): the log is read from its beginning,
/// since it can only be entered at places of events.
pub(super) async fn position_at(
    connections: &Connections,
    time: DateTime<Utc>,
) -> Result<Position, StoreError> {
    let mut found = Position::ZERO;
    loop {
        let page = all(connections, found, PAGE).await?;
        let is_full = is_full(&page, PAGE);
        for event in page {
            if event.envelope.recorded_at > time {
                return Ok(found);
            }
            found = event.envelope.position;
        }
        if !is_full {
            return Ok(found);
        }
    }
}

/// The event at `after`, if there is one, and those after it; none if the log can have none there.
async fn page(
    connections: &Connections,
    after: Position,
    limit: usize,
) -> Result<Option<Vec<Read>>, StoreError> {
    let count = limit.saturating_add(usize::from(after > Position::ZERO));
    let question = Question::all_from(&connections.names().events(), after, count, PAGE_BYTES);
    match connections.read_at("reading all events", &question).await? {
        Answer::Events(events) => Ok(Some(events)),
        Answer::NoSuchPosition => Ok(None),
    }
}

fn is_after(read: &Read, after: Position) -> bool {
    read.0.commit_position > after.get().unsigned_abs()
}

async fn rewound(connections: &Connections, checkpoint: Position) -> StoreError {
    match super::head(connections).await {
        Ok(head) => StoreError::Rewound { checkpoint, head },
        Err(error) => error,
    }
}
