//! One throw-away PostgreSQL for all tests of a process, and a fresh database for each.

use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::OnceCell;

use crate::{Postgres, PostgresOptions, Result};

static SERVER: OnceCell<Postgres> = OnceCell::const_new();
static NEXT: AtomicU32 = AtomicU32::new(1);

/// The PostgreSQL that all tests of this process share.
///
/// It starts with the first test that asks for it, and ends with the process, also when that
/// panics or is killed. It is not durable: a test that kills a server starts its own.
#[derive(Debug)]
pub struct SharedPostgres;

impl SharedPostgres {
    /// The server.
    ///
    /// # Errors
    /// As [`Postgres::start`]; the next caller tries again.
    pub async fn server() -> Result<&'static Postgres> {
        SERVER
            .get_or_try_init(|| {
                let options = PostgresOptions::throwaway().setting("max_connections", "300");
                Postgres::start(options)
            })
            .await
    }

    /// A new, empty database of its own for one test.
    ///
    /// # Errors
    /// When the server does not start, or refuses.
    pub async fn database() -> Result<TestDatabase> {
        let server = Self::server().await?;
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        server.create_database(&name).await?;
        let url = server.url(&name);
        Ok(TestDatabase { name, url })
    }
}

/// A database made for one test.
#[derive(Debug, Clone)]
pub struct TestDatabase {
    name: String,
    url: String,
}

impl TestDatabase {
    /// Its name on the shared server.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its connection URL, password included.
    pub fn url(&self) -> &str {
        &self.url
    }
}
