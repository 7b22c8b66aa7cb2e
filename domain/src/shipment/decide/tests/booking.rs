//! Goods that did not arrive, and are back.

use super::{
    super::{super::*, book_in_over_stock},
    history, in_each_status, on,
};
use crate::{
    Decider, Location, OrderId, ShipmentId,
    order::{MAX_LINES, MAX_QUANTITY},
    stock::{StockEvent, StockRecovered},
    testing::{order_id, sku},
};
use ShipmentStatus as S;

fn of() -> (OrderId, ShipmentId) {
    let order = order_id(1);
    (order, ShipmentId::of(order, &Location::default()))
}

fn found(line: u32, restocked: i64, quarantined: i64) -> FoundLine {
    FoundLine {
        line,
        restocked,
        quarantined,
    }
}

fn book_in(skus: &[&str], lines: Vec<FoundLine>) -> ShipmentCommand {
    ShipmentCommand::BookIn(BookInShipment {
        location: Location::default(),
        skus: skus.iter().map(|name| sku(name)).collect(),
        lines,
        reason: Some("it came back".into()),
    })
}

/// All of it came back.
pub(super) fn book_in_all() -> ShipmentCommand {
    book_in(&["A", "B"], vec![found(1, 1, 1), found(2, 1, 0)])
}

/// What that leads to.
pub(super) fn all_back() -> ShipmentEvent {
    booked_in(&[(1, "A", 1, 1), (2, "B", 1, 0)])
}

fn booked_in(lines: &[(u32, &str, i64, i64)]) -> ShipmentEvent {
    let (order_id, shipment_id) = of();
    let line = |(line, name, restocked, quarantined): &(u32, &str, i64, i64)| RecoveredLine {
        line: *line,
        sku: sku(name),
        restocked: *restocked,
        quarantined: *quarantined,
    };
    ShipmentBookedIn {
        order_id,
        shipment_id,
        location: Location::default(),
        lines: lines.iter().map(line).collect(),
        reason: Some("it came back".into()),
    }
    .into()
}

#[test]
fn what_did_not_arrive_and_came_back_is_booked_in_once() {
    in_each_status(
        &book_in_all(),
        "book it in",
        &[(S::Lost, all_back()), (S::ReturnedToSender, all_back())],
        &[S::BookedIn],
    );
    // Some of it, or other goods, after that is another thing.
    let some = book_in(&["B"], vec![found(2, 0, 1)]);
    let refused = ShipmentError::State {
        status: S::BookedIn,
        command: "book it in",
    };
    on(&history(S::BookedIn), &some).then_refused(refused);
    on(&history(S::Lost), &some).then([booked_in(&[(2, "B", 0, 1)])]);
}

#[test]
fn no_more_comes_back_than_had_left() {
    let history = history(S::ReturnedToSender);
    for (lines, line, quantity, found_) in [
        (vec![found(1, 2, 1)], 1, 2, 3),
        (vec![found(1, 1, 0), found(2, 0, 2)], 2, 1, 2),
        (vec![found(3, 1, 0)], 3, 0, 1),
    ] {
        let refused = ShipmentError::MoreThanLeft {
            line,
            quantity,
            found: found_,
        };
        on(&history, &book_in(&["A"], lines)).then_refused(refused);
    }
    let others = book_in(&["B"], vec![found(1, 1, 0)]);
    on(&history, &others).then_refused(ShipmentError::OtherGoods);
}

#[test]
fn what_came_back_is_told_as_it_must_be() {
    let refused = ShipmentError::Found {
        max: MAX_LINES,
        quantity: MAX_QUANTITY,
    };
    for lines in [
        vec![],
        vec![found(1, 0, 0)],
        vec![found(1, -1, 2)],
        vec![found(2, 1, 0), found(1, 1, 0)],
        vec![found(1, 1, 0), found(1, 1, 0)],
        vec![found(1, i64::MAX, i64::MAX)],
    ] {
        on(&[], &book_in(&["A"], lines)).then_refused(refused.clone());
    }
}

#[test]
fn what_came_back_is_in_the_stock_at_once() {
    let state = Shipments::fold(&history(S::ReturnedToSender));
    let ShipmentCommand::BookIn(command) = book_in_all() else {
        panic!("it is that");
    };
    let (events, stocks) = book_in_over_stock(&state, &command).unwrap();
    assert_eq!(events, [all_back()]);
    let (order_id, shipment_id) = of();
    let recovered = |name: &str, restocked, quarantined| -> Vec<StockEvent> {
        let recovered = StockRecovered {
            order_id,
            shipment_id,
            location: Location::default(),
            sku: sku(name),
            restocked,
            quarantined,
        };
        vec![recovered.into()]
    };
    assert_eq!(stocks, [recovered("A", 1, 1), recovered("B", 1, 0)]);
    let state = events.iter().fold(state, Shipments::evolve);
    let again = book_in_over_stock(&state, &command).unwrap();
    assert_eq!(again, (vec![], vec![vec![], vec![]]));
}
