//! What the tests of the runtimes share.

use crate::{
    Board, MemoryReadModels, Parts, PostgresReadModels, ProjectionStatus, ReadModels, Rebuilds,
    State,
    live::RunOptions,
    projection::Projection,
    projections::{self, Visitor},
    rebuild::{RebuildError, RebuildOptions, Rebuilt, rebuild},
    row::Row,
    service::Worker,
    testing::{History, fold_all},
};
use bus::{Feed, StoreFeed, TailOptions};
use chassis::{Lifecycle, config::ProjectorSettings};
use domain::{Position, Recorded};
use futures::future::LocalBoxFuture;
use servers::{SharedPostgres, TestDatabase};
use sqlx::AssertSqlSafe;
use std::{sync::Arc, time::Duration};
use store::{
    EventReader, EventStore, MemoryStore, PostgresOptions, PostgresStore, SystemClock,
    lease::{Leases, MemoryLeases},
};
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep},
};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};
use uuid::Uuid;

/// How long anything may take in a test.
pub(super) const SOON: Duration = Duration::from_secs(30);

pub(super) fn memory_store() -> MemoryStore {
    MemoryStore::new(Arc::new(SystemClock), Uuid::from_u128(1))
}

/// What is done with every projection there is, a new one too.
pub(super) trait WithEach {
    type Done;
    fn with<P: Projection>(&self) -> LocalBoxFuture<'_, Self::Done>;
}

/// Does it with one after the other.
pub(super) async fn with_each<W: WithEach>(what: &W) -> Vec<W::Done> {
    struct Each<'a, W: WithEach>(&'a W, Vec<LocalBoxFuture<'a, W::Done>>);
    impl<W: WithEach> Visitor for Each<'_, W> {
        fn visit<P: Projection>(&mut self) {
            self.1.push(self.0.with::<P>());
        }
    }
    let mut each = Each(what, vec![]);
    projections::all(&mut each);
    let mut done = vec![];
    for one in each.1 {
        done.push(one.await);
    }
    done
}

/// A database with store and read models.
pub(super) struct Database {
    pub(super) url: String,
    pub(super) store: Arc<PostgresStore>,
    pub(super) models: PostgresReadModels,
    _database: TestDatabase,
}

pub(super) async fn database() -> Database {
    let database = SharedPostgres::database().await.unwrap();
    let url = database.url().to_owned();
    let options = PostgresOptions::new(&url).accept_data_loss();
    let store = PostgresStore::connect(options).await.unwrap();
    store.migrate().await.unwrap();
    Database {
        models: PostgresReadModels::connect(&url, 8).await.unwrap(),
        url,
        store: Arc::new(store),
        _database: database,
    }
}

/// What builds anew in a test's process, and that process's life.
pub(super) fn rebuilds(database: &Database, keep_s: u64) -> (Rebuilds, Lifecycle) {
    let lifecycle = Lifecycle::new(SOON);
    let mut settings = ProjectorSettings::default();
    settings.keep_replaced_s = keep_s;
    let (reader, models) = (database.store.clone(), database.models.clone());
    (
        Rebuilds::new(reader, models, &settings, &lifecycle),
        lifecycle,
    )
}

/// What rebuilds have left, besides what is kept for a rollback.
pub(super) async fn leftovers(models: &PostgresReadModels) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT relname::text FROM pg_class JOIN pg_namespace AS n ON n.oid = relnamespace
         WHERE n.nspname = 'read' AND (
             relname LIKE '%\\_\\_new%'
             OR relname LIKE '%\\_\\_old%' AND NOT EXISTS (
                 SELECT FROM read.replaced AS r WHERE relname LIKE r.projection || '%'
             )
         )
         UNION ALL
         SELECT name FROM read.checkpoint WHERE name LIKE '%\\_\\_%'
         UNION ALL
         SELECT 'rebuild of ' || projection FROM read.rebuild",
    )
    .fetch_all(models.pool())
    .await
    .unwrap()
}

/// All events of a store.
pub(super) async fn events(reader: &dyn EventReader) -> Vec<Recorded> {
    let mut all = vec![];
    let mut after = Position::ZERO;
    loop {
        let page = reader.read_all(after, 1_000).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.envelope.position;
        all.extend(page);
    }
    all.into_iter()
        .map(|stored| stored.decode().unwrap())
        .collect()
}

/// A fresh fold of a store, as text for each row.
pub(super) async fn fresh<P: Projection>(reader: &dyn EventReader) -> Vec<P::Row> {
    let rows = fold_all::<P>(&events(reader).await).unwrap();
    rows.into_values().collect()
}

/// All rows of a table, whole, by key.
pub(super) async fn table<P: Projection>(models: &PostgresReadModels) -> Vec<P::Row> {
    table_in::<P>("read", models).await
}

/// The same in another schema.
pub(super) async fn table_in<P: Projection>(
    schema: &str,
    models: &PostgresReadModels,
) -> Vec<P::Row> {
    let sql = format!(
        "SELECT {} FROM \"{schema}\".{}",
        crate::storage::postgres::column_list(P::Row::COLUMNS.iter()),
        P::Row::TABLE
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .fetch_all(models.pool())
        .await
        .unwrap();
    let mut rows: Vec<P::Row> = rows
        .iter()
        .map(|row| crate::storage::postgres::decode_whole::<P::Row>(row).unwrap())
        .collect();
    rows.sort_by_key(Row::key);
    rows
}

/// What folds in a test: one process, so to say.
pub(super) struct Process {
    pub(super) board: Board,
    stop: CancellationToken,
    task: JoinHandle<()>,
    _feed: DropGuard,
}

impl Process {
    /// Starts to keep `P` up to date.
    pub(super) fn start<P: Projection, R: ReadModels>(
        reader: Arc<dyn EventReader>,
        models: R,
        leases: Arc<dyn Leases>,
    ) -> Self {
        Self::start_with::<P, R>(reader, models, leases, 100)
    }

    /// The same, where at most `max_parked` sequences may be parked.
    pub(super) fn start_with<P: Projection, R: ReadModels>(
        reader: Arc<dyn EventReader>,
        models: R,
        leases: Arc<dyn Leases>,
        max_parked: usize,
    ) -> Self {
        Self::start_bounded::<P, R>(reader, models, leases, |options| {
            options.max_parked = max_parked;
        })
    }

    /// The same with other bounds.
    pub(super) fn start_bounded<P: Projection, R: ReadModels>(
        reader: Arc<dyn EventReader>,
        models: R,
        leases: Arc<dyn Leases>,
        bound: impl FnOnce(&mut RunOptions),
    ) -> Self {
        Self::start_all::<P, R>(reader, models, leases, None, bound)
    }

    /// The same, which builds anew what is of an older version of its fold.
    pub(super) fn start_building<P: Projection>(
        reader: Arc<dyn EventReader>,
        models: PostgresReadModels,
        leases: Arc<dyn Leases>,
        rebuilds: Rebuilds,
    ) -> Self {
        Self::start_all::<P, _>(reader, models, leases, Some(rebuilds), |_| {})
    }

    fn start_all<P: Projection, R: ReadModels>(
        reader: Arc<dyn EventReader>,
        models: R,
        leases: Arc<dyn Leases>,
        rebuilds: Option<Rebuilds>,
        bound: impl FnOnce(&mut RunOptions),
    ) -> Self {
        let mut options = RunOptions {
            batch: 64,
            patience: Duration::from_millis(50),
            max_retries: 1,
            ..RunOptions::default()
        };
        bound(&mut options);
        let stop_feed = CancellationToken::new();
        let feed = feed(reader, stop_feed.clone());
        let feed_guard = stop_feed.drop_guard();
        let board = Board::new();
        let worker = Worker {
            parts: Parts {
                feed,
                models,
                leases,
                clock: Arc::new(SystemClock),
            },
            options,
            lease: Duration::from_secs(2),
            max_retries: 2,
            board: board.clone(),
            rebuilds,
        };
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let task = tokio::spawn(async move { worker.keep::<P>(stopped).await });
        Self {
            board,
            stop,
            task,
            _feed: feed_guard,
        }
    }

    /// What is said of `P`.
    pub(super) fn status<P: Projection>(&self) -> ProjectionStatus {
        let statuses = self.board.statuses().into_iter();
        let mut mine = statuses.filter(|status| status.name == P::NAME);
        mine.next().unwrap()
    }

    /// Why `P` cannot go on, once it is given up.
    pub(super) fn halted<P: Projection>(&self) -> Option<String> {
        let status = self.status::<P>();
        match status.state {
            State::Failing => status.problem.map(|problem| problem.reason),
            _ => None,
        }
    }

    pub(super) async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }

    /// Ends it where it is, as a crash does.
    pub(super) async fn crash(self) {
        self.task.abort();
        assert!(self.task.await.is_err());
    }
}

pub(super) fn feed(reader: Arc<dyn EventReader>, stop: CancellationToken) -> Arc<dyn Feed> {
    let options = TailOptions {
        poll: Duration::from_millis(20),
        ..TailOptions::default()
    };
    StoreFeed::start(reader, options, &TaskTracker::new(), stop).0
}

pub(super) fn leases() -> Arc<dyn Leases> {
    Arc::new(MemoryLeases::new(Arc::new(SystemClock)))
}

/// Builds the read model of `P` anew, once the server has noticed that whoever verified it is gone.
pub(super) async fn built_anew<P: Projection>(
    reader: &Arc<dyn EventReader>,
    models: &PostgresReadModels,
    options: &RebuildOptions,
) -> Rebuilt {
    let deadline = Instant::now() + SOON;
    loop {
        match rebuild::<P>(reader.clone(), models, options, Arc::new(|_| {})).await {
            Err(RebuildError::UnderWay(_)) if Instant::now() < deadline => {
                sleep(Duration::from_millis(5)).await;
            }
            rebuilt => return rebuilt.unwrap(),
        }
    }
}

/// Waits until the checkpoint of `P` is at `position`.
pub(super) async fn reaches<P: Projection>(models: &impl ReadModels, position: Position) {
    until(&format!("{} reaches {position}", P::NAME), async || {
        let checkpoints = models.checkpoints().await.unwrap();
        let mine = checkpoints.iter().find(|record| record.name == P::NAME);
        mine.is_some_and(|record| record.position >= position)
    })
    .await;
}

/// Waits until it is so.
pub(super) async fn until(what: &str, so: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + SOON;
    while !so().await {
        assert!(Instant::now() < deadline, "not in time: {what}");
        sleep(Duration::from_millis(5)).await;
    }
}

pub(super) async fn filled(store: &dyn EventStore, steps: u32) -> History {
    let mut history = History::of(0..steps);
    history.append_to(store).await;
    history
}

pub(super) fn memory_models() -> MemoryReadModels {
    MemoryReadModels::default()
}
