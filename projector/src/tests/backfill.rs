//! A projection that a deployment adds: it folds all of history by itself, and nobody waits for it.

use super::harness::{Process, database, filled, fresh, leases, reaches, table, until};
use crate::{
    PostgresReadModels,
    projections::{OrderSummary, PaymentsDaily, SalesDaily},
    storage::ReadModels,
    testing::History,
};
use sqlx::{Connection, PgConnection};
use store::EventReader;

/// As the database is before the build that adds it.
const BEFORE: &str = "
    DROP TABLE read.payments_daily;
    DELETE FROM _sqlx_migrations WHERE version = 2040";

/// Whether somebody waits to write to the new table.
const WAITS: &str = "
    SELECT EXISTS (
        SELECT FROM pg_locks
        WHERE relation = 'read.payments_daily'::regclass AND NOT granted
    )";

async fn goes_on(history: &mut History, store: &store::PostgresStore, steps: u32) {
    let from = history.events().len() as u32;
    for step in from..from + steps {
        history.random_step(step);
    }
    history.append_to(store).await;
}

#[tokio::test]
async fn a_new_projection_folds_history_while_the_others_go_on() {
    let database = database().await;
    let (store, before) = (&database.store, &database.models);
    sqlx::raw_sql(BEFORE).execute(before.pool()).await.unwrap();
    let mut history = filled(&**store, 200).await;
    let leases = leases();
    let orders = Process::start::<OrderSummary, _>(store.clone(), before.clone(), leases.clone());
    let sales = Process::start::<SalesDaily, _>(store.clone(), before.clone(), leases.clone());
    reaches::<OrderSummary>(before, store.head().await.unwrap().position).await;

    // The new build starts: it brings its table along. Somebody holds that, so that it does not get on.
    let models = PostgresReadModels::connect(&database.url, 4).await.unwrap();
    let mut holder = PgConnection::connect(&database.url).await.unwrap();
    let hold = "BEGIN; LOCK TABLE read.payments_daily IN EXCLUSIVE MODE";
    sqlx::raw_sql(hold).execute(&mut holder).await.unwrap();
    let payments = Process::start::<PaymentsDaily, _>(store.clone(), models.clone(), leases);
    until("it has begun", async || {
        let waits: bool = sqlx::query_scalar(WAITS)
            .fetch_one(models.pool())
            .await
            .unwrap();
        waits
    })
    .await;
    goes_on(&mut history, store, 60).await;
    let head = store.head().await.unwrap().position;
    reaches::<OrderSummary>(before, head).await;
    reaches::<SalesDaily>(before, head).await;
    let checkpoints = models.checkpoints().await.unwrap();
    let mine = checkpoints
        .iter()
        .find(|record| record.name == "payments_daily");
    assert!(
        mine.is_none_or(|record| record.position.get() == 0),
        "{mine:?}"
    );

    sqlx::raw_sql("ROLLBACK")
        .execute(&mut holder)
        .await
        .unwrap();
    goes_on(&mut history, store, 20).await;
    let head = store.head().await.unwrap().position;
    reaches::<PaymentsDaily>(&models, head).await;
    reaches::<OrderSummary>(before, head).await;
    for process in [orders, sales, payments] {
        process.stop().await;
    }
    let rows = table::<PaymentsDaily>(&models).await;
    assert!(!rows.is_empty());
    assert_eq!(rows, fresh::<PaymentsDaily>(&**store).await);
}
