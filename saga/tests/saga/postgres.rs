//! The sagas' storage where its database, or the way there, does what it should not.

use crate::harness::{DEADLINE, Shop, until, within};
use domain::Position;
use local::Proxy;
use saga::storage::{PostgresSagaStore, SagaStore, SagaStoreError, Work};
use servers::SharedPostgres;
use sqlx::{Connection, PgConnection, Row};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use store::{Clock, SystemClock};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How long a statement is waited for in these tests.
const PATIENCE: Duration = Duration::from_secs(2);

const CONNECTIONS: u32 = 4;

/// Connections whose other end is gone without a word cost the patience once, not once each.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_a_database_that_does_not_answer() {
    let database = SharedPostgres::database().await.unwrap();
    let server = SharedPostgres::server().await.unwrap();
    let proxy = Proxy::start(&server.address()).await.unwrap();
    let url = proxy.url(database.url(), &server.address());
    let storage = PostgresSagaStore::connect_within(&url, CONNECTIONS, PATIENCE).await;
    let storage = storage.unwrap();
    // All connections are made, and left idle.
    let warm = (0..4 * CONNECTIONS).map(|_| storage.backlog(SystemClock.now()));
    for backlog in futures::future::join_all(warm).await {
        backlog.unwrap();
    }
    proxy.forget_connections();
    let began = Instant::now();
    let error = storage.take_over("order", 1).await.unwrap_err();
    assert!(matches!(error, SagaStoreError::Database(_)), "{error:?}");
    assert!(error.is_transient(), "{error:?}");
    for _ in 0..2 * CONNECTIONS {
        let due = storage.due(SystemClock.now(), Work::Inside, &[], 1);
        assert_eq!(due.await.unwrap(), []);
    }
    let there = storage.take_over("order", 1).await.unwrap();
    assert_eq!(there.at.position, Position::ZERO);
    let took = began.elapsed();
    assert!(took < 2 * PATIENCE, "it took {took:?}");
}

/// Whoever gives up while nobody answers leaves no connection behind that counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_called_off_takes_its_connection_with_it() {
    let database = SharedPostgres::database().await.unwrap();
    let server = SharedPostgres::server().await.unwrap();
    let proxy = Proxy::start(&server.address()).await.unwrap();
    let url = proxy.url(database.url(), &server.address());
    let storage = PostgresSagaStore::connect_within(&url, 1, PATIENCE).await;
    let storage = storage.unwrap();
    storage.take_over("order", 1).await.unwrap();
    proxy.forget_connections();
    let finish = storage.finish(&[]);
    let called_off = tokio::time::timeout(PATIENCE / 4, finish).await;
    assert!(called_off.is_err(), "nobody answers");
    storage.take_over("order", 1).await.unwrap();
}

/// What is looked at every few seconds is not all there is: timers are as many as orders.
#[tokio::test]
async fn the_backlog_is_told_without_reading_what_is_not_due() {
    let database = SharedPostgres::database().await.unwrap();
    let storage = PostgresSagaStore::connect(database.url(), 2).await.unwrap();
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    let fill = "INSERT INTO saga.task (id, order_id, due_at, work, task, context)
         SELECT gen_random_uuid(), gen_random_uuid(), now() + interval '1 day', 'inside', '{}', '{}'
         FROM generate_series(1, 5000)";
    let read = "SELECT pg_stat_force_next_flush(),
             (seq_tup_read + idx_tup_fetch + (
                 SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE schemaname = 'saga'
             ))::bigint AS rows
         FROM pg_stat_user_tables
         WHERE schemaname = 'saga' AND relname = 'task'";
    sqlx::query(fill).execute(&mut connection).await.unwrap();
    let before = rows(database.url(), read).await;
    let backlog = storage.backlog(SystemClock.now()).await.unwrap();
    assert!(backlog.first_due.is_some());
    assert_eq!(storage.parked(10).await.unwrap(), []);
    // The server counts when a connection has been idle for a moment, or has closed.
    drop(storage);
    until("the server to have counted", async || {
        rows(database.url(), read).await > before
    })
    .await;
    let read = rows(database.url(), read).await - before;
    assert!(read < 50, "{read} rows were read");
}

async fn rows(url: &str, counted: &'static str) -> i64 {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let row = sqlx::query(counted)
        .fetch_one(&mut connection)
        .await
        .unwrap();
    row.get("rows")
}

/// What an operator was told is done is on disk; a policy's steps need not be.
#[tokio::test]
async fn what_an_operator_decides_is_committed_for_good() {
    let database = SharedPostgres::database().await.unwrap();
    let storage = PostgresSagaStore::connect(database.url(), 2).await.unwrap();
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    let task = Uuid::from_u128(7);
    for sql in [
        "CREATE TABLE seen (setting text NOT NULL)",
        "CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             INSERT INTO seen VALUES (current_setting('synchronous_commit'));
             RETURN NULL;
         END $$",
        "CREATE TRIGGER see AFTER UPDATE ON saga.task FOR EACH ROW EXECUTE FUNCTION see()",
        "INSERT INTO saga.task (id, order_id, due_at, work, task, context)
         VALUES ('00000000-0000-0000-0000-000000000007', gen_random_uuid(), now(), 'carrier', '{}', '{}')",
    ] {
        sqlx::query(sql).execute(&mut connection).await.unwrap();
    }
    let now = SystemClock.now();
    storage.park(task, now, "hopeless").await.unwrap();
    assert!(storage.resume(task, None, now).await.unwrap());
    let seen: Vec<String> = sqlx::query_scalar("SELECT setting FROM seen ORDER BY ctid")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    assert_eq!(seen, ["off", "on"]);
}

/// Who is to stop, or has lost the lead, waits for nothing any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sagas_stop_at_once_also_while_their_database_does_not_answer() {
    let database = SharedPostgres::database().await.unwrap();
    let server = SharedPostgres::server().await.unwrap();
    let proxy = Proxy::start(&server.address()).await.unwrap();
    let url = proxy.url(database.url(), &server.address());
    let mut shop = Shop::open().await;
    let storage = PostgresSagaStore::connect_within(&url, CONNECTIONS, 2 * DEADLINE).await;
    shop.storage = Arc::new(storage.unwrap());
    shop.receive("A", 9).await;
    let stop = CancellationToken::new();
    let running = tokio::spawn(shop.sagas(1, stop.clone()));
    let order = shop.place("tok_approve", &["A"]).await;
    shop.until_order(order, "OrderConfirmed").await;
    proxy.swallow_answers(true);
    // The task runner, which looks for what is due, and a policy, about the order at the latest.
    until("them to hang", async || proxy.swallowed() >= 2).await;
    stop.cancel();
    within("it to stop", running).await.unwrap().unwrap();

    // Nor does one that only begins to lead.
    let stop = CancellationToken::new();
    let running = tokio::spawn(shop.sagas(2, stop.clone()));
    let before = proxy.swallowed();
    until("it to hang", async || proxy.swallowed() > before).await;
    stop.cancel();
    within("it to stop", running).await.unwrap().unwrap();
}
