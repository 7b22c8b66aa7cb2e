//! The read models: kept by two processes, and compared with what they should be.

use super::{
    clock::NodeClock,
    node::{Broken, Node},
    processes::{LEASE, POLL, feed},
    world::World,
};
use crate::simulation::adapters::NodeLeases;
use bus::{Feed, StoreFeed, TailOptions};
use chassis::config::ProjectorSettings;
use domain::{Position, Recorded};
use projector::{
    MemoryReadModels, Parts, Projection, ReadModels,
    live::{RunOptions, Runner},
    parking::{ParkedCount, ParkedSequence, Parking},
    projections::{self, Visitor},
    row::Row,
    storage::{Checkpoint, CheckpointRecord, Commit, KeyOf, ReadModelError},
};
use std::{collections::BTreeMap, io, sync::Arc, time::Duration};
use store::EventReader;
use tokio::time::{Instant, sleep};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The time within which a small history is folded anew.
const REBUILD: Duration = Duration::from_secs(600);

/// The shared read models, over a process's connection.
#[derive(Clone)]
struct NodeReadModels(Arc<Node>);

fn broken(broken: Broken) -> ReadModelError {
    ReadModelError::Unavailable(sqlx::Error::Io(io::Error::other(broken)))
}

impl ReadModels for NodeReadModels {
    async fn take_over<P: Projection>(
        &self,
        leader_epoch: i64,
    ) -> Result<Checkpoint, ReadModelError> {
        let models = self.0.world.models.clone();
        let take_over = async move { models.take_over::<P>(leader_epoch).await };
        self.0.call("take over", take_over).await.map_err(broken)?
    }

    async fn load<P: Projection>(&self, keys: &[KeyOf<P>]) -> Result<Vec<P::Row>, ReadModelError> {
        let models = self.0.world.models.clone();
        let keys = keys.to_vec();
        let load = async move { models.load::<P>(&keys).await };
        self.0.call("load rows", load).await.map_err(broken)?
    }

    async fn commit<P: Projection>(&self, commit: Commit<P::Row>) -> Result<(), ReadModelError> {
        let node = Arc::clone(&self.0);
        let commit = async move {
            let (from, to, rows) = (commit.from, commit.to, commit.changes.len());
            let done = node.world.models.commit::<P>(commit).await;
            node.trace(|| {
                format!(
                    "{}: {rows} rows, from {from} to {}: {done:?}",
                    P::NAME,
                    to.position
                )
            });
            if matches!(done, Err(ReadModelError::Fenced(_))) {
                node.world.count("projection fenced");
            }
            if let Err(error @ ReadModelError::Corrupt { .. }) = &done {
                node.world.wrong(error.to_string());
            }
            done
        };
        self.0.call("commit rows", commit).await.map_err(broken)?
    }

    async fn checkpoints(&self) -> Result<Vec<CheckpointRecord>, ReadModelError> {
        let models = self.0.world.models.clone();
        let checkpoints = async move { models.checkpoints().await };
        self.0
            .call("checkpoints", checkpoints)
            .await
            .map_err(broken)?
    }

    async fn parking<P: Projection>(&self) -> Result<Parking, ReadModelError> {
        let models = self.0.world.models.clone();
        let parking = async move { models.parking::<P>().await };
        self.0
            .call("what is parked", parking)
            .await
            .map_err(broken)?
    }

    async fn parked_sequences<P: Projection>(&self) -> Result<Vec<ParkedSequence>, ReadModelError> {
        let models = self.0.world.models.clone();
        let sequences = async move { models.parked_sequences::<P>().await };
        self.0
            .call("what is parked", sequences)
            .await
            .map_err(broken)?
    }

    async fn parked_counts(&self) -> Result<Vec<ParkedCount>, ReadModelError> {
        let models = self.0.world.models.clone();
        let counts = async move { models.parked_counts().await };
        self.0
            .call("what is parked", counts)
            .await
            .map_err(broken)?
    }
}

/// Starts all projections in a process.
pub(super) fn start(node: &Arc<Node>) {
    let parts = Parts {
        feed: feed(node),
        models: NodeReadModels(Arc::clone(node)),
        leases: Arc::new(NodeLeases(Arc::clone(node))),
        clock: Arc::new(NodeClock(Arc::clone(node))),
    };
    let mut settings = ProjectorSettings::default();
    settings.batch = node.world.dice.of(&[1, 7, 1_024]);
    settings.lease_ms = LEASE.as_millis() as u64;
    settings.poll_ms = POLL.as_millis() as u64;
    projector::start(&parts, &settings, &node.life);
}

/// Which projections are not at `head` yet.
pub(super) async fn behind(world: &World, head: Position) -> Option<String> {
    let checkpoints = match world.models.checkpoints().await {
        Ok(checkpoints) => checkpoints,
        Err(error) => return Some(error.to_string()),
    };
    let at_head = |name: &&str| {
        let mut checkpoints = checkpoints.iter();
        checkpoints.any(|checkpoint| checkpoint.name == **name && checkpoint.position == head)
    };
    let behind: Vec<_> = projections::names()
        .into_iter()
        .filter(|name| !at_head(name))
        .collect();
    (!behind.is_empty()).then(|| format!("{behind:?} at {checkpoints:?}, not {head}"))
}

/// Compares every row with a fresh fold of all events, and with what the runtime makes of them anew.
pub(super) async fn check(world: &World, events: &[Recorded]) -> Result<(), String> {
    let anew = rebuilt(world).await?;
    let mut comparison = Comparison {
        world,
        events,
        anew,
    };
    projections::all(&mut comparison);
    Ok(())
}

struct Comparison<'a> {
    world: &'a World,
    events: &'a [Recorded],
    anew: MemoryReadModels,
}

impl Visitor for Comparison<'_> {
    fn visit<P: Projection>(&mut self) {
        let folded = match fold::<P>(self.events) {
            Ok(folded) => folded,
            Err(why) => return self.world.wrong(why),
        };
        let live = self.world.models.rows::<P>();
        self.compare::<P>("live", &live, &folded);
        self.compare::<P>("built anew", &self.anew.rows::<P>(), &folded);
    }
}

impl Comparison<'_> {
    fn compare<P: Projection>(&self, which: &str, rows: &[P::Row], folded: &[P::Row]) {
        if rows == folded {
            return;
        }
        let extra = rows.iter().find(|row| !folded.contains(row));
        let missing = folded.iter().find(|row| !rows.contains(row));
        self.world.wrong(format!(
            "{} {which} is not the fold of its events: it has {extra:#?} and not {missing:#?}",
            P::NAME
        ));
    }
}

/// The rows of `P` by the fold's own meaning: one event after the other.
fn fold<P: Projection>(events: &[Recorded]) -> Result<Vec<P::Row>, String> {
    let mut rows: BTreeMap<KeyOf<P>, P::Row> = BTreeMap::new();
    for event in events {
        let Some(key) = P::key(event) else { continue };
        let row = P::apply(rows.remove(&key), event).map_err(|error| {
            let place = event.envelope.position;
            format!("{} cannot fold the event at {place}: {error}", P::NAME)
        })?;
        if let Some(row) = row {
            rows.insert(row.key(), row);
        }
    }
    Ok(rows.into_values().collect())
}

/// Read models that the runtime has made anew of all events, in batches of another size.
async fn rebuilt(world: &World) -> Result<MemoryReadModels, String> {
    let models = MemoryReadModels::new(Arc::new(world.clock));
    let stop = CancellationToken::new();
    let tasks = TaskTracker::new();
    let reader: Arc<dyn EventReader> = Arc::new(world.store.clone());
    let options = TailOptions::default();
    let mut anew = Rebuild {
        feed: StoreFeed::start(reader, options, &tasks, stop.clone()).0,
        models: models.clone(),
        batch: world.dice.of(&[1, 3, 50, 10_000]),
        stop: stop.clone(),
    };
    projections::all(&mut anew);
    let head = world
        .store
        .head()
        .await
        .map_err(|error| error.to_string())?;
    let deadline = Instant::now() + REBUILD;
    loop {
        let checkpoints = models.checkpoints().await;
        let checkpoints = checkpoints.map_err(|error| error.to_string())?;
        let at_head = |record: &CheckpointRecord| record.position == head.position;
        if checkpoints.len() == projections::names().len() && checkpoints.iter().all(at_head) {
            stop.cancel();
            return Ok(models);
        }
        if Instant::now() >= deadline {
            return Err(format!(
                "the read models are not built anew: {checkpoints:?}"
            ));
        }
        sleep(Duration::from_millis(100)).await;
    }
}

struct Rebuild {
    feed: Arc<dyn Feed>,
    models: MemoryReadModels,
    batch: usize,
    stop: CancellationToken,
}

impl Visitor for Rebuild {
    fn visit<P: Projection>(&mut self) {
        let options = RunOptions {
            batch: self.batch,
            cached_rows: 4,
            ..RunOptions::default()
        };
        let (feed, models) = (Arc::clone(&self.feed), self.models.clone());
        let runner = Runner::<P, MemoryReadModels>::new(feed, models, options);
        let stop = self.stop.clone();
        // An error shows as a checkpoint that never gets to the head.
        tokio::spawn(async move { runner.run(1, [&stop, &stop], || {}).await.is_ok() });
    }
}
