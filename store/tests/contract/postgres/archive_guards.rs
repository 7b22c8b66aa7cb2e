//! What must hold while streams are archived, and of the archive's table.

use super::{
    archive::{Shop, later},
    checks::meddle,
};
use crate::{build::*, world::connect};
use domain::Position;
use sqlx::{Connection, PgConnection};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use store::{AppendOutcome, EventReader, EventStore};
use tokio::task::JoinHandle;

/// No test waits longer for anything.
const DEADLINE: Duration = Duration::from_secs(20);

const TAKE_HEAD: &str = "BEGIN; SELECT pg_advisory_xact_lock('store.head'::regclass::oid::bigint)";

/// Asks until the answer is `expected`.
async fn becomes(connection: &mut PgConnection, sql: &'static str, expected: i64) {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let got: i64 = sqlx::query_scalar(sql)
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        if got == expected {
            return;
        }
        assert!(Instant::now() < deadline, "{got} instead of {expected}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Those who wait for the head, which goes to them in the order they came.
struct Line {
    url: String,
    holder: PgConnection,
    waiting: i64,
}

impl Line {
    async fn at(url: &str) -> Self {
        let mut holder = PgConnection::connect(url).await.unwrap();
        sqlx::raw_sql(TAKE_HEAD).execute(&mut holder).await.unwrap();
        Self {
            url: url.to_owned(),
            holder,
            waiting: 0,
        }
    }

    /// Waits until one more waits.
    async fn grows(&mut self) {
        self.waiting += 1;
        let sql = "SELECT count(*) FROM pg_locks \
                   WHERE locktype = 'advisory' AND NOT granted \
                     AND objid = 'store.head'::regclass::oid \
                     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        becomes(&mut self.holder, sql, self.waiting).await;
    }

    /// Puts an append of some events at its end.
    async fn append(&mut self, append: store::Append) -> JoinHandle<AppendOutcome> {
        let store = connect(&self.url).await;
        let appending = tokio::spawn(async move { put(&store, &append).await });
        self.grows().await;
        appending
    }

    /// Puts somebody at its end who takes the head, and gives it back when told.
    async fn pause(&mut self) -> JoinHandle<PgConnection> {
        let mut connection = PgConnection::connect(&self.url).await.unwrap();
        let pausing = tokio::spawn(async move {
            let taken = sqlx::raw_sql(TAKE_HEAD).execute(&mut connection).await;
            taken.unwrap();
            connection
        });
        self.grows().await;
        pausing
    }

    async fn moves(self) {
        self.holder.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_moved_that_an_append_under_way_must_run_into() {
    let shop = Shop::new().await;
    let stream = &shop.order(true).await.order;
    let before = shop.store.now().await.unwrap();
    // The second one's snapshot has neither of the events that the first one appends.
    let mut line = Line::at(&shop.url).await;
    let first = line.append(append(&[(stream, 3, 2)])).await;
    let pause = line.pause().await;
    let second = line.append(append(&[(stream, 3, 1)])).await;
    line.moves().await;
    assert_eq!(kind(&first.await.unwrap()), "done");
    let pause = pause.await.unwrap();
    let moved = shop.archive.archive([stream.as_str()].into_iter(), before);
    assert_eq!(moved.await.unwrap(), 0, "something came after `before`");
    pause.close().await.unwrap();
    assert_eq!(kind(&second.await.unwrap()), "conflict");
    assert_eq!(length(shop.store.as_ref(), stream).await, 5);
    // Once it is old enough, it goes.
    let moved = shop.archive.archive([stream.as_str()].into_iter(), later());
    assert_eq!(moved.await.unwrap(), 3);
    assert_eq!(length(shop.store.as_ref(), stream).await, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_read_the_events_may_read_the_archive() {
    let shop = Shop::new().await;
    let stream = &shop.order(true).await.order;
    meddle(
        &shop.url,
        "DO $$ BEGIN CREATE ROLE archive_test_reader; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
         GRANT USAGE ON SCHEMA store TO archive_test_reader;
         GRANT SELECT ON store.events TO archive_test_reader",
    )
    .await;
    let streams = || [stream.as_str()].into_iter();
    shop.archive.archive(streams(), later()).await.unwrap();
    meddle(
        &shop.url,
        "DO $$ BEGIN
             ASSERT has_table_privilege('archive_test_reader', 'store.archived_events', 'SELECT');
             ASSERT NOT has_table_privilege('archive_test_reader', 'store.archived_events', 'DELETE');
             ASSERT NOT has_table_privilege('public', 'store.archived_events', 'SELECT');
         END $$;
         GRANT SELECT ON store.events TO PUBLIC",
    )
    .await;
    shop.archive.archive(streams(), later()).await.unwrap();
    meddle(
        &shop.url,
        "DO $$ BEGIN ASSERT has_table_privilege('public', 'store.archived_events', 'SELECT'); END $$",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_are_moved_whole() {
    let shop = Shop::new().await;
    shop.fill().await;
    let mut connection = PgConnection::connect(&shop.url).await.unwrap();
    let mut texts = async |sql: &'static str| -> Vec<String> {
        let texts = sqlx::query_scalar(sql).fetch_all(&mut connection).await;
        texts.unwrap()
    };
    let columns = "SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum)
                   FROM pg_attribute AS a
                   WHERE a.attrelid IN ('store.events'::regclass, 'store.archived_events'::regclass)
                     AND a.attnum > 0 AND NOT a.attisdropped
                   GROUP BY a.attrelid";
    let columns = texts(columns).await;
    assert_eq!(columns.len(), 2);
    assert_eq!(columns[0], columns[1], "the columns of the two tables");
    let events = "SELECT e::text FROM store.events AS e ORDER BY e.position";
    let before = texts(events).await;
    let old = shop.old(later()).await;
    let moved = shop
        .archive
        .archive(old.iter().map(String::as_str), later());
    assert!(moved.await.unwrap() > 0);
    let both = "SELECT e.text
                FROM (
                    SELECT e.position, e::text FROM store.events AS e
                    UNION ALL
                    SELECT e.position, e::text FROM store.archived_events AS e
                ) AS e (position, text)
                ORDER BY e.position";
    assert_eq!(texts(both).await, before);
}

/// How often the table of events was looked into, once nobody is connected any more: what a session has
/// counted is told at its end.
async fn scans(url: &str) -> i64 {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let others = "SELECT count(*) FROM pg_stat_activity \
                  WHERE datname = current_database() AND pid <> pg_backend_pid()";
    becomes(&mut connection, others, 0).await;
    let sql = "SELECT seq_scan + coalesce(idx_scan, 0) FROM pg_stat_user_tables \
               WHERE schemaname = 'store' AND relname = 'events'";
    sqlx::query_scalar(sql)
        .fetch_one(&mut connection)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_what_is_archived_are_read_once() {
    let shop = Shop::new().await;
    shop.fill().await;
    let old = shop.old(later()).await;
    let moved = shop
        .archive
        .archive(old.iter().map(String::as_str), later());
    assert!(moved.await.unwrap() > 0);
    let head = shop.store.head().await.unwrap().position;
    let Shop {
        url,
        store,
        archive,
        _world,
    } = shop;
    drop((store, archive));
    for by_types in [false, true] {
        let before = scans(&url).await;
        let store = Arc::new(connect(&url).await);
        let (mut after, mut pages) = (Position::ZERO, 0);
        loop {
            let types = ["PaymentAuthorized", "OrderConfirmed"];
            let page = match by_types {
                true => store.read_types(&types, after, head, 5).await,
                false => store.read_all(after, 5).await,
            };
            pages += 1;
            match page.unwrap().last() {
                Some(last) => after = last.envelope.position,
                None => break,
            }
        }
        assert!(pages > 5);
        drop(store);
        let scans = scans(&url).await - before;
        // The first page of the archive, which is found by it, twice.
        assert!(
            (pages..=pages + 1).contains(&scans),
            "{scans} scans for {pages} pages, by types: {by_types}"
        );
    }
}
