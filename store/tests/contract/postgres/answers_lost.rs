//! A crash between append and answer: the appender does not know, asks again, and it has happened
//! once.

use super::slow_transaction::{HeldUp, SLOW};
use crate::{
    build::*,
    world::{World, connect, options},
};
use domain::StreamId;
use local::{Cut, Proxy};
use std::{sync::Arc, time::Duration};
use store::{Append, EventStore, PostgresStore, StoreError};

/// Appends through a proxy that cuts; then again; then says what the second attempt was told.
async fn append_cut(cut: Cut) -> (&'static str, usize) {
    let World::Postgres(database) = World::postgres().await else {
        unreachable!("it is over PostgreSQL")
    };
    let server = servers::SharedPostgres::server().await.unwrap();
    let proxy = Proxy::start(&server.address()).await.unwrap();
    let through = proxy.url(database.url(), &server.address());
    let store = PostgresStore::connect(options(&through)).await.unwrap();
    let stream = new_stream();
    // The statement is prepared by now, so that what is sent next is the append itself.
    done(&store, &append(&[(&stream, 0, 1)])).await;

    let lost = append(&[(&stream, 1, 2)]);
    proxy.cut_next(cut);
    let error = store.append(std::slice::from_ref(&lost)).await.unwrap_err();
    assert!(matches!(error, StoreError::OutcomeUnknown(_)), "{error:?}");
    assert!(error.is_transient());

    let direct = connect(database.url()).await;
    let outcome = settle(&direct, &lost, &stream).await;
    let again = put(&store, &lost).await;
    assert_eq!(kind(&again), "duplicate", "and from now on it stays so");
    (outcome, length(&direct, &stream).await)
}

/// The server may still be at it when the connection is gone: the two attempts then race.
async fn settle(store: &PostgresStore, lost: &Append, stream: &StreamId) -> &'static str {
    let outcome = kind(&put(store, lost).await);
    assert_eq!(length(store, stream).await, 3);
    outcome
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_whose_answer_is_lost_was_done_once() {
    assert_eq!(append_cut(Cut::Answer).await, ("duplicate", 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_that_is_lost_on_its_way_is_done_by_the_next() {
    assert_eq!(append_cut(Cut::Request).await, ("done", 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_whose_session_is_ended_is_done_by_the_next() {
    let World::Postgres(database) = World::postgres().await else {
        unreachable!("it is over PostgreSQL")
    };
    let mut held_up = HeldUp::at(database.url()).await;
    let store = Arc::new(connect(database.url()).await);
    let stream = new_stream();
    let mut slow = append(&[(&stream, 0, 1)]);
    slow.streams[0].events[0].event_type = SLOW;
    let appending = tokio::spawn({
        let (store, slow) = (store.clone(), slow.clone());
        async move { store.append(&[slow]).await }
    });
    let pid = held_up.somebody().await;
    held_up.end(pid).await;
    let error = tokio::time::timeout(Duration::from_secs(20), appending).await;
    let error = error.unwrap().unwrap().unwrap_err();
    assert!(matches!(error, StoreError::OutcomeUnknown(_)), "{error:?}");

    super::checks::meddle(database.url(), "DROP TRIGGER slow ON store.events").await;
    assert_eq!(kind(&put(store.as_ref(), &slow).await), "done");
    assert_eq!(kind(&put(store.as_ref(), &slow).await), "duplicate");
    assert_eq!(length(store.as_ref(), &stream).await, 1);
}
