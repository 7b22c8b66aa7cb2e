//! The building site in the database: the table that is being made, and its swap with the live one.

use super::{
    RebuildError,
    parked::swap_parked,
    progress::Progress,
    told::{RebuildRecord, StartedBy, record},
};
use crate::{
    parking::ParkingChange,
    projection::Projection,
    row::Row,
    storage::{
        ReadModelError,
        postgres::{NEW, all_change, column_list, of},
    },
};
use bytes::Bytes;
use domain::Position;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool};
use std::collections::HashMap;
use store::Bookmark;
use tokio::sync::mpsc::Receiver;
use uuid::Uuid;

/// The end of the names of what was replaced.
pub(super) const OLD: &str = "__old";

/// What a rebuild needs of its own connection: time, memory for sorting, and patience with readers
/// that is short, since those that come after it wait as well.
const SETTINGS: &str = "
    SET statement_timeout = 0;
    SET lock_timeout = '1s';
    SET maintenance_work_mem = '256MB';
    SET client_min_messages = warning";

/// The building site of one projection, and the connection that works there. It is nobody else's
/// while this connection lives.
pub(crate) struct Site {
    pub(super) name: &'static str,
    pub(super) table: &'static str,
    pub(super) connection: PgConnection,
    indexes: Vec<Index>,
}

/// What the new table is.
pub(super) struct NewTable<'a> {
    /// Of which version of the fold.
    pub(super) version: i32,
    /// Up to where it is folded.
    pub(super) at: Bookmark,
    /// In which life of the store.
    pub(super) store_epoch: Uuid,
    /// Whether the live one has events that the store lost.
    pub(super) replaces_lost: bool,
    /// What is left out of it.
    pub(super) skipped: &'a HashMap<i64, Uuid>,
}

/// How an attempt to swap the tables ended.
enum Swap {
    Done {
        /// Whether what was replaced is kept.
        kept: bool,
    },
    /// The live one is further.
    IsBehind,
    /// An operator had more events skipped.
    SkippedMeanwhile,
}

/// A table that rows are copied into.
pub(crate) struct Target<'a> {
    pub(crate) connection: &'a mut PgConnection,
    /// Its name, with its schema.
    pub(crate) table: String,
}

impl Target<'_> {
    /// Copies the chunks into the table, as they come.
    pub(super) async fn copy_in<R: Row>(
        &mut self,
        mut chunks: Receiver<Bytes>,
    ) -> Result<(), ReadModelError> {
        let failed = of("copying rows");
        // Only once there is something: until then there is no transaction.
        let Some(first) = chunks.recv().await else {
            return Ok(());
        };
        let sql = format!(
            "COPY {} ({}) FROM STDIN (FORMAT binary)",
            self.table,
            column_list(R::COLUMNS.iter())
        );
        let mut copy = self.connection.copy_in_raw(&sql).await.map_err(&failed)?;
        copy.send(first).await.map_err(&failed)?;
        while let Some(chunk) = chunks.recv().await {
            copy.send(chunk).await.map_err(&failed)?;
        }
        // Also if the fold was cut off: then what is there is removed.
        copy.finish().await.map_err(&failed)?;
        Ok(())
    }
}

pub(super) struct Index {
    pub(super) name: String,
    definition: String,
    is_primary: bool,
}

impl Site {
    pub(crate) async fn open<P: Projection>(pool: &PgPool) -> Result<Self, RebuildError> {
        let connection = pool.acquire().await.map_err(of("connecting"))?;
        let mut site = Self {
            name: P::NAME,
            table: P::Row::TABLE,
            connection: connection.detach(),
            indexes: vec![],
        };
        site.run("preparing the rebuild", SETTINGS).await?;
        let lock = "SELECT pg_try_advisory_lock(hashtextextended('read.' || $1, 0))";
        let mine: bool = sqlx::query_scalar(lock)
            .bind(P::NAME)
            .fetch_one(&mut site.connection)
            .await
            .map_err(of("locking the rebuild"))?;
        match mine {
            true => Ok(site),
            false => Err(RebuildError::UnderWay(P::NAME)),
        }
    }

    /// Says that a rebuild is under way, what had it started, and that it has not begun.
    pub(crate) async fn announce<P: Projection>(
        &mut self,
        by: StartedBy,
    ) -> Result<RebuildRecord, RebuildError> {
        let row = sqlx::query(include_str!("announce.sql"))
            .bind(self.name)
            .bind(P::VERSION)
            .bind(by.as_str())
            .fetch_one(&mut self.connection)
            .await
            .map_err(of("saying that it is being built"))?;
        Ok(record(&row)?)
    }

    /// Removes what an interrupted rebuild left, and makes a table like the live one, without
    /// indexes, with a checkpoint of its own.
    pub(super) async fn prepare(&mut self, version: i32) -> Result<(), RebuildError> {
        self.clear().await?;
        self.indexes = self.live_indexes().await?;
        let table = self.table;
        let options: Option<String> = sqlx::query_scalar(
            "SELECT array_to_string(reloptions, ', ') FROM pg_class WHERE oid = ('read.' || $1)::regclass",
        )
        .bind(table)
        .fetch_one(&mut self.connection)
        .await
        .map_err(of("reading how the table is stored"))?;
        let options = options.map_or(String::new(), |options| format!(" WITH ({options})"));
        self.run(
            "making the new table",
            &format!(
                "CREATE TABLE read.{table}{NEW} (
                     LIKE read.{table} INCLUDING DEFAULTS INCLUDING STORAGE INCLUDING COMPRESSION
                 ){options}"
            ),
        )
        .await?;
        sqlx::query("INSERT INTO read.checkpoint (name, version) VALUES ($1, $2)")
            .bind(format!("{}{NEW}", self.name))
            .bind(version)
            .execute(&mut self.connection)
            .await
            .map_err(of("making the new checkpoint"))?;
        Ok(())
    }

    /// Removes the table that is being made, and its checkpoint.
    pub(super) async fn clear(&mut self) -> Result<(), RebuildError> {
        let table = self.table;
        let sql = format!("DROP TABLE IF EXISTS read.{table}{NEW}");
        self.run("removing an unfinished table", &sql).await?;
        sqlx::query("DELETE FROM read.checkpoint WHERE name = $1")
            .bind(format!("{}{NEW}", self.name))
            .execute(&mut self.connection)
            .await
            .map_err(of("removing the unfinished checkpoint"))?;
        sqlx::query("DELETE FROM read.parked_sequence WHERE projection = $1")
            .bind(format!("{}{NEW}", self.name))
            .execute(&mut self.connection)
            .await
            .map_err(of("removing what is parked of the unfinished table"))?;
        Ok(())
    }

    /// Writes what is parked of the new table.
    pub(super) async fn park(&mut self, changes: &[ParkingChange]) -> Result<(), RebuildError> {
        let name = format!("{}{NEW}", self.name);
        let parked = all_change(&mut self.connection, &name, changes).await;
        match parked.map_err(of("writing what is parked"))? {
            true => Ok(()),
            // Nobody else writes of a table that is being made.
            false => Err(RebuildError::UnderWay(self.name)),
        }
    }

    pub(super) async fn live_indexes(&mut self) -> Result<Vec<Index>, RebuildError> {
        let rows: Vec<(String, String, bool)> = sqlx::query_as(include_str!("indexes.sql"))
            .bind(self.table)
            .fetch_all(&mut self.connection)
            .await
            .map_err(of("reading the indexes"))?;
        let indexes = rows
            .into_iter()
            .map(|(name, definition, is_primary)| Index {
                name,
                definition,
                is_primary,
            });
        Ok(indexes.collect())
    }

    /// The new table, to be filled.
    pub(super) fn target(&mut self) -> Target<'_> {
        Target {
            connection: &mut self.connection,
            table: format!("read.{}{NEW}", self.table),
        }
    }

    /// Builds the indexes that the live table has, and tells the planner what is in the new one.
    pub(super) async fn index(&mut self) -> Result<(), RebuildError> {
        let table = self.table;
        for index in std::mem::take(&mut self.indexes) {
            let name = &index.name;
            let sql = index.definition.replacen(
                &format!(" INDEX {name} ON read.{table} "),
                &format!(" INDEX {name}{NEW} ON read.{table}{NEW} "),
                1,
            );
            self.run("building an index", &sql).await?;
            if index.is_primary {
                let sql = format!(
                    "ALTER TABLE read.{table}{NEW}
                     ADD CONSTRAINT {name}{NEW} PRIMARY KEY USING INDEX {name}{NEW}"
                );
                self.run("making the primary key", &sql).await?;
            }
            self.indexes.push(index);
        }
        let sql = format!("ANALYZE read.{table}{NEW}");
        self.run("taking statistics", &sql).await
    }

    /// Says how far the new table is.
    pub(super) async fn checkpoint(
        &mut self,
        position: Position,
        store_epoch: Uuid,
    ) -> Result<(), RebuildError> {
        sqlx::query(
            "UPDATE read.checkpoint
             SET position    = $2,
                 store_epoch = $3,
                 updated_at  = clock_timestamp()
             WHERE name = $1",
        )
        .bind(format!("{}{NEW}", self.name))
        .bind(position.get())
        .bind(store_epoch)
        .execute(&mut self.connection)
        .await
        .map_err(of("writing the new checkpoint"))?;
        Ok(())
    }

    /// Takes the lead from whoever leads the live table: at epoch 0 nobody does, and whoever gets the
    /// lease next may take over from there. Says how far it had come.
    pub(super) async fn fence(&mut self, version: i32) -> Result<Position, RebuildError> {
        let position = sqlx::query_scalar(
            "INSERT INTO read.checkpoint AS c (name, version)
             VALUES ($1, $2)
             ON CONFLICT (name) DO UPDATE SET leader_epoch = 0
             RETURNING c.position",
        )
        .bind(self.name)
        .bind(version)
        .fetch_one(&mut self.connection)
        .await
        .map_err(of("fencing the live leader"))?;
        Ok(Position::new(position))
    }

    /// Puts the new table in the place of the live one, if that is not further, or is of events that
    /// are lost. False if it is further, or if its readers do not let go.
    pub(super) async fn swap(&mut self, new: &NewTable<'_>) -> Result<bool, RebuildError> {
        match self.try_swap(new).await {
            Ok(Swap::Done { kept: true }) => Ok(true),
            Ok(Swap::Done { kept: false }) => {
                self.drop_old().await;
                Ok(true)
            }
            Ok(Swap::IsBehind) => Ok(false),
            Ok(Swap::SkippedMeanwhile) => Err(RebuildError::SkippedMeanwhile(self.name)),
            Err(error) if is_held(&error) => {
                tracing::debug!(projection = self.name, "readers hold the table");
                Ok(false)
            }
            Err(error) => Err(of("swapping the tables")(error).into()),
        }
    }

    async fn try_swap(&mut self, new: &NewTable<'_>) -> Result<Swap, sqlx::Error> {
        let (name, table) = (self.name, self.table);
        let mut transaction = self.connection.begin().await?;
        // The table before the checkpoint, as whoever commits rows does it: so nobody waits in a
        // circle.
        let lock = format!("LOCK TABLE read.{table} IN ACCESS EXCLUSIVE MODE");
        transaction
            .execute(sqlx::raw_sql(AssertSqlSafe(lock)))
            .await?;
        sqlx::query("DELETE FROM read.replaced WHERE projection = $1")
            .bind(name)
            .execute(&mut *transaction)
            .await?;
        let kept = sqlx::query(include_str!("keep.sql"))
            .bind(name)
            .bind(new.store_epoch)
            .bind(new.replaces_lost)
            .execute(&mut *transaction)
            .await?;
        let kept = kept.rows_affected() > 0;
        let moved = sqlx::query(include_str!("swap.sql"))
            .bind(name)
            .bind(new.version)
            .bind(new.at.position.get())
            .bind(new.store_epoch)
            .bind(format!("{name}{NEW}"))
            .bind(new.replaces_lost)
            .bind(new.at.event_id.map(|id| id.uuid()))
            .execute(&mut *transaction)
            .await?;
        if moved.rows_affected() == 0 {
            transaction.rollback().await?;
            return Ok(Swap::IsBehind);
        }
        if !swap_parked(&mut transaction, name, kept, new.skipped).await? {
            transaction.rollback().await?;
            return Ok(Swap::SkippedMeanwhile);
        }
        // What was kept before goes with this: there is one way back.
        let mut sql = format!(
            "DROP TABLE IF EXISTS read.{table}{OLD};
             ALTER TABLE read.{table} RENAME TO {table}{OLD};"
        );
        for Index { name, .. } in &self.indexes {
            sql.push_str(&format!("ALTER INDEX read.{name} RENAME TO {name}{OLD};"));
            sql.push_str(&format!("ALTER INDEX read.{name}{NEW} RENAME TO {name};"));
        }
        sql.push_str(&format!("ALTER TABLE read.{table}{NEW} RENAME TO {table}"));
        transaction
            .execute(sqlx::raw_sql(AssertSqlSafe(sql)))
            .await?;
        transaction.commit().await?;
        Ok(Swap::Done { kept })
    }

    /// Removes the table that was replaced, where it is of no use. Should that fail, it is done later: the
    /// new one is in its place already.
    async fn drop_old(&mut self) {
        let name = self.name;
        let sql = format!("DROP TABLE IF EXISTS read.{}{OLD}", self.table);
        if let Err(error) = self.run("removing the table that was replaced", &sql).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(
                projection = name,
                error,
                "{name} is built anew; the table that it replaces stays for a while"
            );
        }
    }

    pub(crate) async fn close(mut self) {
        let ended = sqlx::query("DELETE FROM read.rebuild WHERE projection = $1")
            .bind(self.name)
            .execute(&mut self.connection)
            .await;
        if let Err(error) = ended {
            tracing::debug!(%error, "how far a rebuild came stays until the next one, and nobody tells it");
        }
        // At once, rather than when the server has noticed that the connection is gone.
        let unlocked = self
            .run("unlocking", "SELECT pg_advisory_unlock_all()")
            .await;
        if let Err(error) = unlocked {
            tracing::debug!(%error, "the connection of a rebuild was lost at its end");
        }
        if let Err(error) = self.connection.close().await {
            tracing::debug!(%error, "the connection of a rebuild was lost at its end");
        }
    }

    pub(super) async fn run(&mut self, what: &'static str, sql: &str) -> Result<(), RebuildError> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        self.connection.execute(sql).await.map_err(of(what))?;
        Ok(())
    }
}

/// Whether the error is a lock that was not to be had in time.
pub(super) fn is_held(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(error) if error.code().as_deref() == Some("55P03"))
}

/// Says that a rebuild is alive, and how far it is.
pub(super) async fn tell(pool: &PgPool, progress: &Progress) -> Result<(), RebuildError> {
    sqlx::query(include_str!("tell.sql"))
        .bind(progress.name)
        .bind(format!("{}{NEW}", progress.name))
        .bind(progress.position.get())
        .bind(progress.stage.as_str())
        .bind(i64::try_from(progress.events).unwrap_or(i64::MAX))
        .bind(progress.until.get())
        .bind(progress.done())
        .bind(progress.rate())
        .bind(progress.left().map(|left| left.as_secs_f64()))
        .execute(pool)
        .await
        .map_err(of("saying that the rebuild is alive"))?;
    Ok(())
}
