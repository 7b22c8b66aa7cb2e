//! A PostgreSQL server.

use crate::{
    Error, Result,
    container::Container,
    databases::{self, connect, url_of},
    provider::Provider,
    random_name,
    request::Request,
    server::Server,
    skipped::skipped_where_given,
    variable,
};
use local::PostgresOptions;
use sqlx::Connection;
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};
use url::Url;

/// Names a server that is there.
pub(crate) const URL: &str = "ORDERS_TEST_POSTGRES_URL";

/// Names the image of containers.
const IMAGE: &str = "ORDERS_TEST_POSTGRES_IMAGE";
const DEFAULT_IMAGE: &str = "postgres:17-alpine";

/// Where it listens unless it is told otherwise.
const PORT: u16 = 5432;

/// What a container is told that a local server is told by `local`.
const SETTINGS: [(&str, &str); 4] = [
    // The memory that containers share is small.
    ("dynamic_shared_memory_type", "mmap"),
    ("min_wal_size", "256MB"),
    ("max_wal_size", "2GB"),
    ("timezone", "UTC"),
];

/// What makes an acknowledged commit one that is on disk.
const DURABILITY: [&str; 3] = ["fsync", "synchronous_commit", "full_page_writes"];

/// A PostgreSQL server; what was started or made for it goes with it.
#[derive(Debug)]
pub struct Postgres {
    server: Server<local::Postgres>,
    url: Url,
    /// What the names of databases begin with, so that they are nobody else's.
    prefix: String,
    /// Those that have to be removed from a server that stays.
    made: Mutex<Vec<String>>,
}

impl Postgres {
    /// A server on which acknowledged is on disk, as in production. It is one's own, or databases of
    /// one's own on the server that is given.
    ///
    /// # Errors
    /// When it cannot be started, or variables of the environment say what cannot be.
    pub async fn start() -> Result<Self> {
        Self::of(Provider::of_own(URL)?, &DURABILITY.map(|name| (name, "on"))).await
    }

    /// A server for many tests at once, which is quick, and not safe against a power cut.
    pub(crate) async fn start_for_sharing() -> Result<Self> {
        let mut settings = vec![("max_connections", "500")];
        settings.extend(DURABILITY.map(|name| (name, "off")));
        Self::of(Provider::of_shared(URL)?, &settings).await
    }

    /// The same in a container, whatever else is said.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn contained_for_sharing() -> Result<Self> {
        let mut settings = vec![("max_connections", "500")];
        settings.extend(DURABILITY.map(|name| (name, "off")));
        Self::of(Provider::Containers, &settings).await
    }

    async fn of(provider: Provider, settings: &[(&str, &str)]) -> Result<Self> {
        match provider {
            Provider::Given(url) => Ok(Self::given(url)),
            Provider::Local => Self::local(settings).await,
            Provider::Containers => Self::contained(settings).await,
        }
    }

    fn given(mut url: Url) -> Self {
        if url.port().is_none() {
            // It has a host, so it can have a port.
            let _ = url.set_port(Some(PORT));
        }
        Self::new(Server::Given, url, random_name("orders_test_") + "_")
    }

    async fn local(settings: &[(&str, &str)]) -> Result<Self> {
        let options = settings
            .iter()
            .fold(PostgresOptions::throwaway(), |options, (name, value)| {
                options.setting(*name, *value)
            });
        let server = local::Postgres::start(options).await?;
        let url = parsed(&server.url(databases::MAINTENANCE))?;
        Ok(Self::new(Server::Local(server), url, String::new()))
    }

    async fn contained(settings: &[(&str, &str)]) -> Result<Self> {
        let password = random_name("");
        let container = Container::start(request(&password, settings)).await?;
        let url = parsed(&format!(
            "postgres://orders:{password}@127.0.0.1:{}/{}",
            container.host_port(),
            databases::MAINTENANCE
        ))?;
        let postgres = Self::new(Server::Container(container), url, String::new());
        postgres.server.ready(|| postgres.answers()).await?;
        Ok(postgres)
    }

    fn new(server: Server<local::Postgres>, url: Url, prefix: String) -> Self {
        Self {
            server,
            url,
            prefix,
            made: Mutex::default(),
        }
    }

    /// Whether tests may kill servers of this kind, and start them again. Where they may not, it says
    /// that the test is skipped.
    ///
    /// # Panics
    /// When variables of the environment say what cannot be.
    pub fn may_be_killed() -> bool {
        skipped_where_given(URL)
    }

    /// Connection URL of a database, password included.
    pub fn url(&self, database: &str) -> String {
        url_of(&self.url, &self.named(database))
    }

    /// Its host and port.
    pub fn address(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        format!("{host}:{}", self.url.port().unwrap_or(PORT))
    }

    /// Whether it was there before, and stays.
    pub fn is_given(&self) -> bool {
        self.server.is_given()
    }

    /// Its version.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn version(&self) -> Result<String> {
        self.shows("server_version").await
    }

    /// A setting.
    pub(crate) async fn shows(&self, setting: &str) -> Result<String> {
        let failed = |source| Error::Sql {
            action: format!("show {setting}"),
            source,
        };
        let mut connection = connect(&self.url).await.map_err(failed)?;
        let shown = sqlx::query_scalar("SELECT current_setting($1)").bind(setting);
        let shown = shown.fetch_one(&mut connection).await.map_err(failed)?;
        connection.close().await.map_err(failed)?;
        Ok(shown)
    }

    /// Makes a database, unless it is there. Its name has a-z, 0-9 and _.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn create_database(&self, database: &str) -> Result<()> {
        let name = self.named(database);
        if self.is_given() {
            let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
            made.push(name.clone());
        }
        databases::create(&self.url, &name).await
    }

    /// Kills the server as a crash does (SIGKILL), and waits for its end.
    ///
    /// # Errors
    /// When it cannot be killed, or is not ours.
    pub async fn kill9(&self) -> Result<()> {
        self.server.kill9().await
    }

    /// Stops the server if it runs, and starts it again at the same address with the same data.
    ///
    /// # Errors
    /// When it does not stop or start, or is not ours.
    pub async fn restart(&self) -> Result<()> {
        self.server.restart(|| self.answers()).await
    }

    /// Cuts it off its network.
    ///
    /// # Errors
    /// When it is in no container.
    pub async fn disconnect(&self) -> Result<()> {
        self.server.disconnect().await
    }

    /// Puts it on its network again, and waits until it answers.
    ///
    /// # Errors
    /// When it is in no container, or does not answer.
    pub async fn connect(&self) -> Result<()> {
        self.server.connect(|| self.answers()).await
    }

    /// The end of its log, for whoever looks into a failure; blocks.
    pub fn log_tail(&self) -> String {
        self.server.log_tail()
    }

    async fn answers(&self) -> Result<(), String> {
        let connection = connect(&self.url).await;
        let connection = connection.map_err(|error| error.to_string())?;
        connection.close().await.map_err(|error| error.to_string())
    }

    fn named(&self, database: &str) -> String {
        format!("{}{database}", self.prefix)
    }

    /// The server itself.
    pub(crate) fn server_url(&self) -> &Url {
        &self.url
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let made = self.made.get_mut().unwrap_or_else(PoisonError::into_inner);
        if !made.is_empty() {
            databases::remove(&self.url, std::mem::take(made));
        }
    }
}

fn request(password: &str, settings: &[(&str, &str)]) -> Request {
    // A client that is built without optimisation takes a tenth of a second for SCRAM.
    let environment = [
        ("POSTGRES_USER", "orders"),
        ("POSTGRES_PASSWORD", password),
        ("POSTGRES_DB", databases::MAINTENANCE),
        ("POSTGRES_HOST_AUTH_METHOD", "password"),
        (
            "POSTGRES_INITDB_ARGS",
            "--encoding=UTF8 --locale=C --no-sync",
        ),
    ];
    let settings = SETTINGS.iter().chain(settings);
    let settings = settings.flat_map(|(name, value)| ["-c".into(), format!("{name}={value}")]);
    Request {
        image: variable(IMAGE).unwrap_or_else(|| DEFAULT_IMAGE.into()),
        port: PORT,
        environment: BTreeMap::from(environment.map(|(name, value)| (name.into(), value.into()))),
        command: ["postgres".to_owned()]
            .into_iter()
            .chain(settings)
            .collect(),
        ..Request::default()
    }
}

fn parsed(url: &str) -> Result<Url> {
    Url::parse(url).map_err(|error| Error::Variable {
        name: URL,
        value: "…".into(),
        problem: error.to_string(),
    })
}
