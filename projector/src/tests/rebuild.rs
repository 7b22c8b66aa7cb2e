//! Building anew while others read and write.

use super::harness::{
    Database, Process, database, filled, fresh, leases, memory_store, reaches, table, until,
};
use crate::{
    PostgresReadModels,
    live::RunError,
    projection::Projection,
    projections::{CustomerSummary, OrderSummary, StockLevel},
    rebuild::{RebuildError, RebuildOptions, rebuild},
    storage::ReadModels,
    testing::{History, append},
};
use domain::Position;
use sqlx::{Connection, PgConnection};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};
use store::EventReader;

const OPTIONS: &RebuildOptions = &RebuildOptions {
    page: 64,
    rows: 100,
    batch: 32,
    heartbeat: Duration::from_millis(10),
    max_parked: 100,
};

const PARKS_NOTHING: RebuildOptions = RebuildOptions {
    page: 64,
    rows: 100,
    batch: 32,
    heartbeat: Duration::from_millis(10),
    max_parked: 0,
};

async fn rebuilt<P: Projection>(database: &Database) -> crate::rebuild::Rebuilt {
    let store = database.store.clone();
    rebuild::<P>(store, &database.models, OPTIONS, Arc::new(|_| {}))
        .await
        .unwrap()
}

#[tokio::test]
async fn a_live_leader_and_a_rebuild_do_not_fight() {
    let database = database().await;
    let (store, models) = (&database.store, &database.models);
    let mut history = filled(&**store, 100).await;
    let process = Process::start::<CustomerSummary, _>(store.clone(), models.clone(), leases());
    let (done, building) = (AtomicBool::new(false), async {
        for _ in 0..5 {
            rebuilt::<CustomerSummary>(&database).await;
        }
    });
    let writing = async {
        let mut step = 100;
        while !done.load(Ordering::Relaxed) {
            history.random_step(step);
            history.append_to(&**store).await;
            step += 1;
        }
    };
    let building = async {
        building.await;
        done.store(true, Ordering::Relaxed);
    };
    tokio::join!(building, writing);
    reaches::<CustomerSummary>(models, store.head().await.unwrap().position).await;
    process.stop().await;
    assert_eq!(
        table::<CustomerSummary>(models).await,
        fresh::<CustomerSummary>(&**store).await
    );
}

/// A page ends before it has as many events as it may have once it holds enough bytes.
#[tokio::test]
async fn a_page_that_ends_early_is_not_taken_for_the_last() {
    let database = database().await;
    let store = memory_store();
    let mut history = History::default();
    let lines: Vec<(&str, i64, i64)> = (0..1_000).map(|price| ("A", 1, price)).collect();
    for _ in 0..150 {
        history.place("17850", &lines);
    }
    history.append_to(&store).await;
    let options = RebuildOptions::default();
    let (types, all) = (OrderSummary::types(), Position::new(150));
    let page = store.read_types(&types, Position::ZERO, all, options.page);
    assert!(page.await.unwrap().len() < 150, "one page has them all");
    let rebuilt = rebuild::<OrderSummary>(
        Arc::new(store),
        &database.models,
        &options,
        Arc::new(|_| {}),
    );
    assert_eq!(rebuilt.await.unwrap().rows, 150);
}

/// Readers with their own connections and prepared statements, all the time.
#[tokio::test]
async fn readers_never_see_a_missing_or_half_table() {
    let database = database().await;
    let (store, models) = (&database.store, &database.models);
    filled(&**store, 150).await;
    rebuilt::<OrderSummary>(&database).await;
    let expected: i64 = fresh::<OrderSummary>(&**store).await.len() as i64;
    let done = Arc::new(AtomicBool::new(false));
    let reads = Arc::new(AtomicI64::new(0));
    let readers: Vec<_> = (0..3)
        .map(|_| {
            let (url, done, reads) = (database.url.clone(), done.clone(), reads.clone());
            tokio::spawn(async move {
                let mut connection = PgConnection::connect(&url).await.unwrap();
                while !done.load(Ordering::Relaxed) {
                    let sql = "SELECT count(*) FROM read.order_summary WHERE tenant = $1";
                    let count: i64 = sqlx::query_scalar(sql)
                        .bind("main")
                        .fetch_one(&mut connection)
                        .await
                        .unwrap();
                    assert_eq!(count, expected);
                    reads.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for _ in 0..6 {
        rebuilt::<OrderSummary>(&database).await;
    }
    done.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
    assert!(reads.load(Ordering::Relaxed) > 20, "nobody read");
    assert_eq!(leftovers(models).await, Vec::<String>::new());
}

async fn leftovers(models: &PostgresReadModels) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT relname::text FROM pg_class JOIN pg_namespace AS n ON n.oid = relnamespace
         WHERE n.nspname = 'read' AND (relname LIKE '%\\_\\_new%' OR relname LIKE '%\\_\\_old%')
         UNION ALL
         SELECT name FROM read.checkpoint WHERE name LIKE '%\\_\\_%'",
    )
    .fetch_all(models.pool())
    .await
    .unwrap()
}

#[tokio::test]
async fn an_interrupted_rebuild_hurts_nobody() {
    let database = database().await;
    let (store, models) = (&database.store, &database.models);
    filled(&**store, 150).await;
    rebuilt::<OrderSummary>(&database).await;
    let before = table::<OrderSummary>(models).await;
    let (folding, seen) = tokio::sync::oneshot::channel();
    let folding = Mutex::new(Some(folding));
    let task = tokio::spawn({
        let (store, models) = (store.clone(), models.clone());
        async move {
            let on_progress = Arc::new(move |_: &_| {
                if let Some(folding) = folding.lock().unwrap().take() {
                    folding.send(()).unwrap();
                }
            });
            rebuild::<OrderSummary>(store, &models, OPTIONS, on_progress).await
        }
    });
    seen.await.unwrap();
    task.abort();
    let _ = task.await;
    assert_eq!(table::<OrderSummary>(models).await, before);
    // The server has to notice first that whoever held the site is gone.
    until("it can be built again", async || {
        let again = rebuild::<OrderSummary>(store.clone(), models, OPTIONS, Arc::new(|_| {}));
        match again.await {
            Ok(_) => true,
            Err(RebuildError::UnderWay(_)) => false,
            Err(error) => panic!("{error}"),
        }
    })
    .await;
    assert_eq!(table::<OrderSummary>(models).await, before);
    assert_eq!(leftovers(models).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_failed_rebuild_leaves_all_as_it_was() {
    let database = database().await;
    let (store, models) = (&database.store, &database.models);
    let mut history = filled(&**store, 100).await;
    rebuilt::<OrderSummary>(&database).await;
    let before = table::<OrderSummary>(models).await;
    history.place("c1", &[("A", 1, 1)]);
    let mut unreadable = append(history.events().last().unwrap());
    unreadable.streams[0].events[0].schema_version = 77;
    store::EventStore::append(&**store, &[unreadable])
        .await
        .unwrap();
    let failed = rebuild::<OrderSummary>(store.clone(), models, &PARKS_NOTHING, Arc::new(|_| {}));
    let error = failed.await.unwrap_err();
    assert!(matches!(error, RebuildError::TooMuchParked(_)), "{error}");
    assert_eq!(table::<OrderSummary>(models).await, before);
    assert_eq!(leftovers(models).await, Vec::<String>::new());
}

/// An event that the live runtime stops at stops a rebuild as well, if nothing may be parked, wherever it
/// is: in the part of history that is copied, and in what is caught up with.
#[tokio::test]
async fn a_rebuild_stops_at_what_nobody_can_read_if_nothing_may_be_parked() {
    let database = database().await;
    let (store, models) = (&database.store, &database.models);
    let mut history = filled(&**store, 40).await;
    rebuilt::<StockLevel>(&database).await;
    let before = table::<StockLevel>(models).await;
    // What is known to be nothing of the projection's does not concern it.
    append_as(&**store, &mut history, |event| {
        (event.event_type, event.schema_version) = ("OrderConfirmed", 77);
    })
    .await;
    rebuilt::<StockLevel>(&database).await;
    // While it folds the first part of history, something comes that nobody knows.
    let writer = Mutex::new(Some((store.clone(), history)));
    let (told, caught) = std::sync::mpsc::channel();
    let (told, caught) = (Mutex::new(told), Mutex::new(caught));
    let runtime = tokio::runtime::Handle::current();
    let on_progress = Arc::new(move |_: &_| {
        if let Some((store, mut history)) = writer.lock().unwrap().take() {
            let told = told.lock().unwrap().clone();
            runtime.spawn(async move {
                append_as(&*store, &mut history, |event| {
                    event.event_type = "StockEvaporated";
                })
                .await;
                told.send(()).unwrap();
            });
            // Folding is done on a thread of its own, which may wait.
            caught.lock().unwrap().recv().unwrap();
        }
    });
    for when in ["caught up with", "copied"] {
        let on_progress = on_progress.clone();
        let failed =
            rebuild::<StockLevel>(store.clone(), models, &PARKS_NOTHING, on_progress).await;
        let error = failed.unwrap_err();
        let RebuildError::TooMuchParked(RunError::TooManyParked { error, .. }) = &error else {
            panic!("{when}: {error}");
        };
        assert!(
            matches!(&**error, RunError::Undecodable(error) if error.source.event_type() == "StockEvaporated"),
            "{when}: {error}"
        );
        assert_eq!(table::<StockLevel>(models).await, before, "{when}");
        assert_eq!(leftovers(models).await, Vec::<String>::new(), "{when}");
    }
}

/// Appends an event that is changed by `change`.
async fn append_as(
    store: &dyn store::EventStore,
    history: &mut History,
    change: impl FnOnce(&mut store::NewEvent),
) {
    history.receive("A", 1);
    let mut append = append(history.events().last().unwrap());
    change(&mut append.streams[0].events[0]);
    store.append(&[append]).await.unwrap();
}

#[tokio::test]
async fn two_at_once_are_one_too_many() {
    let database = database().await;
    let (store, models) = (&database.store, &database.models);
    filled(&**store, 100).await;
    let build = || rebuild::<OrderSummary>(store.clone(), models, OPTIONS, Arc::new(|_| {}));
    let (first, second) = tokio::join!(build(), build());
    let refused = [&first, &second]
        .into_iter()
        .filter(|result| matches!(result, Err(RebuildError::UnderWay(_))))
        .count();
    assert!(first.is_ok() || second.is_ok(), "{first:?} {second:?}");
    assert!(refused <= 1);
    let head = store.head().await.unwrap().position;
    let checkpoints = models.checkpoints().await.unwrap();
    assert_eq!(checkpoints.len(), 1);
    assert_eq!(checkpoints[0].position, head);
    assert_eq!(leftovers(models).await, Vec::<String>::new());
}

/// While readers keep the tables from being swapped nothing is folded, and yet it is no interrupted
/// rebuild.
#[tokio::test]
async fn a_rebuild_says_that_it_is_alive_until_its_end() {
    let database = database().await;
    let (store, models) = (&database.store, &database.models);
    filled(&**store, 40).await;
    rebuilt::<StockLevel>(&database).await;
    let head = store.head().await.unwrap().position;
    let mut reader = PgConnection::connect(&database.url).await.unwrap();
    let mut reading = reader.begin().await.unwrap();
    sqlx::query("SELECT count(*) FROM read.stock_level")
        .execute(&mut *reading)
        .await
        .unwrap();
    let building = tokio::spawn({
        let (store, models) = (store.clone(), models.clone());
        async move { rebuild::<StockLevel>(store, &models, OPTIONS, Arc::new(|_| {})).await }
    });
    let alive = async || {
        let checkpoints = models.checkpoints().await.unwrap();
        let mut mine = checkpoints.into_iter();
        mine.find(|record| record.name == "stock_level__new" && record.position == head)
            .map(|record| record.updated_at)
    };
    until("all is folded", async || alive().await.is_some()).await;
    for _ in 0..3 {
        let before = alive().await;
        until("it says again that it is alive", async || {
            alive().await > before
        })
        .await;
    }
    reading.rollback().await.unwrap();
    building.await.unwrap().unwrap();
    assert_eq!(leftovers(models).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_rebuild_is_done_once_the_tables_are_swapped() {
    let database = database().await;
    let (store, models) = (&database.store, &database.models);
    filled(&**store, 40).await;
    rebuilt::<StockLevel>(&database).await;
    // It keeps the table that is replaced from being removed.
    for sql in [
        "CREATE VIEW public.levels AS SELECT sku FROM read.stock_level",
        "DELETE FROM read.stock_level",
    ] {
        sqlx::query(sql).execute(models.pool()).await.unwrap();
    }
    rebuilt::<StockLevel>(&database).await;
    let expected = fresh::<StockLevel>(&**store).await;
    assert_eq!(table::<StockLevel>(models).await, expected);
    assert!(leftovers(models).await.contains(&"stock_level__old".into()));
    sqlx::query("DROP VIEW public.levels")
        .execute(models.pool())
        .await
        .unwrap();
    rebuilt::<StockLevel>(&database).await;
    assert_eq!(leftovers(models).await, Vec::<String>::new());
}
