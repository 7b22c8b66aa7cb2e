//! A server that is killed loses nothing that was acked, and the store finds back to it.

use crate::{build::*, follow::check_order, follow::read_to_end};
use domain::Position;
use servers::Postgres;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use store::{
    Append, AppendOutcome, EventReader, EventStore, PostgresOptions, PostgresStore, StoreError,
};
use tokio_util::sync::CancellationToken;

/// How often the server is killed.
const ROUNDS: usize = 3;

/// How long it may take until appends succeed again.
const BACK_WITHIN: Duration = Duration::from_secs(60);

/// Appends a batch until it is known what became of it, as the lane does.
async fn insist(store: &PostgresStore, batch: &[Append]) -> Vec<AppendOutcome> {
    let deadline = Instant::now() + BACK_WITHIN;
    loop {
        match store.append(batch).await {
            Ok(outcomes) => return outcomes,
            Err(error @ (StoreError::Unavailable(_) | StoreError::OutcomeUnknown(_))) => {
                assert!(Instant::now() < deadline, "still not back: {error:?}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => panic!("a killed server is no reason for {error:?}"),
        }
    }
}

/// Appends to one stream, and says what was acked, until told to stop.
async fn write(store: Arc<PostgresStore>, stop: CancellationToken) -> Vec<Append> {
    let stream = new_stream();
    let mut acked = Vec::new();
    while !stop.is_cancelled() {
        let version = acked.len() as i64;
        let batch: Vec<_> = (0..3)
            .map(|nr| append(&[(&stream, version + nr, 1)]))
            .collect();
        for outcome in insist(&store, &batch).await {
            assert_ne!(kind(&outcome), "conflict", "nobody else writes to it");
        }
        acked.extend(batch);
    }
    acked
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_loses_nothing_that_was_acked() {
    if !Postgres::may_be_killed() {
        return;
    }
    let server = Postgres::start().await.unwrap();
    server.create_database("orders").await.unwrap();
    let options = || PostgresOptions::new(server.url("orders"));
    let store = Arc::new(PostgresStore::connect(options()).await.unwrap());
    store.migrate().await.unwrap();
    let epoch = store.head().await.unwrap().epoch;
    let stop = CancellationToken::new();
    let writers: Vec<_> = (0..3)
        .map(|_| tokio::spawn(write(store.clone(), stop.clone())))
        .collect();
    for _ in 0..ROUNDS {
        until_appended(&store, 50).await;
        server.kill9().await.unwrap();
        server.restart().await.unwrap();
    }
    until_appended(&store, 50).await;
    stop.cancel();
    let mut acked = 0;
    let events = {
        let mut there = Vec::new();
        for writer in futures::future::join_all(writers).await {
            let appends = writer.unwrap();
            acked += appends.len();
            there.extend(appends.into_iter().map(|append| append.command_id));
        }
        let events = read_to_end(store.as_ref(), Position::ZERO).await;
        let ids: std::collections::HashSet<_> = events
            .iter()
            .map(|event| event.envelope.command_id)
            .collect();
        assert!(
            there.iter().all(|id| ids.contains(id)),
            "something acked is gone"
        );
        events
    };
    assert_eq!(events.len(), acked, "each once, and nothing else");
    check_order(&events);
    assert_eq!(store.head().await.unwrap().epoch, epoch);
}

/// Waits until so many more events are there, reading through the same outages.
async fn until_appended(store: &PostgresStore, count: usize) {
    let deadline = Instant::now() + BACK_WITHIN;
    let mut target = None;
    loop {
        match store.head().await {
            Ok(head) => {
                let target = *target.get_or_insert(head.position.plus(count));
                if head.position >= target {
                    return;
                }
            }
            Err(error) => assert!(error.is_transient(), "{error:?}"),
        }
        assert!(Instant::now() < deadline, "nothing is appended");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
