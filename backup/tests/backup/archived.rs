//! A store of which a part is in its archive.

use crate::{harness::*, kurrentdb::kurrentdb};
use backup::{BackupError, Unwatched};
use chrono::{TimeDelta, Utc};
use store::{KurrentRestore, KurrentStore, PostgresArchive, RestoreTarget, StoreError};
use uuid::Uuid;

/// Archives all streams there are: all but each one's first and last event.
async fn archive(one: &Postgres) {
    let archive = PostgresArchive::connect(one.options()).await.unwrap();
    let events = events(&one.store).await;
    let streams = events.iter().map(|event| event.envelope.stream.as_str());
    let moved = archive.archive(streams, Utc::now() + TimeDelta::hours(1));
    assert!(moved.await.unwrap() > 0, "nothing is archived");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_archived_is_restored_whole() {
    let (one, other, as_it_was) = (
        Postgres::new().await,
        Postgres::new().await,
        Postgres::new().await,
    );
    let ((_first, target), (_second, before)) = (directory(), directory());
    // A part is archived before it is backed up, and a part of what was backed up is archived then.
    let mut commands = fill(&one.store, 0, 120).await;
    archive(&one).await;
    commands.extend(fill(&one.store, 120, 200).await);
    write(&one.reader(), &target).await;
    archive(&one).await;
    commands.extend(fill(&one.store, 200, 260).await);
    write(&one.reader(), &target).await;
    let expected = events(&one.store).await;

    let into = other.restore().await;
    let restored = restore(&target, &into, KEPT, &mut Unwatched).await.unwrap();
    assert_eq!(restored.events as usize, expected.len());
    assert_eq!(events(&other.store).await, expected);
    answer_the_same(&one.store, &other.store, &commands).await;
    // And all rows are in the table of events, as if nothing had been archived.
    write(&other.reader(), &before).await;
    let into = as_it_was.restore().await;
    restore(&before, &into, KEPT, &mut Unwatched).await.unwrap();
    assert_eq!(as_it_was.rows().await, other.rows().await);
    assert_eq!(other.rows().await.len(), expected.len() + commands.len());
    fill(&other.store, 260, 280).await;

    let memory = memory();
    restore(&target, &memory, KEPT, &mut Unwatched)
        .await
        .unwrap();
    assert_eq!(events(&memory).await, expected);
    answer_the_same(&one.store, &memory, &commands).await;

    let (_fake, options) = kurrentdb().await;
    let into = KurrentRestore::new(options.clone()).unwrap();
    restore(&target, &into, KEPT, &mut Unwatched).await.unwrap();
    let kurrentdb = KurrentStore::connect(options).await.unwrap();
    has_events(&kurrentdb, &expected).await;
    answer_the_same(&one.store, &kurrentdb, &commands).await;
}

/// As a table of events looks that somebody has emptied.
const ARCHIVE_ALONE: &str = "INSERT INTO store.archived_events SELECT * FROM store.events;
                             DELETE FROM store.events;
                             DELETE FROM store.commands";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_with_nothing_but_an_archive_is_not_empty() {
    let (one, other) = (memory(), Postgres::new().await);
    let (_directory, target) = directory();
    fill(&one, 0, 20).await;
    write(&one, &target).await;
    fill(&other.store, 0, 5).await;
    other.execute(ARCHIVE_ALONE).await;
    let into = other.restore().await;
    let refused = restore(&target, &into, KEPT, &mut Unwatched)
        .await
        .unwrap_err();
    let BackupError::Store(StoreError::Failed { what, .. }) = refused else {
        panic!("{refused:?}");
    };
    assert!(what.contains("empty store"), "{what}");

    // Also where it comes to that meanwhile.
    let other = Postgres::new().await;
    let into = other.restore().await;
    into.begin(Uuid::new_v4()).await.unwrap();
    into.put_events(&events(&one).await).await.unwrap();
    fill(&other.store, 0, 5).await;
    other.execute(ARCHIVE_ALONE).await;
    let refused = into.finish().await.unwrap_err().to_string();
    assert!(refused.contains("somebody else has written"), "{refused}");
    assert!(other.rows().await.is_empty());
}
