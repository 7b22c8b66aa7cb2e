//! Where stock is looked for at several places.

use super::*;
use crate::{
    MAX_PARCELS,
    stock::{BackorderLimitSet, Backordered},
};

fn place(name: &str) -> Location {
    Location::parse(name).expect("tests name valid places")
}

const PLACES: [&str; 3] = ["main", "east", "west"];

/// So many of A and of B at each of the places, and so many more that may be promised.
struct Shop(Vec<Stock>);

fn shop(there: [[i64; 2]; 3], limits: [i64; 3]) -> Shop {
    let mut stocks = vec![];
    for (n, at) in PLACES.into_iter().enumerate() {
        for (m, quantity) in there[n].into_iter().enumerate() {
            let received = StockReceived {
                receipt_id: uuid(1, 1),
                location: place(at),
                sku: sku(SKUS[m]),
                quantity,
                reference: None,
            };
            let limit = BackorderLimitSet {
                location: place(at),
                sku: sku(SKUS[m]),
                limit: limits[n],
            };
            stocks.push(Stocks::fold(&[received.into(), limit.into()]));
        }
    }
    Shop(stocks)
}

/// An order takes 3 of A and 2 of B.
fn of(step: ReservationStep) -> ReservationCommand {
    let mut command = command(1, step);
    command.items.truncate(2);
    command.items[1].lines[0].quantity = 2;
    command.further = PLACES[1..].iter().map(|at| place(at)).collect();
    command
}

impl Shop {
    /// Puts a step, and, if it was accepted, once more: that leads to nothing.
    #[track_caller]
    fn when(self, command: &ReservationCommand) -> (Self, Result<Vec<StockEvent>, StockError>) {
        let stocks: Vec<&Stock> = self.0.iter().collect();
        let decided = for_order(&stocks, command, None);
        let all = decided.clone().unwrap_or_else(|_| vec![vec![]; 6]);
        let after = self.0.iter().zip(&all);
        let after = after.map(|(stock, events)| events.iter().fold(stock.clone(), Stocks::evolve));
        let after = Self(after.collect());
        if decided.is_ok() {
            let stocks: Vec<&Stock> = after.0.iter().collect();
            let again = for_order(&stocks, command, None);
            assert_eq!(again, Ok(vec![vec![]; 6]), "put again, it leads to nothing");
        }
        (after, decided.map(|events| events.concat()))
    }

    #[track_caller]
    fn and(self, step: ReservationStep) -> Self {
        let (after, decided) = self.when(&of(step));
        assert!(decided.is_ok(), "{decided:?}");
        after
    }
}

/// What happened, where, as which part.
fn told(decided: &Result<Vec<StockEvent>, StockError>) -> Vec<(&str, &str, &str)> {
    let events = decided.as_ref().unwrap().iter();
    events
        .map(|event| {
            let (at, sku) = event.of();
            (event.event_type(), at.as_str(), sku.as_str())
        })
        .collect()
}

#[test]
fn the_first_place_that_has_all_of_it_has_it() {
    for (there, at) in [
        ([[3, 2], [3, 2], [9, 9]], "main"),
        ([[2, 2], [3, 2], [9, 9]], "east"),
        ([[9, 1], [2, 9], [3, 2]], "west"),
    ] {
        let (after, decided) = shop(there, [0; 3]).when(&of(RESERVE));
        let both = [("StockReserved", at, "A"), ("StockReserved", at, "B")];
        assert_eq!(told(&decided), both);
        let held = after.0.iter().filter(|stock| stock.reserved > 0);
        assert_eq!(held.count(), 2, "at one place");
    }
}

#[test]
fn what_is_there_goes_before_what_may_be_promised() {
    let (_, decided) = shop([[2, 2], [0, 0], [3, 2]], [9; 3]).when(&of(RESERVE));
    let both = [
        ("StockReserved", "west", "A"),
        ("StockReserved", "west", "B"),
    ];
    assert_eq!(told(&decided), both);
    let (after, decided) = shop([[2, 2], [0, 0], [3, 1]], [0, 9, 9]).when(&of(RESERVE));
    let east = [
        ("StockReserved", "east", "A"),
        ("Backordered", "east", "A"),
        ("StockReserved", "east", "B"),
        ("Backordered", "east", "B"),
    ];
    assert_eq!(told(&decided), east);
    assert_eq!((after.0[2].backordered, after.0[3].backordered), (3, 2));
    let late = decided.unwrap().into_iter().nth(1);
    let expected = Backordered {
        order_id: order_id(1),
        epoch: 1,
        location: place("east"),
        sku: sku("A"),
        quantity: 3,
    };
    assert_eq!(late, Some(expected.into()));
}

#[test]
fn what_no_place_has_all_of_is_rejected_at_the_first() {
    let (after, decided) = shop([[2, 9], [9, 1], [0, 0]], [0; 3]).when(&of(RESERVE));
    assert_eq!(told(&decided), [("StockReservationRejected", "main", "A")]);
    assert!(after.0.iter().all(|stock| stock.reservations.is_empty()));
    // Whatever comes in later, that attempt has its answer.
    let later = Shop(
        after
            .0
            .iter()
            .map(|_| Stock {
                on_hand: 99,
                ..after.0[0].clone()
            })
            .collect(),
    );
    let (_, decided) = later.when(&of(RESERVE));
    assert_eq!(decided, Ok(vec![]));
}

#[test]
fn it_is_kept_left_and_given_back_where_it_is() {
    let reserved = || shop([[0, 0], [3, 2], [9, 9]], [0; 3]).and(RESERVE);
    let (after, decided) = reserved().when(&of(ReservationStep::Commit));
    let kept = [
        ("ReservationCommitted", "east", "A"),
        ("ReservationCommitted", "east", "B"),
    ];
    assert_eq!(told(&decided), kept);
    let (_, decided) = Shop(after.0.clone()).when(&of(RELEASE));
    let released = [
        ("ReservationReleased", "east", "A"),
        ("ReservationReleased", "east", "B"),
    ];
    assert_eq!(told(&decided), released);
    let mut fewer = of(ReservationStep::Reduce);
    fewer.items[0].lines.truncate(1);
    let (after, decided) = after.when(&fewer);
    assert_eq!(told(&decided), [("ReservationReduced", "east", "A")]);
    let (after, decided) = after.when(&of(ReservationStep::Ship));
    let shipped = [("StockShipped", "east", "A"), ("StockShipped", "east", "B")];
    assert_eq!(told(&decided), shipped);
    for (step, expected) in [
        (RESERVE, Ok(vec![])),
        (RELEASE, Ok(vec![])),
        (ReservationStep::Commit, Err(StockError::NoReservation)),
    ] {
        let (_, decided) = Shop(after.0.clone()).when(&of(step));
        assert_eq!(decided, expected, "{step:?}");
    }
}

#[test]
fn a_release_that_comes_first_says_so_at_the_first_place() {
    let (after, decided) = shop([[2, 2], [3, 2], [9, 9]], [0; 3]).when(&of(RELEASE));
    let both = [
        ("ReservationReleased", "main", "A"),
        ("ReservationReleased", "main", "B"),
    ];
    assert_eq!(told(&decided), both);
    let (_, decided) = after.when(&of(RESERVE));
    assert_eq!(decided, Err(StockError::Released));
}

#[test]
fn no_more_is_looked_at_than_one_decision_may() {
    let items = |count: usize| {
        let item = |n: usize| ReservationItem {
            sku: sku(&format!("S-{n:04}")),
            lines: vec![ReservationLine {
                line: 1,
                quantity: 1,
            }],
        };
        (0..count).map(item).collect()
    };
    let refused = |count: usize, places: usize| {
        let mut command = of(RESERVE);
        command.items = items(count);
        command.further = (1..places).map(|n| place(&format!("p-{n}"))).collect();
        let stocks = vec![Stock::default(); count * places];
        across(&stocks.iter().collect::<Vec<_>>(), &command).is_err()
    };
    assert!(!refused(1_000, 1) && !refused(500, 2) && !refused(62, 16));
    assert!(refused(501, 2) && refused(63, 16));
}

#[test]
fn each_place_is_named_once() {
    let stocks = vec![Stock::default(); 40];
    let stocks: Vec<&Stock> = stocks.iter().collect();
    let error = Err(StockError::Places {
        max: 16,
        all: 1_000,
    });
    let mut twice = of(RESERVE);
    twice.further[1] = Location::default();
    assert_eq!(across(&stocks[..6], &twice), error);
    let mut many = of(RESERVE);
    many.further = (0..16).map(|n| place(&format!("p-{n}"))).collect();
    assert_eq!(across(&stocks[..34], &many), error);
}

const SPLIT: ReservationStep = match RESERVE {
    ReservationStep::Reserve { until, .. } => ReservationStep::Reserve { until, split: true },
    other => other,
};

/// How many places each reservation says that there are.
fn parcels(decided: &Result<Vec<StockEvent>, StockError>) -> Vec<u32> {
    let events = decided.as_ref().unwrap().iter();
    let reserved = events.filter_map(|event| match event {
        StockEvent::StockReserved(reserved) => Some(reserved.parcels),
        _ => None,
    });
    reserved.collect()
}

#[test]
fn what_no_place_has_all_of_is_had_at_several_each_sku_at_one() {
    for (there, at) in [
        ([[2, 2], [3, 1], [0, 0]], ["main", "east"]),
        ([[0, 0], [9, 1], [2, 2]], ["east", "west"]),
        // Of places that have as many, the first.
        ([[3, 1], [3, 0], [0, 2]], ["main", "west"]),
    ] {
        let (after, decided) = shop(there, [0; 3]).when(&of(SPLIT));
        let mut expected = [(at[0], "A"), (at[1], "B")];
        if at == ["main", "east"] {
            expected = [(at[0], "B"), (at[1], "A")];
        }
        let expected = expected.map(|(at, sku)| ("StockReserved", at, sku));
        assert_eq!(told(&decided), expected);
        assert_eq!(parcels(&decided), [2, 2]);
        let held = after.0.iter().filter(|stock| stock.reserved > 0);
        assert_eq!(held.count(), 2);
    }
}

#[test]
fn what_one_place_has_is_not_split() {
    let (_, decided) = shop([[3, 0], [0, 2], [3, 2]], [0; 3]).when(&of(SPLIT));
    let west = [
        ("StockReserved", "west", "A"),
        ("StockReserved", "west", "B"),
    ];
    assert_eq!(told(&decided), west);
    assert_eq!(parcels(&decided), [1, 1]);
    // Nor is what is not to be.
    let (_, decided) = shop([[2, 2], [3, 1], [0, 0]], [0; 3]).when(&of(RESERVE));
    assert_eq!(told(&decided), [("StockReservationRejected", "main", "A")]);
}

#[test]
fn what_is_there_at_several_goes_before_what_may_be_promised() {
    let (_, decided) = shop([[2, 2], [3, 1], [0, 0]], [9; 3]).when(&of(SPLIT));
    assert_eq!(parcels(&decided), [2, 2]);
    // What is nowhere is promised, and then all of it waits at one place.
    let (_, decided) = shop([[2, 2], [2, 1], [0, 0]], [0, 9, 9]).when(&of(SPLIT));
    let east = [
        ("StockReserved", "east", "A"),
        ("Backordered", "east", "A"),
        ("StockReserved", "east", "B"),
        ("Backordered", "east", "B"),
    ];
    assert_eq!(told(&decided), east);
    let (_, decided) = shop([[2, 2], [2, 1], [0, 0]], [0; 3]).when(&of(SPLIT));
    assert_eq!(told(&decided), [("StockReservationRejected", "main", "A")]);
    // Of what is at another place there is not too little.
    let (_, decided) = shop([[0, 0], [9, 1], [0, 0]], [0; 3]).when(&of(SPLIT));
    assert_eq!(told(&decided), [("StockReservationRejected", "main", "B")]);
    let (_, decided) = shop([[0, 0], [9, 1], [0, 0]], [0; 3]).when(&of(RESERVE));
    let both = ["A", "B"].map(|name| ("StockReservationRejected", "main", name));
    assert_eq!(told(&decided), both);
}

#[test]
fn an_order_leaves_in_so_many_parcels_at_most() {
    let places = MAX_PARCELS + 1;
    let reserved = |skus: usize| {
        let item = |n: usize| ReservationItem {
            sku: sku(&format!("S-{n}")),
            lines: vec![ReservationLine {
                line: 1,
                quantity: 1,
            }],
        };
        let mut command = of(SPLIT);
        command.items = (0..skus).map(item).collect();
        command.further = (1..places).map(|n| place(&format!("p-{n}"))).collect();
        // Each place has one of them.
        let stock = |n: usize| Stock {
            on_hand: i64::from(n / skus == n % skus),
            ..Stock::default()
        };
        let stocks: Vec<Stock> = (0..skus * places).map(stock).collect();
        let decided = across(&stocks.iter().collect::<Vec<_>>(), &command).unwrap();
        let reserved = decided.iter().flatten();
        reserved
            .filter(|event| event.event_type() == "StockReserved")
            .count()
    };
    assert_eq!(reserved(MAX_PARCELS), MAX_PARCELS);
    assert_eq!(reserved(MAX_PARCELS + 1), 0);
}

#[test]
fn what_is_at_several_places_is_kept_left_and_given_back_there() {
    let reserved = || shop([[2, 2], [3, 1], [0, 0]], [0; 3]).and(SPLIT);
    let (after, decided) = reserved().when(&of(ReservationStep::Commit));
    let kept = [
        ("ReservationCommitted", "main", "B"),
        ("ReservationCommitted", "east", "A"),
    ];
    assert_eq!(told(&decided), kept);
    let (_, decided) = Shop(after.0.clone()).when(&of(RELEASE));
    let released = [
        ("ReservationReleased", "main", "B"),
        ("ReservationReleased", "east", "A"),
    ];
    assert_eq!(told(&decided), released);
    // One parcel leaves, and of the other nothing is wanted any more.
    let mut nothing = of(ReservationStep::Reduce);
    nothing.items[0].lines.clear();
    let (after, decided) = after.when(&nothing);
    assert_eq!(told(&decided), [("ReservationReduced", "east", "A")]);
    let stocks: Vec<&Stock> = after.0[..2].iter().collect();
    let mut left = of(ReservationStep::Ship);
    left.further.clear();
    left.items.remove(0);
    let decided = across(&stocks[1..], &left).unwrap();
    assert_eq!(decided.iter().flatten().count(), 1);
}
