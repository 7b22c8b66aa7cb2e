//! The same rows, whichever way they were made: live over Postgres, live in memory, by a fresh fold,
//! and by building them anew.

use super::harness::{
    Process, WithEach, database, filled, fresh, leases, memory_models, memory_store, reaches,
    table, with_each,
};
use crate::{
    projection::Projection,
    projections,
    rebuild::{RebuildOptions, rebuild, rebuild_by_name},
    row::Row,
    testing::{all_of_products, all_of_returns},
};
use futures::future::LocalBoxFuture;
use std::sync::Arc;
use store::EventReader;
use tokio_util::sync::CancellationToken;

async fn live_in_memory<P: Projection>() {
    let store = Arc::new(memory_store());
    let mut history = filled(&*store, 60).await;
    let models = memory_models();
    let process = Process::start::<P, _>(store.clone(), models.clone(), leases());
    for step in 60..200 {
        history.random_step(step);
        history.append_to(&*store).await;
    }
    reaches::<P>(&models, store.head().await.unwrap().position).await;
    process.stop().await;
    assert_eq!(models.rows::<P>(), fresh::<P>(&*store).await);
}

#[tokio::test]
async fn live_in_memory_is_the_fold() {
    struct InMemory;
    impl WithEach for InMemory {
        type Done = ();
        fn with<P: Projection>(&self) -> LocalBoxFuture<'_, ()> {
            Box::pin(live_in_memory::<P>())
        }
    }
    with_each(&InMemory).await;
}

async fn live_and_anew<P: Projection>() {
    let database = database().await;
    let (store, models) = (&database.store, &database.models);
    let mut history = filled(&**store, 80).await;
    let process = Process::start::<P, _>(store.clone(), models.clone(), leases());
    for step in 80..160 {
        history.random_step(step);
        history.append_to(&**store).await;
    }
    all_of_returns(&mut history);
    all_of_products(&mut history);
    history.append_to(&**store).await;
    let head = store.head().await.unwrap().position;
    reaches::<P>(models, head).await;
    process.stop().await;
    let expected = fresh::<P>(&**store).await;
    let live = table::<P>(models).await;
    assert!(!live.is_empty(), "{} has nothing to fold", P::NAME);
    assert_eq!(live, expected, "{} live", P::NAME);

    for rows in [1_000_000, 7] {
        let options = RebuildOptions {
            page: 50,
            rows,
            batch: 20,
            ..RebuildOptions::default()
        };
        let rebuilt = rebuild::<P>(store.clone(), models, &options, Arc::new(|_| {}))
            .await
            .unwrap();
        assert_eq!(rebuilt.position, head);
        assert_eq!(rebuilt.rows, expected.len() as u64);
        let many = expected.len() > rows && !P::APPEND_ONLY;
        assert_eq!(rebuilt.passes > 1, many, "{rebuilt:?}");
        assert_eq!(table::<P>(models).await, expected, "{} anew", P::NAME);
        assert_eq!(
            layout(models, P::Row::TABLE).await,
            layout_of_migrations::<P>().await
        );
    }

    // And life goes on from there.
    let process = Process::start::<P, _>(store.clone(), models.clone(), leases());
    for step in 160..200 {
        history.random_step(step);
    }
    history.append_to(&**store).await;
    reaches::<P>(models, store.head().await.unwrap().position).await;
    process.stop().await;
    assert_eq!(table::<P>(models).await, fresh::<P>(&**store).await);
}

/// Columns, indexes, keys and storage of a table, as text.
async fn layout(models: &crate::PostgresReadModels, table: &str) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull || ' ' || a.attcollation
         FROM pg_attribute AS a WHERE a.attrelid = ('read.' || $1)::regclass AND a.attnum > 0
         UNION ALL
         SELECT pg_get_indexdef(x.indexrelid) FROM pg_index AS x WHERE x.indrelid = ('read.' || $1)::regclass
         UNION ALL
         SELECT conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = ('read.' || $1)::regclass
         UNION ALL
         SELECT reloptions::text FROM pg_class WHERE oid = ('read.' || $1)::regclass AND reloptions IS NOT NULL
         UNION ALL
         SELECT relname::text FROM pg_class JOIN pg_namespace AS n ON n.oid = relnamespace
         WHERE n.nspname = 'read' AND relname LIKE '%\\_\\_%' AND relname NOT LIKE '%\\_\\_old'
         ORDER BY 1",
    )
    .bind(table)
    .fetch_all(models.pool())
    .await
    .unwrap()
}

async fn layout_of_migrations<P: Projection>() -> Vec<String> {
    layout(&database().await.models, P::Row::TABLE).await
}

#[tokio::test]
async fn rows_are_the_same_live_and_anew() {
    struct LiveAndAnew;
    impl WithEach for LiveAndAnew {
        type Done = ();
        fn with<P: Projection>(&self) -> LocalBoxFuture<'_, ()> {
            Box::pin(live_and_anew::<P>())
        }
    }
    with_each(&LiveAndAnew).await;
}

#[tokio::test]
async fn all_can_be_built_anew_by_name_from_nothing() {
    let (database, never) = (database().await, CancellationToken::new());
    for name in projections::names() {
        let options = RebuildOptions::default();
        let (store, quiet) = (database.store.clone(), Arc::new(|_: &_| {}));
        let rebuilt = rebuild_by_name(name, store, &database.models, &options, quiet, &never)
            .await
            .unwrap();
        assert_eq!((rebuilt.rows, rebuilt.position.get()), (0, 0));
    }
    let (store, options) = (database.store.clone(), RebuildOptions::default());
    let error = rebuild_by_name(
        "orders",
        store,
        &database.models,
        &options,
        Arc::new(|_| {}),
        &never,
    );
    let error = error.await.unwrap_err().to_string();
    assert!(error.contains("order_summary, order_timeline"), "{error}");
}
