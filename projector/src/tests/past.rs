//! Read models as they were, in schemas of their own.

use super::harness::{
    Database, Process, database, filled, fresh, leases, reaches, table, table_in, until,
};
use crate::{
    past::{Past, PastError, PastOptions, Point, PointError, Until, fold},
    projection::Projection,
    projections::{
        CustomerSummary, OrderProcess, OrderSummary, OrderTimeline, SalesDaily, StockLevel,
    },
    rebuild::{OnProgress, RebuildOptions, rebuild},
    testing::{History, append},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::Position;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::{
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};
use store::{Clock, EventReader, EventStore, SystemClock};

fn options(into: &str) -> PastOptions {
    PastOptions {
        into: into.parse().unwrap(),
        replace: false,
        fold: RebuildOptions {
            page: 32,
            rows: 7,
            batch: 32,
            heartbeat: Duration::from_millis(50),
            max_parked: 100,
        },
    }
}

async fn point(database: &Database, until: Until) -> Result<Point, PointError> {
    Point::find(&*database.store, until, SystemClock.now()).await
}

async fn at(database: &Database, position: Position) -> Point {
    point(database, Until::Position(position)).await.unwrap()
}

async fn folded<P: Projection>(
    database: &Database,
    point: &Point,
    options: &PastOptions,
) -> Result<Past, PastError> {
    told_of::<P>(database, point, options, Arc::new(|_| {})).await
}

async fn told_of<P: Projection>(
    database: &Database,
    point: &Point,
    options: &PastOptions,
    on_progress: OnProgress,
) -> Result<Past, PastError> {
    let store = database.store.clone();
    fold::<P>(store, &database.models, point, options, on_progress).await
}

async fn rows_of(database: &Database, sql: &str) -> Vec<String> {
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned()))
        .fetch_all(database.models.pool())
        .await
        .unwrap()
}

/// Whether there is a schema of that name.
async fn is_there(database: &Database, schema: &str) -> bool {
    let sql = format!("SELECT nspname::text FROM pg_namespace WHERE nspname = '{schema}'");
    !rows_of(database, &sql).await.is_empty()
}

/// Live up to some point, and looked at there; then it goes on, and the past is folded.
async fn as_it_was<P: Projection>(database: &Database, history: &mut History) {
    let (store, models) = (&database.store, &database.models);
    let leases = leases();
    let process = Process::start::<P, _>(store.clone(), models.clone(), leases.clone());
    let then = store.head().await.unwrap().position;
    reaches::<P>(models, then).await;
    process.stop().await;
    let live = table::<P>(models).await;
    assert!(!live.is_empty());

    let steps = history.events().len() as u32;
    for step in steps..steps + 40 {
        history.random_step(step);
    }
    history.append_to(&**store).await;
    let process = Process::start::<P, _>(store.clone(), models.clone(), leases);
    reaches::<P>(models, store.head().await.unwrap().position).await;
    process.stop().await;
    let now = table::<P>(models).await;
    assert_ne!(live, now, "{} has gone on", P::NAME);

    let options = options("then");
    let past = folded::<P>(database, &at(database, then).await, &options).await;
    let past = past.unwrap();
    assert_eq!((past.rows, past.stopped), (live.len() as u64, 0));
    assert_eq!(table_in::<P>("then", models).await, live, "{}", P::NAME);
    assert_eq!(table::<P>(models).await, now, "the live one stays");
    let said = format!(
        "SELECT concat_ws(' ', version, position, rows, stopped) FROM \"then\".folded
         WHERE projection = '{}' AND until IS NULL AND folded_at <= clock_timestamp()",
        P::NAME
    );
    let said = rows_of(database, &said).await;
    assert_eq!(said, [format!("{} {then} {} 0", P::VERSION, live.len())]);
    assert_eq!(
        indexes(database, "then", P::NAME).await,
        indexes(database, "read", P::NAME).await
    );
}

/// The definitions of a table's indexes, whichever schema it is in.
async fn indexes(database: &Database, schema: &str, table: &str) -> Vec<String> {
    let sql = format!(
        "SELECT replace(replace(indexdef, ' ON read.', ' ON '), ' ON \"then\".', ' ON ')
         FROM pg_indexes WHERE schemaname = '{schema}' AND tablename = '{table}' ORDER BY 1"
    );
    let found = rows_of(database, &sql).await;
    assert!(!found.is_empty(), "{schema}.{table}");
    found
}

#[tokio::test]
async fn rows_are_those_that_a_live_read_model_had_when_it_stopped_there() {
    let database = database().await;
    let mut history = filled(&*database.store, 120).await;
    as_it_was::<OrderSummary>(&database, &mut history).await;
    as_it_was::<OrderTimeline>(&database, &mut history).await;
    as_it_was::<OrderProcess>(&database, &mut history).await;
    as_it_was::<StockLevel>(&database, &mut history).await;
    as_it_was::<CustomerSummary>(&database, &mut history).await;
    as_it_was::<SalesDaily>(&database, &mut history).await;
}

#[tokio::test]
async fn by_a_time_is_what_was_recorded_by_then() {
    let database = database().await;
    let store = &database.store;
    let mut history = filled(&**store, 60).await;
    let then = store.head().await.unwrap().position;
    let first = &store.read_all(Position::ZERO, 1).await.unwrap()[0];
    let first = first.envelope.recorded_at;
    let last = store.read_all(Position::new(then.get() - 1), 1).await;
    let time = last.unwrap()[0].envelope.recorded_at;
    let expected = fresh::<SalesDaily>(&**store).await;
    for step in 60..90 {
        history.random_step(step);
    }
    history.append_to(&**store).await;

    let by = point(&database, Until::Time(time)).await.unwrap();
    assert_eq!((by.at.position, by.time), (then, Some(time)));
    folded::<SalesDaily>(&database, &by, &options("by_time"))
        .await
        .unwrap();
    let rows = table_in::<SalesDaily>("by_time", &database.models).await;
    assert_eq!(rows, expected);
    let said: Vec<Option<DateTime<Utc>>> = sqlx::query_scalar("SELECT until FROM by_time.folded")
        .fetch_all(database.models.pool())
        .await
        .unwrap();
    assert_eq!(said, [Some(time)]);

    let now = SystemClock.now();
    let refused = point(&database, Until::Time(now + TimeDelta::hours(1))).await;
    assert!(matches!(refused, Err(PointError::InTheFuture { .. })));
    let refused = point(&database, Until::Time(first - TimeDelta::microseconds(1))).await;
    let refused = refused.unwrap_err().to_string();
    assert!(
        refused.contains("the first event was recorded at"),
        "{refused}"
    );
    let head = store.head().await.unwrap().position;
    for asked in [Position::ZERO, head.plus(1)] {
        let refused = point(&database, Until::Position(asked)).await;
        let refused = refused.unwrap_err().to_string();
        assert!(
            refused.contains(&format!("allowed: 1 to {head}")),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn nothing_of_an_empty_store_can_be_looked_back_at() {
    let database = database().await;
    let now = Until::Time(SystemClock.now());
    for until in [now, Until::Position(Position::new(1))] {
        let refused = point(&database, until).await;
        assert!(matches!(refused, Err(PointError::Empty)), "{refused:?}");
    }
}

#[tokio::test]
async fn what_is_there_is_replaced_only_if_that_is_said() {
    let database = database().await;
    let store = &database.store;
    let mut history = filled(&**store, 60).await;
    let then = at(&database, store.head().await.unwrap().position).await;
    let before = fresh::<SalesDaily>(&**store).await;
    for step in 60..120 {
        history.random_step(step);
    }
    history.append_to(&**store).await;
    let now = at(&database, store.head().await.unwrap().position).await;

    let mut options = options("audit");
    folded::<SalesDaily>(&database, &then, &options)
        .await
        .unwrap();
    let refused = folded::<SalesDaily>(&database, &now, &options).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("audit.sales_daily has rows"), "{refused}");
    assert_eq!(
        table_in::<SalesDaily>("audit", &database.models).await,
        before
    );
    // Another read model has room beside it.
    folded::<StockLevel>(&database, &now, &options)
        .await
        .unwrap();
    options.replace = true;
    folded::<SalesDaily>(&database, &now, &options)
        .await
        .unwrap();
    let rows = table_in::<SalesDaily>("audit", &database.models).await;
    assert_eq!(rows, fresh::<SalesDaily>(&**store).await);
    let said = "SELECT projection FROM audit.folded ORDER BY 1";
    assert_eq!(
        rows_of(&database, said).await,
        ["sales_daily", "stock_level"]
    );
}

#[tokio::test]
async fn a_schema_of_something_else_is_left_alone() {
    let database = database().await;
    filled(&*database.store, 20).await;
    let point = at(&database, Position::new(20)).await;
    let others = "CREATE SCHEMA others; CREATE TABLE others.folded (); CREATE SCHEMA nothing";
    sqlx::raw_sql(others)
        .execute(database.models.pool())
        .await
        .unwrap();
    let mut into_others = options("others");
    into_others.replace = true;
    let refused = folded::<SalesDaily>(&database, &point, &into_others).await;
    assert!(matches!(refused, Err(PastError::NotOurs(_))), "{refused:?}");
    // One that somebody made for us, as who may make none has to be.
    folded::<SalesDaily>(&database, &point, &options("nothing"))
        .await
        .unwrap();
}

/// Waits in the middle of a fold until it is told to go on.
fn held_up() -> (
    OnProgress,
    tokio::sync::oneshot::Receiver<()>,
    mpsc::Sender<()>,
) {
    let (begun, seen) = tokio::sync::oneshot::channel();
    let (go_on, told) = mpsc::channel::<()>();
    let hold = Mutex::new(Some((begun, told)));
    let on_progress = Arc::new(move |_: &_| {
        if let Some((begun, told)) = hold.lock().unwrap().take() {
            begun.send(()).unwrap();
            let _ = told.recv();
        }
    });
    (on_progress, seen, go_on)
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_waits_for_the_other_a_rebuild_or_a_fold_of_the_past() {
    let database = Arc::new(database().await);
    let store = database.store.clone();
    filled(&*store, 60).await;
    let point = at(&database, store.head().await.unwrap().position).await;
    let (on_progress, seen, go_on) = held_up();
    let task = tokio::spawn({
        let database = database.clone();
        async move { told_of::<SalesDaily>(&database, &point, &options("then"), on_progress).await }
    });
    seen.await.unwrap();
    let fold = RebuildOptions::default();
    let rebuilt = rebuild::<SalesDaily>(store.clone(), &database.models, &fold, Arc::new(|_| {}));
    rebuilt.await.unwrap();
    let refused = folded::<StockLevel>(&database, &point, &options("then")).await;
    assert!(
        matches!(refused, Err(PastError::UnderWay(_))),
        "{refused:?}"
    );
    folded::<SalesDaily>(&database, &point, &options("elsewhere"))
        .await
        .unwrap();
    go_on.send(()).unwrap();
    task.await.unwrap().unwrap();
    let rows = table_in::<SalesDaily>("then", &database.models).await;
    assert_eq!(rows, table::<SalesDaily>(&database.models).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_interrupted_leaves_nothing() {
    let database = Arc::new(database().await);
    let store = database.store.clone();
    filled(&*store, 60).await;
    let point = at(&database, store.head().await.unwrap().position).await;
    let (on_progress, seen, go_on) = held_up();
    let task = tokio::spawn({
        let database = database.clone();
        async move { told_of::<SalesDaily>(&database, &point, &options("then"), on_progress).await }
    });
    seen.await.unwrap();
    task.abort();
    drop(go_on);
    assert!(task.await.is_err());
    // The server has to notice first that whoever was at it is gone.
    until("it can be folded again", async || {
        match folded::<SalesDaily>(&database, &point, &options("then")).await {
            Ok(_) => true,
            Err(PastError::UnderWay(_)) => {
                assert!(!is_there(&database, "then").await);
                false
            }
            Err(error) => panic!("{error}"),
        }
    })
    .await;
    let rows = table_in::<SalesDaily>("then", &database.models).await;
    assert_eq!(rows, fresh::<SalesDaily>(&*store).await);
}

#[tokio::test]
async fn a_row_with_an_event_that_nobody_can_read_is_as_before_it() {
    let database = database().await;
    let store = &database.store;
    let mut history = filled(&**store, 60).await;
    let order = history.confirmed_order("c-poison", &[("A", 1, 100)]);
    history.append_to(&**store).await;
    let before = fresh::<OrderSummary>(&**store).await;
    history.cancel(order, true);
    let mut unreadable = append(&history.events()[history.events().len() - 2]);
    unreadable.streams[0].events[0].schema_version = 77;
    store.append(&[unreadable]).await.unwrap();
    let now = at(&database, store.head().await.unwrap().position).await;
    let past = folded::<OrderSummary>(&database, &now, &options("then")).await;
    assert_eq!(past.unwrap().stopped, 1);
    assert_eq!(
        table_in::<OrderSummary>("then", &database.models).await,
        before
    );

    let mut none = options("none");
    none.fold.max_parked = 0;
    let refused = folded::<OrderSummary>(&database, &now, &none).await;
    assert!(matches!(refused, Err(PastError::TooMuchParked(_))));
    assert!(!is_there(&database, "none").await);
    // Nobody is kept from dropping it.
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    sqlx::raw_sql("DROP SCHEMA \"then\" CASCADE")
        .execute(&mut connection)
        .await
        .unwrap();
}
