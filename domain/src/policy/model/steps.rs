//! Every step of every policy: repeated, failed, and compensated twice.
//!
//! A row is a policy and a type of events that it reacts to. Rows are not written down: they are found,
//! by letting the model run until everything has happened that can, and taking the world as it was when
//! a policy came to its first event of that type. So a new policy is in it, and a new event.

use super::{Choices, World, limits, nothing_new, play, rest};
use crate::{
    Event,
    policy::{Call, Task},
    testing::recorded,
};
use proptest::{
    prelude::*,
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// Which policy, and what it reacts to.
type Row = (&'static str, &'static str);

/// The worlds in which steps are to be taken, by row.
#[derive(Default, Clone)]
pub(super) struct Steps(BTreeMap<Row, Before>);

/// A world in which a policy has still to take a step.
#[derive(Clone)]
struct Before {
    world: World,
    /// Which policy it is.
    which: usize,
}

impl Steps {
    /// Keeps the world as it is before a policy takes a step that is none of the rows yet, if anybody
    /// looks at steps.
    pub(super) fn look(world: &mut World, which: usize) {
        let reader = &world.readers[which];
        let Some(event) = reader.next(&world.log) else {
            return;
        };
        let row = (reader.name(), event);
        let Some(mut steps) = world.steps.take() else {
            return;
        };
        steps.0.entry(row).or_insert_with(|| Before {
            world: world.clone(),
            which,
        });
        world.steps = Some(steps);
    }
}

/// The rows: one for each policy and each type of events that it reacts to.
fn rows() -> BTreeMap<Row, Before> {
    let mut runner = TestRunner::deterministic();
    let tapes = proptest::collection::vec(any::<u16>(), 300..500);
    let laters = proptest::collection::vec(any::<u16>(), 100..200);
    let mut steps = Some(Box::<Steps>::default());
    for _ in 0..1_500 {
        let tape = tapes.new_tree(&mut runner).unwrap().current();
        let later = laters.new_tree(&mut runner).unwrap().current();
        let mut world = World::new(limits(true, 4, 3));
        world.steps = steps;
        steps = play(world, [tape, later], true).steps;
    }
    steps.map(|steps| steps.0).unwrap_or_default()
}

/// The world after the step, what is to be done because of it, and timers among that.
fn taken(before: &Before) -> (World, Vec<Task>) {
    let mut world = before.world.clone();
    let waiting = std::mem::take(&mut world.tasks);
    let timers = world.timers.clone();
    world.react_as(before.which);
    let mut to_do = std::mem::replace(&mut world.tasks, waiting);
    let fired = world
        .timers
        .iter()
        .filter(|(key, timer)| timers.get(key) != Some(timer));
    let fired: Vec<_> = fired.map(|(key, _)| *key).collect();
    for key in fired {
        to_do.extend(world.timers.remove(&key).map(|timer| timer.task));
    }
    (world, to_do)
}

/// Does a task, as the runtime would: a call only while it is waited for.
fn perform(world: &mut World, task: &Task, choices: Vec<u16>) -> bool {
    match task {
        Task::Call(call) if !world.waits_for(call) => true,
        task => world.perform(&mut Choices::new(choices), task),
    }
}

/// The choices by which a participant refuses what it is asked, or does not answer.
fn refusal(task: &Task) -> Vec<u16> {
    match task {
        Task::Execute(_) => vec![],
        // It is answered: declined.
        Task::Call(Call::Authorize { .. }) => vec![0, 2],
        Task::Call(Call::Inquire { .. }) => vec![1],
        // It is answered: declined.
        Task::Call(Call::Reauthorize { .. }) => vec![0, 2],
        Task::Call(Call::Void { .. }) => vec![2],
        Task::Call(Call::Capture { .. } | Call::Dispatch { .. }) => vec![0, 2],
        Task::Call(Call::Refund { .. }) => vec![4],
        Task::Call(Call::Track { .. }) => vec![4],
    }
}

/// Everything ends as it must.
fn ends(world: &mut World) {
    let mut quiet = Choices::new(vec![]);
    rest(world, &mut quiet, true);
    super::checks::ends(world);
    super::people::operate(world);
    rest(world, &mut quiet, true);
    super::checks::ends(world);
}

/// Whatever was put, or called, since then comes once more.
fn again(world: &mut World, puts: usize, calls: usize) {
    let before = world.log.len();
    let (put, made) = (world.put[puts..].to_vec(), world.made[calls..].to_vec());
    for command in &put {
        let _refused = world.put(command);
    }
    for call in made {
        perform(world, &Task::Call(call), vec![]);
    }
    nothing_new(world, before);
}

/// Runs `proof` for every row, and names the one that it fails for.
fn for_every_row(proof: impl Fn(&Before)) {
    let rows = rows();
    for (row, before) in &rows {
        let proven = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| proof(before)));
        assert!(proven.is_ok(), "the step {row:?}: see above");
    }
}

/// All that policies care for among the frozen examples of events: whatever the runs come to, there must be
/// a row for each of these.
fn cared_for() -> BTreeSet<Row> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let readers = super::reader::all();
    let mut cared_for = BTreeSet::new();
    for file in fs::read_dir(golden).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        let mut parts = name.split('.');
        let event_type = parts.next().unwrap();
        let version = parts.next().unwrap().trim_start_matches('v');
        let payload = fs::read(file.path()).unwrap();
        let event = Event::decode(event_type, version.parse().unwrap(), &payload).unwrap();
        let event = recorded(event, 1);
        let takers = readers.iter().filter(|reader| reader.takes(&event));
        cared_for.extend(takers.map(|reader| (reader.name(), event.event.event_type())));
    }
    cared_for
}

#[test]
fn there_is_a_row_for_every_event_that_a_policy_cares_for() {
    let found: BTreeSet<Row> = rows().into_keys().collect();
    let cared_for = cared_for();
    assert!(cared_for.len() > 60, "{cared_for:?}");
    let missing: Vec<_> = cared_for.difference(&found).collect();
    assert!(
        missing.is_empty(),
        "no run comes to {missing:?}: nothing is proven of them"
    );
}

#[test]
fn there_is_a_row_for_every_policy() {
    let rows = rows();
    for row in [
        ("inventory", "ReturnInspected"),
        ("inventory", "LinesCancelled"),
        ("inventory", "AmendmentApplied"),
        ("order", "AmendmentProposed"),
        ("order", "AmendmentExpired"),
        ("order", "ShipmentPacked"),
        ("payment", "PaymentActionRequired"),
        ("payment", "ReturnInspected"),
        ("payment", "PaymentRefunded"),
        ("payment", "ShipmentCreated"),
        ("payment", "PaymentRestReleaseRequested"),
        ("payment", "PaymentRefundFailed"),
        ("payment", "PaymentRefundReversed"),
        ("shipping", "ReturnApproved"),
        ("shipping", "ReturnInTransit"),
        ("shipping", "ReturnReceived"),
        ("shipping", "ReturnCancelled"),
    ] {
        assert!(rows.contains_key(&row), "{row:?}: nothing is sent back");
    }
    for reader in super::reader::all() {
        let mine = rows.keys().filter(|(policy, _)| *policy == reader.name());
        assert!(
            mine.count() >= 5,
            "{} reacts to next to nothing",
            reader.name()
        );
    }
}

/// A crash has it taken again, and what follows from it done again: nothing new comes of that.
#[test]
fn a_step_that_is_repeated_leads_to_nothing_new() {
    for_every_row(|before| {
        let (mut world, to_do) = taken(before);
        assert_eq!(to_do, taken(before).1, "it is decided as before");
        let done = |world: &mut World| {
            for task in &to_do {
                perform(world, task, vec![]);
            }
        };
        done(&mut world);
        let log = world.log.len();
        done(&mut world);
        nothing_new(&world, log);
        ends(&mut world);
    });
}

/// What a participant refuses, or does not answer, is tried again or made up for; so is what comes only
/// when all else has happened.
#[test]
fn a_step_that_fails_is_retried_or_compensated() {
    for_every_row(|before| {
        let (mut world, to_do) = taken(before);
        for task in to_do {
            let is_call = matches!(task, Task::Call(_));
            if !is_call {
                // It comes last of all.
                let mut quiet = Choices::new(vec![]);
                rest(&mut world, &mut quiet, true);
            }
            if !perform(&mut world, &task, refusal(&task)) {
                world.tasks.push(task);
            }
        }
        ends(&mut world);
    });
}

#[test]
fn a_compensation_that_is_repeated_leads_to_nothing_new() {
    for_every_row(|before| {
        let (puts, calls) = (before.world.put.len(), before.world.made.len());
        let (mut world, to_do) = taken(before);
        for task in to_do {
            if !perform(&mut world, &task, refusal(&task)) {
                world.tasks.push(task);
            }
        }
        ends(&mut world);
        again(&mut world, puts, calls);
        ends(&mut world);
    });
}
