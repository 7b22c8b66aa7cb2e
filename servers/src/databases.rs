//! Databases on a server: made for a test, and removed with it where the server stays.

use crate::{Error, Result, aside::aside};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::time::Duration;
use url::Url;

/// How long removing one may take.
const REMOVED_WITHIN: Duration = Duration::from_secs(10);

/// The database that every server has.
pub(crate) const MAINTENANCE: &str = "postgres";

/// The URL of a database on a server.
pub(crate) fn url_of(server: &Url, database: &str) -> String {
    let mut url = server.clone();
    url.set_path(database);
    url.into()
}

pub(crate) async fn connect(server: &Url) -> sqlx::Result<PgConnection> {
    PgConnection::connect(&url_of(server, MAINTENANCE)).await
}

/// Makes a database, unless it is there.
pub(crate) async fn create(server: &Url, name: &str) -> Result<()> {
    let failed = |source| Error::Sql {
        action: format!("create database {name}"),
        source,
    };
    let mut connection = connect(server).await.map_err(failed)?;
    local::create_database(&mut connection, name).await?;
    connection.close().await.map_err(failed)
}

/// Removes databases, for destructors: blocks, on a thread and runtime of its own.
pub(crate) fn remove(server: &Url, names: Vec<String>) {
    let server = server.clone();
    aside(REMOVED_WITHIN, "databases", async move {
        let mut connection = connect(&server).await.map_err(|error| error.to_string())?;
        for name in names {
            // Whoever is connected still belongs to the test that ends.
            let sql = AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
            let dropped = sqlx::query(sql).execute(&mut connection).await;
            dropped.map_err(|error| format!("{name}: {error}"))?;
        }
        Ok(())
    });
}
