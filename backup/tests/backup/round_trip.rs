//! From one store to another, through files.

use crate::harness::*;
use backup::{BackupError, Unwatched, verify};
use kurrent_double::Fake;
use store::{
    AppendOutcome, EventReader, EventStore, KurrentOptions, KurrentRestore, KurrentStore,
    RestoreTarget, StoreError,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_is_what_it_was_but_for_its_epoch() {
    let (one, other) = (Postgres::new().await, Postgres::new().await);
    let (_directory, target) = directory();
    let mut commands = fill(&one.store, 0, 300).await;
    let first = write(&one.reader(), &target).await;
    assert!(first.manifest.event_segments.len() > 3, "it has segments");
    // What comes later is added, and what was written stays.
    commands.extend(fill(&one.store, 300, 420).await);
    let second = write(&one.reader(), &target).await;
    let kept = &second.manifest.event_segments[..first.manifest.event_segments.len()];
    assert_eq!(kept, first.manifest.event_segments);
    assert!(second.events > 0 && second.events < second.manifest.events);
    // Nothing new is nothing.
    assert_eq!(write(&one.reader(), &target).await.events, 0);

    let expected = one.rows().await;
    let verified = verify(&target, &mut Unwatched).await.unwrap();
    assert_eq!(verified.events as usize, events(&one.store).await.len());
    let into = other.restore().await;
    let restored = restore(&target, &into, KEPT, &mut Unwatched).await.unwrap();
    assert_eq!(restored.events, verified.events);
    assert_eq!(other.rows().await, expected);
    let (was, is) = (one.store.head().await.unwrap(), restored.head);
    assert_eq!(was.position, is.position);
    assert_ne!(was.epoch, is.epoch);
    assert_eq!(other.store.head().await.unwrap(), is);

    answer_the_same(&one.store, &other.store, &commands).await;
    // It goes on like any store, also in a process that was there before.
    fill(&other.store, 420, 440).await;
    let head = other.store.head().await.unwrap().position;
    assert_eq!(head.get() as usize, events(&other.store).await.len());
    // And what was made with its tables is gone.
    other
        .execute(
            "DO $$ BEGIN
                 ASSERT to_regclass('store.restoring_events') IS NULL;
                 ASSERT to_regclass('store.restoring_commands') IS NULL;
                 ASSERT to_regclass('store.events_stream_version_key') IS NOT NULL;
                 ASSERT to_regclass('store.commands_recorded_at') IS NOT NULL;
                 ASSERT (SELECT count(*) FROM store.restoring) = 0;
             END $$",
        )
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rights_to_the_tables_stay() {
    let (one, other) = (memory(), Postgres::new().await);
    let (_directory, target) = directory();
    fill(&one, 0, 10).await;
    write(&one, &target).await;
    other
        .execute(
            "DO $$ BEGIN CREATE ROLE backup_test_owner; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
             DO $$ BEGIN CREATE ROLE backup_test_reader; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
             GRANT ALL ON SCHEMA store TO backup_test_owner;
             ALTER TABLE store.events OWNER TO backup_test_owner;
             GRANT SELECT ON store.events TO backup_test_reader WITH GRANT OPTION;
             GRANT SELECT ON store.events TO PUBLIC;
             GRANT SELECT, DELETE ON store.commands TO PUBLIC",
        )
        .await;
    let into = other.restore().await;
    restore(&target, &into, KEPT, &mut Unwatched).await.unwrap();
    other
        .execute(
            "DO $$ BEGIN
                 ASSERT has_table_privilege('public', 'store.events', 'SELECT');
                 ASSERT NOT has_table_privilege('public', 'store.events', 'DELETE');
                 ASSERT has_table_privilege('public', 'store.commands', 'DELETE');
                 ASSERT has_table_privilege(
                     'backup_test_reader', 'store.events', 'SELECT WITH GRANT OPTION'
                 );
                 ASSERT (SELECT tableowner FROM pg_tables WHERE schemaname = 'store' AND tablename = 'events')
                     = 'backup_test_owner';
                 ASSERT (SELECT tableowner FROM pg_tables WHERE schemaname = 'store' AND tablename = 'commands')
                     = current_user;
             END $$",
        )
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_takes_what_a_database_had_and_gives_it_back() {
    let (one, between, other) = (Postgres::new().await, memory(), Postgres::new().await);
    let (_first, to_memory) = directory();
    let (_second, to_database) = directory();
    let commands = fill(&one.store, 0, 120).await;
    write(&one.reader(), &to_memory).await;
    restore(&to_memory, &between, KEPT, &mut Unwatched)
        .await
        .unwrap();
    assert_eq!(events(&between).await, events(&one.store).await);
    answer_the_same(&one.store, &between, &commands).await;

    write(&between, &to_database).await;
    let into = other.restore().await;
    restore(&to_database, &into, KEPT, &mut Unwatched)
        .await
        .unwrap();
    assert_eq!(other.rows().await, one.rows().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kurrentdb_takes_what_a_database_had_and_gives_it_back() {
    let (one, fake, other) = (
        Postgres::new().await,
        Fake::start().await,
        Postgres::new().await,
    );
    let options = KurrentOptions::parse(&fake.url()).unwrap();
    let (_first, to_kurrentdb) = directory();
    let (_second, to_database) = directory();
    let commands = fill(&one.store, 0, 120).await;
    write(&one.reader(), &to_kurrentdb).await;

    let into = KurrentRestore::new(options.clone()).unwrap();
    // Until it is done, no process can begin with it.
    into.begin(uuid::Uuid::new_v4()).await.unwrap();
    let refused = KurrentStore::connect(options.clone()).await.err().unwrap();
    assert!(
        refused.to_string().contains("is being restored"),
        "{refused}"
    );
    restore(&to_kurrentdb, &into, KEPT, &mut Unwatched)
        .await
        .unwrap();
    let between = KurrentStore::connect(options).await.unwrap();
    let expected = events(&one.store).await;
    has_events(&between, &expected).await;
    answer_the_same(&one.store, &between, &commands).await;
    fill(&between, 120, 125).await;

    // Its positions have gaps, and its times are those of before.
    write(&between, &to_database).await;
    let into = other.restore().await;
    restore(&to_database, &into, KEPT, &mut Unwatched)
        .await
        .unwrap();
    answer_the_same(&between, &other.store, &commands).await;
    let got = events(&other.store).await;
    assert_eq!(got[..expected.len()], expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_not_empty_is_refused_and_stays() {
    let (one, other) = (memory(), Postgres::new().await);
    let (_directory, target) = directory();
    fill(&one, 0, 20).await;
    write(&one, &target).await;
    fill(&other.store, 0, 3).await;
    let before = other.rows().await;
    let into = other.restore().await;
    let refused = restore(&target, &into, KEPT, &mut Unwatched).await;
    let Err(BackupError::Store(StoreError::Failed { what, .. })) = refused else {
        panic!("{refused:?}");
    };
    assert!(what.contains("empty store"), "{what}");
    assert_eq!(other.rows().await, before);
}

#[tokio::test]
async fn another_history_is_not_mixed_in() {
    let (one, other) = (memory(), memory());
    let (_directory, target) = directory();
    fill(&one, 0, 20).await;
    write(&one, &target).await;
    // As long, longer, and shorter.
    for more in [20, 40, 5] {
        let store = if more == 5 { memory() } else { other.clone() };
        fill(&store, 0, more).await;
        let refused = backup::back_up(&store, &target, &small(), &mut Unwatched).await;
        assert!(
            matches!(refused, Err(BackupError::AnotherHistory { .. })),
            "{refused:?}"
        );
    }
    assert_eq!(write(&one, &target).await.events, 0);
}

#[tokio::test]
async fn records_that_no_longer_count_are_left_out() {
    let one = memory();
    let (_directory, target) = directory();
    fill(&one, 0, 40).await;
    let written = write(&one, &target).await;
    assert!(!written.manifest.command_segments.is_empty());
    // As if a week had passed.
    let options = backup::BackupOptions {
        keep_commands: chrono::TimeDelta::seconds(-5),
        ..small()
    };
    let again = backup::back_up(&one, &target, &options, &mut Unwatched).await;
    assert!(again.unwrap().manifest.command_segments.is_empty());
    let other = memory();
    let restored = restore(&target, &other, KEPT, &mut Unwatched)
        .await
        .unwrap();
    assert_eq!((restored.commands, restored.events), (0, written.events));
}

#[tokio::test]
async fn an_empty_store_is_a_backup_too() {
    let (one, other) = (memory(), memory());
    let (_directory, target) = directory();
    let refused = restore(&target, &other, KEPT, &mut Unwatched).await;
    assert!(
        matches!(refused, Err(BackupError::NoBackup { .. })),
        "{refused:?}"
    );
    write(&one, &target).await;
    let restored = restore(&target, &other, KEPT, &mut Unwatched)
        .await
        .unwrap();
    assert_eq!(restored.events, 0);
    let done = fill(&other, 0, 1).await;
    let again = other.append(&done).await.unwrap();
    assert!(matches!(again[..], [AppendOutcome::Duplicate(_)]));
}
