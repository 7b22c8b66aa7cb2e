//! The platform's programs, and the shapes in which they are started.

use super::{Part, server::Server};
use anyhow::{Context, ensure};
use local::{Nats, Postgres, free_port};
use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

/// Where the programs are.
#[derive(Debug, Clone)]
pub(super) struct Programs(PathBuf);

impl Programs {
    /// The programs of a directory; of this program's own, if none is told.
    pub(super) fn at(directory: Option<&Path>) -> anyhow::Result<Self> {
        if let Some(directory) = directory {
            return Ok(Self(directory.to_owned()));
        }
        let own = std::env::current_exe().context("find this program")?;
        Ok(Self(
            own.parent().unwrap_or_else(|| Path::new(".")).to_owned(),
        ))
    }

    /// The profile that they are built with, as cargo names their directory.
    pub(super) fn profile(&self) -> String {
        let name = self.0.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// The path of a program.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Makes sure that what the parts need is there, before anything is measured.
    pub(super) fn require(&self, parts: &BTreeSet<Part>) -> anyhow::Result<()> {
        for part in parts {
            let needed: &[&str] = match part {
                Part::Noop | Part::Store | Part::Pgbench => &[],
                Part::Write | Part::Grpc => &["command"],
                Part::Platform | Part::Lag | Part::Saga | Part::Memory => &["orders"],
                Part::LagNats | Part::SagaNats => {
                    &["command", "projector", "query", "saga", "sandbox"]
                }
                Part::Replay => &["projector"],
                Part::List => &["projector", "query"],
                Part::Rebuild => &["command", "projector", "query"],
            };
            for name in needed {
                let path = self.path(name);
                ensure!(
                    path.is_file(),
                    "{} is missing: build it (cargo build --profile dist --workspace --bins), or \
                     say with --bin-dir where it is",
                    path.display()
                );
            }
        }
        Ok(())
    }
}

/// Running services of the platform, the one that takes commands first.
pub(super) struct Platform {
    /// Where commands go.
    pub commands: SocketAddr,
    /// Where queries go.
    pub queries: SocketAddr,
    servers: Vec<Server>,
    // Dropped after its clients.
    _nats: Option<Nats>,
}

impl Platform {
    /// The command service alone.
    pub(super) async fn command(
        programs: &Programs,
        postgres: &Postgres,
        database: &str,
    ) -> anyhow::Result<Self> {
        let address = address()?;
        let settings = Settings::new(postgres, database).port("COMMAND", address);
        let server = settings.start(programs, "command", &[], address).await?;
        Ok(Self {
            commands: address,
            queries: address,
            servers: vec![server],
            _nats: None,
        })
    }

    /// The query service alone.
    pub(super) async fn query(
        programs: &Programs,
        postgres: &Postgres,
        database: &str,
    ) -> anyhow::Result<Self> {
        let address = address()?;
        let settings = Settings::new(postgres, database).port("QUERY", address);
        let server = settings.start(programs, "query", &[], address).await?;
        Ok(Self {
            commands: address,
            queries: address,
            servers: vec![server],
            _nats: None,
        })
    }

    /// Commands, projections and queries, which follow the store itself: nobody reacts to what happens.
    pub(super) async fn reading(
        programs: &Programs,
        postgres: &Postgres,
        database: &str,
    ) -> anyhow::Result<Self> {
        let mut settings = Settings::new(postgres, database).set("ORDERS__STORE__NOTIFY", "true");
        let mut addresses = Vec::new();
        // Queries are not ready before the projector has made their tables.
        for service in ["command", "projector", "query"] {
            let address = address()?;
            settings = settings.port(&service.to_uppercase(), address);
            addresses.push((service, address));
        }
        let mut servers = Vec::new();
        for (service, address) in &addresses {
            servers.push(settings.start(programs, service, &[], *address).await?);
        }
        Ok(Self {
            commands: addresses[0].1,
            queries: addresses[2].1,
            servers,
            _nats: None,
        })
    }

    /// Everything in one process.
    pub(super) async fn all_in_one(
        programs: &Programs,
        postgres: &Postgres,
        database: &str,
    ) -> anyhow::Result<Self> {
        let (address, sandbox) = (address()?, address()?);
        let settings = Settings::new(postgres, database)
            .set("ORDERS__HTTP__PORT", address.port().to_string())
            .sandbox(sandbox);
        let server = settings
            .start(
                programs,
                "orders",
                &["serve", "--sandbox", "memory"],
                address,
            )
            .await?;
        Ok(Self {
            commands: address,
            queries: address,
            servers: vec![server],
            _nats: None,
        })
    }

    /// Separate services over NATS.
    pub(super) async fn separate(
        programs: &Programs,
        postgres: &Postgres,
        database: &str,
    ) -> anyhow::Result<Self> {
        let nats = Nats::start(local::NatsOptions::default())
            .await
            .context("start nats-server")?;
        let sandbox = address()?;
        let mut settings = Settings::new(postgres, database)
            .set("ORDERS__BUS__URL", nats.url())
            // As `orders up` does it: the relay is told of each batch.
            .set("ORDERS__STORE__NOTIFY", "true")
            .sandbox(sandbox);
        let mut addresses = Vec::new();
        // Queries are not ready before the projector has made their tables.
        for service in ["command", "projector", "query", "saga"] {
            let address = address()?;
            settings = settings.port(&service.to_uppercase(), address);
            addresses.push((service, address));
        }
        let mut servers = vec![settings.start(programs, "sandbox", &[], sandbox).await?];
        for (service, address) in &addresses {
            servers.push(settings.start(programs, service, &[], *address).await?);
        }
        // The one that takes commands first.
        servers.swap(0, 1);
        Ok(Self {
            commands: addresses[0].1,
            queries: addresses[2].1,
            servers,
            _nats: Some(nats),
        })
    }

    /// The process ids.
    pub(super) fn pids(&self) -> Vec<u32> {
        self.servers.iter().map(Server::pid).collect()
    }

    /// Ends all services in good order.
    pub(super) async fn stop(self) -> anyhow::Result<()> {
        for server in self.servers {
            server.stop().await?;
        }
        Ok(())
    }
}

fn address() -> anyhow::Result<SocketAddr> {
    Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?)))
}

/// What the services are told, in their environment: the usual settings but for addresses.
#[derive(Debug, Clone)]
pub(super) struct Settings(Vec<(String, String)>);

impl Settings {
    pub(super) fn new(postgres: &Postgres, database: &str) -> Self {
        Self(Vec::new())
            .set("ORDERS__STORE__URL", postgres.url(database))
            .set("ORDERS__PERSONAL_DATA__MASTER_KEY", "0".repeat(64))
    }

    fn set(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.push((key.into(), value.into()));
        self
    }

    fn port(self, service: &str, address: SocketAddr) -> Self {
        self.set(
            format!("ORDERS__HTTP__{service}_PORT"),
            address.port().to_string(),
        )
    }

    fn sandbox(self, address: SocketAddr) -> Self {
        self.port("SANDBOX", address)
            .set("ORDERS__SAGA__PAYMENT_URL", format!("http://{address}"))
            .set("ORDERS__SAGA__CARRIER_URL", format!("http://{address}"))
    }

    /// The environment.
    pub(super) fn environment(&self) -> Vec<(&str, String)> {
        let pairs = self.0.iter();
        pairs
            .map(|(key, value)| (key.as_str(), value.clone()))
            .collect()
    }

    async fn start(
        &self,
        programs: &Programs,
        name: &str,
        arguments: &[&str],
        address: SocketAddr,
    ) -> anyhow::Result<Server> {
        let path = programs.path(name);
        Server::start(name, &path, arguments, &self.environment(), address).await
    }
}
