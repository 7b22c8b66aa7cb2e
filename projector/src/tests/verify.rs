//! Whether the live rows are what their events make of them.

use super::harness::{Database, Process, database, filled, fresh, leases, reaches, until};
use crate::{
    projection::Projection,
    projections::{CustomerSummary, OrderSummary, StockLevel},
    rebuild::{RebuildOptions, rebuild},
    verify::{Difference, Verified, VerifyError, VerifyOptions, verify},
};
use sqlx::AssertSqlSafe;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use store::EventReader;

fn options(percent: f64) -> VerifyOptions {
    VerifyOptions {
        percent,
        differences: 10,
        fold: RebuildOptions {
            page: 64,
            rows: 20,
            batch: 32,
            heartbeat: Duration::from_millis(50),
            max_parked: 100,
        },
    }
}

async fn verified<P: Projection>(database: &Database, percent: f64) -> Verified {
    let store = database.store.clone();
    verify::<P>(store, &database.models, &options(percent), Arc::new(|_| {}))
        .await
        .unwrap()
}

async fn rebuilt<P: Projection>(database: &Database) {
    let store = database.store.clone();
    let options = RebuildOptions::default();
    rebuild::<P>(store, &database.models, &options, Arc::new(|_| {}))
        .await
        .unwrap();
}

async fn sql(database: &Database, sql: &str) -> u64 {
    let done = sqlx::query(AssertSqlSafe(sql)).execute(database.models.pool());
    done.await.unwrap().rows_affected()
}

#[tokio::test]
async fn what_was_changed_by_hand_is_found() {
    let database = database().await;
    filled(&*database.store, 150).await;
    rebuilt::<OrderSummary>(&database).await;
    let equal = verified::<OrderSummary>(&database, 100.0).await;
    let rows = fresh::<OrderSummary>(&*database.store).await.len() as u64;
    assert!(equal.is_equal(), "{equal:?}");
    assert_eq!(equal.rows, rows);

    let key = "(SELECT min(order_id::text) FROM read.order_summary)";
    let last = "(SELECT max(order_id::text) FROM read.order_summary)";
    for planted in [
        format!(
            "UPDATE read.order_summary SET total = total + 1, holds = '[{{}}]' WHERE order_id::text = {key}"
        ),
        format!("DELETE FROM read.order_summary WHERE order_id::text = {last}"),
    ] {
        assert_eq!(sql(&database, &planted).await, 1);
    }
    let extra = "CREATE TEMP TABLE extra AS SELECT * FROM read.order_summary LIMIT 1;
         UPDATE extra SET order_id = '00000000-0000-0000-0000-0000000000ff';
         INSERT INTO read.order_summary SELECT * FROM extra; DROP TABLE extra";
    sqlx::raw_sql(extra)
        .execute(database.models.pool())
        .await
        .unwrap();
    let found = verified::<OrderSummary>(&database, 100.0).await;
    let counts = (found.different, found.missing, found.superfluous);
    assert_eq!(counts, (1, 1, 1), "{found:?}");
    assert_eq!(found.differences.len(), 3);
    for difference in &found.differences {
        match difference {
            Difference::Different { fields, .. } => {
                let columns: Vec<_> = fields.iter().map(|field| field.column).collect();
                assert_eq!(columns, ["total", "holds"]);
            }
            Difference::Superfluous { key } => assert!(key.contains("0000000000ff"), "{key}"),
            Difference::Missing { .. } => {}
        }
    }
    // What is not of the sample is not looked at: neither rows nor their absence.
    let half = verified::<OrderSummary>(&database, 50.0).await;
    assert!(half.rows > 0 && half.rows < rows, "{half:?}");
    sql(&database, "TRUNCATE read.order_summary").await;
    let half = verified::<OrderSummary>(&database, 50.0).await;
    assert_eq!((half.missing, half.superfluous), (half.rows, 0));
    assert_eq!(half.differences.len(), 10);
}

#[tokio::test]
async fn live_rows_are_equal_while_they_change() {
    let database = database().await;
    let (store, models) = (&database.store, &database.models);
    let mut history = filled(&**store, 100).await;
    let process = Process::start::<CustomerSummary, _>(store.clone(), models.clone(), leases());
    reaches::<CustomerSummary>(models, store.head().await.unwrap().position).await;
    let done = AtomicBool::new(false);
    let verifying = async {
        let mut positions = vec![];
        for percent in [100.0, 100.0, 30.0, 100.0, 100.0] {
            let found = verified::<CustomerSummary>(&database, percent).await;
            assert!(found.is_equal(), "{found:?}");
            positions.push(found.position);
        }
        done.store(true, Ordering::Relaxed);
        assert!(
            positions.first() < positions.last(),
            "nothing happened meanwhile"
        );
    };
    let writing = async {
        let mut step = 100;
        while !done.load(Ordering::Relaxed) {
            history.random_step(step);
            history.append_to(&**store).await;
            step += 1;
        }
    };
    tokio::join!(verifying, writing);
    process.stop().await;
}

#[tokio::test]
async fn what_cannot_be_verified_says_why() {
    let database = database().await;
    filled(&*database.store, 40).await;
    // Nothing was folded yet: no rows are right.
    assert!(verified::<StockLevel>(&database, 100.0).await.is_equal());
    rebuilt::<StockLevel>(&database).await;
    let failed = async || {
        let store = database.store.clone();
        verify::<StockLevel>(store, &database.models, &options(100.0), Arc::new(|_| {}))
            .await
            .unwrap_err()
    };
    let mut builder = database.models.pool().acquire().await.unwrap().detach();
    sqlx::query("SELECT pg_advisory_lock(hashtextextended('read.stock_level', 0))")
        .execute(&mut builder)
        .await
        .unwrap();
    assert!(matches!(
        failed().await,
        VerifyError::BeingBuilt("stock_level")
    ));
    drop(builder);
    sql(
        &database,
        "UPDATE read.checkpoint SET store_epoch = gen_random_uuid()",
    )
    .await;
    until("the lock is gone", async || {
        matches!(failed().await, VerifyError::OfAnotherStore("stock_level"))
    })
    .await;
    sql(&database, "UPDATE read.checkpoint SET version = 77").await;
    assert!(matches!(failed().await, VerifyError::ReadModels(_)));
}
