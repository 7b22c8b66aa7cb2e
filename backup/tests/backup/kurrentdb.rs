//! What must hold of KurrentDB, where everybody may append while something is restored.

use crate::{harness::*, mended::damage};
use backup::{BackupError, Unwatched};
use domain::Version;
use kurrent_double::Fake;
use store::{EventStore, KurrentOptions, KurrentRestore, KurrentStore, RestoreTarget};
use uuid::Uuid;

/// An empty server.
pub async fn kurrentdb() -> (Fake, KurrentOptions) {
    let fake = Fake::start().await;
    let options = KurrentOptions::parse(&fake.url()).unwrap();
    (fake, options)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kurrentdb_gives_back_what_was_restored_into_it_before_anything_else_happens() {
    let (one, (_fake, options), other) = (memory(), kurrentdb().await, memory());
    let (_first, to_kurrentdb) = directory();
    let (_second, back) = directory();
    let commands = fill(&one, 0, 120).await;
    write(&one, &to_kurrentdb).await;
    let into = KurrentRestore::new(options.clone()).unwrap();
    let restored = restore(&to_kurrentdb, &into, KEPT, &mut Unwatched)
        .await
        .unwrap();
    let between = KurrentStore::connect(options).await.unwrap();
    let written = write(&between, &back).await;
    assert_eq!(written.commands, restored.commands);
    restore(&back, &other, KEPT, &mut Unwatched).await.unwrap();
    answer_the_same(&between, &other, &commands).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kurrentdb_is_not_finished_where_somebody_has_written_meanwhile() {
    let one = memory();
    fill(&one, 0, 20).await;
    // An event; the record alone of a command that does nothing.
    for (from, to) in [(5, 6), (1, 2)] {
        let (_fake, options) = kurrentdb().await;
        let running = KurrentStore::connect(options.clone()).await.unwrap();
        let into = KurrentRestore::new(options).unwrap();
        into.begin(Uuid::new_v4()).await.unwrap();
        if from == 1 {
            fill(&running, from, to).await;
        }
        into.put_events(&events(&one).await).await.unwrap();
        if from == 5 {
            // Another order than any that is restored.
            let mut append = fill(&memory(), 0, 1).await.remove(0);
            for stream in &mut append.streams {
                stream.stream = domain::StreamId::order(
                    &domain::TenantId::default(),
                    domain::OrderId::new(Uuid::new_v4()),
                );
            }
            running.append(&[append]).await.unwrap();
        }
        let refused = into.finish().await.unwrap_err().to_string();
        assert!(refused.contains("is not finished"), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_backup_leaves_kurrentdb_as_it_was() {
    let one = memory();
    let (directory, target) = directory();
    fill(&one, 0, 40).await;
    write(&one, &target).await;
    damage(&directory.path().join("backup"));
    let (_fake, options) = kurrentdb().await;
    let into = KurrentRestore::new(options.clone()).unwrap();
    let refused = restore(&target, &into, KEPT, &mut Unwatched).await;
    assert!(
        matches!(refused, Err(BackupError::Damaged(_))),
        "{refused:?}"
    );
    KurrentStore::connect(options.clone()).await.unwrap();
    // And what has begun, and put nothing in, can be given up.
    into.begin(Uuid::new_v4()).await.unwrap();
    assert!(KurrentStore::connect(options.clone()).await.is_err());
    into.give_up().await.unwrap();
    KurrentStore::connect(options).await.unwrap();
    into.give_up().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kurrentdb_carries_records_that_this_build_cannot_read() {
    let (_fake, options) = kurrentdb().await;
    let into = KurrentRestore::new(options.clone()).unwrap();
    let record = store::StoredCommand {
        id: domain::CommandId::new(Uuid::new_v4()),
        stream: "parcel-main.1".to_owned(),
        version: Version::ZERO,
        last_event: None,
        recorded_at: chrono::Utc::now(),
        fingerprint: None,
        refusal: Some(r#"{ "kind":"of another build" }"#.to_owned()),
    };
    into.begin(Uuid::new_v4()).await.unwrap();
    for _ in 0..2 {
        into.put_commands(std::slice::from_ref(&record))
            .await
            .unwrap();
    }
    into.finish().await.unwrap();
    let store = KurrentStore::connect(options).await.unwrap();
    let start = store::CommandCursor::START;
    let page = store::BackupSource::read_commands(&store, start, None, 100)
        .await
        .unwrap();
    let got = &page.records[0];
    assert_eq!(
        (&got.stream, &got.refusal),
        (&record.stream, &record.refusal)
    );
}
