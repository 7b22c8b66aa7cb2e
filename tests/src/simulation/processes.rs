//! The platform's processes: what each runs is the product's own, over this run's adapters.

use super::{
    adapters::{NodeBroker, NodeLeases, NodeSagaStore, NodeStore},
    carrier::NodeCarrier,
    clock::NodeClock,
    node::Node,
    provider::NodeProvider,
    seen::WatchedFeed,
    world::World,
};
use bus::{BrokerFeed, Feed, Relay, RelayOptions, StoreFeed, TailOptions};
use chassis::config::SagaSettings;
use saga::{SagaParts, runtime::Participants};
use std::{num::NonZeroUsize, sync::Arc, time::Duration};
use store::{
    EventReader,
    lane::{Lane, LaneOptions},
};
use tokio::time::sleep;
use tokio_util::task::TaskTracker;
use vault::Vault;

/// How long a lease lasts: shorter than a process may stand still.
pub(super) const LEASE: Duration = Duration::from_secs(2);
/// How often everybody looks without being told to.
pub(super) const POLL: Duration = Duration::from_secs(1);
/// When the provider is asked what became of a payment: in the end longer than anything is late.
const INQUIRIES_S: [u64; 4] = [3, 6, 12, 24];
/// When the provider is asked again to take what is packed.
const CAPTURE_RETRIES_S: [u64; 2] = [2, 4];
/// When the carrier is asked where a shipment is, and how often: sometimes not often enough.
const TRACKING_S: [u64; 2] = [1, 3];
const TRACKING_TIMES: u32 = 5;

/// What a process is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Command,
    Saga,
    Projector,
}

/// All processes of a run.
pub(super) const PROCESSES: [(&str, Kind); 6] = [
    ("command-1", Kind::Command),
    ("command-2", Kind::Command),
    ("saga-1", Kind::Saga),
    ("saga-2", Kind::Saga),
    ("projector-1", Kind::Projector),
    ("projector-2", Kind::Projector),
];

/// Keeps a process running until the run is over: whenever it has died, it is started anew.
pub(super) async fn keep(world: Arc<World>, place: usize) {
    let (name, kind) = PROCESSES[place];
    for life in 1_u32.. {
        let node = Node::new(format!("{name}#{life}"), &world);
        node.trace(|| "starts".into());
        start(&node, kind);
        world.enter(place, Arc::clone(&node));
        live(&node).await;
        if !world.is_calm() {
            sleep(world.dice.millis(10..=5_000)).await;
        }
    }
}

/// Waits until the process is dead; ends it after a time if the run's faults say so.
async fn live(node: &Node) {
    let world = &node.world;
    let died = node.life.hard().cancelled();
    let Some(life) = world.faults.life_ms.clone().filter(|_| !world.is_calm()) else {
        tokio::select! {
            biased;
            () = died => {}
            () = ended_by_itself(node) => {}
        }
        return;
    };
    let life = world.dice.millis(life);
    tokio::select! {
        biased;
        () = died => return,
        () = ended_by_itself(node) => return,
        () = sleep(life) => {}
    }
    if world.is_calm() {
        return Box::pin(live(node)).await;
    }
    match world.dice.below(4) {
        0 => {
            world.count("orderly stop");
            node.trace(|| "is asked to stop".into());
            node.stop();
            sleep(world.dice.millis(0..=3_000)).await;
            node.crash("the end of its time to stop");
        }
        1 => {
            world.count("clock jump");
            node.jump();
            node.trace(|| format!("has its clock jump to {} ms", node.skew_ms()));
            Box::pin(live(node)).await;
        }
        _ => node.crash("some place"),
    }
}

/// No process ends unless it is told to.
async fn ended_by_itself(node: &Node) {
    node.life.soft().cancelled().await;
    node.world.wrong(format!("{} ended by itself", node.name));
    node.crash("its own end");
}

fn start(node: &Arc<Node>, kind: Kind) {
    match kind {
        Kind::Command => {
            let _ = node.lane.set(lane(node));
            relay(node);
        }
        Kind::Saga => sagas(node),
        Kind::Projector => super::projections::start(node),
    }
}

fn lane(node: &Arc<Node>) -> Lane {
    let options = LaneOptions {
        max_batch: node.world.dice.of(&[1, 4, 256]),
        cached_streams: NonZeroUsize::MIN.saturating_add(node.world.dice.of(&[2, 1_000])),
        patience: Duration::from_secs(5),
        ..LaneOptions::default()
    };
    let (lane, work) = Lane::new(Arc::new(NodeStore(Arc::clone(node))), options);
    let stop = node.life.soft().clone();
    node.life.spawn_critical("lane", async move {
        work.run(stop).await;
        Ok(())
    });
    lane
}

fn relay(node: &Arc<Node>) {
    let options = RelayOptions {
        lease_for: LEASE,
        window: node.world.dice.of(&[1, 8, 256]),
        page: 32,
        history: 40,
        poll: POLL,
        check: POLL,
        back_off: POLL,
        ..RelayOptions::default()
    };
    let relay = Relay::new(
        Arc::new(NodeStore(Arc::clone(node))),
        Arc::new(NodeBroker(Arc::clone(node))),
        Arc::new(NodeLeases(Arc::clone(node))),
        node.world.dice.uuid(),
        options,
    );
    let stop = node.life.soft().clone();
    node.life.spawn_critical("relay", async move {
        relay.run(stop).await;
        Ok(())
    });
}

/// The process's feed: of the broker or of the store, and with little memory.
pub(super) fn feed(node: &Arc<Node>) -> Arc<dyn Feed> {
    let options = TailOptions {
        events: node.world.dice.of(&[8, 64]),
        page: node.world.dice.of(&[3, 64]),
        poll: POLL,
        check: POLL,
        back_off: POLL,
        ..TailOptions::default()
    };
    let reader: Arc<dyn EventReader> = Arc::new(NodeStore(Arc::clone(node)));
    let tasks = TaskTracker::new();
    // The feed has no orderly end: it is dropped where it waits.
    let stop = node.life.hard().clone();
    let (feed, _) = match node.world.dice.below(2) {
        0 => StoreFeed::start(reader, options, &tasks, stop),
        _ => {
            let broker = Arc::new(NodeBroker(Arc::clone(node)));
            BrokerFeed::start(broker, reader, options, &tasks, stop)
        }
    };
    let node = Arc::clone(node);
    Arc::new(WatchedFeed { node, feed })
}

fn sagas(node: &Arc<Node>) {
    let parts = SagaParts {
        feed: feed(node),
        lane: lane(node),
        reader: Arc::new(NodeStore(Arc::clone(node))),
        leases: Arc::new(NodeLeases(Arc::clone(node))),
        storage: Arc::new(NodeSagaStore(Arc::clone(node))),
        participants: Participants {
            provider: Arc::new(NodeProvider(Arc::clone(node))),
            carrier: Arc::new(NodeCarrier(Arc::clone(node))),
            // Nobody says where anything goes.
            vault: Vault::in_memory(),
        },
        clock: Arc::new(NodeClock(Arc::clone(node))),
    };
    let dice = &node.world.dice;
    let mut settings = SagaSettings::default();
    settings.batch = dice.of(&[1, 5, 256]);
    settings.lease_ms = LEASE.as_millis() as u64;
    settings.poll_ms = POLL.as_millis() as u64;
    settings.reservation_ttl_s = node.world.faults.reservation_s;
    settings.hold_ttl_s = node.world.faults.hold_s;
    settings.payment_concurrency = dice.of(&[1, 64]);
    settings.inquiry_schedule_s = INQUIRIES_S.to_vec();
    settings.capture_retry_schedule_s = CAPTURE_RETRIES_S.to_vec();
    settings.carrier_concurrency = dice.of(&[1, 16]);
    settings.shipping_hold_ttl_s = node.world.faults.hold_s;
    settings.tracking_schedule_s = TRACKING_S.to_vec();
    settings.tracking_times = TRACKING_TIMES;
    // Processes that are set otherwise react to what others began.
    let locations: &[&str] = dice.of(&[&["main"], &["main", "east"], &["east", "main"]]);
    settings.locations = locations.iter().map(ToString::to_string).collect();
    // What an order has several parcels of, the model of the policies tells apart; here each has one.
    settings.split_orders = false;
    settings.return_ttl_s = node.world.faults.hold_s;
    settings.backorder_ttl_s = node.world.faults.hold_s;
    saga::start(&parts, &settings, &node.life);
}
