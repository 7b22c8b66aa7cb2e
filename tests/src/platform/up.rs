//! `orders up`, as a person starts it in a terminal.

use super::{
    Api, CommandLine, Process, Provider,
    process::Plan,
    program, say,
    start::{port, turn, url},
};
use chassis::http_client;
use local::NatsServerBinary;
use std::{collections::BTreeMap, fs, path::PathBuf, time::Duration};
use tempfile::TempDir;
use tokio::sync::OwnedMutexGuard;

/// A platform of separate processes that `orders up` has started. It ends with this.
#[derive(Debug)]
pub struct Up {
    /// Its API.
    pub api: Api,
    /// The payment provider's own books.
    pub provider: Provider,
    /// `orders up` itself, which leads a process group as what a terminal starts does.
    pub process: Process,
    services: Vec<Process>,
    directory: TempDir,
    _turn: OwnedMutexGuard<()>,
}

impl Up {
    /// Starts it, and waits until every service takes traffic.
    ///
    /// # Panics
    /// When it does not come to that.
    pub async fn start() -> Self {
        let turn = turn().await;
        let directory = TempDir::with_prefix("orders-test-").expect("a directory can be made");
        let http = http_client::loopback()
            .timeout(Duration::from_secs(35))
            .build()
            .expect("an HTTP client can be made");
        let ports = ["", "command_", "query_", "projector_", "saga_", "sandbox_"]
            .map(|service| (service, port()));
        // It is looked for above the directory that one is in, which is not the project's here.
        let nats = NatsServerBinary::find().expect("nats-server is installed");
        let nats = (
            "NATS_SERVER_BIN".to_owned(),
            nats.path().display().to_string(),
        );
        let environment: BTreeMap<String, String> = ports
            .iter()
            .map(|(service, port)| {
                let name = format!("ORDERS__HTTP__{}PORT", service.to_uppercase());
                (name, port.to_string())
            })
            .chain([nats])
            .collect();
        let plan = |name: &str, ready: &str, arguments: &[&str]| Plan {
            name: name.into(),
            program: program("orders"),
            arguments: arguments.iter().map(|word| (*word).to_owned()).collect(),
            environment: environment.clone(),
            directory: directory.path().to_owned(),
            log: directory.path().join("up.log"),
            ready: format!("{ready}/readyz"),
        };
        let at: BTreeMap<&str, String> = ports
            .iter()
            .map(|(service, port)| (*service, url(*port)))
            .collect();
        let process = Process::new(plan("up", &at["command_"], &["up"]), http.clone());
        let services = ["command", "query", "projector", "saga", "sandbox"];
        let services = services.map(|name| {
            let ready = &at[format!("{name}_").as_str()];
            Process::new(plan(name, ready, &[]), http.clone())
        });
        let up = Self {
            api: Api::new(http.clone(), &at["command_"], &at["query_"]),
            provider: Provider::new(http, &at["sandbox_"]),
            process,
            services: services.into(),
            directory,
            _turn: turn,
        };
        up.process.start();
        up.process.ready().await;
        for service in &up.services {
            service.ready().await;
        }
        up
    }

    /// A terminal in the same directory.
    pub fn command_line(&self) -> CommandLine {
        CommandLine::new(self.directory.path().to_owned(), BTreeMap::new())
    }

    /// Everything that it and its services have written: file name to text.
    pub fn logs(&self) -> BTreeMap<String, String> {
        let services = self.directory.path().join(".data").join("logs");
        let files = fs::read_dir(services).into_iter().flatten().flatten();
        let paths = files.map(|file| file.path());
        let read = |path: PathBuf| {
            let name = path.file_name()?.to_string_lossy().into_owned();
            Some((name, fs::read_to_string(path).ok()?))
        };
        let own = ("up.log".to_owned(), self.process.log());
        paths.filter_map(read).chain([own]).collect()
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for (name, log) in self.logs() {
                let from = log.char_indices().rev().nth(6_000).map_or(0, |(at, _)| at);
                say(&format!("---- {name}\n{}", &log[from..]));
            }
        }
    }
}
