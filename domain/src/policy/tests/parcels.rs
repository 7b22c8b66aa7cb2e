//! What policies do about an order that leaves in several parcels.

use super::*;
use crate::{
    order::DropShipment,
    payment::{DisputeLost, PaymentAuthorizationExpired, PaymentRestReleaseRequested, ReleaseRest},
    shipment::Allotted,
};

fn east() -> Location {
    Location::parse("east").unwrap()
}

fn parcel(n: usize) -> ShipmentId {
    ShipmentId::parcel(order_id(1), n)
}

fn to(n: usize, command: ShipmentCommand) -> Reaction {
    Reaction::Execute(Command::Shipment(parcel(n), command))
}

/// A is reserved at the default place, B in the east.
fn both_reserved() -> [Event; 2] {
    let reserved = |part, location, name, quantity| StockReserved {
        order_id: order_id(1),
        epoch: 1,
        location,
        sku: sku(name),
        quantity,
        lines: vec![],
        until: at(900),
        part,
        parts: 2,
        parcels: 2,
    };
    [
        Event::Stock(reserved(1, Location::default(), "A", 2).into()),
        Event::Stock(reserved(2, east(), "B", 4).into()),
    ]
}

fn committed() -> Event {
    let event = ReservationCommitted {
        order_id: order_id(1),
        epoch: 1,
        location: east(),
        sku: sku("B"),
        quantity: 4,
        part: 2,
        parts: 2,
    };
    Event::Stock(event.into())
}

fn created(n: usize) -> Event {
    sent(ShipmentCreated {
        order_id: order_id(1),
        shipment_id: parcel(n),
        location: Location::default(),
        lines: vec![],
        amount: eur(300),
        parcels: 2,
    })
}

fn dropped(n: usize, amount: i64) -> Event {
    sent(ShipmentCancelled {
        order_id: order_id(1),
        shipment_id: parcel(n),
        location: Location::default(),
        reason: "limit".into(),
        amount: Some(eur(amount)),
    })
}

fn packed(n: usize) -> Event {
    sent(ShipmentPacked {
        order_id: order_id(1),
        shipment_id: parcel(n),
        amount: eur(300),
    })
}

fn taken(n: usize) -> Event {
    let event = PaymentCaptured {
        order_id: order_id(1),
        shipment_id: Some(parcel(n)),
        authorization_id: "auth".into(),
        amount: eur(300),
    };
    Event::Payment(event.into())
}

fn failed(n: usize, attempt: u32, attempts_left: u32) -> Event {
    let event = PaymentCaptureFailed {
        order_id: order_id(1),
        shipment_id: Some(parcel(n)),
        authorization_id: "auth".into(),
        amount: Some(eur(300)),
        attempt,
        attempts_left,
        code: "limit".into(),
    };
    Event::Payment(event.into())
}

fn drop(n: usize, even_packed: bool, reason: &str) -> Reaction {
    order(OrderCommand::DropShipment(DropShipment {
        shipment_id: parcel(n),
        even_packed,
        reason: reason.into(),
    }))
}

fn let_go(hold: &str) -> Reaction {
    order(OrderCommand::ReleaseHold(ReleaseHold { hold: hold.into() }))
}

fn release_rest() -> Reaction {
    let idempotency_key = format!("main:{}:release-rest:1", order_id(1));
    payment(PaymentCommand::ReleaseRest(ReleaseRest {
        order_id: order_id(1),
        idempotency_key,
    }))
}

fn after<P: Policy>(before: &[Event], then: impl IntoIterator<Item = Event>) -> Vec<Reaction> {
    let events: Vec<Event> = before.iter().cloned().chain(then).collect();
    after_all::<P>(&events)
}

#[test]
fn all_are_created_dispatched_and_kept_together() {
    let create = to(
        1,
        ShipmentCommand::Create(CreateShipment {
            order_id: order_id(1),
            location: Location::default(),
            skus: vec![sku("A")],
            further: vec![Allotted {
                location: east(),
                skus: vec![sku("B")],
            }],
        }),
    );
    let reserved = both_reserved();
    assert_eq!(after::<Shipping>(&reserved, [committed()]), [create]);
    let cancel = to(
        1,
        ShipmentCommand::Cancel(CancelShipment {
            order_id: order_id(1),
            location: Location::default(),
            request: 2,
            reason: "no more".into(),
            parcels: 2,
        }),
    );
    let asked = after::<Shipping>(&reserved, [committed(), cancelling_confirmed()]);
    assert_eq!(asked, [cancel]);
    let dispatch = |n| {
        let command = RequestDispatch {
            order_id: order_id(1),
        };
        to(n, ShipmentCommand::RequestDispatch(command))
    };
    let released = after::<Shipping>(&reserved, [committed(), super::let_go()]);
    assert_eq!(released, [dispatch(1), dispatch(2)]);
}

/// What was given back, and what has left or was lost, is forgotten.
#[test]
fn what_has_ended_is_forgotten() {
    let remembered = |events: &[Event]| {
        let mut state = ShippingState::default();
        for (n, event) in both_reserved().iter().chain(events).enumerate() {
            let event = recorded(event.clone(), n as i64);
            state = Shipping::react(&Limits::default(), state, &event).0;
        }
        state
    };
    assert_eq!(remembered(&[]).parcels.len(), 2);
    let arrived = |n| {
        sent(ShipmentDelivered {
            order_id: order_id(1),
            shipment_id: parcel(n),
            lines: vec![],
            delivered_at: at(5),
        })
    };
    assert_eq!(remembered(&[arrived(1)]).parcels.len(), 2);
    for ended in [
        vec![arrived(1), arrived(2)],
        vec![arrived(1), dropped(2, 300)],
        vec![kept()],
    ] {
        assert_eq!(remembered(&ended), ShippingState::default());
    }
    // It alone would not tell that the other has left.
    assert_eq!(remembered(&[arrived(2), dropped(1, 300)]).parcels.len(), 2);
}

#[test]
fn what_the_carrier_refuses_for_good_is_dropped_alone() {
    let refused = sent(DispatchRefused {
        order_id: order_id(1),
        shipment_id: parcel(2),
        attempt: 1,
        code: "address".into(),
    });
    let given_up = sent(ShipmentGivenUp {
        order_id: order_id(1),
        shipment_id: parcel(2),
        attempt: 1,
        reason: "address".into(),
    });
    let before = [both_reserved().to_vec(), vec![refused.clone()]].concat();
    let told = after::<Shipping>(&before, [given_up.clone()]);
    assert_eq!(told, [drop(2, false, "address")]);
    let call_off = Reaction::Unschedule(TimerName::Shipping(parcel(2)));
    let told = after::<Shipping>(&before, [given_up.clone(), dropped(2, 300)]);
    assert_eq!(told, [call_off.clone(), let_go("carrier-refused")]);
    // While the other is refused, too, the hold stays.
    let other = sent(DispatchRefused {
        order_id: order_id(1),
        shipment_id: parcel(1),
        attempt: 1,
        code: "address".into(),
    });
    let told = after::<Shipping>(&before, [other, given_up, dropped(2, 300)]);
    assert_eq!(told, [call_off]);
}

/// Once somebody has got the money back and a parcel has left, the others stay: nothing waits for a person.
#[test]
fn what_has_not_left_stays_when_a_dispute_is_lost() {
    let lost = DisputeLost {
        order_id: order_id(1),
        dispute_id: "d".into(),
        amount: eur(300),
        still_open: 0,
    };
    let lost = Event::Payment(lost.into());
    let rejected = event(CancellationRejected {
        order: brief(),
        confirmed: true,
        reason: "the shipment is dispatched".into(),
    });
    let reason = "a dispute of its payment was lost";
    let both = both_reserved();
    let told = after::<Shipping>(&both, [lost.clone()]);
    assert_eq!(told, [], "the order is being cancelled first");
    let told = after::<Shipping>(&both, [lost.clone(), rejected.clone()]);
    assert_eq!(told, [drop(1, false, reason), drop(2, false, reason)]);
    let arrived = sent(ShipmentDelivered {
        order_id: order_id(1),
        shipment_id: parcel(1),
        lines: vec![],
        delivered_at: at(5),
    });
    let told = after::<Shipping>(&both, [arrived, lost.clone(), rejected.clone()]);
    assert_eq!(told, [drop(2, false, reason)]);
    // One that was being paid, or that the carrier was asked to take, follows.
    let ready = sent(ShipmentReady {
        order_id: order_id(1),
        shipment_id: parcel(2),
    });
    let refused = sent(DispatchRefused {
        order_id: order_id(1),
        shipment_id: parcel(2),
        attempt: 1,
        code: "address".into(),
    });
    for follows in [ready, refused] {
        let told = after::<Shipping>(&both, [lost.clone(), rejected.clone(), follows]);
        assert_eq!(told, [drop(2, false, reason)]);
    }
    // Without a lost dispute it goes its way; so does what leaves as a whole.
    assert_eq!(after::<Shipping>(&both, [rejected.clone()]).len(), 2);
    let whole = after_all::<Shipping>(&[lost, rejected]);
    assert!(matches!(
        whole.as_slice(),
        [Reaction::Execute(Command::Shipment(
            _,
            ShipmentCommand::RequestDispatch(_)
        ))]
    ));
}

#[test]
fn each_is_paid_by_itself_and_then_the_rest_is_let_go_of() {
    let both = [created(1), created(2)];
    let asked = after::<PaymentPolicy>(&both, [packed(1)]);
    let [Reaction::Execute(Command::Payment(_, PaymentCommand::RequestCapture(request)))] =
        asked.as_slice()
    else {
        panic!("{asked:?}");
    };
    assert!(request.more, "more may be taken after it");
    assert_eq!(after::<PaymentPolicy>(&both, [taken(1)]), []);
    let last = after::<PaymentPolicy>(&both, [taken(1), taken(2)]);
    assert_eq!(last, [release_rest()]);
    // Of what does not leave, nothing is waited for; what was taken for it is given back, if anything was.
    let told = after::<PaymentPolicy>(&both, [taken(1), dropped(2, 300)]);
    assert_eq!(told, [release_rest()]);
    assert_eq!(after::<PaymentPolicy>(&both, [dropped(2, 300)]), []);
    for before in [vec![taken(2)], vec![taken(1), taken(2)]] {
        let told = after::<PaymentPolicy>(&both, [before, vec![dropped(2, 300)]].concat());
        let [Reaction::Execute(Command::Payment(_, PaymentCommand::RequestRefund(refund)))] =
            told.as_slice()
        else {
            panic!("{told:?}");
        };
        assert_eq!((refund.shipment_id, refund.amount), (parcel(2), eur(300)));
    }
    // What is empty may be heard of first.
    let told = after::<PaymentPolicy>(&[dropped(1, 0), created(2)], [taken(2)]);
    assert_eq!(told, [release_rest()]);
    let event = PaymentRestReleaseRequested {
        order_id: order_id(1),
        authorization_id: "auth".into(),
        amount: eur(5),
        idempotency_key: "rest".into(),
    };
    let call = Reaction::Call(Call::Void {
        order_id: order_id(1),
        authorization_id: "auth".into(),
        idempotency_key: "rest".into(),
        rest: true,
    });
    let told = after_all::<PaymentPolicy>(&[Event::Payment(event.into())]);
    assert_eq!(told, [call]);
}

#[test]
fn what_is_never_paid_is_dropped_alone() {
    let both = [created(1), created(2), failed(2, 1, 3)];
    let reason = "the payment could not be taken: limit";
    let told = after::<PaymentPolicy>(&both, [failed(2, 4, 0)]);
    assert_eq!(told, [drop(2, true, reason)]);
    let told = after::<PaymentPolicy>(&both, [failed(2, 4, 0), dropped(2, 300)]);
    let retry = Reaction::Unschedule(TimerName::Capture(parcel(2)));
    assert_eq!(told[..2], [retry, let_go("capture-failed")]);
}

/// Nothing is taken for the others either, unless somebody sees to it.
#[test]
fn what_waits_for_an_authorization_that_has_ended_does_not_wait_for_ever() {
    let expired = PaymentAuthorizationExpired {
        order_id: order_id(1),
        authorization_id: "auth".into(),
    };
    let expired = Event::Payment(expired.into());
    let before = [expired, created(1), created(2), failed(1, 1, 0)];
    let told = after::<PaymentPolicy>(&before, [dropped(1, 300)]);
    let [Reaction::Schedule(timer)] = told.as_slice() else {
        panic!("{told:?}");
    };
    assert_eq!(timer.name, TimerName::Authorization);
    assert!(matches!(
        timer.task,
        Task::Execute(Command::Order(_, OrderCommand::RequestCancellation(_)))
    ));
    let told = after::<PaymentPolicy>(&before, [dropped(1, 300), taken(2)]);
    let call_off = Reaction::Unschedule(TimerName::Authorization);
    let release = let_go("authorization-expiring");
    assert_eq!(told, [call_off, release, release_rest()]);
}

#[test]
fn stock_is_kept_where_it_is_until_each_has_left() {
    let before = [vec![placed()], both_reserved().to_vec()].concat();
    let commanded = |reactions: Vec<Reaction>| {
        let [Reaction::Execute(Command::Reservation(command))] = reactions.as_slice() else {
            panic!("{reactions:?}");
        };
        command.clone()
    };
    let commit = commanded(after::<Inventory>(&before, [confirmed()]));
    assert_eq!(commit.step, ReservationStep::Commit);
    let places: Vec<&str> = commit.places().map(Location::as_str).collect();
    assert_eq!(places, ["main", "east"]);
    let left = |n: usize, location: Location, of: &[ShipmentLine]| {
        sent(ShipmentDispatched {
            order_id: order_id(1),
            shipment_id: parcel(n),
            location,
            lines: of.to_vec(),
            carrier: "PX".into(),
            tracking_number: "PX-1".into(),
            amount: eur(300),
        })
    };
    let all = lines();
    let first = left(1, Location::default(), &all[1..2]);
    let ship = commanded(after::<Inventory>(&before, [confirmed(), first.clone()]));
    assert_eq!((ship.step, ship.items.len()), (ReservationStep::Ship, 1));
    // The other is still known, and what is not wanted of it is given back.
    let fewer = event(LinesCancelled {
        order: brief(),
        cancellation_id: uuid(7, 1),
        lines: vec![LineQuantity {
            line: 1,
            quantity: 1,
        }],
        amount: 100,
        all: false,
        reason: "x".into(),
    });
    let reduce = commanded(after::<Inventory>(
        &before,
        [confirmed(), first.clone(), fewer],
    ));
    assert_eq!(reduce.step, ReservationStep::Reduce);
    let second = left(2, east(), &[all[0].clone(), all[2].clone()]);
    assert_eq!(
        after::<Inventory>(&before, [confirmed(), first.clone(), second, expired()]),
        []
    );
    // Of what is dropped alone, the lines that are not wanted tell.
    assert_eq!(
        after::<Inventory>(&before, [confirmed(), first, dropped(2, 300)]),
        []
    );
}
