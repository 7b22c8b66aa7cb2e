//! What is reserved, kept and given back.

use super::*;
use crate::stock::{BackorderCovered, CoverBackorders, StockCommand, StockEvent};

fn reservation(step: ReservationStep) -> Reaction {
    let item = |name, lines: &[(u32, i64)]| ReservationItem {
        sku: sku(name),
        lines: lines
            .iter()
            .map(|(line, quantity)| ReservationLine {
                line: *line,
                quantity: *quantity,
            })
            .collect(),
    };
    Reaction::Execute(Command::Reservation(ReservationCommand {
        order_id: order_id(1),
        epoch: 1,
        location: Location::default(),
        further: vec![],
        items: vec![item("A", &[(2, 2)]), item("B", &[(1, 1), (3, 3)])],
        step,
    }))
}

#[test]
fn inventory_reserves_from_the_time_of_recording_on() {
    let until = at(900);
    let reserve = reservation(ReservationStep::Reserve {
        until,
        split: false,
    });
    assert_eq!(after_all::<Inventory>(&[placed()]), [reserve]);
    let endless = Limits {
        reservation: Duration::MAX,
        ..Limits::default()
    };
    let until = DateTime::<Utc>::MAX_UTC;
    let reserve = reservation(ReservationStep::Reserve {
        until,
        split: false,
    });
    assert_eq!(with::<Inventory>(&endless, &[placed()]), [reserve]);
}

#[test]
fn inventory_keeps_or_gives_back_what_it_reserved() {
    let then = |event| after_all::<Inventory>(&[placed(), event]);
    let release = |reason| [reservation(ReservationStep::Release(reason))];
    assert_eq!(then(confirmed()), [reservation(ReservationStep::Commit)]);
    assert_eq!(then(expired()), release(ReleaseReason::Expired));
    assert_eq!(then(cancelling()), release(ReleaseReason::Cancelled));
    let no_money = rejected(RejectionReason::PaymentDeclined);
    assert_eq!(then(no_money), release(ReleaseReason::Rejected));
    let nothing_reserved = rejected(RejectionReason::OutOfStock);
    assert_eq!(then(nothing_reserved), []);
    let after = [placed(), confirmed(), cancelling()];
    assert_eq!(
        after_all::<Inventory>(&after),
        release(ReleaseReason::Cancelled)
    );
    assert_eq!(
        after_all::<Inventory>(&[placed(), cancelling(), cancelling()]),
        []
    );
}

#[test]
fn inventory_keeps_what_is_confirmed_until_its_shipment_has_left_or_is_kept() {
    let then = |events: &[Event]| {
        let before = [placed(), confirmed()];
        after_all::<Inventory>(&[&before, events].concat())
    };
    assert_eq!(then(&[cancelling_confirmed()]), []);
    assert_eq!(Inventory::key(&recorded(cancelling_confirmed(), 1)), None);
    let release = reservation(ReservationStep::Release(ReleaseReason::Cancelled));
    assert_eq!(then(&[cancelling_confirmed(), kept()]), [release]);
    let ship = reservation(ReservationStep::Ship);
    assert_eq!(then(&[dispatched()]), std::slice::from_ref(&ship));
    // What has left is not given back, whatever comes.
    assert_eq!(then(&[dispatched(), kept()]), []);
    // The shipment says itself what has left.
    assert_eq!(after_all::<Inventory>(&[dispatched()]), [ship]);
}

fn less(lines: &[(u32, i64)], all: bool) -> Event {
    let quantity = |(line, quantity): &(u32, i64)| LineQuantity {
        line: *line,
        quantity: *quantity,
    };
    let cancelled = LinesCancelled {
        order: brief(),
        cancellation_id: uuid(7, 1),
        lines: lines.iter().map(quantity).collect(),
        amount: 100,
        all,
        reason: "too many".into(),
    };
    Event::Order(cancelled.into())
}

#[test]
fn inventory_keeps_what_is_still_wanted() {
    let then = |events: &[Event]| after_all::<Inventory>(events);
    let wanted = |name, lines: &[(u32, i64)]| ReservationItem {
        sku: sku(name),
        lines: lines
            .iter()
            .map(|(line, quantity)| ReservationLine {
                line: *line,
                quantity: *quantity,
            })
            .collect(),
    };
    let keep = |items, step| {
        Reaction::Execute(Command::Reservation(ReservationCommand {
            order_id: order_id(1),
            epoch: 1,
            location: Location::default(),
            further: vec![],
            items,
            step,
        }))
    };
    let some = [placed(), less(&[(1, 1), (3, 1)], false)];
    let left = || vec![wanted("B", &[(3, 2)])];
    assert_eq!(then(&some), [keep(left(), ReservationStep::Reduce)]);
    // Of a SKU nothing may be left.
    let more = [&some[..], &[less(&[(3, 2)], false)]].concat();
    let none = || wanted("B", &[]);
    assert_eq!(then(&more), [keep(vec![none()], ReservationStep::Reduce)]);
    // All that was reserved is given back, whatever was reduced.
    let given_up = [&more[..], &[expired()]].concat();
    let step = ReservationStep::Release(ReleaseReason::Expired);
    let all = vec![wanted("A", &[(2, 2)]), none()];
    assert_eq!(then(&given_up), [keep(all, step)]);
    // If nothing is left at all, the order is cancelled, which gives it back.
    assert_eq!(then(&[placed(), less(&[(1, 1)], true)]), []);
}

fn place(name: &str) -> Location {
    Location::parse(name).expect("tests name valid places")
}

/// The same step, at two places.
fn at_both(reaction: Reaction) -> Reaction {
    let Reaction::Execute(Command::Reservation(command)) = reaction else {
        panic!("{reaction:?}");
    };
    Reaction::Execute(Command::Reservation(ReservationCommand {
        location: place("east"),
        further: vec![place("main")],
        ..command
    }))
}

#[test]
fn inventory_goes_by_the_places_where_stock_was_looked_for() {
    let both = Limits {
        locations: vec![place("east"), place("main")],
        ..Limits::default()
    };
    let (before, reserve) = {
        let event = recorded(placed(), 0);
        Inventory::react(&both, InventoryState::default(), &event)
    };
    let until = at(900);
    let step = ReservationStep::Reserve { until, split: true };
    assert_eq!(reserve, [at_both(reservation(step))]);
    // What is set meanwhile is for other orders.
    let then = |event| Inventory::react(&Limits::default(), before.clone(), &recorded(event, 1)).1;
    let step = ReservationStep::Commit;
    assert_eq!(then(confirmed()), [at_both(reservation(step))]);
    let step = ReservationStep::Release(ReleaseReason::Expired);
    assert_eq!(then(expired()), [at_both(reservation(step))]);
    // What has left has left from where its shipment says.
    let ship = reservation(ReservationStep::Ship);
    assert_eq!(then(dispatched()), [ship]);
}

fn reserved_at(name: &str) -> Event {
    let reserved = StockReserved {
        order_id: order_id(1),
        epoch: 1,
        location: place(name),
        sku: sku("B"),
        quantity: 4,
        lines: vec![],
        until: at(900),
        part: 2,
        parts: 2,
        parcels: 1,
    };
    Event::Stock(StockEvent::from(reserved))
}

#[test]
fn inventory_goes_by_where_it_is_whatever_is_set_when_it_reacts_once_more() {
    let elsewhere = Limits {
        locations: vec![place("north"), place("south")],
        reservation: Duration::days(9),
        ..Limits::default()
    };
    let then = |event| with::<Inventory>(&elsewhere, &[placed(), reserved_at("east"), event]);
    let at_east = |step| {
        let Reaction::Execute(Command::Reservation(command)) = reservation(step) else {
            panic!("{step:?}");
        };
        let location = place("east");
        Reaction::Execute(Command::Reservation(ReservationCommand {
            location,
            ..command
        }))
    };
    assert_eq!(then(confirmed()), [at_east(ReservationStep::Commit)]);
    let step = ReservationStep::Release(ReleaseReason::Expired);
    assert_eq!(then(expired()), [at_east(step)]);
    // It was given back before it was heard of: then it is given back where it is.
    let events = [placed(), cancelling(), reserved_at("east")];
    let step = ReservationStep::Release(ReleaseReason::Cancelled);
    assert_eq!(with::<Inventory>(&elsewhere, &events), [at_east(step)]);
    // Of what holds nothing any more, nothing is remembered.
    let (state, _) = Inventory::react(
        &elsewhere,
        InventoryState::default(),
        &recorded(reserved_at("east"), 1),
    );
    assert_eq!(state, InventoryState::default());
}

#[test]
fn inventory_looks_at_no_more_than_one_decision_may() {
    let limits = Limits {
        locations: (0..16).map(|n| place(&format!("p-{n}"))).collect(),
        ..Limits::default()
    };
    let looked_at = |skus: usize| {
        let item = |n: usize| ReservationItem {
            sku: sku(&format!("S-{n}")),
            lines: vec![],
        };
        let items: Vec<_> = (0..skus).map(item).collect();
        crate::policy::inventory::places(&limits, &items).len()
    };
    assert_eq!(
        [1, 62, 63, 500, 501, 1_000].map(looked_at),
        [16, 16, 15, 2, 1, 1]
    );
}

#[test]
fn inventory_has_those_behind_served_too() {
    let covered = |more| {
        Event::Stock(StockEvent::from(BackorderCovered {
            order_id: order_id(1),
            epoch: 1,
            location: place("east"),
            sku: sku("A"),
            quantity: 1,
            left: 0,
            more,
        }))
    };
    assert_eq!(Inventory::key(&recorded(covered(false), 1)), None);
    let cover = StockCommand::Cover(CoverBackorders {
        location: place("east"),
        sku: sku("A"),
    });
    let cover = Reaction::Execute(Command::Stock(cover));
    assert_eq!(after_all::<Inventory>(&[covered(true)]), [cover]);
}

#[test]
fn inventory_remembers_nothing_of_what_is_given_back() {
    let released = Event::Stock(StockEvent::from(ReservationReleased {
        order_id: order_id(1),
        epoch: 1,
        location: Location::default(),
        sku: sku("B"),
        quantity: 0,
        committed: false,
        reason: ReleaseReason::Cancelled,
        part: 2,
        parts: 2,
    }));
    let mut state = InventoryState::default();
    for (n, event) in [placed(), cancelling(), released].into_iter().enumerate() {
        (state, _) = Inventory::react(&Limits::default(), state, &recorded(event, n as i64));
    }
    assert_eq!(state, InventoryState::default());
}
