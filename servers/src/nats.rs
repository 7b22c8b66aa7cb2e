//! A NATS server with JetStream.

use crate::{
    Error, Result, aside::aside, container::Container, provider::Provider, random_name,
    request::Request, server::Server, skipped::skipped_where_given, variable,
};
use async_nats::{ConnectOptions, ServerInfo, jetstream};
use local::NatsOptions;
use std::{collections::BTreeMap, fs, time::Duration};

/// Names a server that is there.
pub(crate) const URL: &str = "ORDERS_TEST_NATS_URL";

/// Names the image of containers.
const IMAGE: &str = "ORDERS_TEST_NATS_IMAGE";
const DEFAULT_IMAGE: &str = "nats:2.12-alpine";

const NAME: &str = "nats-server";

const PORT: u16 = 4222;

/// The stream that the platform uses unless it is told otherwise.
const STREAM: &str = "ORDERS_EVENTS";

/// Where images look for the configuration, and where streams are.
const CONFIGURATION: &str = "/etc/nats/nats-server.conf";
const VOLUME: &str = "/data";
const STREAMS: &str = "/data/jetstream";

/// How long it may take to take a client, and to remove a stream.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
const REMOVED_WITHIN: Duration = Duration::from_secs(10);

/// A NATS server; what was started or made for it goes with it.
#[derive(Debug)]
pub struct Nats {
    server: Server<local::Nats>,
    url: String,
    stream: String,
}

impl Nats {
    /// A server of one's own, or a stream of one's own on the server that is given.
    ///
    /// # Errors
    /// When it cannot be started, or variables of the environment say what cannot be.
    pub async fn start() -> Result<Self> {
        match Provider::of_own(URL)? {
            // Its subjects follow from its name, and must not be among those of `ORDERS_EVENTS`.
            Provider::Given(url) => Ok(Self {
                server: Server::Given,
                url: url.into(),
                stream: random_name("TEST_").to_uppercase(),
            }),
            Provider::Local => {
                let server = local::Nats::start(NatsOptions::default()).await?;
                let url = server.url();
                Ok(Self::new(Server::Local(server), url))
            }
            Provider::Containers => Self::contained().await,
        }
    }

    /// One in a container, whatever else is said.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn contained() -> Result<Self> {
        let container = Container::start(request()).await?;
        let url = format!("nats://127.0.0.1:{}", container.host_port());
        let nats = Self::new(Server::Container(container), url);
        nats.server.ready(|| nats.answers()).await?;
        Ok(nats)
    }

    fn new(server: Server<local::Nats>, url: String) -> Self {
        Self {
            server,
            url,
            stream: STREAM.into(),
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

    /// Client URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The stream to be used, which is nobody else's.
    pub fn stream(&self) -> &str {
        &self.stream
    }

    /// Its version.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn version(&self) -> Result<String> {
        let greeted = greeting(&self.url).await;
        greeted
            .map(|info| info.version)
            .map_err(|said| Error::Docker {
                asked: format!("the version of {NAME}"),
                said,
            })
    }

    /// Kills the server as a crash does (SIGKILL), and waits for its end.
    ///
    /// # Errors
    /// When it cannot be killed, or is not ours.
    pub async fn kill9(&self) -> Result<()> {
        self.server.kill9().await
    }

    /// Stops the server if it runs, and starts it again at the same address with the same streams.
    ///
    /// # Errors
    /// When it does not stop or start, or is not ours.
    pub async fn restart(&self) -> Result<()> {
        self.server.restart(|| self.answers()).await
    }

    /// Removes all streams from the disk of a server that does not run.
    ///
    /// # Errors
    /// When there are none, or the server is not ours.
    pub async fn lose_disk(&self) -> Result<()> {
        match &self.server {
            Server::Given => Err(Error::Given(NAME)),
            Server::Local(server) => {
                let streams = server.home().join("streams");
                fs::remove_dir_all(&streams).map_err(|error| Error::Docker {
                    asked: format!("remove {}", streams.display()),
                    said: error.to_string(),
                })
            }
            Server::Container(container) => container.wipe(STREAMS).await,
        }
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
        let info = greeting(&self.url).await?;
        info.jetstream
            .then_some(())
            .ok_or_else(|| "JetStream is not ready".into())
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        if !self.server.is_given() {
            return;
        }
        let (url, stream) = (self.url.clone(), self.stream.clone());
        aside(REMOVED_WITHIN, "streams", async move {
            let client = options().connect(url).await;
            let context = jetstream::new(client.map_err(|error| error.to_string())?);
            // A test may have made none.
            let there = context.get_stream(&stream).await.is_ok();
            match there {
                true => context.delete_stream(&stream).await.map(drop),
                false => Ok(()),
            }
            .map_err(|error| error.to_string())
        });
    }
}

fn options() -> ConnectOptions {
    ConnectOptions::new()
        .connection_timeout(CONNECT_WITHIN)
        .max_reconnects(1)
}

/// What the server says of itself.
async fn greeting(url: &str) -> Result<ServerInfo, String> {
    let client = options()
        .connect(url)
        .await
        .map_err(|error| error.to_string())?;
    Ok(client.server_info())
}

fn request() -> Request {
    // As `local` has it: the event store is the record, and what the broker lost is published again.
    let configuration = format!(
        "listen: \"0.0.0.0:{PORT}\"\n\
         jetstream {{\n  store_dir: \"{VOLUME}\"\n  sync_interval: \"10s\"\n}}\n"
    );
    Request {
        image: variable(IMAGE).unwrap_or_else(|| DEFAULT_IMAGE.into()),
        port: PORT,
        files: BTreeMap::from([(CONFIGURATION.into(), configuration)]),
        volume: Some(VOLUME.into()),
        ..Request::default()
    }
}
