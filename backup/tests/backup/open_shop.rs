//! Backups of a store that is written to all the time.

use crate::harness::*;
use backup::{Unwatched, verify};
use domain::Position;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use store::{EventReader, EventStore, PostgresStore};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_is_one_moment_of_the_store() {
    let one = Postgres::new().await;
    let (_directory, target) = directory();
    fill(&one.store, 0, 50).await;
    let stop = Arc::new(AtomicBool::new(false));
    let writer = PostgresStore::connect(one.options()).await.unwrap();
    let writing = tokio::spawn({
        let stop = stop.clone();
        async move {
            let (mut nr, mut done) = (50, vec![]);
            while !stop.load(Ordering::SeqCst) {
                done.extend(fill(&writer, nr, nr + 5).await);
                nr += 5;
            }
            done
        }
    });
    for _ in 0..4 {
        let acked = one.store.head().await.unwrap().position;
        let written = write(&one.reader(), &target).await;
        assert!(written.manifest.position() >= acked.get());
        verify(&target, &mut Unwatched).await.unwrap();
        let other = memory();
        restore(&target, &other, KEPT, &mut Unwatched)
            .await
            .unwrap();
        // A beginning of history, and each of its events has its command's record.
        let got = events(&other).await;
        let expected = one.store.read_all(Position::ZERO, got.len()).await.unwrap();
        assert_eq!(got, expected[..got.len()]);
        let ids: Vec<_> = got.iter().map(|event| event.envelope.command_id).collect();
        let records = other.find_commands(&ids).await.unwrap();
        let missing = ids
            .iter()
            .find(|id| !records.iter().any(|it| it.id == **id));
        assert_eq!(missing, None);
    }
    stop.store(true, Ordering::SeqCst);
    let commands = writing.await.unwrap();
    write(&one.reader(), &target).await;
    let other = Postgres::new().await;
    let into = other.restore().await;
    restore(&target, &into, KEPT, &mut Unwatched).await.unwrap();
    assert_eq!(other.rows().await, one.rows().await);
    answer_the_same(&one.store, &other.store, &commands).await;
    // Who is put again is a duplicate there, too, whatever else comes in the batch.
    let again = other.store.append(&commands[..3]).await.unwrap();
    assert_eq!(again.len(), 3);
}
