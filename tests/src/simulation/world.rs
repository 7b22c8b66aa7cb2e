//! What all processes of a run share: the databases, the broker, the provider, the carrier,
//! and the choices.

use super::{
    carrier::Waybills,
    clients::Journal,
    clock::TrueClock,
    dice::Dice,
    faults::{Fate, Faults},
    node::Node,
    provider::Ledger,
    seen::Seen,
    trace::Trace,
};
use bus::MemoryBroker;
use domain::Position;
use projector::MemoryReadModels;
use saga::storage::MemorySagaStore;
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use store::{MemoryStore, lease::MemoryLeases};
use tokio::time::sleep;

/// The messages that the broker keeps: fewer than a run has events.
const BROKER_KEEPS: usize = 64;

/// A run.
pub(super) struct World {
    pub dice: Dice,
    pub faults: Faults,
    pub clock: TrueClock,
    pub trace: Trace,
    pub store: MemoryStore,
    /// How far the position of one event is from that of the next.
    pub step: usize,
    pub leases: MemoryLeases,
    pub sagas: Arc<MemorySagaStore>,
    pub models: MemoryReadModels,
    pub broker: MemoryBroker,
    pub ledger: Ledger,
    pub waybills: Waybills,
    pub journal: Journal,
    pub seen: Seen,
    /// The latest life of each process, in a fixed order.
    nodes: Mutex<Vec<Arc<Node>>>,
    /// What was found wrong while it ran.
    wrong: Mutex<Vec<String>>,
    /// How often what happened.
    happened: Mutex<BTreeMap<&'static str, u64>>,
    calm: AtomicBool,
}

impl World {
    /// A run from `seed`, in which nothing has happened yet.
    pub(super) fn new(seed: u64, traced: bool) -> Arc<Self> {
        let dice = Dice::new(seed);
        let faults = Faults::draw(&dice);
        let clock = TrueClock::start();
        // Positions of some stores are places in a log. Not drawn, so that seeds keep their meaning.
        let step = if seed.is_multiple_of(3) { 37 } else { 1 };
        let world = Self {
            store: MemoryStore::new(Arc::new(clock), dice.uuid()).with_gaps(step - 1),
            step,
            leases: MemoryLeases::new(Arc::new(clock)),
            sagas: Arc::default(),
            models: MemoryReadModels::new(Arc::new(clock)),
            broker: MemoryBroker::new(BROKER_KEEPS),
            ledger: Ledger::default(),
            waybills: Waybills::default(),
            journal: Journal::default(),
            seen: Seen::default(),
            trace: Trace::new(traced),
            nodes: Mutex::default(),
            wrong: Mutex::default(),
            happened: Mutex::default(),
            calm: AtomicBool::new(false),
            dice,
            faults,
            clock,
        };
        world.trace.add(|| format!("{:?}", world.faults));
        Arc::new(world)
    }

    /// Whether nothing goes wrong any more.
    pub(super) fn is_calm(&self) -> bool {
        self.calm.load(Ordering::Relaxed)
    }

    /// Lets nothing go wrong from now on.
    pub(super) fn calm_down(&self) {
        self.calm.store(true, Ordering::Relaxed);
        self.broker.set_down(false);
        self.trace.add(|| "CALM".into());
    }

    /// What becomes of a call.
    pub(super) fn fate(&self) -> Fate {
        match self.is_calm() {
            true => Fate::Done,
            false => self.faults.fate(&self.dice),
        }
    }

    /// Whether something goes wrong that does so `rate` times in 10,000.
    pub(super) fn goes_wrong(&self, rate: u32) -> bool {
        !self.is_calm() && self.dice.happens(rate)
    }

    /// Counts something that happened, so that it can be told whether runs come to it.
    pub(super) fn count(&self, what: &'static str) {
        let mut happened = self.happened.lock().unwrap_or_else(PoisonError::into_inner);
        *happened.entry(what).or_default() += 1;
    }

    /// How often what happened so far.
    pub(super) fn happened(&self) -> BTreeMap<&'static str, u64> {
        self.happened
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Says that an invariant is broken.
    pub(super) fn wrong(&self, what: impl Into<String>) {
        let what = what.into();
        self.trace.add(|| format!("WRONG: {what}"));
        self.wrong
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(what);
    }

    /// What was found wrong so far.
    pub(super) fn all_wrong(&self) -> Vec<String> {
        self.wrong
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Puts the next life of a process in the place of the last.
    pub(super) fn enter(&self, place: usize, node: Arc<Node>) {
        let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        match nodes.get_mut(place) {
            Some(before) => *before = node,
            None => nodes.push(node),
        }
    }

    /// The latest life of each process.
    pub(super) fn nodes(&self) -> Vec<Arc<Node>> {
        self.nodes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Ends all processes for good, and lets go of them.
    pub(super) fn leave(&self) {
        let nodes = std::mem::take(&mut *self.nodes.lock().unwrap_or_else(PoisonError::into_inner));
        for node in nodes {
            node.crash("the end");
        }
    }

    /// Hints to all processes that the head is at `position`; hints are late, too early, and lost.
    pub(super) fn hint(&self, position: Position) {
        for node in self.nodes() {
            if self.goes_wrong(self.faults.lost_hint) {
                self.count("hint lost");
                continue;
            }
            if self.goes_wrong(self.faults.slow) {
                let time = Duration::from_millis(self.faults.slow_ms);
                tokio::spawn(async move {
                    sleep(time).await;
                    node.hints.hint(position);
                });
                continue;
            }
            let early = usize::from(self.goes_wrong(self.faults.lost_hint / 8));
            node.hints.hint(position.plus(early));
        }
    }
}
