//! What the tests share: a store that can be bent, a writer, and readers that check what they get.

use async_trait::async_trait;
use bus::{Feed, TailOptions};
use chrono::{DateTime, Utc};
use domain::{
    Actor, CommandId, Event, EventId, Location, Position, Sku, StreamId, TenantId, Version,
    stock::{StockEvent, StockReceived},
};
use std::{
    future::Future,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};
use store::{
    Answer, Append, AppendOutcome, Bookmark, CommandRecord, Delivered, EventReader, EventStore,
    Head, HeadSignal, MemoryStore, NewEvent, Signaller, StoreError, StoredEvent, StreamAppend,
    SystemClock,
};
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

/// No test waits longer for anything.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// Waits for something that has to happen.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited too long for {what}"),
    }
}

/// Waits until `state` holds.
pub async fn until(what: &str, state: impl AsyncFn() -> bool) {
    within(what, async {
        while !state().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

/// Ends the tasks of a test with it.
#[derive(Default)]
pub struct Tasks {
    pub tracker: TaskTracker,
    pub stop: CancellationToken,
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

pub fn tail_options() -> TailOptions {
    TailOptions {
        poll: Duration::from_millis(50),
        check: Duration::from_millis(200),
        back_off: Duration::from_millis(200),
        ..TailOptions::default()
    }
}

/// A store in memory that can have gaps between positions, be unreachable, silent, or another one.
pub struct Bent {
    history: Arc<Mutex<MemoryStore>>,
    /// Positions are multiples of this.
    pub step: i64,
    pub reads: AtomicU64,
    pub heads: AtomicU64,
    pub down: AtomicBool,
    /// Fails for a reason that does not pass by itself.
    pub broken: AtomicBool,
    /// Gives a signal that never says anything.
    pub mute: AtomicBool,
    /// A head that is told instead of the real one.
    pub told: Mutex<Option<Head>>,
    silence: Signaller,
    signaller: Signaller,
}

impl Bent {
    pub fn new(step: i64) -> Arc<Self> {
        let epoch = Uuid::from_u128(0xE0);
        Arc::new(Self {
            history: Arc::new(Mutex::new(MemoryStore::new(Arc::new(SystemClock), epoch))),
            step,
            reads: AtomicU64::new(0),
            heads: AtomicU64::new(0),
            down: AtomicBool::new(false),
            broken: AtomicBool::new(false),
            mute: AtomicBool::new(false),
            told: Mutex::new(None),
            silence: Signaller::new(),
            signaller: Signaller::new(),
        })
    }

    /// The same store as somebody else sees it, with counters and faults of its own.
    pub fn view(&self) -> Arc<Self> {
        Arc::new(Self {
            history: Arc::clone(&self.history),
            signaller: self.signaller.clone(),
            ..Arc::into_inner(Self::new(self.step)).unwrap()
        })
    }

    /// The history that this store and its views have now.
    pub fn inner(&self) -> MemoryStore {
        self.history.lock().unwrap().clone()
    }

    /// Becomes `other`, as after a restore: all views of it, and without a word.
    pub fn become_copy_of(&self, other: &Self) {
        *self.history.lock().unwrap() = other.inner();
    }

    fn up(&self) -> Result<(), StoreError> {
        if self.down.load(Relaxed) {
            return Err(StoreError::Unavailable("it is down".into()));
        }
        if self.broken.load(Relaxed) {
            return Err(StoreError::Failed {
                what: "reading: permission denied".into(),
                source: "it is broken".into(),
            });
        }
        Ok(())
    }
}

#[async_trait]
impl EventReader for Bent {
    async fn read_streams(
        &self,
        from: &[(StreamId, Version)],
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.inner().read_streams(from, limit).await
    }

    async fn read_all(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.up()?;
        self.reads.fetch_add(1, Relaxed);
        let after = Position::new(after.get() / self.step);
        let mut events = self.inner().read_all(after, limit).await?;
        for event in &mut events {
            let position = &mut event.envelope.position;
            *position = Position::new(position.get() * self.step);
        }
        Ok(events)
    }

    async fn head(&self) -> Result<Head, StoreError> {
        self.up()?;
        self.heads.fetch_add(1, Relaxed);
        if let Some(told) = *self.told.lock().unwrap() {
            return Ok(told);
        }
        let head = self.inner().head().await?;
        Ok(Head {
            position: Position::new(head.position.get() * self.step),
            ..head
        })
    }

    async fn find_commands(&self, ids: &[CommandId]) -> Result<Vec<CommandRecord>, StoreError> {
        self.inner().find_commands(ids).await
    }

    async fn bookmark(&self, position: Position) -> Result<Bookmark, StoreError> {
        self.up()?;
        self.heads.fetch_add(1, Relaxed);
        if position.get() % self.step != 0 {
            return Ok(position.into());
        }
        let inner = self.inner();
        let at = inner.bookmark(Position::new(position.get() / self.step));
        let event_id = at.await?.event_id;
        Ok(Bookmark { position, event_id })
    }

    fn signal(&self) -> HeadSignal {
        if self.mute.load(Relaxed) {
            return self.silence.signal();
        }
        self.signaller.signal()
    }
}

#[async_trait]
impl EventStore for Bent {
    fn epoch(&self) -> Option<Uuid> {
        self.inner().epoch()
    }

    async fn append(&self, batch: &[Append]) -> Result<Vec<AppendOutcome>, StoreError> {
        let outcomes = self.inner().append(batch).await?;
        self.signaller.hint(self.head().await?.position);
        Ok(outcomes)
    }

    async fn now(&self) -> Result<DateTime<Utc>, StoreError> {
        self.inner().now().await
    }

    async fn forget_commands(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        self.inner().forget_commands(before).await
    }
}

/// A store that has had the first `kept` events, of one each, that a [`Writer`] of "A" appends, and
/// others since: as one that lost its tail, and has grown again.
pub async fn regrown(kept: usize, total: usize) -> Arc<Bent> {
    let store = Bent::new(1);
    let mut writer = Writer::new(store.clone(), "A");
    for nr in 0..total {
        if nr == kept {
            writer.diverge();
        }
        writer.append(1).await;
    }
    store
}

/// Appends receipts to one stream.
pub struct Writer {
    store: Arc<dyn EventStore>,
    sku: Sku,
    stream: StreamId,
    version: Version,
    commands: u128,
}

impl Writer {
    pub fn new(store: Arc<dyn EventStore>, sku: &str) -> Self {
        let (tenant, location) = (TenantId::default(), Location::default());
        let sku = Sku::parse(sku).unwrap();
        Self {
            store,
            stream: StreamId::stock(&tenant, &location, &sku),
            sku,
            version: Version::ZERO,
            commands: 0,
        }
    }

    /// One that goes on where the first `count` events, of one each, were appended.
    pub fn at(store: Arc<dyn EventStore>, sku: &str, count: usize) -> Self {
        Self {
            version: Version::ZERO.plus(count),
            commands: count as u128,
            ..Self::new(store, sku)
        }
    }

    /// Appends from here on what another history would have.
    pub fn diverge(&mut self) {
        self.commands += 1_000_000;
    }

    /// Appends `count` events at once.
    pub async fn append(&mut self, count: usize) {
        let events: Vec<Event> = (0..count).map(|_| self.receipt(None)).collect();
        self.append_events(&events).await;
    }

    /// Appends one event with a payload of at least `bytes`.
    pub async fn append_large(&mut self, bytes: usize) {
        let event = self.receipt(Some("x".repeat(bytes)));
        self.append_events(&[event]).await;
    }

    fn receipt(&self, reference: Option<String>) -> Event {
        Event::Stock(StockEvent::from(StockReceived {
            receipt_id: Uuid::from_u128(1),
            location: Location::default(),
            sku: self.sku.clone(),
            quantity: 1,
            reference,
        }))
    }

    async fn append_events(&mut self, events: &[Event]) {
        self.commands += 1;
        let namespace = Uuid::from_u128(self.commands);
        let command_id = CommandId::new(Uuid::new_v5(&namespace, self.sku.as_str().as_bytes()));
        let new = events.iter().enumerate();
        let events: Vec<_> = new
            .map(|(nr, event)| NewEvent::of(command_id, nr, event))
            .collect();
        self.append_new(command_id, events).await;
    }

    /// Appends an event of a type that nobody knows.
    pub async fn append_unknown(&mut self) {
        self.commands += 1;
        let command_id = CommandId::new(Uuid::from_u128(self.commands));
        let event = NewEvent {
            id: EventId::of(command_id, 0),
            event_type: "StockBlessed",
            schema_version: 1,
            payload: b"{}".to_vec(),
        };
        self.append_new(command_id, vec![event]).await;
    }

    async fn append_new(&mut self, command_id: CommandId, events: Vec<NewEvent>) {
        let count = events.len();
        let append = Append {
            command_id,
            fingerprint: None,
            tenant: TenantId::default(),
            actor: Actor::parse("test").unwrap(),
            correlation_id: command_id.uuid(),
            causation_id: None,
            traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
            occurred_at: DateTime::from_timestamp(1_700_000_000, 0).unwrap(),
            streams: vec![StreamAppend {
                stream: self.stream.clone(),
                expected: self.version,
                events,
            }],
            answer: Answer::Accepted,
        };
        let outcomes = self.store.append(&[append]).await.unwrap();
        assert!(
            matches!(outcomes[..], [AppendOutcome::Done { .. }]),
            "{outcomes:?}"
        );
        self.version = self.version.plus(count);
    }

    /// Goes on appending, a few events every few milliseconds, until there are `total` of them.
    pub fn append_steadily(mut self, total: usize, pause: Duration) -> JoinHandle<Self> {
        tokio::spawn(async move {
            let mut count = 0;
            let mut batch = 1;
            while count < total {
                batch = next_batch(batch);
                let next = batch.min(total - count);
                self.append(next).await;
                count += next;
                tokio::time::sleep(pause).await;
            }
            self
        })
    }

    /// The same until told to stop.
    pub fn append_until(mut self, stop: CancellationToken, pause: Duration) -> JoinHandle<Self> {
        tokio::spawn(async move {
            let mut batch = 1;
            while !stop.is_cancelled() {
                batch = next_batch(batch);
                self.append(batch).await;
                tokio::time::sleep(pause).await;
            }
            self
        })
    }

    /// How many events it has appended.
    pub fn count(&self) -> usize {
        usize::try_from(self.version.get()).unwrap()
    }
}

/// From 1 to 11, in no order that meets the eye.
fn next_batch(batch: usize) -> usize {
    (batch * 7 + 3) % 11 + 1
}

/// Where an event is.
pub fn position(event: &Delivered) -> Position {
    match event {
        Ok(recorded) => recorded.envelope.position,
        Err(undecodable) => undecodable.envelope.position,
    }
}

/// Reads a feed as a consumer does, and checks that it gets every event once and in order, by its
/// position (in steps of `step`) and by its version (there is one stream).
pub struct Reader {
    feed: Arc<dyn Feed>,
    pub at: Position,
    /// The event there, once one was read.
    known: Option<EventId>,
    step: i64,
}

impl Reader {
    pub fn new(feed: &Arc<dyn Feed>, at: i64, step: i64) -> Self {
        Self {
            feed: Arc::clone(feed),
            at: Position::new(at * step),
            known: None,
            step,
        }
    }

    /// How far it has come.
    pub fn bookmark(&self) -> Bookmark {
        Bookmark {
            position: self.at,
            event_id: self.known,
        }
    }

    /// Reads up to the `count`-th event of the store.
    pub async fn read_to(&mut self, count: usize) {
        let end = Position::new(i64::try_from(count).unwrap() * self.step);
        let what = format!("position {end}");
        within(&what, async {
            while self.at < end {
                self.read(200).await;
            }
        })
        .await;
        assert_eq!(self.at, end);
    }

    /// Reads what there is now, or comes soon.
    pub async fn read(&mut self, limit: usize) {
        let patience = Duration::from_millis(300);
        let events = match self.feed.next(self.bookmark(), limit, patience).await {
            Ok(events) => events,
            Err(error) if error.is_transient() => {
                tokio::time::sleep(Duration::from_millis(20)).await;
                return;
            }
            Err(error) => panic!("the feed failed: {error}"),
        };
        assert!(events.len() <= limit);
        for event in events {
            let place = position(&event);
            assert_eq!(
                place.get(),
                self.at.get() + self.step,
                "an event is missing or doubled"
            );
            let recorded = event.as_ref().as_ref().unwrap();
            let version = recorded.envelope.version.get();
            assert_eq!(version * self.step, place.get(), "it is another event");
            self.at = place;
            self.known = Some(recorded.envelope.event_id);
        }
    }

    /// As a task of its own.
    pub fn spawn_to(mut self, count: usize) -> JoinHandle<()> {
        tokio::spawn(async move { self.read_to(count).await })
    }

    /// As a task of its own, on and on until `end` says how many events there are. How far it is
    /// stands in `at`.
    pub fn spawn_until(
        mut self,
        end: watch::Receiver<Option<usize>>,
        at: Arc<AtomicI64>,
    ) -> JoinHandle<()> {
        tokio::spawn(async move {
            loop {
                let told = *end.borrow();
                if let Some(count) = told {
                    return self.read_to(count).await;
                }
                self.read(200).await;
                at.store(self.at.get(), Relaxed);
            }
        })
    }
}

/// Waits until a feed gets what is new from its broker alone: until `view`, the store as the feed
/// sees it, is not read for it any more.
pub async fn is_live(view: &Bent, writer: &mut Writer, reader: &mut Reader) {
    within("the feed to be live", async {
        loop {
            let reads = view.reads.load(Relaxed);
            writer.append(1).await;
            let count = reader.at.get() / view.step + 1;
            reader.read_to(usize::try_from(count).unwrap()).await;
            tokio::time::sleep(Duration::from_millis(250)).await;
            if view.reads.load(Relaxed) == reads {
                return;
            }
        }
    })
    .await;
}
