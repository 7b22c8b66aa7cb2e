//! A database: whether it answers, whether it is new enough, whether it keeps what it has taken.

use super::{
    PATIENCE,
    finding::{Finding, well, wrong},
};
use anyhow::Context;
use sqlx::{Connection, PgConnection, Row};
use tokio::time::timeout;
use uuid::Uuid;

/// The oldest server that is supported.
const POSTGRES_AT_LEAST: i32 = 140_000;

/// How far the store is, and in which of its lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub position: i64,
    pub epoch: Uuid,
}

/// Connects, and says what server that is. None when it cannot be looked into.
pub(super) async fn open(
    what: &str,
    url: &str,
    advice: &str,
    findings: &mut Vec<Finding>,
) -> Option<PgConnection> {
    let mut connection = match connect(url).await {
        Ok(connection) => connection,
        Err(error) => {
            findings.push(wrong(what, format!("{error:#}"), advice));
            return None;
        }
    };
    match versions(what, &mut connection).await {
        Ok(finding) => findings.push(finding),
        Err(error) => {
            let detail = format!("{error:#}");
            findings.push(wrong(what, detail, "look into the server's log"));
            return None;
        }
    }
    Some(connection)
}

async fn connect(url: &str) -> anyhow::Result<PgConnection> {
    timeout(PATIENCE, PgConnection::connect(url))
        .await
        .context("it does not answer within 5 s")?
        .context("it cannot be reached")
}

async fn versions(what: &str, connection: &mut PgConnection) -> anyhow::Result<Finding> {
    let row = sqlx::query(
        "SELECT
             current_setting('server_version_num')::integer AS number,
             current_setting('server_version')              AS version,
             current_setting('fsync')                       AS fsync,
             current_setting('full_page_writes')            AS full_page_writes",
    )
    .fetch_one(connection)
    .await?;
    let version: String = row.try_get("version")?;
    let detail = format!("PostgreSQL {version}");
    if row.try_get::<i32, _>("number")? < POSTGRES_AT_LEAST {
        return Ok(wrong(what, detail, "use PostgreSQL 14 or later"));
    }
    for setting in ["fsync", "full_page_writes"] {
        if row.try_get::<String, _>(setting)? != "on" {
            let detail = format!("{detail} with {setting} off: a crash loses orders");
            return Ok(wrong(what, detail, format!("set {setting} = on")));
        }
    }
    Ok(well(what, detail))
}

/// The store's head.
pub(super) async fn head(connection: &mut PgConnection) -> anyhow::Result<Head> {
    let (position, epoch) = sqlx::query_as(
        "SELECT
             (SELECT coalesce(max(position), 0) FROM store.events),
             (SELECT epoch FROM store.head)",
    )
    .fetch_one(connection)
    .await
    .context("the store's head cannot be read")?;
    Ok(Head { position, epoch })
}
