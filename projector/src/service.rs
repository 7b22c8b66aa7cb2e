//! The projections as part of a process: what runs, under which lease, and what is said of it.

use crate::{
    live::{RunError, RunOptions, Runner},
    projection::Projection,
    projections::{self, Visitor},
    rebuild::RebuildError,
    rebuilds::Rebuilds,
    status::{Board, Seen},
    storage::{PostgresReadModels, ReadModelError, ReadModels},
};
use anyhow::Context;
use assembly::{connections_beside, patiently};
use bus::Feed;
use chassis::{
    Lifecycle,
    config::{ProjectorSettings, Settings},
    health::Health,
};
use chrono::{DateTime, Utc};
use domain::Position;
use secrecy::ExposeSecret;
use std::{
    cmp::Ordering,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};
use store::{
    Clock, StoreError,
    lease::{Leases, lead},
};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The first wait after a projection stumbled; it doubles up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// The wait where others are at work that will be done soon.
const AGAIN: Duration = Duration::from_secs(1);

/// How often in a row a leader may find that another one leads.
const FENCED: u32 = 3;

/// How often it is looked how far the projections are, and how long that may take.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const LOOK_WITHIN: Duration = Duration::from_secs(5);

/// The most connections of a few rebuilds, besides the ones that their new tables are filled by; of many, each
/// has two.
const REBUILD_CONNECTIONS: u32 = 6;

/// The first wait after a rebuild for a new version failed; it doubles up to the longest. It folds all of
/// history each time.
const FIRST_REBUILD_WAIT: Duration = Duration::from_secs(15);
const LONGEST_REBUILD_WAIT: Duration = Duration::from_secs(15 * 60);

/// What the projections work with.
#[derive(Clone)]
pub struct Parts<R> {
    /// All events in order.
    pub feed: Arc<dyn Feed>,
    /// Where rows and checkpoints are.
    pub models: R,
    /// Who leads.
    pub leases: Arc<dyn Leases>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Connects to the read models, for projections that go on beside requests, and brings their tables up
/// to date. Waits while their database starts.
pub async fn open_read_models(settings: &Settings) -> anyhow::Result<PostgresReadModels> {
    // Each projection does one statement at a time.
    open(settings, connections_beside(projections::names().len())).await
}

/// As [`open_read_models`], for who builds read models anew, so many at once: each works with several
/// connections, and is to be done soon.
pub async fn open_read_models_to_rebuild(
    settings: &Settings,
    at_once: usize,
) -> anyhow::Result<PostgresReadModels> {
    let more = u32::try_from(at_once).unwrap_or(u32::MAX);
    open(settings, REBUILD_CONNECTIONS.max(more.saturating_mul(2))).await
}

async fn open(settings: &Settings, connections: u32) -> anyhow::Result<PostgresReadModels> {
    let url = settings.read_url().expose_secret();
    patiently(
        "the database of the read models",
        ReadModelError::is_transient,
        async || PostgresReadModels::connect(url, connections).await,
    )
    .await
    .context("read.url: the database of the read models cannot be used")
}

/// What the settings say of a runtime.
pub fn options(settings: &ProjectorSettings) -> RunOptions {
    RunOptions {
        batch: settings.batch,
        patience: settings.poll(),
        max_retries: settings.max_retries,
        max_parked: settings.max_parked,
        ..RunOptions::default()
    }
}

/// Starts all projections as tasks of `lifecycle`. Each works while this process leads it, and waits
/// otherwise. The board says what they are doing; that is no matter of readiness, as the process can
/// take traffic all the same.
pub fn start<R: ReadModels>(
    parts: &Parts<R>,
    settings: &ProjectorSettings,
    lifecycle: &Lifecycle,
) -> Board {
    start_all(parts, None, settings, lifecycle)
}

/// The same, and rows of an older version of a fold are made anew by whoever leads; what interrupted rebuilds
/// have left is removed.
pub fn start_with_rebuilds(
    parts: &Parts<PostgresReadModels>,
    rebuilds: &Rebuilds,
    settings: &ProjectorSettings,
    lifecycle: &Lifecycle,
) -> Board {
    let tidying = rebuilds.clone().keep_tidy(lifecycle.soft().clone());
    lifecycle.spawn_critical("rebuilds' leftovers", async move {
        tidying.await;
        Ok(())
    });
    start_all(parts, Some(rebuilds.clone()), settings, lifecycle)
}

fn start_all<R: ReadModels>(
    parts: &Parts<R>,
    rebuilds: Option<Rebuilds>,
    settings: &ProjectorSettings,
    lifecycle: &Lifecycle,
) -> Board {
    let board = Board::new();
    let mut starter = Starter {
        worker: Worker {
            parts: parts.clone(),
            options: options(settings),
            lease: settings.lease(),
            max_retries: settings.max_retries,
            board: board.clone(),
            rebuilds,
        },
        lifecycle,
    };
    projections::all(&mut starter);
    lifecycle.spawn_critical(
        "projections' lag",
        watch(parts.clone(), board.clone(), lifecycle.soft().clone()),
    );
    board
}

/// Warns in the health of the process of what people must see to: what is parked, what fails, what
/// stands still.
pub fn warn_of_parked(health: &Health, board: Board) {
    health.warn_of("projections", move || {
        let board = board.clone();
        async move { board.warning().map_or(Ok(()), Err) }
    });
}

struct Starter<'a, R> {
    worker: Worker<R>,
    lifecycle: &'a Lifecycle,
}

impl<R: ReadModels> Visitor for Starter<'_, R> {
    fn visit<P: Projection>(&mut self) {
        let worker = self.worker.clone();
        let stop = self.lifecycle.soft().clone();
        self.lifecycle.spawn_critical(P::NAME, async move {
            worker.keep::<P>(stop).await;
            Ok(())
        });
    }
}

/// What keeps a projection going.
#[derive(Clone)]
pub(crate) struct Worker<R> {
    pub(crate) parts: Parts<R>,
    pub(crate) options: RunOptions,
    pub(crate) lease: Duration,
    pub(crate) max_retries: u32,
    pub(crate) board: Board,
    /// What makes rows of an older version of a fold anew; where there is none, they are left as they are.
    pub(crate) rebuilds: Option<Rebuilds>,
}

impl<R: ReadModels> Worker<R> {
    /// Leads `P` again and again until `stop`: after an error from the stored checkpoint. While it
    /// waits after an error another process may lead, which perhaps can do what this one cannot.
    pub(crate) async fn keep<P: Projection>(&self, stop: CancellationToken) {
        let runner = Runner::<P, R>::new(
            self.parts.feed.clone(),
            self.parts.models.clone(),
            self.options.clone(),
        );
        let lease = format!("projector/{}", P::NAME);
        let (mut wait, mut attempts, mut fenced) = (FIRST_WAIT, 0_u32, 0_u32);
        let (mut rebuild_wait, mut rebuild_from) = (FIRST_REBUILD_WAIT, Instant::now());
        let well = AtomicBool::new(false);
        while !stop.is_cancelled() {
            let led = lead(
                self.parts.leases.as_ref(),
                &lease,
                Uuid::now_v7(),
                self.lease,
                &stop,
                |lease, lost| {
                    let (runner, well, stop) = (&runner, &well, &stop);
                    async move {
                        self.board.leads(P::NAME, true);
                        let went_well = || {
                            well.store(true, Relaxed);
                            self.board.goes_well(P::NAME);
                        };
                        let ran = runner.run(lease.epoch, [stop, &lost], went_well).await;
                        self.or_built_anew::<P>(ran, rebuild_from, [stop, &lost])
                            .await
                    }
                },
            );
            let led = led.await;
            self.board.leads(P::NAME, false);
            let Some(result) = led else { return };
            if well.swap(false, Relaxed) {
                (wait, attempts, fenced) = (FIRST_WAIT, 0, 0);
                rebuild_wait = FIRST_REBUILD_WAIT;
            }
            match result {
                Ok(()) => continue,
                // Another leader took over, or a rebuild did. Whoever has the lease is let in the next
                // time; if that never comes, the checkpoint knows of a leader that the leases do not.
                Err(error) if error.is_fenced() && fenced < FENCED => {
                    fenced += 1;
                    tracing::info!(projection = P::NAME, "{error}");
                }
                // Somebody else builds it, or verifies it; or a newer build has: whoever has that build leads it,
                // and goes on.
                Err(error) if waits_for_others(&error) => {
                    self.waits(P::NAME, &error, attempts);
                    (attempts, wait) = (attempts.max(1), LONGEST_WAIT.min(wait.max(AGAIN)));
                }
                Err(error @ RunError::NotBuilt { .. }) => {
                    attempts = attempts.max(self.max_retries).saturating_add(1);
                    self.stumbled(P::NAME, &error, attempts);
                    rebuild_from = Instant::now() + rebuild_wait;
                    rebuild_wait = LONGEST_REBUILD_WAIT.min(rebuild_wait * 2);
                }
                // Why it could not be built is said already; perhaps an operator has it built meanwhile.
                Err(error) if is_older(&error) && Instant::now() < rebuild_from => {}
                Err(error) if error.is_fenced() => {
                    attempts = attempts.saturating_add(1);
                    self.stumbled(P::NAME, &RunError::ShutOut { name: P::NAME }, attempts);
                }
                Err(error) => {
                    attempts = attempts.saturating_add(1);
                    self.stumbled(P::NAME, &error, attempts);
                }
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = sleep(wait) => wait = LONGEST_WAIT.min(wait * 2),
            }
        }
    }

    /// Where the rows are of an older version of the fold than this build's, they are made anew, by the one who
    /// leads; the live ones are read meanwhile, as they are. Not before `from`.
    async fn or_built_anew<P: Projection>(
        &self,
        ran: Result<(), RunError>,
        from: Instant,
        stops: [&CancellationToken; 2],
    ) -> Result<(), RunError> {
        let Err(error) = ran else { return Ok(()) };
        match &self.rebuilds {
            Some(rebuilds)
                if rebuilds.on_new_version() && is_older(&error) && Instant::now() >= from =>
            {
                tracing::info!(projection = P::NAME, "{error}");
                rebuilds.for_new_version::<P>(stops).await
            }
            _ => Err(error),
        }
    }

    /// It waits for what others do: that is said, and is no failure.
    fn waits(&self, name: &'static str, error: &RunError, attempts: u32) {
        self.board.stumbled(name, error, attempts.max(1), false);
        if attempts == 0 {
            tracing::warn!(projection = name, "{name} waits: {}", error.in_short());
        }
    }

    fn stumbled(&self, name: &'static str, error: &RunError, attempts: u32) {
        let failing = attempts > self.max_retries;
        self.board.stumbled(name, error, attempts, failing);
        // Once when it begins, and once when it is given up: it goes on failing quietly.
        let reason = error as &dyn std::error::Error;
        if attempts == self.max_retries + 1 {
            tracing::error!(
                projection = name,
                error = reason,
                "{name} cannot go on: {error}"
            );
        } else if attempts == 1 {
            tracing::warn!(
                projection = name,
                error = reason,
                "{name} is tried again: {error}"
            );
        }
    }
}

/// Whether the rows are of an older version of the fold than this build's.
fn is_older(error: &RunError) -> bool {
    error.other_version() == Some(Ordering::Less)
}

/// Whether it goes on once others have done what they are at.
fn waits_for_others(error: &RunError) -> bool {
    match error {
        RunError::NotBuilt { error, .. } => matches!(**error, RebuildError::UnderWay(_)),
        error => error.other_version() == Some(Ordering::Greater),
    }
}

/// Looks now and then how far the projections are, whoever leads them: what is said of them is
/// measured against the store and the database, so that a dead reader does not look like a fast one.
async fn watch<R: ReadModels>(
    parts: Parts<R>,
    board: Board,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let mut looked = Instant::now();
    loop {
        let look = tokio::time::timeout(LOOK_WITHIN, look(&parts, &board));
        let Some(result) = stop.run_until_cancelled(look).await else {
            return Ok(());
        };
        if !matches!(result, Ok(Ok(()))) {
            board.unseen(looked.elapsed().as_secs_f64());
            tracing::debug!("how far the projections are cannot be told");
        }
        looked = Instant::now();
        if stop.run_until_cancelled(sleep(LOOK_EVERY)).await.is_none() {
            return Ok(());
        }
    }
}

pub(crate) async fn look<R: ReadModels>(parts: &Parts<R>, board: &Board) -> Result<(), RunError> {
    // In this order: a checkpoint is never further than the head that is read after it.
    let checkpoints = parts.models.checkpoints().await?;
    let head = parts.feed.head().await?;
    let now = parts.clock.now();
    board.parked(&parts.models.parked_counts().await?, now);
    let rebuilding = parts.models.rebuilding().await?;
    board.rebuilding(&rebuilding);
    for name in projections::names() {
        let of = |name: &str| checkpoints.iter().find(|record| record.name == name);
        let position = of(name).map_or(Position::ZERO, |record| record.position);
        let epoch = of(name).and_then(|record| record.store_epoch);
        let is_of_store =
            epoch.is_none_or(|epoch| epoch == head.epoch) && position <= head.position;
        let mut under_way = rebuilding.under_way.iter();
        let seen = Seen {
            position: position.get(),
            head: head.position.get(),
            lag_seconds: match position < head.position {
                _ if !is_of_store => None,
                true => waiting_for(parts, position, now).await?,
                false => Some(0.0),
            },
            is_of_store,
            version: of(name).map(|record| record.version),
            rebuilding: under_way.any(|rebuild| rebuild.projection == name),
        };
        board.seen(name, seen);
    }
    Ok(())
}

/// For how long the first event after `position` has been waiting, in seconds. Never zero; none if the feed does
/// not show it yet.
async fn waiting_for<R>(
    parts: &Parts<R>,
    position: Position,
    now: DateTime<Utc>,
) -> Result<Option<f64>, StoreError> {
    let next = parts.feed.next(position.into(), 1, Duration::ZERO).await?;
    let recorded_at = next.first().map(|event| match event.as_ref() {
        Ok(event) => event.envelope.recorded_at,
        Err(error) => error.envelope.recorded_at,
    });
    let waiting = recorded_at.map(|at| now.signed_duration_since(at));
    Ok(waiting.map(|waiting| {
        let micros = waiting.num_microseconds().unwrap_or(i64::MAX);
        micros.max(1) as f64 / 1e6
    }))
}
