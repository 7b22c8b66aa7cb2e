//! What must hold where others use the store, or the target, or where something was lost.

use crate::{
    harness::*,
    kurrentdb::kurrentdb,
    storage::{Bucket, target},
};
use backup::{BackupError, MANIFEST, Target, Unwatched, back_up, put_in};
use chrono::{DateTime, Utc};
use domain::Version;
use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};
use store::{
    Answer, Append, Clock, EventReader, EventStore, KurrentRestore, KurrentStore, PostgresRestore,
    PostgresStore, RestoreTarget, StoreError, SystemClock, lease::Leases,
};
use uuid::Uuid;

/// The files in a folder of a target.
fn files(root: &Path, folder: &str) -> Vec<PathBuf> {
    let files = std::fs::read_dir(root.join(folder)).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

/// Damages the last segment of events in the target in `root`.
pub fn damage(root: &Path) {
    let file = files(root, "events").pop().unwrap();
    let mut content = std::fs::read(&file).unwrap();
    let middle = content.len() / 2;
    content[middle] ^= 0x10;
    std::fs::write(&file, content).unwrap();
}

/// Waits until it is later than that.
async fn later_than(time: DateTime<Utc>) {
    while SystemClock.now() <= time {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn the_same_commands_done_once_more_are_another_history() {
    let (one, other) = (memory(), memory());
    let (_directory, target) = directory();
    let done = fill(&one, 0, 20).await;
    write(&one, &target).await;
    // What is recorded later has another time.
    let last = events(&one).await.last().unwrap().envelope.recorded_at;
    later_than(last).await;
    for append in &done {
        other.append(std::slice::from_ref(append)).await.unwrap();
    }
    let (was, is) = (events(&one).await, events(&other).await);
    assert_eq!(
        was.last().unwrap().envelope.event_id,
        is.last().unwrap().envelope.event_id
    );
    let refused = back_up(&other, &target, &small(), &mut Unwatched).await;
    assert!(
        matches!(refused, Err(BackupError::AnotherHistory { .. })),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_lacks_an_event_is_not_finished() {
    let one = memory();
    fill(&one, 0, 60).await;
    let mut all = events(&one).await;
    let at = all
        .iter()
        .position(|event| event.envelope.version == Version::new(2))
        .unwrap();
    all.remove(at);
    let other = Postgres::new().await;
    let into = other.restore().await;
    into.begin(Uuid::new_v4()).await.unwrap();
    into.put_events(&all).await.unwrap();
    let refused = into.finish().await.unwrap_err().to_string();
    assert!(
        refused.contains("has not all events of order-"),
        "{refused}"
    );
    assert!(other.rows().await.is_empty());

    let (_fake, options) = kurrentdb().await;
    let into = KurrentRestore::new(options).unwrap();
    into.begin(Uuid::new_v4()).await.unwrap();
    let refused = into.put_events(&all).await.unwrap_err().to_string();
    assert!(
        refused.contains("has not all events of order-"),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_must_hold_before_the_end_is_told_also_to_who_goes_on() {
    let (one, other) = (memory(), Postgres::new().await);
    let (_directory, target) = directory();
    fill(&one, 0, 40).await;
    write(&one, &target).await;
    let into = other.restore().await;
    for _ in 0..2 {
        let put_in = put_in(&target, &into, KEPT, "Tested", &mut Unwatched)
            .await
            .unwrap();
        assert_eq!(put_in.told(), events(&one).await);
        assert!(other.rows().await.is_empty());
    }
    let put_in = put_in(&target, &into, KEPT, "Other", &mut Unwatched)
        .await
        .unwrap();
    assert!(put_in.told().is_empty());
    put_in.finish(&into).await.unwrap();
    let refused = restore(&target, &into, KEPT, &mut Unwatched)
        .await
        .unwrap_err();
    let BackupError::Store(StoreError::Failed { source, .. }) = refused else {
        panic!("{refused:?}");
    };
    assert!(
        source
            .to_string()
            .contains("orders personal-data erase-again"),
        "{source}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_shop_opens_on_a_store_that_is_being_restored() {
    let (one, other) = (memory(), Postgres::new().await);
    fill(&one, 0, 5).await;
    let into = other.restore().await;
    into.begin(Uuid::new_v4()).await.unwrap();
    into.put_events(&events(&one).await).await.unwrap();
    let shop = PostgresStore::connect(other.options()).await.unwrap();
    let Err(StoreError::Failed { what, source }) = shop.migrate().await else {
        panic!("it opens");
    };
    assert!(what.contains("is being restored"), "{what}");
    assert!(source.to_string().contains("--give-up"), "{source}");
    into.give_up().await.unwrap();
    shop.migrate().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leases_of_a_new_store_are_above_those_of_the_one_that_is_gone() {
    let (gone, new) = (Postgres::new().await, Postgres::new().await);
    let (_fake, options) = kurrentdb().await;
    let kurrentdb = KurrentStore::connect(options).await.unwrap();
    let term = Duration::from_secs(60);
    let mut given = vec![];
    for _ in 0..3 {
        let lease = gone
            .store
            .leases()
            .acquire("view", Uuid::from_u128(1), term)
            .await;
        given.push(lease.unwrap().unwrap().epoch);
    }
    // A lease that is new begins with the second in which it is given.
    let last = given.iter().max().copied().unwrap();
    later_than(DateTime::from_timestamp(last + 1, 0).unwrap()).await;
    let leases: [&dyn Leases; 2] = [&new.store.leases(), &kurrentdb.leases()];
    for leases in leases {
        let lease = leases
            .acquire("view", Uuid::from_u128(2), term)
            .await
            .unwrap()
            .unwrap();
        assert!(
            given.iter().all(|given| lease.epoch > *given),
            "{} after {given:?}",
            lease.epoch
        );
    }
}

/// A command that does nothing, done again with another digest after its record was forgotten.
async fn again(store: &dyn EventStore, first: &Append) -> Append {
    let mut again = first.clone();
    let stream = again.streams[0].stream.clone();
    let there = store
        .read_streams(&[(stream, Version::ZERO)], usize::MAX)
        .await
        .unwrap();
    again.streams[0].expected = Version::ZERO.plus(there.len());
    again.fingerprint = Some([9; 32]);
    again.answer = Answer::Accepted;
    store.append(std::slice::from_ref(&again)).await.unwrap();
    again
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newer_record_of_a_command_counts() {
    let one = memory();
    let (_directory, target) = directory();
    let done = fill(&one, 0, 20).await;
    write(&one, &target).await;
    let later = chrono::Utc::now() + chrono::TimeDelta::seconds(1);
    one.forget_commands(later).await.unwrap();
    let id = again(&one, &done[1]).await.command_id;
    write(&one, &target).await;
    let expected = one.find_commands(&[id]).await.unwrap().remove(0);
    assert_eq!(expected.fingerprint, Some([9; 32]));

    let (memory, database) = (memory(), Postgres::new().await);
    let (_fake, options) = kurrentdb().await;
    let into = KurrentRestore::new(options.clone()).unwrap();
    restore(&target, &memory, KEPT, &mut Unwatched)
        .await
        .unwrap();
    restore(&target, &database.restore().await, KEPT, &mut Unwatched)
        .await
        .unwrap();
    restore(&target, &into, KEPT, &mut Unwatched).await.unwrap();
    let kurrentdb = KurrentStore::connect(options).await.unwrap();
    let readers: [&dyn EventReader; 3] = [&memory, &database.store, &kurrentdb];
    for reader in readers {
        let got = reader.find_commands(&[id]).await.unwrap().remove(0);
        assert_eq!(
            (got.fingerprint, got.version),
            (expected.fingerprint, expected.version)
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_is_not_touched_before_all_is_looked_at() {
    let one = memory();
    let (directory, target) = directory();
    fill(&one, 0, 20).await;
    write(&one, &target).await;
    damage(&directory.path().join("backup"));
    let database = servers::SharedPostgres::database().await.unwrap();
    let options = store::PostgresOptions::new(database.url()).accept_data_loss();
    let into = PostgresRestore::connect(options).await.unwrap();
    into.give_up().await.unwrap();
    let refused = restore(&target, &into, KEPT, &mut Unwatched).await;
    assert!(
        matches!(refused, Err(BackupError::Damaged(_))),
        "{refused:?}"
    );
    let pool = sqlx::PgPool::connect(database.url()).await.unwrap();
    let sql = "SELECT to_regnamespace('store') IS NOT NULL";
    let touched: bool = sqlx::query_scalar(sql).fetch_one(&pool).await.unwrap();
    assert!(!touched, "there is a schema");
}

#[tokio::test]
async fn two_do_not_write_to_a_directory_at_once() {
    let (directory, target) = directory();
    let one = memory();
    fill(&one, 0, 20).await;
    write(&one, &target).await;
    let lock = directory.path().join("backup").join("lock");
    let lock = std::fs::File::options().write(true).open(lock).unwrap();
    lock.lock().unwrap();
    let refused = back_up(&one, &target, &small(), &mut Unwatched).await;
    assert!(
        matches!(refused, Err(BackupError::Busy { .. })),
        "{refused:?}"
    );
    drop(lock);
    write(&one, &target).await;
}

async fn lost(target: &Target) -> backup::Damage {
    let one = memory();
    match back_up(&one, target, &small(), &mut Unwatched).await {
        Err(BackupError::Damaged(damage)) => damage,
        other => panic!("not found: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_added_to_a_backup_that_has_lost_something() {
    let one = memory();
    fill(&one, 0, 40).await;
    let (directory, in_directory) = directory();
    write(&one, &in_directory).await;
    for folder in ["events", "commands"] {
        let file = files(&directory.path().join("backup"), folder).remove(0);
        let right = std::fs::read(&file).unwrap();
        let name = format!("{folder}/{}", file.file_name().unwrap().to_str().unwrap());
        std::fs::remove_file(&file).unwrap();
        let damage = lost(&in_directory).await;
        assert_eq!(
            (&damage.file, damage.what.as_str()),
            (&name, "it is missing")
        );
        std::fs::write(&file, &right[1..]).unwrap();
        assert_eq!(lost(&in_directory).await.file, name);
        std::fs::write(&file, right).unwrap();
    }
    write(&one, &in_directory).await;

    let (bucket, url) = Bucket::start().await;
    let in_bucket = target(&url);
    write(&one, &in_bucket).await;
    let mut content = bucket.content();
    let gone = content
        .keys()
        .find(|name| name.contains("/events/"))
        .unwrap()
        .clone();
    content.remove(&gone);
    bucket.set(content);
    let damage = lost(&in_bucket).await;
    assert!(gone.ends_with(&damage.file), "{damage}");
}

#[tokio::test]
async fn what_no_manifest_names_is_gone_after_a_day() {
    let one = memory();
    let (directory, target) = directory();
    let root = directory.path().join("backup");
    fill(&one, 0, 40).await;
    write(&one, &target).await;
    let (old, new) = (root.join("events/old.zst"), root.join("commands/new.zst"));
    std::fs::write(&old, "of nobody").unwrap();
    std::fs::write(&new, "of somebody who goes on").unwrap();
    let before = SystemTime::now() - Duration::from_secs(25 * 3600);
    let age = |file: &Path| {
        let file = std::fs::File::options().write(true).open(file).unwrap();
        file.set_modified(before).unwrap();
    };
    for file in files(&root, "events")
        .iter()
        .chain(&files(&root, "commands"))
    {
        if *file != new {
            age(file);
        }
    }
    age(&root.join(MANIFEST));
    // All records are old, and go: in the run after the one that no longer names them.
    let forgetful = backup::BackupOptions {
        keep_commands: chrono::TimeDelta::seconds(-5),
        ..small()
    };
    let records = files(&root, "commands").len();
    back_up(&one, &target, &forgetful, &mut Unwatched)
        .await
        .unwrap();
    assert!(!old.exists() && new.exists());
    for file in files(&root, "commands").iter().filter(|file| **file != new) {
        age(file);
    }
    assert!(files(&root, "commands").len() >= records);
    back_up(&one, &target, &forgetful, &mut Unwatched)
        .await
        .unwrap();
    assert!(files(&root, "commands").len() < records);
    backup::verify(&target, &mut Unwatched).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_begun_on_a_lost_history_is_not_in_the_way() {
    let one = memory();
    let (bucket, url) = Bucket::start().await;
    let target = target(&url);
    fill(&one, 0, 20).await;
    // Two stores with the same beginning: the one is what the other was before it lost its tail.
    let (_directory, between) = directory();
    write(&one, &between).await;
    let lost = memory();
    restore(&between, &lost, KEPT, &mut Unwatched)
        .await
        .unwrap();
    write(&one, &target).await;
    fill(&lost, 20, 80).await;
    bucket.take_writes(Some(6));
    back_up(&lost, &target, &small(), &mut Unwatched)
        .await
        .unwrap_err();
    bucket.take_writes(None);
    assert!(
        bucket
            .names()
            .iter()
            .any(|name| name.ends_with("unfinished.json"))
    );
    fill(&one, 20, 100).await;
    write(&one, &target).await;
    let restored = memory();
    restore(&target, &restored, KEPT, &mut Unwatched)
        .await
        .unwrap();
    assert_eq!(events(&restored).await, events(&one).await);
    // And the manifest still is: who has not its history is refused.
    let refused = back_up(&lost, &target, &small(), &mut Unwatched).await;
    assert!(
        matches!(refused, Err(BackupError::AnotherHistory { .. })),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_of_an_event_that_is_not_there_is_named() {
    let one = memory();
    fill(&one, 0, 20).await;
    let cut = store::Cut::at(events(&one).await.last().unwrap());
    let start = store::CommandCursor::START;
    let page = store::BackupSource::read_commands(&one, start, Some(&cut), 100).await;
    let records = page.unwrap().records;
    let (other, between) = (Postgres::new().await, memory());
    let targets: [&dyn RestoreTarget; 2] = [&other.restore().await, &between];
    for into in targets {
        into.begin(Uuid::new_v4()).await.unwrap();
        let refused = into.put_commands(&records).await.unwrap_err().to_string();
        assert!(
            refused.contains("names an event that the backup has not"),
            "{refused}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_build_with_other_columns_has_put_in_is_put_in_anew() {
    let (one, other) = (memory(), Postgres::new().await);
    let (_directory, target) = directory();
    fill(&one, 0, 20).await;
    write(&one, &target).await;
    let into = other.restore().await;
    let put_in = put_in(&target, &into, KEPT, "Tested", &mut Unwatched).await;
    drop(put_in.unwrap());
    other
        .execute("ALTER TABLE store.restoring_events DROP COLUMN traceparent")
        .await;
    let restored = restore(&target, &into, KEPT, &mut Unwatched).await.unwrap();
    assert_eq!(restored.events_before, 0);
    assert_eq!(events(&other.store).await.len(), events(&one).await.len());
}

#[tokio::test]
async fn what_is_far_too_large_is_not_read() {
    let (directory, target) = directory();
    write(&memory(), &target).await;
    let manifest = directory.path().join("backup").join(MANIFEST);
    let file = std::fs::File::options().write(true).open(manifest).unwrap();
    file.set_len(1 << 40).unwrap();
    let found = backup::verify(&target, &mut Unwatched).await;
    assert!(
        matches!(&found, Err(BackupError::Damaged(damage)) if damage.file == MANIFEST),
        "{found:?}"
    );
}
