//! One PostgreSQL for all tests of a process, or of a run, and a fresh database for each.

use crate::{Postgres, Result, databases, random_name};
use tokio::sync::OnceCell;
use url::Url;

static SERVER: OnceCell<Postgres> = OnceCell::const_new();

/// The PostgreSQL that tests share.
///
/// It is the one that is given, or starts with the first test of this process that asks for it and
/// ends with the process, also when that is killed. It is not durable, unless a given one is.
#[derive(Debug)]
pub struct SharedPostgres;

impl SharedPostgres {
    /// The server.
    ///
    /// # Errors
    /// When it does not start; the next caller tries again.
    pub async fn server() -> Result<&'static Postgres> {
        SERVER.get_or_try_init(Postgres::start_for_sharing).await
    }

    /// Whether what it has acknowledged is on disk: only a server that is given may be so.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn is_durable() -> Result<bool> {
        let server = Self::server().await?;
        Ok(server.is_given() && server.shows("fsync").await? == "on")
    }

    /// A new, empty database of its own for one test, which goes with what is returned.
    ///
    /// # Errors
    /// When the server does not start, or refuses.
    pub async fn database() -> Result<TestDatabase> {
        let server = Self::server().await?;
        let name = random_name("orders_test_");
        databases::create(server.server_url(), &name).await?;
        Ok(TestDatabase {
            url: databases::url_of(server.server_url(), &name),
            remains: server.is_given().then(|| server.server_url().clone()),
            name,
        })
    }
}

/// A database made for one test.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
    url: String,
    /// The server that stays when this process ends, if it does.
    remains: Option<Url>,
}

impl TestDatabase {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its connection URL, password included.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Some(server) = &self.remains {
            databases::remove(server, vec![self.name.clone()]);
        }
    }
}
