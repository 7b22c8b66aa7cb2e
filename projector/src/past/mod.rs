//! A read model as it was: history is folded up to a point, into a table of a schema of its own.
//!
//! All of it is one transaction: whatever ends it, nothing is left of it, and what was there before stays.
//! The live table is only looked at for its columns and indexes, before that begins: nobody waits for
//! this, and it waits for nobody.
//!
//! What was skipped is left out, as it is of the live table. A row with an event that this build cannot
//! read or fold is as it was before that event.

mod schema;
mod until;

pub use schema::{MARK, SchemaName, SchemaNameError};
pub use until::{Point, PointError, Until, UntilError};

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
    storage::{PostgresReadModels, ReadModelError, ReadModels, postgres::of},
};
use futures::future::BoxFuture;
use schema::{Entry, Schema, run};
use sqlx::{Connection, PgConnection};
use std::{collections::HashSet, sync::Arc, time::Duration};
use store::{EventReader, StoreError, Undecodable};
use tokio::time::Instant;

/// The table of which the new one takes its columns: to read them of the live one would hold that for
/// as long as the transaction lasts.
const SHAPE: &str = "pg_temp.shape";

/// The end of the name of a table that is not filled yet.
const UNFINISHED: &str = "__new";

/// What this needs of its own connection: time, memory for sorting; and what is said to be done is on
/// disk.
const SETTINGS: &str = "
    SET statement_timeout = 0;
    SET idle_in_transaction_session_timeout = 0;
    SET synchronous_commit = on;
    SET maintenance_work_mem = '256MB';
    SET client_min_messages = warning";

/// Where a read model of the past is put, and the bounds of folding it.
#[derive(Debug, Clone)]
pub struct PastOptions {
    /// The schema.
    pub into: SchemaName,
    /// Whether a table with rows may be replaced there.
    pub replace: bool,
    /// The bounds of the fold.
    pub fold: RebuildOptions,
}

/// What was made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Past {
    /// How many events were folded; those of further passes again.
    pub events: u64,
    /// How many rows there are.
    pub rows: u64,
    /// How many sequences stop at an event that this build cannot read or fold.
    pub stopped: usize,
    /// How long it took.
    pub took: Duration,
}

/// Why a read model could not be made as it was. Nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum PastError {
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
    /// More cannot be read or folded than may be parked.
    #[error(transparent)]
    TooMuchParked(RunError),
    /// Somebody else writes to the schema.
    #[error("read models are being put into the schema {0} by somebody else")]
    UnderWay(SchemaName),
    /// The schema has something else in it.
    #[error("the schema {0} was made for something else: name one that is not there yet")]
    NotOurs(SchemaName),
    /// There are rows already.
    #[error("{schema}.{table} has rows: drop it, name another schema, or say --replace")]
    AlreadyThere {
        /// The schema.
        schema: SchemaName,
        /// The table.
        table: &'static str,
    },
    /// The store became another one meanwhile.
    #[error("the event store became another one, or lost its tail, meanwhile")]
    Rewound,
    /// Its own work was cut off.
    #[error("the fold was cut off")]
    CutOff,
    /// The fold ended otherwise.
    #[error(transparent)]
    Fold(RebuildError),
    /// No such projection.
    #[error("there is no projection {name}; there are {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
}

impl PastError {
    fn of(error: RebuildError) -> Self {
        match error {
            RebuildError::ReadModels(error) => error.into(),
            RebuildError::Store(error) => error.into(),
            RebuildError::Undecodable(error) => error.into(),
            RebuildError::Unfoldable(error) => error.into(),
            RebuildError::TooMuchParked(error) => Self::TooMuchParked(error),
            RebuildError::Rewound(_) => Self::Rewound,
            RebuildError::Unknown { name, known } => Self::Unknown { name, known },
            other => Self::Fold(other),
        }
    }
}

/// Makes the read model of the projection of that name as it was at `point`.
///
/// # Errors
/// It could not be made; then nothing has changed.
pub async fn fold_by_name(
    name: &str,
    reader: Arc<dyn EventReader>,
    models: &PostgresReadModels,
    point: &Point,
    options: &PastOptions,
    on_progress: OnProgress,
) -> Result<Past, PastError> {
    struct Wanted<'a> {
        name: &'a str,
        reader: Arc<dyn EventReader>,
        models: &'a PostgresReadModels,
        point: &'a Point,
        options: &'a PastOptions,
        on_progress: OnProgress,
        fold: Option<BoxFuture<'a, Result<Past, PastError>>>,
    }
    impl Visitor for Wanted<'_> {
        fn visit<P: Projection>(&mut self) {
            if P::NAME == self.name {
                let (reader, on_progress) = (self.reader.clone(), self.on_progress.clone());
                let fold = fold::<P>(reader, self.models, self.point, self.options, on_progress);
                self.fold = Some(Box::pin(fold));
            }
        }
    }
    let mut wanted = Wanted {
        name,
        reader,
        models,
        point,
        options,
        on_progress,
        fold: None,
    };
    projections::all(&mut wanted);
    match wanted.fold {
        Some(fold) => fold.await,
        None => Err(PastError::Unknown {
            name: name.to_owned(),
            known: projections::names().join(", "),
        }),
    }
}

/// Makes the read model of `P` as it was at `point`.
///
/// # Errors
/// It could not be made; then nothing has changed.
pub async fn fold<P: Projection>(
    reader: Arc<dyn EventReader>,
    models: &PostgresReadModels,
    point: &Point,
    options: &PastOptions,
    on_progress: OnProgress,
) -> Result<Past, PastError> {
    let skipped = models.parking::<P>().await?.skipped;
    let connection = models.pool().acquire().await.map_err(of("connecting"))?;
    let mut connection = connection.detach();
    let work = Work::<P> {
        reader,
        point,
        options,
        report: Report::new(P::NAME, on_progress),
        lot: Some(Lot::leaving_out(skipped, Room::of(options.fold.max_parked))),
    };
    let folded = work.in_session(&mut connection).await;
    // What is not committed goes with it, and so does what it made for itself.
    if let Err(error) = connection.close().await {
        tracing::debug!(%error, "the connection was lost at its end");
    }
    folded
}

struct Work<'a, P: Projection> {
    reader: Arc<dyn EventReader>,
    point: &'a Point,
    options: &'a PastOptions,
    report: Report,
    /// What cannot be read or folded; a pass has it while it runs.
    lot: Option<Lot<P>>,
}

impl<P: Projection> Work<'_, P> {
    async fn in_session(mut self, connection: &mut PgConnection) -> Result<Past, PastError> {
        let began = Instant::now();
        run(connection, "preparing", SETTINGS).await?;
        let live = Live::look::<P>(connection).await?;
        let begun = connection.begin().await;
        let mut transaction = begun.map_err(of("beginning"))?;
        let mut schema = Schema {
            name: &self.options.into,
            connection: &mut transaction,
        };
        schema.take().await?;
        let table = P::Row::TABLE;
        if !self.options.replace && schema.has_rows(table).await? {
            return Err(PastError::AlreadyThere {
                schema: self.options.into.clone(),
                table,
            });
        }
        live.begin(&mut schema, table).await?;
        let rows = self.passes(schema.connection).await?;
        live.finish(&mut schema, table).await?;
        let stopped = self.lot.as_ref().map_or(0, |lot| lot.sequences().count());
        let entry = Entry {
            projection: P::NAME,
            version: P::VERSION,
            point: self.point,
            rows,
            stopped,
        };
        schema.say(&entry).await?;
        // Of the history that was asked for, and not of one that came in its place.
        let head = self.reader.head().await?;
        if head.epoch != self.point.store_epoch || !self.reader.still_has(self.point.at).await? {
            return Err(PastError::Rewound);
        }
        let committed = transaction.commit().await;
        committed.map_err(of("committing"))?;
        Ok(Past {
            events: self.report.events(),
            rows,
            stopped,
            took: began.elapsed(),
        })
    }

    /// As many passes over history as its rows need to fit into memory; says how many rows there are.
    async fn passes(&mut self, connection: &mut PgConnection) -> Result<u64, PastError> {
        let (mut rows, mut cut) = (0, HashSet::new());
        let mut next = Some(Part::ALL);
        while let Some(part) = next {
            let pass = self.pass(part)?.parking();
            let copied = pass.run(self.target(connection)).await;
            let copied = copied.map_err(PastError::of)?;
            self.lot = Some(copied.lot);
            cut.extend(copied.cut);
            rows += copied.rows;
            next = copied.rest;
        }
        if !cut.is_empty() {
            let pass = self.pass(Part::ALL)?.only(cut);
            let copied = pass.run(self.target(connection)).await;
            let copied = copied.map_err(PastError::of)?;
            self.lot = Some(copied.lot);
            rows += copied.rows;
        }
        Ok(rows)
    }

    fn pass(&mut self, part: Part) -> Result<Pass<P>, PastError> {
        let lot = self.lot.take().ok_or(PastError::CutOff)?;
        Ok(Pass::new(
            self.reader.clone(),
            self.point.at.position,
            part,
            &self.options.fold,
            self.report.clone(),
            lot,
        ))
    }

    fn target<'c>(&self, connection: &'c mut PgConnection) -> Target<'c> {
        let into = &self.options.into;
        Target {
            connection,
            table: format!("\"{into}\".\"{}{UNFINISHED}\"", P::Row::TABLE),
        }
    }
}

/// What the live table is like, but for its rows.
struct Live {
    /// How it is stored, as SQL.
    storage: String,
    /// Its indexes, the primary key's first: name, definition, and whether it is that.
    indexes: Vec<(String, String, bool)>,
}

impl Live {
    /// Looks at the live table, in transactions of a moment each.
    async fn look<P: Projection>(connection: &mut PgConnection) -> Result<Self, PastError> {
        let table = P::Row::TABLE;
        let sql = format!(
            "CREATE TEMPORARY TABLE shape (
                 LIKE read.{table} INCLUDING DEFAULTS INCLUDING STORAGE INCLUDING COMPRESSION
             )"
        );
        run(connection, "looking at the live table", &sql).await?;
        let options: Option<String> = sqlx::query_scalar(
            "SELECT array_to_string(reloptions, ', ') FROM pg_class WHERE oid = ('read.' || $1)::regclass",
        )
        .bind(table)
        .fetch_one(&mut *connection)
        .await
        .map_err(of("reading how the table is stored"))?;
        let indexes = sqlx::query_as(include_str!("../rebuild/indexes.sql"))
            .bind(table)
            .fetch_all(&mut *connection)
            .await
            .map_err(of("reading the indexes"))?;
        Ok(Self {
            storage: options.map_or(String::new(), |options| format!(" WITH ({options})")),
            indexes,
        })
    }

    /// Makes the table that is to be filled.
    async fn begin(&self, schema: &mut Schema<'_>, table: &str) -> Result<(), PastError> {
        let sql = format!(
            "CREATE TABLE \"{name}\".\"{table}{UNFINISHED}\" (
                 LIKE {SHAPE} INCLUDING DEFAULTS INCLUDING STORAGE INCLUDING COMPRESSION
             ){storage}",
            name = schema.name,
            storage = self.storage,
        );
        schema.run("making the table", &sql).await
    }

    /// Gives it its name, in place of the former one, and the indexes of the live table.
    async fn finish(&self, schema: &mut Schema<'_>, table: &str) -> Result<(), PastError> {
        let name = schema.name.to_string();
        let sql = format!(
            "DROP TABLE IF EXISTS \"{name}\".\"{table}\";
             ALTER TABLE \"{name}\".\"{table}{UNFINISHED}\" RENAME TO \"{table}\""
        );
        schema.run("replacing the former table", &sql).await?;
        for (index, definition, is_primary) in &self.indexes {
            let sql = definition.replacen(
                &format!(" ON read.{table} "),
                &format!(" ON \"{name}\".\"{table}\" "),
                1,
            );
            schema.run("building an index", &sql).await?;
            if *is_primary {
                let sql = format!(
                    "ALTER TABLE \"{name}\".\"{table}\"
                     ADD CONSTRAINT {index} PRIMARY KEY USING INDEX {index}"
                );
                schema.run("making the primary key", &sql).await?;
            }
        }
        let sql = format!("ANALYZE \"{name}\".\"{table}\"");
        schema.run("taking statistics", &sql).await
    }
}
