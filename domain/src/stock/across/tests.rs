//! given / when / then over the SKUs A, B and C of one order.

mod places;
mod ship;

use super::{super::*, *};
use crate::{
    Decider, Location,
    testing::{order_id, sku, uuid},
};

const SKUS: [&str; 3] = ["A", "B", "C"];
const RESERVE: ReservationStep = ReservationStep::Reserve {
    until: DateTime::UNIX_EPOCH,
    split: false,
};
const RELEASE: ReservationStep = ReservationStep::Release(ReleaseReason::Cancelled);

/// The stocks of A, B and C, of which so many are there.
struct Stores([Stock; 3]);

fn given(on_hand: [i64; 3]) -> Stores {
    let stock = |(n, quantity): (usize, i64)| {
        let received = StockReceived {
            receipt_id: uuid(1, n as u64),
            location: Location::default(),
            sku: sku(SKUS[n]),
            quantity,
            reference: None,
        };
        Stocks::fold(&[received.into()])
    };
    let mut n = 0;
    Stores(on_hand.map(|quantity| {
        n += 1;
        stock((n - 1, quantity))
    }))
}

impl Stores {
    /// Puts a step of order 1, and, if it was accepted, once more: that leads to nothing.
    #[track_caller]
    fn when(self, step: ReservationStep) -> (Self, Decision) {
        self.when_of(&command(1, step))
    }

    #[track_caller]
    fn when_of(self, command: &ReservationCommand) -> (Self, Decision) {
        let decided = across(&self.0.each_ref(), command);
        let mut events = decided
            .clone()
            .unwrap_or_else(|_| vec![None; 3])
            .into_iter();
        let stores = Self(self.0.map(|stock| match events.next().flatten() {
            Some(event) => Stocks::evolve(stock, &event),
            None => stock,
        }));
        if decided.is_ok() {
            let again = across(&stores.0.each_ref(), command);
            assert_eq!(again, Ok(vec![None; 3]), "put again, it leads to nothing");
        }
        (stores, decided)
    }

    /// Puts a step that is known to be accepted.
    #[track_caller]
    fn and(self, step: ReservationStep) -> Self {
        let (stores, decided) = self.when(step);
        assert!(decided.is_ok(), "{decided:?}");
        stores
    }

    fn sums(&self) -> [(i64, i64, i64); 3] {
        let sums = |stock: &Stock| (stock.on_hand, stock.reserved, stock.committed);
        self.0.each_ref().map(sums)
    }
}

fn items() -> Vec<ReservationItem> {
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
    vec![
        item("A", &[(1, 2), (3, 1)]),
        item("B", &[(2, 1)]),
        item("C", &[(4, 4)]),
    ]
}

fn command(order: u64, step: ReservationStep) -> ReservationCommand {
    ReservationCommand {
        order_id: order_id(order),
        epoch: 1,
        location: Location::default(),
        further: vec![],
        items: items(),
        step,
    }
}

fn reserved(n: usize, quantity: i64) -> Option<StockEvent> {
    let event = StockReserved {
        order_id: order_id(1),
        epoch: 1,
        location: Location::default(),
        sku: sku(SKUS[n]),
        quantity,
        lines: items()[n].lines.clone(),
        until: DateTime::UNIX_EPOCH,
        part: n as u32 + 1,
        parts: 3,
        parcels: 1,
    };
    Some(event.into())
}

fn released(
    n: usize,
    (part, parts): (u32, u32),
    quantity: i64,
    committed: bool,
) -> Option<StockEvent> {
    let event = ReservationReleased {
        order_id: order_id(1),
        epoch: 1,
        location: Location::default(),
        sku: sku(SKUS[n]),
        quantity,
        committed,
        reason: ReleaseReason::Cancelled,
        part,
        parts,
    };
    Some(event.into())
}

fn committed(n: usize, quantity: i64) -> Option<StockEvent> {
    let event = ReservationCommitted {
        order_id: order_id(1),
        epoch: 1,
        location: Location::default(),
        sku: sku(SKUS[n]),
        quantity,
        part: n as u32 + 1,
        parts: 3,
    };
    Some(event.into())
}

fn rejected(
    n: usize,
    (part, parts): (u32, u32),
    requested: i64,
    available: i64,
) -> Option<StockEvent> {
    let event = StockReservationRejected {
        order_id: order_id(1),
        epoch: 1,
        location: Location::default(),
        sku: sku(SKUS[n]),
        requested,
        available,
        part,
        parts,
    };
    Some(event.into())
}

#[test]
fn all_skus_are_reserved_with_the_last_of_them_if_need_be() {
    let (stores, decided) = given([3, 1, 9]).when(RESERVE);
    assert_eq!(
        decided,
        Ok(vec![reserved(0, 3), reserved(1, 1), reserved(2, 4)])
    );
    assert_eq!(stores.sums(), [(3, 3, 0), (1, 1, 0), (9, 4, 0)]);
}

#[test]
fn none_is_reserved_if_one_falls_short() {
    let (stores, decided) = given([2, 5, 3]).when(RESERVE);
    let short = vec![rejected(0, (1, 2), 3, 2), None, rejected(2, (2, 2), 4, 3)];
    assert_eq!(decided, Ok(short));
    assert_eq!(stores.sums(), [(2, 0, 0), (5, 0, 0), (3, 0, 0)]);
}

#[test]
fn what_was_rejected_stays_rejected_when_goods_come_in() {
    let (Stores([a, b, c]), _) = given([2, 5, 3]).when(RESERVE);
    let more = |stock| {
        let event = StockReceived {
            receipt_id: uuid(2, 1),
            location: Location::default(),
            sku: sku("A"),
            quantity: 100,
            reference: None,
        };
        Stocks::evolve(stock, &event.into())
    };
    let (_, decided) = Stores([more(a), more(b), more(c)]).when(RESERVE);
    assert_eq!(decided, Ok(vec![None; 3]));
}

#[test]
fn another_order_gets_what_is_left() {
    let stores = given([6, 2, 7]).and(RESERVE);
    let (_, decided) = stores.when_of(&command(2, RESERVE));
    let available = decided.unwrap().into_iter().flatten().next();
    let Some(StockEvent::StockReservationRejected(event)) = available else {
        panic!("{available:?}");
    };
    assert_eq!(
        (event.sku, event.requested, event.available),
        (sku("C"), 4, 3)
    );
}

#[test]
fn a_reservation_is_kept_for_good() {
    let (stores, decided) = given([3, 1, 9]).and(RESERVE).when(ReservationStep::Commit);
    assert_eq!(
        decided,
        Ok(vec![committed(0, 3), committed(1, 1), committed(2, 4)])
    );
    assert_eq!(stores.sums(), [(3, 0, 3), (1, 0, 1), (9, 0, 4)]);
    let (_, late) = stores.when(RESERVE);
    assert_eq!(late, Ok(vec![None; 3]));
}

#[test]
fn only_what_is_reserved_can_be_kept() {
    let no_reservation = Err(StockError::NoReservation);
    assert_eq!(
        given([9; 3]).when(ReservationStep::Commit).1,
        no_reservation
    );
    let short = given([2, 5, 3]).and(RESERVE);
    assert_eq!(short.when(ReservationStep::Commit).1, no_reservation);
    let given_back = given([9; 3]).and(RESERVE).and(RELEASE);
    assert_eq!(given_back.when(ReservationStep::Commit).1, no_reservation);
}

#[test]
fn a_reservation_is_given_back() {
    let (stores, decided) = given([3, 1, 9]).and(RESERVE).when(RELEASE);
    let all = [(0, 3), (1, 1), (2, 4)];
    let events = |was| {
        all.map(|(n, q)| released(n, (n as u32 + 1, 3), q, was))
            .to_vec()
    };
    assert_eq!(decided, Ok(events(false)));
    assert_eq!(stores.sums(), [(3, 0, 0), (1, 0, 0), (9, 0, 0)]);

    let kept = given([3, 1, 9]).and(RESERVE).and(ReservationStep::Commit);
    let (stores, decided) = kept.when(RELEASE);
    assert_eq!(decided, Ok(events(true)));
    assert_eq!(stores.sums(), [(3, 0, 0), (1, 0, 0), (9, 0, 0)]);
}

#[test]
fn a_second_release_is_nothing_whatever_its_reason() {
    let stores = given([9; 3]).and(RESERVE).and(RELEASE);
    for reason in [
        ReleaseReason::Rejected,
        ReleaseReason::Cancelled,
        ReleaseReason::Expired,
    ] {
        let again = across(
            &stores.0.each_ref(),
            &command(1, ReservationStep::Release(reason)),
        );
        assert_eq!(again, Ok(vec![None; 3]));
    }
}

#[test]
fn a_reservation_expires() {
    let expired = ReservationStep::Release(ReleaseReason::Expired);
    let (stores, decided) = given([3, 1, 9]).and(RESERVE).when(expired);
    let quantities: Vec<_> = decided
        .unwrap()
        .into_iter()
        .flatten()
        .map(|event| match event {
            StockEvent::ReservationExpired(event) => (event.quantity, event.part, event.parts),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(quantities, [(3, 1, 3), (1, 2, 3), (4, 3, 3)]);
    assert_eq!(stores.sums(), [(3, 0, 0), (1, 0, 0), (9, 0, 0)]);
}

#[test]
fn a_release_that_comes_first_leaves_tombstones_and_the_late_reservation_is_refused() {
    let (stores, decided) = given([9; 3]).when(RELEASE);
    let tombstones = (0..3)
        .map(|n| released(n, (n as u32 + 1, 3), 0, false))
        .collect();
    assert_eq!(decided, Ok(tombstones));
    let (stores, late) = stores.when(RESERVE);
    assert_eq!(late, Err(StockError::Released));
    assert_eq!(stores.sums(), [(9, 0, 0); 3]);
}

#[test]
fn after_a_rejection_only_the_others_need_a_tombstone() {
    let (_, decided) = given([9, 0, 9]).and(RESERVE).when(RELEASE);
    let tombstones = vec![
        released(0, (1, 2), 0, false),
        None,
        released(2, (2, 2), 0, false),
    ];
    assert_eq!(decided, Ok(tombstones));
}

#[test]
fn each_attempt_of_an_order_is_a_reservation_of_its_own() {
    let stores = given([9; 3]).and(RESERVE).and(RELEASE);
    let second = ReservationCommand {
        epoch: 2,
        ..command(1, RESERVE)
    };
    let (stores, decided) = stores.when_of(&second);
    assert!(decided.unwrap().iter().all(Option::is_some));
    assert_eq!(stores.sums(), [(9, 3, 0), (9, 1, 0), (9, 4, 0)]);
}

#[test]
fn odd_reservations_are_refused_at_every_step() {
    let wrong = Err(StockError::Items { max: MAX_QUANTITY });
    let with = |change: fn(&mut Vec<ReservationItem>)| {
        for step in [
            RESERVE,
            ReservationStep::Commit,
            ReservationStep::Ship,
            RELEASE,
        ] {
            let mut odd = command(1, step);
            change(&mut odd.items);
            assert_eq!(given([9; 3]).when_of(&odd).1, wrong, "{odd:?}");
        }
    };
    with(|items| items.clear());
    with(|items| items.swap(0, 1));
    with(|items| items[1] = items[0].clone());
    // Nothing of a SKU is nothing to give back, and nothing that could be kept.
    for step in [RESERVE, ReservationStep::Commit, ReservationStep::Ship] {
        let mut odd = command(1, step);
        odd.items[2].lines.clear();
        assert_eq!(given([9; 3]).when_of(&odd).1, wrong, "{odd:?}");
    }
    with(|items| items[2].lines[0].quantity = 0);
    with(|items| items[0].lines[0].quantity = -5);
    with(|items| items[0].lines[0].quantity = i64::MAX);
}

#[test]
fn only_the_latest_ends_are_remembered() {
    let mut stock = Stock::default();
    for n in 0..5_000 {
        let event = ReservationReleased {
            order_id: order_id(n),
            epoch: 1,
            location: Location::default(),
            sku: sku("A"),
            quantity: 0,
            committed: false,
            reason: ReleaseReason::Cancelled,
            part: 1,
            parts: 1,
        };
        stock = Stocks::evolve(stock, &event.into());
    }
    assert_eq!(stock.ended(&(order_id(0), 1)), None);
    assert_eq!(stock.ended(&(order_id(3_975), 1)), None);
    assert_eq!(stock.ended(&(order_id(3_976), 1)), Some(Ended::Released));
    assert_eq!(stock.ended(&(order_id(4_999), 1)), Some(Ended::Released));
}
