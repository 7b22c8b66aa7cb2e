//! Rows of another version of a fold than this build's.

use super::harness::{
    Database, Process, database, filled, fresh, leases, leftovers, reaches, rebuilds, table, until,
};
use crate::{
    ProjectionStatus, State,
    projection::Projection,
    projections::StockLevel,
    rebuild::{RebuildOptions, rebuild},
    storage::ReadModels,
};
use sqlx::{Connection, Executor, PgConnection};
use std::sync::Arc;
use store::EventReader;

/// A read model whose rows another version of the fold has made, and that is behind.
async fn made_by(database: &Database, version: i32) {
    let mut history = filled(&*database.store, 40).await;
    let options = RebuildOptions::default();
    rebuild::<StockLevel>(
        database.store.clone(),
        &database.models,
        &options,
        Arc::new(|_| {}),
    )
    .await
    .unwrap();
    for step in 40..60 {
        history.random_step(step);
    }
    history.append_to(&*database.store).await;
    set_version(database, version).await;
}

async fn set_version(database: &Database, version: i32) {
    sqlx::query("UPDATE read.checkpoint SET version = $1 WHERE name = 'stock_level'")
        .bind(version)
        .execute(database.models.pool())
        .await
        .unwrap();
}

async fn is_of_this_build_and_at_the_head(database: &Database) -> bool {
    let head = database.store.head().await.unwrap().position;
    let checkpoints = database.models.checkpoints().await.unwrap();
    let mut mine = checkpoints.iter();
    mine.any(|record| {
        record.name == StockLevel::NAME
            && record.version == StockLevel::VERSION
            && record.position == head
    })
}

fn reason(status: &ProjectionStatus) -> &str {
    let problem = status.problem.as_ref();
    problem.map_or("", |problem| problem.reason.as_str())
}

#[tokio::test]
async fn older_rows_are_made_anew_by_who_leads_and_can_be_rolled_back_to() {
    let database = database().await;
    let (store, models) = (&database.store, &database.models);
    made_by(&database, StockLevel::VERSION - 1).await;
    let before = table::<StockLevel>(models).await;
    let (rebuilds, _lifecycle) = rebuilds(&database, 3_600);
    // While somebody verifies it, it waits, and is no failure; what is there is read.
    let mut other = PgConnection::connect(&database.url).await.unwrap();
    other
        .execute("SELECT pg_advisory_lock_shared(hashtextextended('read.stock_level', 0))")
        .await
        .unwrap();
    let process =
        Process::start_building::<StockLevel>(store.clone(), models.clone(), leases(), rebuilds);
    until("it waits", async || {
        reason(&process.status::<StockLevel>()).contains("verified, by somebody else")
    })
    .await;
    assert_ne!(process.status::<StockLevel>().state, State::Failing);
    assert_eq!(table::<StockLevel>(models).await, before);
    other.close().await.unwrap();
    until("it is built anew", async || {
        is_of_this_build_and_at_the_head(&database).await
    })
    .await;
    process.stop().await;
    assert_eq!(
        table::<StockLevel>(models).await,
        fresh::<StockLevel>(&**store).await
    );
    let kept = models.read_rebuilding().await.unwrap().replaced;
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].replaced.version, StockLevel::VERSION - 1);
    assert_eq!(leftovers(models).await, Vec::<String>::new());
}

#[tokio::test]
async fn newer_rows_are_left_to_a_newer_build() {
    let database = database().await;
    let (store, models) = (&database.store, &database.models);
    made_by(&database, StockLevel::VERSION + 1).await;
    let before = table::<StockLevel>(models).await;
    let (rebuilds, _lifecycle) = rebuilds(&database, 3_600);
    let process =
        Process::start_building::<StockLevel>(store.clone(), models.clone(), leases(), rebuilds);
    until("it waits", async || {
        let status = process.status::<StockLevel>();
        assert_ne!(status.state, State::Failing);
        reason(&status).contains("waits for a newer build")
            && reason(&status).contains("projector rollback stock_level")
    })
    .await;
    assert_eq!(table::<StockLevel>(models).await, before);
    // As after a rollback with this build.
    set_version(&database, StockLevel::VERSION).await;
    reaches::<StockLevel>(models, store.head().await.unwrap().position).await;
    until("nothing is wrong", async || {
        process.status::<StockLevel>().problem.is_none()
    })
    .await;
    process.stop().await;
    assert_eq!(
        table::<StockLevel>(models).await,
        fresh::<StockLevel>(&**store).await
    );
}

/// Where nothing builds it anew by itself, that is left to people.
#[tokio::test]
async fn older_rows_are_left_as_they_are_where_that_is_set() {
    let database = database().await;
    let (store, models) = (&database.store, &database.models);
    made_by(&database, StockLevel::VERSION - 1).await;
    let before = table::<StockLevel>(models).await;
    let process = Process::start::<StockLevel, _>(store.clone(), models.clone(), leases());
    until("it is given up", async || {
        let halted = process.halted::<StockLevel>();
        halted.is_some_and(|reason| reason.contains("run `projector rebuild stock_level`"))
    })
    .await;
    process.stop().await;
    assert_eq!(table::<StockLevel>(models).await, before);
}
