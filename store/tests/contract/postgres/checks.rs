//! What the adapter says of servers and rows that are not as they should be.

use crate::{
    build::*,
    world::{World, connect, options},
};
use domain::Position;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::{sync::Arc, time::Duration};
use store::{
    EventReader, EventStore, PostgresOptions, PostgresReader, PostgresStore, StoreError,
    StoredEvent, lease::Leases,
};

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
    let database = servers::SharedPostgres::database().await.unwrap();
    if servers::SharedPostgres::is_durable().await.unwrap() {
        let reason = "the server that is given does not lose data";
        return servers::skipped(&servers::test_name(), reason);
    }
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

/// After a restore it is changed by hand, and processes that append go on.
#[tokio::test]
async fn the_epoch_is_the_one_that_the_last_append_found() {
    let (world, url) = database().await;
    let store = world.store().await;
    assert_eq!(store.epoch(), None, "nothing was appended yet");
    let first = append(&[(&new_stream(), 0, 1)]);
    done(store.as_ref(), &first).await;
    let before = store.head().await.unwrap().epoch;
    assert_eq!(store.epoch(), Some(before));
    meddle(&url, "UPDATE store.head SET epoch = gen_random_uuid()").await;
    let after = store.head().await.unwrap().epoch;
    assert_ne!(after, before);
    // An append that was done before says so too.
    assert_eq!(kind(&put(store.as_ref(), &first).await), "duplicate");
    assert_eq!(store.epoch(), Some(after));
}

#[tokio::test]
async fn a_database_that_is_not_migrated_is_said_to_be() {
    let database = servers::SharedPostgres::database().await.unwrap();
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
    let database = servers::SharedPostgres::database().await.unwrap();
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
    let server = servers::SharedPostgres::server().await.unwrap();
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
    meddle(
        &url,
        "UPDATE store.events SET occurred_at = 'infinity' WHERE position = 3",
    )
    .await;
    let error = store.read_all(Position::ZERO, 3).await.unwrap_err();
    let text = error.to_string();
    let place = "store.events.occurred_at of position 3";
    assert!(text.contains(place), "{text}");
}

#[tokio::test]
async fn names_that_nobody_here_knows_keep_their_place() {
    let (world, url) = database().await;
    let store = world.store().await;
    for _ in 0..4 {
        done(store.as_ref(), &append(&[(&new_stream(), 0, 1)])).await;
    }
    for (column, name, position) in [
        ("stream", "parcel-main.7", 2),
        ("tenant", "Shop & Söhne", 3),
        ("actor", "Ä", 4),
    ] {
        let sql =
            format!("UPDATE store.events SET {column} = '{name}' WHERE position = {position}");
        meddle(&url, &sql).await;
    }
    let events = store.read_all(Position::ZERO, 10).await.unwrap();
    let names: Vec<_> = events.iter().map(StoredEvent::stored_names).collect();
    assert_eq!(names[1].0, "parcel-main.7");
    assert_eq!(names[2].1, "Shop & Söhne");
    assert_eq!(names[3].2, "Ä");
    for (event, known) in events.iter().zip([true, false, false, false]) {
        assert_eq!(event.raw_names.is_none(), known);
    }
    let stream = names[3].0.to_owned();
    let error = events[3].clone().decode().unwrap_err();
    assert_eq!(error.stream_name(), stream, "what can be read is as it is");
    let error = events[1].clone().decode().unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("event 1 of parcel-main.7 at position 2"),
        "{text}"
    );
}

#[tokio::test]
async fn a_migration_that_is_cut_off_may_be_tried_again() {
    let (world, url) = database().await;
    let World::Postgres(_) = &world else {
        unreachable!("it is over PostgreSQL")
    };
    let mut holder = PgConnection::connect(&url).await.unwrap();
    let mut holding = holder.begin().await.unwrap();
    sqlx::raw_sql("LOCK TABLE _sqlx_migrations")
        .execute(&mut *holding)
        .await
        .unwrap();
    let store = connect(&url).await;
    let (migrated, ()) = tokio::join!(store.migrate(), end_who_waits(&url));
    let error = migrated.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    holding.rollback().await.unwrap();
    connect(&url).await.migrate().await.unwrap();
}

/// Ends the session that waits for a lock, once there is one.
async fn end_who_waits(url: &str) {
    let mut killer = PgConnection::connect(url).await.unwrap();
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    loop {
        let ended: i64 = sqlx::query_scalar(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
             WHERE wait_event_type = 'Lock' AND datname = current_database()",
        )
        .fetch_one(&mut killer)
        .await
        .unwrap();
        if ended > 0 {
            return;
        }
        assert!(std::time::Instant::now() < deadline, "nobody waits");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A renewal that waits behind slow reads would cost the lease.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leases_do_not_wait_behind_reads() {
    let (_world, url) = database().await;
    let store = Arc::new(connect(&url).await);
    let leases = store.leases();
    let mut holder = PgConnection::connect(&url).await.unwrap();
    let mut holding = holder.begin().await.unwrap();
    sqlx::raw_sql("LOCK TABLE store.events")
        .execute(&mut *holding)
        .await
        .unwrap();
    let reads: Vec<_> = (0..8)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.read_all(Position::ZERO, 1).await })
        })
        .collect();
    let ttl = Duration::from_secs(600);
    let led = async {
        let holder = uuid::Uuid::new_v4();
        let lease = leases.acquire("work", holder, ttl).await.unwrap().unwrap();
        assert!(leases.renew(&lease, ttl).await.unwrap());
        leases.release(&lease).await.unwrap();
    };
    let led = tokio::time::timeout(Duration::from_secs(10), led).await;
    assert!(led.is_ok(), "the lease waits for the reads");
    assert!(reads.iter().all(|read| !read.is_finished()), "they wait");
    holding.rollback().await.unwrap();
    for read in reads {
        read.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn the_head_is_not_everybodys_to_take() {
    let (_world, url) = database().await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let others: bool = sqlx::query_scalar(
        "SELECT EXISTS ( \
             SELECT FROM pg_proc AS p, aclexplode(p.proacl) AS acl \
             WHERE p.oid = 'store.take_head'::regproc AND acl.grantee = 0)",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert!(!others);
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
