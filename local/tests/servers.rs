//! The real servers: started, killed, restarted, and never left behind.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]
#![expect(
    clippy::print_stdout,
    reason = "a child process tells its parent what it started"
)]

use std::fs::Permissions;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use local::{
    Companion, Error, Nats, NatsOptions, Postgres, PostgresOptions, SharedPostgres, free_port,
};
use nix::sys::signal::kill;
use nix::unistd::{Pid, Uid};
use sqlx::{Connection, PgConnection};

/// How long a process may take to go once nobody wants it.
const GONE_WITHIN: Duration = Duration::from_secs(20);

/// Set in the child that [`nothing_outlives_a_killed_parent`] starts from this same binary.
const ROLE: &str = "LOCAL_TEST_HOLDS_SERVERS";

fn runs(pid: u32) -> bool {
    // A zombie is dead; who should reap it is not our business.
    match std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => !stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .starts_with(" Z"),
        Err(_) => {
            !cfg!(target_os = "linux") && kill(Pid::from_raw(pid.try_into().unwrap()), None).is_ok()
        }
    }
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + GONE_WITHIN;
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap()
}

async fn note(url: &str, text: &str) {
    let mut connection = connect(url).await;
    sqlx::query("CREATE TABLE IF NOT EXISTS note (text text)")
        .execute(&mut connection)
        .await
        .unwrap();
    sqlx::query("INSERT INTO note VALUES ($1)")
        .bind(text)
        .execute(&mut connection)
        .await
        .unwrap();
}

async fn notes(url: &str) -> Vec<String> {
    let mut connection = connect(url).await;
    sqlx::query_scalar("SELECT text FROM note ORDER BY 1")
        .fetch_all(&mut connection)
        .await
        .unwrap()
}

async fn setting(url: &str, name: &str) -> String {
    let mut connection = connect(url).await;
    sqlx::query_scalar("SELECT current_setting($1)")
        .bind(name)
        .fetch_one(&mut connection)
        .await
        .unwrap()
}

fn at(home: &Path) -> PostgresOptions {
    PostgresOptions {
        data_dir: Some(home.to_owned()),
        ..PostgresOptions::default()
    }
}

#[tokio::test]
async fn data_survive_a_stop_a_kill_and_another_start() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path().join("postgres");
    let postgres = Postgres::start(at(&home)).await.unwrap();
    postgres.create_database("shop").await.unwrap();
    postgres.create_database("shop").await.unwrap();
    let url = postgres.url("shop");
    assert_eq!(setting(&url, "fsync").await, "on");
    assert_eq!(setting(&url, "synchronous_commit").await, "on");
    note(&url, "1 before the restart").await;

    postgres.restart().await.unwrap();
    note(&url, "2 before the kill").await;

    let killed = postgres.pid();
    postgres.kill9().await.unwrap();
    assert!(!runs(killed));
    postgres.restart().await.unwrap();
    assert_ne!(postgres.pid(), killed);
    note(&url, "3 before the stop").await;

    let stopped = postgres.pid();
    drop(postgres);
    assert!(!runs(stopped));

    let again = Postgres::start(at(&home)).await.unwrap();
    let kept = notes(&again.url("shop")).await;
    assert_eq!(
        kept,
        [
            "1 before the restart",
            "2 before the kill",
            "3 before the stop"
        ]
    );
}

#[tokio::test]
async fn a_kill_with_sessions_open_heals_at_once() {
    // A temporary home, but durable: what was acknowledged is there after the kill.
    let postgres = Postgres::start(PostgresOptions::default()).await.unwrap();
    let url = postgres.url("postgres");
    for round in 0..3 {
        let mut sessions = Vec::new();
        for _ in 0..8 {
            sessions.push(connect(&url).await);
        }
        note(&url, &round.to_string()).await;
        postgres.kill9().await.unwrap();
        postgres.restart().await.unwrap();
        drop(sessions);
    }
    assert_eq!(notes(&url).await, ["0", "1", "2"]);
}

/// As root, which may clone the project under `/root`, where no other account can go.
#[tokio::test]
async fn a_home_under_a_closed_directory_is_kept_elsewhere_and_found_again() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::set_permissions(directory.path(), Permissions::from_mode(0o700)).unwrap();
    let home = directory.path().join("postgres");
    let postgres = Postgres::start(at(&home)).await.unwrap();
    note(&postgres.url("postgres"), "kept").await;
    assert_eq!(home.is_symlink(), Uid::effective().is_root());
    assert_eq!(home.canonicalize().unwrap(), postgres.home());
    drop(postgres);

    let again = Postgres::start(at(&home)).await.unwrap();
    assert_eq!(notes(&again.url("postgres")).await, ["kept"]);
    let actual = again.home().to_owned();
    drop(again);
    std::fs::remove_dir_all(actual).unwrap();
}

#[tokio::test]
async fn two_servers_run_side_by_side() {
    let (first, second) = tokio::join!(
        Postgres::start(PostgresOptions::throwaway()),
        Postgres::start(PostgresOptions::throwaway().setting("work_mem", "5MB")),
    );
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_ne!(first.port(), second.port());
    assert_ne!(first.pid(), second.pid());
    assert_eq!(setting(&first.url("postgres"), "fsync").await, "off");
    assert_eq!(setting(&second.url("postgres"), "work_mem").await, "5MB");
    let (pids, homes) = (
        [first.pid(), second.pid()],
        [first.home().to_owned(), second.home().to_owned()],
    );
    drop((first, second));
    assert!(pids.iter().all(|pid| !runs(*pid)));
    assert!(homes.iter().all(|home| !home.exists()));
}

#[tokio::test]
async fn only_the_password_opens_the_server() {
    let postgres = Postgres::start(PostgresOptions::throwaway()).await.unwrap();
    let url = postgres.url("postgres");
    let guessed = url.replacen("orders:", "orders:x", 1);
    let refused = PgConnection::connect(&guessed).await.unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("password authentication failed"),
        "{refused}"
    );
    let listening = setting(&url, "listen_addresses").await;
    assert_eq!(listening, "127.0.0.1");
    let secret = std::fs::metadata(postgres.home().join("password")).unwrap();
    assert_eq!(secret.permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_taken_port_and_a_taken_home_are_told_clearly() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path().join("postgres");
    let first = Postgres::start(at(&home)).await.unwrap();
    let taken = Some(first.port());

    let options = PostgresOptions {
        port: taken,
        ..PostgresOptions::throwaway()
    };
    let error = Postgres::start(options).await.unwrap_err();
    assert!(matches!(error, Error::PortTaken { .. }), "{error}");

    let error = Postgres::start(at(&home)).await.unwrap_err();
    assert!(matches!(error, Error::InUse { .. }), "{error}");

    let error = Nats::start(NatsOptions {
        port: taken,
        ..NatsOptions::default()
    })
    .await;
    assert!(matches!(error.unwrap_err(), Error::PortTaken { .. }));
    let options = NatsOptions {
        monitoring_port: taken,
        ..NatsOptions::default()
    };
    match Nats::start(options).await.unwrap_err() {
        Error::PortTaken { port, .. } => assert_eq!(Some(port), taken),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_lock_file_that_names_a_living_stranger_heals() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path().join("postgres");
    let postgres = Postgres::start(at(&home)).await.unwrap();
    postgres.kill9().await.unwrap();
    let lock = postgres.home().join("data/postmaster.pid");
    let text = std::fs::read_to_string(&lock).unwrap();
    drop(postgres);

    // After a reboot the number may belong to anybody; here to this very process.
    let (_, rest) = text.split_once('\n').unwrap();
    std::fs::write(&lock, format!("{}\n{rest}", std::process::id())).unwrap();
    let healed = Postgres::start(at(&home)).await.unwrap();
    assert_eq!(
        setting(&healed.url("postgres"), "server_encoding").await,
        "UTF8"
    );
}

#[tokio::test]
async fn every_test_gets_its_own_database_on_one_server() {
    let (first, second) = tokio::join!(SharedPostgres::database(), SharedPostgres::database());
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_ne!(first.name(), second.name());
    note(first.url(), "only here").await;
    let mut other = connect(second.url()).await;
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_tables WHERE tablename = 'note'")
        .fetch_one(&mut other)
        .await
        .unwrap();
    assert_eq!(tables, 0);
}

#[tokio::test]
async fn database_names_are_plain() {
    let server = SharedPostgres::server().await.unwrap();
    for name in ["", "1a", "a-b", "a\"; drop", "Ä", &"a".repeat(64)] {
        let error = server.create_database(name).await.unwrap_err();
        assert!(matches!(error, Error::DatabaseName(_)), "{name}: {error}");
    }
}

#[tokio::test]
async fn streams_survive_a_kill_and_another_start() {
    let directory = tempfile::tempdir().unwrap();
    let options = NatsOptions {
        store_dir: Some(directory.path().join("nats")),
        monitoring_port: Some(free_port().unwrap()),
        ..NatsOptions::default()
    };
    let nats = Nats::start(options.clone()).await.unwrap();
    let client = async_nats::connect(nats.url()).await.unwrap();
    let jetstream = async_nats::jetstream::new(client);
    let stream = async_nats::jetstream::stream::Config {
        name: "notes".into(),
        subjects: vec!["note.>".into()],
        ..Default::default()
    };
    jetstream.create_stream(stream).await.unwrap();
    jetstream
        .publish("note.1", "one".into())
        .await
        .unwrap()
        .await
        .unwrap();

    let killed = nats.pid();
    nats.kill9().await.unwrap();
    assert!(!runs(killed));
    nats.restart().await.unwrap();
    let client = async_nats::connect(nats.url()).await.unwrap();
    let jetstream = async_nats::jetstream::new(client);
    jetstream
        .publish("note.2", "two".into())
        .await
        .unwrap()
        .await
        .unwrap();
    let stopped = nats.pid();
    drop(nats);
    assert!(!runs(stopped));

    let again = Nats::start(options).await.unwrap();
    let client = async_nats::connect(again.url()).await.unwrap();
    let stream = async_nats::jetstream::new(client)
        .get_stream("notes")
        .await
        .unwrap();
    assert_eq!(stream.cached_info().state.messages, 2);
}

/// The parent is this same test in a child process; it is killed with SIGKILL, so that none of its
/// destructors run.
#[tokio::test]
async fn nothing_outlives_a_killed_parent() {
    if std::env::var_os(ROLE).is_some() {
        return hold_servers().await;
    }
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path().join("postgres");
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "nothing_outlives_a_killed_parent", "--nocapture"])
        .env(ROLE, &home)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(parent.stdout.take().unwrap());
    let told = output
        .lines()
        .map(Result::unwrap)
        .find(|line| line.starts_with("held: "))
        .unwrap();
    let words: Vec<&str> = told.split(' ').skip(1).collect();
    let (pids, temporary) = words.split_at(4);
    let pids: Vec<u32> = pids.iter().map(|pid| pid.parse().unwrap()).collect();
    assert!(pids.iter().all(|pid| runs(*pid)), "{told}");
    assert!(
        temporary.iter().all(|home| Path::new(home).is_dir()),
        "{told}"
    );

    parent.kill().unwrap();
    parent.wait().unwrap();
    until("all servers are gone", || {
        pids.iter().all(|pid| !runs(*pid))
    })
    .await;
    until("the temporary homes are gone", || {
        !temporary.iter().any(|home| Path::new(home).exists())
    })
    .await;
    let kept = Postgres::start(at(&home)).await.unwrap();
    assert_eq!(notes(&kept.url("postgres")).await, ["kept"]);
}

async fn hold_servers() {
    let home = std::env::var_os(ROLE).unwrap();
    let durable = Postgres::start(at(Path::new(&home))).await.unwrap();
    note(&durable.url("postgres"), "kept").await;
    let shared = SharedPostgres::server().await.unwrap();
    let nats = Nats::start(NatsOptions::default()).await.unwrap();
    let mut companion = companion(Path::new(&home).with_extension("log"));
    companion.start(sleeping()).unwrap();
    println!(
        "\nheld: {} {} {} {} {} {}",
        durable.pid(),
        shared.pid(),
        nats.pid(),
        companion.pid().unwrap(),
        shared.home().display(),
        nats.home().display()
    );
    std::future::pending::<()>().await;
}

fn companion(log: PathBuf) -> Companion {
    Companion::new("companion", log, Duration::from_secs(5)).unwrap()
}

fn sleeping() -> Command {
    let mut command = Command::new("sleep");
    command.arg("1000");
    command
}

#[tokio::test]
async fn a_companion_is_in_a_group_of_its_own_and_told_once_to_end() {
    let directory = tempfile::tempdir().unwrap();
    let mut companion = companion(directory.path().join("it.log"));
    let mut command = Command::new("/bin/sh");
    command.args([
        "-c",
        "trap 'echo told; exit 0' TERM; echo ready; while :; do sleep 0.05; done",
    ]);
    companion.start(command).unwrap();
    let log = companion.log().to_owned();
    let said = || std::fs::read_to_string(&log).unwrap_or_default();
    until("it is ready", || said().contains("ready")).await;
    let pid = Pid::from_raw(companion.pid().unwrap().try_into().unwrap());
    assert_eq!(nix::unistd::getpgid(Some(pid)).unwrap(), pid);
    companion.stop().await.unwrap();
    assert_eq!(said(), "ready\ntold\n");
    assert_eq!(companion.ended().await.unwrap(), "exit status: 0");
}

#[tokio::test]
async fn a_server_that_ends_by_itself_is_noticed() {
    let postgres = Postgres::start(PostgresOptions::throwaway()).await.unwrap();
    let killed = Pid::from_raw(postgres.pid().try_into().unwrap());
    kill(killed, nix::sys::signal::Signal::SIGKILL).unwrap();
    let ended = tokio::time::timeout(GONE_WITHIN, postgres.ended()).await;
    let how = ended.unwrap().unwrap();
    assert!(how.contains("9"), "{how}");
    postgres.restart().await.unwrap();
    note(&postgres.url("postgres"), "again").await;
}

/// Whoever asked for a server that outlives a crash finds it, stops it and goes on with its data.
#[tokio::test]
async fn a_server_left_running_is_taken_over() {
    if std::env::var_os(ROLE).is_some() {
        let home = std::env::var_os(ROLE).unwrap();
        let options = PostgresOptions {
            die_with_parent: false,
            ..at(Path::new(&home))
        };
        let postgres = Postgres::start(options).await.unwrap();
        note(&postgres.url("postgres"), "kept").await;
        println!("\nheld: {}", postgres.pid());
        return std::future::pending().await;
    }
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path().join("postgres");
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "a_server_left_running_is_taken_over",
            "--nocapture",
        ])
        .env(ROLE, &home)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(parent.stdout.take().unwrap());
    let told = output
        .lines()
        .map(Result::unwrap)
        .find(|line| line.starts_with("held: "))
        .unwrap();
    let left: u32 = told.split(' ').nth(1).unwrap().parse().unwrap();
    parent.kill().unwrap();
    parent.wait().unwrap();
    assert!(runs(left));

    let postgres = Postgres::start(at(&home)).await.unwrap();
    assert!(!runs(left));
    assert_ne!(postgres.pid(), left);
    assert_eq!(notes(&postgres.url("postgres")).await, ["kept"]);
}
