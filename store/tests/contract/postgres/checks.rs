//! What the adapter says of servers and rows that are not as they should be.

use crate::{
    build::*,
    world::{World, connect, options},
};
use domain::Position;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::{sync::Arc, time::Duration};
use store::{EventReader, EventStore, PostgresOptions, PostgresReader, PostgresStore, StoreError};

/// Does something to the database that the store would never do.
pub async fn meddle(url: &str, sql: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let sql = AssertSqlSafe(sql.to_owned());
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

async fn database() -> (World, String) {
    let world = World::postgres().await;
    let World::Postgres(database) = &world else {
        unreachable!("it is over PostgreSQL")
    };
    let url = database.url().to_owned();
    (world, url)
}

#[tokio::test]
async fn a_server_that_may_lose_data_is_refused() {
    let database = local::SharedPostgres::database().await.unwrap();
    let refused = PostgresStore::connect(PostgresOptions::new(database.url())).await;
    let Err(StoreError::Failed { what, .. }) = refused else {
        panic!("the server of the tests is not durable");
    };
    assert!(what.contains("`fsync` is off"), "{what}");
    // Whoever only reads loses nothing.
    assert!(
        PostgresReader::connect(PostgresOptions::new(database.url()))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_database_that_is_not_migrated_is_said_to_be() {
    let database = local::SharedPostgres::database().await.unwrap();
    let store = connect(database.url()).await;
    for error in [
        store
            .append(&[append(&[(&new_stream(), 0, 1)])])
            .await
            .unwrap_err(),
        store.read_all(Position::ZERO, 1).await.unwrap_err(),
    ] {
        assert!(error.to_string().contains("not migrated"), "{error}");
        assert!(!error.is_transient());
    }
    store.migrate().await.unwrap();
    store.migrate().await.unwrap();
    done(&store, &append(&[(&new_stream(), 0, 1)])).await;
}

#[tokio::test]
async fn several_processes_may_migrate_at_once() {
    let database = local::SharedPostgres::database().await.unwrap();
    let migrating = (0..4).map(|_| async { connect(database.url()).await.migrate().await });
    for migrated in futures::future::join_all(migrating).await {
        migrated.unwrap();
    }
}

#[tokio::test]
async fn a_server_out_of_reach_is_unavailable_and_a_wrong_password_is_not() {
    let port = local::free_port().unwrap();
    let nobody = PostgresOptions::new(format!("postgres://orders:x@127.0.0.1:{port}/orders"));
    let error = PostgresStore::connect(nobody).await.err().unwrap();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    for url in [
        "orders at home",
        "postgres://orders:wrong@127.0.0.1:1/x?sslmode=maybe",
    ] {
        let error = PostgresStore::connect(PostgresOptions::new(url))
            .await
            .err()
            .unwrap();
        assert!(matches!(error, StoreError::Failed { .. }), "{error:?}");
    }
    let server = local::SharedPostgres::server().await.unwrap();
    let missing = options(&server.url("no_such_database"));
    let error = PostgresStore::connect(missing).await.err().unwrap();
    assert!(matches!(error, StoreError::Failed { .. }), "{error:?}");
    assert!(!error.is_transient());
}

#[tokio::test]
async fn what_is_not_json_is_refused_whole() {
    let (world, _) = database().await;
    let store = world.store().await;
    for bad in [&b"{"[..], b"", b"\"\xff\"", b"{\"a\":\"\x01\"}"] {
        let mut wrong = append(&[(&new_stream(), 0, 1)]);
        wrong.streams[0].events[0].payload = bad.to_vec();
        let good = append(&[(&new_stream(), 0, 1)]);
        let error = store.append(&[good, wrong]).await.unwrap_err();
        assert!(matches!(error, StoreError::Misuse(_)), "{error:?}");
    }
    assert_eq!(
        store.head().await.unwrap().position,
        Position::ZERO,
        "and holes are not left"
    );
    assert_eq!(
        done(store.as_ref(), &append(&[(&new_stream(), 0, 1)])).await,
        Position::new(1)
    );
}

#[tokio::test]
async fn a_damaged_row_is_named() {
    let (world, url) = database().await;
    let store = world.store().await;
    for _ in 0..3 {
        done(store.as_ref(), &append(&[(&new_stream(), 0, 1)])).await;
    }
    meddle(
        &url,
        "UPDATE store.events SET stream = 'nonsense' WHERE position = 2",
    )
    .await;
    assert_eq!(store.read_all(Position::ZERO, 1).await.unwrap().len(), 1);
    let error = store.read_all(Position::ZERO, 3).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("store.events.stream of position 2"), "{text}");
}

#[tokio::test]
async fn appends_of_one_process_are_hinted_to_others() {
    let (_world, url) = database().await;
    let apart = || options(&url).signal_processes(true);
    let writer = PostgresStore::connect(apart()).await.unwrap();
    let reader = Arc::new(PostgresReader::connect(apart()).await.unwrap());
    let mut signal = reader.signal();
    // The listener may need a moment to be there: append until it hears.
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    loop {
        let position = done(&writer, &append(&[(&new_stream(), 0, 1)])).await;
        signal
            .after(position.plus(0), Duration::from_millis(1))
            .await;
        signal
            .after(
                Position::new(position.get() - 1),
                Duration::from_millis(200),
            )
            .await;
        if signal.latest() >= position {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "nothing was heard");
    }
}

/// A dump, or whoever else holds a snapshot for long, must not make appends slower and slower, as
/// it does where a row is updated by each.
#[tokio::test]
async fn a_long_snapshot_leaves_no_trail_for_appends_to_walk() {
    let (world, url) = database().await;
    let store = world.store().await;
    let mut holder = PgConnection::connect(&url).await.unwrap();
    let mut snapshot = holder
        .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ")
        .await
        .unwrap();
    let _: i64 = sqlx::query_scalar("SELECT count(*) FROM store.events")
        .fetch_one(&mut *snapshot)
        .await
        .unwrap();
    for _ in 0..100 {
        done(store.as_ref(), &append(&[(&new_stream(), 0, 1)])).await;
    }
    // A server process reports what it has done when it ends, if not before; and who looks twice in
    // one transaction sees the same twice, so it is not the snapshot that looks.
    drop(store);
    let mut watcher = PgConnection::connect(&url).await.unwrap();
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    let updated = loop {
        let (inserted, updated): (i64, i64) = sqlx::query_as(
            "SELECT \
                 coalesce(sum(pg_stat_get_tuples_inserted(c.oid)) \
                     FILTER (WHERE c.relname = 'events'), 0)::bigint, \
                 coalesce(sum(pg_stat_get_tuples_updated(c.oid)), 0)::bigint \
             FROM pg_class AS c WHERE c.relnamespace = 'store'::regnamespace",
        )
        .fetch_one(&mut watcher)
        .await
        .unwrap();
        if inserted == 100 {
            break updated;
        }
        assert!(
            std::time::Instant::now() < deadline,
            "{inserted} of 100 appends are reported"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(updated, 0, "an append updates no row");
    snapshot.rollback().await.unwrap();
}
