//! What stands in for KurrentDB: a process of its own, which can be killed, and the way to it, which
//! breaks where a test wants it to.

use super::{
    Process, eventually,
    process::Plan,
    program,
    start::{port, url},
};
use local::Proxy;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};
use store::{KurrentOptions, KurrentStore};

/// A server that speaks KurrentDB's protocol, and keeps what it has taken when it is killed.
#[derive(Debug)]
pub struct KurrentDb {
    /// The server.
    pub server: Process,
    /// The way that the platform takes to it.
    pub way: Proxy,
    port: u16,
    /// Where it keeps its log.
    events: PathBuf,
}

impl KurrentDb {
    pub(super) async fn start(directory: &Path, http: reqwest::Client) -> Self {
        let port = port();
        let events = directory.join("kurrentdb.events");
        let arguments = [
            "--port".to_owned(),
            port.to_string(),
            "--log".to_owned(),
            events.display().to_string(),
        ];
        let plan = Plan {
            name: "kurrentdb".into(),
            program: program("kurrent-double"),
            arguments: arguments.into(),
            environment: BTreeMap::new(),
            directory: directory.to_owned(),
            log: directory.join("kurrentdb.log"),
            ready: format!("{}/health/live", url(port)),
        };
        let server = Process::new(plan, http);
        server.start();
        server.ready().await;
        let way = Proxy::start(&format!("127.0.0.1:{port}"))
            .await
            .expect("there is a free port");
        Self {
            server,
            way,
            port,
            events,
        }
    }

    /// What the platform is told. Whoever gets no answer gives up sooner than by default, as a test
    /// swallows answers.
    pub(super) fn url(&self) -> String {
        let port = self.way.port();
        format!("kurrentdb://127.0.0.1:{port}?tls=false&defaultDeadline=4000")
    }

    /// What it has taken until now.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn back_up(&self) -> Vec<u8> {
        fs::read(&self.events).expect("its log can be read")
    }

    /// Puts back what it had taken then. Everything since is lost.
    ///
    /// # Panics
    /// When it does not start with it.
    pub async fn restore(&self, backup: &[u8]) {
        self.server.kill().await;
        fs::write(&self.events, backup).expect("its log can be written");
        self.server.start();
        self.server.ready().await;
    }

    /// The store that the platform uses, past the way that it takes.
    ///
    /// # Panics
    /// When it cannot be reached in time.
    pub async fn store(&self) -> KurrentStore {
        let url = format!("kurrentdb://127.0.0.1:{}?tls=false", self.port);
        eventually("the store can be read", async || {
            let options = KurrentOptions::parse(&url).map_err(|error| error.to_string())?;
            let connected = KurrentStore::connect_to_read(options).await;
            connected.map_err(|error| error.to_string())
        })
        .await
    }
}
