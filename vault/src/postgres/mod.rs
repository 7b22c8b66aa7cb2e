//! Keys in a table of PostgreSQL's.

mod database;

use crate::{
    error::VaultError,
    keys::{KeyId, KeyRow, KeyState, KeyStore, MasterUse, NewKey, Rewrapped},
};
use async_trait::async_trait;
use database::Database;
use domain::{CustomerId, TenantId};
use sqlx::{
    Row,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgRow},
};
use std::collections::BTreeSet;

/// The table's migrations.
pub static MIGRATIONS: Migrator = sqlx::migrate!("../migrations/personal");

/// How often it is asked again for keys that somebody else has just made.
const TRIES: usize = 4;

/// Keys in the table `personal.key`. It connects when it is asked for something first.
pub struct PostgresKeys {
    database: Database,
}

impl PostgresKeys {
    /// Keys in the database at `url`.
    ///
    /// # Errors
    /// It is no such URL.
    pub fn new(url: &str) -> Result<Self, VaultError> {
        // What is wrong with it may have the password in it.
        let options: PgConnectOptions = url.parse().map_err(|_| {
            VaultError::Corrupt("the database's URL is none of PostgreSQL's".into())
        })?;
        Ok(Self {
            database: Database::new(options),
        })
    }
}

/// Creates the table in the database at `url`, where it is missing.
///
/// # Errors
/// The database cannot be reached, or is another build's.
pub async fn migrate(url: &str) -> Result<(), VaultError> {
    PostgresKeys::new(url)?.database.migrate(&MIGRATIONS).await
}

#[async_trait]
impl KeyStore for PostgresKeys {
    async fn find(&self, ids: &[KeyId]) -> Result<Vec<KeyRow>, VaultError> {
        let (tenants, customers) = columns(ids);
        let rows = self.database.rows(|| {
            sqlx::query(include_str!("find.sql"))
                .bind(tenants.clone())
                .bind(customers.clone())
        });
        rows.await?.iter().map(row).collect()
    }

    async fn find_or_make(&self, mut keys: Vec<NewKey>) -> Result<Vec<KeyRow>, VaultError> {
        let mut found = Vec::with_capacity(keys.len());
        for _ in 0..TRIES {
            let (tenants, customers) = columns(keys.iter().map(|key| &key.id));
            let masters: Vec<String> = keys.iter().map(|key| key.master.clone()).collect();
            let wrapped: Vec<Vec<u8>> = keys.iter().map(|key| key.wrapped.clone()).collect();
            let rows = self.database.rows(|| {
                sqlx::query(include_str!("find_or_make.sql"))
                    .bind(tenants.clone())
                    .bind(customers.clone())
                    .bind(masters.clone())
                    .bind(wrapped.clone())
            });
            for read in rows.await?.iter().map(row) {
                found.push(read?);
            }
            let there: BTreeSet<&KeyId> = found.iter().map(|row| &row.id).collect();
            keys.retain(|key| !there.contains(&key.id));
            if keys.is_empty() {
                return Ok(found);
            }
        }
        Err(VaultError::Unavailable(
            "somebody makes the same keys all the time".into(),
        ))
    }

    async fn destroy(&self, id: &KeyId) -> Result<bool, VaultError> {
        let rows = self.database.rows(|| {
            sqlx::query(include_str!("destroy.sql"))
                .bind(id.tenant.as_str().to_owned())
                .bind(id.customer_id.as_str().to_owned())
        });
        let rows = rows.await?;
        let master = rows.first().map(|row| row.try_get::<&str, _>(0));
        let master = master.transpose().map_err(corrupt)?;
        Ok(master.is_some_and(|master| !master.is_empty()))
    }

    async fn samples(&self) -> Result<Vec<KeyRow>, VaultError> {
        let sql = include_str!("samples.sql");
        let rows = self.database.rows(|| sqlx::query(sql)).await?;
        rows.iter().map(row).collect()
    }

    async fn masters(&self) -> Result<Vec<MasterUse>, VaultError> {
        const SQL: &str = "SELECT master, count(*)
             FROM personal.key
             WHERE wrapped IS NOT NULL
             GROUP BY master
             ORDER BY master";
        let rows = self.database.rows(|| sqlx::query(SQL)).await?;
        let used = rows.iter().map(|row| {
            let keys: i64 = row.try_get(1)?;
            Ok(MasterUse {
                master: row.try_get(0)?,
                keys: keys.unsigned_abs(),
            })
        });
        used.collect::<Result<_, sqlx::Error>>().map_err(corrupt)
    }

    async fn wrapped_by_others(
        &self,
        master: &str,
        limit: usize,
    ) -> Result<Vec<KeyRow>, VaultError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = self.database.rows(|| {
            sqlx::query(include_str!("wrapped_by_others.sql"))
                .bind(master.to_owned())
                .bind(limit)
        });
        rows.await?.iter().map(row).collect()
    }

    async fn rewrap(&self, keys: Vec<Rewrapped>) -> Result<u64, VaultError> {
        let (tenants, customers) = columns(keys.iter().map(|key| &key.id));
        let before: Vec<Vec<u8>> = keys.iter().map(|key| key.before.clone()).collect();
        let masters: Vec<String> = keys.iter().map(|key| key.master.clone()).collect();
        let wrapped: Vec<Vec<u8>> = keys.iter().map(|key| key.wrapped.clone()).collect();
        let rows = self.database.rows(|| {
            sqlx::query(include_str!("rewrap.sql"))
                .bind(tenants.clone())
                .bind(customers.clone())
                .bind(before.clone())
                .bind(masters.clone())
                .bind(wrapped.clone())
        });
        Ok(rows.await?.len() as u64)
    }
}

fn columns<'a>(ids: impl IntoIterator<Item = &'a KeyId>) -> (Vec<String>, Vec<String>) {
    let text = |id: &KeyId| {
        let customer_id = id.customer_id.as_str().to_owned();
        (id.tenant.as_str().to_owned(), customer_id)
    };
    ids.into_iter().map(text).unzip()
}

fn row(row: &PgRow) -> Result<KeyRow, VaultError> {
    let tenant: &str = row.try_get(0).map_err(corrupt)?;
    let customer_id: &str = row.try_get(1).map_err(corrupt)?;
    let wrapped: Option<Vec<u8>> = row.try_get(3).map_err(corrupt)?;
    Ok(KeyRow {
        id: KeyId {
            tenant: TenantId::parse(tenant).map_err(corrupt)?,
            customer_id: CustomerId::parse(customer_id).map_err(corrupt)?,
        },
        master: row.try_get(2).map_err(corrupt)?,
        state: wrapped.map_or(KeyState::Erased, KeyState::There),
    })
}

fn corrupt(error: impl std::error::Error) -> VaultError {
    VaultError::Corrupt(format!("a row of personal.key cannot be read: {error}"))
}
