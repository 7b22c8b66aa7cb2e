//! All policies and deciders together, in every order in which things may happen.
//!
//! A run places orders, packs them, changes its mind about them, sends some of them back, and lets
//! policies lag, commands be reordered and repeated, timers fire late, the provider fail and the carrier
//! refuse, lose and bring back. When the choices have ended, everything comes to rest; then every order
//! has ended or waits for an operator, and stock and money are where they belong. Then the operators do
//! their work, and no order waits any more.

mod amend;
mod carrier;
mod checks;
mod choices;
mod contradictions;
mod people;
mod provider;
mod races;
mod reader;
mod returns;
mod steps;
mod world;

use super::Limits;
use crate::{
    Event, Location, OrderId, customer::CustomerEvent, order::OrderEvent, product::ProductEvent,
    shipment::ShipmentEvent, stock::StockEvent,
};
use choices::Choices;
use chrono::Duration;
use proptest::{
    prelude::*,
    strategy::{Strategy, ValueTree},
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};
use std::collections::BTreeSet;
use world::World;

const SKUS: [&str; 3] = ["A", "B", "C"];
/// Where stock is, in the order in which it is looked for.
const PLACES: [&str; 3] = ["main", "east", "west"];
const HOLDS: [&str; 6] = [
    "fraud-check",
    "address",
    "carrier-refused",
    "capture-failed",
    "disputed",
    "authorization-expiring",
];
/// More steps than any run needs to come to rest.
const MAX_STEPS: usize = 40_000;

/// How many runs there are, unless so many are wanted: `ORDERS_MODEL_SEEDS=10000`, or only one:
/// `ORDERS_MODEL_SEED=42`.
const SEEDS: u64 = 1_000;

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok();
    let text = text.filter(|text| !text.is_empty());
    text.map(|text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is a number"))
    })
}

/// A run of which everything follows from its number. Where it fails, a shorter one that fails is told.
fn run_seed(seed: u64) {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let inputs = (
        proptest::collection::vec(any::<u16>(), 0..500),
        proptest::collection::vec(any::<u16>(), 0..200),
        any::<bool>(),
        0..=4_usize,
        0..=3_usize,
        any::<bool>(),
    );
    let inputs = inputs.new_tree(&mut runner).expect("there are some");
    let ran = runner.run_one(
        inputs,
        |(tape, later, impatient, inquiries, retries, attentive)| {
            let limits = limits(impatient, inquiries, retries);
            run([tape, later], &limits, attentive);
            Ok(())
        },
    );
    if let Err(error) = ran {
        panic!(
            "seed {seed}: {error}\nTo run it again: ORDERS_MODEL_SEED={seed} cargo test -p domain model"
        );
    }
}

#[test]
fn everything_ends_and_nothing_is_lost() {
    match number("ORDERS_MODEL_SEED") {
        Some(seed) => run_seed(seed),
        None => (0..number("ORDERS_MODEL_SEEDS").unwrap_or(SEEDS)).for_each(run_seed),
    }
}

#[test]
fn runs_come_to_everything_that_can_happen() {
    let mut runner = TestRunner::deterministic();
    let tapes = proptest::collection::vec(any::<u16>(), 300..500);
    let laters = proptest::collection::vec(any::<u16>(), 100..200);
    let (mut happened, mut told) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..2_500 {
        let tape = tapes.new_tree(&mut runner).unwrap().current();
        let later = laters.new_tree(&mut runner).unwrap().current();
        let world = run([tape, later], &limits(true, 4, 3), true);
        happened.extend(world.log.iter().map(|recorded| recorded.event.event_type()));
        told.extend(
            world
                .log
                .iter()
                .filter_map(|recorded| of_parcels(&recorded.event)),
        );
    }
    assert_eq!(
        told,
        BTreeSet::from([
            "dropped",
            "dropped as a dispute was lost",
            "from several",
            "some left"
        ])
    );
    // No policy has to do with customers, or with products.
    let others = [CustomerEvent::TYPES, ProductEvent::TYPES].concat();
    let missed: Vec<_> = Event::types()
        .filter(|name| !others.contains(name) && !happened.contains(name))
        .collect();
    assert_eq!(missed, [""; 0]);
}

/// What an order comes to only if it leaves in several parcels.
fn of_parcels(event: &Event) -> Option<&'static str> {
    match event {
        Event::Stock(StockEvent::StockReserved(event)) => {
            (event.parcels > 1).then_some("from several")
        }
        Event::Shipment(ShipmentEvent::ShipmentCancelled(event)) if event.amount.is_some() => {
            match event.reason.contains("dispute") {
                true => Some("dropped as a dispute was lost"),
                false => Some("dropped"),
            }
        }
        Event::Order(OrderEvent::LinesShipped(event)) => (!event.all).then_some("some left"),
        _ => None,
    }
}

fn place(name: &str) -> Location {
    Location::parse(name).expect("a plain name")
}

/// Time limits of which either the reservation's or the inquiries' ends first.
fn limits(impatient: bool, inquiries: usize, retries: usize) -> Limits {
    let defaults = Limits::default();
    Limits {
        reservation: match impatient {
            true => defaults.reservation,
            false => Duration::days(2),
        },
        inquiries: defaults.inquiries.into_iter().take(inquiries).collect(),
        capture_retries: defaults.capture_retries.into_iter().take(retries).collect(),
        tracking_times: 3,
        locations: PLACES.map(place).to_vec(),
        ..defaults
    }
}

/// A run; where people are `attentive`, they do in the end what is theirs before anything times out.
fn run(tapes: [Vec<u16>; 2], limits: &Limits, attentive: bool) -> World {
    play(World::new(limits.clone()), tapes, attentive)
}

fn play(mut world: World, [tape, later]: [Vec<u16>; 2], attentive: bool) -> World {
    let mut choices = Choices::new(tape);
    for name in SKUS {
        people::receive(&mut world, PLACES[0], name, choices.of(&[10, 1, 100]));
        people::limit(&mut world, PLACES[0], name, choices.of(&[0, 3, 50]));
        people::receive(&mut world, PLACES[1], name, choices.of(&[3, 1, 20]));
        people::receive(&mut world, PLACES[2], name, choices.of(&[1, 4, 8]));
    }
    people::place(&mut world, &mut choices);
    let head_start = choices.of(&[0, 10, 20, 30, 40, 50, 60, 80]);
    quietly(&mut world, head_start);
    while !choices.ended() {
        step(&mut world, &mut choices);
    }
    rest(&mut world, &mut choices, attentive);
    checks::ends(&world);
    send_back(&mut world, &mut Choices::new(later));
    rest(&mut world, &mut choices, attentive);
    checks::ends(&world);
    people::operate(&mut world);
    rest(&mut world, &mut choices, attentive);
    assert!(world.parked.is_empty(), "{:?}", world.parked);
    checks::ends(&world);
    replay(&mut world, &mut choices);
    world
}

/// Lets everything go its way for some steps, so that what goes wrong may do so late in an order's
/// life, too.
fn quietly(world: &mut World, steps: usize) {
    let mut quiet = Choices::new(vec![]);
    for _ in 0..steps {
        if !(world.react(&mut quiet) || world.work(&mut quiet) || people::tidy(world)) {
            return;
        }
    }
}

/// The sagas have lost all that they remembered, long after everything has ended and when there is
/// plenty of everything, and go by other settings: nothing is promised, asked for, sent or given back once
/// more.
fn replay(world: &mut World, choices: &mut Choices) {
    for name in SKUS {
        people::receive(world, PLACES[0], name, 1_000);
    }
    let before = world.log.len();
    world.forget();
    world.limits.locations = ["north", PLACES[1], PLACES[0], PLACES[2]]
        .map(place)
        .to_vec();
    world.limits.reservation = Duration::days(7);
    world.limits.backorders = Duration::days(60);
    rest(world, choices, true);
    checks::ends(world);
    nothing_new(world, before);
}

/// Nothing has happened since but that stock remembers what must not be reserved any more.
fn nothing_new(world: &World, before: usize) {
    for recorded in &world.log[before..] {
        let is_tombstone = match &recorded.event {
            Event::Stock(StockEvent::ReservationReleased(event)) => event.quantity == 0,
            Event::Stock(StockEvent::ReservationExpired(event)) => event.quantity == 0,
            _ => false,
        };
        assert!(is_tombstone, "{recorded:?}");
    }
}

fn step(world: &mut World, choices: &mut Choices) {
    match choices.below(11) {
        10 => world.hear(choices),
        0..=3 => {
            world.react(choices);
        }
        4..=6 => {
            world.work(choices);
        }
        7 => {
            world.fire(choices);
        }
        8 => world.repeat(choices),
        _ => people::ask(world, choices),
    }
}

/// Customers send back some of what has arrived, and what came back by itself is booked in, while everything else goes its way.
fn send_back(world: &mut World, choices: &mut Choices) {
    let arrived = |order: &OrderId| world.placed(*order).is_returnable();
    let orders: Vec<_> = world.orders.iter().copied().filter(arrived).collect();
    while !choices.ended() && !orders.is_empty() {
        match choices.below(9) {
            8 => world.hear(choices),
            0 => {
                world.react(choices);
            }
            1 => {
                world.work(choices);
            }
            2 if choices.once_in(3) => {
                world.fire(choices);
            }
            3 => world.repeat(choices),
            4 if choices.once_in(3) => {
                let order = choices.of(&orders);
                people::book_in(world, choices, order);
            }
            _ => {
                let order = choices.of(&orders);
                returns::ask(world, choices, order);
            }
        }
    }
}

/// Lets everything happen that is still to happen, with all holds taken off and everything packed.
fn rest(world: &mut World, choices: &mut Choices, attentive: bool) {
    for _ in 0..MAX_STEPS {
        let moved = world.react(choices) || world.work(choices);
        let moved = moved
            || match attentive {
                true => people::tidy(world) || world.fire(choices),
                false => world.fire(choices) || people::tidy(world),
            };
        let moved = moved || world.settle_dispute(choices);
        if !moved {
            return;
        }
    }
    panic!("it never comes to rest");
}
