//! What is parked is tried again: in full streams, against a database that refuses, and however often it is
//! asked for.

use super::{
    harness::{Process, database, fresh, leases, memory_models, memory_store, reaches, until},
    old_build::OldBuild,
};
use crate::{
    ReadModels,
    live::Place,
    parking::{ParkedCount, ParkedSequence, Parking, ParkingChange, Stop},
    projection::Projection,
    projections::{OrderProcess, StockLevel},
    storage::{Asked, Checkpoint, CheckpointRecord, Commit, KeyOf, ReadModelError},
    testing::{History, fold_without},
};
use domain::{OrderId, Position};
use std::{
    collections::BTreeSet,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};
use store::{EventReader, MemoryStore};
use uuid::Uuid;

async fn parked<P: Projection>(models: &impl ReadModels) -> Vec<ParkedSequence> {
    models.parking::<P>().await.unwrap().sequences
}

/// Orders, and then one stream of stock: of each order in turn a reservation. The positions of those.
async fn reserved(orders: usize) -> (Arc<MemoryStore>, Vec<i64>) {
    let store = Arc::new(memory_store());
    let mut history = History::default();
    history.receive("A", 100);
    let place = |history: &mut History| history.place("c1", &[("A", 1, 100)]);
    let orders: Vec<OrderId> = (0..orders).map(|_| place(&mut history)).collect();
    let mut positions = vec![];
    for order in &orders {
        history.reserve(*order, "A", 1);
        positions.push(history.events().len() as i64);
    }
    history.append_to(&*store).await;
    (store, positions)
}

async fn head(store: &MemoryStore) -> Position {
    store.head().await.unwrap().position
}

#[tokio::test]
async fn events_of_two_rows_that_one_stream_hid_are_both_folded() {
    let (store, positions) = reserved(3).await;
    let (models, leases) = (memory_models(), leases());
    let old = OldBuild::new(store.clone(), positions.clone());
    let process = Process::start::<OrderProcess, _>(Arc::new(old), models.clone(), leases.clone());
    reaches::<OrderProcess>(&models, head(&store).await).await;
    process.stop().await;
    let waiting = parked::<OrderProcess>(&models).await;
    assert_eq!((waiting.len(), waiting[0].queued), (1, 2), "{waiting:?}");
    let process = Process::start::<OrderProcess, _>(store.clone(), models.clone(), leases);
    until("nothing is parked", async || {
        parked::<OrderProcess>(&models).await.is_empty()
    })
    .await;
    process.stop().await;
    assert_eq!(
        models.rows::<OrderProcess>(),
        fresh::<OrderProcess>(&*store).await
    );
}

#[tokio::test]
async fn where_too_many_rows_wait_it_halts_and_what_is_asked_for_makes_room() {
    let (store, positions) = reserved(5).await;
    let models = memory_models();
    let old = Arc::new(OldBuild::new(store.clone(), [positions[0]]));
    let process =
        Process::start_bounded::<OrderProcess, _>(old, models.clone(), leases(), |options| {
            options.max_behind = 2;
        });
    until("it halts", async || {
        process.halted::<OrderProcess>().is_some()
    })
    .await;
    let reason = process.halted::<OrderProcess>().unwrap();
    assert!(reason.contains("may wait behind streams"), "{reason}");
    let checkpoint = models.checkpoints().await.unwrap()[0].position.get();
    assert_eq!(checkpoint, positions[2], "it was passed over");
    assert!(models.ask::<OrderProcess>(positions[0], true));
    reaches::<OrderProcess>(&models, head(&store).await).await;
    until("nothing is parked", async || {
        parked::<OrderProcess>(&models).await.is_empty()
    })
    .await;
    until("it goes on", async || {
        process.halted::<OrderProcess>().is_none()
    })
    .await;
    process.stop().await;
    let all = super::harness::events(&*store).await;
    let rest = fold_without::<OrderProcess>(&all, &BTreeSet::from([positions[0]]));
    assert_eq!(models.rows::<OrderProcess>(), rest);
}

fn stop_at(position: i64, event_id: u128) -> Stop {
    Stop {
        place: Place {
            stream: "stock-main.main.A".into(),
            version: 1,
            position,
        },
        event_id: Uuid::from_u128(event_id),
        event_type: "StockReceived".into(),
        after: 0,
        error: "no".into(),
        behind: None,
    }
}

/// What is parked of stock, by a leader that is gone.
async fn park(models: &impl ReadModels, from: i64, parking: Vec<ParkingChange>) {
    models.take_over::<StockLevel>(7).await.unwrap();
    let commit = Commit {
        leader_epoch: 7,
        from: Position::new(from),
        to: Position::new(from + 1).into(),
        store_epoch: Uuid::from_u128(1),
        changes: vec![],
        parking,
    };
    models.commit::<StockLevel>(commit).await.unwrap();
}

fn stopped(sequence: &str, stop: Stop) -> ParkingChange {
    ParkingChange::Park {
        sequence: sequence.into(),
        stop,
        queued: 0,
        attempts: 1,
        replaces: None,
        wanted: false,
    }
}

#[tokio::test]
async fn to_ask_again_for_what_is_asked_for_changes_nothing() {
    let database = database().await;
    let models = &database.models;
    park(models, 0, vec![stopped("a", stop_at(1, 5))]).await;
    for _ in 0..3 {
        let asked = models.retry_parked("stock_level", 1).await.unwrap();
        assert_eq!(asked, Asked::Noted);
    }
    let nothing = models.retry_parked("stock_level", 2).await.unwrap();
    assert_eq!(nothing, Asked::NotParked);
    let waiting = parked::<StockLevel>(models).await;
    assert_eq!((waiting[0].wanted, waiting[0].revision), (true, 1));
    let models = memory_models();
    park(&models, 0, vec![stopped("a", stop_at(1, 5))]).await;
    for _ in 0..3 {
        assert!(models.ask::<StockLevel>(1, false));
    }
    assert_eq!(parked::<StockLevel>(&models).await[0].revision, 1);
}

#[tokio::test]
async fn who_has_skipped_an_event_first_stands() {
    let database = database().await;
    let models = &database.models;
    // A stream and a row can stop at one event.
    let parking = vec![
        stopped("a", stop_at(1, 5)),
        stopped("stream a", stop_at(1, 5)),
    ];
    park(models, 0, parking).await;
    let skip = async |by| {
        let asked = models.skip_parked("stock_level", 1, "a test", by).await;
        assert_eq!(asked.unwrap(), Asked::Noted);
        let event = models
            .find_skipped("stock_level", 1)
            .await
            .unwrap()
            .unwrap();
        let revisions = parked::<StockLevel>(models).await;
        let revisions: Vec<i32> = revisions.iter().map(|one| one.revision).collect();
        (event.skipped_by, event.event_id, revisions)
    };
    let first = ("ada".to_owned(), Uuid::from_u128(5), vec![1, 1]);
    assert_eq!(skip("ada").await, first);
    assert_eq!(skip("bob").await, first);
    // In a store that was restored another event is there.
    let sql = "UPDATE read.parked_sequence SET event_id = $1";
    let other = Uuid::from_u128(6);
    let updated = sqlx::query(sql).bind(other).execute(models.pool()).await;
    assert_eq!(updated.unwrap().rows_affected(), 2);
    assert_eq!(skip("eve").await, ("eve".to_owned(), other, vec![2, 2]));
}

#[tokio::test]
async fn a_skip_waits_for_a_swap_and_is_of_what_is_there_then() {
    let database = database().await;
    let models = &database.models;
    let parking = vec![stopped("a", stop_at(1, 5)), stopped("b", stop_at(2, 6))];
    park(models, 0, parking).await;
    for (position, swaps) in [(1, false), (2, true)] {
        let mut swap = models.pool().begin().await.unwrap();
        let hold = sqlx::query("DELETE FROM read.parked_sequence WHERE position = $1");
        hold.bind(position).execute(&mut *swap).await.unwrap();
        let swapped = async {
            until("the skip waits for the swap", async || {
                let waits = "SELECT EXISTS (SELECT FROM pg_stat_activity
                              WHERE datname = current_database() AND wait_event_type = 'Lock')";
                let waits = sqlx::query_scalar::<_, bool>(waits);
                waits.fetch_one(models.pool()).await.unwrap()
            })
            .await;
            match swaps {
                true => swap.commit().await.unwrap(),
                false => swap.rollback().await.unwrap(),
            }
        };
        let skip = models.skip_parked("stock_level", position, "a test", "ada");
        let (asked, ()) = tokio::join!(skip, swapped);
        let expected = match swaps {
            true => Asked::NotParked,
            false => Asked::Noted,
        };
        assert_eq!(asked.unwrap(), expected);
        let skipped = models.find_skipped("stock_level", position).await.unwrap();
        assert_eq!(skipped.is_some(), !swaps);
    }
}

/// Read models that fail to commit what becomes of what is parked, so often.
#[derive(Clone)]
struct Faulty<R> {
    models: R,
    faults: Arc<AtomicUsize>,
    /// Whether they refuse it, rather than being out of reach.
    refuses: Arc<AtomicBool>,
}

impl<R> Faulty<R> {
    fn new(models: R) -> Self {
        Self {
            models,
            faults: Arc::default(),
            refuses: Arc::default(),
        }
    }

    fn fail(&self, times: usize, refuses: bool) {
        self.refuses.store(refuses, Ordering::SeqCst);
        self.faults.store(times, Ordering::SeqCst);
    }

    fn is_left(&self) -> bool {
        self.faults.load(Ordering::SeqCst) > 0
    }
}

impl<R: ReadModels> ReadModels for Faulty<R> {
    async fn take_over<P: Projection>(&self, epoch: i64) -> Result<Checkpoint, ReadModelError> {
        self.models.take_over::<P>(epoch).await
    }

    async fn load<P: Projection>(&self, keys: &[KeyOf<P>]) -> Result<Vec<P::Row>, ReadModelError> {
        self.models.load::<P>(keys).await
    }

    async fn commit<P: Projection>(&self, commit: Commit<P::Row>) -> Result<(), ReadModelError> {
        let releases = |change: &ParkingChange| matches!(change, ParkingChange::Release { .. });
        if self.is_left() && commit.parking.iter().any(releases) {
            self.faults.fetch_sub(1, Ordering::SeqCst);
            return Err(match self.refuses.load(Ordering::SeqCst) {
                true => ReadModelError::Failed {
                    what: "writing rows".into(),
                    source: sqlx::Error::RowNotFound,
                },
                false => ReadModelError::Unavailable(sqlx::Error::Io(io::Error::other("gone"))),
            });
        }
        self.models.commit::<P>(commit).await
    }

    async fn checkpoints(&self) -> Result<Vec<CheckpointRecord>, ReadModelError> {
        self.models.checkpoints().await
    }

    async fn parking<P: Projection>(&self) -> Result<Parking, ReadModelError> {
        self.models.parking::<P>().await
    }

    async fn parked_sequences<P: Projection>(&self) -> Result<Vec<ParkedSequence>, ReadModelError> {
        self.models.parked_sequences::<P>().await
    }

    async fn parked_counts(&self) -> Result<Vec<ParkedCount>, ReadModelError> {
        self.models.parked_counts().await
    }
}

/// Stock of A that an old build has parked.
async fn old_stock() -> (Arc<MemoryStore>, History, Faulty<crate::MemoryReadModels>) {
    let store = Arc::new(memory_store());
    let mut history = History::default();
    for name in ["A", "B", "A"] {
        history.receive(name, 7);
    }
    history.append_to(&*store).await;
    let models = Faulty::new(memory_models());
    let old = Arc::new(OldBuild::new(store.clone(), [1]));
    let process = Process::start::<StockLevel, _>(old, models.clone(), leases());
    reaches::<StockLevel>(&models, head(&store).await).await;
    process.stop().await;
    (store, history, models)
}

#[tokio::test]
async fn an_error_on_the_way_does_not_use_up_what_a_build_tries_by_itself() {
    let (store, _, models) = old_stock().await;
    models.fail(1, false);
    let process = Process::start::<StockLevel, _>(store.clone(), models.clone(), leases());
    until("A is not parked any more", async || {
        parked::<StockLevel>(&models).await.is_empty()
    })
    .await;
    assert!(!models.is_left());
    process.stop().await;
}

#[tokio::test]
async fn what_the_database_refuses_of_one_row_does_not_halt_the_others() {
    let (store, mut history, models) = old_stock().await;
    models.fail(1, true);
    let process = Process::start::<StockLevel, _>(store.clone(), models.clone(), leases());
    until("it is recorded", async || {
        let parked = parked::<StockLevel>(&models).await;
        parked.len() == 1
            && parked[0]
                .stop
                .error
                .contains("the database of the read models")
    })
    .await;
    history.receive("B", 1);
    history.receive("A", 1);
    history.append_to(&*store).await;
    reaches::<StockLevel>(&models, head(&store).await).await;
    let waiting = parked::<StockLevel>(&models).await;
    assert_eq!(
        (waiting[0].queued, waiting[0].attempts, waiting[0].wanted),
        (2, 3, false)
    );
    assert!(process.halted::<StockLevel>().is_none());
    assert!(models.models.ask::<StockLevel>(1, false));
    until("A is not parked any more", async || {
        parked::<StockLevel>(&models).await.is_empty()
    })
    .await;
    process.stop().await;
    assert_eq!(
        models.models.rows::<StockLevel>(),
        fresh::<StockLevel>(&*store).await
    );
}

#[tokio::test]
async fn what_is_new_and_cannot_be_read_waits_for_no_retry() {
    let (store, mut history, models) = old_stock().await;
    for _ in 0..1_500 {
        history.receive("B", 1);
    }
    history.append_to(&*store).await;
    let process = Process::start::<StockLevel, _>(
        Arc::new(OldBuild::new(store.clone(), [1])),
        models.clone(),
        leases(),
    );
    reaches::<StockLevel>(&models, head(&store).await).await;
    process.stop().await;
    history.receive("C", 1);
    history.append_to(&*store).await;
    let new = head(&store).await.get();
    // It reads A, by an event at a time, and cannot read C.
    let reader = Arc::new(OldBuild::new(store.clone(), [new]));
    let process =
        Process::start_bounded::<StockLevel, _>(reader, models.clone(), leases(), |options| {
            options.batch = 1;
        });
    reaches::<StockLevel>(&models, head(&store).await).await;
    let parked = parked::<StockLevel>(&models).await;
    assert_eq!(parked.len(), 2, "C waited for A: {parked:?}");
    process.stop().await;
}

/// A process that was ended in the middle of a retry, and two that take turns: what is asked for is done once.
#[tokio::test]
async fn a_crash_in_the_middle_of_a_retry_leaves_all_as_it_was() {
    let (store, mut history, models) = old_stock().await;
    // More than a page of history.
    for nr in 0..300 {
        history.receive(["A", "B"][nr % 2], 1);
    }
    history.append_to(&*store).await;
    let all = leases();
    for _ in 0..3 {
        let process = Process::start::<StockLevel, _>(store.clone(), models.clone(), all.clone());
        tokio::time::sleep(std::time::Duration::from_millis(15)).await;
        process.crash().await;
    }
    let processes = [(), ()]
        .map(|()| Process::start::<StockLevel, _>(store.clone(), models.clone(), all.clone()));
    // Live events of the row come while it is tried again.
    for _ in 0..20 {
        history.receive("A", 1);
        history.append_to(&*store).await;
        models.models.ask::<StockLevel>(1, false);
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    until("A is not parked any more", async || {
        parked::<StockLevel>(&models).await.is_empty()
    })
    .await;
    reaches::<StockLevel>(&models, head(&store).await).await;
    for process in processes {
        process.stop().await;
    }
    assert_eq!(
        models.models.rows::<StockLevel>(),
        fresh::<StockLevel>(&*store).await
    );
}
