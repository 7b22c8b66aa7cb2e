//! Starting a platform in one of its shapes.

use super::{
    Api, KurrentDb, Process, Provider, descriptors, eventually, process::Plan, programs::program,
    say,
};
use chassis::http_client;
use local::free_port;
use servers::{Nats, Postgres};
use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
    time::Duration,
};
use store::{EventReader, PostgresOptions as StoreOptions, PostgresReader};
use tempfile::TempDir;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// The database that everything is in.
const DATABASE: &str = "orders";

/// What wraps the keys of test customers.
pub const MASTER_KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// What the payment provider and the carrier sign with what they say by themselves.
pub const WEBHOOK_SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// What all test platforms are told: a leader that is killed is replaced soon, and a payment
/// whose outcome is unknown is asked for after a second, and then often enough that a machine which
/// is busy for seconds does not leave it to an operator; and who reads what they wrote may wait for
/// it as long.
const SETTINGS: [(&str, &str); 14] = [
    ("projector.lease_ms", "1500"),
    ("saga.lease_ms", "1500"),
    ("saga.payment_timeout_ms", "8000"),
    ("saga.max_payment_attempts", "2"),
    ("saga.inquiry_schedule_s", "1,1,2,4,8"),
    ("saga.capture_retry_schedule_s", "1,2,4"),
    // A call that a crash has left on its way is looked for a little longer than it may take.
    ("saga.retry_schedule_s", "1,1,3,5,10,60,600,3600"),
    ("saga.tracking_schedule_s", "1"),
    ("saga.tracking_times", "1000"),
    ("query.max_wait_s", "30"),
    ("telemetry.log", "info"),
    ("personal_data.master_key", MASTER_KEY),
    ("providers.payment_webhook_secret", WEBHOOK_SECRET),
    ("providers.carrier_webhook_secret", WEBHOOK_SECRET),
];

/// One platform at a time: two cores carry no more, and a slow one looks like a broken one. Test
/// runners that give each test a process of its own see to it by themselves.
static TURN: LazyLock<Arc<Mutex<()>>> = LazyLock::new(Arc::default);

/// Waits until this is the only platform, and gets the machine ready for it.
pub(super) async fn turn() -> OwnedMutexGuard<()> {
    let turn = TURN.clone().lock_owned().await;
    descriptors::raise_the_limit();
    turn
}

/// How the platform is divided into processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `orders serve`: everything in one process, which follows the store itself.
    AllInOne,
    /// `command`, `query`, `projector` and `saga`, over NATS.
    Separate,
}

/// Where a platform's events are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EventsIn {
    Postgres,
    KurrentDb,
}

/// A running platform. Its processes end with it.
#[derive(Debug)]
pub struct Platform {
    /// Its API.
    pub api: Api,
    /// The payment provider's own books.
    pub provider: Provider,
    // Dropped in this order: services before what they need.
    processes: BTreeMap<String, Process>,
    /// What has the events, if it is not the database.
    pub kurrentdb: Option<KurrentDb>,
    /// The broker, where there is one.
    pub nats: Option<Nats>,
    /// The database server.
    pub postgres: Postgres,
    environment: BTreeMap<String, String>,
    http: reqwest::Client,
    directory: TempDir,
    _turn: OwnedMutexGuard<()>,
}

impl Platform {
    /// Starts a platform and waits until it takes traffic. `settings` are `("section.key",
    /// "value")`, and win over those of all test platforms.
    ///
    /// # Panics
    /// When something of it does not start.
    pub async fn start(shape: Shape, settings: &[(&str, &str)]) -> Self {
        Self::start_with(EventsIn::Postgres, shape, settings).await
    }

    /// As [`start`](Self::start), with the events in what stands in for KurrentDB. The rest is in the
    /// database.
    ///
    /// # Panics
    /// When something of it does not start.
    pub async fn start_on_kurrentdb(shape: Shape, settings: &[(&str, &str)]) -> Self {
        Self::start_with(EventsIn::KurrentDb, shape, settings).await
    }

    async fn start_with(events_in: EventsIn, shape: Shape, settings: &[(&str, &str)]) -> Self {
        let turn = turn().await;
        let directory = TempDir::with_prefix("orders-test-").expect("a directory can be made");
        let postgres = Postgres::start().await.expect("PostgreSQL starts");
        let created = postgres.create_database(DATABASE).await;
        created.expect("a database can be created");
        let nats = match shape {
            Shape::AllInOne => None,
            Shape::Separate => Some(Nats::start().await.expect("nats-server starts")),
        };
        let http = http_client::loopback()
            .timeout(Duration::from_secs(35))
            .build()
            .expect("an HTTP client can be made");
        let kurrentdb = match events_in {
            EventsIn::Postgres => None,
            EventsIn::KurrentDb => Some(KurrentDb::start(directory.path(), http.clone()).await),
        };
        let sandbox = url(port());
        let mut platform = Self {
            api: Api::new(http.clone(), "", ""),
            provider: Provider::new(http.clone(), &sandbox),
            processes: BTreeMap::new(),
            environment: BTreeMap::new(),
            kurrentdb,
            nats,
            postgres,
            http,
            directory,
            _turn: turn,
        };
        platform.environment = platform.environment_for(&sandbox, settings);
        platform.start_services(shape, &sandbox).await;
        platform
    }

    /// The database's URL.
    pub fn database(&self) -> String {
        self.postgres.url(DATABASE)
    }

    /// The record itself, past all services.
    ///
    /// # Panics
    /// When it cannot be reached in time.
    pub async fn events(&self) -> Arc<dyn EventReader> {
        if let Some(kurrentdb) = &self.kurrentdb {
            return Arc::new(kurrentdb.store().await);
        }
        eventually("the store can be read", async || {
            let options = StoreOptions::new(self.database());
            let connected = PostgresReader::connect(options).await;
            let reader = connected.map_err(|error| error.to_string())?;
            Ok(Arc::new(reader) as Arc<dyn EventReader>)
        })
        .await
    }

    /// One of its processes: `orders`, or `command`, `query`, `projector`, `saga`; and `sandbox`.
    ///
    /// # Panics
    /// When there is none of that name.
    pub fn process(&self, name: &str) -> &Process {
        self.processes
            .get(name)
            .unwrap_or_else(|| panic!("there is no process {name}"))
    }

    /// All of its processes.
    pub fn processes(&self) -> impl Iterator<Item = &Process> {
        self.processes.values()
    }

    /// Starts another process of a service, and waits until it is ready.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start_another(&mut self, service: &str, name: &str) {
        let port = port();
        let mut plan = self.plan(service, &url(port));
        plan.name = name.into();
        plan.log = self.directory.path().join(format!("{name}.log"));
        let variable = format!("ORDERS__HTTP__{}_PORT", service.to_uppercase());
        plan.environment.insert(variable, port.to_string());
        let process = Process::new(plan, self.http.clone());
        process.start();
        process.ready().await;
        self.processes.insert(name.into(), process);
    }

    /// What the services are told, for programs that are run beside them.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    /// A directory that goes with the platform.
    pub fn directory(&self) -> &std::path::Path {
        self.directory.path()
    }

    /// Stops all processes in good order, the ones that take traffic first.
    ///
    /// # Panics
    /// When one of them does not end with 0.
    pub async fn stop(&self) {
        for process in self.processes() {
            let status = process.stop().await;
            assert!(status.success(), "{} ended with {status}", process.name());
        }
    }

    fn environment_for(
        &self,
        sandbox: &str,
        settings: &[(&str, &str)],
    ) -> BTreeMap<String, String> {
        let mut environment = BTreeMap::new();
        let mut set = |key: &str, value: &str| {
            let name = format!("ORDERS__{}", key.replace('.', "__").to_uppercase());
            environment.insert(name, value.to_owned());
        };
        match &self.kurrentdb {
            None => set("store.url", &self.database()),
            Some(kurrentdb) => {
                set("store.url", &kurrentdb.url());
                set("saga.url", &self.database());
                set("read.url", &self.database());
                // As separate processes are to be told: they hear of each other's events at once.
                let notify = if self.nats.is_some() { "true" } else { "false" };
                set("store.notify", notify);
            }
        }
        set("saga.payment_url", sandbox);
        set("saga.carrier_url", sandbox);
        for key in ["", "command_", "query_", "projector_", "saga_", "sandbox_"] {
            set(&format!("http.{key}port"), &port().to_string());
        }
        if let Some(nats) = &self.nats {
            set("bus.url", nats.url());
            set("bus.stream", nats.stream());
        }
        for (key, value) in SETTINGS.iter().chain(settings) {
            set(key, value);
        }
        environment
    }

    async fn start_services(&mut self, shape: Shape, sandbox: &str) {
        let at = |variable: &str| format!("http://127.0.0.1:{}", self.environment[variable]);
        let services: &[(&str, &str)] = match shape {
            Shape::AllInOne => &[("orders", "ORDERS__HTTP__PORT")],
            Shape::Separate => &[
                ("command", "ORDERS__HTTP__COMMAND_PORT"),
                ("query", "ORDERS__HTTP__QUERY_PORT"),
                ("projector", "ORDERS__HTTP__PROJECTOR_PORT"),
                ("saga", "ORDERS__HTTP__SAGA_PORT"),
            ],
        };
        let mut plans: Vec<Plan> = services
            .iter()
            .map(|(service, port)| self.plan(service, &at(port)))
            .collect();
        self.api = match shape {
            Shape::AllInOne => {
                let url = at("ORDERS__HTTP__PORT");
                Api::new(self.http.clone(), &url, &url)
            }
            Shape::Separate => Api::new(
                self.http.clone(),
                &at("ORDERS__HTTP__COMMAND_PORT"),
                &at("ORDERS__HTTP__QUERY_PORT"),
            ),
        };
        plans.push(self.sandbox_plan(sandbox));
        for plan in plans {
            let process = Process::new(plan, self.http.clone());
            process.start();
            self.processes.insert(process.name().into(), process);
        }
        for process in self.processes.values() {
            process.ready().await;
        }
    }

    fn plan(&self, service: &str, url: &str) -> Plan {
        let arguments = match service {
            "orders" => vec!["serve".to_owned()],
            _ => vec![],
        };
        Plan {
            name: service.into(),
            program: program(service),
            arguments,
            environment: self.environment.clone(),
            directory: self.directory.path().to_owned(),
            log: self.directory.path().join(format!("{service}.log")),
            ready: format!("{url}/readyz"),
        }
    }

    /// The provider is another company: a process of its own in every shape, that keeps its books.
    fn sandbox_plan(&self, url: &str) -> Plan {
        let mut plan = self.plan("sandbox", url);
        let (_, port) = url.rsplit_once(':').expect("a URL of ours has a port");
        let journal = self.directory.path().join("sandbox.ndjson");
        plan.environment
            .insert("ORDERS__HTTP__SANDBOX_PORT".into(), port.into());
        plan.environment
            .insert("SANDBOX_JOURNAL".into(), journal.display().to_string());
        plan
    }

    /// Has the payment provider and the carrier tell the platform by themselves what happens, from now
    /// on: most tests are about what happens when they do not.
    ///
    /// # Panics
    /// When it does not start again.
    pub async fn be_told(&mut self) {
        let mut plan = self.sandbox_plan(&self.process("sandbox").url());
        for (variable, of) in [
            ("SANDBOX_WEBHOOK_URL", "payments"),
            ("SANDBOX_CARRIER_WEBHOOK_URL", "carrier"),
        ] {
            let told = format!("{}/v1/providers/{of}/webhooks", self.api.commands());
            plan.environment.insert(variable.into(), told);
        }
        self.process("sandbox").stop().await;
        let sandbox = Process::new(plan, self.http.clone());
        sandbox.start();
        sandbox.ready().await;
        self.processes.insert("sandbox".into(), sandbox);
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        for process in self.processes() {
            let state = match process.ended() {
                Some(status) => status.to_string(),
                None => "running".into(),
            };
            say(&format!(
                "---- {} ({state})\n{}",
                process.name(),
                process.log_tail()
            ));
        }
        if let Some(kurrentdb) = &self.kurrentdb {
            say(&format!("---- kurrentdb\n{}", kurrentdb.server.log_tail()));
        }
        if let Some(nats) = &self.nats {
            say(&format!("---- nats-server\n{}", nats.log_tail()));
        }
        say(&format!("---- PostgreSQL\n{}", self.postgres.log_tail()));
    }
}

pub(super) fn port() -> u16 {
    free_port().expect("there is a free port")
}

pub(super) fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}
