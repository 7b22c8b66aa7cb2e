//! Whether a read model is what its events make of it.
//!
//! History is folded again, up to the checkpoint, into a temporary table; both are compared by one
//! statement. Live rows and checkpoint are read in one snapshot (REPEATABLE READ), so that writers and
//! the live runtime go on meanwhile. Of what is parked at that time, the rows should be as they are before the
//! event that stops them; what was skipped is left out. No rebuild of the same read model may: it would swap the table.
//! Whatever ends a verification, the server removes its table with its session.

mod compare;

pub use compare::{Difference, FieldDifference};

use crate::{
    batch::Unfoldable,
    live::RunError,
    parking::{Lot, Room},
    projection::Projection,
    projections::{self, Visitor},
    rebuild::{
        OnProgress, RebuildError, RebuildOptions,
        pass::{Part, Pass},
        progress::Report,
        site::Target,
    },
    row::Row,
    storage::{
        PostgresReadModels, ReadModelError,
        postgres::{of, parked},
    },
};
use domain::{EventId, Position};
use futures::future::BoxFuture;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use std::{sync::Arc, time::Duration};
use store::{Bookmark, EventReader, StoreError, Undecodable};
use tokio::time::Instant;
use uuid::Uuid;

/// The temporary table.
const TABLE: &str = "pg_temp.verified";

/// What comparing needs of its connection: whole tables are read and joined, however long that takes, and
/// its transaction waits while history is folded.
const SETTINGS: &str = "
    SET statement_timeout = 0;
    SET idle_in_transaction_session_timeout = 0;
    SET work_mem = '64MB';
    SET enable_seqscan = on;
    SET enable_hashjoin = on;
    SET enable_mergejoin = on;
    SET plan_cache_mode = auto;
    SET client_min_messages = warning";

/// What is verified, and the bounds of that.
#[derive(Debug, Clone)]
pub struct VerifyOptions {
    /// Of a hundred keys about so many, always the same ones.
    pub percent: f64,
    /// How many differences are kept; more are only counted.
    pub differences: usize,
    /// The bounds of the fold.
    pub fold: RebuildOptions,
}

impl Default for VerifyOptions {
    fn default() -> Self {
        Self {
            percent: 100.0,
            differences: 20,
            fold: RebuildOptions::default(),
        }
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    /// The position at which rows and fold were compared.
    pub position: Position,
    /// How many events were folded; those of further passes again.
    pub events: u64,
    /// How many rows the fold has.
    pub rows: u64,
    /// How many rows differ.
    pub different: u64,
    /// How many rows are missing.
    pub missing: u64,
    /// How many rows are there of which the fold has nothing.
    pub superfluous: u64,
    /// How many sequences are parked: their rows were compared as they are before what stops them.
    pub parked: usize,
    /// The first of the differences.
    pub differences: Vec<Difference>,
    /// How long it took.
    pub took: Duration,
}

impl Verified {
    /// Whether the read model is what its events make of it.
    pub const fn is_equal(&self) -> bool {
        self.different == 0 && self.missing == 0 && self.superfluous == 0
    }
}

/// Why a read model could not be verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The read models' database failed.
    #[error(transparent)]
    ReadModels(#[from] ReadModelError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An event cannot be read.
    #[error(transparent)]
    Undecodable(#[from] Undecodable),
    /// An event cannot be folded.
    #[error(transparent)]
    Unfoldable(#[from] Unfoldable),
    /// More is parked than a fold can take in.
    #[error(transparent)]
    TooMuchParked(RunError),
    /// A rebuild is swapping the table.
    #[error("read.{0} is being built anew: verify it when that is done")]
    BeingBuilt(&'static str),
    /// The rows are not of this store.
    #[error(
        "read.{0} was folded from another event store, or from what it lost: run `projector rebuild \
         {0}`"
    )]
    OfAnotherStore(&'static str),
    /// Its own work was cut off.
    #[error("the verification was cut off")]
    CutOff,
    /// No such projection.
    #[error("there is no projection {name}; there are {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
}

impl VerifyError {
    fn of(error: RebuildError) -> Self {
        match error {
            RebuildError::ReadModels(error) => error.into(),
            RebuildError::Store(error) => error.into(),
            RebuildError::Undecodable(error) => error.into(),
            RebuildError::Unfoldable(error) => error.into(),
            RebuildError::UnderWay(name) => Self::BeingBuilt(name),
            RebuildError::Rewound(name) => Self::OfAnotherStore(name),
            RebuildError::TooMuchParked(error) => Self::TooMuchParked(error),
            // Of these, a fold alone has none but the last.
            RebuildError::SkippedMeanwhile(_)
            | RebuildError::NotSwapped(_)
            | RebuildError::CutOff => Self::CutOff,
            RebuildError::Unknown { name, known } => Self::Unknown { name, known },
        }
    }
}

/// Verifies the read model of the projection of that name.
///
/// # Errors
/// It could not be found out whether it is right.
pub async fn verify_by_name(
    name: &str,
    reader: Arc<dyn EventReader>,
    models: &PostgresReadModels,
    options: &VerifyOptions,
    on_progress: OnProgress,
) -> Result<Verified, VerifyError> {
    struct Wanted<'a> {
        name: &'a str,
        reader: Arc<dyn EventReader>,
        models: &'a PostgresReadModels,
        options: &'a VerifyOptions,
        on_progress: OnProgress,
        verify: Option<BoxFuture<'a, Result<Verified, VerifyError>>>,
    }
    impl Visitor for Wanted<'_> {
        fn visit<P: Projection>(&mut self) {
            if P::NAME == self.name {
                let (reader, on_progress) = (self.reader.clone(), self.on_progress.clone());
                let verify = verify::<P>(reader, self.models, self.options, on_progress);
                self.verify = Some(Box::pin(verify));
            }
        }
    }
    let mut wanted = Wanted {
        name,
        reader,
        models,
        options,
        on_progress,
        verify: None,
    };
    projections::all(&mut wanted);
    match wanted.verify {
        Some(verify) => verify.await,
        None => Err(VerifyError::Unknown {
            name: name.to_owned(),
            known: projections::names().join(", "),
        }),
    }
}

/// Verifies the read model of `P`.
///
/// # Errors
/// It could not be found out whether it is right.
pub async fn verify<P: Projection>(
    reader: Arc<dyn EventReader>,
    models: &PostgresReadModels,
    options: &VerifyOptions,
    on_progress: OnProgress,
) -> Result<Verified, VerifyError> {
    let connection = models.pool().acquire().await.map_err(of("connecting"))?;
    let mut connection = connection.detach();
    let verified = in_session::<P>(&mut connection, reader, options, on_progress).await;
    // The table and the lock go with it.
    if let Err(error) = connection.close().await {
        tracing::debug!(%error, "the connection of a verification was lost at its end");
    }
    verified
}

async fn in_session<P: Projection>(
    connection: &mut PgConnection,
    reader: Arc<dyn EventReader>,
    options: &VerifyOptions,
    on_progress: OnProgress,
) -> Result<Verified, VerifyError> {
    let began = Instant::now();
    connection
        .execute(SETTINGS)
        .await
        .map_err(of("preparing"))?;
    // That of a rebuild, shared with other verifications.
    let lock = "SELECT pg_try_advisory_lock_shared(hashtextextended('read.' || $1, 0))";
    let mine: bool = sqlx::query_scalar(lock)
        .bind(P::NAME)
        .fetch_one(&mut *connection)
        .await
        .map_err(of("keeping rebuilds away"))?;
    if !mine {
        return Err(VerifyError::BeingBuilt(P::NAME));
    }
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ";
    let begun = connection.begin_with(begin).await;
    let mut transaction = begun.map_err(of("taking a snapshot"))?;
    let position = checkpoint::<P>(&mut transaction, reader.as_ref()).await?;
    let sql = format!(
        "CREATE TEMPORARY TABLE verified (LIKE read.{} INCLUDING DEFAULTS) ON COMMIT DROP",
        P::Row::TABLE
    );
    let made = transaction.execute(AssertSqlSafe(sql)).await;
    made.map_err(of("making a temporary table"))?;

    let report = Report::new(P::NAME, on_progress);
    let part = Part::sample(options.percent);
    let parking = parked::in_session(&mut transaction, P::NAME, P::NAME).await?;
    let parked = parking.sequences.len();
    let (mut rows, mut next) = (0, Some(part));
    while let Some(part) = next {
        let (reader, fold) = (reader.clone(), &options.fold);
        let lot = Lot::new(parking.clone(), Room::of(0));
        let pass = Pass::<P>::new(reader, position, part, fold, report.clone(), lot);
        let target = Target {
            connection: &mut transaction,
            table: TABLE.to_owned(),
        };
        let copied = pass.run(target).await.map_err(VerifyError::of)?;
        rows += copied.rows;
        next = copied.rest;
    }
    let mut verified = Verified {
        position,
        events: report.events(),
        rows,
        different: 0,
        missing: 0,
        superfluous: 0,
        parked,
        differences: vec![],
        took: Duration::ZERO,
    };
    compare::compare::<P>(&mut transaction, part, options.differences, &mut verified).await?;
    transaction
        .rollback()
        .await
        .map_err(of("giving the snapshot back"))?;
    verified.took = began.elapsed();
    Ok(verified)
}

/// Where the live rows are, in the snapshot that is taken with this: the store must be the one that they
/// were folded from, by this version of the fold.
async fn checkpoint<P: Projection>(
    connection: &mut PgConnection,
    reader: &dyn EventReader,
) -> Result<Position, VerifyError> {
    let sql =
        "SELECT version, position, event_id, store_epoch FROM read.checkpoint WHERE name = $1";
    let row: Option<(i32, i64, Option<Uuid>, Option<Uuid>)> = sqlx::query_as(sql)
        .bind(P::NAME)
        .fetch_optional(connection)
        .await
        .map_err(of("reading the checkpoint"))?;
    let Some((version, position, event_id, epoch)) = row else {
        return Ok(Position::ZERO);
    };
    if position > 0 && version != P::VERSION {
        return Err(VerifyError::ReadModels(ReadModelError::Version {
            name: P::NAME,
            found: version,
            expected: P::VERSION,
        }));
    }
    let at = Bookmark {
        position: Position::new(position),
        event_id: event_id.map(EventId::new),
    };
    let head = reader.head().await?;
    let is_of_it = epoch.is_none_or(|epoch| epoch == head.epoch) && at.position <= head.position;
    if position > 0 && !(is_of_it && reader.still_has(at).await?) {
        return Err(VerifyError::OfAnotherStore(P::NAME));
    }
    Ok(at.position)
}
