//! All policies and deciders together, in every order in which things may happen.
//!
//! A run places orders, changes its mind about them, and lets policies lag, commands be reordered
//! and repeated, timers fire late and the provider fail. When the choices have ended, everything
//! comes to rest; then every order has ended or waits for an operator, and stock and money are
//! where they belong. Then the operators do their work, and no order waits any more.

mod choices;
mod provider;
mod world;

use super::Limits;
use crate::{
    Command, CustomerId, Event, Location, OrderId, Sku,
    order::{
        AddNote, NewLine, OrderCommand, OrderEvent, PlaceHold, PlaceOrder, ReleaseHold,
        RequestCancellation, Status,
    },
    payment::{PaymentEvent, PaymentStatus},
    stock::{AdjustStock, ReceiveStock, StockCommand, StockEvent},
    testing::{eur, order_id, sku, uuid},
};
use choices::Choices;
use chrono::Duration;
use proptest::{
    prelude::*,
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use std::collections::{BTreeMap, BTreeSet};
use world::World;

const SKUS: [&str; 3] = ["A", "B", "C"];
const HOLDS: [&str; 2] = ["fraud-check", "address"];
/// More steps than any run needs to come to rest.
const MAX_STEPS: usize = 20_000;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn everything_ends_and_nothing_is_lost(
        tape in proptest::collection::vec(any::<u16>(), 0..400),
        impatient in any::<bool>(),
        inquiries in 0..=4_usize,
    ) {
        run(tape, &limits(impatient, inquiries));
    }
}

/// What the policies do not do yet.
const NOT_YET: [&str; 4] = [
    "CancellationRejected",
    "PaymentCaptureRequested",
    "PaymentCaptured",
    "PaymentCaptureFailed",
];

#[test]
fn runs_come_to_everything_that_can_happen() {
    let mut runner = TestRunner::deterministic();
    let tapes = proptest::collection::vec(any::<u16>(), 200..400);
    let mut happened = BTreeSet::new();
    for _ in 0..300 {
        let tape = tapes.new_tree(&mut runner).unwrap().current();
        let world = run(tape, &limits(true, 4));
        happened.extend(world.log.iter().map(|recorded| recorded.event.event_type()));
    }
    let all = [OrderEvent::TYPES, StockEvent::TYPES, PaymentEvent::TYPES].concat();
    let missed: Vec<_> = all
        .into_iter()
        .filter(|name| !happened.contains(name))
        .collect();
    assert_eq!(missed, NOT_YET);
}

/// Time limits of which either the reservation's or the inquiries' ends first.
fn limits(impatient: bool, inquiries: usize) -> Limits {
    let defaults = Limits::default();
    Limits {
        reservation: match impatient {
            true => defaults.reservation,
            false => Duration::days(2),
        },
        inquiries: defaults.inquiries.into_iter().take(inquiries).collect(),
        ..defaults
    }
}

fn run(tape: Vec<u16>, limits: &Limits) -> World {
    let mut choices = Choices::new(tape);
    let mut world = World::new(limits.clone());
    for name in SKUS {
        receive(&mut world, name, choices.of(&[10, 1, 100]));
    }
    place(&mut world, &mut choices);
    while !choices.ended() {
        step(&mut world, &mut choices);
    }
    rest(&mut world, &mut choices);
    check_ends(&world);
    operate(&mut world);
    rest(&mut world, &mut choices);
    for order in &world.orders {
        assert!(!world.payment(*order).parked, "{order} still waits");
    }
    assert!(world.parked.is_empty(), "{:?}", world.parked);
    check_ends(&world);
    replay(&mut world, &mut choices);
    world
}

/// The sagas have lost all that they remembered, long after everything has ended and when there is
/// plenty of everything: nothing is promised, asked for or given back once more.
fn replay(world: &mut World, choices: &mut Choices) {
    for name in SKUS {
        receive(world, name, 1_000);
    }
    let before = world.log.len();
    world.forget();
    rest(world, choices);
    check_ends(world);
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
    match choices.below(10) {
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
        _ => ask(world, choices),
    }
}

/// Lets everything happen that is still to happen, with all holds taken off.
fn rest(world: &mut World, choices: &mut Choices) {
    for _ in 0..MAX_STEPS {
        if !(world.react(choices) || world.work(choices) || world.fire(choices)) {
            let held = world.orders.iter().find_map(|order| {
                let hold = world.placed(*order).holds.keys().next()?;
                Some((*order, hold.clone()))
            });
            let Some((order, hold)) = held else {
                return;
            };
            let release = OrderCommand::ReleaseHold(ReleaseHold { hold });
            world.put(&Command::Order(order, release)).unwrap();
        }
    }
    panic!("it never comes to rest");
}

/// Somebody asks for something; it may be refused.
fn ask(world: &mut World, choices: &mut Choices) {
    let n = world.log.len() as u64;
    let order = choices.of(&world.orders);
    let command = match choices.below(8) {
        0 | 1 => return place(world, choices),
        2 => return receive(world, choices.of(&SKUS), choices.of(&[5, 1, 3, 20])),
        3 => Command::Stock(StockCommand::Adjust(AdjustStock {
            adjustment_id: uuid(5, n),
            location: Location::default(),
            sku: sku(choices.of(&SKUS)),
            delta: choices.of(&[1, -1, -4]),
            reason: "counted".into(),
        })),
        4 => Command::Order(
            order,
            OrderCommand::RequestCancellation(RequestCancellation {
                reason: "changed my mind".into(),
            }),
        ),
        5 => Command::Order(
            order,
            OrderCommand::PlaceHold(PlaceHold {
                hold: choices.of(&HOLDS).into(),
                reason: "looks odd".into(),
            }),
        ),
        6 => Command::Order(
            order,
            OrderCommand::ReleaseHold(ReleaseHold {
                hold: choices.of(&HOLDS).into(),
            }),
        ),
        _ => Command::Order(
            order,
            OrderCommand::AddNote(AddNote {
                note_id: uuid(6, n),
                text: "called".into(),
            }),
        ),
    };
    let _refused = world.put(&command);
}

fn receive(world: &mut World, name: &str, quantity: i64) {
    let command = ReceiveStock {
        receipt_id: uuid(4, world.log.len() as u64),
        location: Location::default(),
        sku: sku(name),
        quantity,
        reference: None,
    };
    world
        .put(&Command::Stock(StockCommand::Receive(command)))
        .unwrap();
}

fn place(world: &mut World, choices: &mut Choices) {
    let order = order_id(world.orders.len() as u64);
    let lines = (0..=choices.below(3)).map(|_| NewLine {
        sku: sku(choices.of(&SKUS)),
        quantity: choices.of(&[1, 2, 4]),
        unit_price: choices.of(&[1_999, 0, 1]),
        currency: None,
    });
    let command = PlaceOrder {
        order_id: order,
        customer_id: CustomerId::parse("c-1").unwrap(),
        currency: eur(0).currency,
        lines: lines.collect(),
        total: None,
        shipping_address: None,
        payment_method: "card".into(),
        reference: None,
        placed_at: world.now(),
    };
    let command = Command::Order(order, OrderCommand::Place(command));
    world.put(&command).unwrap();
    world.orders.push(order);
}

/// Operators ask the provider what became of the payments that wait for them.
fn operate(world: &mut World) {
    for order in world.orders.clone() {
        let payment = world.payment(order);
        if let (true, Some(request)) = (payment.parked, &payment.request) {
            let told = world
                .provider
                .tell(request.attempt, &request.idempotency_key);
            world.put(&Command::Payment(order, told)).unwrap();
        }
    }
}

/// What must hold once everything is at rest.
fn check_ends(world: &World) {
    assert!(world.tasks.is_empty() && world.timers.is_empty());
    let waits = |order: &&OrderId| world.payment(**order).parked;
    let waiting: BTreeSet<&OrderId> = world.orders.iter().filter(waits).collect();
    let told: BTreeSet<&OrderId> = world.parked.keys().map(|(order, _)| order).collect();
    assert_eq!(told, waiting, "operators are told of what waits for them");
    let mut promised: BTreeMap<Sku, i64> = BTreeMap::new();
    for order in &world.orders {
        check_end(world, *order);
        let placed = world.placed(*order);
        if placed.status == Status::Confirmed {
            for line in &placed.placed.lines {
                *promised.entry(line.sku.clone()).or_default() += line.quantity;
            }
        }
    }
    for name in SKUS {
        let stock = world.stock(name);
        let promised = promised.get(&sku(name)).copied().unwrap_or_default();
        assert_eq!((stock.reserved, stock.committed), (0, promised), "{name}");
    }
}

/// What must hold of an order once everything is at rest.
fn check_end(world: &World, order: OrderId) {
    let placed = world.placed(order);
    let payment = world.payment(order);
    let set_aside = world.provider.set_aside(order);
    if payment.parked {
        assert_eq!(payment.status, PaymentStatus::OutcomeUnknown);
        assert!(
            matches!(placed.status, Status::Expired | Status::Cancelling),
            "{placed:?}"
        );
        return;
    }
    match placed.status {
        Status::Confirmed => {
            assert_eq!(payment.status, PaymentStatus::Authorized);
            // A provider is not asked to set nothing aside.
            let total = Some(placed.placed.total).filter(|total| *total > 0);
            assert_eq!(set_aside, total.map(eur).into_iter().collect::<Vec<_>>());
        }
        Status::Rejected | Status::Expired | Status::Cancelled => {
            assert_eq!(set_aside, [], "{placed:?} {payment:?}");
            let quiet = [
                PaymentStatus::Pending,
                PaymentStatus::Declined,
                PaymentStatus::Voided,
            ];
            assert!(quiet.contains(&payment.status), "{payment:?}");
        }
        Status::Placed | Status::Cancelling => panic!("it never ends: {placed:?} {payment:?}"),
    }
    check_reversals(world, order);
}

/// An authorization that came when it was not wanted any more, and only that, is told as reversed.
fn check_reversals(world: &World, order: OrderId) {
    let (mut deferred, mut late, mut reversed) = (false, 0, 0);
    for recorded in &world.log {
        match &recorded.event {
            Event::Payment(PaymentEvent::PaymentVoidDeferred(event)) => {
                deferred |= event.order_id == order;
            }
            Event::Payment(PaymentEvent::PaymentAuthorized(event)) => {
                late += u32::from(deferred && event.order_id == order);
            }
            Event::Payment(PaymentEvent::LatePaymentReversed(event)) => {
                reversed += u32::from(event.order_id == order);
            }
            _ => {}
        }
    }
    assert_eq!(reversed, late, "{order}");
}
