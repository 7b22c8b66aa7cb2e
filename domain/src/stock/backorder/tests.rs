//! given / when / then of what is promised before it is there.

mod many;

use super::{super::*, with_backorders};
use crate::{
    Decider, Location,
    testing::{at, given, order_id, sku, uuid},
};

fn main() -> Location {
    Location::default()
}

fn receive(n: u64, quantity: i64) -> StockCommand {
    StockCommand::Receive(ReceiveStock {
        receipt_id: uuid(1, n),
        location: main(),
        sku: sku("A"),
        quantity,
        reference: None,
    })
}

fn received(n: u64, quantity: i64) -> StockEvent {
    StockReceived {
        receipt_id: uuid(1, n),
        location: main(),
        sku: sku("A"),
        quantity,
        reference: None,
    }
    .into()
}

fn set_limit(limit: i64) -> StockCommand {
    StockCommand::SetBackorderLimit(SetBackorderLimit {
        location: main(),
        sku: sku("A"),
        limit,
    })
}

fn limit_set(limit: i64) -> StockEvent {
    BackorderLimitSet {
        location: main(),
        sku: sku("A"),
        limit,
    }
    .into()
}

fn adjust(n: u64, delta: i64) -> StockCommand {
    StockCommand::Adjust(AdjustStock {
        adjustment_id: uuid(2, n),
        location: main(),
        sku: sku("A"),
        delta,
        reason: "counted".into(),
    })
}

fn adjusted(n: u64, delta: i64) -> StockEvent {
    StockAdjusted {
        adjustment_id: uuid(2, n),
        location: main(),
        sku: sku("A"),
        delta,
        reason: "counted".into(),
    }
    .into()
}

fn reserved(order: u64, quantity: i64) -> StockEvent {
    StockReserved {
        order_id: order_id(order),
        epoch: 1,
        location: main(),
        sku: sku("A"),
        quantity,
        lines: vec![ReservationLine { line: 1, quantity }],
        until: at(900),
        part: 1,
        parts: 1,
        parcels: 1,
    }
    .into()
}

fn backordered(order: u64, quantity: i64) -> StockEvent {
    Backordered {
        order_id: order_id(order),
        epoch: 1,
        location: main(),
        sku: sku("A"),
        quantity,
    }
    .into()
}

fn covered(order: u64, quantity: i64, left: i64) -> StockEvent {
    BackorderCovered {
        order_id: order_id(order),
        epoch: 1,
        location: main(),
        sku: sku("A"),
        quantity,
        left,
        more: false,
    }
    .into()
}

fn dropped(order: u64, quantity: i64, left: i64) -> StockEvent {
    BackorderDropped {
        order_id: order_id(order),
        epoch: 1,
        location: main(),
        sku: sku("A"),
        quantity,
        left,
    }
    .into()
}

/// A step of an order that takes so many of A.
fn of(order: u64, quantity: i64, step: ReservationStep) -> ReservationCommand {
    ReservationCommand {
        order_id: order_id(order),
        epoch: 1,
        location: main(),
        further: vec![],
        items: vec![ReservationItem {
            sku: sku("A"),
            lines: vec![ReservationLine { line: 1, quantity }],
        }],
        step,
    }
}

const fn reserve() -> ReservationStep {
    ReservationStep::Reserve {
        until: chrono::DateTime::UNIX_EPOCH,
        split: false,
    }
}

/// What a step leads to in a stock with such a history; put again, it leads to nothing.
#[track_caller]
fn step(
    history: &[StockEvent],
    command: &ReservationCommand,
) -> (Stock, Result<Vec<StockEvent>, StockError>) {
    let before = Stocks::fold(history);
    let decided = for_order(&[&before], command, None).map(|events| events.concat());
    let events = decided.as_deref().unwrap_or_default();
    let after = events.iter().fold(before, Stocks::evolve);
    if decided.is_ok() {
        let again = for_order(&[&after], command, None);
        assert_eq!(again, Ok(vec![vec![]]), "put again, it leads to nothing");
    }
    (after, decided)
}

/// Three are there and five more may be promised: order 1 has 2 and 2 are still to come for order 2.
fn waiting() -> Vec<StockEvent> {
    vec![
        received(1, 3),
        limit_set(5),
        reserved(1, 2),
        reserved(2, 3),
        backordered(2, 2),
    ]
}

#[test]
fn a_limit_is_set_within_what_it_may_be() {
    for limit in [1, 5, 1_000_000] {
        let state = given::<Stocks>([])
            .when(set_limit(limit))
            .then([limit_set(limit)]);
        assert_eq!((state.available(), state.reservable()), (0, limit));
    }
    given::<Stocks>([]).when(set_limit(0)).then_nothing();
    for limit in [-1, 1_000_001, i64::MIN, i64::MAX] {
        let error = StockError::Limit { max: 1_000_000 };
        given::<Stocks>([])
            .when(set_limit(limit))
            .then_refused(error);
    }
}

#[test]
fn a_limit_is_for_what_is_promised_from_now_on() {
    let state = given::<Stocks>(waiting())
        .when(set_limit(0))
        .then([limit_set(0)]);
    assert_eq!(
        (state.reservable(), state.backordered),
        (0, 2),
        "it waits on"
    );
    let history = [waiting(), vec![limit_set(1)]].concat();
    let (_, decided) = step(&history, &of(3, 1, reserve()));
    let decided = decided.unwrap();
    let [StockEvent::StockReservationRejected(rejected)] = &decided[..] else {
        panic!("{decided:?}");
    };
    assert_eq!(rejected.available, 0);
    let state = given::<Stocks>(waiting())
        .when(set_limit(2))
        .then([limit_set(2)]);
    assert_eq!(state.reservable(), 0);
}

#[test]
fn what_is_not_there_is_promised_up_to_the_limit() {
    let history = [received(1, 3), limit_set(5)];
    let mine = |quantity| {
        let events = with_backorders(&Stocks::fold(&history), vec![reserved(1, quantity)]);
        (step(&history, &of(1, quantity, reserve())), events)
    };
    let ((state, decided), _) = mine(3);
    assert_eq!(decided.unwrap().len(), 1, "all of it is there");
    assert_eq!((state.available(), state.backordered), (0, 0));
    let ((state, decided), events) = mine(8);
    assert_eq!(decided.unwrap().len(), 2);
    assert_eq!(events, [reserved(1, 8), backordered(1, 5)]);
    assert_eq!((state.available(), state.backordered), (-5, 5));
    assert_eq!((state.free(), state.reservable()), (0, 0));
    let ((state, decided), _) = mine(9);
    let rejected = decided.unwrap();
    let [StockEvent::StockReservationRejected(rejected)] = &rejected[..] else {
        panic!("{rejected:?}");
    };
    assert_eq!((rejected.requested, rejected.available), (9, 8));
    assert_eq!((state.reserved, state.backordered), (0, 0));
}

#[test]
fn who_comes_later_waits_for_all_of_it() {
    let (state, decided) = step(&waiting(), &of(3, 2, reserve()));
    assert_eq!(decided.unwrap()[1], backordered(3, 2));
    let waits = |order| state.reservations[&(order_id(order), 1)].waits_for;
    assert_eq!([waits(1), waits(2), waits(3)], [0, 2, 2]);
    assert_eq!(state.backordered, 4);
}

#[test]
fn no_more_than_so_many_wait_at_once() {
    let mut state = Stocks::fold(&[limit_set(1_000_000)]);
    for order in 1..=500 {
        let decided = for_order(&[&state], &of(order, 1, reserve()), None).unwrap();
        assert_eq!(decided[0].len(), 2, "{order}");
        state = decided[0].iter().fold(state, Stocks::evolve);
    }
    assert_eq!(state.reservable(), 0);
    let decided = for_order(&[&state], &of(501, 1, reserve()), None).unwrap();
    assert_eq!(decided[0][0].event_type(), "StockReservationRejected");
    // What comes in is for all of them at once.
    let events = Stocks::decide(&state, &receive(9, 1_000)).unwrap();
    assert_eq!(events.len(), 501);
    let state = events.iter().fold(state, Stocks::evolve);
    assert_eq!((state.backordered, state.free()), (0, 500));
}

#[test]
fn who_came_first_is_served_first() {
    let more = [waiting(), vec![reserved(3, 2), backordered(3, 2)]].concat();
    let state = given::<Stocks>(more.clone())
        .when(receive(2, 1))
        .then([received(2, 1), covered(2, 1, 1)]);
    assert_eq!((state.free(), state.backordered), (0, 3));
    given::<Stocks>(more.clone()).when(receive(2, 3)).then([
        received(2, 3),
        covered(2, 2, 0),
        covered(3, 1, 1),
    ]);
    let state = given::<Stocks>(more).when(receive(2, 9)).then([
        received(2, 9),
        covered(2, 2, 0),
        covered(3, 2, 0),
    ]);
    assert_eq!((state.free(), state.available()), (5, 5));
    assert!(state.waiting.is_empty());
}

#[test]
fn whatever_is_free_again_is_for_those_that_wait() {
    let release = of(1, 2, ReservationStep::Release(ReleaseReason::Cancelled));
    let (state, decided) = step(&waiting(), &release);
    assert_eq!(decided.unwrap()[1..], [covered(2, 2, 0)]);
    assert_eq!((state.reserved, state.backordered, state.free()), (3, 0, 0));
    let (_, decided) = step(&waiting(), &of(1, 1, ReservationStep::Reduce));
    assert_eq!(decided.unwrap()[1..], [covered(2, 1, 1)]);
    let counted = Stocks::decide(&Stocks::fold(&waiting()), &adjust(1, 1)).unwrap();
    assert_eq!(counted[1..], [covered(2, 1, 1)]);
    let restocked = StockRestocked {
        order_id: order_id(7),
        return_id: crate::ReturnId::new(uuid(9, 1)),
        location: main(),
        sku: sku("A"),
        quantity: 1,
    };
    let events = with_backorders(&Stocks::fold(&waiting()), vec![restocked.into()]);
    assert_eq!(events[1..], [covered(2, 1, 1)]);
}

#[test]
fn what_is_not_wanted_any_more_is_not_waited_for() {
    let release = of(2, 3, ReservationStep::Release(ReleaseReason::Rejected));
    let (state, decided) = step(&waiting(), &release);
    let decided = decided.unwrap();
    assert_eq!(decided[0], dropped(2, 2, 0));
    assert_eq!(decided[1].event_type(), "ReservationReleased");
    assert_eq!((decided.len(), state.backordered, state.free()), (2, 0, 1));
    let (state, decided) = step(&waiting(), &of(2, 2, ReservationStep::Reduce));
    assert_eq!(decided.unwrap()[0], dropped(2, 1, 1));
    assert_eq!((state.reserved, state.backordered, state.free()), (4, 1, 0));
    let (state, decided) = step(
        &waiting(),
        &of(2, 1, ReservationStep::Release(ReleaseReason::Expired)),
    );
    assert_eq!(decided.unwrap().len(), 2);
    assert_eq!((state.reserved, state.backordered, state.free()), (2, 0, 1));
}

#[test]
fn what_was_counted_short_is_waited_for_by_those_that_still_can() {
    // Order 2 has one of three and loses that first; order 1 is not paid yet.
    let state = given::<Stocks>(waiting())
        .when(adjust(1, -1))
        .then([adjusted(1, -1), backordered(2, 1)]);
    assert_eq!((state.on_hand, state.backordered, state.free()), (2, 3, 0));
    let state = given::<Stocks>(waiting()).when(adjust(1, -3)).then([
        adjusted(1, -3),
        backordered(2, 1),
        backordered(1, 2),
    ]);
    assert_eq!((state.on_hand, state.backordered, state.free()), (0, 5, 0));
    assert_eq!(state.waiting, [(order_id(2), 1), (order_id(1), 1)]);
    // What comes then is for who waited longest.
    let events = Stocks::decide(&state, &receive(2, 4)).unwrap();
    assert_eq!(events[1..], [covered(2, 3, 0), covered(1, 1, 1)]);
}

#[test]
fn a_piece_that_is_not_there_is_given_to_nobody() {
    let history = [waiting(), vec![adjusted(1, -1), backordered(2, 1)]].concat();
    let release = of(1, 2, ReservationStep::Release(ReleaseReason::Cancelled));
    let (state, decided) = step(&history, &release);
    assert_eq!(decided.unwrap()[1..], [covered(2, 2, 1)]);
    assert_eq!((state.on_hand, state.backordered, state.free()), (2, 1, 0));
}

#[test]
fn what_may_be_packed_is_not_counted_away() {
    let (state, _) = step(&waiting(), &of(1, 2, ReservationStep::Commit));
    let refused = |stock: &Stock, delta: i64, available| {
        let by = -delta;
        let error = Err(StockError::Promised { available, by });
        assert_eq!(Stocks::decide(stock, &adjust(1, delta)), error);
    };
    // Order 2 has one that it can wait for.
    assert_eq!(Stocks::decide(&state, &adjust(1, -1)).unwrap().len(), 2);
    refused(&state, -2, 1);
    // Nobody waits for more than may be promised.
    let lowered = [waiting(), vec![limit_set(2)]].concat();
    refused(&Stocks::fold(&lowered), -1, 0);
    let by_one = [waiting(), vec![limit_set(3)]].concat();
    refused(&Stocks::fold(&by_one), -2, 1);
}

#[test]
fn what_is_still_to_come_does_not_leave() {
    let (state, decided) = step(&waiting(), &of(2, 3, ReservationStep::Commit));
    assert!(decided.is_ok());
    assert_eq!((state.committed, state.backordered), (3, 2));
    let ship = of(2, 3, ReservationStep::Ship);
    let error = StockError::StillToCome { waiting: 2 };
    assert_eq!(for_order(&[&state], &ship, None), Err(error));
    let events = Stocks::decide(&state, &receive(2, 2)).unwrap();
    let state = events.iter().fold(state, Stocks::evolve);
    let shipped = for_order(&[&state], &ship, None).unwrap().concat();
    let state = shipped.iter().fold(state, Stocks::evolve);
    assert_eq!((state.on_hand, state.reserved, state.committed), (2, 2, 0));
}

fn give_up(order: u64) -> ReservationCommand {
    let mut command = of(order, 1, ReservationStep::GiveUp);
    command.items[0].lines = vec![];
    command
}

#[test]
fn what_has_not_come_in_time_is_told_once() {
    let (state, decided) = step(&waiting(), &give_up(2));
    let expired = BackorderExpired {
        order_id: order_id(2),
        epoch: 1,
        location: main(),
        sku: sku("A"),
        quantity: 2,
        part: 1,
        parts: 1,
    };
    assert_eq!(decided, Ok(vec![expired.into()]));
    assert_eq!((state.backordered, state.reserved), (2, 5), "it is kept");
    let nothing = |order| {
        let (_, decided) = step(&waiting(), &give_up(order));
        assert_eq!(decided, Ok(vec![]), "{order}");
    };
    nothing(1);
    nothing(3);
    let come = [waiting(), vec![received(2, 2), covered(2, 2, 0)]].concat();
    assert_eq!(step(&come, &give_up(2)).1, Ok(vec![]), "it has come");
}

#[test]
fn nobody_waits_by_a_limit_of_nothing() {
    let history = [received(1, 3)];
    let (state, decided) = step(&history, &of(1, 4, reserve()));
    assert_eq!(decided.unwrap()[0].event_type(), "StockReservationRejected");
    assert!(state.reservations.is_empty() && state.waiting.is_empty());
}
