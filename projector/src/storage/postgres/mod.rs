//! Read models in PostgreSQL.
//!
//! The connections commit without waiting for the disk (`synchronous_commit = off`). That is safe
//! here: a crash of the server loses a tail of commits, never one without those before it, and each
//! has rows and checkpoint together; so the tail is folded once more from the event store, which does
//! wait for its disk. Who was told that a row is at a position may then find it earlier for a moment,
//! as with any read model that lags.

mod encode;
pub(crate) mod parked;
mod sql;
mod statistics;

pub(crate) use encode::{ColumnArray, write_field};
pub use parked::{Asked, ParkedOf, SkippedEvent};
pub(crate) use sql::column_list;

use super::{Change, Checkpoint, CheckpointRecord, Commit, KeyOf, ReadModelError, ReadModels};
use crate::{
    parking::{ParkedCount, ParkedSequence, Parking, ParkingChange},
    projection::Projection,
    rebuild::Rebuilding,
    row::{Role, Row, columns},
};
use domain::{EventId, Position};
use sqlx::{
    Arguments, AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, PgPool, Row as _,
    error::BoxDynError,
    postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgRow},
};
use statistics::Statistics;
use std::{str::FromStr, sync::Arc, time::Duration};
use store::{Bookmark, postgres::PLAN_BY_KEYS};
use uuid::Uuid;

/// The end of the names of what is being built anew.
pub(crate) const NEW: &str = "__new";

/// How long the server may work on a statement, and how long it is waited for: should the server be
/// out of reach, nobody else gives up.
const STATEMENT_TIMEOUT: &str = "30s";
/// How long it may wait for somebody's lock: the others need the connection.
const LOCK_TIMEOUT: &str = "2s";
const PATIENCE: Duration = Duration::from_secs(45);

/// Brings the schema `read` up to date.
async fn migrate(pool: &PgPool) -> Result<(), sqlx::Error> {
    let mut connection = pool.acquire().await?.detach();
    // Of several processes one does it, which the others wait for.
    connection.execute("SET lock_timeout = 0").await?;
    sqlx::migrate!("../migrations/read")
        // The table of what was migrated is shared with the other schemas of the database.
        .set_ignore_missing(true)
        .run(&mut connection)
        .await?;
    connection.close().await
}

/// Read models in PostgreSQL. Clones share their connections.
#[derive(Clone)]
pub struct PostgresReadModels {
    pool: PgPool,
    /// What the names of tables and checkpoints end with.
    suffix: &'static str,
    statistics: Statistics,
}

impl PostgresReadModels {
    /// Connects to `url` with at most `connections`, and brings the schema `read` up to date. Of
    /// several processes one does it and the others wait.
    pub async fn connect(url: &str, connections: u32) -> Result<Self, ReadModelError> {
        let options = PgConnectOptions::from_str(url).map_err(of("reading the database's URL"))?;
        let options = options
            .application_name("projector")
            // Statements are logged here, where it is known what they are for.
            .disable_statement_logging()
            .options([
                ("synchronous_commit", "off"),
                ("statement_timeout", STATEMENT_TIMEOUT),
                ("lock_timeout", LOCK_TIMEOUT),
                ("timezone", "UTC"),
            ])
            .options(PLAN_BY_KEYS);
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(Duration::from_secs(10))
            .test_before_acquire(false)
            .connect_with(options)
            .await
            .map_err(of("connecting"))?;
        migrate(&pool)
            .await
            .map_err(of("migrating the schema `read`"))?;
        Ok(Self {
            pool,
            suffix: "",
            statistics: Statistics::default(),
        })
    }

    /// The same for tables that are being built.
    pub(crate) fn under_construction(&self) -> Self {
        Self {
            pool: self.pool.clone(),
            suffix: NEW,
            statistics: self.statistics.clone(),
        }
    }

    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// The name of `P`'s checkpoint.
    fn checkpoint_name<P: Projection>(&self) -> String {
        format!("{}{}", P::NAME, self.suffix)
    }
}

/// Wraps an error of the database by what it means for whoever asked.
pub(crate) fn of(what: &'static str) -> impl Fn(sqlx::Error) -> ReadModelError {
    move |error| match passes_by_itself(&error) {
        true => ReadModelError::Unavailable(error),
        false => ReadModelError::Failed {
            what: what.to_owned(),
            source: error,
        },
    }
}

/// Waits for the database, but not for ever.
async fn within<T>(
    what: &'static str,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, ReadModelError> {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(result) => result.map_err(of(what)),
        Err(_) => Err(ReadModelError::Unavailable(sqlx::Error::PoolTimedOut)),
    }
}

fn of_encoding(error: BoxDynError) -> ReadModelError {
    of("sending rows")(sqlx::Error::Encode(error))
}

/// Lost connections, conflicts of locks, exhausted resources, time limits, a server that stops,
/// starts or is a standby.
fn passes_by_itself(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            ["08", "40", "53", "57"]
                .iter()
                .any(|class| code.starts_with(class))
                || matches!(code.as_ref(), "55P03" | "25006")
        }),
        _ => false,
    }
}

impl ReadModels for PostgresReadModels {
    async fn take_over<P: Projection>(
        &self,
        leader_epoch: i64,
    ) -> Result<Checkpoint, ReadModelError> {
        let query = sqlx::query(include_str!("take_over.sql"))
            .bind(self.checkpoint_name::<P>())
            .bind(P::VERSION)
            .bind(leader_epoch);
        let row = within("taking over", query.fetch_optional(&self.pool)).await?;
        let row = row.ok_or(ReadModelError::Fenced(P::NAME))?;
        let checkpoint = record(&row)?;
        match checkpoint.version == P::VERSION {
            true => Ok(Checkpoint {
                at: Bookmark {
                    position: checkpoint.position,
                    event_id: checkpoint.event_id,
                },
                store_epoch: checkpoint.store_epoch,
            }),
            false => Err(ReadModelError::Version {
                name: P::NAME,
                found: checkpoint.version,
                expected: P::VERSION,
            }),
        }
    }

    async fn leads<P: Projection>(&self, leader_epoch: i64) -> Result<bool, ReadModelError> {
        let query = sqlx::query_scalar(
            "SELECT EXISTS (
                 SELECT
                 FROM read.checkpoint AS c
                 WHERE c.name = $1
                   AND c.leader_epoch = $2
             )",
        )
        .bind(self.checkpoint_name::<P>())
        .bind(leader_epoch);
        within("looking who leads", query.fetch_one(&self.pool)).await
    }

    async fn load<P: Projection>(&self, keys: &[KeyOf<P>]) -> Result<Vec<P::Row>, ReadModelError> {
        let mut arguments = PgArguments::default();
        for (index, column) in columns::<P::Row>(Role::Key) {
            let array = ColumnArray::of_keys(column.kind, keys, index);
            arguments.add(array).map_err(of_encoding)?;
        }
        let statement: Arc<str> = sql::load::<P::Row>(self.suffix).into();
        let query = sqlx::query_with(AssertSqlSafe(statement), arguments);
        let rows = within("loading rows", query.fetch_all(&self.pool)).await?;
        rows.iter().map(decode::<P::Row>).collect()
    }

    async fn commit<P: Projection>(&self, commit: Commit<P::Row>) -> Result<(), ReadModelError> {
        let arguments = arguments::<P>(self.checkpoint_name::<P>(), &commit);
        let statement: Arc<str> = sql::commit::<P>(self.suffix).into();
        let arguments = arguments.map_err(of_encoding)?;
        let query = sqlx::query_scalar_with(AssertSqlSafe(statement), arguments);
        let leads = match commit.parking.is_empty() {
            true => {
                let leading: i64 = within("writing rows", query.fetch_one(&self.pool)).await?;
                leading > 0
            }
            // Seldom: then more than one statement is one transaction.
            false => {
                let name = self.checkpoint_name::<P>();
                let writing = async {
                    let mut transaction = self.pool.begin().await?;
                    let leading: i64 = query.fetch_one(&mut *transaction).await?;
                    let leads =
                        leading > 0 && all_change(&mut transaction, &name, &commit.parking).await?;
                    match leads {
                        true => transaction.commit().await?,
                        false => transaction.rollback().await?,
                    }
                    Ok(leads)
                };
                within("writing rows and what is parked", writing).await?
            }
        };
        if !leads {
            return Err(ReadModelError::Fenced(P::NAME));
        }
        // A rebuild analyses its tables itself.
        if self.suffix.is_empty() {
            let is_new = |change: &&Change<P::Row>| matches!(change, Change::Insert(_));
            let added = commit.changes.iter().filter(is_new).count();
            let table = P::Row::TABLE;
            self.statistics.added(&self.pool, table, added).await;
        }
        Ok(())
    }

    async fn checkpoints(&self) -> Result<Vec<CheckpointRecord>, ReadModelError> {
        let query = sqlx::query(include_str!("checkpoints.sql"));
        let rows = within("reading checkpoints", query.fetch_all(&self.pool)).await?;
        rows.iter().map(record).collect()
    }

    async fn parking<P: Projection>(&self) -> Result<Parking, ReadModelError> {
        parked::read(&self.pool, &self.checkpoint_name::<P>(), P::NAME).await
    }

    async fn parked_sequences<P: Projection>(&self) -> Result<Vec<ParkedSequence>, ReadModelError> {
        let mut connection = within("connecting", self.pool.acquire()).await?;
        parked::sequences(&mut connection, &self.checkpoint_name::<P>()).await
    }

    async fn parked_counts(&self) -> Result<Vec<ParkedCount>, ReadModelError> {
        parked::counts(&self.pool).await
    }

    async fn rebuilding(&self) -> Result<Rebuilding, ReadModelError> {
        self.read_rebuilding().await
    }
}

/// Makes all of the changes of what is parked; false if one does not fit what is there.
pub(crate) async fn all_change(
    connection: &mut PgConnection,
    name: &str,
    changes: &[ParkingChange],
) -> Result<bool, sqlx::Error> {
    for change in changes {
        if !parked::change(connection, name, change).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The parameters of the statement that commits.
fn arguments<P: Projection>(
    name: String,
    commit: &Commit<P::Row>,
) -> Result<PgArguments, BoxDynError> {
    let (mut new, mut changed, mut gone) = (vec![], vec![], vec![]);
    for change in &commit.changes {
        match change {
            Change::Insert(row) => new.push(row),
            Change::Update(row) => changed.push(row),
            Change::Delete(key) => gone.push(key.clone()),
        }
    }
    let mut to = PgArguments::default();
    to.add(name)?;
    to.add(commit.leader_epoch)?;
    to.add(commit.from.get())?;
    to.add(commit.to.position.get())?;
    to.add(commit.store_epoch)?;
    to.add(commit.to.event_id.map(|id| id.uuid()))?;
    for (index, column) in P::Row::COLUMNS.iter().enumerate() {
        to.add(ColumnArray::of_rows(column.kind, &new, index))?;
    }
    if !P::APPEND_ONLY {
        for (index, column) in sql::loaded::<P::Row>() {
            to.add(ColumnArray::of_rows(column.kind, &changed, index))?;
        }
        for (index, column) in columns::<P::Row>(Role::Key) {
            to.add(ColumnArray::of_keys(column.kind, &gone, index))?;
        }
    }
    Ok(to)
}

fn decode<R: Row>(row: &PgRow) -> Result<R, ReadModelError> {
    decode_loaded(row, 0)
}

/// A row whose columns, but for those that are set once, begin at `index`.
pub(crate) fn decode_loaded<R: Row>(row: &PgRow, mut index: usize) -> Result<R, ReadModelError> {
    let mut next = || {
        let value = row.try_get_raw(index).map_err(of("reading a row"))?;
        index += 1;
        // The only error there is: no value.
        Ok(value.as_bytes().ok())
    };
    R::read(&mut next, |column, detail| ReadModelError::Corrupt {
        table: R::TABLE,
        column,
        detail,
    })
}

/// A row with all of its columns in their order, what is set once too.
#[cfg(test)]
pub(crate) fn decode_whole<R: Row>(row: &PgRow) -> Result<R, ReadModelError> {
    let mut index = 0;
    let mut next = || {
        let value = row.try_get_raw(index).map_err(of("reading a row"))?;
        index += 1;
        Ok(value.as_bytes().ok())
    };
    R::read_whole(&mut next, |column, detail| ReadModelError::Corrupt {
        table: R::TABLE,
        column,
        detail,
    })
}

fn record(row: &PgRow) -> Result<CheckpointRecord, ReadModelError> {
    let read = || {
        Ok(CheckpointRecord {
            name: row.try_get("name")?,
            version: row.try_get("version")?,
            position: Position::new(row.try_get("position")?),
            event_id: row
                .try_get::<Option<Uuid>, _>("event_id")?
                .map(EventId::new),
            store_epoch: row.try_get::<Option<Uuid>, _>("store_epoch")?,
            leader_epoch: row.try_get("leader_epoch")?,
            updated_at: row.try_get("updated_at")?,
        })
    };
    read().map_err(of("reading a checkpoint"))
}
