//! Leaders that are not leaders any more, and crashes.

use super::harness::{
    Process, database, filled, fresh, leases, memory_models, memory_store, reaches, table, until,
};
use crate::{
    live::{RunOptions, Runner},
    parking::{ParkedCount, ParkedSequence, Parking},
    projection::Projection,
    projections::{CustomerSummary, OrderSummary},
    rebuild::{RebuildOptions, rebuild},
    storage::{Checkpoint, CheckpointRecord, Commit, KeyOf, ReadModelError, ReadModels},
};
use domain::Position;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use store::{Bookmark, EventReader};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Read models that let through as many commits as they are told, and hold up the others: a process
/// that is stopped between load and commit.
#[derive(Clone)]
struct Paused<R> {
    models: R,
    permits: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

impl<R: ReadModels> Paused<R> {
    fn after(commits: usize, models: R) -> Self {
        Self {
            models,
            permits: Arc::new(Semaphore::new(commits)),
            waiting: Arc::default(),
        }
    }

    async fn is_waiting(&self) {
        until("a commit waits", async || {
            self.waiting.load(Ordering::SeqCst) > 0
        })
        .await;
    }
}

impl<R: ReadModels> ReadModels for Paused<R> {
    async fn take_over<P: Projection>(&self, epoch: i64) -> Result<Checkpoint, ReadModelError> {
        self.models.take_over::<P>(epoch).await
    }

    async fn load<P: Projection>(&self, keys: &[KeyOf<P>]) -> Result<Vec<P::Row>, ReadModelError> {
        self.models.load::<P>(keys).await
    }

    async fn commit<P: Projection>(&self, commit: Commit<P::Row>) -> Result<(), ReadModelError> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        self.permits.acquire().await.unwrap().forget();
        self.waiting.fetch_sub(1, Ordering::SeqCst);
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

/// The first leader is stopped between load and commit for longer than its lease; a second one takes
/// over; the first wakes.
async fn paused_leader<R: ReadModels>(
    store: Arc<dyn EventReader>,
    models: R,
    rows: impl AsyncFn() -> Vec<<CustomerSummary as Projection>::Row>,
) {
    let paused = Paused::after(1, models.clone());
    let feed_stop = CancellationToken::new();
    let feed = super::harness::feed(store.clone(), feed_stop.clone());
    let options = RunOptions {
        batch: 32,
        ..RunOptions::default()
    };
    let first = Runner::<CustomerSummary, _>::new(feed, paused.clone(), options);
    let never = CancellationToken::new();
    let (stop, lost) = (never.clone(), never.clone());
    let first = tokio::spawn(async move { first.run(1, [&stop, &lost], || {}).await });
    paused.is_waiting().await;
    until("the first batch is written", async || {
        !rows().await.is_empty()
    })
    .await;
    paused.is_waiting().await;

    let second = Process::start::<CustomerSummary, _>(store.clone(), models.clone(), {
        // Its epoch must be higher than the first one's.
        let leases = leases();
        let name = format!("projector/{}", CustomerSummary::NAME);
        let before = leases.acquire(&name, uuid::Uuid::from_u128(1), super::harness::SOON);
        let before = before.await.unwrap().unwrap();
        leases.release(&before).await.unwrap();
        leases
    });
    let head = store.head().await.unwrap().position;
    reaches::<CustomerSummary>(&models, head).await;
    let before = rows().await;
    paused.permits.add_permits(1_000);
    let error = first.await.unwrap().unwrap_err();
    assert!(error.is_fenced(), "{error}");
    assert_eq!(rows().await, before, "a write of the first one landed");
    second.stop().await;
    assert_eq!(rows().await, fresh::<CustomerSummary>(&*store).await);
    feed_stop.cancel();
}

#[tokio::test]
async fn nothing_of_a_paused_leader_lands_in_postgres() {
    let database = database().await;
    filled(&*database.store, 200).await;
    let models = database.models.clone();
    let rows = || async { table::<CustomerSummary>(&models).await };
    paused_leader(database.store.clone(), database.models.clone(), rows).await;
}

#[tokio::test]
async fn nothing_of_a_paused_leader_lands_in_memory() {
    let store = Arc::new(memory_store());
    filled(&*store, 200).await;
    let models = memory_models();
    let seen = models.clone();
    let rows = || async { seen.rows::<CustomerSummary>() };
    paused_leader(store, models.clone(), rows).await;
}

#[tokio::test]
async fn a_fenced_leader_writes_nothing_and_an_older_one_does_not_lead() {
    async fn check<R: ReadModels>(models: R) {
        type P = CustomerSummary;
        let at = models.take_over::<P>(7).await.unwrap();
        assert_eq!(at.at, Bookmark::START);
        assert!(matches!(
            models.take_over::<P>(6).await,
            Err(ReadModelError::Fenced("customer_summary"))
        ));
        let commit = |leader_epoch, from| Commit {
            leader_epoch,
            from: Position::new(from),
            to: Position::new(from + 5).into(),
            store_epoch: uuid::Uuid::from_u128(1),
            changes: vec![],
            parking: vec![],
        };
        for (epoch, from) in [(6, 0), (8, 0), (7, 1)] {
            let refused = models.commit::<P>(commit(epoch, from)).await;
            assert!(
                matches!(refused, Err(ReadModelError::Fenced(_))),
                "{epoch} {from}"
            );
        }
        models.commit::<P>(commit(7, 0)).await.unwrap();
        let again = models.commit::<P>(commit(7, 0)).await;
        assert!(
            matches!(again, Err(ReadModelError::Fenced(_))),
            "done twice"
        );
        assert_eq!(models.take_over::<P>(7).await.unwrap().at.position.get(), 5);
    }
    check(memory_models()).await;
    check(database().await.models).await;
}

#[tokio::test]
async fn a_crash_between_load_and_commit_loses_and_doubles_nothing() {
    let database = database().await;
    let (store, models) = (&database.store, &database.models);
    let mut history = filled(&**store, 400).await;
    let leases = leases();
    for round in 0..4 {
        let paused = Paused::after(round, models.clone());
        let crashing =
            Process::start::<OrderSummary, _>(store.clone(), paused.clone(), leases.clone());
        // The lease of the one before has to end by itself.
        paused.is_waiting().await;
        crashing.crash().await;
        for step in 0..20 {
            history.random_step(1_000 * round as u32 + step);
        }
        history.append_to(&**store).await;
    }
    let last = Process::start::<OrderSummary, _>(store.clone(), models.clone(), leases);
    reaches::<OrderSummary>(models, store.head().await.unwrap().position).await;
    last.stop().await;
    assert_eq!(
        table::<OrderSummary>(models).await,
        fresh::<OrderSummary>(&**store).await
    );
}

/// The leases were restored from an older copy than the read models, so that no lease has an epoch
/// that the checkpoint lets in.
#[tokio::test]
async fn a_leader_that_is_never_let_in_is_failing_until_it_is_built_anew() {
    let database = database().await;
    let (store, models) = (&database.store, &database.models);
    filled(&**store, 20).await;
    models
        .take_over::<CustomerSummary>(1_000_000)
        .await
        .unwrap();
    let process = Process::start::<CustomerSummary, _>(store.clone(), models.clone(), leases());
    until("it is failing", async || {
        process.halted::<CustomerSummary>().is_some()
    })
    .await;
    let verdict = process.halted::<CustomerSummary>().unwrap();
    assert!(
        verdict.contains("projector rebuild customer_summary"),
        "{verdict}"
    );
    let options = RebuildOptions::default();
    let rebuilt = rebuild::<CustomerSummary>(store.clone(), models, &options, Arc::new(|_| {}));
    rebuilt.await.unwrap();
    until("it goes on by itself", async || {
        process.halted::<CustomerSummary>().is_none()
    })
    .await;
    process.stop().await;
    assert_eq!(
        table::<CustomerSummary>(models).await,
        fresh::<CustomerSummary>(&**store).await
    );
}
