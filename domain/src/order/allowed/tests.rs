//! What is said to be allowed is allowed, and nothing else is: for orders and shipments that have come
//! anywhere.

mod world;

use super::*;
use crate::{
    Currency, CustomerId, Decider, Location, ReturnId, Sealed, ShipmentId,
    order::{
        AddNote, ApplyAmendment, CancelLines, CancelOrder, ChangeShippingAddress, ConcernedStock,
        ConfirmOrder, DropShipment, ExpireOrder, LineQuantity, LineTerms, NewLine, Order,
        OrderCommand, OrderError, OrderEvent, OrderTerms, Orders, PlaceHold, PlaceOrder,
        ProposeAmendment, RecordDelivered, RecordShipped, RejectCancellation, ReleaseHold,
        RequestCancellation, ReturnOpened, SetTags, WithdrawAmendment, apply_amendment,
        cancel_lines, change_address, decide::open_return, drop_shipment, propose_amendment,
    },
    shipment::{
        Allotted, CancelShipment, CreateShipment, MarkReady, PackShipment, RecordRefused,
        RequestDispatch, ShipmentCommand, ShipmentEvent, Shipments, over_order, over_parcels,
    },
    stock::{
        ReservationCommitted, ReservationLine, Stock, StockEvent, StockReceived, StockReserved,
        Stocks,
    },
    testing::{at, order_id, sku, uuid},
};
use proptest::prelude::*;
use world::{Step, World};

/// All that may be said to be allowed.
const NAMES: [&str; 11] = [
    "add_note",
    "set_tags",
    "cancel",
    "cancel_lines",
    "change_shipping_address",
    "place_hold",
    "propose_amendment",
    "apply_amendment",
    "withdraw_amendment",
    "release_hold",
    "request_return",
];

/// Whether it was refused for what it asks for, and something else may be had.
fn is_of_meaning(error: &OrderError) -> bool {
    matches!(
        error,
        OrderError::NothingAmended
            | OrderError::AmendmentOfAll
            | OrderError::NotCovered { .. }
            | OrderError::RestIsFree
            | OrderError::TaxUnknown { .. }
            | OrderError::MoreThanOpen { .. }
            | OrderError::MoreThanDelivered { .. }
    )
}

fn step() -> impl Strategy<Value = Step> {
    let text = || "x".to_owned();
    let order = |command| Just(Step::Order(command));
    // The first shipment is there more often than the second.
    let nth = || proptest::sample::select(vec![0_usize, 0, 1]);
    let shipment =
        move |command: ShipmentCommand| nth().prop_map(move |n| Step::Shipment(n, command.clone()));
    let refused = RecordRefused {
        attempt: 1,
        code: text(),
    };
    let reason = || RequestCancellation { reason: text() };
    prop_oneof![
        4 => order(OrderCommand::Confirm(ConfirmOrder)),
        1 => order(OrderCommand::Expire(ExpireOrder)),
        1 => order(OrderCommand::RequestCancellation(reason())),
        1 => (0..2_u32).prop_map(|request| Step::Order(OrderCommand::RejectCancellation(
            RejectCancellation { request, reason: "x".into() }
        ))),
        1 => order(OrderCommand::Cancel(CancelOrder)),
        2 => (0..40_u32).prop_map(|n| Step::Order(OrderCommand::PlaceHold(PlaceHold {
            hold: format!("w{n}"),
            reason: "x".into(),
        }))),
        4 => any::<bool>().prop_map(Step::Create),
        2 => shipment(ShipmentCommand::Pack(PackShipment)),
        2 => shipment(ShipmentCommand::MarkReady(MarkReady)),
        1 => shipment(ShipmentCommand::RecordRefused(refused)),
        1 => Just(Step::CallBack),
        1 => nth().prop_map(Step::Drop),
        2 => nth().prop_map(Step::Leave),
        2 => nth().prop_map(Step::Arrive),
        4 => (1..4_u32, 0..5_i64, proptest::sample::select(vec![50_i64, 900]))
            .prop_map(|(line, quantity, until)| Step::Amend(line, quantity, until)),
        2 => Just(Step::Apply),
        2 => (1..4_u32).prop_map(Step::CancelLine),
        1 => Just(Step::Move),
        2 => (1..4_u32, 1..4_i64).prop_map(|(line, quantity)| Step::Return(line, quantity)),
    ]
}

/// Of an order and shipments that have come so far, what is allowed is not refused for what they are, and what
/// is not allowed is refused, or leads to nothing.
fn check(world: &mut World, now: DateTime<Utc>) -> Result<(), TestCaseError> {
    let packing = Packing::of_all(&world.shipments());
    let allowed = world.placed().allowed_commands(packing, Some(now));
    let sure = world.placed().allowed_commands(Packing::Unknown, Some(now));
    prop_assert!(sure.iter().all(|name| allowed.contains(name)));
    prop_assert!(allowed.iter().all(|name| NAMES.contains(name)));
    for name in NAMES {
        let answers = world.ask(name, now);
        if allowed.contains(&name) {
            let fit = |answer: &Result<bool, OrderError>| match answer {
                Ok(happens) => *happens || name == "release_hold",
                Err(error) => is_of_meaning(error),
            };
            prop_assert!(answers.iter().all(fit), "{} {:?}", name, answers);
        } else {
            let happens = |answer: &Result<bool, OrderError>| *answer == Ok(true);
            prop_assert!(!answers.iter().any(happens), "{} {:?}", name, answers);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn what_is_said_to_be_allowed_is_allowed_and_nothing_else(
        steps in proptest::collection::vec(step(), 0..30),
        now in proptest::sample::select(vec![0_i64, 100]),
    ) {
        let mut world = World::new();
        check(&mut world, at(now))?;
        for step in &steps {
            world.step(step);
            check(&mut world, at(now))?;
        }
    }
}

/// As many holds as may be, and as many returns.
#[test]
fn what_there_is_no_room_for_is_not_allowed() {
    let mut world = World::new();
    for n in 0..MAX_HOLDS {
        let known = world.placed().allowed_commands(Packing::Unknown, None);
        assert!(known.contains(&"place_hold"), "{n}");
        world.put(&OrderCommand::PlaceHold(PlaceHold {
            hold: format!("w{n}"),
            reason: "x".into(),
        }));
    }
    let known = world.placed().allowed_commands(Packing::Unknown, None);
    assert!(!known.contains(&"place_hold") && known.contains(&"release_hold"));
}

#[test]
fn it_is_as_far_as_whatever_of_it_is_furthest() {
    let whole = |status: S| Packing::of([(status, 1)]);
    let of = |statuses: &[S]| Packing::of(statuses.iter().map(|status| (*status, 2)));
    assert_eq!(Packing::of([]), Packing::Allocating);
    assert_eq!(whole(S::Pending), Packing::Waiting);
    assert_eq!(whole(S::Cancelled), Packing::Packed);
    assert_eq!(whole(S::Lost), Packing::Labelled);
    // One is seen before the other.
    assert_eq!(of(&[S::Pending]), Packing::Parcels);
    assert_eq!(of(&[S::Pending, S::Cancelled]), Packing::Parcels);
    assert_eq!(of(&[S::Pending, S::Refused]), Packing::Packed);
    assert_eq!(of(&[S::Cancelled, S::Packed]), Packing::Packed);
    assert_eq!(of(&[S::Lost, S::Packed]), Packing::Labelled);
    // What was kept before it was created does not say of how many it is one.
    let kept = [(S::Cancelled, 1), (S::Pending, 2)];
    assert_eq!(Packing::of(kept), Packing::Parcels);
}

/// As all streams are looked at that may be of shipments: those that are not there are not waited for.
#[test]
fn what_waits_as_a_whole_may_be_amended_and_parcels_may_not() {
    for (split, names) in [
        (false, vec!["cancel_lines", "propose_amendment"]),
        (true, vec!["cancel_lines"]),
    ] {
        let mut world = World::new();
        world.put(&OrderCommand::Confirm(ConfirmOrder));
        world.step(&Step::Create(split));
        let mut all = world.shipments();
        all.resize(crate::MAX_PARCELS, &Shipment::Absent);
        let packing = Packing::of_all(&all);
        let mut allowed = world.placed().allowed_commands(packing, None);
        allowed.retain(|name| ["cancel_lines", "propose_amendment"].contains(name));
        assert_eq!(allowed, names);
    }
}
