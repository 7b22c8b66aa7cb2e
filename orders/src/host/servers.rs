//! The servers under a development platform: private ones that are watched over, or those that the
//! settings name.

use super::restart::Restarts;
use crate::cli::say;
use anyhow::Context;
use chassis::config::Settings;
use local::{Nats, NatsOptions, Postgres, PostgresOptions};
use secrecy::{ExposeSecret, SecretString};
use std::{
    convert::Infallible,
    path::{Path, PathBuf},
};
use tokio::time::sleep;

/// The one database of a private PostgreSQL.
const DATABASE: &str = "orders";

/// What runs under a platform.
pub(super) struct Servers {
    /// None where `store.url` names another.
    postgres: Option<Postgres>,
    /// None where `bus.url` names another, or nobody needs one.
    nats: Option<Nats>,
}

impl Servers {
    /// A database: that of `store.url` where somebody has set it, else a private PostgreSQL with its
    /// data in `data`, which the settings then name.
    pub(super) async fn database(settings: &mut Settings, data: &Path) -> anyhow::Result<Self> {
        if let Some(source) = settings.set_by("store.url") {
            say(&format!(
                "Database  that of store.url, as {source} says; no private PostgreSQL is started"
            ));
            return Ok(Self {
                postgres: None,
                nats: None,
            });
        }
        let postgres = Postgres::start(PostgresOptions {
            data_dir: Some(data.join("postgres")),
            ..PostgresOptions::default()
        })
        .await
        .context("PostgreSQL cannot be started")?;
        postgres
            .create_database(DATABASE)
            .await
            .context("the database cannot be created")?;
        let url = postgres.url(DATABASE);
        say(&format!(
            "Database  {url} (data: {})",
            postgres.home().display()
        ));
        settings.store.url = SecretString::from(url);
        Ok(Self {
            postgres: Some(postgres),
            nats: None,
        })
    }

    /// A broker as well: that of `bus.url`, or a private nats-server.
    pub(super) async fn and_broker(
        mut self,
        settings: &mut Settings,
        data: &Path,
    ) -> anyhow::Result<Self> {
        if let Some(source) = settings.set_by("bus.url") {
            say(&format!(
                "NATS      that of bus.url, as {source} says; no private nats-server is started"
            ));
            return Ok(self);
        }
        let nats = Nats::start(NatsOptions {
            store_dir: Some(data.join("nats")),
            ..NatsOptions::default()
        })
        .await
        .context("nats-server cannot be started")?;
        say(&format!("NATS      {}", nats.url()));
        settings.bus.url = Some(SecretString::from(nats.url()));
        self.nats = Some(nats);
        Ok(self)
    }

    /// What a process must be told of them that it does not find in the settings by itself.
    pub(super) fn environment(&self, settings: &Settings) -> Vec<(&'static str, String)> {
        let mut told = vec![];
        if self.postgres.is_some() {
            let url = settings.store.url.expose_secret();
            told.push(("ORDERS__STORE__URL", url.to_owned()));
        }
        if let (Some(_), Some(url)) = (&self.nats, &settings.bus.url) {
            told.push(("ORDERS__BUS__URL", url.expose_secret().to_owned()));
        }
        told
    }

    /// Starts again what ends by itself, and says so, for ever.
    pub(super) async fn keep(&self) -> Infallible {
        tokio::select! {
            never = keep(self.postgres.as_ref()) => never,
            never = keep(self.nats.as_ref()) => never,
        }
    }

    /// Stops them in good order.
    pub(super) async fn stop(self) -> anyhow::Result<()> {
        if let Some(nats) = self.nats {
            nats.stop().await.context("nats-server did not stop")?;
        }
        if let Some(postgres) = self.postgres {
            postgres.stop().await.context("PostgreSQL did not stop")?;
        }
        Ok(())
    }
}

/// A private server, as whoever watches over it sees it.
trait PrivateServer {
    const NAME: &str;
    async fn ended(&self) -> local::Result<String>;
    async fn restart(&self) -> local::Result<()>;
    fn log(&self) -> PathBuf;
}

impl PrivateServer for Postgres {
    const NAME: &str = "PostgreSQL";

    async fn ended(&self) -> local::Result<String> {
        self.ended().await
    }

    async fn restart(&self) -> local::Result<()> {
        self.restart().await
    }

    fn log(&self) -> PathBuf {
        self.log()
    }
}

impl PrivateServer for Nats {
    const NAME: &str = "nats-server";

    async fn ended(&self) -> local::Result<String> {
        self.ended().await
    }

    async fn restart(&self) -> local::Result<()> {
        self.restart().await
    }

    fn log(&self) -> PathBuf {
        self.log()
    }
}

async fn keep<S: PrivateServer>(server: Option<&S>) -> Infallible {
    let Some(server) = server else {
        return std::future::pending().await;
    };
    let name = S::NAME;
    let mut restarts = Restarts::new();
    loop {
        let how = match server.ended().await {
            Ok(how) => how,
            Err(error) => error.to_string(),
        };
        let wait = restarts.wait();
        say(&format!(
            "{name} ended ({how}) and is started again in {} s; see {}",
            wait.as_secs(),
            server.log().display()
        ));
        sleep(wait).await;
        restarts.started();
        match server.restart().await {
            Ok(()) => say(&format!("{name} runs again")),
            Err(error) => say(&format!("{name} cannot be started: {error}")),
        }
    }
}
