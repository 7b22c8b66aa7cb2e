//! The whole platform in virtual time, on one thread, over adapters that fail.
//!
//! A run is made from one number. Two processes that take commands, two that run the sagas and two
//! that keep the read models run the product's own code: lane, relay, feeds, policies, tasks,
//! projections, leases. What they share is in memory: event store, leases, sagas' storage, read
//! models, broker, and a payment provider and a carrier with books of their own. Between each process and all of
//! that are [adapters] over which calls are refused, lost, done without an answer, or done much
//! later; at each of their awaits the process may be slow, stand still for longer than a lease, or
//! crash. The database of the sagas and the read models, which does not wait for the disk, may crash
//! and lose the latest commits. Clients ask for things, ask again, ask twice at once, and give up;
//! people pack, and say what has arrived; provider and carrier say by themselves what has happened, before
//! their answers and after them, twice and out of order.
//!
//! After a while nothing goes wrong any more. The platform must then come to rest, with an operator
//! who looks after what waits for one, and all that the [checks] name must hold.
//!
//! What is assumed: nothing that was sent to the provider arrives after the last inquiry about it,
//! and event store and leases lose nothing that they have acknowledged.

mod adapters;
mod carrier;
mod checks;
mod clients;
mod clock;
mod dice;
mod faults;
mod node;
mod processes;
mod projections;
mod provider;
mod rest;
mod seen;
mod trace;
mod word;
mod world;

use processes::PROCESSES;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::{task::JoinSet, time::sleep};
use world::World;

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How many events there were in the end.
    pub events: usize,
    /// Tells runs apart: two runs of one seed have the same.
    pub digest: u64,
    /// How often what happened: events by type, and faults.
    pub happened: BTreeMap<&'static str, u64>,
    /// The invariants that were broken.
    pub wrong: Vec<String>,
    /// What happened, if it was to be kept.
    pub trace: Vec<String>,
}

/// How many clients there are at most.
const CLIENTS: usize = 4;

/// Runs the platform once, by `seed`, and checks it.
///
/// To be run by a runtime of one thread whose time is paused at its start, and which is dropped
/// afterwards.
pub async fn run(seed: u64, traced: bool) -> Report {
    let world = World::new(seed, traced);
    let mut processes = JoinSet::new();
    for place in 0..PROCESSES.len() {
        processes.spawn(processes::keep(Arc::clone(&world), place));
    }
    let mut clients = JoinSet::new();
    for (sku, quantity) in clients::SKUS {
        let world = Arc::clone(&world);
        let stock = clients::receive(&world, sku, quantity);
        clients.spawn(async move {
            clients::put(&world, stock).await;
        });
    }
    for _ in 0..=world.dice.below(CLIENTS) {
        clients.spawn(clients::client(Arc::clone(&world)));
    }
    clients.spawn(word::tell(Arc::clone(&world)));
    clients.spawn(sabotage(Arc::clone(&world)));
    clients.spawn(crash_database(Arc::clone(&world)));
    sleep(world.dice.millis(10_000..=30_000)).await;
    world.calm_down();
    for node in world.nodes() {
        node.crash("the end of the storm");
    }
    while clients.join_next().await.is_some() {}
    let report = match rest::come_to_rest(&world).await {
        Ok(()) => checks::check(&world).await,
        Err(why) => {
            world.wrong(why);
            checks::unchecked(&world)
        }
    };
    processes.abort_all();
    world.leave();
    report
}

/// Breaks the broker now and then.
async fn sabotage(world: Arc<World>) {
    while !world.is_calm() {
        sleep(world.dice.millis(500..=5_000)).await;
        if !world.goes_wrong(world.faults.broker * 8) {
            continue;
        }
        if world.dice.below(2) == 0 {
            world.count("broker lost its stream");
            world.trace.add(|| "broker: loses its stream".into());
            world.broker.lose_stream();
        } else {
            world.count("broker down");
            world.trace.add(|| "broker: goes down".into());
            world.broker.set_down(true);
            sleep(world.dice.millis(100..=6_000)).await;
            world.broker.set_down(false);
        }
    }
}

/// Lets the database of the sagas and the read models crash now and then: what was committed there
/// shortly before is gone, of all of it at once.
async fn crash_database(world: Arc<World>) {
    while !world.is_calm() {
        sleep(world.dice.millis(500..=8_000)).await;
        if !world.goes_wrong(world.faults.database) {
            continue;
        }
        let (sagas, models) = (world.sagas.snapshot(), world.models.snapshot());
        sleep(world.dice.millis(1..=2_000)).await;
        if !world.is_calm() {
            world.count("database crash");
            world
                .trace
                .add(|| "database: crashes, and loses its last commits".into());
            world.sagas.restore(sagas);
            world.models.restore(models);
        }
    }
}

/// The time within which the platform comes to rest once nothing goes wrong any more: calls that were
/// parked, and what people do about goods that came back, follow each other, each with waits of minutes.
const REST: Duration = Duration::from_secs(3_600);
