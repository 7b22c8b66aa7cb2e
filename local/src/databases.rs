//! Databases on a server.

use sqlx::{AssertSqlSafe, PgConnection};

use crate::{Error, Result};

/// Makes a database on the server that `connection` leads to, unless it is there. The name has a-z,
/// 0-9 and _, so that it needs no quoting.
///
/// # Errors
/// For another name, or when the server refuses.
pub async fn create_database(connection: &mut PgConnection, name: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    if !starts_well || name.len() > 63 || !name.chars().all(plain) {
        return Err(Error::DatabaseName(name.to_owned()));
    }
    let failed = |source| Error::Sql {
        action: format!("create database {name}"),
        source,
    };
    let exists = sqlx::query("SELECT 1 FROM pg_database WHERE datname = $1")
        .bind(name)
        .fetch_optional(&mut *connection)
        .await
        .map_err(failed)?;
    if exists.is_none() {
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .execute(connection)
            .await
            .map_err(failed)?;
    }
    Ok(())
}
