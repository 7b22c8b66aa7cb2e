//! Who is locked out of a table keeps nobody else from going on.

use super::harness::{Process, database, filled, leases, reaches};
use crate::{
    PostgresReadModels, ReadModels,
    projections::{CustomerSummary, OrderSummary, OrderTimeline, SalesDaily, StockLevel},
};
use sqlx::{Connection, Executor, PgConnection};
use store::EventReader;

#[tokio::test]
async fn two_locked_tables_do_not_keep_the_others_waiting() {
    let database = database().await;
    filled(&*database.store, 40).await;
    let head = database.store.head().await.unwrap().position;
    let mut operator = PgConnection::connect(&database.url).await.unwrap();
    let mut lock = operator.begin().await.unwrap();
    lock.execute("LOCK TABLE read.order_summary, read.order_timeline")
        .await
        .unwrap();
    // As many connections as there are on a small machine.
    let few = PostgresReadModels::connect(&database.url, 2).await.unwrap();
    let (store, leases) = (database.store.clone(), leases());
    let locked_out = [
        Process::start::<OrderSummary, _>(store.clone(), few.clone(), leases.clone()),
        Process::start::<OrderTimeline, _>(store.clone(), few.clone(), leases.clone()),
    ];
    let others = [
        Process::start::<StockLevel, _>(store.clone(), few.clone(), leases.clone()),
        Process::start::<CustomerSummary, _>(store.clone(), few.clone(), leases.clone()),
        Process::start::<SalesDaily, _>(store.clone(), few.clone(), leases),
    ];
    reaches::<StockLevel>(&database.models, head).await;
    reaches::<CustomerSummary>(&database.models, head).await;
    reaches::<SalesDaily>(&database.models, head).await;
    let stands = database.models.checkpoints().await.unwrap();
    let summary = stands.iter().find(|record| record.name == "order_summary");
    assert!(summary.is_none_or(|record| record.position < head));
    assert!(locked_out[0].halted::<OrderSummary>().is_none());

    lock.rollback().await.unwrap();
    reaches::<OrderSummary>(&database.models, head).await;
    reaches::<OrderTimeline>(&database.models, head).await;
    for process in locked_out.into_iter().chain(others) {
        process.stop().await;
    }
}
