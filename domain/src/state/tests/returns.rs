//! Commands to returns over several streams.

use super::*;
use crate::{
    ReturnId,
    order::{LineQuantity, RecordDelivered},
    returns::{
        ApproveReturn, BookIn, CancelReturn, InspectReturn, InspectedLine, ReceiveReturn,
        RequestReturn, ReturnCommand,
    },
};

fn id() -> ReturnId {
    ReturnId::new(uuid(8, 1))
}

fn put(command: ReturnCommand) -> Command {
    Command::Return(id(), command)
}

fn request(return_id: ReturnId) -> Command {
    let lines = vec![LineQuantity {
        line: 1,
        quantity: 1,
    }];
    put(ReturnCommand::Request(RequestReturn {
        return_id,
        order_id: order_id(1),
        lines,
        reason: "too small".into(),
    }))
}

fn book_in(skus: &[&str]) -> Command {
    put(ReturnCommand::BookIn(BookIn {
        location: Location::default(),
        skus: skus.iter().map(|name| sku(name)).collect(),
    }))
}

fn approve() -> Command {
    let location = Location::default();
    put(ReturnCommand::Approve(ApproveReturn { location }))
}

fn cancel() -> Command {
    put(ReturnCommand::Cancel(CancelReturn {
        order_id: order_id(1),
        reason: "no more".into(),
    }))
}

/// The order whose first line has arrived.
fn delivered() -> State {
    let line = &placement().lines[0];
    let arrived = OrderCommand::RecordDelivered(RecordDelivered {
        shipment_id: ShipmentId::of(order_id(1), &Location::default()),
        lines: vec![LineQuantity {
            line: 1,
            quantity: line.quantity,
        }],
    });
    order_after(&[OrderCommand::Confirm(ConfirmOrder), arrived])
}

fn after(mut state: State, events: &[Event]) -> State {
    for event in events {
        state = state.evolve(event);
    }
    state
}

#[test]
fn a_return_is_decided_over_its_order_and_goes_into_the_stock() {
    let tenant = TenantId::default();
    let first = StreamId::of_return(&tenant, id());
    let order = StreamId::order(&tenant, order_id(1));
    for command in [request(id()), cancel()] {
        assert_eq!(command.streams(&tenant), [first.clone(), order.clone()]);
        assert_eq!(command.looks_at(), 0, "both are told");
    }
    assert_eq!(approve().streams(&tenant), std::slice::from_ref(&first));
    let stock = |name| StreamId::stock(&tenant, &Location::default(), &sku(name));
    let all = [first, stock("A"), stock("B")];
    assert_eq!(book_in(&["A", "B"]).streams(&tenant), all);

    let absent = State::empty(Category::Return);
    let decided = request(id()).decide(&[&absent, &delivered()]).unwrap();
    let types: Vec<Vec<_>> = decided
        .iter()
        .map(|events| events.iter().map(Event::event_type).collect())
        .collect();
    assert_eq!(types, [["ReturnRequested"], ["ReturnOpened"]]);
    let (mut state, order) = (after(absent, &decided[0]), after(delivered(), &decided[1]));
    let receive = put(ReturnCommand::Receive(ReceiveReturn {
        receipt_id: uuid(9, 1),
        lines: vec![],
    }));
    for command in [approve(), receive] {
        let decided = command.decide(&[&state]).unwrap();
        state = after(state, &decided[0]);
    }
    let line = InspectedLine {
        line: 1,
        restocked: 1,
        quarantined: 0,
        refused: 0,
        reason: None,
    };
    let inspect = put(ReturnCommand::Inspect(InspectReturn {
        order_id: order_id(1),
        lines: vec![line],
    }));
    let decided = inspect.decide(&[&state, &order]).unwrap();
    state = after(state, &decided[0]);
    let name = placement().lines[0].sku.clone();
    let stocked = State::empty(Category::Stock);
    let decided = book_in(&[name.as_str()])
        .decide(&[&state, &stocked])
        .unwrap();
    let State::Stock(stock) = after(stocked, &decided[1]) else {
        panic!("it is of stock");
    };
    assert_eq!((stock.on_hand, stock.quarantined), (1, 0));
    state = after(state, &decided[0]);
    let again = book_in(&[name.as_str()]).decide(&[&state, &State::Stock(stock)]);
    assert!(again.unwrap().iter().all(Vec::is_empty), "booked in twice");
}

#[test]
fn a_return_says_what_it_allows_and_what_it_is_not() {
    let absent = State::empty(Category::Return);
    let refusal = approve().decide(&[&absent]).unwrap_err();
    assert_eq!(
        (refusal.code.as_str(), refusal.allowed),
        ("RETURN_NOT_FOUND", None)
    );
    let other = request(ReturnId::new(uuid(8, 2)));
    let refusal = other.decide(&[&absent, &delivered()]).unwrap_err();
    assert_eq!(refusal.code, "OTHER_RETURN");
    let nothing = order_after(&[]);
    let refusal = request(id()).decide(&[&absent, &nothing]).unwrap_err();
    assert_eq!(refusal.code, "MORE_THAN_DELIVERED");
    assert_eq!(refusal.pointer.as_deref(), Some("/lines/0/quantity"));
    // It is the order that refuses.
    let allowed = refusal.allowed.unwrap();
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
    let decided = request(id()).decide(&[&absent, &delivered()]).unwrap();
    let state = after(absent, &decided[0]);
    let receive = put(ReturnCommand::Receive(ReceiveReturn {
        receipt_id: uuid(9, 1),
        lines: vec![],
    }));
    let refusal = receive.decide(&[&state]).unwrap_err();
    assert_eq!(refusal.code, "RETURN_STATE");
    assert_eq!(refusal.allowed.unwrap(), ["approve", "decline", "cancel"]);
    let stock = State::empty(Category::Stock);
    let cases: [(Command, &[&State]); 6] = [
        (approve(), &[&state, &nothing]),
        (cancel(), &[&state]),
        (cancel(), &[&state, &stock]),
        (book_in(&["A"]), &[&state]),
        (book_in(&["A"]), &[&state, &nothing]),
        (approve(), &[&stock]),
    ];
    for (command, states) in cases {
        assert_eq!(command.decide(states).unwrap_err().code, "STATE_MISMATCH");
    }
}
