//! Backups and restores that end anywhere, and go on.

use crate::{
    harness::*,
    storage::{Bucket, target},
};
use async_trait::async_trait;
use backup::{BackupError, Unwatched, back_up, verify};
use std::sync::atomic::{AtomicUsize, Ordering};
use store::{
    EventReader, Head, KurrentOptions, KurrentRestore, KurrentStore, RestoreTarget, Restoring,
    StoreError, StoredCommand, StoredEvent,
};
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_ends_at_any_write_leaves_the_old_one_and_goes_on() {
    let (bucket, url) = Bucket::start().await;
    let target = target(&url);
    let one = memory();
    let mut commands = fill(&one, 0, 30).await;
    let old = write(&one, &target).await.manifest;
    let start = bucket.content();
    commands.extend(fill(&one, 30, 110).await);
    let mut writes = 0;
    loop {
        bucket.set(start.clone());
        bucket.take_writes(Some(writes));
        let ended = back_up(&one, &target, &small(), &mut Unwatched).await;
        bucket.take_writes(None);
        let found = verify(&target, &mut Unwatched).await.unwrap();
        let was_written =
            bucket.content()["shop/of/mine/manifest.json"] != start["shop/of/mine/manifest.json"];
        assert_eq!(
            found.events == old.events,
            !was_written,
            "after {writes} writes"
        );
        let before = bucket.names().len();
        let written = write(&one, &target).await;
        assert_eq!(written.manifest.events as usize, events(&one).await.len());
        // What was written is not written again under other names.
        let left = written.manifest.event_segments.len() + written.manifest.command_segments.len();
        assert!(bucket.names().len() <= left.max(before) + 1);
        let other = memory();
        restore(&target, &other, KEPT, &mut Unwatched)
            .await
            .unwrap();
        assert_eq!(events(&other).await, events(&one).await);
        match ended {
            Ok(_) => break,
            Err(BackupError::Target { .. }) => writes += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(writes > 8, "it ended at {writes} places only");
    let other = memory();
    restore(&target, &other, KEPT, &mut Unwatched)
        .await
        .unwrap();
    answer_the_same(&one, &other, &commands).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_another_overtook_is_not_put_in_its_place() {
    let (_bucket, url) = Bucket::start().await;
    let target = target(&url);
    let one = memory();
    fill(&one, 0, 20).await;
    // The first one of all, and one on top of it.
    for (from, to) in [(20, 40), (40, 60)] {
        fill(&one, from, to).await;
        let slow = Overtaken(one.clone(), target.clone());
        let refused = back_up(&slow, &target, &small(), &mut Unwatched).await;
        assert!(matches!(refused, Err(BackupError::Raced)), "{refused:?}");
        verify(&target, &mut Unwatched).await.unwrap();
        assert_eq!(write(&one, &target).await.events, 0);
    }
}

/// A store during whose backup another one is made.
struct Overtaken(store::MemoryStore, backup::Target);

#[async_trait]
impl EventReader for Overtaken {
    async fn read_streams(
        &self,
        from: &[(domain::StreamId, domain::Version)],
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.0.read_streams(from, limit).await
    }

    async fn read_all(
        &self,
        after: domain::Position,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.0.read_all(after, limit).await
    }

    async fn head(&self) -> Result<Head, StoreError> {
        self.0.head().await
    }

    async fn find_commands(
        &self,
        ids: &[domain::CommandId],
    ) -> Result<Vec<store::CommandRecord>, StoreError> {
        self.0.find_commands(ids).await
    }

    fn signal(&self) -> store::HeadSignal {
        self.0.signal()
    }
}

#[async_trait]
impl store::BackupSource for Overtaken {
    async fn read_commands(
        &self,
        from: store::CommandCursor,
        until: Option<&store::Cut>,
        limit: usize,
    ) -> Result<store::CommandPage, StoreError> {
        let page = self.0.read_commands(from, until, limit).await?;
        if page.next.is_none() {
            write(&self.0, &self.1).await;
        }
        Ok(page)
    }

    async fn time(&self) -> Result<chrono::DateTime<chrono::Utc>, StoreError> {
        self.0.time().await
    }
}

/// A store that ends after some calls.
struct Ending {
    inner: Box<dyn RestoreTarget>,
    left: AtomicUsize,
}

impl Ending {
    fn call(&self) -> Result<(), StoreError> {
        let one_less = |left: usize| left.checked_sub(1);
        let left = self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less);
        left.map(drop)
            .map_err(|_| StoreError::Unavailable("it ends".into()))
    }
}

#[async_trait]
impl RestoreTarget for Ending {
    async fn look(&self, source: Uuid) -> Result<(), StoreError> {
        self.inner.look(source).await
    }

    async fn begin(&self, source: Uuid) -> Result<Restoring, StoreError> {
        self.inner.begin(source).await
    }

    async fn put_events(&self, events: &[StoredEvent]) -> Result<(), StoreError> {
        self.call()?;
        self.inner.put_events(events).await
    }

    async fn put_commands(&self, records: &[StoredCommand]) -> Result<(), StoreError> {
        self.call()?;
        self.inner.put_commands(records).await
    }

    async fn finish(&self) -> Result<Head, StoreError> {
        self.call()?;
        self.inner.finish().await
    }

    async fn give_up(&self) -> Result<(), StoreError> {
        self.inner.give_up().await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_that_ends_anywhere_shows_nothing_and_goes_on() {
    let (one, other) = (Postgres::new().await, Postgres::new().await);
    let (_directory, target) = directory();
    let commands = fill(&one.store, 0, 120).await;
    write(&one.reader(), &target).await;
    let mut ended = 0;
    loop {
        // A few calls more each time, over a connection of its own, as a new process has.
        let ending = Ending {
            inner: Box::new(other.restore().await),
            left: AtomicUsize::new(8 + ended),
        };
        match restore(&target, &ending, KEPT, &mut Unwatched).await {
            Ok(restored) => {
                assert!(restored.events_before > 0, "it went on");
                break;
            }
            Err(BackupError::Store(StoreError::Unavailable(_))) => {}
            Err(error) => panic!("{error}"),
        }
        assert!(
            other.rows().await.is_empty(),
            "something half done is there"
        );
        // Another backup does not get in between.
        let refused = other.restore().await.begin(Uuid::new_v4()).await;
        assert!(
            matches!(refused, Err(StoreError::Failed { .. })),
            "{refused:?}"
        );
        // The process is gone.
        other
            .execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            .await;
        ended += 1;
        assert!(ended < 60, "it never ends");
    }
    assert!(ended > 2, "it ended {ended} times");
    assert_eq!(other.rows().await, one.rows().await);
    let store = store::PostgresStore::connect(other.options())
        .await
        .unwrap();
    answer_the_same(&one.store, &store, &commands).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_into_kurrentdb_that_ends_anywhere_goes_on() {
    let (one, fake) = (memory(), kurrent_double::Fake::start().await);
    let options = KurrentOptions::parse(&fake.url()).unwrap();
    let (_directory, target) = directory();
    let commands = fill(&one, 0, 120).await;
    write(&one, &target).await;
    let mut ended = 0;
    loop {
        let ending = Ending {
            inner: Box::new(KurrentRestore::new(options.clone()).unwrap()),
            left: AtomicUsize::new(8 + ended),
        };
        match restore(&target, &ending, KEPT, &mut Unwatched).await {
            Ok(restored) => {
                assert!(restored.events_before > 0, "it went on");
                break;
            }
            Err(BackupError::Store(StoreError::Unavailable(_))) => {}
            Err(error) => panic!("{error}"),
        }
        let refused = KurrentStore::connect(options.clone()).await.err().unwrap();
        assert!(
            refused.to_string().contains("is being restored"),
            "{refused}"
        );
        ended += 1;
        assert!(ended < 60, "it never ends");
    }
    assert!(ended > 2, "it ended {ended} times");
    let store = KurrentStore::connect(options).await.unwrap();
    has_events(&store, &events(&one).await).await;
    answer_the_same(&one, &store, &commands).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_into_a_store_that_is_used_meanwhile_is_undone() {
    let (one, other) = (memory(), Postgres::new().await);
    let (_directory, target) = directory();
    fill(&one, 0, 40).await;
    write(&one, &target).await;
    let into = other.restore().await;
    let manifest_of = Uuid::new_v4();
    into.begin(manifest_of).await.unwrap();
    into.put_events(&events(&one).await).await.unwrap();
    fill(&other.store, 0, 2).await;
    let before = other.rows().await;
    let refused = into.finish().await;
    assert!(
        matches!(refused, Err(StoreError::Failed { .. })),
        "{refused:?}"
    );
    assert_eq!(other.rows().await, before);
    into.give_up().await.unwrap();
    fill(&other.store, 2, 4).await;
}
