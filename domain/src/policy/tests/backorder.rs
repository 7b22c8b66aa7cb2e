//! An order is packed once all of it is there.

use super::*;
use crate::{
    order::DeadlineSet,
    stock::{
        BackorderCovered, BackorderDropped, BackorderExpired, BackorderLimitSet, Backordered,
        ReservationExpired, StockEvent,
    },
};

fn stock(event: impl Into<StockEvent>) -> Event {
    Event::Stock(event.into())
}

fn late(name: &str, quantity: i64) -> Event {
    stock(Backordered {
        order_id: order_id(1),
        epoch: 1,
        location: Location::default(),
        sku: sku(name),
        quantity,
    })
}

fn covered(name: &str, quantity: i64, left: i64) -> Event {
    stock(BackorderCovered {
        order_id: order_id(1),
        epoch: 1,
        location: Location::default(),
        sku: sku(name),
        quantity,
        left,
        more: false,
    })
}

fn dropped(name: &str, quantity: i64) -> Event {
    stock(BackorderDropped {
        order_id: order_id(1),
        epoch: 1,
        location: Location::default(),
        sku: sku(name),
        quantity,
        left: 0,
    })
}

fn expired(part: u32) -> Event {
    stock(BackorderExpired {
        order_id: order_id(1),
        epoch: 1,
        location: Location::default(),
        sku: sku("A"),
        quantity: 2,
        part,
        parts: 2,
    })
}

fn kept() -> Event {
    stock(ReservationCommitted {
        order_id: order_id(1),
        epoch: 1,
        location: Location::default(),
        sku: sku("B"),
        quantity: 2,
        part: 2,
        parts: 2,
    })
}

fn create() -> Reaction {
    shipment(ShipmentCommand::Create(CreateShipment {
        order_id: order_id(1),
        location: Location::default(),
        skus: vec![],
        further: vec![],
    }))
}

const DAYS: i64 = 86_400;

/// The time limit of what is waited for since the `n`-th event.
fn limit(n: i64, names: &[&str]) -> Vec<Reaction> {
    let item = |name: &&str| ReservationItem {
        sku: sku(name),
        lines: vec![],
    };
    let give_up = Command::Reservation(ReservationCommand {
        order_id: order_id(1),
        epoch: 1,
        location: Location::default(),
        further: vec![],
        items: names.iter().map(item).collect(),
        step: ReservationStep::GiveUp,
    });
    let due = n + 30 * DAYS;
    vec![
        Reaction::Schedule(Timer {
            name: TimerName::Backorder,
            due: at(due),
            task: Task::Execute(give_up),
        }),
        said(Awaited::Stock, Location::default(), due),
    ]
}

const CALLED_OFF: Reaction = Reaction::Unschedule(TimerName::Backorder);

#[test]
fn what_is_still_to_come_is_waited_for_until_it_is_there() {
    let history = [late("B", 2), late("A", 1), kept()];
    assert_eq!(after_all::<Shipping>(&history), limit(2, &["A", "B"]));
    let some = [&history[..], &[covered("B", 1, 1)]].concat();
    assert_eq!(after_all::<Shipping>(&some), []);
    let one = [&some[..], &[covered("A", 1, 0)]].concat();
    assert_eq!(after_all::<Shipping>(&one), [], "B is not all there");
    let all = [&one[..], &[covered("B", 1, 0)]].concat();
    assert_eq!(after_all::<Shipping>(&all), [CALLED_OFF, create()]);
    let again = [&all[..], &[covered("B", 1, 0)]].concat();
    assert_eq!(after_all::<Shipping>(&again), []);
}

#[test]
fn what_has_come_before_the_order_is_confirmed_is_not_waited_for() {
    let history = [late("A", 1), covered("A", 1, 0)];
    assert_eq!(after_all::<Shipping>(&history), []);
    let all = [&history[..], &[kept()]].concat();
    assert_eq!(after_all::<Shipping>(&all), [create()]);
}

#[test]
fn what_is_not_wanted_any_more_is_not_waited_for() {
    let history = [late("A", 1), kept(), dropped("A", 1)];
    assert_eq!(after_all::<Shipping>(&history), [CALLED_OFF, create()]);
    let rejected = [late("A", 1), dropped("A", 1)];
    assert_eq!(after_all::<Shipping>(&rejected), []);
}

#[test]
fn what_does_not_come_in_time_has_the_order_cancelled() {
    let history = [late("A", 2), kept(), expired(1)];
    assert_eq!(after_all::<Shipping>(&history), []);
    let cancel = || {
        order(OrderCommand::RequestCancellation(RequestCancellation {
            reason: "what was backordered has not come in time".into(),
        }))
    };
    let all = [&history[..], &[expired(2)]].concat();
    assert_eq!(after_all::<Shipping>(&all), [cancel()]);
}

#[test]
fn a_cancelled_order_waits_for_nothing() {
    let cancelled = sent(ShipmentCancelled {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        location: Location::default(),
        reason: "changed my mind".into(),
        amount: None,
    });
    let history = [late("A", 2), kept(), cancelled];
    assert_eq!(after_all::<Shipping>(&history), [CALLED_OFF]);
    let released = [&history[..], &[dropped("A", 2)]].concat();
    assert_eq!(after_all::<Shipping>(&released), []);
}

#[test]
fn a_limit_is_no_orders_business() {
    let event = stock(BackorderLimitSet {
        location: Location::default(),
        sku: sku("A"),
        limit: 3,
    });
    for policy in [Shipping::key, Inventory::key, OrderPolicy::key] {
        assert_eq!(policy(&recorded(event.clone(), 1)), None);
    }
}

#[test]
fn it_is_packed_and_called_back_where_its_stock_is() {
    let east = || Location::parse("east").unwrap();
    let reserved = |location| {
        stock(StockReserved {
            order_id: order_id(1),
            epoch: 1,
            location,
            sku: sku("A"),
            quantity: 2,
            lines: vec![],
            until: at(900),
            part: 1,
            parts: 1,
            parcels: 1,
        })
    };
    assert_eq!(
        Shipping::key(&recorded(reserved(Location::default()), 1)),
        None
    );
    let cancel = |location| {
        shipment(ShipmentCommand::Cancel(CancelShipment {
            order_id: order_id(1),
            location,
            request: 0,
            reason: "changed my mind".into(),
            parcels: 1,
        }))
    };
    let asked = Event::Order(
        CancellationRequested {
            order: brief(),
            confirmed: true,
            request: 0,
            reason: "changed my mind".into(),
        }
        .into(),
    );
    let both = [reserved(east()), asked.clone()];
    assert_eq!(after_all::<Shipping>(&both), [cancel(east())]);
    assert_eq!(
        after_all::<Shipping>(&[asked]),
        [cancel(Location::default())]
    );
    let committed = stock(ReservationCommitted {
        order_id: order_id(1),
        epoch: 1,
        location: east(),
        sku: sku("A"),
        quantity: 2,
        part: 1,
        parts: 1,
    });
    let create = shipment(ShipmentCommand::Create(CreateShipment {
        order_id: order_id(1),
        location: east(),
        skus: vec![],
        further: vec![],
    }));
    assert_eq!(after_all::<Shipping>(&[committed]), [create]);
}

#[test]
fn what_the_order_was_told_holds_whatever_is_set_by_then() {
    let told = |of: &str| {
        Event::Order(
            DeadlineSet {
                order_id: order_id(1),
                what: Awaited::Stock,
                of: of.into(),
                until: at(7 * DAYS),
            }
            .into(),
        )
    };
    let history = [late("A", 2), kept(), told("main")];
    let reactions = after_all::<Shipping>(&history);
    let [Reaction::Schedule(timer)] = &reactions[..] else {
        panic!("{reactions:?}");
    };
    assert_eq!(
        (timer.name, timer.due),
        (TimerName::Backorder, at(7 * DAYS))
    );
    let [Reaction::Schedule(first), _] = &limit(1, &["A"])[..] else {
        panic!("it is scheduled");
    };
    assert_eq!(timer.task, first.task);
    let come = [late("A", 2), kept(), covered("A", 2, 0), told("main")];
    assert_eq!(after_all::<Shipping>(&come), []);
    let elsewhere = [late("A", 2), kept(), told("east")];
    assert_eq!(after_all::<Shipping>(&elsewhere), []);
}

/// What is remembered after all of `events`.
fn remembered(events: &[Event]) -> ShippingState {
    let mut state = ShippingState::default();
    for (n, event) in events.iter().enumerate() {
        let event = recorded(event.clone(), n as i64);
        if Shipping::key(&event).is_some() {
            (state, _) = Shipping::react(&Limits::default(), state, &event);
        }
    }
    state
}

#[test]
fn where_it_is_reserved_is_not_remembered_for_ever() {
    let east = || Location::parse("east").unwrap();
    let reserved = stock(StockReserved {
        order_id: order_id(1),
        epoch: 1,
        location: east(),
        sku: sku("A"),
        quantity: 2,
        lines: vec![],
        until: at(900),
        part: 1,
        parts: 1,
        parcels: 1,
    });
    let released = stock(ReservationReleased {
        order_id: order_id(1),
        epoch: 1,
        location: east(),
        sku: sku("A"),
        quantity: 2,
        committed: false,
        reason: ReleaseReason::Rejected,
        part: 1,
        parts: 1,
    });
    let expired = stock(ReservationExpired {
        order_id: order_id(1),
        epoch: 1,
        location: east(),
        sku: sku("A"),
        quantity: 2,
        part: 1,
        parts: 1,
    });
    let created = sent(ShipmentCreated {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        location: east(),
        lines: vec![],
        amount: eur(100),
        parcels: 1,
    });
    let cancelled = sent(ShipmentCancelled {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        location: east(),
        reason: "changed my mind".into(),
        amount: None,
    });
    let known = remembered(std::slice::from_ref(&reserved));
    assert_eq!(known.place, Some(east()));
    for end in [released, expired, created, cancelled] {
        let state = remembered(&[reserved.clone(), end]);
        assert_eq!(state, ShippingState::default());
    }
}
