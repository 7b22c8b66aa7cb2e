//! given / when / then of what leaves.

use super::*;

const COMMIT: ReservationStep = ReservationStep::Commit;
const SHIP: ReservationStep = ReservationStep::Ship;

fn shipped(n: usize, (part, parts): (u32, u32), quantity: i64) -> Option<StockEvent> {
    let event = StockShipped {
        order_id: order_id(1),
        epoch: 1,
        location: Location::default(),
        sku: sku(SKUS[n]),
        quantity,
        given_back: 0,
        part,
        parts,
    };
    Some(event.into())
}

#[test]
fn what_was_kept_for_an_order_leaves_with_its_reservation() {
    let (stores, decided) = given([3, 2, 9]).and(RESERVE).and(COMMIT).when(SHIP);
    let all = [(0, 3), (1, 1), (2, 4)];
    let events = all.map(|(n, quantity)| shipped(n, (n as u32 + 1, 3), quantity));
    assert_eq!(decided, Ok(events.to_vec()));
    assert_eq!(stores.sums(), [(0, 0, 0), (1, 0, 0), (5, 0, 0)]);
    let key = (order_id(1), 1);
    for stock in &stores.0 {
        assert!(stock.reservations.is_empty());
        assert_eq!(stock.ended(&key), Some(Ended::Shipped));
    }
}

#[test]
fn what_has_left_is_neither_given_back_nor_kept_nor_reserved() {
    let stores = given([3, 2, 9]).and(RESERVE).and(COMMIT).and(SHIP);
    let left = stores.sums();
    for reason in [
        ReleaseReason::Rejected,
        ReleaseReason::Cancelled,
        ReleaseReason::Expired,
    ] {
        let late = command(1, ReservationStep::Release(reason));
        assert_eq!(across(&stores.0.each_ref(), &late), Ok(vec![None; 3]));
    }
    let (stores, late) = stores.when(RESERVE);
    assert_eq!(late, Ok(vec![None; 3]));
    let (stores, late) = stores.when(COMMIT);
    assert_eq!(late, Err(StockError::NoReservation));
    assert_eq!(stores.sums(), left);
}

#[test]
fn only_what_was_kept_leaves() {
    let refused = Err(StockError::NoReservation);
    assert_eq!(given([9; 3]).when(SHIP).1, refused);
    assert_eq!(given([9; 3]).and(RESERVE).when(SHIP).1, refused);
    let short = given([2, 5, 3]).and(RESERVE);
    assert_eq!(short.when(SHIP).1, refused);
    let given_back = given([9; 3]).and(RESERVE).and(COMMIT).and(RELEASE);
    assert_eq!(given_back.when(SHIP).1, refused);
}

/// A store that was mended by hand might have it so; no decision leads there.
#[test]
fn what_is_left_to_leave_leaves() {
    let Stores([a, b, c]) = given([9; 3]).and(RESERVE).and(COMMIT);
    let a = Stocks::evolve(a, &shipped(0, (1, 3), 3).unwrap());
    let (_, decided) = Stores([a, b, c]).when(SHIP);
    let rest = vec![None, shipped(1, (1, 2), 1), shipped(2, (2, 2), 4)];
    assert_eq!(decided, Ok(rest));
}

/// So many of each SKU are still wanted.
fn reduce_to(wanted: [i64; 3]) -> ReservationCommand {
    let mut command = command(1, ReservationStep::Reduce);
    for (item, quantity) in command.items.iter_mut().zip(wanted) {
        item.lines.truncate(1);
        item.lines[0].quantity = quantity;
        item.lines.retain(|line| line.quantity > 0);
    }
    command
}

fn reduced(
    n: usize,
    (part, parts): (u32, u32),
    (quantity, left): (i64, i64),
) -> Option<StockEvent> {
    let event = ReservationReduced {
        order_id: order_id(1),
        epoch: 1,
        location: Location::default(),
        sku: sku(SKUS[n]),
        quantity,
        left,
        committed: true,
        part,
        parts,
    };
    Some(event.into())
}

#[test]
fn what_is_not_wanted_any_more_is_given_back() {
    let stores = given([3, 2, 9]).and(RESERVE).and(COMMIT);
    // Three, one and four are kept.
    let less = reduce_to([1, 0, 4]);
    let decided = across(&stores.0.each_ref(), &less).unwrap();
    let expected = [reduced(0, (1, 2), (2, 1)), reduced(1, (2, 2), (1, 0)), None];
    assert_eq!(decided, expected);
    let mut after = stores.0.clone();
    for (stock, event) in after.iter_mut().zip(&decided) {
        *stock = event.iter().fold(stock.clone(), Stocks::evolve);
    }
    let sums = after
        .each_ref()
        .map(|stock| (stock.on_hand, stock.committed));
    assert_eq!(sums, [(3, 1), (2, 0), (9, 4)]);
    assert!(after[1].reservations.is_empty());
    // Again, or what came before it, is nothing; and what is kept stays so.
    for command in [less, reduce_to([2, 1, 4]), command(1, COMMIT)] {
        assert_eq!(across(&after.each_ref(), &command), Ok(vec![None; 3]));
    }
    let nobody = given([9; 3]);
    let late = across(&nobody.0.each_ref(), &reduce_to([1, 1, 1]));
    assert_eq!(late, Ok(vec![None; 3]));
}

#[test]
fn no_more_leaves_than_is_in_the_shipment() {
    let stores = given([3, 2, 9]).and(RESERVE).and(COMMIT);
    let mut less = command(1, SHIP);
    less.items[0].lines.truncate(1);
    less.items[0].lines[0].quantity = 1;
    let decided = across(&stores.0.each_ref(), &less).unwrap();
    let Some(StockEvent::StockShipped(mut told)) = decided[0].clone() else {
        panic!("it leaves: {decided:?}");
    };
    assert_eq!(std::mem::take(&mut told.given_back), 2);
    assert_eq!(Some(told.into()), shipped(0, (1, 3), 1));
    let stock = Stocks::evolve(stores.0[0].clone(), decided[0].as_ref().unwrap());
    assert_eq!((stock.on_hand, stock.committed), (2, 0));
}
