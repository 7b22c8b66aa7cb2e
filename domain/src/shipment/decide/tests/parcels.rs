//! given / when / then of an order that leaves in several parcels.

use super::*;
use crate::{MAX_PARCELS, shipment::Allotted};

fn east() -> Location {
    Location::parse("east").unwrap()
}

fn id(n: usize) -> ShipmentId {
    ShipmentId::parcel(order_id(1), n)
}

/// A leaves from the default place, B from the east.
fn create() -> ShipmentCommand {
    ShipmentCommand::Create(CreateShipment {
        order_id: order_id(1),
        location: Location::default(),
        skus: vec![sku("A")],
        further: vec![Allotted {
            location: east(),
            skus: vec![sku("B")],
        }],
    })
}

fn cancel(request: u32) -> ShipmentCommand {
    ShipmentCommand::Cancel(CancelShipment {
        order_id: order_id(1),
        location: Location::default(),
        request,
        reason: "no more".into(),
        parcels: 2,
    })
}

fn both_created() -> [ShipmentEvent; 2] {
    let created = |n: usize, location, amount| ShipmentCreated {
        order_id: order_id(1),
        shipment_id: id(n),
        location,
        lines: vec![lines()[n - 1].clone()],
        amount: eur(amount),
        parcels: 2,
    };
    [
        created(1, Location::default(), 2_000).into(),
        created(2, east(), 50).into(),
    ]
}

fn kept_at(n: usize, location: Location) -> ShipmentEvent {
    ShipmentCancelled {
        order_id: order_id(1),
        shipment_id: id(n),
        location,
        reason: "no more".into(),
        amount: None,
    }
    .into()
}

/// Puts it once, and, if it was accepted, once more: that leads to nothing.
#[track_caller]
fn on_both(
    given: [&[ShipmentEvent]; 2],
    command: &ShipmentCommand,
    order: &Order,
) -> Result<Vec<ShipmentEvent>, ShipmentError> {
    let states = given.map(Shipments::fold);
    let decided = over_parcels(&[&states[0], &states[1]], command, order)?;
    let after: Vec<Shipment> = states
        .into_iter()
        .zip(&decided)
        .map(|(state, events)| events.iter().fold(state, Shipments::evolve))
        .collect();
    let again = over_parcels(&[&after[0], &after[1]], command, order);
    assert_eq!(again, Ok(vec![vec![]; 2]), "put again, it leads to nothing");
    Ok(decided.concat())
}

#[test]
fn all_are_created_at_once_each_with_what_is_there() {
    let decided = on_both([&[], &[]], &create(), &confirmed());
    assert_eq!(decided, Ok(both_created().to_vec()));
    for (status, order) in unconfirmed() {
        let refused = ShipmentError::NotConfirmed { status };
        assert_eq!(on_both([&[], &[]], &create(), &order), Err(refused));
    }
    let gone = [
        kept_at(1, Location::default()),
        kept_at(2, Location::default()),
    ];
    let refused = ShipmentError::State {
        status: S::Cancelled,
        command: "create it",
    };
    let decided = on_both([&gone[..1], &gone[1..]], &create(), &confirmed());
    assert_eq!(decided, Err(refused));
}

/// What is not wanted of a parcel any more when it is created is not packed.
#[test]
fn a_parcel_of_which_nothing_is_wanted_is_kept() {
    let fewer = OrderCommand::CancelLines(crate::order::CancelLines {
        cancellation_id: crate::testing::uuid(7, 1),
        lines: vec![crate::order::LineQuantity {
            line: 2,
            quantity: 1,
        }],
        reason: "too many".into(),
    });
    let order = order_after(&[OrderCommand::Confirm(ConfirmOrder), fewer]);
    let decided = on_both([&[], &[]], &create(), &order).unwrap();
    assert_eq!(decided[0], both_created()[0]);
    let kept = ShipmentCancelled {
        order_id: order_id(1),
        shipment_id: id(2),
        location: east(),
        reason: "nothing of it is wanted any more".into(),
        amount: Some(eur(0)),
    };
    assert_eq!(decided[1], kept.into());
}

#[test]
fn all_are_kept_or_none() {
    let [one, two] = both_created();
    let decided = on_both(
        [std::slice::from_ref(&one), std::slice::from_ref(&two)],
        &cancel(0),
        &Order::Absent,
    );
    let both = vec![kept_at(1, Location::default()), kept_at(2, east())];
    assert_eq!(decided, Ok(both));
    // Before they are created, nobody knows from where.
    let decided = on_both([&[], &[]], &cancel(0), &Order::Absent).unwrap();
    assert_eq!(decided.len(), 2);
    let packed = ShipmentPacked {
        order_id: order_id(1),
        shipment_id: id(2),
        amount: eur(50),
    };
    let ready = ShipmentReady {
        order_id: order_id(1),
        shipment_id: id(2),
    };
    let asked = DispatchRequested {
        order_id: order_id(1),
        shipment_id: id(2),
        attempt: 1,
        idempotency_key: "d1".into(),
    };
    let left = [two, packed.into(), ready.into(), asked.into()];
    let decided = on_both([&[one], &left], &cancel(0), &Order::Absent);
    let refused = ShipmentCancellationRefused {
        order_id: order_id(1),
        shipment_id: id(2),
        request: 0,
        reason: "the shipment is dispatching".into(),
    };
    assert_eq!(decided, Ok(vec![refused.into()]));
}

#[test]
fn there_are_no_more_parcels_than_may_be() {
    let error = Err(ShipmentError::TooManyParcels { max: MAX_PARCELS });
    let absent = Shipment::Absent;
    let one = [&absent];
    assert_eq!(over_parcels(&one, &create(), &confirmed()), error);
    assert_eq!(over_parcels(&one, &cancel(0), &confirmed()), error);
    let ids = ShipmentId::all(order_id(1));
    assert_eq!(ids[0], ShipmentId::whole(order_id(1)));
    let different: std::collections::BTreeSet<_> = ids.into_iter().collect();
    assert_eq!(different.len(), MAX_PARCELS);
}
