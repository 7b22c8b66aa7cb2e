//! The states that the lane keeps, and those of one batch.

use crate::{EventReader, StoreError};
use domain::{Category, Event, State, StreamId, Version};
use lru::LruCache;
use std::{
    collections::{HashMap, HashSet},
    num::NonZeroUsize,
    sync::Arc,
};

/// How many events are read at once while states are loaded.
const PAGE: usize = 4_096;

/// How many reads of one load may fail for good before no smaller ones are tried: then it is not
/// about a few streams.
const FAILED_READS: usize = 32;

/// A state and the version it is of.
#[derive(Debug, Clone)]
pub(super) struct Cached {
    pub state: Arc<State>,
    pub version: Version,
    /// Whether it was read since the current attempt began: then it is not stale.
    pub fresh: bool,
    /// Whether it may be stale, so that what came after it must be read before it is used again.
    pub doubted: bool,
}

impl Cached {
    fn empty(stream: &StreamId) -> Self {
        let state = Arc::new(State::empty(stream.category()));
        Self {
            state,
            version: Version::ZERO,
            fresh: false,
            doubted: false,
        }
    }

    fn evolve(&mut self, event: &Event) {
        let state = Arc::make_mut(&mut self.state);
        // `evolve` takes the state by value; an absent order costs nothing to leave in its place.
        *state = std::mem::replace(state, State::empty(Category::Order)).evolve(event);
        self.version = self.version.plus(1);
    }
}

/// The states of streams that were used lately, bounded in number and size.
pub(super) struct StateCache {
    /// With the size that each had when it was put in.
    states: LruCache<StreamId, (Cached, usize)>,
    bytes: usize,
    max_bytes: usize,
}

impl StateCache {
    pub(super) fn new(capacity: NonZeroUsize, max_bytes: usize) -> Self {
        Self {
            states: LruCache::new(capacity),
            bytes: 0,
            max_bytes,
        }
    }

    /// Takes a batch's states out. What is not put back is forgotten.
    pub(super) fn take(&mut self, stream: &StreamId) -> Option<Cached> {
        let (cached, size) = self.states.pop(stream)?;
        self.bytes -= size;
        Some(cached)
    }

    /// Whether the state that is there can be used as it is; none if there is none.
    pub(super) fn is_good(&self, stream: &StreamId) -> Option<bool> {
        let (cached, _) = self.states.peek(stream)?;
        Some(!cached.doubted)
    }

    fn put(&mut self, stream: StreamId, cached: Cached) {
        let size = cached.state.size();
        self.bytes += size;
        if let Some((_, (_, size))) = self.states.push(stream, (cached, size)) {
            self.bytes -= size;
        }
        // One that is larger than all room stays: to read it again for each batch would take longer
        // than to read all the others again.
        while self.bytes > self.max_bytes
            && self.states.len() > 1
            && let Some((_, (_, size))) = self.states.pop_lru()
        {
            self.bytes -= size;
        }
    }

    pub(super) fn put_back(&mut self, states: WorkingSet) {
        let WorkingSet {
            mut states, order, ..
        } = states;
        for stream in order {
            if let Some(mut cached) = states.remove(&stream) {
                cached.fresh = false;
                self.put(stream, cached);
            }
        }
    }
}

/// The states that one batch is decided over.
#[derive(Default)]
pub(super) struct WorkingSet {
    states: HashMap<StreamId, Cached>,
    /// In which they came: what is forgotten of the cache first must not be chance.
    order: Vec<StreamId>,
    /// Streams that could not be loaded, and why. They have no state.
    unreadable: HashMap<StreamId, Arc<StoreError>>,
}

impl WorkingSet {
    /// Why the first of `streams` that cannot be read cannot be; none if all can.
    pub(super) fn objection(&self, streams: &[StreamId]) -> Option<&Arc<StoreError>> {
        if self.unreadable.is_empty() {
            return None;
        }
        streams
            .iter()
            .find_map(|stream| self.unreadable.get(stream))
    }

    /// Whether `stream` is one of the batch's, though it may be that it cannot be read.
    pub(super) fn knows(&self, stream: &StreamId) -> bool {
        self.states.contains_key(stream) || self.unreadable.contains_key(stream)
    }

    pub(super) fn get(&self, stream: &StreamId) -> Option<&Cached> {
        self.states.get(stream)
    }

    /// Takes in the states of `others`, which are of other streams.
    pub(super) fn add(&mut self, others: Self) {
        self.states.extend(others.states);
        self.order.extend(others.order);
        self.unreadable.extend(others.unreadable);
    }

    pub(super) fn insert(&mut self, stream: StreamId, cached: Cached) {
        self.order.push(stream.clone());
        self.states.insert(stream, cached);
    }

    pub(super) fn insert_empty(&mut self, stream: StreamId) {
        let empty = Cached::empty(&stream);
        self.insert(stream, empty);
    }

    pub(super) fn forget(&mut self, stream: &StreamId) {
        self.states.remove(stream);
    }

    /// Has what came after a state read before it is used again.
    pub(super) fn doubt(&mut self, stream: &StreamId) {
        if let Some(cached) = self.states.get_mut(stream) {
            cached.doubted = true;
        }
    }

    pub(super) fn evolve(&mut self, stream: &StreamId, event: &Event) {
        if let Some(cached) = self.states.get_mut(stream) {
            cached.evolve(event);
        }
    }

    /// Loads `streams`, which may have no events, each on top of a state of it where there is one.
    /// Those that cannot be read are set apart, so that they harm nobody else: what fails as a whole
    /// is read in halves. An error is of the store.
    pub(super) async fn load(
        &mut self,
        reader: &dyn EventReader,
        streams: Vec<(StreamId, Option<Cached>)>,
    ) -> Result<(), StoreError> {
        let mut parts = vec![streams];
        let mut failed = 0;
        while let Some(mut part) = parts.pop() {
            let error = match self.load_part(reader, &part).await {
                Ok(gone) if gone.is_empty() => continue,
                Ok(gone) => {
                    // The store has lost what they were made of: they are made anew.
                    parts.push(gone.into_iter().map(|stream| (stream, None)).collect());
                    continue;
                }
                Err(error) => error,
            };
            if error.is_transient() {
                return Err(error);
            }
            failed += 1;
            if part.len() > 1 && failed < FAILED_READS {
                let rest = part.split_off(part.len() / 2);
                parts.extend([rest, part]);
            } else {
                let error = Arc::new(error);
                for (stream, _) in part {
                    self.set_apart(stream, Arc::clone(&error));
                }
            }
        }
        Ok(())
    }

    fn set_apart(&mut self, stream: StreamId, error: Arc<StoreError>) {
        tracing::error!(
            stream = stream.as_str(),
            error = &*error as &dyn std::error::Error,
            "the stream {stream} cannot be read: {error}"
        );
        self.forget(&stream);
        self.unreadable.insert(stream, error);
    }

    /// Says which streams do not have the event any more that their state here ended with.
    async fn load_part(
        &mut self,
        reader: &dyn EventReader,
        streams: &[(StreamId, Option<Cached>)],
    ) -> Result<Vec<StreamId>, StoreError> {
        let mut from: Vec<_> = Vec::with_capacity(streams.len());
        let mut unconfirmed = HashSet::new();
        for (stream, base) in streams {
            let mut base = base.clone().unwrap_or_else(|| Cached::empty(stream));
            base.fresh = true;
            base.doubted = false;
            let mut after = base.version;
            if base.version > Version::ZERO {
                // Its last event is asked for as well.
                after = Version::new(base.version.get() - 1);
                unconfirmed.insert(stream.clone());
            }
            from.push((stream.clone(), after));
            self.insert(stream.clone(), base);
        }
        while !from.is_empty() {
            let page = reader.read_streams(&from, PAGE).await?;
            let full = page.len() == PAGE;
            let last = page
                .last()
                .map(|event| (event.envelope.stream.clone(), event.envelope.version));
            for stored in page {
                let envelope = &stored.envelope;
                let known = self.get(&envelope.stream).map(|cached| cached.version);
                if known.is_some_and(|known| envelope.version <= known) {
                    unconfirmed.remove(&envelope.stream);
                    continue;
                }
                match stored.decode() {
                    Ok(recorded) => self.evolve(&recorded.envelope.stream, &recorded.event),
                    Err(error) if self.unreadable.contains_key(&error.envelope.stream) => {}
                    Err(error) => {
                        self.set_apart(error.envelope.stream.clone(), Arc::new(error.into()));
                    }
                }
            }
            match last {
                Some((stream, version)) if full => {
                    // The page ended within this stream; those before it are done.
                    let done = from
                        .iter()
                        .position(|(asked, _)| *asked == stream)
                        .unwrap_or(0);
                    from.drain(..done);
                    from[0].1 = version;
                }
                _ => break,
            }
        }
        for stream in &unconfirmed {
            self.forget(stream);
        }
        Ok(unconfirmed.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Answer, Append, EventStore, MemoryStore, NewEvent, StreamAppend, SystemClock};
    use chrono::DateTime;
    use domain::{
        Actor, CommandId, OrderId, TenantId,
        order::{NoteAdded, OrderEvent},
    };
    use uuid::Uuid;

    fn stream(number: u128) -> StreamId {
        StreamId::order(&TenantId::default(), OrderId::new(Uuid::from_u128(number)))
    }

    fn cached(version: i64) -> Cached {
        Cached {
            version: Version::new(version),
            ..Cached::empty(&stream(0))
        }
    }

    #[test]
    fn states_are_kept_within_their_size() {
        let size = cached(1).state.size();
        let mut cache = StateCache::new(NonZeroUsize::MIN.saturating_add(99), 3 * size);
        for number in 1..=5 {
            cache.put(stream(number), cached(1));
        }
        // Once more: it takes its own place.
        cache.put(stream(5), cached(2));
        assert_eq!((cache.states.len(), cache.bytes), (3, 3 * size));
        assert!(cache.take(&stream(2)).is_none());
        assert_eq!(cache.take(&stream(5)).map(|it| it.version.get()), Some(2));
        assert_eq!(cache.bytes, 2 * size);
        // One that is larger than all room is kept as long as it is the last that was used.
        let mut cache = StateCache::new(NonZeroUsize::MIN.saturating_add(9), 1);
        cache.put(stream(1), cached(1));
        cache.put(stream(2), cached(1));
        assert_eq!((cache.states.len(), cache.bytes), (1, size));
        assert!(cache.take(&stream(2)).is_some());
        assert_eq!(cache.bytes, 0);
    }

    async fn with_events(count: usize) -> MemoryStore {
        let store = MemoryStore::new(std::sync::Arc::new(SystemClock), Uuid::from_u128(1));
        let id = CommandId::new(Uuid::from_u128(1));
        let note = NoteAdded {
            order_id: OrderId::new(Uuid::from_u128(1)),
            note_id: Uuid::from_u128(1),
            text: "x".into(),
        };
        let event = Event::Order(OrderEvent::NoteAdded(note));
        let events = (0..count).map(|index| NewEvent::of(id, index, &event));
        let append = Append {
            command_id: id,
            fingerprint: None,
            tenant: TenantId::default(),
            actor: Actor::parse("test").expect("a word"),
            correlation_id: Uuid::from_u128(1),
            causation_id: None,
            traceparent: None,
            occurred_at: DateTime::UNIX_EPOCH,
            streams: vec![StreamAppend {
                stream: stream(1),
                expected: Version::ZERO,
                events: events.collect(),
            }],
            answer: Answer::Accepted,
        };
        store.append(&[append]).await.expect("it is appended");
        store
    }

    #[tokio::test]
    async fn a_state_is_brought_up_to_date_from_where_it_is_or_made_anew_where_that_is_gone() {
        let store = with_events(3).await;
        for (base, leads_to) in [
            (None, 3),
            (Some(cached(2)), 3),
            (Some(cached(3)), 3),
            // The store has lost versions 4 and 5.
            (Some(cached(5)), 3),
        ] {
            let mut states = WorkingSet::default();
            let loaded = states.load(&store, vec![(stream(1), base.clone())]).await;
            loaded.expect("it is read");
            let state = states.get(&stream(1)).expect("it is there");
            assert_eq!(state.version.get(), leads_to, "{base:?}");
            assert!(state.fresh && !state.doubted, "{base:?}");
        }
        let mut states = WorkingSet::default();
        let loaded = states
            .load(&store, vec![(stream(2), Some(cached(2)))])
            .await;
        loaded.expect("it is read");
        assert_eq!(states.get(&stream(2)).map(|it| it.version.get()), Some(0));
    }
}
