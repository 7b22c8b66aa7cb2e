//! The way back: what a rebuild replaced takes its place again.

use super::{
    harness::{
        Database, Process, database, events, filled, fresh, leases, leftovers, reaches, rebuilds,
        table, until,
    },
    old_build::OldBuild,
};
use crate::{
    projection::Projection,
    projections::{CustomerSummary, StockLevel},
    rebuild::{RebuildOptions, RollbackError, forget_by_name, rebuild, roll_back, tidy},
    storage::{CheckpointRecord, ReadModels},
    testing::{History, fold_all},
};
use domain::Position;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use std::{sync::Arc, time::Duration};
use store::EventReader;
use tokio_util::sync::CancellationToken;

async fn build<P: Projection>(database: &Database) {
    let options = RebuildOptions::default();
    rebuild::<P>(
        database.store.clone(),
        &database.models,
        &options,
        Arc::new(|_| {}),
    )
    .await
    .unwrap();
}

async fn back<P: Projection>(database: &Database) -> Result<Position, RollbackError> {
    let rolled_back = roll_back::<P>(&*database.store, &database.models).await;
    rolled_back.map(|rolled_back| rolled_back.position)
}

async fn run(database: &Database, sql: &str) {
    let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
    database.models.pool().execute(sql).await.unwrap();
}

async fn checkpoint<P: Projection>(database: &Database) -> CheckpointRecord {
    let checkpoints = database.models.checkpoints().await.unwrap().into_iter();
    let mut mine = checkpoints.filter(|record| record.name == P::NAME);
    mine.next().unwrap()
}

async fn is_kept(database: &Database, name: &str) -> bool {
    let rebuilding = database.models.read_rebuilding().await.unwrap();
    rebuilding
        .replaced
        .iter()
        .any(|kept| kept.projection == name)
}

/// Built at 60 steps of history, and again at 90: what is kept is of the former.
async fn built_twice(database: &Database) -> Position {
    let mut history = filled(&*database.store, 60).await;
    build::<StockLevel>(database).await;
    let before = database.store.head().await.unwrap().position;
    for step in 60..90 {
        history.random_step(step);
    }
    history.append_to(&*database.store).await;
    build::<StockLevel>(database).await;
    before
}

#[tokio::test]
async fn a_rebuild_is_rolled_back_and_the_runtime_goes_on_from_there() {
    let database = database().await;
    let (store, models) = (&database.store, &database.models);
    let before = built_twice(&database).await;
    let head = store.head().await.unwrap().position;
    assert_eq!(checkpoint::<StockLevel>(&database).await.position, head);

    let rolled_back = roll_back::<StockLevel>(&**store, models).await.unwrap();
    assert_eq!((rolled_back.position, rolled_back.from), (before, head));
    assert_eq!(rolled_back.version, StockLevel::VERSION);
    let record = checkpoint::<StockLevel>(&database).await;
    assert_eq!((record.position, record.leader_epoch), (before, 0));
    let events = events(&**store).await;
    let until = usize::try_from(before.get()).unwrap();
    let expected = fold_all::<StockLevel>(&events[..until]).unwrap();
    let expected: Vec<_> = expected.into_values().collect();
    assert_eq!(table::<StockLevel>(models).await, expected);
    assert_eq!(leftovers(models).await, Vec::<String>::new());

    // There is one way back.
    let again = back::<StockLevel>(&database).await;
    assert!(matches!(again, Err(RollbackError::Nothing(_))), "{again:?}");
    let process = Process::start::<StockLevel, _>(store.clone(), models.clone(), leases());
    reaches::<StockLevel>(models, head).await;
    process.stop().await;
    assert_eq!(
        table::<StockLevel>(models).await,
        fresh::<StockLevel>(&**store).await
    );
    // Indexes have their names again: it can be built, and rolled back, as before.
    build::<StockLevel>(&database).await;
    assert_eq!(back::<StockLevel>(&database).await.unwrap(), head);
    assert_eq!(leftovers(models).await, Vec::<String>::new());
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_nothing_changes() {
    let database = database().await;
    let models = &database.models;
    let nothing = back::<StockLevel>(&database).await;
    assert!(
        matches!(nothing, Err(RollbackError::Nothing(_))),
        "{nothing:?}"
    );
    built_twice(&database).await;
    let before = (
        table::<StockLevel>(models).await,
        checkpoint::<StockLevel>(&database).await.position,
    );
    type Expected = fn(&RollbackError) -> bool;
    let cases: [(&str, Expected, &str); 4] = [
        (
            "UPDATE read.replaced SET version = version - 1",
            |error| matches!(error, RollbackError::OtherVersion { .. }),
            "UPDATE read.replaced SET version = version + 1",
        ),
        (
            "UPDATE read.replaced SET position = position + 1000000",
            |error| matches!(error, RollbackError::OfAnotherStore(_)),
            "UPDATE read.replaced SET position = position - 1000000",
        ),
        (
            "ALTER TABLE read.stock_level ADD COLUMN colour text",
            |error| matches!(error, RollbackError::OtherShape(_)),
            "ALTER TABLE read.stock_level DROP COLUMN colour",
        ),
        (
            "INSERT INTO read.skipped_event
             SELECT 'stock_level', 1, gen_random_uuid(), 'stock-main.main.A', 1, 'StockReceived', 's', 'e', 'r', 'ada'",
            |error| matches!(error, RollbackError::SkippedSince(_)),
            "DELETE FROM read.skipped_event",
        ),
    ];
    for (spoil, expected, mend) in cases {
        run(&database, spoil).await;
        let error = back::<StockLevel>(&database).await.unwrap_err();
        assert!(expected(&error), "{spoil}: {error}");
        run(&database, mend).await;
        let after = (
            table::<StockLevel>(models).await,
            checkpoint::<StockLevel>(&database).await.position,
        );
        assert_eq!(after, before, "{spoil}");
        assert!(is_kept(&database, "stock_level").await, "{spoil}");
    }
    // Nor while somebody else builds it, or verifies it.
    let mut other = PgConnection::connect(&database.url).await.unwrap();
    other
        .execute("SELECT pg_advisory_lock(hashtextextended('read.stock_level', 0))")
        .await
        .unwrap();
    let error = back::<StockLevel>(&database).await.unwrap_err();
    assert!(matches!(error, RollbackError::UnderWay(_)), "{error}");
    other.close().await.unwrap();
    until("it can be rolled back", async || {
        back::<StockLevel>(&database).await.is_ok()
    })
    .await;
}

#[tokio::test]
async fn a_leader_that_runs_is_fenced_and_goes_on() {
    let database = database().await;
    let (store, models) = (&database.store, &database.models);
    let mut history = filled(&**store, 60).await;
    let process = Process::start::<CustomerSummary, _>(store.clone(), models.clone(), leases());
    for round in 0..3 {
        build::<CustomerSummary>(&database).await;
        for step in 0..10 {
            history.random_step(100 + round * 10 + step);
        }
        history.append_to(&**store).await;
        reaches::<CustomerSummary>(models, store.head().await.unwrap().position).await;
        back::<CustomerSummary>(&database).await.unwrap();
        reaches::<CustomerSummary>(models, store.head().await.unwrap().position).await;
    }
    process.stop().await;
    assert_eq!(
        table::<CustomerSummary>(models).await,
        fresh::<CustomerSummary>(&**store).await
    );
}

#[tokio::test]
async fn what_was_parked_comes_back_with_it() {
    let database = database().await;
    let (store, models) = (&database.store, &database.models);
    let mut history = History::default();
    for name in ["A", "B", "A"] {
        history.receive(name, 1);
    }
    history.append_to(&**store).await;
    let old = Arc::new(OldBuild::new(store.clone(), [1]));
    let process = Process::start::<StockLevel, _>(old, models.clone(), leases());
    reaches::<StockLevel>(models, store.head().await.unwrap().position).await;
    process.stop().await;
    let parked = models.parked(Some("stock_level"), 10).await.unwrap();
    assert_eq!(parked.len(), 1);
    // A build that can read the event makes it anew, and none of it is parked.
    build::<StockLevel>(&database).await;
    assert_eq!(models.parked(None, 10).await.unwrap(), vec![]);
    assert_eq!(
        table::<StockLevel>(models).await,
        fresh::<StockLevel>(&**store).await
    );
    back::<StockLevel>(&database).await.unwrap();
    let again = models.parked(None, 10).await.unwrap();
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].sequence.stop, parked[0].sequence.stop);
    let process = Process::start::<StockLevel, _>(store.clone(), models.clone(), leases());
    until("nothing is parked", async || {
        models.parked(None, 10).await.unwrap().is_empty()
    })
    .await;
    process.stop().await;
    assert_eq!(
        table::<StockLevel>(models).await,
        fresh::<StockLevel>(&**store).await
    );
}

#[tokio::test]
async fn what_is_kept_is_forgotten_when_it_is_asked_for_or_old() {
    let database = database().await;
    let models = &database.models;
    built_twice(&database).await;
    let day = Duration::from_secs(86_400);
    tidy::<StockLevel>(models, day).await.unwrap();
    assert!(is_kept(&database, "stock_level").await);
    let kept = models.read_rebuilding().await.unwrap().replaced;
    assert!(kept[0].replaced.bytes > 0, "{kept:?}");
    run(
        &database,
        "UPDATE read.replaced SET replaced_at = replaced_at - interval '25 hours'",
    )
    .await;
    tidy::<StockLevel>(models, day).await.unwrap();
    assert!(!is_kept(&database, "stock_level").await);
    assert_eq!(leftovers(models).await, Vec::<String>::new());

    build::<StockLevel>(&database).await;
    assert!(is_kept(&database, "stock_level").await);
    assert!(forget_by_name("stock_level", models).await.unwrap());
    assert!(!forget_by_name("stock_level", models).await.unwrap());
    assert_eq!(leftovers(models).await, Vec::<String>::new());
    let error = back::<StockLevel>(&database).await.unwrap_err();
    assert!(matches!(error, RollbackError::Nothing(_)), "{error}");
    let unknown = forget_by_name("stock", models).await.unwrap_err();
    assert!(
        matches!(unknown, RollbackError::Unknown { .. }),
        "{unknown}"
    );
}

#[tokio::test]
async fn what_interrupted_rebuilds_left_is_removed_by_who_projects() {
    let database = database().await;
    let models = &database.models;
    filled(&*database.store, 20).await;
    build::<StockLevel>(&database).await;
    run(
        &database,
        "CREATE TABLE read.stock_level__new (LIKE read.stock_level);
         INSERT INTO read.checkpoint (name, version) VALUES ('stock_level__new', 1);
         INSERT INTO read.rebuild (projection, version, started_by) VALUES ('stock_level', 1, 'command')",
    )
    .await;
    assert_eq!(leftovers(models).await.len(), 3);
    // Nobody holds the lock: nobody builds it.
    let rebuilding = models.read_rebuilding().await.unwrap();
    assert_eq!(rebuilding.under_way, vec![]);
    // One that is under way is left alone.
    let mut other = PgConnection::connect(&database.url).await.unwrap();
    other
        .execute("SELECT pg_advisory_lock(hashtextextended('read.stock_level', 0))")
        .await
        .unwrap();
    tidy::<StockLevel>(models, Duration::ZERO).await.unwrap();
    assert_eq!(leftovers(models).await.len(), 3);
    assert_eq!(models.read_rebuilding().await.unwrap().under_way.len(), 1);
    other.close().await.unwrap();

    let (rebuilds, _lifecycle) = rebuilds(&database, 3_600);
    let stop = CancellationToken::new();
    let tidying = tokio::spawn(rebuilds.keep_tidy(stop.clone()));
    until("nothing is left", async || {
        leftovers(models).await.is_empty()
    })
    .await;
    stop.cancel();
    tidying.await.unwrap();
}
