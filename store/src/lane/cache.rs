//! The states that the lane keeps, and those of one batch.

use crate::{EventReader, StoreError};
use domain::{Category, Event, State, StreamId, Version};
use lru::LruCache;
use std::{collections::HashMap, num::NonZeroUsize, sync::Arc};

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
}

impl Cached {
    fn empty(stream: &StreamId) -> Self {
        let state = Arc::new(State::empty(stream.category()));
        Self {
            state,
            version: Version::ZERO,
            fresh: false,
        }
    }

    fn evolve(&mut self, event: &Event) {
        let state = Arc::make_mut(&mut self.state);
        // `evolve` takes the state by value; an absent order costs nothing to leave in its place.
        *state = std::mem::replace(state, State::empty(Category::Order)).evolve(event);
        self.version = self.version.plus(1);
    }
}

/// The states of streams that were used lately, bounded in number.
pub(super) struct StateCache(LruCache<StreamId, Cached>);

impl StateCache {
    pub(super) fn new(capacity: NonZeroUsize) -> Self {
        Self(LruCache::new(capacity))
    }

    /// Takes a batch's states out. What is not put back is forgotten.
    pub(super) fn take(&mut self, stream: &StreamId) -> Option<Cached> {
        self.0.pop(stream)
    }

    pub(super) fn put_back(&mut self, states: WorkingSet) {
        let WorkingSet {
            mut states, order, ..
        } = states;
        for stream in order {
            if let Some(mut cached) = states.remove(&stream) {
                cached.fresh = false;
                self.0.put(stream, cached);
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

    pub(super) fn get(&self, stream: &StreamId) -> Option<&Cached> {
        self.states.get(stream)
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

    pub(super) fn evolve(&mut self, stream: &StreamId, event: &Event) {
        if let Some(cached) = self.states.get_mut(stream) {
            cached.evolve(event);
        }
    }

    /// Loads `streams`, which may have no events. Those that cannot be read are set apart, so that
    /// they harm nobody else: what fails as a whole is read in halves. An error is of the store.
    pub(super) async fn load(
        &mut self,
        reader: &dyn EventReader,
        streams: Vec<StreamId>,
    ) -> Result<(), StoreError> {
        let mut parts = vec![streams];
        let mut failed = 0;
        while let Some(mut part) = parts.pop() {
            let Err(error) = self.load_part(reader, &part).await else {
                continue;
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
                for stream in part {
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

    async fn load_part(
        &mut self,
        reader: &dyn EventReader,
        streams: &[StreamId],
    ) -> Result<(), StoreError> {
        let mut from: Vec<_> = Vec::with_capacity(streams.len());
        for stream in streams {
            let mut empty = Cached::empty(stream);
            empty.fresh = true;
            self.insert(stream.clone(), empty);
            from.push((stream.clone(), Version::ZERO));
        }
        while !from.is_empty() {
            let page = reader.read_streams(&from, PAGE).await?;
            let full = page.len() == PAGE;
            let last = page
                .last()
                .map(|event| (event.envelope.stream.clone(), event.envelope.version));
            for stored in page {
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
        Ok(())
    }
}
