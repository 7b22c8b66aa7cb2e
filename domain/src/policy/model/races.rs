//! Races that either side may win: each a thousand times, in as many ways as there are to interleave
//! them with everything that is going on.

use super::{Choices, PLACES, SKUS, World, checks, limits, people, rest};
use crate::{
    Command, Location, OrderId, ShipmentId,
    order::{OrderCommand, RequestCancellation, Status},
    payment::PaymentStatus,
    shipment::{
        PackShipment, RecordDelivered, RecordLost, RecordReturnedToSender, RequestDispatch,
        ShipmentCommand, ShipmentStatus,
    },
};
use proptest::{
    prelude::*,
    test_runner::{RngAlgorithm, TestRng},
};
use std::collections::BTreeMap;

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
    let mut ends: BTreeMap<String, u32> = BTreeMap::new();
    for seed in 0..TIMES {
        let (mut world, mut choices) = (begun.clone(), choices(seed));
        let mut waiting = [sides(order), sides(order)].concat();
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
        let end: End = (world.placed(order).status, world.payment(order).status);
        *ends.entry(format!("{end:?}")).or_default() += 1;
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
