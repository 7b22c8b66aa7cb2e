//! What tests may expect of servers, wherever they come from: run for local processes by `make test`,
//! and for containers by `make test-containers`.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use servers::{Nats, Postgres, SharedPostgres};
use sqlx::{Connection, PgConnection};
use std::{
    env,
    io::{BufRead, BufReader},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Says to a child what it is there for.
const ROLE: &str = "ORDERS_TEST_ROLE";

const PATIENCE: Duration = Duration::from_secs(60);

async fn within(what: &str, mut look: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !look().await {
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_database_comes_back_at_its_address_with_what_it_has() {
    if !Postgres::may_be_killed() {
        return;
    }
    let postgres = Postgres::start().await.unwrap();
    postgres.create_database("kept").await.unwrap();
    postgres.create_database("kept").await.unwrap();
    let url = postgres.url("kept");
    let mut connection = PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql("CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
        .execute(&mut connection)
        .await
        .unwrap();
    for _ in 0..2 {
        postgres.kill9().await.unwrap();
        assert!(PgConnection::connect(&url).await.is_err(), "it was killed");
        postgres.restart().await.unwrap();
    }
    assert_eq!(postgres.url("kept"), url);
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let kept: i32 = sqlx::query_scalar("SELECT n FROM kept")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(kept, 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_broker_comes_back_with_its_streams_unless_its_disk_is_lost() {
    if !Nats::may_be_killed() {
        return;
    }
    let nats = Nats::start().await.unwrap();
    let has_it = async || {
        let client = async_nats::connect(nats.url()).await.unwrap();
        let context = async_nats::jetstream::new(client);
        context.get_stream(nats.stream()).await.is_ok()
    };
    let client = async_nats::connect(nats.url()).await.unwrap();
    let config = async_nats::jetstream::stream::Config {
        name: nats.stream().into(),
        ..Default::default()
    };
    let made = async_nats::jetstream::new(client)
        .create_stream(config)
        .await;
    made.unwrap();
    nats.kill9().await.unwrap();
    nats.restart().await.unwrap();
    assert!(has_it().await);
    nats.kill9().await.unwrap();
    nats.lose_disk().await.unwrap();
    nats.restart().await.unwrap();
    assert!(!has_it().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_is_cut_off_and_comes_back() {
    if !servers::networks_can_be_cut() {
        return;
    }
    let postgres = Postgres::start().await.unwrap();
    let url = postgres.url("postgres");
    let mut before = PgConnection::connect(&url).await.unwrap();
    postgres.disconnect().await.unwrap();
    assert!(PgConnection::connect(&url).await.is_err());
    let broken = tokio::time::timeout(PATIENCE, before.ping()).await;
    assert!(broken.unwrap().is_err(), "what there was is broken, too");
    postgres.connect().await.unwrap();
    PgConnection::connect(&url).await.unwrap();
}

/// This test in a process of its own, with a role. What it says comes through a pipe.
fn child(test: &str, role: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args([test, "--exact", "--nocapture"])
        .env(ROLE, role)
        // What it starts belongs to itself.
        .env_remove("ORDERS_TEST_RUN")
        // What it is asked to skip is no test.
        .env_remove("ORDERS_TEST_SKIPPED")
        .stdout(Stdio::piped());
    command
}

/// The rest of the line that begins so.
fn said(child: &mut Child, beginning: &str) -> String {
    let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    let mut lines = lines.map(|line| line.unwrap());
    let found = lines.find_map(|line| Some(line.split_once(beginning)?.1.to_owned()));
    found.expect("it says so before it ends")
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_go_with_a_process_that_is_killed() {
    if env::var(ROLE).is_ok() {
        let postgres = Postgres::start().await.unwrap();
        let nats = Nats::start().await.unwrap();
        println!("servers: {} {}", postgres.address(), nats.url());
        return std::future::pending().await;
    }
    if !(Postgres::may_be_killed() && Nats::may_be_killed()) {
        return;
    }
    let test = "servers_go_with_a_process_that_is_killed";
    let mut child = child(test, "victim").spawn().unwrap();
    let addresses = said(&mut child, "servers: ").replace("nats://", "");
    assert_eq!(addresses.split(' ').count(), 2);
    let answers = |address: &str| TcpStream::connect(address).is_ok();
    assert!(addresses.split(' ').all(answers), "{addresses}");
    child.kill().unwrap();
    child.wait().unwrap();
    within("nobody listens any more", async || {
        !addresses.split(' ').any(answers)
    })
    .await;
    if env::var("ORDERS_TEST_PROVIDER").is_ok_and(|provider| provider == "containers") {
        let label = format!("label=orders-test.run={}", child.id());
        within("its containers are gone", async || {
            let left = ["ps", "--all", "--quiet", "--filter", &label];
            let left = Command::new("docker").args(left).output().unwrap();
            left.status.success() && left.stdout.is_empty()
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_made_on_servers_that_are_given_goes_with_the_test() {
    if env::var(ROLE).is_ok() {
        return as_a_guest().await;
    }
    if !(Postgres::may_be_killed() && Nats::may_be_killed()) {
        return;
    }
    let (postgres, nats) = (
        Postgres::start().await.unwrap(),
        Nats::start().await.unwrap(),
    );
    let test = "what_is_made_on_servers_that_are_given_goes_with_the_test";
    let guest = child(test, "guest")
        .env("ORDERS_TEST_POSTGRES_URL", postgres.url("postgres"))
        .env("ORDERS_TEST_NATS_URL", nats.url())
        .env_remove("ORDERS_TEST_PROVIDER")
        .spawn()
        .unwrap()
        .wait_with_output()
        .unwrap();
    let said = String::from_utf8_lossy(&guest.stdout);
    assert!(
        guest.status.success() && said.contains("a guest has been here"),
        "{said}"
    );
    let mut connection = PgConnection::connect(&postgres.url("postgres"))
        .await
        .unwrap();
    let sql = "SELECT count(*) FROM pg_database WHERE datname LIKE 'orders_test_%'";
    let left: i64 = sqlx::query_scalar(sql)
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(left, 0);
    let client = async_nats::connect(nats.url()).await.unwrap();
    let account = async_nats::jetstream::new(client)
        .query_account()
        .await
        .unwrap();
    assert_eq!(account.streams, 0);
}

/// What a test does on servers that are given.
#[expect(clippy::print_stdout, reason = "this is how a child tells its parent")]
async fn as_a_guest() {
    assert!(!Postgres::may_be_killed() && !Nats::may_be_killed());
    let shared = SharedPostgres::database().await.unwrap();
    let postgres = Postgres::start().await.unwrap();
    postgres.create_database("orders").await.unwrap();
    assert!(
        postgres
            .kill9()
            .await
            .unwrap_err()
            .to_string()
            .contains("given")
    );
    let urls = [shared.url().to_owned(), postgres.url("orders")];
    for url in &urls {
        let mut connection = PgConnection::connect(url).await.unwrap();
        sqlx::raw_sql("CREATE TABLE mine ()")
            .execute(&mut connection)
            .await
            .unwrap();
    }
    let nats = Nats::start().await.unwrap();
    let client = async_nats::connect(nats.url()).await.unwrap();
    let config = async_nats::jetstream::stream::Config {
        name: nats.stream().into(),
        ..Default::default()
    };
    let made = async_nats::jetstream::new(client)
        .create_stream(config)
        .await;
    made.unwrap();
    println!("a guest has been here");
}

#[tokio::test]
async fn containers_without_the_program_that_holds_them_are_refused_in_words() {
    if env::var(ROLE).is_ok() {
        println!("said: {}", Postgres::start().await.unwrap_err());
        return;
    }
    let test = "containers_without_the_program_that_holds_them_are_refused_in_words";
    let mut child = child(test, "hasty")
        .env("ORDERS_TEST_PROVIDER", "containers")
        .env_remove("ORDERS_TEST_CONTAINERS")
        .spawn()
        .unwrap();
    let said = said(&mut child, "said: ");
    assert!(said.contains("make test-containers"), "{said}");
    assert!(child.wait().unwrap().success());
}
