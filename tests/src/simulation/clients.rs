//! Clients of the platform: they ask, ask again, ask twice at once, and give up.

mod returns;
mod wishes;

use super::{node::Node, world::World};
use domain::{CommandEnvelope, CommandId, OrderId, ReturnId, StreamId, Version};
use futures::future::join_all;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use store::lane::{Executed, LaneError};
use tokio::time::{sleep, timeout};

pub(super) use returns::{look_at, request};
pub(super) use wishes::{SKUS, command as envelope, receive, sku};

/// How long a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(8);

/// What clients asked, and what they were told.
#[derive(Default)]
pub(super) struct Journal(Mutex<Entries>);

#[derive(Default)]
struct Entries {
    asked: Vec<Arc<CommandEnvelope>>,
    answers: Vec<Answer>,
    orders: Vec<OrderId>,
    returns: Vec<(OrderId, ReturnId)>,
    versions: BTreeMap<StreamId, Version>,
}

/// What a client was told of a command.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub asked: Arc<CommandEnvelope>,
    pub told: Result<Executed, LaneError>,
}

impl Journal {
    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All commands that clients have put.
    pub(super) fn asked(&self) -> Vec<Arc<CommandEnvelope>> {
        self.entries().asked.clone()
    }

    /// All answers that clients have got.
    pub(super) fn answers(&self) -> Vec<Answer> {
        self.entries().answers.clone()
    }

    fn note(&self, answer: Answer) {
        let mut entries = self.entries();
        if let Ok(executed) = &answer.told {
            let known = entries.versions.entry(executed.stream.clone());
            let known = known.or_default();
            *known = executed.version.max(*known);
        }
        entries.answers.push(answer);
    }
}

/// A client that asks for things until the run calms down.
pub(super) async fn client(world: Arc<World>) {
    let think = world.dice.of(&[200, 3_000]);
    while !world.is_calm() {
        sleep(world.dice.millis(0..=think)).await;
        let command = wishes::wish(&world);
        put(&world, command.clone()).await;
        if world.dice.happens(300) {
            // Another wish, by mistake under the same id.
            put(&world, wishes::other(&world, &command)).await;
        }
    }
}

/// Puts a command as often as it takes to get an answer, or until the client gives up; says whether
/// there was one.
pub(super) async fn put(world: &Arc<World>, command: CommandEnvelope) -> bool {
    let command = Arc::new(command);
    world.journal.entries().asked.push(Arc::clone(&command));
    let attempts = world.dice.of(&[1, 3, 10]);
    for attempt in 0..attempts {
        let at_once = world.dice.of(&[1, 1, 1, 2, 3]);
        let puts = (0..at_once).map(|_| put_once(world, &command));
        if join_all(puts).await.into_iter().any(|answered| answered) {
            // Some ask again though they were answered.
            if world.dice.happens(1_000) {
                put_once(world, &command).await;
            }
            return true;
        }
        sleep(world.dice.millis(50..=500 * (attempt + 1))).await;
    }
    false
}

/// Puts a command to one of the processes; says whether the client need not ask again.
async fn put_once(world: &Arc<World>, command: &Arc<CommandEnvelope>) -> bool {
    let nodes = world.nodes();
    let takers: Vec<&Arc<Node>> = nodes
        .iter()
        .filter(|node| node.lane.get().is_some())
        .collect();
    if takers.is_empty() {
        return false;
    }
    let node = world.dice.of(&takers);
    let Some(lane) = node.lane.get().filter(|_| !node.is_dead()) else {
        return false;
    };
    if world.dice.happens(2_000) {
        // Of what is put at the same time, not always the first is the first to get there.
        sleep(world.dice.millis(0..=50)).await;
    }
    node.trace(|| format!("is asked for {} {}", command.id, command.command.name()));
    let executed = timeout(PATIENCE, lane.execute((**command).clone()));
    let told = tokio::select! {
        biased;
        () = node.life.hard().cancelled() => return false,
        told = executed => told,
    };
    let Ok(told) = told else {
        return false;
    };
    if world.goes_wrong(world.faults.lost_answer) {
        return false;
    }
    match &told {
        Ok(executed) if executed.replayed => world.count("answered again"),
        Ok(_) => world.count("answered"),
        Err(error) => world.count(name(error)),
    }
    node.trace(|| format!("answers {}: {}", command.id, outcome(&told)));
    let known = matches!(
        told,
        Ok(_) | Err(LaneError::KeyReused | LaneError::VersionMismatch { .. })
    );
    world.journal.note(Answer {
        asked: Arc::clone(command),
        told,
    });
    known
}

/// A name to count an error by.
const fn name(error: &LaneError) -> &'static str {
    match error {
        LaneError::Overloaded => "lane overloaded",
        LaneError::Stopped => "lane stopped",
        LaneError::Unavailable(_) => "store unavailable",
        LaneError::Contended => "lane contended",
        LaneError::NoStreams => "no streams",
        LaneError::KeyReused => "key reused",
        LaneError::VersionMismatch { .. } => "version mismatch",
        LaneError::Broken(_) => "store broken",
    }
}

fn outcome(told: &Result<Executed, LaneError>) -> String {
    match told {
        Ok(executed) => format!(
            "{:?} at version {} and position {}{}",
            executed.outcome,
            executed.version,
            executed.position,
            if executed.replayed { ", again" } else { "" },
        ),
        Err(error) => error.to_string(),
    }
}

/// The commands that share an id, which is a mistake of theirs.
pub(super) fn of(journal: &Journal, id: CommandId) -> Vec<Arc<CommandEnvelope>> {
    let asked = journal.asked();
    asked.into_iter().filter(|asked| asked.id == id).collect()
}
