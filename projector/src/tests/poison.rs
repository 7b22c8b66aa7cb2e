//! What cannot be read or folded stops its projection, and says where, if no more may be parked; and what
//! no parking helps against.

use super::harness::{
    Process, database, filled, fresh, leases, memory_models, memory_store, reaches, table, until,
};
use crate::{
    projections::{OrderSummary, StockLevel},
    rebuild::{RebuildOptions, rebuild},
    storage::{Commit, ReadModels},
    testing::{History, append},
};
use domain::{Event, Position};
use std::sync::Arc;
use store::{EventReader, EventStore};
use uuid::Uuid;

#[tokio::test]
async fn an_event_that_cannot_be_read_stops_what_comes_after_it_if_nothing_may_be_parked() {
    let store = Arc::new(memory_store());
    let mut history = filled(&*store, 40).await;
    let expected = fresh::<StockLevel>(&*store).await;
    // What is known to be nothing of the projection's does not stop it.
    history.receive("A", 1);
    let mut foreign = append(history.events().last().unwrap());
    let event = &mut foreign.streams[0].events[0];
    (event.event_type, event.schema_version) = ("OrderConfirmed", 77);
    store.append(&[foreign]).await.unwrap();
    let good = store.head().await.unwrap().position;
    history.receive("A", 1);
    let mut unknown = append(history.events().last().unwrap());
    unknown.streams[0].events[0].event_type = "StockEvaporated";
    store.append(&[unknown]).await.unwrap();
    let models = memory_models();
    let process = Process::start_with::<StockLevel, _>(store.clone(), models.clone(), leases(), 0);
    reaches::<StockLevel>(&models, good).await;
    until("it is failing", async || {
        process.halted::<StockLevel>().is_some()
    })
    .await;
    let problem = process.status::<StockLevel>().problem.unwrap();
    assert!(problem.attempts > 2, "{problem:?}");
    let place = format!("of stock-main.main.A at position {}", good.get() + 1);
    assert!(problem.reason.contains(&place), "{problem:?}");
    let event = problem.event.unwrap();
    assert_eq!(event.position, good.get() + 1);
    assert_eq!(event.stream, "stock-main.main.A");
    assert_eq!(models.rows::<StockLevel>(), expected);
    let checkpoints = models.checkpoints().await.unwrap();
    assert_eq!(checkpoints[0].position, good, "it was skipped");
    process.stop().await;
}

#[tokio::test]
async fn an_event_that_cannot_be_folded_stops_at_its_place_in_the_batch_if_nothing_may_be_parked() {
    let store = Arc::new(memory_store());
    let mut history = History::of(0..30);
    // An order that was never placed, in the middle of a batch.
    let mut elsewhere = History::default();
    let order = elsewhere.place("c1", &[("A", 1, 100)]);
    elsewhere.confirm(order);
    let stray = match &elsewhere.events()[1].event {
        Event::Order(event) => event.clone(),
        other => panic!("{other:?}"),
    };
    let good = history.events().len() as i64;
    let lost = domain::OrderId::new(Uuid::from_u128(99));
    let stray = match stray {
        domain::order::OrderEvent::OrderConfirmed(mut event) => {
            event.order.order_id = lost;
            event
        }
        other => panic!("{other:?}"),
    };
    history.order(lost, stray);
    for step in 30..40 {
        history.random_step(step);
    }
    history.append_to(&*store).await;
    let models = memory_models();
    let process =
        Process::start_with::<OrderSummary, _>(store.clone(), models.clone(), leases(), 0);
    until("it is failing", async || {
        process.halted::<OrderSummary>().is_some()
    })
    .await;
    let reason = process.halted::<OrderSummary>().unwrap();
    assert!(
        reason.contains(&format!("event 1 of order-main.{lost}")),
        "{reason}"
    );
    let checkpoint = models.checkpoints().await.unwrap()[0].position.get();
    assert!(checkpoint <= good, "{checkpoint} of {good}: it was skipped");
    let orders_before = history.events()[..good as usize]
        .iter()
        .filter(|event| event.event.event_type() == "OrderPlaced");
    assert_eq!(models.rows::<OrderSummary>().len(), orders_before.count());
    process.stop().await;
}

#[tokio::test]
async fn another_store_and_a_lost_tail_halt_it_until_it_is_built_anew() {
    let database = database().await;
    let (store, models) = (&database.store, &database.models);
    filled(&**store, 60).await;
    let head = store.head().await.unwrap();
    for (epoch, lost) in [(Uuid::from_u128(66), 0), (head.epoch, 1_000)] {
        let leader = models.checkpoints().await.unwrap();
        let leader = leader.first().map_or(1, |record| record.leader_epoch + 1);
        let at = models.take_over::<StockLevel>(leader).await.unwrap();
        let elsewhere = Commit {
            leader_epoch: leader,
            from: at.at.position,
            to: Position::new(head.position.get() + lost).into(),
            store_epoch: epoch,
            changes: vec![],
            parking: vec![],
        };
        models.commit::<StockLevel>(elsewhere).await.unwrap();
        let process = Process::start::<StockLevel, _>(store.clone(), models.clone(), {
            database.store.migrate().await.unwrap();
            Arc::new(database.store.leases())
        });
        until("it halts", async || {
            process.halted::<StockLevel>().is_some()
        })
        .await;
        let reason = process.halted::<StockLevel>().unwrap();
        assert!(reason.contains("projector rebuild stock_level"), "{reason}");
        let options = RebuildOptions::default();
        let rebuilt = rebuild::<StockLevel>(store.clone(), models, &options, Arc::new(|_| {}));
        assert_eq!(rebuilt.await.unwrap().position, head.position);
        until("it goes on by itself", async || {
            process.halted::<StockLevel>().is_none()
        })
        .await;
        process.stop().await;
    }
}

#[tokio::test]
async fn a_lost_tail_that_has_grown_again_halts_it_until_it_is_built_anew() {
    let database = database().await;
    let (store, models) = (&database.store, &database.models);
    let mut history = filled(&**store, 60).await;
    let head = store.head().await.unwrap().position;
    let leases = Arc::new(database.store.leases());
    let process = Process::start::<StockLevel, _>(store.clone(), models.clone(), leases.clone());
    reaches::<StockLevel>(models, head).await;
    process.stop().await;
    // As after a failover to a copy without its last 20 events: others came in their place, and
    // more of them.
    let others = "UPDATE store.events SET event_id = gen_random_uuid() WHERE position > $1";
    sqlx::query(others)
        .bind(head.get() - 20)
        .execute(models.pool())
        .await
        .unwrap();
    for step in 60..80 {
        history.random_step(step);
    }
    history.append_to(&**store).await;
    let grown = store.head().await.unwrap().position;
    assert!(grown > head);
    let process = Process::start::<StockLevel, _>(store.clone(), models.clone(), leases);
    until("it halts", async || {
        process.halted::<StockLevel>().is_some()
    })
    .await;
    let verdict = process.halted::<StockLevel>().unwrap();
    assert!(
        verdict.contains("projector rebuild stock_level"),
        "{verdict}"
    );
    let checkpoint = models.checkpoints().await.unwrap()[0].position;
    assert_eq!(checkpoint, head, "nothing was folded on top");
    let options = RebuildOptions::default();
    let rebuilt = rebuild::<StockLevel>(store.clone(), models, &options, Arc::new(|_| {}));
    assert_eq!(rebuilt.await.unwrap().position, grown);
    until("it goes on by itself", async || {
        process.halted::<StockLevel>().is_none()
    })
    .await;
    history.receive("A", 1);
    history.append_to(&**store).await;
    reaches::<StockLevel>(models, store.head().await.unwrap().position).await;
    process.stop().await;
    assert_eq!(
        table::<StockLevel>(models).await,
        fresh::<StockLevel>(&**store).await
    );
}

#[tokio::test]
async fn rows_of_another_version_of_the_fold_are_not_gone_on_with() {
    let database = database().await;
    let (store, models) = (&database.store, &database.models);
    filled(&**store, 20).await;
    models.take_over::<StockLevel>(1).await.unwrap();
    sqlx::query("UPDATE read.checkpoint SET version = 9, position = 3")
        .execute(models.pool())
        .await
        .unwrap();
    let error = models.take_over::<StockLevel>(2).await.unwrap_err();
    assert!(
        error.to_string().contains("version 9") && error.to_string().contains("rebuild"),
        "{error}"
    );
    let options = RebuildOptions::default();
    let rebuilt = rebuild::<StockLevel>(store.clone(), models, &options, Arc::new(|_| {}));
    rebuilt.await.unwrap();
    models.take_over::<StockLevel>(9).await.unwrap();
}
