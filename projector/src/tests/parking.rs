//! One event that cannot be read or folded: its sequence waits, the others go on, and people have the say.

use super::{
    harness::{
        Database, Process, built_anew, database, events, filled, fresh, leases, memory_models,
        memory_store, reaches, table, until,
    },
    old_build::OldBuild,
};
use crate::{
    PostgresReadModels, ReadModels,
    live::Place,
    parking::{ParkedSequence, ParkingChange, Stop},
    projection::Projection,
    projections::{OrderSummary, StockLevel},
    rebuild::{RebuildOptions, rebuild},
    storage::{Asked, Commit, ReadModelError},
    testing::{History, fold_without},
    verify::{VerifyOptions, verify},
};
use domain::{Event, OrderId, Position, order::OrderEvent};
use std::{collections::BTreeSet, sync::Arc};
use store::{EventReader, lease::Leases};
use uuid::Uuid;

async fn parked<P: Projection>(models: &impl ReadModels) -> Vec<ParkedSequence> {
    models.parking::<P>().await.unwrap().sequences
}

/// An order that was never placed is confirmed, and noted on twice: three events that cannot be folded.
fn lost_order(history: &mut History) -> OrderId {
    let mut elsewhere = History::default();
    let order = elsewhere.place("c1", &[("A", 1, 100)]);
    elsewhere.confirm(order);
    let lost = OrderId::new(Uuid::from_u128(99));
    let Event::Order(OrderEvent::OrderConfirmed(mut confirmed)) =
        elsewhere.events()[1].event.clone()
    else {
        panic!("{:?}", elsewhere.events());
    };
    confirmed.order.order_id = lost;
    for _ in 0..3 {
        history.order(lost, OrderEvent::OrderConfirmed(confirmed.clone()));
        history.receive("A", 1);
    }
    lost
}

/// The rows of a fold that leaves out these events, which were skipped.
async fn without<P: Projection>(store: &dyn EventReader, left_out: &[i64]) -> Vec<P::Row> {
    fold_without::<P>(&events(store).await, &left_out.iter().copied().collect())
}

/// The rows of a fold that does not know of these events, which wait.
async fn before<P: Projection>(store: &dyn EventReader, waiting: &[i64]) -> Vec<P::Row> {
    let mut rest = events(store).await;
    rest.retain(|event| !waiting.contains(&event.envelope.position.get()));
    fold_without::<P>(&rest, &BTreeSet::new())
}

async fn is_equal<P: Projection>(reader: Arc<dyn EventReader>, models: &PostgresReadModels) {
    let options = VerifyOptions::default();
    let verified = verify::<P>(reader, models, &options, Arc::new(|_| {}));
    let verified = verified.await.unwrap();
    assert!(verified.is_equal(), "{verified:?}");
}

/// Stock of A whose event in the middle this build cannot read; later events of A and B; then a leader over
/// it that has come to the head.
async fn with_unreadable_stock(
    database: &Database,
    leases: &Arc<dyn Leases>,
) -> (History, Arc<OldBuild>, i64, Process) {
    let store = &database.store;
    let mut history = filled(&**store, 40).await;
    let poison = history.events().len() as i64 + 1;
    for name in ["A", "A", "B", "A"] {
        history.receive(name, 7);
    }
    history.append_to(&**store).await;
    let old = Arc::new(OldBuild::new(store.clone(), [poison]));
    let process =
        Process::start::<StockLevel, _>(old.clone(), database.models.clone(), leases.clone());
    let head = store.head().await.unwrap().position;
    reaches::<StockLevel>(&database.models, head).await;
    (history, old, poison, process)
}

#[tokio::test]
async fn a_sequence_waits_behind_its_event_and_is_retried_in_order() {
    let database = database().await;
    let (store, models) = (&database.store, &database.models);
    let leases = leases();
    let (mut history, old, poison, process) = with_unreadable_stock(&database, &leases).await;
    let waiting = parked::<StockLevel>(models).await;
    let [a] = waiting.as_slice() else {
        panic!("{waiting:?}")
    };
    assert_eq!(a.sequence, "tenant=main location=main sku=A");
    assert_eq!(
        (a.stop.place.position, a.queued, a.attempts),
        (poison, 2, 2)
    );
    assert!(a.stop.error.contains("cannot be read"), "{a:?}");
    assert!(a.stop.error.contains("77"), "it does not say why: {a:?}");
    let waiting = before::<StockLevel>(&**store, &[poison, poison + 1, poison + 3]).await;
    assert_eq!(table::<StockLevel>(models).await, waiting);
    assert!(process.halted::<StockLevel>().is_none());
    is_equal::<StockLevel>(old.clone(), models).await;

    // An operator's retry is of no use yet; and one that is asked for while nobody leads is not lost.
    let asked = models.retry_parked("stock_level", poison).await.unwrap();
    assert_eq!(asked, Asked::Noted);
    until("it was tried", async || {
        let parked = parked::<StockLevel>(models).await;
        parked[0].attempts == 3 && !parked[0].wanted
    })
    .await;
    process.crash().await;
    models.retry_parked("stock_level", poison).await.unwrap();
    history.receive("A", 5);
    history.append_to(&**store).await;
    let process = Process::start::<StockLevel, _>(store.clone(), models.clone(), leases);
    until("A is not parked any more", async || {
        parked::<StockLevel>(models).await.is_empty()
    })
    .await;
    reaches::<StockLevel>(models, store.head().await.unwrap().position).await;
    history.receive("A", 5);
    history.append_to(&**store).await;
    reaches::<StockLevel>(models, store.head().await.unwrap().position).await;
    process.stop().await;
    assert_eq!(
        table::<StockLevel>(models).await,
        fresh::<StockLevel>(&**store).await
    );
    is_equal::<StockLevel>(store.clone(), models).await;
    let gone = models.retry_parked("stock_level", poison).await.unwrap();
    assert_eq!(gone, Asked::NotParked);
}

#[tokio::test]
async fn what_is_skipped_is_recorded_and_left_out_for_good() {
    let database = database().await;
    let (store, models) = (&database.store, &database.models);
    let leases = leases();
    let (mut history, old, poison, process) = with_unreadable_stock(&database, &leases).await;
    let skip = async |position| {
        models
            .skip_parked("stock_level", position, "it never came", "ada")
            .await
            .unwrap()
    };
    assert_eq!(skip(poison + 1).await, Asked::NotParked);
    assert_eq!(skip(poison).await, Asked::Noted);
    until("A goes on", async || {
        parked::<StockLevel>(models).await.is_empty()
    })
    .await;
    let skipped = models.skipped("stock_level", 10).await.unwrap();
    let [event] = skipped.as_slice() else {
        panic!("{skipped:?}")
    };
    assert_eq!(
        (event.reason.as_str(), event.skipped_by.as_str()),
        ("it never came", "ada")
    );
    assert_eq!(
        (event.place.position, event.place.stream.as_str()),
        (poison, "stock-main.main.A")
    );
    history.receive("A", 3);
    history.append_to(&**store).await;
    reaches::<StockLevel>(models, store.head().await.unwrap().position).await;
    process.stop().await;
    let rest = without::<StockLevel>(&**store, &[poison]).await;
    assert_eq!(table::<StockLevel>(models).await, rest);
    // By a build that could read it, too.
    for reader in [old as Arc<dyn EventReader>, store.clone()] {
        is_equal::<StockLevel>(reader.clone(), models).await;
        let options = RebuildOptions::default();
        let rebuilt = built_anew::<StockLevel>(&reader, models, &options).await;
        assert_eq!(rebuilt.parked, 0);
        assert_eq!(table::<StockLevel>(models).await, rest);
    }
}

#[tokio::test]
async fn an_event_that_cannot_be_folded_parks_its_row_alone() {
    let database = database().await;
    let (store, models) = (&database.store, &database.models);
    let mut history = History::of(0..40);
    let lost = lost_order(&mut history);
    for step in 40..60 {
        history.random_step(step);
    }
    history.append_to(&**store).await;
    let of_lost: Vec<i64> = history
        .events()
        .iter()
        .filter(|event| event.envelope.stream.key() == lost.to_string())
        .map(|event| event.envelope.position.get())
        .collect();
    let process = Process::start::<OrderSummary, _>(store.clone(), models.clone(), leases());
    let head = store.head().await.unwrap().position;
    reaches::<OrderSummary>(models, head).await;
    let rest = before::<OrderSummary>(&**store, &of_lost).await;
    assert_eq!(table::<OrderSummary>(models).await, rest);
    is_equal::<OrderSummary>(store.clone(), models).await;
    for (nth, position) in of_lost.iter().enumerate() {
        until("it stops there", async || {
            let parked = parked::<OrderSummary>(models).await;
            parked.len() == 1 && parked[0].stop.place.position == *position
        })
        .await;
        let parked = parked::<OrderSummary>(models).await;
        assert_eq!(parked[0].queued, 2 - nth as i64);
        assert!(
            parked[0]
                .stop
                .error
                .contains("its beginning was never folded"),
            "{parked:?}"
        );
        let asked = models
            .skip_parked("order_summary", *position, "not ours", "ada")
            .await;
        assert_eq!(asked.unwrap(), Asked::Noted);
    }
    until("nothing waits", async || {
        parked::<OrderSummary>(models).await.is_empty()
    })
    .await;
    process.stop().await;
    assert_eq!(table::<OrderSummary>(models).await, rest);
    is_equal::<OrderSummary>(store.clone(), models).await;
}

/// The fold fails in a row that was there: a rebuild, too, leaves it as it is before that event.
#[tokio::test]
async fn a_rebuild_leaves_a_row_as_it_is_before_what_cannot_be_folded() {
    let database = database().await;
    let (store, models) = (&database.store, &database.models);
    let mut history = History::of(0..40);
    let max = i64::MAX - 1_000;
    history.receive("E", max);
    history.receive("E", 5);
    let good = history.events().len() as i64;
    history.receive("E", 2_000);
    history.receive("F", 1);
    history.receive("E", 1);
    history.append_to(&**store).await;
    let options = RebuildOptions {
        rows: 3,
        ..RebuildOptions::default()
    };
    let rebuilt = rebuild::<StockLevel>(store.clone(), models, &options, Arc::new(|_| {}));
    let rebuilt = rebuilt.await.unwrap();
    assert_eq!(rebuilt.parked, 1);
    let stopped = before::<StockLevel>(&**store, &[good + 1, good + 3]).await;
    assert_eq!(table::<StockLevel>(models).await, stopped);
    assert_eq!(rebuilt.rows as usize, stopped.len());
    let waiting = parked::<StockLevel>(models).await;
    assert_eq!(
        (waiting[0].stop.place.position, waiting[0].queued),
        (good + 1, 1)
    );
    is_equal::<StockLevel>(store.clone(), models).await;
    // The leader finds it parked, and goes on from there.
    let process = Process::start::<StockLevel, _>(store.clone(), models.clone(), leases());
    let skip = async |position| {
        until("it is skipped", async || {
            let asked = models
                .skip_parked("stock_level", position, "a typo", "ada")
                .await;
            asked.unwrap() == Asked::Noted
        })
        .await;
    };
    skip(good + 1).await;
    until("E goes on", async || {
        parked::<StockLevel>(models).await.is_empty()
    })
    .await;
    process.stop().await;
    let rest = without::<StockLevel>(&**store, &[good + 1]).await;
    assert_eq!(table::<StockLevel>(models).await, rest);
}

#[tokio::test]
async fn with_more_than_may_be_parked_it_halts() {
    let store = Arc::new(memory_store());
    let mut history = filled(&*store, 30).await;
    let first = history.events().len() as i64 + 1;
    for name in ["A", "B", "C", "D"] {
        history.receive(name, 1);
    }
    history.append_to(&*store).await;
    let old = Arc::new(OldBuild::new(store.clone(), [first, first + 1, first + 2]));
    let models = memory_models();
    let process = Process::start_with::<StockLevel, _>(old, models.clone(), leases(), 2);
    until("it halts", async || {
        process.halted::<StockLevel>().is_some()
    })
    .await;
    let reason = process.halted::<StockLevel>().unwrap();
    assert!(
        reason.contains("max_parked") && reason.contains("stock-main.main.C"),
        "{reason}"
    );
    let place = process
        .status::<StockLevel>()
        .problem
        .unwrap()
        .event
        .unwrap();
    assert_eq!(place.position, first + 2);
    let checkpoint = models.checkpoints().await.unwrap()[0].position.get();
    assert_eq!(checkpoint, first + 1, "it was skipped");
    assert_eq!(parked::<StockLevel>(&models).await.len(), 2);
    // One less, and it goes on by itself: nothing that an operator says has to wait for it.
    assert!(models.ask::<StockLevel>(first, true));
    reaches::<StockLevel>(&models, store.head().await.unwrap().position).await;
    assert_eq!(parked::<StockLevel>(&models).await.len(), 2);
    assert!(process.halted::<StockLevel>().is_none());
    process.stop().await;
    let mut rest = events(&*store).await;
    rest.retain(|event| ![first + 1, first + 2].contains(&event.envelope.position.get()));
    let rest = fold_without::<StockLevel>(&rest, &BTreeSet::from([first]));
    assert_eq!(models.rows::<StockLevel>(), rest);
}

#[tokio::test]
async fn nothing_is_parked_by_a_leader_that_is_fenced_and_nothing_by_halves() {
    async fn check<R: ReadModels>(models: R) {
        type P = StockLevel;
        let park = |sequence: &str, position, replaces| ParkingChange::Park {
            sequence: sequence.into(),
            stop: Stop {
                place: Place {
                    stream: "stock-main.main.A".into(),
                    version: 1,
                    position,
                },
                event_id: Uuid::from_u128(5),
                event_type: "StockReceived".into(),
                after: 0,
                error: "no".into(),
                behind: None,
            },
            queued: 0,
            attempts: 1,
            replaces,
            wanted: false,
        };
        let commit = |leader_epoch, from, parking| Commit {
            leader_epoch,
            from: Position::new(from),
            to: Position::new(from + 5).into(),
            store_epoch: Uuid::from_u128(1),
            changes: vec![],
            parking,
        };
        models.take_over::<P>(7).await.unwrap();
        let release = |revision| ParkingChange::Release {
            sequence: "a".into(),
            revision,
        };
        for (epoch, from, parking) in [
            (6, 0, vec![park("a", 1, None)]),
            (8, 0, vec![park("a", 1, None)]),
            (7, 1, vec![park("a", 1, None)]),
            (7, 0, vec![park("a", 1, None), park("a", 1, None)]),
            (7, 0, vec![park("a", 1, None), park("b", 2, Some(0))]),
            (7, 0, vec![release(0)]),
        ] {
            let refused = models.commit::<P>(commit(epoch, from, parking)).await;
            assert!(
                matches!(refused, Err(ReadModelError::Fenced(_))),
                "{epoch} {from}"
            );
        }
        assert_eq!(parked::<P>(&models).await, []);
        assert_eq!(
            models.take_over::<P>(7).await.unwrap().at.position,
            Position::ZERO
        );
        let first = commit(7, 0, vec![park("a", 1, None), park("b", 2, None)]);
        models.commit::<P>(first).await.unwrap();
        let again = commit(7, 5, vec![park("a", 3, Some(0)), release(1)]);
        models.commit::<P>(again).await.unwrap();
        let left = parked::<P>(&models).await;
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].sequence, "b");
        assert_eq!(models.parked_counts().await.unwrap()[0].sequences, 1);
    }
    check(memory_models()).await;
    check(database().await.models).await;
}
