//! Other processes: this same binary, told by an environment variable what to do.

use sqlx::{Connection, PgConnection};
use std::{
    process::{Output, Stdio},
    time::{Duration, Instant},
};
use tokio::process::{Child, Command};

/// Holds the role of a child.
const ROLE: &str = "STORE_CONTRACT_ROLE";

/// The advisory lock that keeps children from beginning before all are there.
const GATE: i64 = 0x6761_7465;

/// How long children may take.
const DEADLINE: Duration = Duration::from_secs(120);

/// What this process is to do, if it is a child.
pub fn role() -> Option<Vec<String>> {
    let role = std::env::var(ROLE).ok()?;
    Some(role.split(' ').map(str::to_owned).collect())
}

/// Starts a child that runs `test`, in which it finds its `role`.
pub fn spawn(test: &str, role: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", test])
        .env(ROLE, role)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// Waits, in a child, until its parent has [started](at_once) all of them.
pub async fn wait_for_the_others(url: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::query("SELECT pg_advisory_lock_shared($1)")
        .bind(GATE)
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

/// Runs `count` children that begin together, and gives what they have printed after `mark`.
pub async fn at_once(url: &str, test: &str, role: &str, count: usize, mark: &str) -> Vec<String> {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::query("SELECT pg_advisory_lock($1)")
        .bind(GATE)
        .execute(&mut connection)
        .await
        .unwrap();
    let children: Vec<_> = (0..count)
        .map(|_| spawn(test, role).wait_with_output())
        .collect();
    let running = tokio::spawn(futures::future::join_all(children));
    let began = Instant::now();
    loop {
        let waiting: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM pg_locks \
             WHERE locktype = 'advisory' AND NOT granted AND objid = $1::bigint::oid \
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        )
        .bind(GATE)
        .fetch_one(&mut connection)
        .await
        .unwrap();
        if waiting == count as i64 {
            break;
        }
        assert!(began.elapsed() < DEADLINE, "only {waiting} are there");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    connection.close().await.unwrap();
    let outputs = tokio::time::timeout(DEADLINE, running).await;
    let outputs = outputs.unwrap().unwrap().into_iter();
    outputs
        .flat_map(|output| said(&output.unwrap(), mark))
        .collect()
}

/// What a child has printed after `mark`; it must have ended well.
fn said(output: &Output, mark: &str) -> Vec<String> {
    assert!(output.status.success(), "a child failed");
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let lines = text.lines().filter_map(|line| line.split_once(mark));
    lines.map(|(_, said)| said.to_owned()).collect()
}
