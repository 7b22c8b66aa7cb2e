//! The way back: the table that a rebuild replaced takes its place again, or is forgotten.

use super::{
    RebuildError, SWAPS,
    parked::swap_parked_back,
    site::{Index, OLD, Site, is_held},
    told::{Replaced, find_replaced},
    unknown,
};
use crate::{
    projection::Projection,
    projections::{self, Visitor},
    storage::{
        PostgresReadModels, ReadModelError,
        postgres::{NEW, of},
    },
};
use domain::Position;
use futures::future::BoxFuture;
use sqlx::{AssertSqlSafe, Connection, Executor};
use std::sync::Arc;
use store::{EventReader, StoreError};

/// What a rollback has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RolledBack {
    /// The version of the fold that made the rows.
    pub version: i32,
    /// Up to where they are folded: the runtime goes on from there.
    pub position: Position,
    /// Up to where those were folded that are gone now.
    pub from: Position,
}

/// Why there was no rollback. The live read model is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RollbackError {
    /// The read models' database failed.
    #[error(transparent)]
    ReadModels(#[from] ReadModelError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nothing is kept.
    #[error(
        "nothing is kept of read.{0}: it was not built anew, or is rolled back already, or what was \
         replaced is forgotten"
    )]
    Nothing(&'static str),
    /// This build cannot go on with the rows.
    #[error(
        "what is kept of read.{name} was made by version {kept} of its fold, and this build folds \
         version {build}: roll back with a build of that version, or run `projector rebuild {name}`"
    )]
    OtherVersion {
        /// The projection.
        name: &'static str,
        /// The version that made the rows.
        kept: i32,
        /// The version that would go on.
        build: i32,
    },
    /// The rows are of events that the store does not have.
    #[error(
        "what is kept of read.{0} was folded from another event store, or from what it lost: run \
         `projector rebuild {0}`"
    )]
    OfAnotherStore(&'static str),
    /// A migration has changed the live table since.
    #[error(
        "read.{0} has other columns or indexes by now than what is kept of it: run `projector rebuild \
         {0}`"
    )]
    OtherShape(&'static str),
    /// An event is left out that the rows have in them.
    #[error(
        "an event was skipped since read.{0} was replaced, which is in what is kept of it: run \
         `projector rebuild {0}`"
    )]
    SkippedSince(&'static str),
    /// A rebuild would swap the tables as well.
    #[error("read.{0} is being built anew, or verified: roll it back when that is done")]
    UnderWay(&'static str),
    /// Readers were always in the way.
    #[error("read.{0} could not be swapped: readers held it; try again")]
    Held(&'static str),
    /// No such projection.
    #[error("there is no projection {name}; there are {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
}

impl RollbackError {
    fn of(error: RebuildError, name: &'static str) -> Self {
        match error {
            RebuildError::ReadModels(error) => error.into(),
            RebuildError::Store(error) => error.into(),
            RebuildError::UnderWay(name) => Self::UnderWay(name),
            RebuildError::Unknown { name, known } => Self::Unknown { name, known },
            // None of these comes of opening a site, or of what is done there without a fold.
            RebuildError::Undecodable(_)
            | RebuildError::Unfoldable(_)
            | RebuildError::TooMuchParked(_)
            | RebuildError::SkippedMeanwhile(_)
            | RebuildError::Rewound(_)
            | RebuildError::NotSwapped(_)
            | RebuildError::CutOff => Self::Held(name),
        }
    }
}

/// Puts the table that the last rebuild of the projection of that name replaced back into its place.
///
/// # Errors
/// As [`roll_back`], or there is no such projection.
pub async fn roll_back_by_name(
    name: &str,
    reader: Arc<dyn EventReader>,
    models: &PostgresReadModels,
) -> Result<RolledBack, RollbackError> {
    struct Wanted<'a> {
        name: &'a str,
        reader: &'a dyn EventReader,
        models: &'a PostgresReadModels,
        work: Option<BoxFuture<'a, Result<RolledBack, RollbackError>>>,
    }
    impl Visitor for Wanted<'_> {
        fn visit<P: Projection>(&mut self) {
            if P::NAME == self.name {
                self.work = Some(Box::pin(roll_back::<P>(self.reader, self.models)));
            }
        }
    }
    let mut wanted = Wanted {
        name,
        reader: &*reader,
        models,
        work: None,
    };
    projections::all(&mut wanted);
    match wanted.work {
        Some(work) => work.await,
        None => Err(RollbackError::of(unknown(name), "")),
    }
}

/// Puts the table that the last rebuild of `P` replaced back into its place, in one transaction with its
/// checkpoint and what was parked of it. The runtime goes on from that checkpoint. The table that it takes
/// the place of is removed.
///
/// # Errors
/// Nothing is kept, or what is kept does not fit this build, this store, or the live table.
pub async fn roll_back<P: Projection>(
    reader: &dyn EventReader,
    models: &PostgresReadModels,
) -> Result<RolledBack, RollbackError> {
    let site = Site::open::<P>(models.pool()).await;
    let mut site = site.map_err(|error| RollbackError::of(error, P::NAME))?;
    let rolled_back = at_site::<P>(&mut site, reader).await;
    site.close().await;
    rolled_back
}

async fn at_site<P: Projection>(
    site: &mut Site,
    reader: &dyn EventReader,
) -> Result<RolledBack, RollbackError> {
    let replaced = find_replaced(&mut site.connection, P::NAME).await?;
    let replaced = replaced.ok_or(RollbackError::Nothing(P::NAME))?;
    if replaced.version != P::VERSION {
        return Err(RollbackError::OtherVersion {
            name: P::NAME,
            kept: replaced.version,
            build: P::VERSION,
        });
    }
    if !is_of(&replaced, reader).await? {
        return Err(RollbackError::OfAnotherStore(P::NAME));
    }
    let live = site.shape(P::NAME, "").await?;
    match site.shape(P::NAME, OLD).await? {
        None => return Err(RollbackError::Nothing(P::NAME)),
        kept if kept != live => return Err(RollbackError::OtherShape(P::NAME)),
        Some(_) => {}
    }
    for _ in 0..SWAPS {
        // The live leader stops here, and goes on from what it finds when it leads again.
        let fenced = site.fence(P::VERSION).await;
        let from = fenced.map_err(|error| RollbackError::of(error, P::NAME))?;
        if site.swap_back().await? {
            return Ok(RolledBack {
                version: replaced.version,
                position: Position::new(replaced.position),
                from,
            });
        }
    }
    Err(RollbackError::Held(P::NAME))
}

/// Whether it was folded from what the store still has.
async fn is_of(replaced: &Replaced, reader: &dyn EventReader) -> Result<bool, StoreError> {
    let head = reader.head().await?;
    let is_of_it = head.epoch == replaced.store_epoch && replaced.at().position <= head.position;
    Ok(is_of_it && reader.still_has(replaced.at()).await?)
}

/// Removes what is kept of the projection of that name for a rollback. False if nothing is.
///
/// # Errors
/// The database failed, a rebuild is under way, or there is no such projection.
pub async fn forget_by_name(
    name: &str,
    models: &PostgresReadModels,
) -> Result<bool, RollbackError> {
    struct Wanted<'a> {
        name: &'a str,
        models: &'a PostgresReadModels,
        work: Option<BoxFuture<'a, Result<bool, RollbackError>>>,
    }
    impl Visitor for Wanted<'_> {
        fn visit<P: Projection>(&mut self) {
            if P::NAME == self.name {
                let models = self.models;
                self.work = Some(Box::pin(async move {
                    let of = |error| RollbackError::of(error, P::NAME);
                    let mut site = Site::open::<P>(models.pool()).await.map_err(of)?;
                    let forgotten = site.forget().await;
                    site.close().await;
                    forgotten.map_err(of)
                }));
            }
        }
    }
    let mut wanted = Wanted {
        name,
        models,
        work: None,
    };
    projections::all(&mut wanted);
    match wanted.work {
        Some(work) => work.await,
        None => Err(RollbackError::of(unknown(name), "")),
    }
}

impl Site {
    /// Columns and indexes of the table whose name ends so; none where there is no such table.
    async fn shape(
        &mut self,
        name: &'static str,
        suffix: &str,
    ) -> Result<Option<String>, ReadModelError> {
        sqlx::query_scalar(include_str!("shape.sql"))
            .bind(format!("{name}{suffix}"))
            .fetch_one(&mut self.connection)
            .await
            .map_err(of("comparing the tables"))
    }

    /// Puts the kept table in the place of the live one. False if its readers do not let go.
    async fn swap_back(&mut self) -> Result<bool, RollbackError> {
        let indexes = self.live_indexes().await;
        let indexes = indexes.map_err(|error| RollbackError::of(error, self.name))?;
        match self.try_swap_back(&indexes).await {
            Ok(true) => {
                let sql = format!("DROP TABLE IF EXISTS read.{}{NEW}", self.table);
                let gone = self
                    .run("removing the table that was rolled back", &sql)
                    .await;
                if let Err(error) = gone {
                    let (name, error) = (self.name, &error as &dyn std::error::Error);
                    tracing::warn!(
                        projection = name,
                        error,
                        "{name} is rolled back; the table that was in its place stays for a while"
                    );
                }
                Ok(true)
            }
            Ok(false) => Err(RollbackError::SkippedSince(self.name)),
            Err(error) if is_held(&error) => {
                tracing::debug!(projection = self.name, "readers hold the table");
                Ok(false)
            }
            Err(error) => Err(of("swapping the tables back")(error).into()),
        }
    }

    /// False if an event was skipped that is in the kept table.
    async fn try_swap_back(&mut self, indexes: &[Index]) -> Result<bool, sqlx::Error> {
        let (name, table) = (self.name, self.table);
        let mut transaction = self.connection.begin().await?;
        // The table before the checkpoint, as whoever commits rows does it.
        let lock = format!("LOCK TABLE read.{table} IN ACCESS EXCLUSIVE MODE");
        transaction
            .execute(sqlx::raw_sql(AssertSqlSafe(lock)))
            .await?;
        if !swap_parked_back(&mut transaction, name).await? {
            transaction.rollback().await?;
            return Ok(false);
        }
        sqlx::query(include_str!("swap_back.sql"))
            .bind(name)
            .execute(&mut *transaction)
            .await?;
        let mut sql = format!(
            "DROP TABLE IF EXISTS read.{table}{NEW};
             ALTER TABLE read.{table} RENAME TO {table}{NEW};"
        );
        for index in indexes {
            let name = &index.name;
            sql.push_str(&format!("ALTER INDEX read.{name} RENAME TO {name}{NEW};"));
            sql.push_str(&format!("ALTER INDEX read.{name}{OLD} RENAME TO {name};"));
        }
        sql.push_str(&format!("ALTER TABLE read.{table}{OLD} RENAME TO {table}"));
        transaction
            .execute(sqlx::raw_sql(AssertSqlSafe(sql)))
            .await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Removes what is kept for a rollback. False if nothing is.
    pub(super) async fn forget(&mut self) -> Result<bool, RebuildError> {
        let mut transaction = self
            .connection
            .begin()
            .await
            .map_err(of("forgetting what was replaced"))?;
        let forgetting = async {
            let sql = format!("DROP TABLE IF EXISTS read.{}{OLD}", self.table);
            transaction
                .execute(sqlx::raw_sql(AssertSqlSafe(sql)))
                .await?;
            sqlx::query("DELETE FROM read.parked_sequence WHERE projection = $1")
                .bind(format!("{}{OLD}", self.name))
                .execute(&mut *transaction)
                .await?;
            let gone = sqlx::query("DELETE FROM read.replaced WHERE projection = $1")
                .bind(self.name)
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await?;
            Ok(gone.rows_affected() > 0)
        };
        Ok(forgetting
            .await
            .map_err(of("forgetting what was replaced"))?)
    }
}
