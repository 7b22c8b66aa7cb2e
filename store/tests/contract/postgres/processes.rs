//! Several processes write at once.

use super::children::{at_once, role, spawn, wait_for_the_others};
use crate::{
    build::*,
    cases::concurrency::write,
    follow::{Follower, check_order, read_to_end},
    world::{World, connect},
};
use domain::{CommandId, Position, StreamId};
use local::Proxy;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::{
    collections::{HashMap, HashSet},
    io::Read,
    sync::Arc,
    time::{Duration, Instant},
};
use store::AppendOutcome;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

/// How many processes write.
const PROCESSES: usize = 3;

/// What a writing process prints before each command that it was told is done.
const ACKED: &str = "acked ";

fn url(world: &World) -> &str {
    let World::Postgres(database) = world else {
        unreachable!("it is over PostgreSQL")
    };
    database.url()
}

#[expect(clippy::print_stdout, reason = "this is how a child tells its parent")]
fn tell(acked: impl IntoIterator<Item = CommandId>) {
    for id in acked {
        println!("{ACKED}{id}");
    }
}

/// The commands that were said to be acked; each only once.
fn told(lines: &[String]) -> HashSet<CommandId> {
    let acked: HashSet<CommandId> = lines.iter().map(|id| id.parse().unwrap()).collect();
    assert_eq!(acked.len(), lines.len());
    acked
}

async fn writer(url: &str, hot: &str) {
    let hot: StreamId = hot.parse().unwrap();
    // Two ways in, each with its own connection.
    let stores = [connect(url).await, connect(url).await].map(Arc::new);
    wait_for_the_others(url).await;
    let writers = stores.map(|store| tokio::spawn(write(store, hot.clone(), 40)));
    for acked in futures::future::join_all(writers).await {
        tell(acked.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_never_misses_what_many_processes_write() {
    if let Some(role) = role() {
        return writer(&role[0], &role[1]).await;
    }
    let world = World::postgres().await;
    let follower = Follower::start(world.store().await);
    let role = format!("{} {}", url(&world), new_stream());
    let test = "postgres::processes::a_reader_never_misses_what_many_processes_write";
    let acked = at_once(url(&world), test, &role, PROCESSES, ACKED).await;
    let own = 2 * 80 * PROCESSES;
    assert!(
        acked.len() >= own,
        "each has streams of its own: {}",
        acked.len()
    );
    let events = follower.finish().await;
    check_order(&events);
    let there: HashSet<_> = events
        .iter()
        .map(|event| event.envelope.command_id)
        .collect();
    assert_eq!(there, told(&acked), "what was acked, and nothing else");
}

/// How many commands over several streams each process gets done.
const WIDE: usize = 60;

/// Appends to three of the streams at once, again and again, whoever else does.
async fn wide_writer(url: &str, streams: &[String]) {
    let streams: Vec<StreamId> = streams.iter().map(|name| name.parse().unwrap()).collect();
    let store = connect(url).await;
    let mut random = StdRng::seed_from_u64(u64::from(std::process::id()));
    wait_for_the_others(url).await;
    let mut acked = vec![];
    while acked.len() < WIDE {
        let first = random.random_range(0..streams.len());
        let chosen = [0, 1, 2].map(|nr| &streams[(first + nr * 2) % streams.len()]);
        let mut at = [0; 3];
        for (at, stream) in at.iter_mut().zip(chosen) {
            *at = length(&store, stream).await as i64;
        }
        let wide = append(&[
            (chosen[0], at[0], 1),
            (chosen[1], at[1], 2),
            (chosen[2], at[2], 1),
        ]);
        if let AppendOutcome::Done { .. } = put(&store, &wide).await {
            acked.push(wide.command_id);
        }
    }
    tell(acked);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn overlapping_appends_of_many_processes_are_all_or_nothing() {
    if let Some(role) = role() {
        return wide_writer(&role[0], &role[1..]).await;
    }
    let world = World::postgres().await;
    let mut role = url(&world).to_owned();
    for _ in 0..7 {
        role.push_str(&format!(" {}", new_stream()));
    }
    let test = "postgres::processes::overlapping_appends_of_many_processes_are_all_or_nothing";
    let acked = at_once(url(&world), test, &role, PROCESSES, ACKED).await;
    let events = read_to_end(world.store().await.as_ref(), Position::ZERO).await;
    check_order(&events);
    let mut by_command: HashMap<CommandId, Vec<i64>> = HashMap::new();
    for event in &events {
        let envelope = &event.envelope;
        let positions = by_command.entry(envelope.command_id).or_default();
        positions.push(envelope.position.get());
    }
    for (id, positions) in &by_command {
        let first = positions[0];
        let together: Vec<_> = (first..first + 4).collect();
        assert_eq!(*positions, together, "all of {id}, and nothing in between");
    }
    let there: HashSet<_> = by_command.into_keys().collect();
    assert_eq!(there, told(&acked), "what was acked, and nothing else");
}

/// How many events each process adds to the long stream.
const RACED: usize = 150;

async fn racing_writer(url: &str, stream: &str) {
    let stream: StreamId = stream.parse().unwrap();
    let store = connect(url).await;
    wait_for_the_others(url).await;
    let mut acked = vec![];
    let mut version = 10_000;
    while acked.len() < RACED {
        let next = append(&[(&stream, version, 1)]);
        if let AppendOutcome::Done { .. } = put(&store, &next).await {
            acked.push(next.command_id);
        }
        let from = [(stream.clone(), domain::Version::new(version))];
        let news = store::EventReader::read_streams(&store, &from, 1_000).await;
        version += news.unwrap().len() as i64;
    }
    tell(acked);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_race_on_a_stream_of_ten_thousand_versions() {
    if let Some(role) = role() {
        return racing_writer(&role[0], &role[1]).await;
    }
    let world = World::postgres().await;
    let store = world.store().await;
    let stream = new_stream();
    for start in (0..10_000).step_by(500) {
        let batch: Vec<_> = (start..start + 500)
            .map(|at| append(&[(&stream, at, 1)]))
            .collect();
        let outcomes = kinds(store.as_ref(), &batch).await;
        assert!(outcomes.iter().all(|kind| *kind == "done"));
    }
    let role = format!("{} {stream}", url(&world));
    let test = "postgres::processes::two_processes_race_on_a_stream_of_ten_thousand_versions";
    let acked = at_once(url(&world), test, &role, 2, ACKED).await;
    assert_eq!(acked.len(), 2 * RACED);
    let events = read_to_end(store.as_ref(), Position::new(10_000)).await;
    let versions = events.iter().map(|event| event.envelope.version.get());
    assert!(versions.eq(10_001..=10_000 + 2 * RACED as i64));
    let there: HashSet<_> = events
        .iter()
        .map(|event| event.envelope.command_id)
        .collect();
    assert_eq!(there, told(&acked), "each once");
}

/// Says that it is ready, waits for a word, and appends; it is not to live to see the answer.
#[expect(clippy::print_stdout, reason = "this is how a child tells its parent")]
async fn doomed_writer(url: &str, id: &str, stream: &str) {
    let (id, stream): (CommandId, StreamId) = (id.parse().unwrap(), stream.parse().unwrap());
    let store = connect(url).await;
    done(&store, &append(&[(&stream, 0, 1)])).await;
    println!("ready");
    let word = tokio::task::spawn_blocking(|| std::io::stdin().read_exact(&mut [0]));
    word.await.unwrap().unwrap();
    let outcome = put(&store, &append_as(id, &[(&stream, 1, 2)])).await;
    println!("{ACKED}{outcome:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_killed_between_commit_and_answer_has_its_command_done_once() {
    if let Some(role) = role() {
        return doomed_writer(&role[0], &role[1], &role[2]).await;
    }
    let world = World::postgres().await;
    let store = world.store().await;
    let server = servers::SharedPostgres::server().await.unwrap();
    let proxy = Proxy::start(&server.address()).await.unwrap();
    let (id, stream) = (new_id(), new_stream());
    let through = proxy.url(url(&world), &server.address());
    let test =
        "postgres::processes::a_process_killed_between_commit_and_answer_has_its_command_done_once";
    let mut child = spawn(test, &format!("{through} {id} {stream}"));
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    loop {
        let line = lines.next_line().await.unwrap().expect("it is ready first");
        if line.contains("ready") {
            break;
        }
    }
    proxy.swallow_answers(true);
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"!").await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while length(store.as_ref(), &stream).await < 3 {
        assert!(Instant::now() < deadline, "nothing is committed");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    child.kill().await.unwrap();
    while let Some(line) = lines.next_line().await.unwrap() {
        assert!(!line.contains(ACKED), "it was killed too late: {line}");
    }
    // Another process, asked the same.
    for _ in 0..2 {
        let again = put(store.as_ref(), &append_as(id, &[(&stream, 1, 2)])).await;
        let AppendOutcome::Duplicate(record) = again else {
            panic!("it was done: {again:?}");
        };
        assert_eq!(record.version.get(), 3);
    }
    assert_eq!(length(store.as_ref(), &stream).await, 3);
}
