//! The ways to host the platform: `orders dev`, `orders up`, `orders serve`, and `orders doctor` on
//! them.

use chassis::http_client;
use local::free_port;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::{Value, json};
use servers::Postgres;
use sqlx::{Connection, PgConnection};
use std::{
    fs::{self, File, Permissions},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
};
use tempfile::TempDir;
use tests::platform::{Api, MASTER_KEY, Placement, eventually, program};

/// What names a proxy.
const PROXIES: [&str; 6] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
];

fn client() -> reqwest::Client {
    let built = http_client::loopback().build();
    built.expect("an HTTP client can be made")
}

/// `orders` without what this machine's own installation is told, and behind a proxy that is dead:
/// what runs on this machine is reached all the same.
pub(super) fn orders(arguments: &[&str], data: &Path) -> Command {
    let mut command = Command::new(program("orders"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("ORDERS_") || text == "CONF_PATH" {
            command.env_remove(&name);
        }
    }
    command
        .args(arguments)
        .env("ORDERS_DATA_DIR", data)
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .envs(PROXIES.map(|name| (name, "http://127.0.0.1:9")))
        .stdin(Stdio::null());
    command
}

/// A directory that the account of PostgreSQL can enter too.
fn directory() -> TempDir {
    let directory = TempDir::with_prefix("orders-host-").expect("a directory can be made");
    fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).expect("it is ours");
    directory
}

/// `orders dev` or `orders up`, at the head of a process group as in a terminal.
struct Host {
    child: Child,
    data: PathBuf,
    said: PathBuf,
}

impl Host {
    fn start(how: &str, data: &Path) -> Self {
        let said = data.join("said.log");
        let log = File::create(&said).expect("a log can be made");
        let child = orders(&[how], data)
            .stdout(log.try_clone().expect("a log can be shared"))
            .stderr(log)
            .process_group(0)
            .spawn()
            .expect("it starts");
        Self {
            child,
            data: data.to_owned(),
            said,
        }
    }

    /// Waits until all of its processes take traffic; where they are.
    async fn ready(&mut self) -> Value {
        let http = client();
        eventually("the platform is ready", async || {
            if let Some(status) = self.child.try_wait().expect("a child can be looked at") {
                panic!("it ended ({status}): {}", self.said());
            }
            let text = fs::read_to_string(self.data.join("platform.json"));
            let text = text.map_err(|error| format!("{error}: {}", self.said()))?;
            let running: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
            for process in running["processes"].as_array().expect("a list") {
                let url = format!("{}/readyz", process[1].as_str().expect("an address"));
                let answer = http
                    .get(&url)
                    .send()
                    .await
                    .map_err(|error| error.to_string())?;
                if !answer.status().is_success() {
                    return Err(format!(
                        "{url}: {}",
                        answer.text().await.unwrap_or_default()
                    ));
                }
            }
            Ok(running)
        })
        .await
    }

    async fn api(&mut self) -> Api {
        let running = self.ready().await;
        let text = |name: &str| running[name].as_str().expect("an address").to_owned();
        Api::new(client(), &text("url"), &text("query_url"))
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.said).unwrap_or_default()
    }

    fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).expect("process ids are small")
    }

    /// What Ctrl-C does in a terminal: the whole group is told.
    fn interrupt(&self) {
        kill(Pid::from_raw(-self.pid()), Signal::SIGINT).expect("it can be told");
    }

    async fn ended(&mut self) -> ExitStatus {
        eventually("it ends", async || {
            let ended = self.child.try_wait().expect("a child can be looked at");
            ended.ok_or_else(|| self.said())
        })
        .await
    }

    /// Everything that it has started: servers, services, and who watches over them.
    fn children(&self) -> Vec<i32> {
        let processes = fs::read_dir("/proc").expect("the kernel tells").flatten();
        let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        numbers
            .filter(|pid| stat(*pid).is_some_and(|(_, parent)| parent == self.pid()))
            .collect()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // It may have ended; what it has started ends with it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// State and parent of a process.
fn stat(pid: i32) -> Option<(char, i32)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((state, fields.next()?.parse().ok()?))
}

fn runs(pid: i32) -> bool {
    stat(pid).is_some_and(|(state, _)| state != 'Z')
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_stops_separate_services_in_order_and_a_kill_leaves_none_behind() {
    let directory = directory();
    let mut up = Host::start("up", directory.path());
    up.ready().await;
    up.interrupt();
    let status = up.ended().await;
    assert!(status.success(), "{status}: {}", up.said());
    for service in ["sandbox", "command", "saga", "projector", "query"] {
        let log = directory.path().join(format!("logs/{service}.log"));
        let log = fs::read_to_string(log).expect("it has a log");
        assert!(log.contains("SIGTERM: shutting down"), "{service}: {log}");
        for wrong in ["SIGINT", "second stop signal"] {
            assert!(!log.contains(wrong), "{service} was told twice: {log}");
        }
    }

    let mut up = Host::start("up", directory.path());
    up.ready().await;
    let children = up.children();
    assert!(children.len() >= 7, "services and servers: {children:?}");
    up.child.kill().expect("it can be killed");
    eventually("all that it started is gone", async || {
        let left: Vec<_> = children.iter().filter(|pid| runs(**pid)).collect();
        left.is_empty().then_some(()).ok_or(format!("{left:?} run"))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dev_keeps_orders_and_the_providers_books_and_its_database_alive() {
    let directory = directory();
    let mut dev = Host::start("dev", directory.path());
    let api = dev.api().await;
    api.receive("A", 10).await;
    let first = api.place(&Placement::of("A", 1, 100)).await.order_id();
    api.order_that_is("confirmed", &first).await;
    dev.interrupt();
    let status = dev.ended().await;
    assert!(status.success(), "{status}: {}", dev.said());

    // The authorization of before the restart can be voided: the provider still knows it.
    let mut dev = Host::start("dev", directory.path());
    let api = dev.api().await;
    let cancel = format!("/v1/orders/{first}/cancel");
    api.post(&cancel, &json!({"reason": "changed my mind"}))
        .await;
    api.order_that_is("cancelled", &first).await;

    let lock = directory.path().join("postgres/data/postmaster.pid");
    let server = fs::read_to_string(lock).expect("PostgreSQL runs");
    let server = server
        .lines()
        .next()
        .and_then(|line| line.trim().parse().ok());
    let server: i32 = server.expect("it says its process id");
    kill(Pid::from_raw(server), Signal::SIGKILL).expect("it can be killed");
    eventually("PostgreSQL runs again", async || {
        let said = dev.said();
        let again = said.contains("PostgreSQL ended") && said.contains("PostgreSQL runs again");
        again.then_some(()).ok_or(said)
    })
    .await;
    dev.ready().await;
    let second = api.place(&Placement::of("A", 1, 100)).await.order_id();
    api.order_that_is("confirmed", &second).await;
    dev.interrupt();
    assert!(dev.ended().await.success(), "{}", dev.said());
}

/// A database server with a database for the events and one for the read models.
pub(super) struct Apart {
    pub directory: TempDir,
    environment: Vec<(String, String)>,
    /// Where a sandbox provider listens, once it is asked for.
    pub sandbox: String,
    pub api: Api,
    postgres: Postgres,
}

impl Apart {
    pub async fn new() -> Self {
        let postgres = Postgres::start().await.expect("PostgreSQL starts");
        for name in ["events", "views"] {
            let created = postgres.create_database(name).await;
            created.expect("a database can be created");
        }
        let mut environment = vec![
            ("ORDERS__STORE__URL".to_owned(), postgres.url("events")),
            ("ORDERS__READ__URL".to_owned(), postgres.url("views")),
            (
                "ORDERS__PERSONAL_DATA__MASTER_KEY".to_owned(),
                MASTER_KEY.to_owned(),
            ),
        ];
        let names = ["PORT", "SANDBOX_PORT", "COMMAND_PORT", "QUERY_PORT"];
        let ports = names.map(|name| (name, free_port().expect("there is a free port")));
        let set = |(name, port): (&str, u16)| (format!("ORDERS__HTTP__{name}"), port.to_string());
        environment.extend(ports.map(set));
        let [url, sandbox, ..] = ports.map(|(_, port)| format!("http://127.0.0.1:{port}"));
        Self {
            directory: directory(),
            environment,
            sandbox,
            api: Api::new(client(), &url, &url),
            postgres,
        }
    }

    /// Sets a variable of the environment for what is run from now on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// A sandbox provider in a process of its own.
    pub fn sandbox_apart(&self) -> Killed {
        let mut sandbox = Command::new(program("sandbox"));
        let sandbox = sandbox
            .envs(self.environment.iter().cloned())
            .env("SANDBOX_JOURNAL", self.books())
            .stdin(Stdio::null());
        Killed(sandbox.spawn().expect("it starts"))
    }

    /// `orders serve` with these arguments, once it takes traffic.
    pub async fn serve(&self, arguments: &[&str]) -> Killed {
        let log = File::create(self.log()).expect("a log can be made");
        let mut serve = orders(&["serve"], self.directory.path());
        serve
            .args(arguments)
            .envs(self.environment.iter().cloned())
            .stdout(log.try_clone().expect("a log can be shared"))
            .stderr(log);
        let mut serve = Killed(serve.spawn().expect("it starts"));
        let (http, url) = (client(), format!("{}/readyz", self.api.commands()));
        eventually("it takes traffic", async || {
            let ended = serve.0.try_wait().expect("a child can be looked at");
            assert_eq!(ended, None, "it ended by itself: {}", self.said());
            let answer = http.get(&url).send().await;
            let status = answer.map_err(|error| error.to_string())?.status();
            let ready = status.is_success().then_some(());
            ready.ok_or_else(|| status.to_string())
        })
        .await;
        serve
    }

    fn books(&self) -> PathBuf {
        self.directory.path().join("books.ndjson")
    }

    fn log(&self) -> PathBuf {
        self.directory.path().join("serve.log")
    }

    /// What `orders serve` has said so far.
    fn said(&self) -> String {
        fs::read_to_string(self.log()).unwrap_or_default()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = orders(arguments, self.directory.path());
        command.envs(self.environment.iter().cloned());
        command.output().expect("it starts")
    }

    async fn has(&self, database: &str, table: &str) -> bool {
        let url = self.postgres.url(database);
        let mut connection = PgConnection::connect(&url).await.expect("it answers");
        sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL")
            .bind(table)
            .fetch_one(&mut connection)
            .await
            .expect("it can be asked")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn read_models_may_be_in_a_database_of_their_own_and_sagas_stay_with_the_store() {
    let mut apart = Apart::new().await;
    let refused = apart.run(&["serve"]);
    let why = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success(), "{why}");
    for word in ["saga.payment_url", "http://…", "--sandbox"] {
        assert!(why.contains(word), "it does not say {word}: {why}");
    }

    // The doctor asks whoever is set; that it is the sandbox of the same process is as well.
    let provider = apart.sandbox.clone();
    apart.set("ORDERS__SAGA__PAYMENT_URL", &provider);
    apart.set("ORDERS__SAGA__CARRIER_URL", &provider);
    let books = apart.books().display().to_string();
    let mut serve = apart.serve(&["--sandbox", &books]).await;
    apart.api.receive("A", 10).await;
    let id = apart
        .api
        .place(&Placement::of("A", 1, 100))
        .await
        .order_id();
    apart.api.order_that_is("confirmed", &id).await;

    for (table, database) in [
        ("store.events", "events"),
        ("saga.checkpoint", "events"),
        ("read.checkpoint", "views"),
    ] {
        let other = if database == "events" {
            "views"
        } else {
            "events"
        };
        assert!(apart.has(database, table).await, "{table} in {database}");
        assert!(!apart.has(other, table).await, "{table} in {other}");
    }
    let log = apart.said();
    for word in ["there is no authentication", "approved without money"] {
        assert!(log.contains(word), "it does not say {word}: {log}");
    }
    assert!(apart.books().is_file(), "the sandbox keeps its books");

    eventually("the doctor finds nothing", async || {
        let doctor = apart.run(&["doctor"]);
        let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
        doctor.status.success().then_some(()).ok_or(said)
    })
    .await;
    whoever_has_seen_enough_may_go(&apart);

    serve.0.kill().expect("it can be killed");
    serve.0.wait().expect("it ends");
    let doctor = apart.run(&["doctor", "--json"]);
    assert!(!doctor.status.success());
    let findings: Value = serde_json::from_slice(&doctor.stdout).expect("it is JSON");
    let wrong = findings.as_array().expect("a list").iter();
    let wrong: Vec<_> = wrong.filter(|finding| finding["ok"] == false).collect();
    assert!(
        wrong.iter().any(|finding| finding["what"] == "processes"),
        "{wrong:?}"
    );
    assert!(
        wrong.iter().all(|finding| finding["advice"].is_string()),
        "{wrong:?}"
    );
}

/// `orders list | head`, with a head that reads nothing.
fn whoever_has_seen_enough_may_go(apart: &Apart) {
    let mut list = orders(&["list"], apart.directory.path());
    let mut list = list
        .args(["--url", apart.api.commands()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    drop(list.stdout.take());
    let ended = list.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{}: {said}", ended.status);
    assert!(!said.contains("panicked"), "{said}");
}

/// A process that does not outlive its test.
pub(super) struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
