//! The schema that read models of the past are put into, and what it says of them.

use super::{PastError, Point};
use crate::storage::{ReadModelError, postgres::of};
use sqlx::{AssertSqlSafe, Executor, PgConnection};
use std::{fmt, str::FromStr};

/// The longest name that PostgreSQL keeps whole, in bytes.
const LONGEST: usize = 63;

/// The schemas of the platform and of PostgreSQL: nothing of the past is put there.
const RESERVED: [&str; 7] = [
    "read",
    "store",
    "saga",
    "notify",
    "personal",
    "public",
    "information_schema",
];

/// What PostgreSQL keeps for itself begins with this.
const RESERVED_PREFIX: &str = "pg_";

/// The table that says what is in the schema.
const FOLDED: &str = "folded";

/// The comment by which that table is known as ours, and so is the schema.
pub const MARK: &str =
    "Which read models are here, as of when: made by `projector rebuild --until`.";

/// The name of a schema that read models of the past may be put into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaName(String);

/// Why a name is none of such a schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaNameError {
    /// It would have to be quoted, or is cut short.
    #[error(
        "a schema's name has 1 to 63 characters, a to z, 0 to 9 and _, and does not begin with a digit"
    )]
    Malformed,
    /// It is somebody else's.
    #[error("the schema {0} is reserved: name one of its own, as audit_2026_01")]
    Reserved(String),
}

impl FromStr for SchemaName {
    type Err = SchemaNameError;

    fn from_str(text: &str) -> Result<Self, SchemaNameError> {
        let is_plain = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
        let begins_well = !text.starts_with(|first: char| first.is_ascii_digit());
        if text.is_empty() || text.len() > LONGEST || !begins_well || !text.bytes().all(is_plain) {
            return Err(SchemaNameError::Malformed);
        }
        if RESERVED.contains(&text) || text.starts_with(RESERVED_PREFIX) {
            return Err(SchemaNameError::Reserved(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for SchemaName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the schema says of a read model in it.
pub(super) struct Entry<'a> {
    pub(super) projection: &'static str,
    pub(super) version: i32,
    pub(super) point: &'a Point,
    pub(super) rows: u64,
    pub(super) stopped: usize,
}

/// The schema, in the transaction that writes to it. It is nobody else's until that ends.
pub(super) struct Schema<'a> {
    pub(super) name: &'a SchemaName,
    pub(super) connection: &'a mut PgConnection,
}

impl Schema<'_> {
    /// Takes the schema for this transaction, and makes it if it is not there.
    pub(super) async fn take(&mut self) -> Result<(), PastError> {
        let lock = "SELECT pg_try_advisory_xact_lock(hashtextextended('past.' || $1, 0))";
        if !self.ask("locking the schema", lock).await? {
            return Err(PastError::UnderWay(self.name.clone()));
        }
        let there = "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)";
        let is_there = self.ask("looking for the schema", there).await?;
        if is_there && !self.is_ours().await? {
            return Err(PastError::NotOurs(self.name.clone()));
        }
        if !is_there {
            let sql = format!("CREATE SCHEMA \"{}\"", self.name);
            self.run("making the schema", &sql).await?;
        }
        let sql = format!(
            "CREATE TABLE IF NOT EXISTS \"{name}\".{FOLDED} (
                 projection  text        NOT NULL PRIMARY KEY COLLATE \"C\",
                 version     integer     NOT NULL,
                 until       timestamptz,
                 position    bigint      NOT NULL,
                 event_id    uuid,
                 store_epoch uuid        NOT NULL,
                 rows        bigint      NOT NULL,
                 stopped     bigint      NOT NULL,
                 folded_at   timestamptz NOT NULL DEFAULT clock_timestamp()
             );
             COMMENT ON TABLE \"{name}\".{FOLDED} IS '{MARK}'",
            name = self.name,
        );
        self.run("making the table that says what is there", &sql)
            .await
    }

    /// Whether the schema was made for this, or has nothing in it.
    async fn is_ours(&mut self) -> Result<bool, PastError> {
        let marked = format!(
            "SELECT EXISTS (
                 SELECT
                 FROM pg_class AS c
                 JOIN pg_namespace AS n ON n.oid = c.relnamespace
                 WHERE n.nspname = $1
                   AND c.relname = '{FOLDED}'
                   AND obj_description(c.oid, 'pg_class') = '{MARK}'
             ) OR NOT EXISTS (
                 SELECT
                 FROM pg_class AS c
                 JOIN pg_namespace AS n ON n.oid = c.relnamespace
                 WHERE n.nspname = $1
             )"
        );
        self.ask("looking what the schema is for", &marked).await
    }

    /// Whether rows of that table are in it.
    pub(super) async fn has_rows(&mut self, table: &str) -> Result<bool, PastError> {
        let there = format!("SELECT to_regclass(format('%I.%I', $1::text, '{table}')) IS NOT NULL");
        if !self.ask("looking for the table", &there).await? {
            return Ok(false);
        }
        let sql = format!(
            "SELECT EXISTS (SELECT FROM \"{}\".\"{table}\") AND $1::text IS NOT NULL",
            self.name
        );
        self.ask("looking into the table", &sql).await
    }

    /// Says what is in it now.
    pub(super) async fn say(&mut self, entry: &Entry<'_>) -> Result<(), PastError> {
        let sql = format!(
            "INSERT INTO \"{}\".{FOLDED} AS f (
                 projection, version, until, position, event_id, store_epoch, rows, stopped
             )
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (projection) DO UPDATE
             SET version     = excluded.version,
                 until       = excluded.until,
                 position    = excluded.position,
                 event_id    = excluded.event_id,
                 store_epoch = excluded.store_epoch,
                 rows        = excluded.rows,
                 stopped     = excluded.stopped,
                 folded_at   = excluded.folded_at",
            self.name
        );
        sqlx::query(AssertSqlSafe(sql))
            .bind(entry.projection)
            .bind(entry.version)
            .bind(entry.point.time)
            .bind(entry.point.at.position.get())
            .bind(entry.point.at.event_id.map(|id| id.uuid()))
            .bind(entry.point.store_epoch)
            .bind(i64::try_from(entry.rows).unwrap_or(i64::MAX))
            .bind(i64::try_from(entry.stopped).unwrap_or(i64::MAX))
            .execute(&mut *self.connection)
            .await
            .map_err(of("saying what is in the schema"))?;
        Ok(())
    }

    /// A yes or no of which the name of the schema is the parameter.
    async fn ask(&mut self, what: &'static str, sql: &str) -> Result<bool, PastError> {
        let yes = sqlx::query_scalar(AssertSqlSafe(sql.to_owned()))
            .bind(&self.name.0)
            .fetch_one(&mut *self.connection)
            .await;
        Ok(yes.map_err(of(what))?)
    }

    pub(super) async fn run(&mut self, what: &'static str, sql: &str) -> Result<(), PastError> {
        run(self.connection, what, sql).await?;
        Ok(())
    }
}

/// Runs statements that have no parameters.
pub(super) async fn run(
    connection: &mut PgConnection,
    what: &'static str,
    sql: &str,
) -> Result<(), ReadModelError> {
    let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
    connection.execute(sql).await.map_err(of(what))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_has_a_plain_name_of_its_own() {
        for name in ["a", "audit_2026_01", "_x", &"x".repeat(63)] {
            assert_eq!(name.parse::<SchemaName>().unwrap().to_string(), name);
        }
        for name in ["", "1a", "A", "a-b", "a.b", "a\"b", "ä", &"x".repeat(64)] {
            let refused = name.parse::<SchemaName>();
            assert_eq!(refused, Err(SchemaNameError::Malformed), "{name}");
        }
        for name in [
            "read", "store", "saga", "public", "pg_toast", "pg_", "personal",
        ] {
            let refused = name.parse::<SchemaName>();
            assert_eq!(refused, Err(SchemaNameError::Reserved(name.into())));
        }
    }
}
