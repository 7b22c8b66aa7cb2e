//! Several processes write at once.

use crate::{
    build::new_stream,
    cases::concurrency::write,
    follow::{Follower, check_order},
    world::{World, connect},
};
use domain::{CommandId, StreamId};
use std::{collections::HashSet, process::Stdio, sync::Arc, time::Duration};
use tokio::process::Command;

/// Set in the processes that [`a_reader_never_misses_what_many_processes_write`] starts from this
/// same binary: the database's URL and the hot stream.
const ROLE: &str = "STORE_CONTRACT_WRITES";

/// How many processes write.
const PROCESSES: usize = 3;

/// What a writing process prints before each command that it was told is done.
const ACKED: &str = "acked ";

#[expect(clippy::print_stdout, reason = "this is how a child tells its parent")]
async fn writer(role: &str) {
    let (url, hot) = role.split_once(' ').unwrap();
    let hot: StreamId = hot.parse().unwrap();
    // Two ways in, each with its own connection.
    let stores = [connect(url).await, connect(url).await].map(Arc::new);
    let writers = stores.map(|store| tokio::spawn(write(store, hot.clone(), 40)));
    for acked in futures::future::join_all(writers).await {
        for id in acked.unwrap() {
            println!("{ACKED}{id}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_never_misses_what_many_processes_write() {
    if let Ok(role) = std::env::var(ROLE) {
        return writer(&role).await;
    }
    let world = World::postgres().await;
    let World::Postgres(database) = &world else {
        unreachable!("it is over PostgreSQL")
    };
    let follower = Follower::start(world.store().await);
    let role = format!("{} {}", database.url(), new_stream());
    let children = (0..PROCESSES).map(|_| {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture"])
            .arg("postgres::processes::a_reader_never_misses_what_many_processes_write")
            .env(ROLE, &role)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap()
            .wait_with_output()
    });
    let ended = tokio::time::timeout(
        Duration::from_secs(120),
        futures::future::join_all(children),
    );
    let mut acked: HashSet<CommandId> = HashSet::new();
    for output in ended.await.unwrap() {
        let output = output.unwrap();
        assert!(output.status.success(), "a writer failed");
        let text = String::from_utf8(output.stdout).unwrap();
        let ids: Vec<_> = text
            .lines()
            .filter_map(|line| line.split_once(ACKED))
            .collect();
        assert!(
            ids.len() >= 2 * 80,
            "each has its own streams to write to: {}",
            ids.len()
        );
        acked.extend(ids.iter().map(|(_, id)| id.parse::<CommandId>().unwrap()));
    }
    let events = follower.finish().await;
    check_order(&events);
    let there: HashSet<_> = events
        .iter()
        .map(|event| event.envelope.command_id)
        .collect();
    assert_eq!(there, acked, "what was acked, and nothing else");
}
