//! The event store over KurrentDB, from version 26.1 on.
//!
//! A batch is one `AppendRecords`: its events and the records of its commands, in order, on the
//! condition that every stream is where it is expected to be, also those that are not written to.
//! Then one read tells where the events are. Everything is asked of the node that leads.
//!
//! Positions are those of the log: they follow the order of commits, and have gaps. Revisions begin
//! at 0, versions at 1. See `docs/adr/0007-kurrentdb.md`.

mod append;
mod clock;
mod commands;
mod connection;
mod discover;
mod event;
mod follow;
mod head;
mod leases;
mod methods;
mod names;
mod options;
mod origin;
mod reader;
mod reading;
mod records;
mod restore;
mod status;
pub mod wire;
mod writing;

pub use leases::KurrentLeases;
pub use options::{Address, KurrentOptions};
pub use restore::KurrentRestore;

use crate::{
    Append, AppendOutcome, BackupSource, Bookmark, CommandCursor, CommandPage, CommandRecord, Cut,
    EventReader, EventStore, Head, HeadSignal, Page, Signaller, StoreError, StoredEvent,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use connection::Connections;
use domain::{CommandId, Position, StreamId, Version};
use head::head;
use std::sync::{Arc, Mutex, PoisonError};
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

/// The store over KurrentDB: reads and appends. Clones share their connection.
#[derive(Clone)]
pub struct KurrentStore(Arc<Inner>);

struct Inner {
    connections: Arc<Connections>,
    signaller: Signaller,
    /// As it was found last.
    epoch: Mutex<Option<Uuid>>,
    /// Ends the listening with the last clone.
    _following: Option<DropGuard>,
}

impl KurrentStore {
    /// Connects, refuses a server that cannot do what is needed, and begins the store if nobody has.
    pub async fn connect(options: KurrentOptions) -> Result<Self, StoreError> {
        let store = Self::open(options)?;
        let epoch = origin::begin(&store.0.connections).await?;
        store.found(epoch);
        Ok(store)
    }

    /// Connects for reading alone. A store that nobody has begun cannot be reached yet.
    pub async fn connect_to_read(options: KurrentOptions) -> Result<Self, StoreError> {
        let store = Self::open(options)?;
        store.head().await?;
        Ok(store)
    }

    fn open(options: KurrentOptions) -> Result<Self, StoreError> {
        let follows = options.follows_others();
        let connections = Arc::new(Connections::new(options)?);
        let signaller = Signaller::new();
        let following = follows.then(|| {
            let stop = CancellationToken::new();
            let following = follow::follow(connections.clone(), signaller.clone());
            tokio::spawn(stop.clone().run_until_cancelled_owned(following));
            stop.drop_guard()
        });
        Ok(Self(Arc::new(Inner {
            connections,
            signaller,
            epoch: Mutex::new(None),
            _following: following,
        })))
    }

    /// Leases that the servers keep.
    pub fn leases(&self) -> KurrentLeases {
        KurrentLeases::new(self.0.connections.clone())
    }

    fn found(&self, epoch: Uuid) {
        *self.0.epoch.lock().unwrap_or_else(PoisonError::into_inner) = Some(epoch);
    }
}

#[async_trait]
impl EventReader for KurrentStore {
    async fn read_streams(
        &self,
        from: &[(StreamId, Version)],
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        reader::streams(&self.0.connections, from, limit).await
    }

    async fn read_all(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        reader::all(&self.0.connections, after, limit).await
    }

    async fn read_on(&self, from: Bookmark, limit: usize) -> Result<Page, StoreError> {
        reader::on(&self.0.connections, from, limit).await
    }

    async fn bookmark(&self, position: Position) -> Result<Bookmark, StoreError> {
        reader::bookmark(&self.0.connections, position).await
    }

    async fn no_further_back(
        &self,
        from: Option<Bookmark>,
        _head: Position,
        count: u64,
    ) -> Result<Bookmark, StoreError> {
        reader::no_further_back(&self.0.connections, from, count).await
    }

    async fn position_at(&self, time: DateTime<Utc>) -> Result<Position, StoreError> {
        reader::position_at(&self.0.connections, time).await
    }

    async fn head(&self) -> Result<Head, StoreError> {
        let connections = &self.0.connections;
        let (position, epoch) = tokio::try_join!(head(connections), origin::epoch(connections))?;
        let epoch = epoch.ok_or_else(|| {
            StoreError::Unavailable("nobody has begun to use this KurrentDB as a store".into())
        })?;
        self.found(epoch);
        Ok(Head { position, epoch })
    }

    async fn find_commands(&self, ids: &[CommandId]) -> Result<Vec<CommandRecord>, StoreError> {
        commands::find(&self.0.connections, ids).await
    }

    fn signal(&self) -> HeadSignal {
        self.0.signaller.signal()
    }
}

#[async_trait]
impl BackupSource for KurrentStore {
    async fn read_commands(
        &self,
        from: CommandCursor,
        until: Option<&Cut>,
        limit: usize,
    ) -> Result<CommandPage, StoreError> {
        records::read(&self.0.connections, from, until, limit).await
    }

    async fn time(&self) -> Result<DateTime<Utc>, StoreError> {
        clock::now(&self.0.connections).await
    }

    async fn still_at(&self, cut: &Cut) -> Result<bool, StoreError> {
        let found = reader::event_at(&self.0.connections, cut.position).await?;
        Ok(found.is_some_and(|event| Cut::at(&event) == *cut))
    }
}

#[async_trait]
impl EventStore for KurrentStore {
    fn epoch(&self) -> Option<Uuid> {
        *self.0.epoch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn system(&self) -> Option<&'static str> {
        Some("kurrentdb")
    }

    async fn append(&self, batch: &[Append]) -> Result<Vec<AppendOutcome>, StoreError> {
        let began = std::time::Instant::now();
        let appended = append::append(&self.0.connections, batch).await;
        metrics::histogram!("store_append_seconds").record(began.elapsed());
        let (outcomes, head) = appended?;
        if let Some(head) = head {
            self.0.signaller.hint(head);
        }
        Ok(outcomes)
    }

    async fn now(&self) -> Result<DateTime<Utc>, StoreError> {
        self.time().await
    }

    async fn forget_commands(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        commands::forget(&self.0.connections, before).await
    }
}
