//! The read models as their tables hold them.

use super::{PATIENCE, Platform, eventually, program};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use std::collections::BTreeMap;

/// Where they are.
const SCHEMA: &str = "read";

/// How far each projection is, and under which leader: name to position and epoch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checkpoints(pub BTreeMap<String, (i64, i64)>);

impl Checkpoints {
    /// Reads them; an error while the database is away.
    ///
    /// # Errors
    /// What the database says.
    pub async fn read(database: &str) -> Result<Self, sqlx::Error> {
        let mut connection = PgConnection::connect(database).await?;
        let rows = sqlx::query("SELECT name, position, leader_epoch FROM read.checkpoint")
            .fetch_all(&mut connection)
            .await?;
        connection.close().await?;
        let all = rows
            .iter()
            .map(|row| (row.get(0), (row.get(1), row.get(2))));
        Ok(Self(all.collect()))
    }

    /// What is further back, or under an older leader, than it was.
    pub fn behind(&self, earlier: &Self) -> Vec<String> {
        let back = earlier.0.iter().filter_map(|(name, before)| {
            let now = self.0.get(name)?;
            let worse = now.0 < before.0 || now.1 < before.1;
            worse.then(|| format!("{name}: (position, epoch) {before:?} became {now:?}"))
        });
        back.collect()
    }
}

/// Waits until every projection has folded all events up to this position.
///
/// # Panics
/// When one of them does not come to it.
pub async fn projections_are_at(database: &str, position: i64) {
    let what = format!("all projections are at {position}");
    eventually(&what, async || {
        let now = Checkpoints::read(database).await;
        let now = now.map_err(|error| error.to_string())?;
        let is_there = |name: &&str| now.0.get(*name).is_some_and(|(at, _)| *at >= position);
        let names = projector::projections::names();
        match names.iter().all(is_there) {
            true => Ok(()),
            false => Err(format!("{now:?}")),
        }
    })
    .await;
}

/// Read models that not every load of these tests leads to a row of: nobody sends anything back, or lists
/// what is sold, and not everybody packs.
const RARE: [&str; 3] = ["return_summary", "product_summary", "payments_daily"];

/// Tables of what cannot be folded: of that there is nothing.
const POISON: [&str; 2] = ["parked_sequence", "skipped_event"];

/// Builds all read models anew, and compares them with what was there, row for row.
///
/// # Panics
/// When they differ. Nothing may be written meanwhile.
pub async fn rebuild_equals_live(platform: &Platform) {
    // Of the same events: what the live ones have not folded yet would be a difference.
    let head = platform.events().await.head().await;
    let head = head.expect("the head can be read").position.get();
    projections_are_at(&platform.database(), head).await;
    let live = read_model_rows(&platform.database()).await;
    rebuild(platform).await;
    let rebuilt = read_model_rows(&platform.database()).await;
    assert_eq!(
        live.keys().collect::<Vec<_>>(),
        rebuilt.keys().collect::<Vec<_>>(),
        "tables"
    );
    for (table, live) in live {
        let rebuilt = &rebuilt[&table];
        if POISON.contains(&table.as_str()) {
            assert!(
                live.is_empty() && rebuilt.is_empty(),
                "{table} is not empty"
            );
        } else if !RARE.contains(&table.as_str()) {
            assert!(!live.is_empty(), "{table} is empty");
        }
        assert_eq!(live.len(), rebuilt.len(), "rows of {table}");
        for (live, rebuilt) in live.iter().zip(rebuilt) {
            assert_eq!(live, rebuilt, "a row of {table}, live and rebuilt");
        }
    }
}

/// Builds all read models anew.
///
/// # Panics
/// When it fails.
pub async fn rebuild(platform: &Platform) {
    let mut rebuild = tokio::process::Command::new(program("projector"));
    rebuild
        .args(["rebuild", "--all"])
        .envs(platform.environment())
        .kill_on_drop(true);
    let rebuilt = tokio::time::timeout(PATIENCE, rebuild.output()).await;
    let rebuilt = rebuilt.expect("a rebuild ends").expect("it can be started");
    let said = String::from_utf8_lossy(&rebuilt.stderr);
    assert!(rebuilt.status.success(), "the rebuild failed: {said}");
}

/// Every row of every read model, as JSON: table to sorted rows.
///
/// # Panics
/// When the database does not answer.
pub async fn read_model_rows(database: &str) -> BTreeMap<String, Vec<String>> {
    let mut connection = PgConnection::connect(database)
        .await
        .expect("the database answers");
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT tablename::text FROM pg_tables WHERE schemaname = $1 \
         AND tablename NOT IN ('checkpoint', 'rebuild', 'replaced') AND tablename NOT LIKE '%\\_\\_%'",
    )
    .bind(SCHEMA)
    .fetch_all(&mut connection)
    .await
    .expect("tables are listed");
    let mut all = BTreeMap::new();
    for table in tables {
        let rows = format!("SELECT to_jsonb(t)::text AS row FROM {SCHEMA}.{table} AS t ORDER BY 1");
        let rows = sqlx::query_scalar(AssertSqlSafe(rows))
            .fetch_all(&mut connection)
            .await
            .expect("rows are read");
        all.insert(table, rows);
    }
    all
}
