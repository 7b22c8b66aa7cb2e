//! Connections whose other end is gone without a word cost the stated patience once, and not once
//! for each of them.

use crate::{
    build::*,
    world::{World, options},
};
use domain::Position;
use futures::future::join_all;
use local::Proxy;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use store::{EventReader, EventStore, PostgresOptions, PostgresStore, StoreError};

/// How long a statement may take in these tests, and how long a read is waited for then.
const STATEMENT: Duration = Duration::from_secs(1);
const READ: Duration = Duration::from_secs(4);
const APPEND: Duration = Duration::from_secs(2);

/// A store behind a proxy, and the world that it is of.
async fn behind(
    change: impl Fn(PostgresOptions) -> PostgresOptions,
) -> (World, Proxy, String, Arc<PostgresStore>) {
    let world = World::postgres().await;
    let World::Postgres(database) = &world else {
        unreachable!("it is over PostgreSQL")
    };
    let url = database.url().to_owned();
    let server = servers::SharedPostgres::server().await.unwrap();
    let proxy = Proxy::start(&server.address()).await.unwrap();
    let options = options(&proxy.url(&url, &server.address()))
        .statement_timeout(STATEMENT)
        .append_timeout(APPEND);
    let store = PostgresStore::connect(change(options)).await.unwrap();
    (world, proxy, url, Arc::new(store))
}

/// Has all connections for reading made, and left idle.
async fn warm(store: &Arc<PostgresStore>) {
    let reads = (0..40).map(|_| store.read_all(Position::ZERO, 1));
    for read in join_all(reads).await {
        read.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_lose_their_patience_once() {
    let (_world, proxy, _, store) = behind(|options| options).await;
    warm(&store).await;
    proxy.forget_connections();
    let began = Instant::now();
    let error = store.read_all(Position::ZERO, 1).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    store.read_all(Position::ZERO, 1).await.unwrap();
    let took = began.elapsed();
    assert!(took < 2 * READ, "it took {took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_that_is_called_off_takes_the_idle_connections_with_it() {
    let (_world, proxy, _, store) = behind(|options| options).await;
    warm(&store).await;
    proxy.forget_connections();
    let impatient = Duration::from_millis(1_200);
    let called_off = tokio::time::timeout(impatient, store.read_all(Position::ZERO, 1)).await;
    assert!(called_off.is_err());
    let began = Instant::now();
    store.read_all(Position::ZERO, 1).await.unwrap();
    let took = began.elapsed();
    assert!(took < READ, "it took {took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_is_unknown_within_its_time_and_can_be_put_again() {
    let (_world, proxy, _, store) = behind(|options| options).await;
    let stream = new_stream();
    done(store.as_ref(), &append(&[(&stream, 0, 1)])).await;
    proxy.forget_connections();
    let lost = append(&[(&stream, 1, 1)]);
    let began = Instant::now();
    let error = store.append(std::slice::from_ref(&lost)).await.unwrap_err();
    assert!(matches!(error, StoreError::OutcomeUnknown(_)), "{error:?}");
    assert_eq!(kind(&put(store.as_ref(), &lost).await), "done");
    let took = began.elapsed();
    assert!(took < 2 * APPEND, "it took {took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_that_nobody_talks_to_any_more_finds_out() {
    let (_world, proxy, url, store) = behind(|options| options.signal_processes(true)).await;
    let apart = options(&url).signal_processes(true);
    let other = PostgresStore::connect(apart).await.unwrap();
    hears(&store, &other).await;
    proxy.forget_connections();
    hears(&store, &other).await;
}

/// Waits until what one appends is hinted to the other.
async fn hears(store: &PostgresStore, other: &PostgresStore) {
    let deadline = Instant::now() + Duration::from_secs(60);
    let signal = store.signal();
    loop {
        let position = done(other, &append(&[(&new_stream(), 0, 1)])).await;
        let before = Position::new(position.get() - 1);
        signal
            .clone()
            .after(before, Duration::from_millis(200))
            .await;
        if signal.latest() >= position {
            return;
        }
        assert!(Instant::now() < deadline, "nothing is heard any more");
    }
}
