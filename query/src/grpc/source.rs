//! Where a subscriber's events come from: the store, of which nothing is asked that is known.

use domain::Position;
use std::{sync::Arc, time::Duration};
use store::{Bookmark, EventReader, HeadSignal, StoreError, StoredEvent};
use tokio::time::Instant;

/// Events read at once.
const PAGE: usize = 500;
/// How long to wait for a hint of new events before looking all the same.
const POLL: Duration = Duration::from_millis(500);
/// How often it is looked whether the store still has what was read last.
const CHECK: Duration = Duration::from_secs(10);

/// Reads events in their order, from a bookmark on.
///
/// At the end it asks for the head alone, and reads only where that has moved: to read on, a store may
/// have to look through all that came since and is no event.
pub(super) struct Source {
    reader: Arc<dyn EventReader>,
    signal: HeadSignal,
    /// Up to where events were read.
    at: Bookmark,
    end: Option<End>,
}

/// Nothing followed when it was read on.
#[derive(Clone, Copy)]
struct End {
    /// The latest hint before that: of what was there.
    hinted: Position,
    /// When it was last looked whether what was read last is still there.
    checked: Instant,
}

impl Source {
    pub(super) fn new(reader: Arc<dyn EventReader>, after: Bookmark) -> Self {
        Self {
            signal: reader.signal(),
            reader,
            at: after,
            end: None,
        }
    }

    /// Up to where events were read.
    pub(super) const fn at(&self) -> Bookmark {
        self.at
    }

    /// The events that follow; none at the end of all events.
    ///
    /// # Errors
    /// The store is on another history, or cannot be read.
    pub(super) async fn next(&mut self) -> Result<Vec<StoredEvent>, StoreError> {
        if self.is_still_at_end().await? {
            return Ok(vec![]);
        }
        let hinted = self.signal.latest();
        let events = self.reader.read_on(self.at, PAGE).await?.events;
        match events.last() {
            Some(last) => {
                self.at = Bookmark::at(&last.envelope);
                self.end = None;
            }
            None => {
                let checked = Instant::now();
                self.end = Some(End { hinted, checked });
            }
        }
        Ok(events)
    }

    /// Waits for a hint that more may follow, but not for long: hints may be lost.
    pub(super) async fn may_have_more(&self) {
        let hinted = self.end.map_or(Position::ZERO, |end| end.hinted);
        let known = self.at.position.max(hinted);
        self.signal.clone().after(known, POLL).await;
    }

    /// Whether it is known, without reading, that nothing follows.
    async fn is_still_at_end(&mut self) -> Result<bool, StoreError> {
        let Some(end) = &mut self.end else {
            return Ok(false);
        };
        if self.signal.latest() > end.hinted {
            return Ok(false);
        }
        if end.checked.elapsed() >= CHECK {
            if !self.reader.still_has(self.at).await? {
                return Ok(false);
            }
            end.checked = Instant::now();
        }
        let head = self.reader.head().await?.position;
        // It may also be behind: to read on says then what has become of the store.
        Ok(head == self.at.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use domain::{Actor, CommandId, EventId, OrderId, StreamId, TenantId, Version};
    use std::sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    };
    use store::{
        Answer, Append, AppendOutcome, Clock, CommandRecord, EventStore, Head, MemoryStore,
        NewEvent, Signaller, StreamAppend, SystemClock,
    };
    use uuid::Uuid;

    /// A store that may be exchanged for another, never hints by itself, and counts what it is asked.
    struct Counted {
        store: Mutex<MemoryStore>,
        hints: Signaller,
        reads: AtomicUsize,
        heads: AtomicUsize,
    }

    impl Counted {
        fn new() -> Arc<Self> {
            Arc::new(Self {
                store: Mutex::new(empty()),
                hints: Signaller::new(),
                reads: AtomicUsize::new(0),
                heads: AtomicUsize::new(0),
            })
        }

        fn store(&self) -> MemoryStore {
            self.store.lock().unwrap().clone()
        }

        async fn append(&self) -> Position {
            append(&self.store()).await
        }

        /// How often it was read, and asked for its head, since this was asked last.
        fn asked(&self) -> (usize, usize) {
            let count = |of: &AtomicUsize| of.swap(0, Ordering::SeqCst);
            (count(&self.reads), count(&self.heads))
        }
    }

    fn empty() -> MemoryStore {
        MemoryStore::new(Arc::new(SystemClock), Uuid::from_u128(1))
    }

    async fn append(store: &MemoryStore) -> Position {
        let id = CommandId::new(Uuid::new_v4());
        let event = NewEvent {
            id: EventId::of(id, 0),
            event_type: "Tested",
            schema_version: 1,
            payload: b"{}".to_vec(),
        };
        let append = Append {
            command_id: id,
            fingerprint: None,
            tenant: TenantId::default(),
            actor: Actor::parse("test").unwrap(),
            correlation_id: id.uuid(),
            causation_id: None,
            traceparent: None,
            occurred_at: SystemClock.now(),
            streams: vec![StreamAppend {
                stream: StreamId::order(&TenantId::default(), OrderId::new(id.uuid())),
                expected: Version::ZERO,
                events: vec![event],
            }],
            answer: Answer::Accepted,
        };
        match store.append(&[append]).await.unwrap()[0] {
            AppendOutcome::Done { position } => position,
            ref other => panic!("{other:?}"),
        }
    }

    #[async_trait]
    impl EventReader for Counted {
        async fn read_streams(
            &self,
            from: &[(StreamId, Version)],
            limit: usize,
        ) -> Result<Vec<StoredEvent>, StoreError> {
            self.store().read_streams(from, limit).await
        }

        async fn read_all(
            &self,
            after: Position,
            limit: usize,
        ) -> Result<Vec<StoredEvent>, StoreError> {
            self.reads.fetch_add(1, Ordering::SeqCst);
            self.store().read_all(after, limit).await
        }

        async fn head(&self) -> Result<Head, StoreError> {
            self.heads.fetch_add(1, Ordering::SeqCst);
            self.store().head().await
        }

        async fn bookmark(&self, position: Position) -> Result<Bookmark, StoreError> {
            self.store().bookmark(position).await
        }

        async fn find_commands(&self, ids: &[CommandId]) -> Result<Vec<CommandRecord>, StoreError> {
            self.store().find_commands(ids).await
        }

        fn signal(&self) -> HeadSignal {
            self.hints.signal()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_store_is_asked_for_its_head_and_not_read() {
        let store = Counted::new();
        let last = store.append().await;
        let mut source = Source::new(store.clone(), Bookmark::START);
        assert_eq!(source.next().await.unwrap().len(), 1);
        assert!(source.next().await.unwrap().is_empty());
        assert_eq!(store.asked(), (2, 0), "the end is found by reading");
        let began = Instant::now();
        for _ in 0..100 {
            source.may_have_more().await;
            assert!(source.next().await.unwrap().is_empty());
        }
        assert_eq!(began.elapsed(), POLL * 100);
        assert_eq!(store.asked(), (0, 100));

        // What nobody hints at is found within the time of a look, and so is what somebody does, at once.
        let next = store.append().await;
        source.may_have_more().await;
        let found = source.next().await.unwrap();
        assert_eq!(found[0].envelope.position, next);
        assert!(source.next().await.unwrap().is_empty());
        let hinted = store.append().await;
        store.hints.hint(hinted);
        let began = Instant::now();
        source.may_have_more().await;
        assert_eq!(source.next().await.unwrap().len(), 1);
        assert_eq!(began.elapsed(), Duration::ZERO);
        assert!(last < next && source.at().position == hinted);
    }

    #[tokio::test(start_paused = true)]
    async fn a_hint_that_came_to_nothing_is_waited_for_once() {
        let store = Counted::new();
        // As after a restore: what was hinted at is gone.
        store.hints.hint(Position::new(1_000));
        let mut source = Source::new(store.clone(), Bookmark::START);
        assert!(source.next().await.unwrap().is_empty());
        store.asked();
        let began = Instant::now();
        source.may_have_more().await;
        assert!(source.next().await.unwrap().is_empty());
        assert_eq!((began.elapsed(), store.asked()), (POLL, (0, 1)));
    }

    #[tokio::test(start_paused = true)]
    async fn another_history_is_noticed_also_where_its_end_is_the_same() {
        for appended in [0, 1, 2] {
            let store = Counted::new();
            store.append().await;
            let mut source = Source::new(store.clone(), Bookmark::START);
            while !source.next().await.unwrap().is_empty() {}
            let other = empty();
            for _ in 0..appended {
                append(&other).await;
            }
            *store.store.lock().unwrap() = other;
            let began = Instant::now();
            let noticed = loop {
                match source.next().await {
                    Ok(events) => assert!(events.is_empty(), "of another history"),
                    Err(error) => break error,
                }
                source.may_have_more().await;
            };
            assert!(matches!(noticed, StoreError::Rewound { .. }), "{noticed:?}");
            assert!(began.elapsed() <= CHECK + POLL);
        }
    }
}
