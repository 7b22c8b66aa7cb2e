//! Races that either side may win: each a thousand times, in as many ways as there are to interleave
//! them with everything that is going on.

use super::{Choices, PLACES, SKUS, World, amend, checks, limits, people, place, rest};
use crate::{
    Command, Location, OrderId, ShipmentId,
    order::{
        AmendmentEnd, ApplyAmendment, CancelLines, ConcernedStock, LineQuantity, OrderCommand,
        RequestCancellation, Status,
    },
    payment::PaymentStatus,
    policy::EPOCH,
    shipment::{
        PackShipment, RecordDelivered, RecordLost, RecordReturnedToSender, RequestDispatch,
        ShipmentCommand, ShipmentStatus,
    },
    stock::{ReservationCommand, ReservationItem, ReservationStep},
    testing::{at, sku, uuid},
};
use proptest::{
    prelude::*,
    test_runner::{RngAlgorithm, TestRng},
};
use std::collections::BTreeMap;
use uuid::Uuid;

const TIMES: u64 = 1_000;

/// How a race ended: where the order is, and its payment.
type End = (Status, PaymentStatus);

/// An order whose shipment has come to `status`, without anything going wrong.
fn begun(status: ShipmentStatus) -> (World, OrderId) {
    let mut world = World::new(limits(true, 4, 3));
    let mut quiet = Choices::new(vec![]);
    people::receive(&mut world, PLACES[0], SKUS[0], 10);
    people::place(&mut world, &mut quiet);
    let order = world.orders[0];
    while world.shipment(order).status() != Some(status) {
        let moved = world.react(&mut quiet) || world.work(&mut quiet) || people::tidy(&mut world);
        assert!(moved, "it never is {status:?}");
    }
    (world, order)
}

/// Choices that follow from a number.
fn choices(seed: u64) -> Choices {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    Choices::new((0..120).map(|_| rng.next_u32() as u16).collect())
}

/// Puts each of `sides` twice, whenever it is chosen, among all that goes on since `status`; says how
/// often it ended how.
fn race(status: ShipmentStatus, sides: impl Fn(OrderId) -> Vec<Command>) -> BTreeMap<String, u32> {
    let (begun, order) = begun(status);
    race_from(&begun, &sides(order), |world| {
        let end: End = (world.placed(order).status, world.payment(order).status);
        format!("{end:?}")
    })
}

/// The same since `begun`; `end` says how it ended.
fn race_from(
    begun: &World,
    sides: &[Command],
    end: impl Fn(&World) -> String,
) -> BTreeMap<String, u32> {
    let mut ends: BTreeMap<String, u32> = BTreeMap::new();
    for seed in 0..TIMES {
        let (mut world, mut choices) = (begun.clone(), choices(seed));
        let mut waiting = [sides, sides].concat();
        while !choices.ended() {
            match choices.below(5) {
                4 => world.hear_carrier(&mut choices),
                0 if !waiting.is_empty() => {
                    let side = waiting.remove(choices.below(waiting.len()));
                    let _refused = world.put(&side);
                }
                0 => world.repeat(&mut choices),
                1 => drop(world.react(&mut choices)),
                _ => drop(world.work(&mut choices)),
            }
        }
        for side in waiting {
            let _refused = world.put(&side);
        }
        rest(&mut world, &mut choices, true);
        checks::ends(&world);
        people::operate(&mut world);
        rest(&mut world, &mut choices, true);
        checks::ends(&world);
        *ends.entry(end(&world)).or_default() += 1;
    }
    ends
}

fn shipment(order: OrderId, command: ShipmentCommand) -> Command {
    Command::Shipment(ShipmentId::of(order, &Location::default()), command)
}

fn cancel(order: OrderId) -> Command {
    let reason = "changed my mind".into();
    let command = OrderCommand::RequestCancellation(RequestCancellation { reason });
    Command::Order(order, command)
}

/// Both sides win, again and again: else it is no race.
fn both(ends: &BTreeMap<String, u32>, sides: [&str; 2]) {
    for side in sides {
        let won = ends.get(side).copied().unwrap_or_default();
        assert!(won >= 20, "{side} won {won} times of {TIMES}: {ends:?}");
    }
}

/// An order of four of A and two of B that has come so far that `is_there` says so.
fn begun_amendable(is_there: impl Fn(&World, OrderId) -> bool) -> (World, OrderId) {
    let mut world = World::new(limits(true, 4, 3));
    for name in SKUS {
        people::receive(&mut world, PLACES[0], name, 10);
    }
    begun_amendable_in(world, is_there)
}

/// The same in a world with stock.
fn begun_amendable_in(
    mut world: World,
    is_there: impl Fn(&World, OrderId) -> bool,
) -> (World, OrderId) {
    // Two lines: four and two of them, for 19.99 each, of A and of B.
    let lines = vec![1, 2, 0, 0, 0, 0, 1, 0, 0, 1, 0];
    people::place(&mut world, &mut Choices::new(lines));
    let order = world.orders[world.orders.len() - 1];
    let mut quiet = Choices::new(vec![]);
    while !is_there(&world, order) {
        assert!(world.react(&mut quiet) || world.work(&mut quiet));
    }
    (world, order)
}

/// Five of A and none of B: that costs less, and A must be kept.
const EXCHANGE: [(u32, i64); 2] = [(1, 5), (2, 0)];

fn propose(order: OrderId, amendment: Uuid, lines: &[(u32, i64)]) -> Command {
    amend::propose(order, amendment, lines, (at(0), at(86_400)))
}

/// Has the stock that the exchange is about named, also before it is proposed.
fn exchange(order_id: OrderId, amendment_id: Uuid) -> Command {
    apply(order_id, amendment_id, Some(PLACES[0]))
}

/// Has the stock of A and B at that place named, or none where nobody knows from where it leaves.
fn apply(order_id: OrderId, amendment_id: Uuid, from: Option<&str>) -> Command {
    let command = ApplyAmendment {
        amendment_id,
        at: at(0),
        stock: from.map(|from| ConcernedStock {
            location: place(from),
            skus: [SKUS[0], SKUS[1]].map(sku).to_vec(),
        }),
    };
    Command::Order(order_id, OrderCommand::ApplyAmendment(command))
}

fn fewer(order_id: OrderId) -> Command {
    let command = CancelLines {
        cancellation_id: uuid(7, 1),
        lines: vec![LineQuantity {
            line: 1,
            quantity: 2,
        }],
        reason: "too many".into(),
    };
    Command::Order(order_id, OrderCommand::CancelLines(command))
}

/// How an amendment ended, and what was wanted of the order.
fn amended(world: &World, order: OrderId, amendments: &[Uuid]) -> String {
    let order = world.placed(order);
    let ends = amendments.iter().map(|id| order.amendment_end(*id));
    let ends: Vec<_> = ends.map(|end| end.map(AmendmentEnd::as_str)).collect();
    format!("{ends:?} {}", order.status.as_str())
}

/// Stock is being committed, and the shipment created: more is kept once it is, and till then it is said that
/// it is not; less is given back at any time.
#[test]
fn an_amendment_while_stock_is_allocated() {
    let confirmed = |world: &World, order| world.placed(order).status == Status::Confirmed;
    let (world, order) = begun_amendable(confirmed);
    assert!(world.shipment(order).status().is_none(), "it is too late");
    let (one, two) = (uuid(10, 1), uuid(10, 2));
    let sides = [
        propose(order, one, &EXCHANGE),
        exchange(order, one),
        fewer(order),
        propose(order, two, &EXCHANGE),
        exchange(order, two),
        propose(order, two, &[(1, 1)]),
    ];
    let ends = race_from(&world, &sides, |world| amended(world, order, &[one, two]));
    let won = |what: &str| ends.keys().any(|end| end.contains(what));
    for what in ["applied", "rejected"] {
        assert!(won(what), "{what} never happens: {ends:?}");
    }
    assert!(
        ends.keys().all(|end| end.ends_with("completed")),
        "{ends:?}"
    );
}

#[test]
fn an_amendment_against_packing_and_its_capture() {
    let pending =
        |world: &World, order| world.shipment(order).status() == Some(ShipmentStatus::Pending);
    let (mut world, order) = begun_amendable(pending);
    let one = uuid(10, 1);
    world.put(&propose(order, one, &EXCHANGE)).unwrap();
    let pack = shipment(order, ShipmentCommand::Pack(PackShipment));
    let ends = race_from(&world, &[pack, exchange(order, one)], |world| {
        amended(world, order, &[one])
    });
    both(
        &ends,
        [
            "[Some(\"applied\")] completed",
            "[Some(\"rejected\")] completed",
        ],
    );
}

#[test]
fn an_amendment_against_a_cancellation() {
    let pending =
        |world: &World, order| world.shipment(order).status() == Some(ShipmentStatus::Pending);
    let (mut world, order) = begun_amendable(pending);
    let one = uuid(10, 1);
    world.put(&propose(order, one, &EXCHANGE)).unwrap();
    let ends = race_from(&world, &[cancel(order), exchange(order, one)], |world| {
        amended(world, order, &[one])
    });
    both(
        &ends,
        [
            "[Some(\"applied\")] cancelled",
            "[Some(\"rejected\")] cancelled",
        ],
    );
}

/// The last pieces are had by the amendment, or by another order: all that either wants, or nothing.
#[test]
fn an_amendment_against_another_order_for_the_last_pieces() {
    let pending =
        |world: &World, order| world.shipment(order).status() == Some(ShipmentStatus::Pending);
    let (mut world, order) = begun_amendable(pending);
    let one = uuid(10, 1);
    world.put(&propose(order, one, &EXCHANGE)).unwrap();
    // Six of A are left: the other order wants all of them in two lines.
    people::place(
        &mut world,
        &mut Choices::new(vec![1, 2, 0, 0, 0, 0, 1, 0, 0, 0, 0]),
    );
    let other = world.orders[1];
    let ends = race_from(&world, &[exchange(order, one)], |world| {
        let end = amended(world, order, &[one]);
        format!("{end}, {}", world.placed(other).status.as_str())
    });
    both(
        &ends,
        [
            "[Some(\"applied\")] completed, rejected",
            "[Some(\"rejected\")] completed, completed",
        ],
    );
}

/// An order that leaves from where stock is looked for last, and is about to be packed; and another one that has
/// all that is left there of A, and waits for one more.
fn begun_elsewhere() -> (World, [OrderId; 2]) {
    let mut world = World::new(limits(true, 4, 3));
    for (at, of_a) in [(PLACES[0], 1), (PLACES[1], 7)] {
        people::receive(&mut world, at, SKUS[0], of_a);
        people::receive(&mut world, at, SKUS[1], 10);
    }
    people::limit(&mut world, PLACES[1], SKUS[0], 50);
    let pending =
        |world: &World, order| world.shipment(order).status() == Some(ShipmentStatus::Pending);
    let (world, order) = begun_amendable_in(world, pending);
    let waits = |world: &World, other| {
        let waiting = world.stock(PLACES[1], SKUS[0]).backordered == 1;
        waiting && world.placed(other).status == Status::Confirmed
    };
    let (world, other) = begun_amendable_in(world, waits);
    (world, [order, other])
}

/// An order is amended where it leaves from, and not where stock is looked for first. What is not wanted any
/// more of one that waits is the other's to have.
#[test]
fn an_amendment_elsewhere_against_another_of_an_order_that_waits() {
    let (mut world, [order, other]) = begun_elsewhere();
    let (one, two) = (uuid(10, 1), uuid(10, 2));
    world.put(&propose(order, one, &EXCHANGE)).unwrap();
    world.put(&propose(other, two, &[(1, 2), (2, 1)])).unwrap();
    let sides = [
        apply(order, one, Some(PLACES[1])),
        // There is one of it, and nothing of the order.
        exchange(order, one),
        apply(other, two, None),
    ];
    let refused = world.put(&sides[0]).unwrap_err();
    assert_eq!(refused.code, "NOT_ENOUGH_STOCK");
    let refused = world.put(&sides[1]).unwrap_err();
    assert_eq!(refused.code, "AMENDMENT_OF_OTHER_STOCK");
    let refused = world.put(&apply(other, two, Some(PLACES[1]))).unwrap_err();
    assert_eq!(refused.code, "AMENDMENT_OF_OTHER_STOCK");
    let ends = race_from(&world, &sides, |world| {
        let ends = [(order, one), (other, two)];
        let ends = ends.map(|(order, amendment)| amended(world, order, &[amendment]));
        ends.join(", ")
    });
    both(
        &ends,
        [
            "[Some(\"applied\")] completed, [Some(\"applied\")] completed",
            "[Some(\"rejected\")] completed, [Some(\"applied\")] completed",
        ],
    );
    assert_eq!(ends.len(), 2, "{ends:?}");
}

#[test]
fn what_an_amendment_gives_back_is_for_those_who_wait() {
    let (mut world, [order, _]) = begun_elsewhere();
    let one = uuid(10, 1);
    world.put(&propose(order, one, &[(1, 3)])).unwrap();
    let before = world.log.len();
    world.put(&amend::apply(&world, order, one)).unwrap();
    let told = world.log[before..].iter();
    let told: Vec<_> = told.map(|recorded| recorded.event.event_type()).collect();
    let expected = [
        "AmendmentApplied",
        "ShipmentRefitted",
        "ReservationReduced",
        "BackorderCovered",
    ];
    assert_eq!(told, expected);
    let stock = world.stock(PLACES[1], SKUS[0]);
    assert_eq!((stock.free(), stock.backordered), (0, 0));
}

/// A saga that was down gives up late what an order waits for: that, and nothing that it does not want any more.
#[test]
fn what_is_not_wanted_any_more_is_not_given_up() {
    let (begun, [_, other]) = begun_elsewhere();
    let give_up = Command::Reservation(ReservationCommand {
        order_id: other,
        epoch: EPOCH,
        location: place(PLACES[1]),
        further: vec![],
        items: vec![ReservationItem {
            sku: sku(SKUS[0]),
            lines: vec![],
        }],
        step: ReservationStep::GiveUp,
    });
    let fewer = CancelLines {
        cancellation_id: uuid(7, 1),
        lines: vec![LineQuantity {
            line: 1,
            quantity: 1,
        }],
        reason: "it takes too long".into(),
    };
    let fewer = Command::Order(other, OrderCommand::CancelLines(fewer));
    for (before, expected) in [
        (vec![], Status::Cancelled),
        (vec![fewer], Status::Completed),
    ] {
        let mut world = begun.clone();
        for command in before.into_iter().chain([give_up.clone()]) {
            world.put(&command).unwrap();
        }
        rest(&mut world, &mut Choices::new(vec![]), true);
        people::operate(&mut world);
        rest(&mut world, &mut Choices::new(vec![]), true);
        checks::ends(&world);
        assert_eq!(world.placed(other).status, expected);
    }
}

#[test]
fn a_cancellation_against_a_dispatch() {
    let ends = race(ShipmentStatus::Ready, |order_id| {
        let dispatch = RequestDispatch { order_id };
        let dispatch = shipment(order_id, ShipmentCommand::RequestDispatch(dispatch));
        vec![dispatch, cancel(order_id)]
    });
    both(&ends, ["(Completed, Captured)", "(Cancelled, Refunded)"]);
}

#[test]
fn a_cancellation_against_a_capture() {
    let ends = race(ShipmentStatus::Pending, |order| {
        let pack = shipment(order, ShipmentCommand::Pack(PackShipment));
        vec![pack, cancel(order)]
    });
    both(&ends, ["(Cancelled, Refunded)", "(Cancelled, Voided)"]);
}

/// The carrier says by itself, before its answer to our call and after it, again and out of order, what
/// has become of what it was asked to take.
#[test]
fn the_carriers_word_against_our_own_calls() {
    let ends = race(ShipmentStatus::Dispatching, |_| vec![]);
    both(&ends, ["(Completed, Refunded)", "(Completed, Captured)"]);
}

/// The carrier has lost it, has brought it back, and the customer cancels: money is given back once,
/// or not at all where it has arrived.
#[test]
fn a_refund_against_another_and_a_delivery() {
    let ends = race(ShipmentStatus::Dispatched, |order| {
        let delivered_at = crate::testing::at(0);
        let ended = [
            ShipmentCommand::RecordLost(RecordLost),
            ShipmentCommand::RecordReturnedToSender(RecordReturnedToSender),
            ShipmentCommand::RecordDelivered(RecordDelivered { delivered_at }),
        ];
        let ended = ended.map(|command| shipment(order, command));
        std::iter::once(cancel(order)).chain(ended).collect()
    });
    both(&ends, ["(Completed, Refunded)", "(Completed, Captured)"]);
    assert_eq!(ends.len(), 2, "{ends:?}");
}
