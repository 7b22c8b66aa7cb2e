//! Decisions over one stream and over several.

mod returns;

use super::*;
use crate::{
    Currency, CustomerId, Location, ShipmentId, StreamId, TenantId,
    order::{
        CancelOrder, ConfirmOrder, ExpireOrder, NewLine, OrderCommand, PlaceHold, PlaceOrder,
        RejectCancellation, RejectOrder, RejectionReason, RequestCancellation,
    },
    shipment::{
        CancelShipment, CreateShipment, MarkReady, PackShipment, RequestDispatch, ShipmentCommand,
    },
    stock::{
        ReceiveStock, ReleaseReason, ReservationCommand, ReservationItem, ReservationLine,
        ReservationStep, StockCommand,
    },
    testing::{at, order_id, sku, uuid},
};

fn release(names: &[&str]) -> Command {
    let item = |name: &&str| ReservationItem {
        sku: sku(name),
        lines: vec![ReservationLine {
            line: 1,
            quantity: 1,
        }],
    };
    Command::Reservation(ReservationCommand {
        order_id: order_id(1),
        epoch: 1,
        location: Location::default(),
        further: vec![],
        items: names.iter().map(item).collect(),
        step: ReservationStep::Release(ReleaseReason::Expired),
    })
}

fn placement() -> PlaceOrder {
    PlaceOrder {
        order_id: order_id(1),
        customer_id: CustomerId::parse("c").unwrap(),
        currency: Currency::parse("EUR").unwrap(),
        lines: vec![NewLine {
            sku: sku("A"),
            quantity: 1,
            unit_price: 1,
            currency: None,
            terms: Default::default(),
        }],
        terms: Default::default(),
        total: None,
        shipping_address: None,
        payment_method: "tok".into(),
        reference: None,
        placed_at: at(0),
    }
}

fn receive() -> Command {
    Command::Stock(StockCommand::Receive(ReceiveStock {
        receipt_id: uuid(1, 1),
        location: Location::default(),
        sku: sku("A"),
        quantity: 1,
        reference: None,
    }))
}

#[test]
fn a_command_over_several_streams_has_events_for_each() {
    let command = release(&["A", "B"]);
    let streams = command.streams(&TenantId::default());
    let names: Vec<_> = streams.iter().map(|stream| stream.as_str()).collect();
    assert_eq!(names, ["stock-main.main.A", "stock-main.main.B"]);
    let states = [State::empty(Category::Stock), State::empty(Category::Stock)];
    let events = command.decide(&states.each_ref()).unwrap();
    assert!(events.iter().all(|events| events.len() == 1) && events.len() == 2);
}

/// What a placed order is after each of `commands`.
fn order_after(commands: &[OrderCommand]) -> State {
    let place = Command::Order(order_id(1), OrderCommand::Place(placement()));
    let commands = commands
        .iter()
        .map(|command| Command::Order(order_id(1), command.clone()));
    let mut order = State::empty(Category::Order);
    for command in std::iter::once(place).chain(commands) {
        let events = command.decide(&[&order]).unwrap().remove(0);
        order = events.iter().fold(order, State::evolve);
    }
    order
}

#[test]
fn stock_is_reserved_for_an_order_that_waits_and_for_no_other() {
    let Command::Reservation(mut reserve) = release(&["A"]) else {
        panic!("it is a reservation")
    };
    reserve.step = ReservationStep::Reserve {
        until: at(900),
        split: false,
    };
    let reserve = Command::Reservation(reserve);
    let streams = reserve.streams(&TenantId::default());
    let order = StreamId::order(&TenantId::default(), order_id(1));
    assert_eq!(streams.last(), Some(&order));

    let stocked = receive().decide(&[&State::empty(Category::Stock)]).unwrap();
    let full = stocked[0]
        .iter()
        .fold(State::empty(Category::Stock), State::evolve);
    let empty = State::empty(Category::Stock);
    let waiting = order_after(&[]);
    let reserved = reserve.decide(&[&full, &waiting]).unwrap();
    assert_eq!((reserved.len(), reserved[0].len()), (2, 1));
    assert!(reserved[1].is_empty(), "nothing happens to the order");

    let reject = OrderCommand::Reject(RejectOrder {
        reason: RejectionReason::OutOfStock,
        detail: "none".into(),
    });
    let cancel = OrderCommand::RequestCancellation(RequestCancellation { reason: "x".into() });
    for end in [
        vec![reject],
        vec![OrderCommand::Expire(ExpireOrder)],
        vec![OrderCommand::Confirm(ConfirmOrder)],
        vec![cancel.clone()],
        vec![cancel, OrderCommand::Cancel(CancelOrder)],
    ] {
        let ended = order_after(&end);
        for stock in [&full, &empty] {
            let refusal = reserve.decide(&[stock, &ended]).unwrap_err();
            assert_eq!(refusal.code, "ORDER_NOT_WAITING", "{end:?}");
            assert_eq!(refusal.kind, RefusalKind::State);
        }
        let taken = reserved[0].iter().fold(full.clone(), State::evolve);
        let again = reserve.decide(&[&taken, &ended]).unwrap();
        assert!(again.iter().all(Vec::is_empty), "it has what it reserved");
    }
}

/// A command that creates a shipment of order `of`, put to the one of order `to`.
fn create(to: u64, of: u64) -> Command {
    let shipment = ShipmentId::of(order_id(to), &Location::default());
    let create = CreateShipment {
        order_id: order_id(of),
        location: Location::default(),
        skus: vec![],
        further: vec![],
    };
    Command::Shipment(shipment, ShipmentCommand::Create(create))
}

fn of_shipment(command: ShipmentCommand) -> Command {
    let shipment = ShipmentId::of(order_id(1), &Location::default());
    Command::Shipment(shipment, command)
}

#[test]
fn what_is_packed_and_what_leaves_is_decided_over_the_order_as_well() {
    let tenant = TenantId::default();
    let shipment = ShipmentId::of(order_id(1), &Location::default());
    let both = [
        StreamId::shipment(&tenant, shipment),
        StreamId::order(&tenant, order_id(1)),
    ];
    let order_id = order_id(1);
    let dispatch = of_shipment(ShipmentCommand::RequestDispatch(RequestDispatch {
        order_id,
    }));
    // What is to be packed is what is wanted, and what leaves cannot be called back: they hold the order to
    // what it was.
    for command in [create(1, 1), dispatch.clone()] {
        assert_eq!(command.streams(&tenant), both);
        assert_eq!(command.looks_at(), 0);
    }
    let pack = of_shipment(ShipmentCommand::Pack(PackShipment));
    assert_eq!(
        (pack.streams(&tenant), pack.looks_at()),
        (both[..1].to_vec(), 0)
    );

    let hold = OrderCommand::PlaceHold(PlaceHold {
        hold: "fraud".into(),
        reason: "odd".into(),
    });
    let confirm = OrderCommand::Confirm(ConfirmOrder);
    let (free, held) = (
        order_after(std::slice::from_ref(&confirm)),
        order_after(&[confirm, hold]),
    );
    let mut shipment = State::empty(Category::Shipment);
    let ready = of_shipment(ShipmentCommand::MarkReady(MarkReady));
    for (command, states) in [(create(1, 1), vec![&free]), (pack, vec![]), (ready, vec![])] {
        let all: Vec<&State> = std::iter::once(&shipment).chain(states).collect();
        let events = command.decide(&all).unwrap();
        assert!(
            events[1..].iter().all(Vec::is_empty),
            "nothing happens to the order"
        );
        shipment = events[0].iter().fold(shipment, State::evolve);
    }
    let refusal = dispatch.decide(&[&shipment, &held]).unwrap_err();
    assert_eq!(
        (refusal.kind, refusal.code.as_str()),
        (RefusalKind::State, "ORDER_ON_HOLD")
    );
    assert!(refusal.allowed.unwrap().is_empty(), "all but to leave");
    let pending = State::empty(Category::Shipment);
    let pending = create(1, 1).decide(&[&pending, &free]).unwrap()[0]
        .iter()
        .fold(pending, State::evolve);
    let refusal = dispatch.decide(&[&pending, &free]).unwrap_err();
    assert_eq!(refusal.allowed.unwrap(), ["pack"]);
    let events = dispatch.decide(&[&shipment, &free]).unwrap();
    assert_eq!((events[0].len(), events[1].len()), (1, 0));
}

#[test]
fn a_shipment_is_that_of_what_its_command_names() {
    let (shipment, order) = (State::empty(Category::Shipment), order_after(&[]));
    let refusal = create(2, 1).decide(&[&shipment, &order]).unwrap_err();
    assert_eq!(
        (refusal.kind, refusal.code.as_str()),
        (RefusalKind::Meaning, "OTHER_SHIPMENT")
    );
    let cancel = |order| {
        of_shipment(ShipmentCommand::Cancel(CancelShipment {
            order_id: order_id(order),
            location: Location::parse("elsewhere").unwrap(),
            request: 0,
            reason: "no more".into(),
            parcels: 1,
        }))
    };
    let refusal = cancel(2).decide(&[&shipment]).unwrap_err();
    assert_eq!(refusal.code, "OTHER_SHIPMENT");
    let decided = cancel(1).decide(&[&shipment]);
    assert!(decided.is_ok(), "wherever it leaves from: {decided:?}");
}

#[test]
fn states_of_other_streams_are_a_mismatch() {
    let (order, stock) = (State::empty(Category::Order), State::empty(Category::Stock));
    let confirm = Command::Order(order_id(1), OrderCommand::Confirm(ConfirmOrder));
    let shipment = State::empty(Category::Shipment);
    let (create, pack) = (
        create(1, 1),
        of_shipment(ShipmentCommand::Pack(PackShipment)),
    );
    let cases: [(&Command, &[&State]); 12] = [
        (&confirm, &[&shipment]),
        (&create, &[&shipment]),
        (&create, &[&order, &shipment]),
        (&create, &[&shipment, &stock]),
        (&create, &[&shipment, &order, &order]),
        (&pack, &[&shipment, &order]),
        (&confirm, &[]),
        (&confirm, &[&stock]),
        (&confirm, &[&order, &order]),
        (&receive(), &[&order]),
        (&release(&["A", "B"]), &[&stock]),
        (&release(&["A", "B"]), &[&stock, &order]),
    ];
    for (command, states) in cases {
        assert_eq!(command.decide(states).unwrap_err().code, "STATE_MISMATCH");
    }
}

#[test]
fn a_refusal_because_of_a_state_says_what_the_state_allows() {
    let absent = State::empty(Category::Order);
    let confirm = Command::Order(order_id(1), OrderCommand::Confirm(ConfirmOrder));
    assert_eq!(confirm.decide(&[&absent]).unwrap_err().allowed, None);
    let place = Command::Order(order_id(1), OrderCommand::Place(placement()));
    let events = place.decide(&[&absent]).unwrap().remove(0);
    let placed = events.iter().fold(absent, State::evolve);
    let reject = Command::Order(
        order_id(1),
        OrderCommand::RejectCancellation(RejectCancellation {
            request: 0,
            reason: "x".into(),
        }),
    );
    let allowed = reject.decide(&[&placed]).unwrap_err().allowed.unwrap();
    assert_eq!(
        allowed,
        [
            "add_note",
            "set_tags",
            "cancel",
            "change_shipping_address",
            "place_hold"
        ]
    );
}

#[test]
fn an_event_of_another_category_changes_nothing() {
    let stock = State::empty(Category::Stock);
    let events = receive().decide(&[&stock]).unwrap().remove(0);
    for category in [Category::Order, Category::Payment, Category::Shipment] {
        let state = State::empty(category);
        assert_eq!(state.clone().evolve(&events[0]), state);
    }
    assert_ne!(stock.clone().evolve(&events[0]), stock);
}

/// What is given back since lines were cancelled may come after an amendment that wants more again.
#[test]
fn no_more_is_given_back_than_the_order_does_not_want_by_then() {
    let order = |command| Command::Order(order_id(1), command);
    let place = PlaceOrder {
        lines: vec![NewLine {
            quantity: 3,
            ..placement().lines.remove(0)
        }],
        ..placement()
    };
    let placed = order(OrderCommand::Place(place));
    let placed = placed.decide(&[&State::empty(Category::Order)]).unwrap();
    let placed = placed
        .concat()
        .iter()
        .fold(State::empty(Category::Order), State::evolve);
    let step = |quantity, step| {
        Command::Reservation(ReservationCommand {
            order_id: order_id(1),
            epoch: 1,
            location: Location::default(),
            further: vec![],
            items: vec![ReservationItem {
                sku: sku("A"),
                lines: vec![ReservationLine { line: 1, quantity }],
            }],
            step,
        })
    };
    let received = Command::Stock(StockCommand::Receive(ReceiveStock {
        quantity: 9,
        ..match receive() {
            Command::Stock(StockCommand::Receive(receive)) => receive,
            _ => unreachable!(),
        }
    }));
    let stock = State::empty(Category::Stock);
    let stock = received
        .decide(&[&stock])
        .unwrap()
        .concat()
        .iter()
        .fold(stock, State::evolve);
    let reserve = step(
        3,
        ReservationStep::Reserve {
            until: at(900),
            split: false,
        },
    );
    let stock = reserve.decide(&[&stock, &placed]).unwrap()[0]
        .iter()
        .fold(stock, State::evolve);
    let reduce = step(1, ReservationStep::Reduce);
    assert_eq!(reduce.streams(&TenantId::default()).len(), 2);
    // Nothing of the order that was there then must be overlooked.
    assert_eq!(reduce.looks_at(), 0);
    let decided = reduce.decide(&[&stock, &placed]).unwrap();
    assert_eq!(decided, [vec![], vec![]], "the order wants three");
    let decided = reduce
        .decide(&[&stock, &State::empty(Category::Order)])
        .unwrap();
    assert_eq!((decided[0].len(), decided[1].len()), (1, 0));
}
